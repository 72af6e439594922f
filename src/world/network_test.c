#include "world/network.h"

#include "base/error.h"
#include "unit.h"

static void check_holds(const char *network, const char *address, bool expected)
{
    struct network n;
    struct address a;
    assert_int_equal(network_parse(&n, slice_text(network)), 0);
    assert_int_equal(address_parse_ip(&a, slice_text(address)), 0);
    a.port = 5060;
    if (network_holds(&n, &a) != expected)
        fail_msg("%s %s %s", network, expected ? "does not hold" : "holds", address);
}

static void holds_what_shares_its_bits(void **state)
{
    (void)state;
    check_holds("192.0.2.0/24", "192.0.2.255", true);
    check_holds("192.0.2.0/24", "192.0.3.0", false);
    check_holds("192.0.2.8/29", "192.0.2.15", true);
    check_holds("192.0.2.8/29", "192.0.2.16", false);
    check_holds("192.0.2.7", "192.0.2.7", true);
    check_holds("192.0.2.7", "192.0.2.6", false);
    check_holds("0.0.0.0/0", "203.0.113.9", true);
    check_holds("0.0.0.0/0", "2001:db8::1", false);
    check_holds("2001:db8::/33", "2001:db8:7fff::1", true);
    check_holds("2001:db8::/33", "2001:db8:8000::1", false);
    check_holds("192.0.2.0/24", "::ffff:192.0.2.1", true);
}

static void refuses_what_is_no_network(void **state)
{
    static const char *const bad[] = {"", "/", "192.0.2.0/", "192.0.2.0/33", "192.0.2.1/24", "::1/0",
        "::/129", "192.0.2.0/-1", "192.0.2/24", "localhost", "192.0.2.0/24/1"};
    struct network n;
    (void)state;
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++)
        if (network_parse(&n, slice_text(bad[i])) == 0)
            fail_msg("%s is taken", bad[i]);
}

TESTS("world/network", cmocka_unit_test(holds_what_shares_its_bits),
    cmocka_unit_test(refuses_what_is_no_network))
