/* Datagrams and streams, and what happens to them when hosts, processes and networks fail. */
#include "unit.h"

#include "base/error.h"
#include "world/sim/probe_fixture.h"

#define SECOND INT64_C(1000000)

static void listens(struct probe *p, const struct input *input)
{
    if (input == NULL) {
        world_listen(p->world, SLICE("tcp:10.0.1.1:7000"), 1);
        p->flow = world_listen(p->world, SLICE("udp:10.0.1.1:7000"), 2);
    }
}

static void send_number(struct probe *p)
{
    char text[16];
    int length = snprintf(text, sizeof text, "%06u ", (unsigned)p->number++);
    world_send(p->world, p->flow, slice_of(text, (size_t)length));
}

/* Connects, and sends a number each tick. */
static void sends(struct probe *p, const struct input *input)
{
    if (input == NULL || (input->kind == INPUT_CLOSED && p->error != ERROR_OVERLOADED))
        p->flow = world_open(p->world, SLICE("tcp:10.0.1.1:7000"), 1);
    if (input != NULL && input->kind == INPUT_TIMER)
        send_number(p);
}

static void sends_datagrams(struct probe *p, const struct input *input)
{
    struct address to = {.ip = {10, 0, 1, 1}, .port = 7000, .family = 4};
    if (input == NULL)
        p->flow = world_listen(p->world, SLICE("udp:0.0.0.0:0"), 1);
    else if (input->kind == INPUT_TIMER)
        world_send_to(p->world, p->flow, &to, SLICE("x"));
}

static void only_connects(struct probe *p, const struct input *input)
{
    if (input == NULL)
        p->flow = world_open(p->world, SLICE("tcp:10.0.1.1:7000"), 1);
}

static bool numbers_in_order(const struct buffer *text)
{
    char expected[16];
    for (size_t i = 0; i * 7 + 7 <= text->length; i++) {
        snprintf(expected, sizeof expected, "%06zu ", i);
        if (memcmp(text->data + i * 7, expected, 7) != 0)
            return false;
    }
    return true;
}

static void streams_keep_order_when_cut_and_delayed(void **state)
{
    (void)state;
    struct probe p[2] = {{.act = listens}, {.act = sends, .ticks = true}};
    struct probes s;
    probes_open(&s, p, 2, SIM_FAULT_ALL, false);
    sim_weather(s.sim, SIM_FAULT_SPLIT, sim_now(s.sim) + 10 * SECOND);
    sim_weather(s.sim, SIM_FAULT_DELAY, sim_now(s.sim) + 10 * SECOND);
    sim_run(s.sim, sim_now(s.sim) + 10 * SECOND);
    assert_true(p[0].text.length > 900 * 7);
    assert_true(numbers_in_order(&p[0].text));
    assert_true(p[0].counts[INPUT_DATA] > 1100);
    assert_true(sim_fault_count(s.sim, SIM_FAULT_SPLIT) > 100);
    assert_true(sim_fault_count(s.sim, SIM_FAULT_DELAY) > 50);
    probes_close(&s);
}

static void a_killed_process_resets_its_streams(void **state)
{
    (void)state;
    struct probe p[2] = {{.act = listens}, {.act = sends, .ticks = true}};
    struct probes s;
    probes_open(&s, p, 2, 0, false);
    sim_run(s.sim, sim_now(s.sim) + SECOND);
    assert_int_equal(p[1].counts[INPUT_OPENED], 1);
    p[1].act = NULL;
    sim_kill(s.sim, s.instances[0], false);
    sim_run(s.sim, sim_now(s.sim) + SECOND / 100);
    assert_int_equal(p[1].counts[INPUT_CLOSED], 1);
    assert_int_equal(p[1].error, ERROR_CLOSED);
    assert_int_equal(sim_fault_count(s.sim, SIM_FAULT_KILL), 1);
    probes_close(&s);
}

