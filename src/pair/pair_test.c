/* Who may act: the members of a pair with everything between them failing. */
#include "base/error.h"
#include "pair/pair_fixture.h"
#include "unit.h"
#include "wire/pack.h"

static struct fixture f;

static void begin_in_step(void)
{
    fixture_begin(&f, true);
    fixture_start(&f, 0);
    fixture_start(&f, 1);
    fixture_run(&f, 3000);
    assert_true(fixture_in_step(&f));
    f.work_interval = 10;
    fixture_run(&f, 200);
}

/* After everything is whole again: one primary, the other in step, and work goes out. */
static void expect_recovery(void)
{
    f.lie = NULL;
    if (f.work_interval == 0)
        f.work_interval = 10;
    fixture_link(&f, true, true);
    for (unsigned i = 0; i < 2; i++) {
        fixture_registry(&f, i, REGISTRY_UP);
        if (f.hosts[i].pair == NULL)
            fixture_start(&f, i);
        else
            fixture_resume(&f, i);
    }
    fixture_run(&f, 15000);
    if (!fixture_in_step(&f))
        fail_msg("no recovery: %s and %s", pair_machine.states[fixture_pair(&f, 0)->state].name,
            pair_machine.states[fixture_pair(&f, 1)->state].name);
    unsigned told = f.hosts[0].told + f.hosts[1].told;
    fixture_run(&f, 300);
    assert_true(f.hosts[0].told + f.hosts[1].told > told);
}

/* VC-20 */
static void two_members_become_a_pair(void **state)
{
    (void)state;
    begin_in_step();
    fixture_run(&f, 1000);
    unsigned primary = (unsigned)fixture_primary(&f);
    assert_true(f.hosts[primary].told >= 110);
    assert_int_equal(f.hosts[1 - primary].told, 0);
    assert_true(fixture_known(&f, 1 - primary) >= 110);
    assert_true(f.hosts[1 - primary].appended >= 110); /* events are in both spools */
    fixture_end(&f);
}

static void begin_at(int64_t now)
{
    fixture_begin(&f, true);
    f.now = now;
    wheel_init(&f.wheel, now);
    fixture_start(&f, 0);
    fixture_run(&f, 5000);
    assert_int_equal(fixture_primary(&f), 0);
}

/* VC-24, OPS-32: a pair whose registry is empty, for the first time or since it was lost, takes a view that
 * none had before; one whose record is there goes on from it. */
static void a_lost_registry_begins_no_view_anew(void **state)
{
    const int64_t year_2026 = 1767225600000000, second = 1000000;
    (void)state;
    begin_at(year_2026 + 19 * second);
    uint64_t view = fixture_pair(&f, 0)->view;
    assert_true(view >= 19);
    fixture_kill(&f, 0);
    fixture_run(&f, 5000);
    fixture_start(&f, 0);
    fixture_run(&f, 5000);
    assert_int_equal(fixture_pair(&f, 0)->view, view + 1);
    fixture_end(&f);
    begin_at(year_2026 + 39 * second);
    assert_true(fixture_pair(&f, 0)->view >= 39);
    fixture_end(&f);
}

static void a_lone_member_needs_nobody(void **state)
{
    (void)state;
    fixture_begin(&f, false);
    fixture_start(&f, 0);
    f.work_interval = 10;
    fixture_run(&f, 2000);
    assert_int_equal(fixture_primary(&f), 0);
    assert_true(f.hosts[0].told > 100);
    fixture_end(&f);
}

/* Both begin at any moment, the registry being away at first for one, both or none: in the end they are in
 * step. */
static void both_start_in_any_order(void **state)
{
    (void)state;
    for (int gap = 0; gap < 400; gap += 7)
        for (int away = 0; away < 4; away++) {
            fixture_begin(&f, true);
            for (unsigned i = 0; i < 2; i++)
                fixture_registry(&f, i, away >> i & 1 ? REGISTRY_DOWN : REGISTRY_UP);
            fixture_start(&f, gap % 2);
            fixture_run(&f, gap);
            fixture_start(&f, 1 - gap % 2);
            fixture_run(&f, 1500);
            expect_recovery();
            fixture_end(&f);
        }
}

