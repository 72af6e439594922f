/* Streams that we open, and those that are used again. */
#include "base/error.h"
#include "roles/proxy/edge/edge_fixture.h"
#include "unit.h"

static const struct slice none;
static struct destination to;

static int target(enum transport t, const char *address, struct slice name)
{
    struct address at;
    struct proxy *p = proxy_fixture.proxy;
    assert_int_equal(address_parse(&at, slice_text(address)), 0);
    to = (struct destination){.listener = NULL};
    world_turn_begin(&proxy_fixture.world, proxy_fixture.now);
    int error = edge_target(p, &to, t, &at, name);
    world_turn_end(&proxy_fixture.world);
    return error;
}

/* VC-1, VC-8: one stream to an address, whatever goes there; TLS to one that proves its name. */
static void a_stream_is_opened_once_and_used_again(void **state)
{
    (void)state;
    edge_begin();
    assert_int_equal(target(TRANSPORT_TLS, "192.0.2.7:5061", SLICE("sip.example.com")), 0);
    uint64_t flow = to.target.flow;
    assert_string_equal(edge_heard.opened, "tls:192.0.2.7:5061/sip.example.com");
    assert_true(to.reliable);
    assert_string_equal(to.listener->via, "SIP/2.0/TLS 127.0.0.1:5061");
    edge_opened(flow, SLICE("sip.example.com"));
    assert_int_equal(target(TRANSPORT_TLS, "192.0.2.7:5061", SLICE("sip.example.com")), 0);
    assert_int_equal(to.target.flow, flow);
    assert_int_equal(edge_heard.opens, 1);
    assert_true(slice_equal(edge_peer_name(proxy_fixture.proxy, flow), SLICE("sip.example.com")));
    assert_int_equal(
        target(TRANSPORT_TLS, "192.0.2.7:5061", SLICE("other.example.com")), 0); /* somebody else */
    assert_int_equal(edge_heard.opens, 2);
    edge_closed(flow, ERROR_CLOSED);
    assert_int_equal(target(TRANSPORT_TLS, "192.0.2.7:5061", SLICE("sip.example.com")), 0);
    assert_int_equal(edge_heard.opens, 3);
    assert_int_equal(target(TRANSPORT_UDP, "192.0.2.7:5060", none), 0);
    assert_string_equal(to.listener->via, "SIP/2.0/UDP 127.0.0.1:5060");
    assert_int_equal(target(TRANSPORT_UDP, "[2001:db8::7]:5060", none), 0);
    assert_string_equal(to.listener->via, "SIP/2.0/UDP [::1]:5060");
    assert_int_equal(target(TRANSPORT_TCP, "[2001:db8::7]:5060", none), 0); /* where nobody listens */
    assert_string_equal(to.listener->via, "SIP/2.0/TCP [::1]:5060");
    assert_int_equal(target(TRANSPORT_WSS, "192.0.2.7:443", none), ERROR_UNSUPPORTED);
    edge_finish();
}

static void what_refuses_is_not_asked_at_once_again(void **state)
{
    (void)state;
    edge_begin();
    assert_int_equal(target(TRANSPORT_TCP, "192.0.2.7:5060", none), 0);
    edge_closed(to.target.flow, ERROR_UNREACHABLE);
    assert_int_equal(target(TRANSPORT_TCP, "192.0.2.7:5060", none), ERROR_UNREACHABLE);
    assert_int_equal(proxy_fixture.world.counters.values[COUNTER_EDGE_UNREACHED], 1);
    proxy_fixture_pass(31 * (int64_t)SECOND);
    assert_int_equal(target(TRANSPORT_TCP, "192.0.2.7:5060", none), 0);
    edge_finish();
}

#define ALIASED                                                                                              \
    "OPTIONS sip:home SIP/2.0\r\nVia: SIP/2.0/TLS 127.0.0.1:5061;alias;branch=z9hG4bK-1\r\nMax-Forwards: "   \
    "70\r\n"                                                                                                 \
    "From: <sip:1@home>;tag=f\r\nTo: <sip:1@home>\r\nCall-ID: o\r\nCSeq: 1 OPTIONS\r\nContent-Length: "      \
    "0\r\n\r\n"

/* RFC 5923: the certificate proves who it is; without one nobody takes over the way to an address. */
static void a_peer_with_a_certificate_is_reached_by_its_own_stream(void **state)
{
    (void)state;
    edge_begin();
    edge_accept(EDGE_AT_TLS, 7001, 40001, none);
    edge_data(7001, SLICE(ALIASED));
    edge_accept(EDGE_AT_TLS, 7002, 40002, SLICE("trunk.example.com"));
    edge_data(7002, SLICE(ALIASED));
    assert_int_equal(target(TRANSPORT_TLS, "127.0.0.1:5061", SLICE("trunk.example.com")), 0);
    assert_int_equal(to.target.flow, 7002);
    assert_int_equal(edge_heard.opens, 0);
    assert_int_equal(target(TRANSPORT_TLS, "127.0.0.1:5061", SLICE("other.example.com")), 0);
    assert_int_not_equal(to.target.flow, 7002);
    assert_int_equal(edge_heard.opens, 1);
    edge_closed(7002, ERROR_CLOSED);
    assert_int_equal(target(TRANSPORT_TLS, "127.0.0.1:5061", SLICE("trunk.example.com")), 0);
    assert_int_equal(edge_heard.opens, 2);
    edge_finish();
}

