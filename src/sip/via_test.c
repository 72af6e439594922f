#include "base/error.h"
#include "sip/message.h"
#include "unit.h"

#define REST "From: <sip:a@b>;tag=x\r\nTo: <sip:b@c>\r\nCall-ID: a\r\nCSeq: 1 OPTIONS\r\n\r\nbody"

static const struct {
    const char *via;
    bool needed;
    const char *stamped;
} rows[] = {
    {"Via: SIP/2.0/UDP 192.0.2.7:5062;branch=z9hG4bKx", false,
        "Via: SIP/2.0/UDP 192.0.2.7:5062;branch=z9hG4bKx;received=192.0.2.7"},
    {"Via: SIP/2.0/UDP a.example;branch=z9hG4bKx", true,
        "Via: SIP/2.0/UDP a.example;branch=z9hG4bKx;received=192.0.2.7"},
    {"v : SIP/2.0/UDP 192.0.2.7 ; rport ; branch = z9hG4bKx", true,
        "Via: SIP/2.0/UDP 192.0.2.7;branch=z9hG4bKx;received=192.0.2.7;rport=5070"},
    /* RFC 3581 4: what the sender says of itself there does not count */
    {"Via: SIP/2.0/UDP 192.0.2.7;RPORT=7;Received=6.6.6.6;branch=z9hG4bKx", true,
        "Via: SIP/2.0/UDP 192.0.2.7;branch=z9hG4bKx;received=192.0.2.7;rport=5070"},
    {"Via: SIP/2.0/UDP 192.0.2.7;rportx=1;x=\"a, b;rport\";rport, SIP/2.0/TCP c;rport", true,
        "Via: SIP/2.0/UDP 192.0.2.7;rportx=1;x=\"a, b;rport\";received=192.0.2.7;rport=5070, SIP/2.0/TCP "
        "c;rport"},
    {"Via:\r\n SIP / 2.0 / UDP\r\n  192.0.2.9:5060\r\n ;branch=z9hG4bKx ,SIP/2.0/TCP c\r\nVia: SIP/2.0/TCP d",
        true,
        "Via: SIP / 2.0 / UDP 192.0.2.9:5060;branch=z9hG4bKx;received=192.0.2.7 ,SIP/2.0/TCP c\r\n"
        "Via: SIP/2.0/TCP d"},
};

/* VC-1, CM-40: RFC 3261 18.2.1, RFC 3581. */
static void is_completed_by_who_receives_it(void **state)
{
    (void)state;
    struct buffer text = {0}, out = {0};
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct arena arena = {0};
        struct sip_message m;
        buffer_clear(&text);
        buffer_clear(&out);
        buffer_add_format(&text, "OPTIONS sip:b@c SIP/2.0\r\n%s\r\n" REST, rows[i].via);
        assert_int_equal(sip_parse(&m, buffer_slice(&text), &arena, NULL), 0);
        assert_int_equal(sip_needs_stamp(&m, SLICE("192.0.2.7")), rows[i].needed);
        sip_add_stamped(&out, &m, SLICE("192.0.2.7"), 5070);
        buffer_clear(&text);
        buffer_add_format(&text, "OPTIONS sip:b@c SIP/2.0\r\n%s\r\n" REST, rows[i].stamped);
        if (!slice_equal(buffer_slice(&out), buffer_slice(&text)))
            fail_msg("row %zu: %.*s", i, SLICE_ARG(buffer_slice(&out)));
        assert_int_equal(sip_parse(&m, buffer_slice(&out), &arena, NULL), 0);
        arena_free(&arena);
    }
    buffer_free(&out);
    buffer_free(&text);
}

/* RFC 5118 4.5: no brackets around the address. */
static void ipv6_is_written_without_brackets(void **state)
{
    (void)state;
    struct arena arena = {0};
    struct buffer out = {0};
    struct sip_message m;
    assert_int_equal(
        sip_parse(&m, SLICE("OPTIONS sip:b@c SIP/2.0\r\nVia: SIP/2.0/UDP a;rport\r\n" REST), &arena, NULL),
        0);
    sip_add_stamped(&out, &m, SLICE("[2001:db8::1]"), 5070);
    assert_int_equal(sip_parse(&m, buffer_slice(&out), &arena, NULL), 0);
    assert_true(slice_equal(m.via.received, SLICE("2001:db8::1")));
    assert_int_equal(m.via.rport, 5070);
    buffer_free(&out);
    arena_free(&arena);
}

TESTS("sip/via", cmocka_unit_test(is_completed_by_who_receives_it),
    cmocka_unit_test(ipv6_is_written_without_brackets))
