/* Our registration at a carrier made of text. */
#include "config/builder.h"
#include "roles/proxy/proxy_fixture.h"
#include "roles/proxy/trunk/trunk_int.h"

#include "unit.h"

enum { ONE = 7101 };

static struct config_trunk one(void)
{
    static struct slice realms[] = {{"carrier", 7}};
    return (struct config_trunk){.name = SLICE("one"),
        .host = SLICE("127.0.0.1"),
        .port = ONE,
        .domain = SLICE("carrier.example"),
        .user = SLICE("ours"),
        .secret = SLICE("trunk secret"),
        .realms = {realms, 1},
        .caller_prefix = SLICE("+4930"),
        .order = 1,
        .weight = 1,
        .register_expires = 600};
}

static void one_trunk(struct config_builder *b)
{
    struct config_trunk t = one();
    t.registers = true;
    config_builder_trunk(b, &t, SLICE("home"), SLICE(""));
}

static void begin(void)
{
    proxy_fixture_more = one_trunk;
    proxy_fixture_begin();
}

static struct trunk_state *state(const char *name)
{
    struct trunk_state *s = trunk__state(proxy_fixture.proxy, slice_text(name));
    assert_non_null(s);
    return s;
}

/* The carrier's answer to the last request of that method; `more`: headers. */
static void answer_method(uint16_t port, const char *method, uint16_t status, const char *more)
{
    struct sip_message m;
    struct arena arena = {0};
    struct buffer out = {0};
    const char *request = proxy_fixture_must_find(port, method);
    assert_int_equal(sip_parse(&m, slice_text(request), &arena, NULL), 0);
    sip_add_response_head(&out, &m, status, SLICE(""), SLICE("carrier"));
    buffer_add_text(&out, more);
    sip_add_body(&out, SLICE(""), SLICE(""));
    buffer_add_byte(&out, '\0');
    proxy_fixture_from_phone(port, out.data);
    buffer_free(&out);
    arena_free(&arena);
}

static void must_have(const char *text, const char *part)
{
    if (strstr(text, part) == NULL)
        fail_msg("no %s in %s", part, text);
}

static unsigned requests_to(uint16_t port, const char *method)
{
    unsigned count = 0;
    for (unsigned i = 0; i < proxy_fixture.count; i++)
        count += proxy_fixture.sent[i].port == port &&
                 strncmp(proxy_fixture.sent[i].text, method, strlen(method)) == 0;
    return count;
}

/* This proxy is the one of its location that registers. */
static void lead(bool leads)
{
    struct proxy *p = proxy_fixture.proxy;
    world_turn_begin(&proxy_fixture.world, proxy_fixture.now);
    p->trunks->leads = leads;
    trunk__register_follow(state("one"));
    world_turn_end(&proxy_fixture.world);
}

#define WANTED(realm, nonce)                                                                                 \
    "WWW-Authenticate: Digest realm=\"" realm "\", nonce=\"" nonce "\", qop=\"auth\"\r\n"

/* VC-8: with credentials, renewed in time, by one proxy only. */
static void registers_and_renews(void **state_)
{
    (void)state_;
    begin();
    assert_null(proxy_fixture_find(ONE, "REGISTER")); /* another one may do it */
    lead(true);
    must_have(proxy_fixture_must_find(ONE, "REGISTER sip:carrier.example"), "Expires: 600\r\n");
    answer_method(ONE, "REGISTER", 401, WANTED("carrier", "n1"));
    const char *again = proxy_fixture_must_find(ONE, "REGISTER");
    must_have(again, "CSeq: 2 REGISTER\r\n");
    must_have(again, "Authorization: Digest username=\"ours\", realm=\"carrier\"");
    must_have(again, "Contact: <sip:ours@127.0.0.1:5060>\r\n");
    answer_method(ONE, "REGISTER", 200, "Expires: 100\r\n");
    assert_int_equal(state("one")->registering, REGISTERING_DONE);
    proxy_fixture.count = 0;
    proxy_fixture_pass(70 * SECOND);
    assert_null(proxy_fixture_find(ONE, "REGISTER"));
    proxy_fixture_pass(11 * SECOND);
    proxy_fixture_must_find(ONE, "REGISTER");
    lead(false);
    assert_int_equal(state("one")->registering, REGISTERING_OFF);
    proxy_fixture_end();
}

/* SEC-7: a realm of somebody else gets nothing; a nonce that changes each time gets two answers, then a
 * pause. */
static void registering_does_not_go_in_circles(void **state_)
{
    (void)state_;
    begin();
    lead(true);
    answer_method(ONE, "REGISTER", 401, WANTED("stranger", "n1"));
    assert_int_equal(requests_to(ONE, "REGISTER"), 1);
    assert_int_equal(state("one")->registering, REGISTERING_WAITING);
    assert_int_equal(state("one")->reasons[TRUNK_FOREIGN_REALM], 1);
    proxy_fixture.count = 0;
    proxy_fixture_pass(6 * SECOND);
    unsigned before = requests_to(ONE, "REGISTER"); /* the first, and what was sent again of it */
    assert_in_range(before, 1, 2);
    for (int i = 0; i < 10; i++) {
        char challenge[200];
        snprintf(challenge, sizeof challenge,
            "WWW-Authenticate: Digest realm=\"carrier\", nonce=\"m%d\", qop=\"auth\", stale=true\r\n", i);
        answer_method(ONE, "REGISTER", 401, challenge);
    }
    assert_int_equal(requests_to(ONE, "REGISTER"), before + 2);
    assert_int_equal(state("one")->registering, REGISTERING_WAITING);
    proxy_fixture_end();
}

TESTS("roles/proxy/trunk/register", cmocka_unit_test(registers_and_renews),
    cmocka_unit_test(registering_does_not_go_in_circles))
