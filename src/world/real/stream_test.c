#include <errno.h>
#include <netinet/in.h>
#include <sys/resource.h>
#include <unistd.h>

#include "base/error.h"
#include "base/mem.h"
#include "world/real/real_fixture.h"

/* A plain socket of the test's own, connected. */
static int raw_connect(struct address to)
{
    struct sockaddr_storage name;
    socklen_t length = real__sockaddr(&name, &to);
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    assert_true(fd >= 0);
    assert_int_equal(connect(fd, (struct sockaddr *)&name, length), 0);
    return fd;
}

struct two {
    struct real_loop *l;
    struct probe server, client;
    uint64_t listener;
    struct address at;
};

static void two_open(struct two *t, const struct real_params *params)
{
    *t = (struct two){.l = fixture_loop(params)};
    probe_open(&t->server, t->l, "server");
    probe_open(&t->client, t->l, "client");
    t->listener = probe_listen(&t->server, "tcp:127.0.0.1:0");
    t->at = probe_address(&t->server, t->listener);
}

static void two_connect(struct two *t)
{
    probe_connect_to(&t->client, "tcp:", t->at, "");
    UNTIL(t->l, t->server.counts[INPUT_ACCEPTED] == 1 && t->client.counts[INPUT_OPENED] == 1);
}

static void two_close(struct two *t)
{
    real_close(t->l);
    probe_free(&t->server);
    probe_free(&t->client);
}

/* CM-1: TCP. */
static void bytes_come_back_from_an_echo(void **state)
{
    (void)state;
    struct two t;
    two_open(&t, NULL);
    t.server.echo = true;
    uint64_t flow = probe_connect_to(&t.client, "tcp:", t.at, "");
    probe_send(&t.client, flow, SLICE("early ")); /* before it is open */
    UNTIL(t.l, t.client.counts[INPUT_OPENED] == 1);
    assert_int_equal(t.client.flow, flow);
    probe_send(&t.client, flow, SLICE("and late"));
    UNTIL(t.l, t.client.data.length == 14);
    assert_true(slice_equal(buffer_slice(&t.client.data), SLICE("early and late")));
    assert_int_equal(t.server.last.token, 7);
    probe_close(&t.client, flow);
    UNTIL(t.l, t.server.counts[INPUT_CLOSED] == 1);
    assert_int_equal(t.server.last.error, ERROR_CLOSED);
    for (int i = 0; i < 5; i++)
        real__round(t.l, 1000);
    assert_int_equal(t.client.counts[INPUT_CLOSED], 0); /* it closed itself */
    two_close(&t);
}

static void split_bytes_come_in_order(void **state)
{
    (void)state;
    struct two t;
    two_open(&t, NULL);
    int fd = raw_connect(t.at);
    UNTIL(t.l, t.server.counts[INPUT_ACCEPTED] == 1);
    for (char c = 'a'; c <= 'z'; c++) {
        assert_int_equal(write(fd, &c, 1), 1);
        real__round(t.l, 1000);
    }
    UNTIL(t.l, t.server.data.length == 26);
    assert_true(slice_equal(buffer_slice(&t.server.data), SLICE("abcdefghijklmnopqrstuvwxyz")));
    assert_true(t.server.counts[INPUT_DATA] > 1);
    close(fd);
    two_close(&t);
}

static void a_big_message_arrives_whole_before_the_end(void **state)
{
    (void)state;
    struct two t;
    size_t size = (size_t)3 << 20;
    char *big = mem_alloc(size);
    two_open(&t, NULL);
    two_connect(&t);
    for (size_t i = 0; i < size; i++)
        big[i] = (char)(i * 31 >> 3);
    probe_send(&t.client, t.client.flow, slice_of(big, size));
    probe_close(&t.client, t.client.flow); /* after what was sent before it */
    UNTIL(t.l, t.server.data.length == size);
    assert_memory_equal(t.server.data.data, big, size);
    UNTIL(t.l, t.server.counts[INPUT_CLOSED] == 1);
    mem_free(big);
    two_close(&t);
}

static void a_peer_that_does_not_read_is_closed(void **state)
{
    (void)state;
    struct two t;
    static char part[65536];
    two_open(&t, &(struct real_params){.send_limit = 1 << 20});
    int fd = raw_connect(t.at); /* never reads */
    UNTIL(t.l, t.server.counts[INPUT_ACCEPTED] == 1);
    for (int i = 0; i < 1000 && t.server.counts[INPUT_CLOSED] == 0; i++) {
        probe_send(&t.server, t.server.flow, slice_of(part, sizeof part));
        real__round(t.l, 0);
    }
    assert_int_equal(t.server.counts[INPUT_CLOSED], 1);
    assert_int_equal(t.server.last.error, ERROR_OVERLOADED);
    assert_int_equal(t.server.world->counters.values[COUNTER_FLOW_OVERFLOW], 1);
    close(fd);
    two_close(&t);
}