/* VC-21: nothing that left the primary is missing at the survivor, and what was promised is said again. */
static void the_survivor_knows_all_that_was_said(void **state)
{
    (void)state;
    for (int phase = 0; phase < 12; phase++) {
        begin_in_step();
        fixture_run(&f, phase);
        unsigned primary = (unsigned)fixture_primary(&f);
        fixture_kill(&f, primary);
        fixture_run(&f, 1000);
        assert_int_equal(fixture_primary(&f), 1 - primary);
        for (unsigned i = 0; i < f.next_work; i++)
            if (f.told[i])
                assert_true(fixture_known(&f, 1 - primary) > i / 2);
        assert_true(f.hosts[1 - primary].told > 0);
        expect_recovery();
        fixture_end(&f);
    }
}

/* VC-21: the takeover after a kill does not wait for time-outs: the link's end says it. */
static void takes_over_at_once(void **state)
{
    (void)state;
    begin_in_step();
    unsigned primary = (unsigned)fixture_primary(&f);
    fixture_kill(&f, primary);
    fixture_run(&f, 10);
    assert_int_equal(fixture_primary(&f), 1 - primary);
    fixture_end(&f);
}

/* VC-24 */
static void a_late_joiner_gets_in_step(void **state)
{
    (void)state;
    fixture_begin(&f, true);
    fixture_start(&f, 0);
    fixture_run(&f, 5000);
    assert_int_equal(fixture_primary(&f), 0);
    f.work_interval = 1;
    fixture_run(&f, 3000); /* some steps of the walk */
    fixture_start(&f, 1);
    fixture_run(&f, 2000);
    assert_true(fixture_in_step(&f));
    f.work_interval = 0;
    fixture_run(&f, 50);
    assert_int_equal(fixture_known(&f, 0), f.next_work);
    assert_int_equal(fixture_known(&f, 1), f.next_work);
    fixture_end(&f);
}

/* A backup that does not know everything yet never takes over (hard-parts: output commit). */
static void a_member_that_is_not_in_step_takes_nothing(void **state)
{
    (void)state;
    for (int phase = 0; phase < 40; phase++) {
        fixture_begin(&f, true);
        fixture_start(&f, 0);
        fixture_run(&f, 3000);
        f.work_interval = 1;
        fixture_run(&f, 1000);
        fixture_start(&f, 1);
        fixture_run(&f, 100 + phase);
        fixture_link(&f, false, false);
        fixture_run(&f, 2000);
        expect_recovery();
        fixture_end(&f);
    }
}

enum { STOP_NONE, STOP_SHORT, STOP_LONG, STOP_FOR_EVER, STOP_COUNT };

static void run_matrix(int link, enum registry_mode first, enum registry_mode second, int stop, int phase)
{
    begin_in_step();
    unsigned primary = (unsigned)fixture_primary(&f);
    fixture_run(&f, phase * 3);
    f.state_may_be_lost = true;
    fixture_registry(&f, primary, first);
    fixture_registry(&f, 1 - primary, second);
    if (stop == STOP_FOR_EVER)
        fixture_kill(&f, primary);
    else if (stop != STOP_NONE)
        f.hosts[primary].stop_before_send = true;
    fixture_link(&f, (link & 1) != 0, (link & 2) != 0);
    fixture_run(&f, stop == STOP_LONG ? 8000 : 2000);
    if (stop == STOP_SHORT || stop == STOP_LONG)
        fixture_resume(&f, primary);
    fixture_run(&f, 6000);
    expect_recovery();
    fixture_end(&f);
}

