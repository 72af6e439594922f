/* The simulated phones among themselves: they register, call, hold, hang up; and they notice what is wrong.
 */
#include "unit.h"

#include "exchange_fixture.h"
#include "sim/phone.h"
#include "world/sim/sim.h"

#define SECOND INT64_C(1000000)
#define PHONES 20

struct street {
    struct town town;
    struct phone_setup phones[PHONES];
    int64_t registered_since[PHONES];
    char dns[PHONES][8], secrets[PHONES][8];
    unsigned complaints;
    char last[200];
    struct sim *sim;
};

static void complain(void *argument, struct slice who, struct slice call_id, const char *text)
{
    struct street *s = argument;
    s->complaints++;
    snprintf(s->last, sizeof s->last, "%.*s %.*s: %s", SLICE_ARG(who), SLICE_ARG(call_id), text);
}

static void open_street(struct street *s, uint64_t seed, uint64_t calls, bool alters)
{
    struct sim_params params = {.seed = seed, .faults = SIM_FAULT_ALL & ~SIM_FAULT_BIT(SIM_FAULT_SKEW)};
    struct exchange_setup exchange = {
        .own = {.ip = {10, 0, 1, 1}, .port = 5060, .family = 4}, .alters_answers = alters};
    memset(s, 0, sizeof *s);
    assert_int_equal(sim_create(&s->sim, &params), 0);
    s->town = (struct town){.phones = s->phones,
        .count = PHONES,
        .locations = 1,
        .registered_since = s->registered_since,
        .proxies = {exchange.own},
        .proxy_count = 1,
        .calls_left = calls,
        .begin_at = sim_now(s->sim) + 5 * SECOND,
        .complain = complain,
        .argument = s};
    unsigned host = sim_host(s->sim, 0x0a000101, 1);
    sim_start(
        s->sim, &(struct sim_start){
                    .role = &exchange_role, .name = SLICE("exchange"), .host = host, .self = &exchange});
    for (uint32_t i = 0; i < PHONES; i++) {
        struct phone_setup *p = &s->phones[i];
        snprintf(s->dns[i], sizeof s->dns[i], "%u", 1001 + i);
        snprintf(s->secrets[i], sizeof s->secrets[i], "s%u", i);
        *p = (struct phone_setup){.town = &s->town,
            .index = i,
            .dn = slice_text(s->dns[i]),
            .secret = slice_text(s->secrets[i]),
            .own = {.ip = {10, 1, 0, (uint8_t)(i + 1)}, .port = 5060, .family = 4}};
        host = sim_host(s->sim, 0x0a010001 + i, 10);
        sim_start(s->sim, &(struct sim_start){.role = &phone_role, .name = p->dn, .host = host, .self = p});
    }
}

static void close_street(struct street *s)
{
    sim_free(s->sim);
    ledger_free(&s->town.ledger);
}

static bool quiet(const struct street *s)
{
    return s->town.calls_left == 0 && s->town.ledger.open == 0;
}

static void live(struct street *s, int64_t seconds)
{
    int64_t end = sim_now(s->sim) + seconds * SECOND;
    while (!quiet(s) && sim_step(s->sim, end))
        continue;
    sim_run(s->sim, sim_now(s->sim) + 200 * SECOND);
}

static size_t open_sides(const struct ledger *l)
{
    size_t open = 0;
    for (size_t i = 0; i < l->count; i++)
        open += l->calls[i].callee.phone != UINT32_MAX && l->calls[i].callee.state != LEDGER_ENDED;
    return open;
}

static void phones_call_each_other(void **state)
{
    (void)state;
    struct street s;
    open_street(&s, 1, 300, false);
    live(&s, 3000);
    const struct ledger *l = &s.town.ledger;
    assert_string_equal(s.last, "");
    assert_int_equal(s.town.registered, PHONES);
    assert_int_equal(l->count, 300);
    assert_int_equal(l->open, 0);
    assert_int_equal(open_sides(l), 0);
    assert_true(l->established > 60);
    assert_true(l->ends[LEDGER_HUNG_UP] > 20 && l->ends[LEDGER_CLEARED] > 20);
    assert_true(l->ends[LEDGER_CANCELLED] > 5 && l->ends[LEDGER_REFUSED] > 5);
    assert_int_equal(l->ends[LEDGER_TIMED_OUT], 0);
    close_street(&s);
}

static void calls_end_at_both_ends_in_bad_weather(void **state)
{
    (void)state;
    struct street s;
    open_street(&s, 2, 300, false);
    int64_t end = sim_now(s.sim) + 3000 * SECOND;
    sim_weather(s.sim, SIM_FAULT_DROP, end);
    sim_weather(s.sim, SIM_FAULT_DUPLICATE, end);
    sim_weather(s.sim, SIM_FAULT_REORDER, end);
    sim_weather(s.sim, SIM_FAULT_DELAY, end);
    live(&s, 3000);
    assert_string_equal(s.last, "");
    assert_int_equal(s.town.ledger.open, 0);
    assert_int_equal(open_sides(&s.town.ledger), 0);
    assert_true(s.town.ledger.established > 50);
    for (int f = 0; f < SIM_FAULTS; f++)
        if (f == SIM_FAULT_DROP || f == SIM_FAULT_DUPLICATE || f == SIM_FAULT_REORDER || f == SIM_FAULT_DELAY)
            assert_true(sim_fault_count(s.sim, (enum sim_fault)f) > 10);
    close_street(&s);
}

/* Planted: an answer that comes again is not the same answer. */
static void a_phone_notices_an_altered_answer(void **state)
{
    (void)state;
    struct street s;
    open_street(&s, 3, 200, true);
    sim_weather(s.sim, SIM_FAULT_DROP, sim_now(s.sim) + 3000 * SECOND);
    live(&s, 3000);
    assert_true(s.complaints > 0);
    assert_non_null(strstr(s.last, "two different messages"));
    close_street(&s);
}

TESTS("sim/phone", cmocka_unit_test(phones_call_each_other),
    cmocka_unit_test(calls_end_at_both_ends_in_bad_weather),
    cmocka_unit_test(a_phone_notices_an_altered_answer))
