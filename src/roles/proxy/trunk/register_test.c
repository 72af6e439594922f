/* Our registration at a carrier made of text. */
#include "config/builder.h"
#include "roles/proxy/trunk/trunk_fixture.h"
#include "roles/proxy/trunk/trunk_int.h"

#include "unit.h"

static void one_trunk(struct config_builder *b)
{
    struct config_trunk t = trunk_fixture_one();
    t.registers = true;
    config_builder_trunk(b, &t, SLICE("home"), SLICE(""));
}

static void begin(void)
{
    proxy_fixture_more = one_trunk;
    proxy_fixture_begin();
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
    trunk__register_follow(trunk_fixture_state("one"));
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
    trunk_fixture_must_have(proxy_fixture_must_find(ONE, "REGISTER sip:carrier.example"), "Expires: 600\r\n");
    trunk_fixture_answer(ONE, "REGISTER", 401, WANTED("carrier", "n1"));
    const char *again = proxy_fixture_must_find(ONE, "REGISTER");
    trunk_fixture_must_have(again, "CSeq: 2 REGISTER\r\n");
    trunk_fixture_must_have(again, "Authorization: Digest username=\"ours\", realm=\"carrier\"");
    trunk_fixture_must_have(again, "Contact: <sip:ours@127.0.0.1:5060>\r\n");
    trunk_fixture_answer(ONE, "REGISTER", 200, "Expires: 100\r\n");
    assert_int_equal(trunk_fixture_state("one")->registering, REGISTERING_DONE);
    proxy_fixture.count = 0;
    proxy_fixture_pass(70 * SECOND);
    assert_null(proxy_fixture_find(ONE, "REGISTER"));
    proxy_fixture_pass(11 * SECOND);
    proxy_fixture_must_find(ONE, "REGISTER");
    lead(false);
    assert_int_equal(trunk_fixture_state("one")->registering, REGISTERING_OFF);
    proxy_fixture_end();
}

/* SEC-7: a realm of somebody else gets nothing; a nonce that changes each time gets two answers, then a
 * pause. */
static void registering_does_not_go_in_circles(void **state_)
{
    (void)state_;
    begin();
    lead(true);
    trunk_fixture_answer(ONE, "REGISTER", 401, WANTED("stranger", "n1"));
    assert_int_equal(requests_to(ONE, "REGISTER"), 1);
    assert_int_equal(trunk_fixture_state("one")->registering, REGISTERING_WAITING);
    assert_int_equal(trunk_fixture_state("one")->reasons[TRUNK_FOREIGN_REALM], 1);
    proxy_fixture.count = 0;
    proxy_fixture_pass(6 * SECOND);
    unsigned before = requests_to(ONE, "REGISTER"); /* the first, and what was sent again of it */
    assert_in_range(before, 1, 2);
    for (int i = 0; i < 10; i++) {
        char challenge[200];
        snprintf(challenge, sizeof challenge,
            "WWW-Authenticate: Digest realm=\"carrier\", nonce=\"m%d\", qop=\"auth\", stale=true\r\n", i);
        trunk_fixture_answer(ONE, "REGISTER", 401, challenge);
    }
    assert_int_equal(requests_to(ONE, "REGISTER"), before + 2);
    assert_int_equal(trunk_fixture_state("one")->registering, REGISTERING_WAITING);
    proxy_fixture_end();
}

static unsigned registers_after(void (*what)(struct trunk_state *s))
{
    proxy_fixture.count = 0;
    world_turn_begin(&proxy_fixture.world, proxy_fixture.now);
    what(trunk_fixture_state("one"));
    world_turn_end(&proxy_fixture.world);
    return requests_to(ONE, "REGISTER");
}

static void change_terms(struct trunk_state *s)
{
    s->register_terms ^= 1; /* as if they had been others until now */
    trunk__register_follow(s);
}

static void come_back(struct trunk_state *s)
{
    s->watch = WATCH_DOWN;
    trunk__watch_heard(s, true);
}

/* VC-8: whoever corrects a secret does not wait for minutes. */
static void a_registration_follows_what_is_configured(void **state_)
{
    (void)state_;
    begin();
    lead(true);
    trunk_fixture_answer(ONE, "REGISTER", 403, "");
    assert_int_equal(trunk_fixture_state("one")->registering, REGISTERING_WAITING);
    assert_int_equal(registers_after(trunk__register_follow), 0);
    assert_int_equal(registers_after(change_terms), 1);
    trunk_fixture_answer(ONE, "REGISTER", 200, "");
    assert_int_equal(registers_after(trunk__register_follow), 0);
    assert_int_equal(registers_after(change_terms), 1);
    assert_int_equal(registers_after(change_terms), 0); /* it is being asked */
    lead(false);
    assert_int_equal(registers_after(change_terms), 0);
    proxy_fixture_end();
}

/* VC-8: a registrar that was started anew knows nobody. */
static void a_trunk_that_comes_back_is_registered_at(void **state_)
{
    (void)state_;
    begin();
    lead(true);
    trunk_fixture_answer(ONE, "REGISTER", 200, "");
    assert_int_equal(registers_after(come_back), 1);
    trunk_fixture_answer(ONE, "REGISTER", 200, "");
    assert_int_equal(trunk_fixture_state("one")->registering, REGISTERING_DONE);
    lead(false);
    assert_int_equal(registers_after(come_back), 0);
    proxy_fixture_end();
}

TESTS("roles/proxy/trunk/register", cmocka_unit_test(a_registration_follows_what_is_configured),
    cmocka_unit_test(a_trunk_that_comes_back_is_registered_at), cmocka_unit_test(registers_and_renews),
    cmocka_unit_test(registering_does_not_go_in_circles))