/* VC-20, VC-21; test 3 of the hard parts: link × registry of either member × a stop between receipt and send.
 * In each case what leaves is known to the member that the record names (checked by the fixture), and all is
 * well in the end. */
static void takeover_matrix(void **state)
{
    (void)state;
    for (int link = 0; link < 4; link++)
        for (int first = 0; first < REGISTRY_MODES; first++)
            for (int second = 0; second < REGISTRY_MODES; second++)
                for (int stop = 0; stop < STOP_COUNT; stop++)
                    for (int phase = 0; phase < 2; phase++) {
                        print_message("link %d, registry %d and %d, stop %d, phase %d\n", link, first, second,
                            stop, phase);
                        run_matrix(link, (enum registry_mode)first, (enum registry_mode)second, stop, phase);
                    }
}

/* While the registry is away a linked pair goes on. */
static void a_linked_pair_needs_no_registry(void **state)
{
    (void)state;
    for (int mode = REGISTRY_DOWN; mode < REGISTRY_MODES; mode++) {
        begin_in_step();
        for (unsigned i = 0; i < 2; i++)
            fixture_registry(&f, i, (enum registry_mode)mode);
        unsigned told = f.hosts[fixture_primary(&f)].told;
        fixture_run(&f, 10000);
        assert_true(f.hosts[fixture_primary(&f)].told >= told + 990);
        expect_recovery();
        fixture_end(&f);
    }
}

/* One that has lost its link waits until the registry has said who is primary. */
static void without_link_and_registry_nothing_leaves(void **state)
{
    (void)state;
    for (int mode = REGISTRY_DOWN; mode <= REGISTRY_AWAY; mode++) {
        begin_in_step();
        unsigned primary = (unsigned)fixture_primary(&f);
        for (unsigned i = 0; i < 2; i++)
            fixture_registry(&f, i, (enum registry_mode)mode);
        fixture_link(&f, false, false);
        fixture_run(&f, 500);
        unsigned told = f.hosts[primary].told;
        fixture_run(&f, 5000);
        assert_int_equal(f.hosts[primary].told, told);
        assert_int_equal(f.hosts[1 - primary].told, 0);
        expect_recovery();
        fixture_end(&f);
    }
}

/* VC-24: a lone primary whose lease may have ended stops, and goes on when it is renewed. */
static void a_lost_lease_freezes(void **state)
{
    (void)state;
    for (int mode = REGISTRY_DOWN; mode < REGISTRY_MODES; mode++) {
        fixture_begin(&f, true);
        fixture_start(&f, 0);
        f.work_interval = 10;
        fixture_run(&f, 3000);
        assert_int_equal(fixture_pair(&f, 0)->state, PAIR_ST_ALONE);
        fixture_registry(&f, 0, (enum registry_mode)mode);
        fixture_run(&f, 2700);
        assert_int_equal(fixture_pair(&f, 0)->state, PAIR_ST_FROZEN);
        unsigned told = f.hosts[0].told;
        fixture_run(&f, 5000);
        assert_int_equal(f.hosts[0].told, told);
        fixture_registry(&f, 0, REGISTRY_UP);
        fixture_run(&f, 3000);
        assert_int_equal(fixture_pair(&f, 0)->state, PAIR_ST_ALONE);
        assert_true(f.hosts[0].told > told + 100);
        fixture_end(&f);
    }
}

/* Renewals are lost, questions are answered: what the record says is not enough to act on. */
static void drop_renewals(struct fixture *fixture, enum answer *answer, struct buffer *bytes)
{
    (void)fixture;
    if (bytes->length == 0) { /* the answer to a renewal says nothing but yes */
        *answer = ANSWER_UNKNOWN;
        buffer_clear(bytes);
    }
}