static void a_host_without_power_is_silent(void **state)
{
    (void)state;
    struct probe p[2] = {{.act = listens}, {.act = sends, .ticks = true}};
    struct probes s;
    probes_open(&s, p, 2, 0, false);
    sim_run(s.sim, sim_now(s.sim) + SECOND);
    sim_kill(s.sim, s.instances[0], true);
    sim_run(s.sim, sim_now(s.sim) + 15 * SECOND);
    assert_int_equal(p[1].counts[INPUT_CLOSED], 0);
    sim_run(s.sim, sim_now(s.sim) + 10 * SECOND);
    assert_int_equal(p[1].counts[INPUT_CLOSED], 1);
    assert_int_equal(p[1].error, ERROR_TIMEOUT);
    sim_restart(s.sim, s.instances[0]);
    sim_run(s.sim, sim_now(s.sim) + 10 * SECOND);
    assert_true(p[1].counts[INPUT_OPENED] >= 2);
    assert_int_equal(p[0].opened, 2);
    probes_close(&s);
}

static void a_restarted_host_resets_what_it_does_not_know(void **state)
{
    (void)state;
    struct probe p[2] = {{.act = listens}, {.act = sends, .ticks = true}};
    struct probes s;
    probes_open(&s, p, 2, 0, false);
    sim_run(s.sim, sim_now(s.sim) + SECOND);
    sim_kill(s.sim, s.instances[0], true);
    sim_run(s.sim, sim_now(s.sim) + 2 * SECOND);
    sim_restart(s.sim, s.instances[0]);
    sim_run(s.sim, sim_now(s.sim) + 2 * SECOND);
    assert_int_equal(p[1].counts[INPUT_CLOSED], 1);
    assert_int_equal(p[1].error, ERROR_CLOSED);
    assert_int_equal(p[1].counts[INPUT_OPENED], 2);
    probes_close(&s);
}

static void bytes_wait_for_the_end_of_a_partition(void **state)
{
    (void)state;
    struct probe p[2] = {{.act = listens}, {.act = sends, .ticks = true}};
    struct probes s;
    probes_open(&s, p, 2, 0, false);
    sim_run(s.sim, sim_now(s.sim) + SECOND);
    sim_cut(s.sim, 2, 1, true);
    sim_run(s.sim, sim_now(s.sim) + SECOND / 100);
    size_t before = p[0].text.length;
    sim_run(s.sim, sim_now(s.sim) + 10 * SECOND);
    assert_int_equal(p[0].text.length, before);
    sim_cut(s.sim, 2, 1, false);
    sim_run(s.sim, sim_now(s.sim) + SECOND);
    assert_true(p[0].text.length > before + 1000 * 7);
    assert_true(numbers_in_order(&p[0].text));
    sim_cut(s.sim, 2, 1, true);
    sim_run(s.sim, sim_now(s.sim) + 25 * SECOND);
    assert_int_equal(p[1].error, ERROR_TIMEOUT);
    assert_int_equal(p[0].counts[INPUT_CLOSED], 0); /* half open */
    probes_close(&s);
}

static void a_stalled_link_loses_nothing(void **state)
{
    (void)state;
    struct probe p[2] = {{.act = listens}, {.act = sends_datagrams, .ticks = true}};
    struct probes s;
    probes_open(&s, p, 2, 0, false);
    sim_run(s.sim, sim_now(s.sim) + SECOND);
    unsigned before = p[0].counts[INPUT_DATAGRAM];
    sim_stall(s.sim, 1, 2, sim_now(s.sim) + 5 * SECOND);
    sim_run(s.sim, sim_now(s.sim) + 4 * SECOND);
    assert_true(p[0].counts[INPUT_DATAGRAM] <= before + 1);
    sim_run(s.sim, sim_now(s.sim) + 2 * SECOND);
    assert_true(p[0].counts[INPUT_DATAGRAM] >= before + 590);
    probes_close(&s);
}

static void datagrams_get_lost_and_come_twice(void **state)
{
    (void)state;
    struct probe p[2] = {{.act = listens}, {.act = sends_datagrams, .ticks = true}};
    struct probes s;
    probes_open(&s, p, 2, 0, false);
    int64_t end = sim_now(s.sim) + 100 * SECOND;
    sim_weather(s.sim, SIM_FAULT_DROP, end);
    sim_weather(s.sim, SIM_FAULT_DUPLICATE, end);
    sim_run(s.sim, end);
    uint64_t dropped = sim_fault_count(s.sim, SIM_FAULT_DROP),
             twice = sim_fault_count(s.sim, SIM_FAULT_DUPLICATE);
    assert_true(dropped > 100 && twice > 100);
    int64_t expected = (int64_t)p[1].counts[INPUT_TIMER] - (int64_t)dropped + (int64_t)twice;
    assert_true(llabs((int64_t)p[0].counts[INPUT_DATAGRAM] - expected) <= 2); /* some are under way */
    probes_close(&s);
}

