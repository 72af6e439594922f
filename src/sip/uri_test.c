#include "sip/uri.h"

#include "base/error.h"
#include "unit.h"

static void assert_slice(struct slice s, const char *expected)
{
    if (!slice_equal(s, slice_text(expected)))
        fail_msg("\"%.*s\" is not \"%s\"", SLICE_ARG(s), expected);
}

static void takes_a_uri_apart(void **state)
{
    (void)state;
    static const struct {
        const char *text, *scheme, *user, *password, *host;
        uint16_t port;
        const char *parameters, *headers;
    } table[] = {
        {"sip:alice@atlanta.com", "sip", "alice", "", "atlanta.com", 0, "", ""},
        {"sip:alice:secretword@atlanta.com;transport=tcp", "sip", "alice", "secretword", "atlanta.com", 0,
            ";transport=tcp", ""},
        {"sips:alice@atlanta.com?subject=project%20x&priority=urgent", "sips", "alice", "", "atlanta.com", 0,
            "", "?subject=project%20x&priority=urgent"},
        {"sip:+1-212-555-1212:1234@gateway.com;user=phone", "sip", "+1-212-555-1212", "1234", "gateway.com",
            0, ";user=phone", ""},
        {"sip:atlanta.com;method=REGISTER?to=alice%40atlanta.com", "sip", "", "", "atlanta.com", 0,
            ";method=REGISTER", "?to=alice%40atlanta.com"},
        {"sip:alice;day=tuesday@atlanta.com", "sip", "alice;day=tuesday", "", "atlanta.com", 0, "", ""},
        {"SIP:*21#@[2001:db8::10]:5070;lr", "SIP", "*21#", "", "[2001:db8::10]", 5070, ";lr", ""},
        {"sip:192.0.2.1:65535", "sip", "", "", "192.0.2.1", 65535, "", ""},
        {"tel:+49-30-1234;phone-context=example.com", "tel", "+49-30-1234", "", "", 0,
            ";phone-context=example.com", ""},
    };
    for (size_t i = 0; i < sizeof table / sizeof *table; i++) {
        struct sip_uri u;
        if (sip_uri_parse(&u, slice_text(table[i].text)) != 0)
            fail_msg("%s is refused", table[i].text);
        assert_slice(u.scheme, table[i].scheme);
        assert_slice(u.user, table[i].user);
        assert_slice(u.password, table[i].password);
        assert_slice(u.host, table[i].host);
        assert_int_equal(u.port, table[i].port);
        assert_slice(u.parameters, table[i].parameters);
        assert_slice(u.headers, table[i].headers);
    }
}

/* SEC-5 */
static void refuses_bad_uris(void **state)
{
    (void)state;
    static const char *const table[] = {"", "sip", "sip:", ":a@b", "sip:@b", "sip:a@", "sip:a@b@c",
        "sip:a@b:", "sip:a@b:0", "sip:a@b:65536", "sip:a@b:5a", "sip:a@b;", "sip:a@b;;lr", "sip:a@b;=x",
        "sip:a@b?", "sip:a@b lr", "sip:a b@c", "sip:a%4@b", "sip:a%zz@b", "sip:a@b;x=%", "sip:a@b;x=\"y\"",
        "sip:a@[::1", "sip:a@[::g]", "sip:a@[]", "sip:a@::1", "sip:a@1.2.3", "sip:a@256.0.0.1", "sip:a@b..c",
        "sip:a@.b", "sip:<a@b>", "sip:a@b\x01", "sip:a\"@b", "tel:", "tel:+", "tel:12+3", "tel:1;",
        "sip:a@b/c", "s ip:a@b", "sip:a@b?x=\xff", "sip:a@b;x=1;X=2", "tel:1;a;a", "sip:\xc3\xa4@b"};
    for (size_t i = 0; i < sizeof table / sizeof *table; i++) {
        struct sip_uri u;
        if (sip_uri_parse(&u, slice_text(table[i])) != ERROR_SYNTAX)
            fail_msg("\"%s\" is accepted", table[i]);
    }
    struct sip_uri u;
    struct buffer many = {0};
    buffer_add_text(&many, "sip:a@b");
    for (unsigned i = 0; i < 32; i++)
        buffer_add_format(&many, ";p%u", i);
    assert_int_equal(sip_uri_parse(&u, buffer_slice(&many)), ERROR_SYNTAX);
    buffer_free(&many);
    assert_int_equal(sip_uri_parse(&u, SLICE("soap.beep://192.0.2.103:3002")), ERROR_UNSUPPORTED);
    assert_slice(u.scheme, "soap.beep");
}