static void pausing_holds_the_peer_back(void **state)
{
    (void)state;
    struct two t;
    two_open(&t, NULL);
    two_connect(&t);
    world_turn_begin(t.server.world, real_now(t.l));
    world_read_pause(t.server.world, t.server.flow, true);
    world_turn_end(t.server.world);
    probe_send(&t.client, t.client.flow, SLICE("wait"));
    for (int i = 0; i < 10; i++)
        real__round(t.l, 1000);
    assert_int_equal(t.server.counts[INPUT_DATA], 0);
    world_turn_begin(t.server.world, real_now(t.l));
    world_read_pause(t.server.world, t.server.flow, false);
    world_turn_end(t.server.world);
    UNTIL(t.l, t.server.counts[INPUT_DATA] == 1);
    two_close(&t);
}

static void a_half_open_peer_gets_what_was_sent(void **state)
{
    (void)state;
    struct two t;
    char answer[16];
    two_open(&t, NULL);
    t.server.echo = true;
    int fd = raw_connect(t.at);
    assert_int_equal(write(fd, "question", 8), 8);
    assert_int_equal(shutdown(fd, SHUT_WR), 0);
    UNTIL(t.l, t.server.counts[INPUT_CLOSED] == 1);
    assert_int_equal(t.server.last.error, ERROR_CLOSED);
    assert_int_equal(t.server.counts[INPUT_DATA], 1);
    assert_int_equal(read(fd, answer, sizeof answer), 8);
    assert_int_equal(read(fd, answer, sizeof answer), 0);
    close(fd);
    two_close(&t);
}

static void refused_and_misspelt_connections_come_as_inputs(void **state)
{
    (void)state;
    struct two t;
    two_open(&t, NULL);
    probe_close(&t.server, t.listener); /* nobody listens there now */
    uint64_t flow = probe_connect_to(&t.client, "tcp:", t.at, "");
    UNTIL(t.l, t.client.counts[INPUT_CLOSED] == 1);
    assert_int_equal(t.client.last.flow, flow);
    assert_int_equal(t.client.last.token, 8);
    assert_int_equal(t.client.last.error, ERROR_UNREACHABLE);
    probe_connect(&t.client, "carrier-pigeon:coop");
    UNTIL(t.l, t.client.counts[INPUT_CLOSED] == 2);
    assert_int_equal(t.client.last.error, ERROR_SYNTAX);
    two_close(&t);
}

static void a_listener_in_use_is_found_out_and_frees_its_port(void **state)
{
    (void)state;
    struct two t;
    char text[64];
    unit_expect_error("Address already in use");
    two_open(&t, NULL);
    snprintf(text, sizeof text, "tcp:127.0.0.1:%u", t.at.port);
    probe_listen(&t.client, text);
    UNTIL(t.l, t.client.counts[INPUT_CLOSED] == 1);
    assert_int_equal(t.client.last.error, ERROR_BUSY);
    two_connect(&t);
    probe_close(&t.server, t.server.flow);
    probe_close(&t.server, t.listener);
    uint64_t again = probe_listen(&t.client, text); /* the old connection may still linger */
    assert_int_equal(probe_address(&t.client, again).port, t.at.port);
    two_close(&t);
}

static void connections_beyond_the_limit_are_refused(void **state)
{
    (void)state;
    struct two t;
    char byte;
    two_open(&t, &(struct real_params){.listener_flows = 2});
    int fds[3];
    for (int i = 0; i < 3; i++)
        fds[i] = raw_connect(t.at);
    UNTIL(t.l, t.server.world->counters.values[COUNTER_FLOW_REFUSED] == 1);
    assert_int_equal(t.server.counts[INPUT_ACCEPTED], 2);
    assert_int_equal(read(fds[2], &byte, 1), 0);
    close(fds[0]); /* makes room */
    UNTIL(t.l, t.server.counts[INPUT_CLOSED] == 1);
    int fd = raw_connect(t.at);
    UNTIL(t.l, t.server.counts[INPUT_ACCEPTED] == 3);
    close(fd), close(fds[1]), close(fds[2]);
    two_close(&t);
}