static void a_frozen_member_waits_for_its_lease_not_for_the_record(void **state)
{
    (void)state;
    fixture_begin(&f, true);
    fixture_start(&f, 0);
    f.work_interval = 10;
    fixture_run(&f, 3000);
    f.lie = drop_renewals;
    for (int i = 0; i < 8000; i++) {
        fixture_run(&f, 1);
        unsigned told = f.hosts[0].told;
        if (fixture_pair(&f, 0)->lease_until < f.now - 1000) {
            fixture_run(&f, 1);
            if (fixture_pair(&f, 0)->lease_until < f.now - 1000)
                assert_int_equal(f.hosts[0].told, told);
        }
    }
    f.lie = NULL;
    fixture_run(&f, 4000);
    assert_int_equal(fixture_pair(&f, 0)->state, PAIR_ST_ALONE);
    fixture_end(&f);
}

static void drop_grants(struct fixture *fixture, enum answer *answer, struct buffer *bytes)
{
    struct arena arena = {0};
    const Tandem__RegistryAnswer *a =
        pack_read(&tandem__registry_answer__descriptor, buffer_slice(bytes), &arena);
    (void)fixture;
    if (a != NULL && a->has_lease) {
        *answer = ANSWER_UNKNOWN;
        buffer_clear(bytes);
    }
    arena_free(&arena);
}

/* VC-24: one that nobody would miss, since it has no lease, does not become primary. */
static void without_a_lease_nobody_claims(void **state)
{
    (void)state;
    fixture_begin(&f, true);
    f.lie = drop_grants;
    fixture_start(&f, 0);
    fixture_run(&f, 5000);
    assert_null(fixture__key(&f, "pair/node-1"));
    f.lie = NULL;
    fixture_run(&f, 5000);
    assert_non_null(fixture__key(&f, "pair/node-1"));
    assert_int_equal(fixture_primary(&f), 0);
    fixture_end(&f);
}

/* ---- a lying registry (test 4) ---- */

static unsigned lies;

static void lie_truncate(struct fixture *fixture, enum answer *answer, struct buffer *bytes)
{
    (void)fixture;
    (void)answer;
    if (bytes->length > 1)
        bytes->length -= 1 + ++lies % (bytes->length - 1);
}

static void lie_empty(struct fixture *fixture, enum answer *answer, struct buffer *bytes)
{
    (void)fixture;
    (void)answer;
    buffer_clear(bytes);
}

static void lie_unknown(struct fixture *fixture, enum answer *answer, struct buffer *bytes)
{
    (void)fixture;
    (void)bytes;
    *answer = ANSWER_UNKNOWN;
}

static void lie_wrong_keys(struct fixture *fixture, enum answer *answer, struct buffer *bytes)
{
    struct slice text = buffer_slice(bytes);
    (void)fixture;
    (void)answer;
    for (ptrdiff_t at; (at = slice_find_slice(text, SLICE("pair/node-1"))) >= 0;
         text = slice_from(text, (size_t)at + 1))
        bytes->data[text.data - bytes->data + at + 10] = '7';
}

static void lie_damage(struct fixture *fixture, enum answer *answer, struct buffer *bytes)
{
    (void)fixture;
    (void)answer;
    lies++;
    if (bytes->length != 0)
        bytes->data[lies * 7 % bytes->length] ^= (char)(1 << lies % 7);
}

/* VC-20: whatever the registry says wrongly, in one view one member acts, and in the end all is well. */
static void a_lying_registry_moves_nobody(void **state)
{
    static void (*const kinds[])(struct fixture *, enum answer *, struct buffer *) = {
        lie_truncate, lie_empty, lie_unknown, lie_wrong_keys};
    (void)state;
    for (size_t i = 0; i < sizeof kinds / sizeof kinds[0]; i++)
        for (int link = 0; link < 4; link += 3) {
            print_message("lie %zu, link %d\n", i, link);
            begin_in_step();
            f.state_may_be_lost = true;
            f.lie = kinds[i];
            fixture_link(&f, (link & 1) != 0, (link & 2) != 0);
            fixture_run(&f, 6000);
            expect_recovery();
            fixture_end(&f);
        }
}

