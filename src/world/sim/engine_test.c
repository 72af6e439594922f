/* Engines behind the failing shim: exactly one answer to each question, and nothing that is not known is told
 * as known. */
#include "unit.h"

#include "base/error.h"
#include "wire/engine.pb-c.h"
#include "wire/pack.h"
#include "world/sim/probe_fixture.h"

#define SECOND INT64_C(1000000)

static void ask_registry(struct probe *p, const char *key, uint64_t expected)
{
    struct buffer bytes = {.data = NULL};
    Tandem__RegistryRequest request = TANDEM__REGISTRY_REQUEST__INIT;
    Tandem__RegistrySet set = TANDEM__REGISTRY_SET__INIT;
    set.key = (char *)(uintptr_t)key;
    set.expected_revision = expected;
    set.has_value = true;
    set.value = pack_bytes(SLICE("value"));
    request.set = &set;
    pack_add(&bytes, &request.base);
    world_ask(p->world, SERVICE_REGISTRY, buffer_slice(&bytes), OBJECT(1, 1), ++p->number,
        world_now(p->world) + SECOND);
    buffer_free(&bytes);
}

/* A key of its own for each question. */
static void asks(struct probe *p, const struct input *input)
{
    char key[32];
    snprintf(key, sizeof key, "key/%06u", (unsigned)p->number);
    if (input != NULL && input->kind == INPUT_TIMER)
        ask_registry(p, key, 0);
}

static size_t keys_in_registry(struct sim *s)
{
    struct buffer bytes = {.data = NULL}, answer = {.data = NULL};
    struct arena arena = {0};
    Tandem__RegistryRequest request = TANDEM__REGISTRY_REQUEST__INIT;
    Tandem__RegistryRange range = TANDEM__REGISTRY_RANGE__INIT;
    range.prefix = (char *)(uintptr_t) "key/";
    request.range = &range;
    pack_add(&bytes, &request.base);
    assert_int_equal(sim_ask(s, &answer, SERVICE_REGISTRY, NULL, buffer_slice(&bytes)), ANSWER_YES);
    const Tandem__RegistryAnswer *a =
        pack_read(&tandem__registry_answer__descriptor, buffer_slice(&answer), &arena);
    size_t count = a != NULL ? a->n_entries : 0;
    arena_free(&arena);
    buffer_free(&bytes);
    buffer_free(&answer);
    return count;
}

static void each_question_has_one_answer(void **state)
{
    (void)state;
    struct probe p[1] = {{.act = asks, .ticks = true}};
    struct probes s;
    probes_open(&s, p, 1, 0, false);
    sim_run(s.sim, sim_now(s.sim) + 5 * SECOND);
    assert_int_equal(p[0].answers[ANSWER_UNKNOWN], 0);
    assert_true(p[0].answers[ANSWER_YES] > 490);
    sim_weather(s.sim, SIM_FAULT_REGISTRY_UNKNOWN, sim_now(s.sim) + 20 * SECOND);
    sim_weather(s.sim, SIM_FAULT_REGISTRY_SLOW, sim_now(s.sim) + 20 * SECOND);
    sim_run(s.sim, sim_now(s.sim) + 20 * SECOND);
    p[0].act = NULL;
    sim_run(s.sim, sim_now(s.sim) + 5 * SECOND);
    assert_int_equal(p[0].counts[INPUT_ANSWER], p[0].number);
    assert_true(p[0].answers[ANSWER_UNKNOWN] > 200);
    /* unknown: some were done, some were not */
    size_t done = keys_in_registry(s.sim);
    assert_true(done > p[0].answers[ANSWER_YES] + 50);
    assert_true(done < p[0].number - 50);
    probes_close(&s);
}

static void who_is_cut_off_gets_unknown(void **state)
{
    (void)state;
    struct probe p[1] = {{.act = asks, .ticks = true}};
    struct probes s;
    probes_open(&s, p, 1, 0, false);
    sim_cut(s.sim, 1, 0, true);
    sim_run(s.sim, sim_now(s.sim) + 3 * SECOND);
    assert_int_equal(p[0].answers[ANSWER_YES], 0);
    assert_true(p[0].answers[ANSWER_UNKNOWN] > 150);
    assert_int_equal(keys_in_registry(s.sim), 0);
    probes_close(&s);
}

/* ---- watch ---- */

static void watches(struct probe *p, const struct input *input)
{
    if (input == NULL)
        world_watch(p->world, SLICE("key/"), 1);
    else if (input->kind == INPUT_WATCH && input->revision > p->number)
        p->number = input->revision;
    else if (input->kind == INPUT_WATCH)
        p->error = 1; /* out of order */
}

