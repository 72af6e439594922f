/* What goes through a proxy, and what does not. */
#include "roles/proxy/proxy_fixture.h"

#include "unit.h"
#include "wire/pack.h"

/* ---- calls ---- */

/* SEC-4, VC-8: what phones say about themselves, and their credentials, never reach a node, however it is
 * spelled. */
static void nothing_is_smuggled_past_removal(void **state)
{
    (void)state;
    proxy_fixture_begin();
    proxy_fixture_request(&proxy_alice, "INVITE", "sip:1002@home",
        "P-Asserted-Identity: <sip:boss@home>\r\np-asserted-identity : <sip:boss@home>\r\n"
        "P-Asserted-Identity:\r\n <sip:boss@home>\r\nProxy-Authorization : Basic boss\r\nAUTHORIZATION\t: "
        "Basic boss\r\n"
        "Authorization: Digest username=\"boss\"\r\nX-Other: kept\r\n");
    const char *invite = proxy_fixture_must_find(0, "INVITE sip:1002@home");
    assert_null(strstr(invite, "boss"));
    assert_null(strcasestr(invite, "authorization"));
    assert_non_null(strstr(invite, "X-Other: kept"));
    assert_non_null(strstr(invite, "P-Asserted-Identity: <sip:1001@home>"));
    assert_non_null(strstr(invite, "Max-Forwards: 69"));
    proxy_fixture_must_find(6001, "SIP/2.0 100");
    proxy_fixture_end();
}

/* A phone that names a flow in a Route of its own is not taken to the phone behind it. */
static void a_foreign_route_is_not_followed(void **state)
{
    char text[3000], route[200];
    struct phone_flow flow = {.proxy = "proxy-1",
        .transport = TRANSPORT_UDP,
        .address = {.ip = {127, 0, 0, 1}, .port = 6002, .family = 4}};
    (void)state;
    proxy_fixture_begin();
    proxy_fixture_register(&proxy_bob, "Contact: <sip:1002@127.0.0.1:6002>\r\n");
    proxy_fixture.count = 0;
    snprintf(route, sizeof route, "Route: <sip:127.0.0.1:5060;flow=%s;lr>\r\n",
        proxy__flow_text(proxy_fixture.proxy, &flow));
    static const char *const methods[] = {"INVITE", "BYE", "OPTIONS", "MESSAGE", "ACK"};
    for (int i = 0; i < 5; i++) {
        proxy_fixture_build(text, &proxy_alice, methods[i], "sip:1002@home", route);
        proxy_fixture_from_phone(6001, text);
    }
    for (unsigned i = 0; i < proxy_fixture.count; i++)
        assert_int_equal(proxy_fixture.sent[i].port, 6001);
    proxy_fixture_end();
}

static void max_forwards_ends_a_loop(void **state)
{
    char text[3000], *at;
    (void)state;
    proxy_fixture_begin();
    proxy_fixture_build(text, &proxy_alice, "INVITE", "sip:1002@home", "");
    at = strstr(text, "Max-Forwards: 70");
    memcpy(at, "Max-Forwards: 00", 16);
    proxy_fixture_from_phone(6001, text);
    proxy_fixture_must_find(6001, "SIP/2.0 483");
    proxy_fixture_end();
}

static void nobody_registered_is_480(void **state)
{
    (void)state;
    proxy_fixture_begin();
    proxy_fixture_from_pair(NODE_INVITE);
    proxy_fixture_must_find(0, "SIP/2.0 480");
    proxy_fixture_end();
}

/* ---- sharing (VC-2) ---- */

static uint64_t change_of = 5; /* the life of proxy-2 */

/* Without a contact: the number alone. */
static void change(uint64_t number, const char *contact)
{
    Tandem__Binding b = TANDEM__BINDING__INIT, *pointer = &b;
    Tandem__BindingChange c = TANDEM__BINDING_CHANGE__INIT;
    struct address at = {.ip = {127, 0, 0, 1}, .port = 8000, .family = 4};
    b.dn = (char *)(uintptr_t) "1002";
    b.contact = (char *)(uintptr_t)contact;
    b.proxy = (char *)(uintptr_t) "proxy-2";
    b.transport = (char *)(uintptr_t) "udp";
    b.address = pack_bytes(slice_of(&at, sizeof at));
    b.expires_at = (uint64_t)proxy_fixture.now + 600 * (uint64_t)SECOND;
    c.proxy = b.proxy;
    c.incarnation = change_of;
    c.number = number;
    c.n_bindings = contact != NULL;
    c.bindings = &pointer;
    proxy_fixture_change(&c);
}

static unsigned questions; /* that proxy-2 was asked */

static void count_question(struct slice subject, struct slice bytes)
{
    (void)bytes;
    questions += slice_equal(subject, SLICE("ctl.proxy.ask.proxy-2"));
}

