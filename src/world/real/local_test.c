#include <pthread.h>

#include "base/error.h"
#include "world/real/real_fixture.h"

static void a_stream_inside_the_process_is_one_like_others(void **state)
{
    (void)state;
    struct real_loop *l = fixture_loop(NULL);
    struct probe server = {.echo = true}, client = {.echo = false};
    probe_open(&server, l, "server");
    probe_open(&client, l, "client");
    probe_listen(&server, "local:place");
    uint64_t flow = probe_connect(&client, "local:place");
    probe_send(&client, flow, SLICE("early "));
    UNTIL(l, client.counts[INPUT_OPENED] == 1 && server.counts[INPUT_ACCEPTED] == 1);
    probe_send(&client, flow, SLICE("late"));
    UNTIL(l, client.data.length == 10);
    assert_true(slice_equal(buffer_slice(&client.data), SLICE("early late")));
    probe_send(&client, flow, SLICE("last"));
    probe_close(&client, flow);
    UNTIL(l, server.counts[INPUT_CLOSED] == 1);
    assert_int_equal(server.last.error, ERROR_CLOSED);
    assert_int_equal(server.counts[INPUT_DATA], 3); /* the end came after all bytes */
    assert_int_equal(client.counts[INPUT_CLOSED], 0);
    real_close(l);
    probe_free(&server);
    probe_free(&client);
}

static void nobody_there_taken_and_full(void **state)
{
    (void)state;
    struct real_loop *l = fixture_loop(&(struct real_params){.send_limit = 1000});
    struct probe server = {.echo = false}, client = {.echo = false};
    static char part[400];
    probe_open(&server, l, "server");
    probe_open(&client, l, "client");
    unit_expect_error("somebody does already");
    probe_connect(&client, "local:nowhere");
    UNTIL(l, client.counts[INPUT_CLOSED] == 1);
    assert_int_equal(client.last.error, ERROR_UNREACHABLE);
    probe_listen(&server, "local:place");
    probe_listen(&client, "local:place");
    UNTIL(l, client.counts[INPUT_CLOSED] == 2);
    assert_int_equal(client.last.error, ERROR_BUSY);
    uint64_t flow = probe_connect(&client, "local:place");
    UNTIL(l, client.counts[INPUT_OPENED] == 1);
    world_turn_begin(server.world, real_now(l));
    world_read_pause(server.world, server.flow, true);
    world_turn_end(server.world);
    for (int i = 0; i < 3; i++)
        probe_send(&client, flow, slice_of(part, sizeof part));
    UNTIL(l, client.counts[INPUT_CLOSED] == 3);
    assert_int_equal(client.last.error, ERROR_OVERLOADED);
    world_turn_begin(server.world, real_now(l));
    world_read_pause(server.world, server.flow, false);
    world_turn_end(server.world);
    UNTIL(l, server.counts[INPUT_CLOSED] == 1);
    assert_int_equal(server.data.length, 0);
    real_close(l);
    probe_free(&server);
    probe_free(&client);
}

static void *run_h(void *loop)
{
    real_run(loop);
    return NULL;
}

/* Between threads: run under the thread sanitizer. */
static void two_loops_talk(void **state)
{
    (void)state;
    struct real_loop *here = fixture_loop(NULL), *there = fixture_loop(NULL);
    struct probe server = {.echo = true}, client = {.echo = false};
    pthread_t thread;
    static char part[10000];
    probe_open(&server, there, "server");
    probe_open(&client, here, "client");
    probe_listen(&server, "local:there");
    assert_int_equal(pthread_create(&thread, NULL, run_h, there), 0);
    uint64_t flow = probe_connect(&client, "local:there");
    UNTIL(here, client.counts[INPUT_OPENED] == 1);
    for (size_t i = 1; i <= 200; i++) {
        probe_send(&client, flow, slice_of(part, sizeof part));
        if (i % 20 == 0)
            UNTIL(here, client.data.length == i * sizeof part);
    }
    probe_connect(&client, "local:there"); /* may be on its way when the loop there ends */
    real_stop(there);
    pthread_join(thread, NULL);
    real_close(there);
    UNTIL(here, client.counts[INPUT_CLOSED] == 2);
    real_close(here);
    probe_free(&server);
    probe_free(&client);
}

TESTS("world/real/local", cmocka_unit_test(a_stream_inside_the_process_is_one_like_others),
    cmocka_unit_test(nobody_there_taken_and_full), cmocka_unit_test(two_loops_talk))
