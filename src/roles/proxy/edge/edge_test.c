/* Streams of phones, and what must not be done with them. */
#include "base/error.h"
#include "roles/proxy/edge/edge_fixture.h"
#include "unit.h"

#define FLOW 7000U

static const struct slice none;

static void say(unsigned listener, const char *text)
{
    if (edge__kinds[((struct proxy *)proxy_fixture.proxy)->listeners[listener].transport].frames)
        edge_frame(FLOW, WEBSOCKET_TEXT, true, slice_text(text));
    else
        edge_data(FLOW, slice_text(text));
}

static void connect_phone(unsigned listener)
{
    edge_accept(listener, FLOW, 40000, none);
    if (listener == EDGE_AT_WS || listener == EDGE_AT_WSS)
        edge_upgrade(FLOW);
}

/* The challenge is found by the fixture as if it had gone to the phone's port. */
static void register_phone(unsigned listener, const char *via, const char *contact)
{
    char text[3000], more[2000], changed[3400];
    for (int i = 0; i < 2; i++) {
        snprintf(more, sizeof more, "Contact: <%s>\r\n", contact);
        if (i == 1)
            proxy_fixture_add_credentials(more, &proxy_bob, "REGISTER", "sip:home");
        proxy_fixture_build(text, &proxy_bob, "REGISTER", "sip:home", more);
        const char *rest = strstr(text, ";branch");
        snprintf(changed, sizeof changed, "REGISTER sip:home SIP/2.0\r\nVia: %s%s", via, rest);
        edge_forget();
        say(listener, changed);
        const char *answer = strstr(edge_text(), "SIP/2.0 ");
        assert_non_null(answer);
        proxy_fixture.sent[0].port = proxy_bob.port;
        snprintf(proxy_fixture.sent[0].text, sizeof proxy_fixture.sent[0].text, "%s", answer);
        proxy_fixture.count = 1;
    }
    assert_non_null(strstr(edge_text(), "SIP/2.0 200"));
    edge_forget();
}

/* VC-1, SEC-1: a phone on each kind of stream registers, and is called by the stream that it has opened; what
 * we say of us names the transport. */
static void phones_are_called_on_their_streams(void **state)
{
    static const struct {
        unsigned listener;
        const char *via, *contact, *our_via, *our_route;
    } phones[] = {
        {EDGE_AT_TCP, "SIP/2.0/TCP 127.0.0.1:6002;alias", "sip:1002@127.0.0.1:6002;transport=tcp",
            "Via: SIP/2.0/TCP 127.0.0.1:5060;", "Record-Route: <sip:127.0.0.1:5060;transport=tcp;flow="},
        {EDGE_AT_TLS, "SIP/2.0/TLS phone.example.com", "sip:1002@127.0.0.1:6002;transport=tls",
            "Via: SIP/2.0/TLS 127.0.0.1:5061;", "Record-Route: <sip:127.0.0.1:5061;transport=tls;flow="},
        {EDGE_AT_WS, "SIP/2.0/WS df7jal23ls0d.invalid", "sip:abc@df7jal23ls0d.invalid;transport=ws",
            "Via: SIP/2.0/WS 127.0.0.1:5062;", "Record-Route: <sip:127.0.0.1:5062;transport=ws;flow="},
        {EDGE_AT_WSS, "SIP/2.0/WSS df7jal23ls0d.invalid", "sip:abc@df7jal23ls0d.invalid;transport=ws",
            "Via: SIP/2.0/WSS 127.0.0.1:7443;", "Record-Route: <sip:127.0.0.1:7443;transport=ws;flow="},
    };
    (void)state;
    for (size_t i = 0; i < sizeof phones / sizeof phones[0]; i++) {
        edge_begin();
        connect_phone(phones[i].listener);
        register_phone(phones[i].listener, phones[i].via, phones[i].contact);
        assert_int_equal(proxy_fixture_bindings("1002"), 1);
        proxy_fixture_from_pair(NODE_INVITE);
        assert_int_equal(edge_heard.sent_flow, FLOW);
        assert_non_null(strstr(edge_text(), phones[i].contact));
        assert_non_null(strstr(edge_text(), phones[i].our_via));
        assert_non_null(strstr(edge_text(), phones[i].our_route));
        edge_finish();
    }
}

/* SEC-1: what was asked for by sips is routed by sips. */
static void sips_stays_secure(void **state)
{
    struct proxy *p;
    struct buffer out = {0};
    (void)state;
    edge_begin();
    p = proxy_fixture.proxy;
    for (unsigned i = EDGE_AT_TCP; i <= EDGE_AT_WSS; i++) {
        edge_add_uri(&out, &p->listeners[i], true);
        buffer_add_byte(&out, ' ');
    }
    assert_true(slice_equal(buffer_slice(&out),
        SLICE("sip:127.0.0.1:5060;transport=tcp sips:127.0.0.1:5061 sip:127.0.0.1:5062;transport=ws "
              "sips:127.0.0.1:7443;transport=ws ")));
    buffer_free(&out);
    edge_finish();
}