static void a_silent_watch_tells_everything_later_in_order(void **state)
{
    (void)state;
    struct probe p[2] = {{.act = asks, .ticks = true}, {.act = watches}};
    struct probes s;
    probes_open(&s, p, 2, 0, false);
    sim_weather(s.sim, SIM_FAULT_WATCH_SILENT, sim_now(s.sim) + 5 * SECOND);
    sim_run(s.sim, sim_now(s.sim) + 3 * SECOND);
    assert_true(p[1].counts[INPUT_WATCH] < 100);
    sim_cut(s.sim, 0, 2, true);
    sim_run(s.sim, sim_now(s.sim) + 10 * SECOND);
    p[0].act = NULL;
    unsigned before = p[1].counts[INPUT_WATCH];
    sim_run(s.sim, sim_now(s.sim) + 10 * SECOND);
    assert_int_equal(p[1].counts[INPUT_WATCH], before);
    sim_cut(s.sim, 0, 2, false);
    sim_run(s.sim, sim_now(s.sim) + 10 * SECOND);
    assert_int_equal(p[1].counts[INPUT_WATCH], p[0].number);
    assert_int_equal(p[1].error, 0);
    assert_true(sim_fault_count(s.sim, SIM_FAULT_WATCH_SILENT) > 0);
    probes_close(&s);
}

/* ---- bus ---- */

static void publishes(struct probe *p, const struct input *input)
{
    char text[16];
    if (input == NULL || input->kind != INPUT_TIMER)
        return;
    int length = snprintf(text, sizeof text, "%06u ", (unsigned)p->number++);
    world_publish(p->world, SLICE("a.b"), slice_of(text, (size_t)length));
}

static void hears(struct probe *p, const struct input *input)
{
    uint64_t number;
    if (input == NULL)
        world_subscribe(p->world, SLICE("a.*"), 1);
    else if (input->kind == INPUT_BUS && slice_to_u64(&number, slice_first(input->bytes, 6), 999999) == 0) {
        p->error |= p->counts[INPUT_BUS] > 1 && number <= p->number;
        p->number = number;
    }
}

static void the_bus_loses_but_keeps_order(void **state)
{
    (void)state;
    struct probe p[2] = {{.act = publishes, .ticks = true}, {.act = hears}};
    struct probes s;
    probes_open(&s, p, 2, 0, false);
    sim_run(s.sim, sim_now(s.sim) + 5 * SECOND);
    assert_true(p[1].counts[INPUT_BUS] >= p[0].number - 1);
    sim_weather(s.sim, SIM_FAULT_BUS_LOSS, sim_now(s.sim) + 20 * SECOND);
    sim_run(s.sim, sim_now(s.sim) + 25 * SECOND);
    assert_int_equal(p[1].error, 0);
    assert_true(p[1].counts[INPUT_BUS] < p[0].number - 50);
    assert_true(p[1].counts[INPUT_BUS] > p[0].number / 2);
    sim_cut(s.sim, 1, 2, true);
    sim_run(s.sim, sim_now(s.sim) + SECOND);
    unsigned before = p[1].counts[INPUT_BUS];
    sim_run(s.sim, sim_now(s.sim) + SECOND);
    assert_int_equal(p[1].counts[INPUT_BUS], before);
    probes_close(&s);
}

/* ---- spool ---- */

static void appends(struct probe *p, const struct input *input)
{
    if (input != NULL && input->kind == INPUT_TIMER) {
        p->number++;
        world_append(p->world, SLICE("stream"), p->number, SLICE("record"));
    }
}

static uint64_t last_in_spool(struct sim *s, struct sim_instance *i)
{
    struct buffer bytes = {.data = NULL}, answer = {.data = NULL};
    struct arena arena = {0};
    Tandem__SpoolRequest request = TANDEM__SPOOL_REQUEST__INIT;
    request.stream = (char *)(uintptr_t) "stream";
    pack_add(&bytes, &request.base);
    assert_int_equal(sim_ask(s, &answer, SERVICE_SPOOL, i, buffer_slice(&bytes)), ANSWER_YES);
    const Tandem__SpoolAnswer *a =
        pack_read(&tandem__spool_answer__descriptor, buffer_slice(&answer), &arena);
    uint64_t last = a != NULL ? a->last : 0;
    arena_free(&arena);
    buffer_free(&bytes);
    buffer_free(&answer);
    return last;
}

static void a_full_disk_takes_everything_once_it_has_room(void **state)
{
    (void)state;
    struct probe p[1] = {{.act = appends, .ticks = true}};
    struct probes s;
    probes_open(&s, p, 1, 0, false);
    sim_run(s.sim, sim_now(s.sim) + SECOND);
    assert_int_equal(last_in_spool(s.sim, s.instances[0]), p[0].number);
    unit_expect_error("No space left on device");
    sim_disk_full(s.sim, s.instances[0], sim_now(s.sim) + 3 * SECOND);
    sim_run(s.sim, sim_now(s.sim) + 2 * SECOND);
    assert_true(last_in_spool(s.sim, s.instances[0]) < p[0].number - 150);
    assert_true(sim_fault_count(s.sim, SIM_FAULT_DISK_FULL) > 0);
    sim_run(s.sim, sim_now(s.sim) + 2 * SECOND);
    p[0].act = NULL;
    sim_run(s.sim, sim_now(s.sim) + SECOND);
    assert_int_equal(last_in_spool(s.sim, s.instances[0]), p[0].number);
    probes_close(&s);
}

