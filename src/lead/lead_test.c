#include "lead/lead_fixture.h"

#include "base/error.h"

#include "unit.h"

#define SECOND INT64_C(1000000)

static void one_leads_and_another_follows_when_it_dies(void **state)
{
    (void)state;
    struct parliament p;
    parliament_open(&p, 1, 0);
    parliament_run(&p, SECOND / 10);
    struct member *first = parliament_leader(&p);
    assert_non_null(first);
    uint64_t number = p.number;
    parliament_run(&p, 60 * SECOND);
    assert_ptr_equal(parliament_leader(&p), first);
    assert_int_equal(p.elections, 1); /* calm */
    for (size_t i = 0; i < PARLIAMENT; i++)
        assert_true(slice_equal(lead_leader(&p.members[i].lead), sim_name(first->instance)));
    sim_kill(p.sim, first->instance, false);
    parliament_run(&p, 4 * SECOND);
    assert_non_null(parliament_leader(&p));
    assert_ptr_not_equal(parliament_leader(&p), first);
    assert_true(p.number > number);
    sim_restart(p.sim, first->instance);
    parliament_run(&p, 10 * SECOND);
    assert_int_equal(p.elections, 2); /* who comes back waits */
    parliament_close(&p);
}

static void who_resigns_makes_room_at_once(void **state)
{
    (void)state;
    struct parliament p;
    parliament_open(&p, 2, 0);
    parliament_run(&p, SECOND);
    struct member *first = parliament_leader(&p);
    first->resigns = true;
    parliament_run(&p, SECOND + SECOND / 10); /* its next input is a renewal */
    assert_ptr_not_equal(parliament_leader(&p), first);
    assert_int_equal(p.elections, 2);
    parliament_run(&p, 10 * SECOND);
    assert_int_equal(first->elections, 1); /* for good */
    assert_int_equal(p.elections, 2);
    parliament_close(&p);
}

/* A process that stood still finds out before it sees anything else that it leads no longer. */
static void a_leader_that_stood_still_has_lapsed(void **state)
{
    (void)state;
    struct parliament p;
    parliament_open(&p, 3, 0);
    parliament_run(&p, SECOND);
    struct member *first = parliament_leader(&p);
    sim_pause(p.sim, first->instance, sim_now(p.sim) + 20 * SECOND);
    parliament_run(&p, 5 * SECOND);
    assert_ptr_not_equal(parliament_leader(&p), first);
    assert_int_equal(p.turnovers, 1);
    parliament_run(&p, 20 * SECOND); /* it wakes up; the checks of each turn say the rest */
    assert_int_equal(p.turnovers, 1);
    assert_false(lead_is(&first->lead));
    assert_int_equal(lead_number(&first->lead), 0);
    parliament_close(&p);
}

static void a_short_absence_of_the_registry_changes_nothing(void **state)
{
    (void)state;
    struct parliament p;
    parliament_open(&p, 4, 0);
    parliament_run(&p, SECOND);
    struct member *first = parliament_leader(&p);
    unsigned site = (unsigned)(first - p.members) + 1;
    sim_cut(p.sim, site, 0, true);
    parliament_run(&p, SECOND);
    sim_cut(p.sim, site, 0, false);
    parliament_run(&p, 10 * SECOND);
    assert_int_equal(p.elections, 1);
    /* Longer than its own deadline, shorter than the lease: the same number again, nobody between. */
    sim_cut(p.sim, 0, site, true);
    parliament_run(&p, 60 * SECOND);
    sim_cut(p.sim, 0, site, false);
    parliament_run(&p, 5 * SECOND);
    assert_non_null(parliament_leader(&p));
    parliament_close(&p);
}

static void a_registry_that_comes_back_has_a_leader_soon(void **state)
{
    (void)state;
    struct parliament p;
    parliament_open(&p, 5, 0);
    parliament_run(&p, SECOND);
    for (unsigned site = 1; site <= PARLIAMENT; site++)
        sim_cut(p.sim, site, 0, true);
    parliament_run(&p, 10 * SECOND);
    assert_null(parliament_leader(&p));
    for (unsigned site = 1; site <= PARLIAMENT; site++)
        sim_cut(p.sim, site, 0, false);
    parliament_run(&p, 3 * SECOND);
    assert_non_null(parliament_leader(&p));
    parliament_close(&p);
}

/* Registry that lies or is slow, kills, pauses, partitions, clocks that differ: the fixture checks after each
 * turn that two never lead and that numbers grow. */