#define OPTIONS                                                                                              \
    "OPTIONS sip:home SIP/2.0\r\nVia: SIP/2.0/TCP 127.0.0.1:40000;branch=z9hG4bK-%u\r\nMax-Forwards: 70\r\n" \
    "From: <sip:1@home>;tag=f\r\nTo: <sip:1@home>\r\nCall-ID: o%u\r\nCSeq: 1 OPTIONS\r\n"

static const char *options(unsigned number)
{
    static char text[600];
    snprintf(text, sizeof text, OPTIONS "Content-Length: 0\r\n\r\n", number, number);
    return text;
}

static unsigned answers(void)
{
    unsigned count = 0;
    for (const char *at = edge_text(); (at = strstr(at, "SIP/2.0 200")) != NULL; at++)
        count++;
    return count;
}

/* SEC-4: pieces of any size, on TCP and inside of WebSocket's frames. */
static void bytes_come_one_by_one(void **state)
{
    char two[1400];
    (void)state;
    edge_begin();
    connect_phone(EDGE_AT_TCP);
    snprintf(two, sizeof two, "\r\n\r\n%s", options(1));
    strcat(two, options(2));
    for (size_t i = 0; i < strlen(two); i++)
        edge_data(FLOW, slice_of(two + i, 1));
    assert_int_equal(answers(), 2);
    assert_int_equal(edge_heard.closes, 0);
    edge_finish();

    edge_begin();
    connect_phone(EDGE_AT_WS);
    const char *text = options(3);
    edge_frame(FLOW, WEBSOCKET_TEXT, false, slice_first(slice_text(text), 100));
    edge_frame(FLOW, WEBSOCKET_PING, true, SLICE("between"));
    edge_frame(FLOW, WEBSOCKET_CONTINUATION, true, slice_from(slice_text(text), 100));
    assert_int_equal(answers(), 1);
    assert_non_null(strstr(edge_text(), "between")); /* the pong */
    edge_finish();
}

/* SEC-4: where the end of a message cannot be known, nothing that follows is believed. */
static void lengths_that_lie_end_the_stream(void **state)
{
    static const char *const lies[] = {"Content-Length: 4294967296\r\n",
        "Content-Length: 18446744073709551616\r\n", "Content-Length: -1\r\n",
        "Content-Length: 0\r\nContent-Length: 9\r\n", "l: 1\r\nContent-Length: 1\r\n",
        "Content-Length: 65536\r\n", "Content-Length: 1 2\r\n", "Content-Length:\r\n", "X: y\r\n",
        "Content-Length: 0x10\r\n", "Content-Length: 99999999999999999999999999999999\r\n"};
    (void)state;
    for (size_t i = 0; i < sizeof lies / sizeof lies[0]; i++) {
        char text[1200];
        edge_begin();
        connect_phone(EDGE_AT_TCP);
        snprintf(text, sizeof text, OPTIONS "%s\r\n", 1U, 1U, lies[i]);
        strcat(text, options(2));
        edge_data(FLOW, slice_text(text));
        assert_int_equal(edge_heard.closed_flow, FLOW);
        assert_int_equal(answers(), 0);
        assert_int_equal(proxy_fixture.world.counters.values[COUNTER_EDGE_FRAMING], 1);
        assert_false(proxy__edge_flow_lives(proxy_fixture.proxy, FLOW));
        edge_finish();
    }
}

/* VC-1: RFC 5626 keep-alives, on streams and in frames. */
static void keep_alives_are_answered(void **state)
{
    (void)state;
    edge_begin();
    connect_phone(EDGE_AT_TLS);
    edge_data(FLOW, SLICE("\r\n\r\n"));
    assert_string_equal(edge_text(), "\r\n");
    edge_finish();
    edge_begin();
    connect_phone(EDGE_AT_WSS);
    edge_frame(FLOW, WEBSOCKET_TEXT, true, SLICE("\r\n\r\n"));
    assert_string_equal(edge_text(), "\x81\x02\r\n");
    edge_finish();
}

