#include "tools/network/accounts.h"

#include "base/error.h"
#include "config/kind.h"
#include "unit.h"

static const char *made(const char *member)
{
    static struct buffer out;
    struct buffer complaint = {0};
    struct slice members[] = {slice_text(member)};
    buffer_free(&out);
    assert_int_equal(accounts_nats(&out, SLICE("tandem"), members, 1, &complaint), 0);
    buffer_add_byte(&out, '\0');
    static char text[8192];
    snprintf(text, sizeof text, "%s", out.data);
    buffer_free(&out);
    return text;
}

static void a_member_may_what_its_roles_need(void **state)
{
    (void)state;
    const char *text = made("host-1=history,config");
    assert_non_null(strstr(text, "user: \"host-1\", password: $BUS_PASSWORD_HOST_1"));
    assert_non_null(strstr(text, "\"tandem.ctl.stored.*\""));
    assert_non_null(strstr(text, "\"tandem.call.>\""));
    assert_non_null(strstr(text, "\"tandem.cfg.*\""));
    assert_null(strstr(text, "tandem.live"));
    assert_null(strstr(text, "tandem.reg"));
    assert_non_null(strstr(made("host-1"), "tandem.live"));
}

static void nothing_administrative_is_permitted_to_anybody(void **state)
{
    (void)state;
    const char *text = made("host-1");
    for (const char *at = text; (at = strchr(at, '"')) != NULL; at = strchr(at + 1, '"') + 1)
        assert_true(strncmp(at, "\"tandem.", 8) == 0 || strncmp(at, "\"host-1", 7) == 0);
    assert_non_null(strstr(text, "system_account: SYS"));
    assert_false(accounts_permit(SLICE("node"), true, SLICE("$SYS.REQ.SERVER.PING")));
    assert_false(accounts_permit(SLICE("node"), false, SLICE(">")));
}

static void every_role_has_its_permissions(void **state)
{
    (void)state;
    for (const char *const *role = kind_role_words; *role != NULL; role++) {
        struct slice name = slice_text(*role);
        assert_true(accounts_permit(name, false, SLICE("cfg.>")));
        assert_true(accounts_permit(name, true, SLICE("health.host-1")));
        bool own = false;
        static const char *const subjects[] = {
            "reg.home", "call.node-1", "ctl.stored.node-1", "cfg.dn", "ctl.config", "alarm.home"};
        for (size_t i = 0; i < sizeof subjects / sizeof subjects[0]; i++)
            own |= accounts_permit(name, true, slice_text(subjects[i]));
        if (!own)
            fail_msg("the role %s may publish nothing of its own", *role);
    }
    assert_false(accounts_permit(SLICE("session"), true, SLICE("ctl.stored.node-1")));
    assert_false(accounts_permit(SLICE("session"), true, SLICE("call.node-1")));
    assert_false(accounts_permit(SLICE("history"), true, SLICE("call.node-1")));
    assert_false(accounts_permit(SLICE("proxy"), false, SLICE("call.>")));
}

static void what_is_no_member_or_role_is_refused(void **state)
{
    static const char *const bad[] = {"", "=node", "host-1=", "host 1", "host\"1", "host-1=nobody",
        "host-1=every", "host-1=node,,", "host-1=node nodes"};
    (void)state;
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        struct buffer out = {0}, complaint = {0};
        struct slice members[] = {slice_text(bad[i])};
        assert_int_equal(accounts_nats(&out, SLICE("tandem"), members, 1, &complaint), ERROR_SYNTAX);
        assert_true(complaint.length > 0);
        assert_int_equal(out.length, 0);
        buffer_free(&complaint);
        assert_int_equal(accounts_nats(&out, SLICE("tan.dem"), members, 0, &complaint), ERROR_SYNTAX);
        buffer_free(&complaint);
    }
}

TESTS("tools/accounts", cmocka_unit_test(a_member_may_what_its_roles_need),
    cmocka_unit_test(nothing_administrative_is_permitted_to_anybody),
    cmocka_unit_test(every_role_has_its_permissions), cmocka_unit_test(what_is_no_member_or_role_is_refused))
