#include "config/part.h"

#include "base/error.h"
#include "config/builder.h"

#include "unit.h"

static int build(struct configuration **c, const char *role_inside, const char *link, const char *member,
    enum config_member_state state, struct buffer *complaint)
{
    struct config_builder *b = config_builder_new();
    config_builder_location(b, &(struct config_location){.name = SLICE("home")});
    config_builder_member(b,
        &(struct config_member){.name = SLICE("host-1"), .serial = SLICE("0b"), .state = (uint8_t)state},
        SLICE("home"));
    config_builder_application(b,
        &(struct config_application){.name = SLICE("node-1a"),
            .member = slice_text(member),
            .pair = SLICE("node-1"),
            .role = CONFIG_ROLE_NODE,
            .inside = slice_text(role_inside),
            .link = slice_text(link)},
        SLICE("home"));
    return config_builder_end(c, b, complaint);
}

static void refuses(const char *inside, const char *link, const char *member, const char *sentence)
{
    struct configuration *c;
    struct buffer complaint = {0};
    assert_int_equal(build(&c, inside, link, member, CONFIG_MEMBER_TRUSTED, &complaint), ERROR_RANGE);
    buffer_add_byte(&complaint, '\0');
    assert_string_equal(complaint.data, sentence);
    buffer_free(&complaint);
}

/* SEC-1: what leaves a machine is encrypted, and each end is known. */
static void endpoints_between_parts_are_checked(void **state)
{
    (void)state;
    struct configuration *c;
    refuses("tcp:192.0.2.1:7000", "", "host-1",
        "application node-1a: what leaves the machine is encrypted: write tls:ADDRESS:PORT instead of "
        "tcp:192.0.2.1:7000");
    refuses("", "tcp:192.0.2.1:7000", "host-1",
        "application node-1a: what leaves the machine is encrypted: write tls:ADDRESS:PORT instead of "
        "tcp:192.0.2.1:7000");
    refuses("tls:192.0.2.1:7000", "", "",
        "application node-1a: only an application with a member can be recognized by its certificate at "
        "tls:192.0.2.1:7000");
    refuses("udp:127.0.0.1:7000", "", "host-1",
        "application node-1a: parts do not speak over udp: among each other; write tls:ADDRESS:PORT instead "
        "of "
        "udp:127.0.0.1:7000");
    refuses("tls:192.0.2.1:7000/x", "", "host-1",
        "application node-1a: the name is that of the member and is not written behind the place "
        "tls:192.0.2.1:7000/x");
    assert_int_equal(
        build(&c, "tcp:127.0.0.2:7000", "tcp:[::1]:7001", "host-1", CONFIG_MEMBER_TRUSTED, NULL), 0);
    config_release(c);
}

static void opens(const char *inside, enum config_member_state state, const char *what)
{
    struct configuration *c;
    struct buffer out = {0};
    assert_int_equal(build(&c, inside, "", "host-1", state, NULL), 0);
    const struct config_application *a = config_application(c, SLICE("node-1a"));
    assert_int_equal(part_open(&out, c, a, a->inside), what != NULL);
    buffer_add_byte(&out, '\0');
    assert_string_equal(out.data, what != NULL ? what : "");
    buffer_free(&out);
    config_release(c);
}

static void says_what_to_open(void **state)
{
    (void)state;
    struct buffer out = {0};
    opens("tls:192.0.2.1:7000", CONFIG_MEMBER_TRUSTED, "tls:192.0.2.1:7000/host-1");
    opens("tls:192.0.2.1:7000", CONFIG_MEMBER_REVOKED, NULL);
    opens("tls:192.0.2.1:7000", CONFIG_MEMBER_NEW, NULL);
    opens("tcp:127.0.0.1:7000", CONFIG_MEMBER_NEW, "tcp:127.0.0.1:7000");
    opens("local:x", CONFIG_MEMBER_NEW, "local:x");
    part_listen(&out, SLICE("tls:192.0.2.1:7000"));
    assert_true(slice_equal(buffer_slice(&out), SLICE("tls:192.0.2.1:7000/*")));
    buffer_clear(&out);
    part_listen(&out, SLICE("local:x"));
    assert_true(slice_equal(buffer_slice(&out), SLICE("local:x")));
    buffer_free(&out);
}

static bool speaks(
    const struct configuration *c, const char *endpoint, const char *name, const char *serial, const char *as)
{
    struct part_peer peer;
    part_peer_set(&peer, &(struct input){.name = slice_text(name), .bytes = slice_text(serial)});
    return part_speaks_for(c, slice_text(endpoint), &peer, config_application(c, slice_text(as)));
}

/* SEC-1: who may speak for an application. */
static void says_who_speaks_for_whom(void **state)
{
    (void)state;
    struct configuration *c;
    const struct part_peer unknown = {.known = false};
    static const char at[] = "tls:192.0.2.1:7000";
    assert_int_equal(build(&c, at, "", "host-1", CONFIG_MEMBER_TRUSTED, NULL), 0);
    assert_true(speaks(c, at, "host-1", "0b", "node-1a"));
    assert_false(speaks(c, at, "host-1", "0c", "node-1a"));
    assert_false(speaks(c, at, "host-2", "0b", "node-1a"));
    assert_false(speaks(c, at, "", "", "node-1a"));
    assert_false(speaks(c, at, "host-1", "0b", "node-1b"));
    assert_true(speaks(c, "local:x", "", "", "node-1b"));
    assert_false(part_speaks_for(c, slice_text(at), &unknown, config_application(c, SLICE("node-1a"))));
    config_release(c);
    assert_int_equal(build(&c, at, "", "host-1", CONFIG_MEMBER_REVOKED, NULL), 0);
    assert_false(speaks(c, at, "host-1", "0b", "node-1a"));
    config_release(c);
}

static bool trusts(const struct configuration *c, const char *endpoint, const char *name, const char *serial)
{
    struct part_peer peer;
    part_peer_set(&peer, &(struct input){.name = slice_text(name), .bytes = slice_text(serial)});
    return part_trusts(c, slice_text(endpoint), &peer);
}

/* SEC-1: a flow that is open stays as long as its member is trusted with that certificate. */
static void says_whose_open_flows_stay(void **state)
{
    (void)state;
    struct configuration *c;
    const struct part_peer unknown = {.known = false};
    static const char at[] = "tls:192.0.2.1:7000";
    assert_int_equal(build(&c, at, "", "host-1", CONFIG_MEMBER_TRUSTED, NULL), 0);
    assert_true(trusts(c, at, "host-1", "0b"));
    assert_false(trusts(c, at, "host-1", "0c"));
    assert_false(trusts(c, at, "host-2", "0b"));
    assert_true(part_trusts(c, slice_text(at), &unknown)); /* it has not introduced itself yet */
    config_release(c);
    assert_int_equal(build(&c, at, "", "host-1", CONFIG_MEMBER_REVOKED, NULL), 0);
    assert_false(trusts(c, at, "host-1", "0b"));
    assert_true(trusts(c, "local:x", "", ""));
    config_release(c);
}

TESTS("config/part", cmocka_unit_test(endpoints_between_parts_are_checked),
    cmocka_unit_test(says_what_to_open), cmocka_unit_test(says_who_speaks_for_whom),
    cmocka_unit_test(says_whose_open_flows_stay))