static void a_paused_process_gets_everything_at_once(void **state)
{
    (void)state;
    struct probe p[2] = {{.act = listens, .ticks = true}, {.act = sends, .ticks = true}};
    struct probes s;
    probes_open(&s, p, 2, 0, false);
    sim_run(s.sim, sim_now(s.sim) + SECOND);
    unsigned ticks = p[0].counts[INPUT_TIMER], data = p[0].counts[INPUT_DATA];
    int64_t end = sim_now(s.sim) + 3 * SECOND;
    sim_pause(s.sim, s.instances[0], end);
    sim_run(s.sim, end - 1);
    assert_int_equal(p[0].counts[INPUT_DATA], data);
    assert_int_equal(p[0].counts[INPUT_TIMER], ticks);
    sim_run(s.sim, end + 1000);
    assert_true(p[0].counts[INPUT_DATA] > data + 290);
    assert_true(p[0].last >= end); /* the clock jumped */
    assert_int_equal(p[0].counts[INPUT_TIMER], ticks + 1);
    assert_true(numbers_in_order(&p[0].text));
    probes_close(&s);
}

static void does_not_read(struct probe *p, const struct input *input)
{
    listens(p, input);
    if (input != NULL && input->kind == INPUT_ACCEPTED)
        world_read_pause(p->world, input->flow, true);
}

static void sends_much(struct probe *p, const struct input *input)
{
    static const char block[65536];
    sends(p, NULL == input                ? NULL
             : input->kind == INPUT_TIMER ? &(struct input){.kind = INPUT_AGAIN}
                                          : input);
    if (input != NULL && input->kind == INPUT_TIMER)
        world_send(p->world, p->flow, slice_of(block, sizeof block));
}

static void who_does_not_read_is_closed(void **state)
{
    (void)state;
    struct probe p[2] = {{.act = does_not_read}, {.act = sends_much, .ticks = true}};
    struct probes s;
    probes_open(&s, p, 2, 0, false);
    sim_run(s.sim, sim_now(s.sim) + 5 * SECOND);
    assert_int_equal(p[1].error, ERROR_OVERLOADED);
    assert_int_equal(p[0].text.length, 0);
    assert_true(sim_world(s.instances[1])->counters.values[COUNTER_FLOW_OVERFLOW] == 1);
    probes_close(&s);
}

static void connecting_to_nobody_fails(void **state)
{
    (void)state;
    struct probe p[2] = {{.act = NULL}, {.act = only_connects}};
    struct probes s;
    probes_open(&s, p, 2, 0, false);
    sim_run(s.sim, sim_now(s.sim) + SECOND);
    assert_int_equal(p[1].error, ERROR_UNREACHABLE);
    sim_kill(s.sim, s.instances[0], true);
    sim_restart(s.sim, s.instances[1]);
    sim_run(s.sim, sim_now(s.sim) + 10 * SECOND);
    assert_int_equal(p[1].error, ERROR_TIMEOUT);
    assert_int_equal(p[1].counts[INPUT_CLOSED], 2);
    probes_close(&s);
}

TESTS("world/sim/network", cmocka_unit_test(streams_keep_order_when_cut_and_delayed),
    cmocka_unit_test(a_killed_process_resets_its_streams), cmocka_unit_test(a_host_without_power_is_silent),
    cmocka_unit_test(a_restarted_host_resets_what_it_does_not_know),
    cmocka_unit_test(bytes_wait_for_the_end_of_a_partition), cmocka_unit_test(a_stalled_link_loses_nothing),
    cmocka_unit_test(datagrams_get_lost_and_come_twice),
    cmocka_unit_test(a_paused_process_gets_everything_at_once), cmocka_unit_test(who_does_not_read_is_closed),
    cmocka_unit_test(connecting_to_nobody_fails))