static void without_descriptors_new_connections_are_closed_and_old_ones_go_on(void **state)
{
    (void)state;
    struct two t;
    struct rlimit before, few;
    char byte;
    unit_expect_error("no descriptors left");
    two_open(&t, NULL);
    t.server.echo = true;
    two_connect(&t);
    int fd = raw_connect(t.at); /* in the backlog */
    getrlimit(RLIMIT_NOFILE, &before);
    few = (struct rlimit){.rlim_cur = (rlim_t)fd + 1, .rlim_max = before.rlim_max};
    setrlimit(RLIMIT_NOFILE, &few);
    UNTIL(t.l, t.server.world->counters.values[COUNTER_FLOW_REFUSED] >= 1);
    assert_int_equal(read(fd, &byte, 1), 0);
    probe_send(&t.client, t.client.flow, SLICE("still here"));
    UNTIL(t.l, t.client.data.length == 10);
    setrlimit(RLIMIT_NOFILE, &before);
    close(fd);
    fd = raw_connect(t.at);
    UNTIL(t.l, t.server.counts[INPUT_ACCEPTED] == 2);
    close(fd);
    two_close(&t);
}

/* Issue 2, row "websocket": an idle plain connection takes less than 1 KiB. */
static void an_idle_connection_is_small(void **state)
{
    enum { COUNT = 200 };
    (void)state;
    struct two t;
    int fds[COUNT];
    two_open(&t, NULL);
    t.server.echo = true;
    two_connect(&t); /* so that what the loop has once is there */
    probe_send(&t.client, t.client.flow, SLICE("once"));
    UNTIL(t.l, t.client.data.length == 4);
    size_t before = mem_live_bytes();
    for (int i = 0; i < COUNT; i++) {
        fds[i] = raw_connect(t.at);
        assert_int_equal(write(fds[i], "hello", 5), 5);
        UNTIL(t.l, t.server.counts[INPUT_DATA] == (unsigned)i + 2);
    }
    size_t each = (mem_live_bytes() - before) / COUNT;
    print_message("an idle connection: %zu bytes\n", each);
    assert_true(each < 1024);
    for (int i = 0; i < COUNT; i++)
        close(fds[i]);
    two_close(&t);
}

static void refuse_h(struct probe *p, const struct input *input)
{
    if (input->kind != INPUT_DATA)
        return;
    world_send(p->world, input->flow, SLICE("too large"));
    world_close(p->world, input->flow);
}

/* Closing with bytes unread would reset the connection and take the answer away with it. */
static void an_answer_reaches_a_peer_that_still_sends(void **state)
{
    (void)state;
    struct two t;
    static char part[200000];
    char answer[32];
    two_open(&t, NULL);
    t.server.input_h = refuse_h;
    int fd = raw_connect(t.at);
    for (int i = 0; i < 5; i++) {
        if (send(fd, part, sizeof part, MSG_DONTWAIT | MSG_NOSIGNAL) < 0)
            assert_int_equal(errno, EAGAIN); /* never a reset */
        real__round(t.l, 0);
    }
    assert_int_equal(t.server.counts[INPUT_DATA], 1);
    assert_int_equal(read(fd, answer, sizeof answer), 9);
    assert_int_equal(read(fd, answer, sizeof answer), 0);
    close(fd);
    UNTIL(t.l, t.l->flows.next->next == &t.l->flows); /* the listener alone is left */
    two_close(&t);
}

static void the_role_may_close_within_the_turn(void **state)
{
    (void)state;
    struct two t;
    char byte;
    two_open(&t, NULL);
    t.server.close = true;
    for (int i = 0; i < 20; i++) {
        int fd = raw_connect(t.at);
        assert_int_equal(write(fd, "x", 1), 1);
        UNTIL(t.l, t.server.counts[INPUT_ACCEPTED] == (unsigned)i + 1);
        assert_int_equal(read(fd, &byte, 1), 0);
        close(fd);
    }
    assert_int_equal(t.server.counts[INPUT_DATA], 0);
    two_close(&t);
}

TESTS("world/real/stream", cmocka_unit_test(bytes_come_back_from_an_echo),
    cmocka_unit_test(split_bytes_come_in_order), cmocka_unit_test(a_big_message_arrives_whole_before_the_end),
    cmocka_unit_test(a_peer_that_does_not_read_is_closed), cmocka_unit_test(pausing_holds_the_peer_back),
    cmocka_unit_test(a_half_open_peer_gets_what_was_sent),
    cmocka_unit_test(refused_and_misspelt_connections_come_as_inputs),
    cmocka_unit_test(a_listener_in_use_is_found_out_and_frees_its_port),
    cmocka_unit_test(connections_beyond_the_limit_are_refused),
    cmocka_unit_test(without_descriptors_new_connections_are_closed_and_old_ones_go_on),
    cmocka_unit_test(an_answer_reaches_a_peer_that_still_sends),
    cmocka_unit_test(an_idle_connection_is_small), cmocka_unit_test(the_role_may_close_within_the_turn))