/* ---- too large for a datagram ---- */

static void large_invite(char text[4000])
{
    static const char head[] =
        "INVITE sip:1002@home SIP/2.0\r\nVia: SIP/2.0/TCP node-1.pair;branch=z9hG4bK-n1\r\nMax-Forwards: "
        "70\r\n"
        "From: <sip:1001@home>;tag=n\r\nTo: <sip:1002@home>\r\nCall-ID: fork\r\nCSeq: 1 INVITE\r\n"
        "Contact: <sip:1001@home;pair=node-1>\r\nContent-Length: 1500\r\n\r\n";
    strcpy(text, head);
    memset(text + strlen(head), 'x', 1500);
    text[strlen(head) + 1500] = '\0';
}

static void call_bob(void)
{
    char text[4000];
    edge_begin();
    proxy_fixture_register(&proxy_bob, "Contact: <sip:1002@127.0.0.1:6002>\r\n");
    edge_forget();
    large_invite(text);
    proxy_fixture_from_pair(text);
    assert_string_equal(edge_heard.opened, "tcp:127.0.0.1:6002");
}

#define CANCEL                                                                                               \
    "CANCEL sip:1002@home SIP/2.0\r\nVia: SIP/2.0/TCP node-1.pair;branch=z9hG4bK-n1\r\nMax-Forwards: 70\r\n" \
    "From: <sip:1001@home>;tag=n\r\nTo: <sip:1002@home>\r\nCall-ID: fork\r\nCSeq: 1 CANCEL\r\n"              \
    "Content-Length: 0\r\n\r\n"

/* The phone rings. */
static void ringing(char text[4000], const struct sip_transaction *t)
{
    struct sip_message m;
    struct arena arena = {0};
    struct buffer out = {0};
    assert_int_equal(sip_parse(&m, t->message, &arena, NULL), 0);
    sip_add_response_head(&out, &m, 180, SLICE(""), SLICE("bob"));
    sip_add_body(&out, SLICE(""), SLICE(""));
    snprintf(text, 4000, "%.*s", SLICE_ARG(buffer_slice(&out)));
    buffer_free(&out);
    arena_free(&arena);
}

/* VC-1: RFC 3261 18.1.1, and ACK or CANCEL take the same way. */
static void large_requests_go_by_a_stream(void **state)
{
    (void)state;
    call_bob();
    uint64_t flow = edge_heard.opened_flow;
    assert_int_equal(edge_heard.sent_flow, flow);
    assert_non_null(strstr(edge_text(), "Via: SIP/2.0/TCP 127.0.0.1:5060;"));
    edge_opened(flow, none);
    edge_forget();
    proxy_fixture_pass(4 * (int64_t)SECOND);
    assert_null(strstr(edge_text(), "INVITE")); /* a stream repeats by itself */
    char answer[4000];
    struct proxy *p = proxy_fixture.proxy;
    struct sip_transaction *t;
    map_for_each (t, &p->transactions.by_id)
        if (t->kind == SIP_ICT)
            break;
    ringing(answer, t);
    edge_data(flow, slice_text(answer));
    proxy_fixture_must_find(0, "SIP/2.0 180");
    proxy_fixture_from_pair(CANCEL);
    assert_int_equal(edge_heard.sent_flow, flow);
    assert_non_null(strstr(edge_text(), "CANCEL sip:1002@127.0.0.1:6002"));
    assert_non_null(strstr(edge_text(), "Via: SIP/2.0/TCP 127.0.0.1:5060;"));
    assert_int_equal(proxy_fixture.world.counters.values[COUNTER_EDGE_SWITCHED], 1);
    edge_finish();
}

static void without_a_stream_they_go_as_they_are(void **state)
{
    (void)state;
    call_bob();
    uint64_t flow = edge_heard.opened_flow;
    edge_forget();
    edge_closed(flow, ERROR_UNREACHABLE);
    assert_int_equal(edge_heard.sent_to.port, 6002);
    assert_non_null(strstr(edge_text(), "Via: SIP/2.0/UDP 127.0.0.1:5060;"));
    edge_forget();
    proxy_fixture_pass(SECOND);
    assert_int_equal(edge_heard.sent_to.port, 6002); /* again, and no stream is tried */
    assert_int_equal(edge_heard.opens, 0);
    edge_finish();
}

/* Nobody says whether there is one: after the first repetition interval it goes by datagram as well. */
static void a_stream_that_hangs_delays_them_a_little(void **state)
{
    (void)state;
    call_bob();
    edge_forget();
    proxy_fixture_pass(SECOND);
    assert_int_equal(edge_heard.sent_to.port, 6002);
    assert_non_null(strstr(edge_text(), "Via: SIP/2.0/UDP 127.0.0.1:5060;"));
    edge_finish();
}

TESTS("proxy/edge/way", cmocka_unit_test(a_stream_is_opened_once_and_used_again),
    cmocka_unit_test(what_refuses_is_not_asked_at_once_again),
    cmocka_unit_test(a_peer_with_a_certificate_is_reached_by_its_own_stream),
    cmocka_unit_test(large_requests_go_by_a_stream), cmocka_unit_test(without_a_stream_they_go_as_they_are),
    cmocka_unit_test(a_stream_that_hangs_delays_them_a_little))
