#include <pthread.h>
#include <signal.h>
#include <unistd.h>

#include "base/error.h"
#include "base/mem.h"
#include "world/real/real_fixture.h"

static void the_clock_never_runs_backwards(void **state)
{
    (void)state;
    struct real_clock c = {.offset = 1000000000, .checked = 0};
    assert_int_equal(real__clock_at(&c, 8000000, 1008000000), 1008000000);
    /* an hour back: at most an eighth slower */
    int64_t back = real__clock_at(&c, 16000000, 1016000000 - 3600000000LL);
    assert_int_equal(back, 1015000000);
    /* an hour ahead: at most an eighth faster */
    assert_int_equal(real__clock_at(&c, 24000000, 1024000000 + 3600000000LL) - back, 9000000);
    for (int64_t t = 24000000; t < 24100000; t += 7) {
        int64_t before = c.last;
        assert_true(real__clock_at(&c, t, 5) >= before);
    }
    /* and in the end it is right again */
    for (int64_t t = 25000000; t < 400000000; t += 100000)
        real__clock_at(&c, t, 1000000000 + t);
    assert_int_equal(c.last, 1000000000 + 399900000);
}

struct many {
    struct world_timer timers[10000];
    int64_t last;
    unsigned due, early, unordered;
};

static void timer_h(struct probe *p, const struct input *input)
{
    struct many *m = p->argument;
    if (input->kind != INPUT_TIMER)
        return;
    int64_t at = m->timers[OBJECT_INDEX(input->object)].wheel.at;
    m->due++;
    m->early += at > world_now(p->world);
    m->unordered += at < m->last;
    m->last = at;
}

static void ten_thousand_timers_come_due_in_order(void **state)
{
    (void)state;
    struct real_loop *l = fixture_loop(NULL);
    struct many *m = mem_zero(sizeof *m);
    struct probe p = {.input_h = timer_h, .argument = m};
    probe_open(&p, l, "one");
    world_turn_begin(p.world, real_now(l));
    for (unsigned i = 0; i < 10000; i++)
        world_timer_set(p.world, &m->timers[i], OBJECT(1, i), i,
            world_now(p.world) + (int64_t)(world_random(p.world) % 400000));
    for (unsigned i = 0; i < 10000; i += 10)
        world_timer_clear(&m->timers[i]);
    world_turn_end(p.world);
    UNTIL(l, m->due == 9000);
    assert_int_equal(m->early, 0);
    assert_int_equal(m->unordered, 0);
    real_close(l);
    mem_free(m);
    probe_free(&p);
}

static void again_h(struct probe *p, const struct input *input)
{
    if (input->kind == INPUT_AGAIN)
        world_again(p->world, input->token + 1);
}

static void who_always_asks_for_more_does_not_keep_others_waiting(void **state)
{
    (void)state;
    struct real_loop *l = fixture_loop(NULL);
    struct probe greedy = {.input_h = again_h}, calm = {.echo = false};
    struct world_timer timer = {.id = 0};
    probe_open(&greedy, l, "greedy");
    probe_open(&calm, l, "calm");
    uint64_t flow = probe_listen(&calm, "udp:127.0.0.1:0");
    world_turn_begin(greedy.world, real_now(l));
    world_again(greedy.world, 1);
    world_turn_end(greedy.world);
    world_turn_begin(calm.world, real_now(l));
    world_timer_set(calm.world, &timer, OBJECT(1, 1), 2, world_now(calm.world) + 20000);
    world_turn_end(calm.world);
    probe_send_to(&calm, flow, probe_address(&calm, flow), SLICE("x"));
    UNTIL(l, calm.counts[INPUT_TIMER] == 1 && calm.counts[INPUT_DATAGRAM] == 1);
    assert_true(greedy.counts[INPUT_AGAIN] > 10);
    assert_int_equal(greedy.last.token, greedy.counts[INPUT_AGAIN]); /* each once, in order */
    real_close(l);
    probe_free(&greedy);
    probe_free(&calm);
}

static void a_new_configuration_and_draining_come_to_all(void **state)
{
    (void)state;
    struct real_loop *l = fixture_loop(NULL);
    struct probe a = {.echo = false}, b = {.echo = false};
    int one;
    probe_open(&a, l, "a");
    probe_open(&b, l, "b");
    real_set_configuration(l, (const struct configuration *)&one);
    assert_int_equal(a.counts[INPUT_CONFIG], 1);
    assert_int_equal(b.counts[INPUT_CONFIG], 1);
    assert_ptr_equal(world_configuration(a.world), &one);
    real_drain(l);
    assert_int_equal(b.counts[INPUT_DRAIN], 1);
    real_remove_instance(a.instance);
    real_drain(l);
    assert_int_equal(a.counts[INPUT_DRAIN], 1);
    assert_int_equal(b.counts[INPUT_DRAIN], 2);
    real_close(l);
    probe_free(&a);
    probe_free(&b);
}

static int refuse_open(void **self, struct world *world, const struct role_setup *setup)
{
    (void)self, (void)setup;
    (void)world_listen(world, SLICE("udp:127.0.0.1:0"), 1);
    return ERROR_RANGE;
}

static void a_role_that_cannot_start_leaves_nothing(void **state)
{
    (void)state;
    struct real_loop *l = fixture_loop(NULL);
    struct real_instance *i = NULL;
    static const struct role role = {.name = "refusing", .open = refuse_open};
    unit_expect_error("cannot start the refusing");
    assert_int_equal(
        real_add_instance(&i, l, &role, &(struct role_setup){.name = SLICE("x")}, NULL), ERROR_RANGE);
    assert_null(i);
    assert_true(list_empty(&l->flows));
    real_close(l);
}

