#include "tools/network/ports.h"

#include "base/error.h"
#include "unit.h"

static char text[16384];

static int rules(const char *roles, const char *first, const char *second)
{
    struct buffer out = {0}, complaint = {0};
    struct slice networks[] = {slice_text(first), slice_text(second)};
    int error = ports_firewall(&out, slice_text(roles), networks, second != NULL ? 2 : 1, &complaint);
    assert_int_equal(error != 0, complaint.length != 0);
    snprintf(text, sizeof text, "%.*s", SLICE_ARG(buffer_slice(&out)));
    buffer_free(&out);
    buffer_free(&complaint);
    return error;
}

static void what_is_inside_is_closed_to_all_others(void **state) /* SEC-8 */
{
    (void)state;
    assert_int_equal(rules("node,etcd", "inside=192.0.2.0/24", "inside=2001:db8::/32"), 0);
    assert_non_null(
        strstr(text, "set inside4 {\n\t\ttype ipv4_addr\n\t\tflags interval\n\t\tauto-merge\n\t\telements = "
                     "{ 192.0.2.0/24 }"));
    assert_non_null(strstr(text, "elements = { 2001:db8::/32 }"));
    assert_non_null(strstr(text, "ip saddr != @inside4 tcp dport { 7000, 7001, 9180, 2379, 2380 } drop"));
    assert_non_null(strstr(text, "ip6 saddr != @inside6 tcp dport { 7000, 7001, 9180, 2379, 2380 } drop"));
    assert_null(strstr(text, "5060"));
    assert_null(strstr(text, "8443"));
    assert_non_null(strstr(text, "policy accept"));
}

static void phones_are_let_in_from_their_zone(void **state)
{
    (void)state;
    assert_int_equal(rules("proxy", "inside=192.0.2.0/24", "dmz=198.51.100.7"), 0);
    assert_non_null(
        strstr(text, "set dmz4 {\n\t\ttype ipv4_addr\n\t\tflags interval\n\t\tauto-merge\n\t\telements = { "
                     "192.0.2.0/24, 198.51.100.7 }"));
    assert_non_null(strstr(text, "ip saddr != @dmz4 udp dport { 5060 } drop"));
    assert_null(strstr(text, "7001"));
}

static void what_makes_no_sense_is_refused(void **state)
{
    (void)state;
    assert_int_equal(rules("", "public=192.0.2.0/24", NULL), ERROR_SYNTAX);
    assert_int_equal(rules("", "inside=192.0.2.0/33", NULL), ERROR_SYNTAX);
    assert_int_equal(rules("", "inside=192.0.2", NULL), ERROR_SYNTAX);
    assert_int_equal(rules("", "inside=192.0.2.0/24 } drop", NULL), ERROR_SYNTAX);
    assert_int_equal(rules("proxy,every", "inside=192.0.2.0/24", NULL), ERROR_SYNTAX);
    assert_int_equal(rules("proxies", "inside=192.0.2.0/24", NULL), ERROR_SYNTAX);
    assert_int_equal(rules("history", "inside=192.0.2.0/24", NULL), 0);
}

TESTS("tools/network/ports", cmocka_unit_test(what_is_inside_is_closed_to_all_others),
    cmocka_unit_test(phones_are_let_in_from_their_zone), cmocka_unit_test(what_makes_no_sense_is_refused))
