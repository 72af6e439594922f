#include "roles/proxy/edge/stun.h"

#include "base/error.h"
#include "roles/proxy/edge/edge_fixture.h"
#include "unit.h"

#define COOKIE "\x21\x12\xa4\x42"
#define ID "\xb7\xe7\xa7\x01\xbc\x34\xd6\x86\xfa\x87\xdf\xae"
#define HEAD(type, length) type length COOKIE ID

static struct address peer_of(const char *text)
{
    struct address a;
    assert_int_equal(address_parse(&a, slice_text(text)), 0);
    return a;
}

static void expect(struct slice request, const char *peer, struct slice wanted)
{
    struct buffer out = {0};
    struct address from = peer_of(peer);
    assert_true(stun_is(request));
    assert_int_equal(stun_answer(&out, request, &from), 0);
    assert_int_equal(out.length, wanted.length);
    assert_memory_equal(out.data, wanted.data, wanted.length);
    buffer_free(&out);
}

/* VC-1. The masked addresses are those of RFC 5769 2.2 and 2.3. */
static void a_phone_learns_where_it_is_seen(void **state)
{
    (void)state;
    expect(SLICE(HEAD("\x00\x01", "\x00\x00")), "192.0.2.1:32853",
        SLICE(HEAD("\x01\x01", "\x00\x0c") "\x00\x20\x00\x08\x00\x01\xa1\x47\xe1\x12\xa6\x43"));
    expect(SLICE(HEAD("\x00\x01", "\x00\x00")), "[2001:db8:1234:5678:11:2233:4455:6677]:32853",
        SLICE(HEAD("\x01\x01", "\x00\x18") "\x00\x20\x00\x14\x00\x02\xa1\x47\x01\x13\xa9\xfa\xa5\xd3\xf1\x79"
                                           "\xbc\x25\xf4\xb5\xbe\xd2\xb9\xd9"));
}

/* RFC 3489: without the cookie the address is not masked. */
static void an_old_phone_is_answered_too(void **state)
{
    (void)state;
    expect(SLICE("\x00\x01\x00\x00"
                 "0123" ID),
        "192.0.2.1:32853",
        SLICE("\x01\x01\x00\x0c"
              "0123" ID "\x00\x01\x00\x08\x00\x01\x80\x55\xc0\x00\x02\x01"));
}

static void what_must_be_understood_and_is_not_is_refused(void **state)
{
    (void)state;
    expect(SLICE(HEAD("\x00\x01", "\x00\x08") "\x00\x03\x00\x04\x00\x00\x00\x06"), "192.0.2.1:1",
        SLICE(
            HEAD("\x01\x11", "\x00\x10") "\x00\x09\x00\x04\x00\x00\x04\x14\x00\x0a\x00\x02\x00\x03\x00\x00"));
    expect(SLICE(HEAD("\x00\x01", "\x00\x08") "\x80\x22\x00\x03"
                                              "abc\x00"),
        "192.0.2.1:32853",
        SLICE(HEAD("\x01\x01", "\x00\x0c") "\x00\x20\x00\x08\x00\x01\xa1\x47\xe1\x12\xa6\x43"));
}

/* A request with a fingerprint gets one; a wrong one means that it was no STUN. */
static void fingerprints_are_checked_and_given(void **state)
{
    struct address peer = peer_of("192.0.2.1:32853");
    struct buffer out = {0};
    (void)state;
    expect(SLICE(HEAD("\x00\x01", "\x00\x08") "\x80\x28\x00\x04\xfd\xf6\xae\x02"), "192.0.2.1:32853",
        SLICE(HEAD("\x01\x01", "\x00\x14") "\x00\x20\x00\x08\x00\x01\xa1\x47\xe1\x12\xa6\x43"
                                           "\x80\x28\x00\x04\x7d\x28\x1f\x59"));
    assert_int_equal(
        stun_answer(&out, SLICE(HEAD("\x00\x01", "\x00\x08") "\x80\x28\x00\x04\xfd\xf6\xae\x03"), &peer),
        ERROR_SYNTAX);
    assert_int_equal(out.length, 0);
    buffer_free(&out);
}

/* SEC-4 */
static void what_is_no_request_gets_no_answer(void **state)
{
    static const struct slice bad[] = {SLICE_INIT(HEAD("\x00\x11", "\x00\x00")), /* an indication */
        SLICE_INIT(HEAD("\x01\x01", "\x00\x00")), SLICE_INIT(HEAD("\x00\x02", "\x00\x00")),
        SLICE_INIT(HEAD("\x00\x01", "\x00\x04") "\x80\x22\x00\x01"),
        SLICE_INIT(HEAD("\x00\x01", "\x00\x08") "\x80\x22\xff\xff"
                                                "abcd")};
    struct address peer = peer_of("192.0.2.1:1");
    struct buffer out = {0};
    (void)state;
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++)
        assert_int_equal(stun_answer(&out, bad[i], &peer), ERROR_SYNTAX);
    assert_int_equal(out.length, 0);
    assert_false(stun_is(SLICE("REGISTER sip:home SIP/2.0\r\n")));
    assert_false(stun_is(SLICE("\r\n\r\n")));
    assert_false(stun_is(SLICE(HEAD("\x00\x01", "\x00\x04"))));
    buffer_free(&out);
}

/* VC-1: on the port of SIP, RFC 5626 4.4.2. */
static void the_proxy_answers_stun(void **state)
{
    struct input in = {
        .kind = INPUT_DATAGRAM, .token = PROXY_TOKEN_EDGE, .bytes = SLICE(HEAD("\x00\x01", "\x00\x00"))};
    (void)state;
    edge_begin();
    in.flow = proxy_fixture.edge;
    in.peer = peer_of("192.0.2.1:32853");
    proxy_fixture_input(in);
    assert_int_equal(edge_heard.sent.length, 32);
    assert_int_equal(edge_heard.sent_to.port, 32853);
    assert_int_equal(proxy_fixture.world.counters.values[COUNTER_EDGE_STUN], 1);
    edge_finish();
}

TESTS("proxy/edge/stun", cmocka_unit_test(a_phone_learns_where_it_is_seen),
    cmocka_unit_test(an_old_phone_is_answered_too),
    cmocka_unit_test(what_must_be_understood_and_is_not_is_refused),
    cmocka_unit_test(fingerprints_are_checked_and_given), cmocka_unit_test(what_is_no_request_gets_no_answer),
    cmocka_unit_test(the_proxy_answers_stun))
