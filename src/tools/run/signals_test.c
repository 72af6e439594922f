#include "tools/run/signals.h"

#include <signal.h>
#include <unistd.h>

#include "base/error.h"
#include "world/real/real_fixture.h"

static sigset_t before;

static int setup(void **state)
{
    (void)state;
    pthread_sigmask(SIG_BLOCK, NULL, &before);
    signals_block();
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    return pthread_sigmask(SIG_SETMASK, &before, NULL);
}

static void never_answers(
    void *self, struct real_loop *l, uint64_t handle, struct slice request, int64_t deadline)
{
    (void)self, (void)l, (void)handle, (void)request, (void)deadline;
}

static void begin_and_signal(struct signals **s, struct real_loop *l, int number, int64_t longest)
{
    assert_int_equal(signals_begin(s, &(struct signals_params){.loop = l, .longest = longest}), 0);
    assert_int_equal(kill(getpid(), number), 0);
}

/* OPS-20: a stop ends in good order. */
static void a_signal_drains_and_then_stops(void **state)
{
    (void)state;
    struct real_loop *l = fixture_loop(NULL);
    struct signals *s = NULL;
    struct probe p = {.echo = false};
    probe_open(&p, l, "one");
    begin_and_signal(&s, l, SIGTERM, 0);
    real_run(l);
    assert_int_equal(p.counts[INPUT_DRAIN], 1);
    signals_end(s);
    real_close(l);
    probe_free(&p);
}

static void again_h(struct probe *p, const struct input *input)
{
    (void)p;
    if (input->kind == INPUT_DRAIN)
        kill(getpid(), SIGINT);
}

static void a_second_signal_does_not_wait_for_open_work(void **state)
{
    (void)state;
    struct real_loop *l = fixture_loop(NULL);
    struct signals *s = NULL;
    struct probe p = {.input_h = again_h};
    probe_open(&p, l, "one");
    real_set_service(l, SERVICE_STORE, (struct real_service){.ask = never_answers});
    world_turn_begin(p.world, real_now(l));
    world_ask(p.world, SERVICE_STORE, SLICE("?"), OBJECT(1, 1), 1, world_now(p.world) + 600000000);
    world_turn_end(p.world);
    assert_false(real_settled(l));
    begin_and_signal(&s, l, SIGINT, 0);
    int64_t began = real_now(l);
    real_run(l);
    assert_true(real_now(l) - began < timer_duration(TIMER_DRAIN));
    signals_end(s);
    real_close(l);
    probe_free(&p);
}

static void open_work_is_not_waited_for_for_ever(void **state)
{
    (void)state;
    struct real_loop *l = fixture_loop(NULL);
    struct signals *s = NULL;
    struct probe p = {.echo = false};
    probe_open(&p, l, "one");
    real_set_service(l, SERVICE_STORE, (struct real_service){.ask = never_answers});
    world_turn_begin(p.world, real_now(l));
    world_ask(p.world, SERVICE_STORE, SLICE("?"), OBJECT(1, 1), 1, world_now(p.world) + 600000000);
    world_turn_end(p.world);
    begin_and_signal(&s, l, SIGTERM, 100000);
    real_run(l); /* and returns */
    assert_int_equal(p.counts[INPUT_DRAIN], 1);
    signals_end(s);
    real_close(l);
    probe_free(&p);
}

TESTS("tools/run/signals", cmocka_unit_test_setup_teardown(a_signal_drains_and_then_stops, setup, teardown),
    cmocka_unit_test_setup_teardown(a_second_signal_does_not_wait_for_open_work, setup, teardown),
    cmocka_unit_test_setup_teardown(open_work_is_not_waited_for_for_ever, setup, teardown))