static void two_never_lead_whatever_fails(void **state)
{
    (void)state;
    unsigned turnovers = 0;
    for (uint64_t seed = 1; seed <= 60; seed++) {
        struct parliament p;
        parliament_open(&p, seed, SIM_FAULT_ALL);
        sim_plan(p.sim, sim_now(p.sim) + 300 * SECOND);
        parliament_run(&p, 330 * SECOND);
        assert_non_null(parliament_leader(&p));
        turnovers += p.turnovers;
        parliament_close(&p);
    }
    assert_true(turnovers > 50); /* it was worth looking */
}

/* A leader whose clock is 10 % slow and a registry whose clock is 10 % fast: counted from the same moment the
 * leader still stops first. */
static void clocks_may_differ_in_pace(void **state)
{
    (void)state;
    assert_true(timer_duration(TIMER_LEAD_LEASE_OWN) * 10 / 9 < timer_duration(TIMER_LEAD_LEASE) * 10 / 11);
    assert_true(timer_duration(TIMER_LEAD_RENEW) * 2 < timer_duration(TIMER_LEAD_LEASE_OWN));
}

/* What a registry says that is cut short, or of somebody else, makes nobody a leader. */
static void what_is_not_whole_is_unknown(void **state)
{
    (void)state;
    static const struct {
        uint8_t in;
        enum answer answer;
        int error;
        const char *bytes;
        uint8_t out;
    } cases[] = {
        {LEAD_ST_READING, ANSWER_YES, 0, "", LEAD_ST_WAITING}, /* a range without revision */
        {LEAD_ST_READING, ANSWER_YES, 0, "\x10\x05", LEAD_ST_GRANTING},
        {LEAD_ST_READING, ANSWER_YES, 0, "\x10", LEAD_ST_WAITING}, /* no message */
        {LEAD_ST_READING, ANSWER_YES, 0, "\x0a\x07\x0a\x01k\x12\x00\x18\x05", LEAD_ST_WAITING},
        {LEAD_ST_GRANTING, ANSWER_YES, 0, "\x10\x05", LEAD_ST_WAITING}, /* no lease */
        {LEAD_ST_GRANTING, ANSWER_YES, 0, "\x18\x05", LEAD_ST_CLAIMING},
        {LEAD_ST_CLAIMING, ANSWER_YES, 0, "", LEAD_ST_READING},
        {LEAD_ST_CLAIMING, ANSWER_NO, ERROR_CONFLICT, "", LEAD_ST_READING},
        {LEAD_ST_CLAIMING, ANSWER_NO, ERROR_UNREACHABLE, "", LEAD_ST_READING},
        {LEAD_ST_CLAIMING, ANSWER_UNKNOWN, 0, "\x10\x05", LEAD_ST_READING},
        {LEAD_ST_LEADING, ANSWER_UNKNOWN, 0, "", LEAD_ST_LEADING},
        {LEAD_ST_LEADING, ANSWER_NO, ERROR_UNREACHABLE, "", LEAD_ST_LEADING},
        {LEAD_ST_LEADING, ANSWER_NO, ERROR_MISSING, "", LEAD_ST_WAITING},
        {LEAD_ST_REGAINING, ANSWER_NO, ERROR_MISSING, "", LEAD_ST_WAITING},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct parliament p;
        parliament_open(&p, 6, 0);
        struct lead *l = &p.members[0].lead;
        l->state = cases[i].in;
        l->asked = l->questions;
        l->changed = NULL;
        l->until = INT64_MAX;
        world_turn_begin(l->world, sim_now(p.sim) + 1);
        assert_true(lead_input(l, &(struct input){.kind = INPUT_ANSWER,
                                      .object = OBJECT(7, 0),
                                      .token = l->asked,
                                      .answer = cases[i].answer,
                                      .error = cases[i].error,
                                      .bytes = slice_text(cases[i].bytes)}));
        world_turn_end(l->world);
        world_turn_clear(l->world);
        assert_int_equal(l->state, cases[i].out);
        parliament_close(&p);
    }
}

TESTS("lead", cmocka_unit_test(one_leads_and_another_follows_when_it_dies),
    cmocka_unit_test(who_resigns_makes_room_at_once), cmocka_unit_test(a_leader_that_stood_still_has_lapsed),
    cmocka_unit_test(a_short_absence_of_the_registry_changes_nothing),
    cmocka_unit_test(a_registry_that_comes_back_has_a_leader_soon),
    cmocka_unit_test(two_never_lead_whatever_fails), cmocka_unit_test(clocks_may_differ_in_pace),
    cmocka_unit_test(what_is_not_whole_is_unknown))
