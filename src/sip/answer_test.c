/* What is answered while its request is being reported, and its copies. */
#include "base/mem.h"
#include "sip/transaction.h"
#include "unit.h"
#include "world/world_int.h"

#define KIND 9
#define BEGIN 1000000000

static struct {
    struct world world;
    struct wheel wheel;
    struct sip_transactions table;
    unsigned sent, requests, over;
    char last[2000];
} k;

static void commit_h(void *maker, struct world *w)
{
    (void)maker;
    world_turn_clear(w);
}
static const struct world_backend backend = {.commit = commit_h};

static void send_h(void *user, const struct sip_target *to, struct slice message)
{
    (void)user, (void)to;
    k.sent++;
    snprintf(k.last, sizeof k.last, "%.*s", SLICE_ARG(message));
}
static void request_h(void *user, struct sip_transaction *t, const struct sip_message *m)
{
    (void)user, (void)m;
    k.requests++;
    sip_respond_saying(t, 405, SLICE("tag"), SIP_HEADER_ALLOW, SLICE("BYE"));
    assert_int_equal(t->status, 405);           /* it is there until it was reported */
    sip_respond_simple(t, 200, SLICE("other")); /* too late */
}
static void over_h(void *user, struct sip_transaction *t)
{
    (void)user, (void)t;
    k.over++;
}
static const struct sip_handlers handlers = {.send = send_h, .request = request_h, .over = over_h};

static void until(int64_t milliseconds)
{
    int64_t now = BEGIN + milliseconds * 1000;
    struct wheel_timer *due;
    world_turn_begin(&k.world, now);
    while ((due = wheel_due(&k.wheel, now)) != NULL) {
        struct world *w;
        struct input in = world_timer_input(due, &w);
        sip_transactions_timer(&k.table, in.object, in.timer);
    }
}

static void receive(const char *branch, bool reliable)
{
    static const struct sip_target peer = {.name = "peer"};
    struct sip_message m;
    struct arena arena = {0};
    struct buffer text = {0};
    buffer_add_format(&text,
        "BYE sip:bob@example.com SIP/2.0\r\nVia: SIP/2.0/UDP 127.0.0.1:5060;branch=%s\r\n"
        "Max-Forwards: 70\r\nFrom: <sip:alice@example.com>;tag=a\r\nTo: <sip:bob@example.com>\r\n"
        "Call-ID: call\r\nCSeq: 7 BYE\r\nContent-Length: 0\r\n\r\n",
        branch);
    assert_int_equal(sip_parse(&m, buffer_slice(&text), &arena, NULL), 0);
    sip_transactions_input(&k.table, &peer, reliable, &m);
    arena_free(&arena);
    buffer_free(&text);
}

static int begin(void **state)
{
    (void)state;
    memset(&k, 0, sizeof k);
    wheel_init(&k.wheel, BEGIN);
    world_init(&k.world, &backend, &k, &k.wheel);
    world_turn_begin(&k.world, BEGIN);
    sip_transactions_open(&k.table, &k.world, &handlers, &k, KIND);
    return 0;
}

static int end(void **state)
{
    (void)state;
    sip_transactions_close(&k.table);
    world_end(&k.world);
    wheel_close(&k.wheel);
    return 0;
}

/* RFC 3261 17.2.2: each copy gets the same answer until timer J, though little of it is kept. */
static void copies_are_answered_alike_until_timer_j(void **state)
{
    char first[sizeof k.last];
    (void)state;
    receive("z9hG4bK1", false);
    assert_int_equal(k.sent, 1);
    assert_int_equal(k.over, 1);
    snprintf(first, sizeof first, "%s", k.last);
    assert_non_null(strstr(first, "SIP/2.0 405 Method Not Allowed\r\nVia: "));
    assert_non_null(strstr(first, ">;tag=tag\r\n"));
    assert_non_null(strstr(first, "Allow: BYE\r\nContent-Length: 0\r\n\r\n"));
    until(20000);
    receive("z9hG4bK2", false);
    until(31999);
    receive("z9hG4bK1", false);
    assert_int_equal(k.sent, 3);
    assert_string_equal(first, k.last);
    assert_int_equal(k.requests, 2);
    assert_int_equal(sip_transactions_count(&k.table), 2);
    until(32001);
    assert_int_equal(sip_transactions_count(&k.table), 1);
    receive("z9hG4bK1", false);
    assert_int_equal(k.requests, 3);
    until(65000);
    assert_int_equal(sip_transactions_count(&k.table), 0);
}

/* Nothing comes again on a stream. */
static void of_a_stream_nothing_is_kept(void **state)
{
    (void)state;
    receive("z9hG4bK1", true);
    until(1);
    assert_int_equal(k.sent, 1);
    assert_int_equal(k.over, 1);
    assert_int_equal(sip_transactions_count(&k.table), 0);
}

/* A thousand of them cost little: what a flood of registrations leaves behind for half a minute. */
static void many_cost_little(void **state)
{
    char branch[32];
    (void)state;
    receive("z9hG4bK", false);
    size_t before = mem_live_bytes();
    for (unsigned i = 0; i < 2000; i++) {
        snprintf(branch, sizeof branch, "z9hG4bK%u", i);
        receive(branch, false);
    }
    assert_int_equal(sip_transactions_count(&k.table), 2001);
    assert_true(mem_live_bytes() - before < (size_t)2000 * 130);
    until(33000);
    assert_true(mem_live_bytes() < before);
}

TESTS("sip/answer", cmocka_unit_test_setup_teardown(copies_are_answered_alike_until_timer_j, begin, end),
    cmocka_unit_test_setup_teardown(of_a_stream_nothing_is_kept, begin, end),
    cmocka_unit_test_setup_teardown(many_cost_little, begin, end))