/* A fresh member beside a lone primary that lives: answers that lack something do not make it claim. */
static void a_cut_answer_is_no_death(void **state)
{
    (void)state;
    for (int kind = 0; kind < 3; kind++) {
        fixture_begin(&f, true);
        fixture_start(&f, 0);
        f.work_interval = 10;
        fixture_run(&f, 4000);
        fixture_link(&f, false, false);
        fixture_start(&f, 1);
        fixture_run(&f, 1000);
        uint64_t view = fixture_pair(&f, 0)->view;
        f.lie = kind == 0 ? lie_truncate : kind == 1 ? lie_empty : lie_wrong_keys;
        fixture_run(&f, 8000); /* the lease is renewed: that answer has nothing to cut */
        assert_int_equal(fixture_primary(&f), 0);
        assert_int_equal(fixture_pair(&f, 0)->view, view);
        f.lie = NULL;
        expect_recovery();
        fixture_end(&f);
    }
}

/* The first answer that names the record is given again and again. */
static struct buffer first_said;

static void lie_old(struct fixture *fixture, enum answer *answer, struct buffer *bytes)
{
    (void)fixture;
    (void)answer;
    if (slice_find_slice(buffer_slice(bytes), SLICE("pair/node-1")) < 0)
        return;
    if (first_said.length == 0)
        buffer_add(&first_said, buffer_slice(bytes));
    buffer_clear(bytes);
    buffer_add(bytes, buffer_slice(&first_said));
}

/* VC-20: an answer that was overtaken by news takes nobody back to what was. */
static void an_old_answer_takes_nobody_back(void **state)
{
    uint64_t seen[2] = {0, 0};
    unsigned later = 0;
    (void)state;
    begin_in_step();
    f.state_may_be_lost = true;
    f.lie = lie_old;
    for (int i = 0; i < 24000; i++) {
        if (i % 3000 == 0)
            fixture_link(&f, i % 6000 != 0, i % 6000 != 0);
        fixture_run(&f, 1);
        for (unsigned h = 0; h < 2; h++) {
            uint64_t revision = fixture_pair(&f, h)->revision;
            assert_true(revision >= seen[h]);
            later += revision > seen[h];
            seen[h] = revision;
        }
    }
    assert_true(later > 2); /* something was decided meanwhile */
    assert_true(first_said.length > 0);
    buffer_free(&first_said);
    expect_recovery();
    fixture_end(&f);
}

static void damaged_answers_do_no_harm(void **state)
{
    (void)state;
    begin_in_step();
    f.state_may_be_lost = true;
    f.lie = lie_damage;
    fixture_run(&f, 4000);
    expect_recovery();
    fixture_end(&f);
}

/* ---- stalled link (test 6), lost memory ---- */

/* CM-4: the link takes nothing for a while: what waits is bounded, new work is not read, and the order stays.
 */
static void a_stalled_link_pauses_work(void **state)
{
    (void)state;
    begin_in_step();
    unsigned primary = (unsigned)fixture_primary(&f);
    fixture_registry(&f, 0, REGISTRY_DOWN); /* nobody may go on alone */
    fixture_registry(&f, 1, REGISTRY_DOWN);
    struct input in = {.kind = INPUT_ACCEPTED, .flow = 999999, .token = 1};
    fixture_input(&f, primary, &in);
    f.work_interval = 1;
    fixture_link(&f, primary == 0, primary == 1); /* towards the primary only */
    uint64_t before = f.next_work;
    fixture_run(&f, 10000);
    assert_true(fixture_pair(&f, primary)->paused);
    assert_true(f.next_work - before < 1000);
    assert_true(f.most_held < PAIR_HELD_BYTES);
    in.flow = 999998; /* one that comes meanwhile is not read either */
    uint64_t paused = f.hosts[primary].paused;
    fixture_input(&f, primary, &in);
    assert_int_equal(f.hosts[primary].paused, paused + 1);
    expect_recovery();
    assert_int_equal(f.hosts[fixture_primary(&f)].paused, 0);
    fixture_end(&f);
}

