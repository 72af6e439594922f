#include "base/error.h"
#include "world/real/real_fixture.h"

/* CM-1: UDP. */
static void datagrams_come_back_from_an_echo(void **state)
{
    (void)state;
    struct real_loop *l = fixture_loop(NULL);
    struct probe server = {.echo = true}, client = {.echo = false};
    probe_open(&server, l, "server");
    probe_open(&client, l, "client");
    uint64_t at = probe_listen(&server, "udp:127.0.0.1:0");
    uint64_t from = probe_listen(&client, "udp:127.0.0.1:0");
    struct address to = probe_address(&server, at);
    assert_int_not_equal(to.port, 0);
    for (int i = 0; i < 100; i++) /* more than a batch, in turns of one round */
        probe_send_to(&client, from, to, SLICE("hello"));
    UNTIL(l, client.counts[INPUT_DATAGRAM] == 100);
    assert_int_equal(server.counts[INPUT_DATAGRAM], 100);
    assert_int_equal(client.last.flow, from);
    assert_int_equal(client.last.token, 7);
    assert_true(address_equal(&client.last.peer, &to));
    assert_true(slice_equal(buffer_slice(&client.data), SLICE("hello")));
    real_close(l);
    probe_free(&server);
    probe_free(&client);
}

static void longest_and_empty_datagrams_pass(void **state)
{
    (void)state;
    struct real_loop *l = fixture_loop(NULL);
    struct probe p = {.echo = false};
    static char big[65507];
    probe_open(&p, l, "one");
    memset(big, 'x', sizeof big);
    uint64_t flow = probe_listen(&p, "udp:[::1]:0");
    struct address to = probe_address(&p, flow);
    probe_send_to(&p, flow, to, slice_of(big, sizeof big));
    UNTIL(l, p.counts[INPUT_DATAGRAM] == 1);
    assert_int_equal(p.data.length, sizeof big);
    assert_int_equal(p.last.peer.family, 6);
    probe_send_to(&p, flow, to, SLICE(""));
    UNTIL(l, p.counts[INPUT_DATAGRAM] == 2);
    assert_int_equal(p.data.length, 0);
    real_close(l);
    probe_free(&p);
}

static void a_port_in_use_is_found_out(void **state)
{
    (void)state;
    struct real_loop *l = fixture_loop(NULL);
    struct probe p = {.echo = false};
    char text[64];
    unit_expect_error("Address already in use");
    probe_open(&p, l, "one");
    struct address at = probe_address(&p, probe_listen(&p, "udp:127.0.0.1:0"));
    snprintf(text, sizeof text, "udp:127.0.0.1:%u", at.port);
    uint64_t second = probe_listen(&p, text);
    UNTIL(l, p.counts[INPUT_CLOSED] == 1);
    assert_int_equal(p.last.flow, second);
    assert_int_equal(p.last.error, ERROR_BUSY);
    real_close(l);
    probe_free(&p);
}

static void what_cannot_be_sent_is_counted_and_the_rest_goes_out(void **state)
{
    (void)state;
    struct real_loop *l = fixture_loop(NULL);
    struct probe p = {.echo = false};
    probe_open(&p, l, "one");
    uint64_t flow = probe_listen(&p, "udp:127.0.0.1:0");
    struct address to = probe_address(&p, flow), nowhere = {.family = 6, .port = 9, .ip = {[15] = 1}};
    probe_send_to(&p, flow, nowhere, SLICE("lost"));
    probe_send_to(&p, flow, to, SLICE("kept"));
    probe_send(&p, flow, SLICE("to nobody"));
    UNTIL(l, p.counts[INPUT_DATAGRAM] == 1);
    assert_true(slice_equal(buffer_slice(&p.data), SLICE("kept")));
    assert_int_equal(p.world->counters.values[COUNTER_UDP_FAILED], 1);
    assert_int_equal(p.world->counters.values[COUNTER_UDP_DROPPED], 1);
    real_close(l);
    probe_free(&p);
}

static void the_queue_is_bounded(void **state)
{
    (void)state;
    struct real_loop *l = fixture_loop(NULL);
    struct probe p = {.echo = false};
    static char big[60000];
    probe_open(&p, l, "one");
    uint64_t flow = probe_listen(&p, "udp:127.0.0.1:0");
    struct address to = probe_address(&p, flow);
    world_turn_begin(p.world, real_now(l));
    for (int i = 0; i < 250; i++) /* 15 MB, below the limit of a turn's effects, into a small kernel buffer */
        world_send_to(p.world, flow, &to, slice_of(big, sizeof big));
    world_turn_end(p.world);
    UNTIL(l, p.counts[INPUT_DATAGRAM] > 0);
    struct real_flow *f = real__flow_find(p.instance, flow);
    assert_non_null(f);
    assert_int_equal(f->error, 0);
    real_close(l);
    probe_free(&p);
}

TESTS("world/real/udp", cmocka_unit_test(datagrams_come_back_from_an_echo),
    cmocka_unit_test(longest_and_empty_datagrams_pass), cmocka_unit_test(a_port_in_use_is_found_out),
    cmocka_unit_test(what_cannot_be_sent_is_counted_and_the_rest_goes_out),
    cmocka_unit_test(the_queue_is_bounded))