static void power_takes_only_what_was_not_synced(void **state)
{
    (void)state;
    struct probe p[1] = {{.act = appends, .ticks = true}};
    struct probes s;
    probes_open(&s, p, 1, 0, false);
    sim_run(s.sim, sim_now(s.sim) + SECOND);
    sim_kill(s.sim, s.instances[0], false);
    assert_int_equal(last_in_spool(s.sim, s.instances[0]), p[0].number);
    sim_restart(s.sim, s.instances[0]);
    sim_run(s.sim, sim_now(s.sim) + SECOND);
    sim_kill(s.sim, s.instances[0], true);
    assert_true(last_in_spool(s.sim, s.instances[0]) >= p[0].number - 2);
    probes_close(&s);
}

/* ---- the plan ---- */

static void does_everything(struct probe *p, const struct input *input)
{
    asks(p, input);
    struct address to = {.ip = {10, 0, 1, 1}, .port = 7000, .family = 4};
    if (input == NULL) {
        world_watch(p->world, SLICE("key/"), 1);
        world_subscribe(p->world, SLICE("a.b"), 2);
        world_listen(p->world, SLICE("local:here"), 3);
        p->flow = world_open(p->world, SLICE("local:here"), 4);
        p->socket = world_listen(p->world, SLICE("udp:0.0.0.0:7000"), 5);
    } else if (input->kind == INPUT_TIMER) {
        struct buffer bytes = {.data = NULL};
        Tandem__StoreRequest request = TANDEM__STORE_REQUEST__INIT;
        pack_add(&bytes, &request.base);
        world_publish(p->world, SLICE("a.b"), SLICE("hello"));
        world_send_to(p->world, p->socket, &to, SLICE("datagram"));
        world_send(p->world, p->flow, SLICE("stream"));
        char stream[16]; /* a new one for each life: what it had in its hands died with it */
        int length = snprintf(stream, sizeof stream, "s%u", p->opened);
        world_append(p->world, slice_of(stream, (size_t)length), ++p->appended, SLICE("record"));
        world_ask(p->world, SERVICE_STORE, buffer_slice(&bytes), OBJECT(1, 1), ++p->number,
            world_now(p->world) + SECOND);
        buffer_free(&bytes);
    }
}

/* Clocks differ from the beginning, and there is no carrier here that could be struck. */
static bool is_not_here(int fault)
{
    return fault == SIM_FAULT_SKEW || fault == SIM_FAULT_CARRIER_BUSY || fault == SIM_FAULT_CARRIER_SLOW ||
           fault == SIM_FAULT_CARRIER_SILENT;
}

static void the_plan_makes_every_fault_happen(void **state)
{
    (void)state;
    struct probe p[4];
    struct probes s;
    for (size_t i = 0; i < 4; i++)
        p[i] = (struct probe){.act = does_everything, .ticks = true};
    unit_expect_error("No space left on device");
    probes_open(&s, p, 4, SIM_FAULT_ALL, true);
    sim_plan(s.sim, sim_now(s.sim) + 1200 * SECOND);
    enum { NONE = SIM_FAULTS };
    int missing = 0;
    for (int minute = 0; minute < 22 && missing != NONE; minute++) {
        sim_run(s.sim, sim_now(s.sim) + 60 * SECOND);
        missing = NONE;
        for (int f = 0; f < SIM_FAULTS; f++)
            if (sim_fault_count(s.sim, (enum sim_fault)f) == 0 && !is_not_here(f))
                missing = f;
    }
    if (missing != NONE)
        fail_msg("%s never happened", sim_fault_name((enum sim_fault)missing));
    probes_close(&s);
}

static void fault_lists_are_parsed(void **state)
{
    (void)state;
    uint32_t bits;
    assert_int_equal(sim_fault_parse(&bits, SLICE("kill,drop")), 0);
    assert_int_equal(bits, SIM_FAULT_BIT(SIM_FAULT_KILL) | SIM_FAULT_BIT(SIM_FAULT_DROP));
    assert_int_equal(sim_fault_parse(&bits, SLICE("all")), 0);
    assert_int_equal(bits, SIM_FAULT_ALL);
    assert_int_equal(sim_fault_parse(&bits, SLICE("none")), 0);
    assert_int_equal(bits, 0);
    assert_int_equal(sim_fault_parse(&bits, SLICE("kill,earthquake")), ERROR_RANGE);
}

TESTS("world/sim/engine", cmocka_unit_test(each_question_has_one_answer),
    cmocka_unit_test(who_is_cut_off_gets_unknown),
    cmocka_unit_test(a_silent_watch_tells_everything_later_in_order),
    cmocka_unit_test(the_bus_loses_but_keeps_order),
    cmocka_unit_test(a_full_disk_takes_everything_once_it_has_room),
    cmocka_unit_test(power_takes_only_what_was_not_synced),
    cmocka_unit_test(the_plan_makes_every_fault_happen), cmocka_unit_test(fault_lists_are_parsed))