static void takes_a_name_address_apart(void **state)
{
    (void)state;
    static const struct {
        const char *text, *display, *uri, *parameters;
    } table[] = {
        {"\"A. G. \\\"Bell\\\", <x>\" <sip:agb@bell.com> ;tag=a48s", "A. G. \\\"Bell\\\", <x>",
            "sip:agb@bell.com", ";tag=a48s"},
        {"sip:+12125551212@phone.com;tag=887s", "", "sip:+12125551212@phone.com", ";tag=887s"},
        {"Anonymous <sip:c8o@anon.org>;tag=hyh8", "Anonymous", "sip:c8o@anon.org", ";tag=hyh8"},
        {"caller<sip:a@b;lr?x=y>", "caller", "sip:a@b;lr?x=y", ""},
        {"<sip:a@b>;+sip.instance=\"<urn:uuid:1>\" ; q = 0.5", "", "sip:a@b",
            ";+sip.instance=\"<urn:uuid:1>\" ; q = 0.5"},
        {"J\xc3\xbcrgen <tel:1>", "J\xc3\xbcrgen", "tel:1", ""},
        {"\"\" <sip:a>", "", "sip:a", ""},
    };
    struct sip_name_address a;
    struct slice value;
    for (size_t i = 0; i < sizeof table / sizeof *table; i++) {
        if (sip_name_address_parse(&a, slice_text(table[i].text)) != 0)
            fail_msg("%s is refused", table[i].text);
        assert_slice(a.display, table[i].display);
        assert_slice(a.uri, table[i].uri);
        assert_slice(a.parameters, table[i].parameters);
        assert_false(a.star);
    }
    assert_int_equal(sip_name_address_parse(&a, SLICE(" * ")), 0);
    assert_true(a.star);
    assert_true(sip_parameter(SLICE(";a;B=\"x;y\" ; c = d"), SLICE("b"), &value));
    assert_slice(value, "x;y");
    assert_true(sip_parameter(SLICE(";a;B=\"x;y\" ; c = d"), SLICE("C"), &value));
    assert_slice(value, "d");
    assert_true(sip_parameter(SLICE(";a;B"), SLICE("a"), &value));
    assert_slice(value, "");
    assert_false(sip_parameter(SLICE(";a;B=\"x;y\""), SLICE("y"), &value));
}

/* SEC-5 */
static void refuses_bad_name_addresses(void **state)
{
    (void)state;
    static const char *const table[] = {"", "<>", "<sip:>", "a", "\"a", "\"a\\\" <sip:a@b>", "\"a\" sip:a@b",
        "<sip:a@b", "sip:a@b>", "Bell, Alexander <sip:a@b>", "< sip:a@b >", "<sip:a@b>x", "<sip:a@b>;",
        "<sip:a@b>;;x", "<sip:a@b>;x=\"y", "<sip:a@b>,<sip:c@d>", "sip:a@b?x=y", "sip:a@b,c", "<sip:a <b@c>",
        "** <sip:a@b", "<sip:a\r\n@b>", "a@b.c <sip:a@b>", "sip:a@b c"};
    for (size_t i = 0; i < sizeof table / sizeof *table; i++) {
        struct sip_name_address a;
        if (sip_name_address_parse(&a, slice_text(table[i])) != ERROR_SYNTAX)
            fail_msg("\"%s\" is accepted", table[i]);
    }
}

