/* RFC 4475 and 5118, and beside its expectations what the parsed messages say. */
#include "sip/message.h"
#include "sip/torture_fixture.h"
#include "sip/uri.h"
#include "unit.h"

static struct slice text_of(const char *name)
{
    const struct torture *t = torture_valid;
    while (t->name != NULL && strcmp(t->name, name) != 0)
        t++;
    if (t->name == NULL)
        fail_msg("no message %s", name);
    return t->text;
}

static void assert_slice(struct slice s, const char *expected)
{
    if (!slice_equal(s, slice_text(expected)))
        fail_msg("\"%.*s\" is not \"%s\"", SLICE_ARG(s), expected);
}

static void parse(struct sip_message *m, const char *name, struct arena *arena)
{
    assert_int_equal(sip_parse(m, text_of(name), arena, NULL), 0);
}

static void check(const struct torture *t)
{
    struct arena arena = {0};
    struct sip_message m;
    uint16_t status;
    int error = sip_parse(&m, t->text, &arena, &status);
    if (error != t->error || status != t->status)
        fail_msg("%s: %s %u, expected %s %u", t->name, error_symbol(error), status, error_symbol(t->error),
            t->status);
    arena_free(&arena);
}

/* CM-40, SEC-5 */
static void each_has_its_outcome(void **state)
{
    (void)state;
    for (const struct torture *t = torture_valid; t->name != NULL; t++)
        check(t);
    for (const struct torture *t = torture_invalid; t->name != NULL; t++)
        check(t);
    for (const struct torture *t = torture_application; t->name != NULL; t++)
        check(t);
    for (const struct torture *t = torture_ipv6; t->name != NULL; t++)
        check(t);
}

static void the_tortuous_invite_is_understood(void **state)
{
    (void)state;
    struct arena arena = {0};
    struct sip_message m;
    struct sip_name_address a;
    struct sip_cursor at = {0};
    struct slice value;
    struct sip_via via;
    parse(&m, "wsinv", &arena);
    assert_slice(m.to_tag, "1918181833n");
    assert_slice(m.from_tag, "98asjd8");
    assert_int_equal(m.max_forwards, 68);
    assert_int_equal(m.cseq, 9);
    assert_int_equal(m.method, SIP_INVITE);
    assert_slice(m.via.host, "192.0.2.2");
    assert_slice(m.via.transport, "UDP");
    assert_slice(m.via.branch, "390skdjuw");
    assert_int_equal(m.body.length, 150);
    assert_slice(m.to, "sip:vivekg@chair-dnrc.example.com ;   tag    = 1918181833n");
    assert_int_equal(sip_name_address_parse(&a, m.from), 0);
    assert_slice(a.display, "J Rosenberg \\\\\\\"");
    for (unsigned i = 0; i < 3; i++)
        assert_true(sip_next_value(&m, SIP_HEADER_VIA, &at, &value));
    assert_int_equal(sip_via_parse(&via, value), 0);
    assert_slice(via.host, "192.168.255.111");
    assert_slice(via.branch, "z9hG4bK30239");
    assert_false(sip_next_value(&m, SIP_HEADER_VIA, &at, &value));
    assert_int_equal(sip_name_address_parse(&a, sip_header_value(&m, SIP_HEADER_CONTACT)), 0);
    assert_slice(a.display, "Quoted string \\\"\\\"");
    assert_true(sip_parameter(a.parameters, SLICE("newparam"), &value));
    assert_slice(value, "newvalue");
    assert_slice(sip_header_value(&m, SIP_HEADER_ROUTE),
        "<sip:services.example.com;lr;unknownwith=value;unknown-no-value>");
    arena_free(&arena);
}