/* SEC-4 */
static void what_is_no_sip_gets_no_websocket(void **state)
{
    static const char *const requests[] = {"GET / HTTP/1.1\r\nHost: a\r\n\r\n",
        "GET / HTTP/1.1\r\nHost: a\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Version: "
        "13\r\n"
        "Sec-WebSocket-Key: AQIDAAAAAAAAAAAAAAAAAA==\r\n\r\n",
        "GET / HTTP/1.1\r\nHost: a\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Version: "
        "13\r\n"
        "Sec-WebSocket-Key: AQIDAAAAAAAAAAAAAAAAAA==\r\nSec-WebSocket-Protocol: chat\r\n\r\n",
        "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 10\r\n\r\n", "OPTIONS sip:home SIP/2.0\r\n\r\n",
        "\x16\x03\x01\x02"};
    (void)state;
    for (size_t i = 0; i < sizeof requests / sizeof requests[0]; i++) {
        edge_begin();
        edge_accept(EDGE_AT_WS, FLOW, 40000, none);
        edge_data(FLOW, slice_text(requests[i]));
        edge_data(FLOW, SLICE("\r\n"));
        assert_null(strstr(edge_text(), "101 "));
        proxy_fixture_pass(25 * (int64_t)SECOND);
        assert_int_equal(edge_heard.closed_flow, FLOW);
        edge_finish();
    }
}

/* SEC-4: frames that break the rules end the stream; messages that are no SIP do not. */
static void bad_frames_end_the_stream(void **state)
{
    (void)state;
    edge_begin();
    connect_phone(EDGE_AT_WS);
    edge_frame(FLOW, WEBSOCKET_TEXT, true, SLICE("hello"));
    edge_frame(FLOW, WEBSOCKET_TEXT, true, SLICE(""));
    assert_int_equal(edge_heard.closes, 0);
    assert_int_equal(proxy_fixture.world.counters.values[COUNTER_SIP_BAD], 1);
    edge_frame(FLOW, 3, true, SLICE("reserved"));
    assert_int_equal(edge_heard.closed_flow, FLOW);
    assert_int_equal(proxy_fixture.world.counters.values[COUNTER_EDGE_WEBSOCKET_BAD], 1);
    edge_finish();
}

/* SEC-4: a stream that never says anything whole is closed; one that is silent after that may stay for long.
 */
static void silent_and_slow_streams_are_closed(void **state)
{
    (void)state;
    edge_begin();
    connect_phone(EDGE_AT_TCP);
    proxy_fixture_pass(19 * (int64_t)SECOND);
    assert_int_equal(edge_heard.closes, 0);
    edge_data(FLOW, SLICE("OPT"));
    proxy_fixture_pass(3 * (int64_t)SECOND);
    assert_int_equal(edge_heard.closed_flow, FLOW);
    assert_int_equal(proxy_fixture.world.counters.values[COUNTER_EDGE_HALF_OPEN], 1);
    edge_finish();

    edge_begin();
    connect_phone(EDGE_AT_TCP);
    edge_data(FLOW, slice_text(options(1)));
    edge_data(FLOW, SLICE("OPT")); /* one byte every ten seconds keeps nothing open */
    proxy_fixture_pass(10 * (int64_t)SECOND);
    edge_data(FLOW, SLICE("I"));
    proxy_fixture_pass(12 * (int64_t)SECOND);
    assert_int_equal(edge_heard.closed_flow, FLOW);
    edge_finish();

    edge_begin();
    connect_phone(EDGE_AT_TCP);
    edge_data(FLOW, slice_text(options(1)));
    proxy_fixture_pass(7400 * (int64_t)SECOND);
    assert_int_equal(edge_heard.closes, 0);
    proxy_fixture_pass(110 * (int64_t)SECOND);
    assert_int_equal(edge_heard.closed_flow, FLOW);
    assert_int_equal(proxy_fixture.world.counters.values[COUNTER_EDGE_IDLE], 1);
    edge_finish();
}

/* SEC-4: how long, and how many, is the location's to say; more are closed at once. */
static void the_location_bounds_streams(void **state)
{
    (void)state;
    proxy_fixture_location.guard = (struct config_guard){.streams_all = 2, .stream_idle = 60};
    edge_begin();
    for (unsigned i = 0; i < 3; i++)
        edge_accept(EDGE_AT_TCP, FLOW + i, (uint16_t)(40000 + i), none);
    assert_int_equal(edge_heard.closed_flow, FLOW + 2);
    assert_int_equal(proxy_fixture.world.counters.values[COUNTER_EDGE_REFUSED], 1);
    edge_data(FLOW, slice_text(options(1)));
    edge_data(FLOW + 1, slice_text(options(2)));
    edge_forget();
    proxy_fixture_pass(58 * (int64_t)SECOND);
    assert_int_equal(edge_heard.closes, 0);
    proxy_fixture_pass(4 * (int64_t)SECOND);
    assert_int_equal(edge_heard.closes, 2);
    edge_finish();
}