static void resolves_escapes_of_the_user(void **state)
{
    (void)state;
    char room[8];
    struct slice user;
    struct sip_uri u = {.user = SLICE_INIT("%31001")};
    assert_int_equal(sip_uri_user(&user, &u, room, sizeof room), 0);
    assert_slice(user, "1001");
    u.user = SLICE("plain-and-longer");
    assert_int_equal(sip_uri_user(&user, &u, room, sizeof room), 0);
    assert_slice(user, "plain-and-longer");
    struct sip_uri tel = {.scheme = SLICE_INIT("TEL"), .user = SLICE_INIT("+4(9).1-2")}; /* RFC 3966 3 */
    assert_int_equal(sip_uri_user(&user, &tel, room, sizeof room), 0);
    assert_slice(user, "+4912");
    u.user = SLICE("%312345678%39");
    assert_int_equal(sip_uri_user(&user, &u, room, sizeof room), ERROR_LIMIT);
    static const char *const bad[] = {"a%00", "a%0d", "a%0A", "a%", "a%4", "a%4g"};
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        u.user = slice_text(bad[i]);
        assert_int_equal(sip_uri_user(&user, &u, room, sizeof room), ERROR_SYNTAX);
    }
}

/* The examples of RFC 3261 19.1.4. */
static void compares_as_the_standard_says(void **state)
{
    (void)state;
    static const struct {
        const char *a, *b;
        bool equal;
    } table[] = {
        {"sip:%61lice@atlanta.com;transport=TCP", "sip:alice@AtLanTa.CoM;Transport=tcp", true},
        {"sip:carol@chicago.com", "sip:carol@chicago.com;newparam=5", true},
        {"sip:carol@chicago.com", "sip:carol@chicago.com;security=on", true},
        {"sip:biloxi.com;transport=tcp;method=REGISTER?to=sip:bob%40biloxi.com",
            "sip:biloxi.com;method=REGISTER;transport=tcp?to=sip:bob%40biloxi.com", true},
        {"sip:alice@atlanta.com?subject=project%20x&priority=urgent",
            "sip:alice@atlanta.com?priority=urgent&subject=project%20x", true},
        {"SIP:ALICE@AtLanTa.CoM;Transport=udp", "sip:alice@AtLanTa.CoM;Transport=UDP", false},
        {"sip:bob@biloxi.com", "sip:bob@biloxi.com:5060", false},
        {"sip:bob@biloxi.com", "sip:bob@biloxi.com;transport=udp", false},
        {"sip:bob@biloxi.com", "sip:bob@biloxi.com:6000;transport=tcp", false},
        {"sip:carol@chicago.com", "sip:carol@chicago.com?Subject=next%20meeting", false},
        {"sip:bob@phone21.boxesbybob.com", "sip:bob@192.0.2.4", false},
        {"sip:carol@chicago.com;security=on", "sip:carol@chicago.com;security=off", false},
        {"sip:a%3Ab@c", "sip:a:b@c", false},
        {"sip:a@b", "sips:a@b", false},
        {"sip:a@[2001:db8::9:1]", "sip:a@[2001:0DB8:0:0:0:0:9:01]", true}, /* RFC 5954 4.2 */
        {"sip:a@[2001:db8::9:1]", "sip:a@[2001:db8::9:2]", false},
        {"sip:a@[2001:db8:::192.0.2.1]", "sip:a@[2001:db8::192.0.2.1]", true},
        {"sip:a@[::1]", "sip:a@c", false},
        {"tel:+49-30-12", "tel:+493012", true},
        {"tel:3012;phone-context=+49", "tel:3012", false},
    };
    for (size_t i = 0; i < sizeof table / sizeof *table; i++) {
        struct sip_uri a, b;
        assert_int_equal(sip_uri_parse(&a, slice_text(table[i].a)), 0);
        assert_int_equal(sip_uri_parse(&b, slice_text(table[i].b)), 0);
        if (sip_uri_equal(&a, &b) != table[i].equal || sip_uri_equal(&b, &a) != table[i].equal)
            fail_msg("%s and %s: not %d", table[i].a, table[i].b, table[i].equal);
    }
}

TESTS("sip/uri", cmocka_unit_test(takes_a_uri_apart), cmocka_unit_test(refuses_bad_uris),
    cmocka_unit_test(takes_a_name_address_apart), cmocka_unit_test(refuses_bad_name_addresses),
    cmocka_unit_test(resolves_escapes_of_the_user), cmocka_unit_test(compares_as_the_standard_says))