static void odd_but_valid_parts_are_understood(void **state)
{
    (void)state;
    struct arena arena = {0};
    struct sip_message m;
    struct sip_name_address a;
    struct sip_uri uri;
    struct slice user;
    char room[64];
    parse(&m, "intmeth", &arena);
    assert_int_equal(m.method, SIP_UNKNOWN);
    assert_slice(m.from_tag, "_token~1'+`*%!-.");
    assert_int_equal(sip_name_address_parse(&a, m.to), 0);
    assert_int_equal(a.display.length, sizeof "BEL:\\\7 NUL:\\\0 DEL:\\\177" - 1);
    parse(&m, "esc01", &arena);
    assert_int_equal(sip_uri_parse(&uri, m.uri), 0);
    assert_int_equal(sip_uri_user(&user, &uri, room, sizeof room), 0);
    assert_slice(user, "sips:user@example.com");
    assert_slice(uri.host, "example.net");
    parse(&m, "escnull", &arena);
    assert_int_equal(sip_name_address_parse(&a, m.to), 0);
    assert_int_equal(sip_uri_parse(&uri, a.uri), 0);
    assert_int_equal(sip_uri_user(&user, &uri, room, sizeof room), ERROR_SYNTAX);
    parse(&m, "esc02", &arena);
    assert_int_equal(m.method, SIP_UNKNOWN); /* not REGISTER */
    parse(&m, "semiuri", &arena);
    assert_int_equal(sip_uri_parse(&uri, m.uri), 0);
    assert_int_equal(sip_uri_user(&user, &uri, room, sizeof room), 0);
    assert_slice(user, "user;par=u@example.net");
    parse(&m, "dblreq", &arena);
    assert_int_equal(m.body.length, 0);
    parse(&m, "noreason", &arena);
    assert_int_equal(m.status, 100);
    assert_int_equal(m.reason.length, 0);
    parse(&m, "mpart01", &arena);
    assert_true(slice_find(m.body, '\0') > 0);
    arena_free(&arena);
}

/* 3.1.2.1 and 3.1.2.13: Contacts that nobody needs are not looked at; who needs them finds them bad. */
static size_t count(const struct torture *t)
{
    size_t n = 0;
    while (t[n].name != NULL)
        n++;
    return n;
}

/* SEC-5: none of them is left out: 49 of RFC 4475, 12 of RFC 5118 (two of its sections have two). */
static void all_of_them_are_there(void **state)
{
    (void)state;
    assert_int_equal(count(torture_valid) + count(torture_invalid) + count(torture_application), 49);
    assert_int_equal(count(torture_ipv6), 12);
}

static void bad_contacts_are_found_by_who_reads_them(void **state)
{
    (void)state;
    struct arena arena = {0};
    struct sip_message m;
    struct sip_name_address a;
    parse(&m, "regbadct", &arena);
    assert_int_equal(sip_name_address_parse(&a, sip_header_value(&m, SIP_HEADER_CONTACT)), ERROR_SYNTAX);
    assert_string_equal(torture_invalid[0].name, "badinv01");
    assert_int_equal(sip_parse(&m, torture_invalid[0].text, &arena, NULL), ERROR_SYNTAX);
    assert_int_equal(sip_name_address_parse(&a, sip_header_value(&m, SIP_HEADER_CONTACT)), ERROR_SYNTAX);
    arena_free(&arena);
}

/* What follows a REGISTER on a stream is a message of its own (3.1.1.8 has a CRLF between them). */
static void a_stream_takes_the_double_request_apart(void **state)
{
    (void)state;
    struct slice rest = text_of("dblreq");
    size_t length, skip;
    unsigned pings;
    assert_int_equal(sip_stream_length(&length, &skip, &pings, rest), 0);
    rest = slice_from(rest, skip + length);
    assert_int_equal(sip_stream_length(&length, &skip, &pings, rest), 0);
    assert_int_equal(skip, 2);
    assert_int_equal(pings, 0);
    assert_int_equal(skip + length, rest.length);
}

TESTS("sip/torture", cmocka_unit_test(each_has_its_outcome),
    cmocka_unit_test(the_tortuous_invite_is_understood), cmocka_unit_test(odd_but_valid_parts_are_understood),
    cmocka_unit_test(all_of_them_are_there), cmocka_unit_test(bad_contacts_are_found_by_who_reads_them),
    cmocka_unit_test(a_stream_takes_the_double_request_apart))