static void names_hold_what_is_told_until_a_flow_comes(void **state)
{
    (void)state;
    struct real_loop *l = fixture_loop(NULL);
    struct probe server = {.echo = false}, client = {.echo = false};
    probe_open(&server, l, "server");
    probe_open(&client, l, "client");
    probe_listen(&server, "local:names");
    world_turn_begin(server.world, real_now(l));
    world_tell(server.world, SLICE("friend"), SLICE("one "));
    world_turn_end(server.world);
    probe_connect(&client, "local:names");
    UNTIL(l, server.counts[INPUT_ACCEPTED] == 1);
    uint64_t first = server.flow;
    world_turn_begin(server.world, real_now(l));
    world_name(server.world, first, SLICE("friend"));
    world_tell(server.world, SLICE("friend"), SLICE("two"));
    world_turn_end(server.world);
    UNTIL(l, client.data.length == 7);
    assert_true(slice_equal(buffer_slice(&client.data), SLICE("one two")));
    probe_connect(&client, "local:names"); /* it comes again by another way */
    UNTIL(l, server.counts[INPUT_ACCEPTED] == 2);
    world_turn_begin(server.world, real_now(l));
    world_name(server.world, server.flow, SLICE("friend"));
    world_turn_end(server.world);
    UNTIL(l, server.counts[INPUT_CLOSED] == 1 && client.counts[INPUT_CLOSED] == 1);
    assert_int_equal(server.last.flow, first);
    assert_int_equal(server.last.error, ERROR_STALE);
    real_close(l);
    probe_free(&server);
    probe_free(&client);
}

/* ---- threads: run under the thread sanitizer ---- */

#define POSTERS 4
#define POSTS 5000

struct post {
    struct real_loop *loop;
    unsigned *sum; /* touched by the loop's thread only */
};

static void post_h(struct real_loop *l, void *argument)
{
    struct post *p = argument;
    if (++*p->sum == POSTERS * POSTS)
        real_stop(l);
}

static void *poster_h(void *argument)
{
    struct post *p = argument;
    for (int i = 0; i < POSTS; i++)
        real_post(p->loop, post_h, p);
    return NULL;
}

static void mail_from_threads_comes_once_each(void **state)
{
    (void)state;
    struct real_loop *l = fixture_loop(NULL);
    unsigned sum = 0;
    struct post p = {l, &sum};
    pthread_t threads[POSTERS];
    for (int i = 0; i < POSTERS; i++)
        assert_int_equal(pthread_create(&threads[i], NULL, poster_h, &p), 0);
    real_run(l);
    for (int i = 0; i < POSTERS; i++)
        pthread_join(threads[i], NULL);
    assert_int_equal(sum, POSTERS * POSTS);
    real_close(l);
}

static void count_h(struct real_loop *l, void *argument)
{
    (void)l;
    ++*(unsigned *)argument;
}

static void mail_that_is_left_is_run_at_the_end(void **state)
{
    (void)state;
    struct real_loop *l = fixture_loop(NULL);
    unsigned count = 0;
    real_post(l, count_h, &count);
    real_post(l, count_h, &count);
    real_close(l);
    assert_int_equal(count, 2);
}

static struct real_loop *signalled;

static void signal_h(int number)
{
    (void)number;
    real_stop(signalled);
}

static void a_signal_handler_may_stop_the_loop(void **state)
{
    (void)state;
    signalled = fixture_loop(NULL);
    void (*before)(int) = signal(SIGUSR1, signal_h);
    assert_int_equal(raise(SIGUSR1), 0);
    real_run(signalled);
    signal(SIGUSR1, before);
    real_close(signalled);
}

static void hang_h(struct probe *p, const struct input *input)
{
    if (input->kind == INPUT_AGAIN)
        usleep(300000);
    real_stop(p->instance->loop);
}

static void a_turn_that_hangs_is_reported_by_name(void **state)
{
    (void)state;
    struct real_loop *l = fixture_loop(&(struct real_params){.turn_limit = 100000});
    struct probe p = {.input_h = hang_h};
    unit_expect_error("a turn of a-slow-instance-with-a-long-name takes more than 100 ms");
    probe_open(&p, l, "a-slow-instance-with-a-long-name");
    real_deliver(p.instance, &(struct input){.kind = INPUT_AGAIN});
    real_run(l);
    real_close(l);
    probe_free(&p);
}

TESTS("world/real/loop", cmocka_unit_test(the_clock_never_runs_backwards),
    cmocka_unit_test(ten_thousand_timers_come_due_in_order),
    cmocka_unit_test(who_always_asks_for_more_does_not_keep_others_waiting),
    cmocka_unit_test(a_new_configuration_and_draining_come_to_all),
    cmocka_unit_test(a_role_that_cannot_start_leaves_nothing),
    cmocka_unit_test(names_hold_what_is_told_until_a_flow_comes),
    cmocka_unit_test(mail_from_threads_comes_once_each),
    cmocka_unit_test(mail_that_is_left_is_run_at_the_end),
    cmocka_unit_test(a_signal_handler_may_stop_the_loop),
    cmocka_unit_test(a_turn_that_hangs_is_reported_by_name))