/* proxy-2 has told all that differs, up to this number. */
static void answer_question(uint64_t number)
{
    struct buffer bytes = {0};
    Tandem__BindingSnapshot s = TANDEM__BINDING_SNAPSHOT__INIT;
    s.proxy = (char *)(uintptr_t) "proxy-2";
    s.incarnation = 5;
    s.number = number;
    s.last = true;
    pack_add(&bytes, &s.base);
    proxy_fixture_input((struct input){.kind = INPUT_BUS,
        .token = PROXY_TOKEN_CONTROL_ANSWER,
        .name = SLICE("ctl.proxy.bindings.proxy-1"),
        .bytes = buffer_slice(&bytes)});
    buffer_free(&bytes);
}

static void expect_questions(unsigned count)
{
    proxy_fixture_pass(SECOND);
    assert_int_equal(questions, count);
}

/* VC-2, VC-4: a proxy that has no sockets for phones yet lets nobody inside in: what it were given for a
 * phone it would refuse. Found by tandem-sim with seed 36. */
static void nobody_inside_is_let_in_before_phones(void **state)
{
    (void)state;
    proxy_fixture_open();
    proxy_fixture_give_key();
    assert_int_equal(proxy_fixture.edge, 0);
    const struct proxy *p = proxy_fixture.proxy;
    assert_int_equal(p->inside_listener, 0);
    proxy_fixture_end();
    proxy_fixture_begin();
    p = proxy_fixture.proxy;
    assert_int_not_equal(p->inside_listener, 0);
    proxy_fixture_end();
}

static void begin_counting(void)
{
    proxy_fixture_begin();
    questions = 0;
    proxy_fixture.on_publish = count_question;
}

/* VC-2 */
static void another_proxys_phones_are_reachable(void **state)
{
    (void)state;
    begin_counting();
    change(1, "sip:x@127.0.0.1:8000");
    assert_int_equal(proxy_fixture_bindings("1002"), 1);
    assert_int_equal(proxy_fixture.changes, 0); /* what is heard is not told again */
    proxy_fixture_from_pair(NODE_INVITE);
    proxy_fixture_must_find(8000, "INVITE sip:x@127.0.0.1:8000");
    expect_questions(1); /* it was not heard before */
    answer_question(1);
    change(2, "sip:y@127.0.0.1:8000");
    expect_questions(1);
    change(4, "sip:z@127.0.0.1:8000"); /* one is missing */
    assert_int_equal(proxy_fixture_bindings("1002"), 3);
    expect_questions(2);
    change(3, "sip:late@127.0.0.1:8000");
    assert_int_equal(proxy_fixture_bindings("1002"), 3);
    answer_question(4);
    change(5, "sip:u@127.0.0.1:8000");
    proxy_fixture_pass(5 * SECOND);
    assert_int_equal(questions, 2);
    proxy_fixture_end();
}

/* VC-2 */
static void a_missed_change_is_noticed_without_another(void **state)
{
    (void)state;
    begin_counting();
    change(1, "sip:x@127.0.0.1:8000");
    expect_questions(1);
    answer_question(1);
    change(1, NULL);
    expect_questions(1);
    change(2, NULL); /* the second one was lost with the bus */
    expect_questions(2);
    proxy_fixture_pass(2 * SECOND); /* and so was the answer: it is asked again */
    assert_in_range(questions, 3, 4);
    proxy_fixture_pass(20 * SECOND); /* but not for ever, when it is not heard any more */
    unsigned asked = questions;
    proxy_fixture_pass(8 * SECOND);
    assert_int_equal(questions, asked);
    proxy_fixture_end();
}

/* VC-2: one that was started anew may know less than its last life told, or more. */
static void a_proxy_that_was_started_anew_is_asked(void **state)
{
    (void)state;
    begin_counting();
    change(1, "sip:x@127.0.0.1:8000");
    expect_questions(1);
    answer_question(1);
    expect_questions(1);
    change_of = 6;
    change(0, NULL);
    expect_questions(2);
    change_of = 5;
    assert_int_equal(proxy_fixture_bindings("1002"), 1);
    proxy_fixture_end();
}

static void says_its_number_each_second(void **state)
{
    (void)state;
    proxy_fixture_begin();
    unsigned before = proxy_fixture.beacons;
    proxy_fixture_pass(3 * SECOND);
    assert_in_range(proxy_fixture.beacons - before, 2, 3);
    assert_int_equal(proxy_fixture.changes, 0);
    proxy_fixture_end();
}

TESTS("proxy", cmocka_unit_test(nobody_inside_is_let_in_before_phones),
    cmocka_unit_test(nothing_is_smuggled_past_removal), cmocka_unit_test(a_foreign_route_is_not_followed),
    cmocka_unit_test(max_forwards_ends_a_loop), cmocka_unit_test(nobody_registered_is_480),
    cmocka_unit_test(another_proxys_phones_are_reachable),
    cmocka_unit_test(a_missed_change_is_noticed_without_another),
    cmocka_unit_test(a_proxy_that_was_started_anew_is_asked), cmocka_unit_test(says_its_number_each_second))
