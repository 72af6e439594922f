#include "world/address.h"

#include "base/error.h"
#include "unit.h"

static void check_round(const char *text, const char *expected)
{
    struct endpoint e, again;
    struct buffer out = {0};
    assert_int_equal(endpoint_parse(&e, slice_text(text)), 0);
    endpoint_add(&out, &e);
    assert_true(slice_equal(buffer_slice(&out), slice_text(expected)));
    assert_int_equal(endpoint_parse(&again, buffer_slice(&out)), 0);
    assert_memory_equal(&e, &again, sizeof e);
    buffer_free(&out);
}

static void endpoints_survive_writing_and_reading(void **state)
{
    (void)state;
    check_round("udp:127.0.0.1:5060", "udp:127.0.0.1:5060");
    check_round("wss:[::1]:7443/phones.example.com", "wss:[::1]:7443/phones.example.com");
    check_round("ws:127.0.0.1:80", "ws:127.0.0.1:80");
    check_round("TCP:0.0.0.0:0", "tcp:0.0.0.0:0");
    check_round("tls:[::1]:5061", "tls:[::1]:5061");
    check_round("tls:127.0.0.1:5061/node-1.example", "tls:127.0.0.1:5061/node-1.example");
    check_round("udp:[2001:DB8::0:1]:65535", "udp:[2001:db8::1]:65535");
    check_round("local:node-1a", "local:node-1a");
    check_round("local:a:b/c", "local:a:b/c");
}

static void refuses_what_is_no_endpoint(void **state)
{
    static const char *const bad[] = {"", "udp", "udp:", "udp:127.0.0.1",
        "udp:127.0.0.1:", "udp:127.0.0.1:65536", "udp:127.0.0.1:-1", "udp:127.0.0.1:5060x", "udp:127.0.0:1",
        "udp:::1:5060", "udp:[::1:5060", "udp:::1]:5060", "udp:localhost:5060", "sctp:127.0.0.1:1",
        "local:", "udp:127.0.0.1:5060/name", "tls:127.0.0.1:5061/", "udp: 127.0.0.1:5060",
        "udp:127.0.0.01:5060", "udp:256.0.0.1:5060",
        "local:0123456789012345678901234567890123456789012345678901234567890123"};
    struct endpoint e;
    (void)state;
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++)
        if (endpoint_parse(&e, slice_text(bad[i])) != ERROR_SYNTAX &&
            endpoint_parse(&e, slice_text(bad[i])) != ERROR_RANGE)
            fail_msg("%s is taken", bad[i]);
    assert_int_equal(endpoint_parse(&e, slice_of("local:a\0b", 9)), ERROR_SYNTAX);
    assert_int_equal(endpoint_parse(&e, slice_of("udp:1.2.3.4\0:1", 14)), ERROR_SYNTAX);
}

static void equal_addresses_are_equal_bytes(void **state)
{
    struct address a, b;
    (void)state;
    memset(&a, 0xaa, sizeof a);
    memset(&b, 0x55, sizeof b);
    assert_int_equal(address_parse(&a, SLICE("10.1.2.3:5060")), 0);
    assert_int_equal(address_parse(&b, SLICE("10.1.2.3:5060")), 0);
    assert_true(address_equal(&a, &b));
    assert_int_equal(address_parse(&b, SLICE("10.1.2.3:5061")), 0);
    assert_false(address_equal(&a, &b));
    assert_int_equal(address_parse_ip(&a, SLICE("[::1]")), 0);
    assert_int_equal(a.family, 6);
    assert_int_equal(address_parse_ip(&b, SLICE("::1")), 0);
    assert_true(address_equal(&a, &b));
    assert_int_equal(address_parse_ip(&a, SLICE("[]")), ERROR_SYNTAX);
}

static void nothing_is_written_as_a_dash(void **state)
{
    struct address a = {.family = 0};
    struct buffer out = {0};
    (void)state;
    address_add_ip(&out, &a);
    assert_true(slice_equal(buffer_slice(&out), SLICE("-")));
    buffer_free(&out);
}

TESTS("world/address", cmocka_unit_test(endpoints_survive_writing_and_reading),
    cmocka_unit_test(refuses_what_is_no_endpoint), cmocka_unit_test(equal_addresses_are_equal_bytes),
    cmocka_unit_test(nothing_is_written_as_a_dash))