/* VC-4: a call to a phone whose stream ends is refused at once, not after 32 s. */
static void a_lost_stream_fails_its_requests(void **state)
{
    (void)state;
    edge_begin();
    connect_phone(EDGE_AT_TLS);
    register_phone(EDGE_AT_TLS, "SIP/2.0/TLS 127.0.0.1:40000", "sip:1002@127.0.0.1:40000;transport=tls");
    proxy_fixture_from_pair(NODE_INVITE);
    proxy_fixture.count = 0;
    edge_closed(FLOW, ERROR_CLOSED);
    proxy_fixture_must_find(0, "SIP/2.0 480");
    proxy_fixture.count = 0;
    char again[1000];
    snprintf(again, sizeof again, "%s", NODE_INVITE);
    strstr(again, "z9hG4bK-n1")[9] = '2';
    proxy_fixture_from_pair(again);
    proxy_fixture_must_find(0, "SIP/2.0 480");
    edge_finish();
}

static void expect_reply(const char *via, const char *peer, bool trusted, const char *wanted)
{
    struct sip_message m;
    struct buffer text = {0};
    struct address from;
    assert_int_equal(address_parse(&from, slice_text(peer)), 0);
    struct arena arena = {0};
    char request[600];
    snprintf(request, sizeof request,
        "OPTIONS sip:a SIP/2.0\r\n%s\r\nFrom: <sip:1@a>;tag=f\r\nTo: <sip:1@a>\r\nCall-ID: c\r\nCSeq: 1 "
        "OPTIONS\r\n\r\n",
        via);
    assert_int_equal(sip_parse(&m, slice_text(request), &arena, NULL), 0);
    struct address to = edge__reply_address(&m, &from, trusted);
    address_add(&text, &to);
    if (!slice_equal(buffer_slice(&text), slice_text(wanted)))
        fail_msg("the answer to %s from %s goes to %.*s", via, peer, SLICE_ARG(buffer_slice(&text)));
    buffer_free(&text);
    arena_free(&arena);
}

/* VC-1, SEC-4: RFC 3261 18.2.2; a stranger's maddr does not make us send to somebody else. */
static void answers_go_where_the_via_says(void **state)
{
    (void)state;
    expect_reply("Via: SIP/2.0/UDP 10.0.0.1;branch=z", "10.0.0.1:4000", false, "10.0.0.1:5060");
    expect_reply("Via: SIP/2.0/UDP 10.0.0.1:5070;branch=z", "10.0.0.1:4000", false, "10.0.0.1:5070");
    expect_reply("Via: SIP/2.0/UDP 10.0.0.1:5070;rport;branch=z", "10.0.0.1:4000", false, "10.0.0.1:4000");
    expect_reply("Via: SIP/2.0/UDP 192.168.0.9:5070;branch=z", "10.0.0.1:4000", false, "10.0.0.1:4000");
    expect_reply(
        "Via: SIP/2.0/UDP 10.0.0.1;maddr=10.0.0.7;branch=z", "10.0.0.1:4000", false, "10.0.0.1:5060");
    expect_reply(
        "Via: SIP/2.0/UDP 10.0.0.1:5071;maddr=10.0.0.7;branch=z", "10.0.0.1:4000", true, "10.0.0.7:5071");
    expect_reply(
        "Via: SIP/2.0/UDP 10.0.0.1;maddr=a.example;branch=z", "10.0.0.1:4000", true, "10.0.0.1:5060");
}

static uint64_t gauge(enum gauge g)
{
    return proxy_fixture.world.gauges.values[g];
}

static void streams_are_counted(void **state)
{
    (void)state;
    edge_begin();
    edge_accept(EDGE_AT_TCP, FLOW, 1, none);
    edge_accept(EDGE_AT_TCP, FLOW + 1, 2, none);
    edge_accept(EDGE_AT_WSS, FLOW + 2, 3, none);
    assert_int_equal(gauge(GAUGE_FLOWS_TCP), 2);
    assert_int_equal(gauge(GAUGE_FLOWS_WSS), 1);
    edge_closed(FLOW + 1, ERROR_CLOSED);
    assert_int_equal(gauge(GAUGE_FLOWS_TCP), 1);
    edge_finish();
}

TESTS("proxy/edge", cmocka_unit_test(phones_are_called_on_their_streams), cmocka_unit_test(sips_stays_secure),
    cmocka_unit_test(bytes_come_one_by_one), cmocka_unit_test(lengths_that_lie_end_the_stream),
    cmocka_unit_test(keep_alives_are_answered), cmocka_unit_test(what_is_no_sip_gets_no_websocket),
    cmocka_unit_test(bad_frames_end_the_stream), cmocka_unit_test(silent_and_slow_streams_are_closed),
    cmocka_unit_test(the_location_bounds_streams), cmocka_unit_test(a_lost_stream_fails_its_requests),
    cmocka_unit_test(streams_are_counted), cmocka_unit_test(answers_go_where_the_via_says))