/* Both die; whoever comes back first begins anew, once the other's lease has ended or it is there again. */
static void both_restart_with_lost_memory(void **state)
{
    (void)state;
    for (int first = 0; first < 2; first++)
        for (int gap = 0; gap < 5000; gap += 700) {
            begin_in_step();
            f.state_may_be_lost = true;
            fixture_kill(&f, 0);
            fixture_kill(&f, 1);
            fixture_run(&f, 50);
            fixture_start(&f, (unsigned)first);
            fixture_run(&f, gap);
            fixture_start(&f, 1 - (unsigned)first);
            fixture_run(&f, 5000);
            expect_recovery();
            fixture_end(&f);
        }
}

/* A stranger's bytes on the link end it; they move nothing else. */
static void rubbish_on_the_link_begins_it_anew(void **state)
{
    (void)state;
    begin_in_step();
    for (unsigned i = 0; i < 40; i++) {
        struct pair *p = fixture_pair(&f, i % 2);
        char bytes[64];
        for (size_t j = 0; j < sizeof bytes; j++)
            bytes[j] = (char)(i * 31 + j * 7);
        bytes[0] = bytes[1] = bytes[2] = 0;
        bytes[3] = 20;
        bytes[4] = (char)(1 + i % 5);
        struct input in = {
            .kind = INPUT_DATA, .flow = p->flow, .token = PAIR_TOKEN, .bytes = slice_of(bytes, sizeof bytes)};
        fixture_input(&f, i % 2, &in);
        fixture_run(&f, 400);
    }
    expect_recovery();
    fixture_end(&f);
}

/* CM-40: saving all and loading it elsewhere, between any two turns, changes nothing. */
static void a_reload_changes_nothing(void **state)
{
    (void)state;
    begin_in_step();
    for (int i = 0; i < 50; i++) {
        size_t known = fixture_known(&f, (unsigned)fixture_primary(&f));
        assert_int_equal(pair_reload(fixture_pair(&f, (unsigned)fixture_primary(&f))), 0);
        assert_int_equal(fixture_known(&f, (unsigned)fixture_primary(&f)), known);
        fixture_run(&f, 7);
    }
    assert_int_equal(pair_reload(fixture_pair(&f, 1 - (unsigned)fixture_primary(&f))), ERROR_MISSING);
    fixture_end(&f);
}

TESTS("pair", cmocka_unit_test(two_members_become_a_pair),
    cmocka_unit_test(a_lost_registry_begins_no_view_anew), cmocka_unit_test(a_lone_member_needs_nobody),
    cmocka_unit_test(both_start_in_any_order), cmocka_unit_test(the_survivor_knows_all_that_was_said),
    cmocka_unit_test(takes_over_at_once), cmocka_unit_test(a_late_joiner_gets_in_step),
    cmocka_unit_test(a_member_that_is_not_in_step_takes_nothing), cmocka_unit_test(takeover_matrix),
    cmocka_unit_test(a_linked_pair_needs_no_registry),
    cmocka_unit_test(without_link_and_registry_nothing_leaves), cmocka_unit_test(a_lost_lease_freezes),
    cmocka_unit_test(a_frozen_member_waits_for_its_lease_not_for_the_record),
    cmocka_unit_test(without_a_lease_nobody_claims), cmocka_unit_test(a_lying_registry_moves_nobody),
    cmocka_unit_test(a_cut_answer_is_no_death), cmocka_unit_test(an_old_answer_takes_nobody_back),
    cmocka_unit_test(damaged_answers_do_no_harm), cmocka_unit_test(a_stalled_link_pauses_work),
    cmocka_unit_test(both_restart_with_lost_memory), cmocka_unit_test(rubbish_on_the_link_begins_it_anew),
    cmocka_unit_test(a_reload_changes_nothing))
