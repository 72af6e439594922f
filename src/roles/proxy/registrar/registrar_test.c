/* Registrations, and who may make them. */
#include "config/builder.h"
#include "roles/proxy/proxy_fixture.h"

#include "unit.h"

/* ---- registrar (RFC 3261 10.3) ---- */

static void registers_and_lists_contacts(void **state)
{
    (void)state;
    proxy_fixture_begin();
    proxy_fixture_register(&proxy_alice,
        "Contact: <sip:1001@127.0.0.1:6001>;expires=300\r\nContact: <sip:b@127.0.0.1>\r\nExpires: 120\r\n");
    const char *ok = proxy_fixture_must_find(6001, "SIP/2.0 200");
    assert_non_null(strstr(ok, "Contact: <sip:1001@127.0.0.1:6001>;expires=300"));
    assert_non_null(strstr(ok, "Contact: <sip:b@127.0.0.1>;expires=120"));
    assert_int_equal(proxy_fixture_bindings("1001"), 2);
    assert_int_equal(proxy_fixture.changes, 1);
    proxy_fixture_register(&proxy_alice, ""); /* only asks */
    assert_non_null(strstr(proxy_fixture_must_find(6001, "SIP/2.0 200"), "Contact: <sip:b@127.0.0.1>"));
    assert_int_equal(proxy_fixture.changes, 1);
    proxy_fixture_register(&proxy_alice, "Contact: <sip:b@127.0.0.1>;expires=0\r\n");
    assert_null(strstr(proxy_fixture_must_find(6001, "SIP/2.0 200"), "sip:b@"));
    assert_int_equal(proxy_fixture_bindings("1001"), 1);
    proxy_fixture_pass(301 * (int64_t)SECOND);
    assert_int_equal(proxy_fixture_bindings("1001"), 0);
    proxy_fixture_end();
}

static void a_star_removes_all_with_expires_0_only(void **state)
{
    (void)state;
    proxy_fixture_begin();
    proxy_fixture_register(&proxy_alice, "Contact: <sip:a@127.0.0.1>, <sip:b@127.0.0.1>\r\n");
    assert_int_equal(proxy_fixture_bindings("1001"), 2);
    proxy_fixture_register(&proxy_alice, "Contact: *\r\nExpires: 60\r\n");
    proxy_fixture_must_find(6001, "SIP/2.0 400");
    proxy_fixture_register(&proxy_alice, "Contact: *\r\n");
    proxy_fixture_must_find(6001, "SIP/2.0 400");
    proxy_fixture_register(&proxy_alice, "Contact: *, <sip:c@127.0.0.1>\r\nExpires: 0\r\n");
    proxy_fixture_must_find(6001, "SIP/2.0 400");
    assert_int_equal(proxy_fixture_bindings("1001"), 2);
    proxy_fixture_register(&proxy_alice, "Contact: *\r\nExpires: 0\r\n");
    assert_null(strstr(proxy_fixture_must_find(6001, "SIP/2.0 200"), "Contact:"));
    assert_int_equal(proxy_fixture_bindings("1001"), 0);
    proxy_fixture_end();
}

static void refuses_times_that_are_too_short(void **state)
{
    (void)state;
    proxy_fixture_begin();
    proxy_fixture_register(
        &proxy_alice, "Contact: <sip:a@127.0.0.1>\r\nContact: <sip:b@127.0.0.1>;expires=59\r\n");
    assert_non_null(strstr(proxy_fixture_must_find(6001, "SIP/2.0 423"), "Min-Expires: 60"));
    assert_int_equal(proxy_fixture_bindings("1001"), 0); /* all or nothing */
    proxy_fixture_register(&proxy_alice, "Contact: <sip:a@127.0.0.1>;expires=99999999\r\n");
    assert_non_null(strstr(proxy_fixture_must_find(6001, "SIP/2.0 200"), ";expires=7200"));
    proxy_fixture_end();
}

static void configure(void (*change)(struct config_builder *b))
{
    struct configuration *before = proxy_fixture.configuration;
    struct config_builder *b = config_builder_from(before);
    change(b);
    assert_int_equal(config_builder_end(&proxy_fixture.configuration, b, NULL), 0);
    proxy_fixture.world.configuration = proxy_fixture.configuration;
    proxy_fixture_input((struct input){.kind = INPUT_CONFIG});
    config_release(before);
}

static void change_cluster(struct config_builder *b)
{
    config_builder_cluster(
        b, &(struct config_cluster){.name = SLICE("cluster"),
               .phones = {.register_standard = 500, .register_shortest = 200, .register_longest = 1000}});
}

static void change_location(struct config_builder *b)
{
    config_builder_location(
        b, &(struct config_location){.name = SLICE("home"), .phones.register_longest = 400});
}

/* CF-2: limits are the location's or else the cluster's, and they are live. */
static void follows_the_limits_of_its_location(void **state)
{
    (void)state;
    proxy_fixture_begin();
    configure(change_cluster);
    proxy_fixture_register(&proxy_alice, "Contact: <sip:a@127.0.0.1>;expires=199\r\n");
    assert_non_null(strstr(proxy_fixture_must_find(6001, "SIP/2.0 423"), "Min-Expires: 200"));
    proxy_fixture_register(&proxy_alice, "Contact: <sip:a@127.0.0.1>\r\n");
    assert_non_null(strstr(proxy_fixture_must_find(6001, "SIP/2.0 200"), ";expires=500"));
    proxy_fixture_register(&proxy_alice, "Contact: <sip:a@127.0.0.1>;expires=3600\r\n");
    assert_non_null(strstr(proxy_fixture_must_find(6001, "SIP/2.0 200"), ";expires=1000"));
    configure(change_location);
    proxy_fixture_register(&proxy_alice, "Contact: <sip:a@127.0.0.1>\r\n");
    assert_non_null(strstr(proxy_fixture_must_find(6001, "SIP/2.0 200"), ";expires=400"));
    proxy_fixture_end();
}

static void change_realm(struct config_builder *b)
{
    config_builder_location(b, &(struct config_location){.name = SLICE("home"), .realm = SLICE("other")});
    config_builder_dn(b, SLICE("1001"), SLICE("home"), SLICE("secret 1"));
}

/* CF-2: phones log in again, without a restart of anything. */
static void follows_a_changed_realm(void **state)
{
    (void)state;
    proxy_fixture_begin();
    configure(change_realm);
    proxy_fixture_register(&proxy_alice, "Contact: <sip:a@127.0.0.1>\r\n");
    proxy_fixture_must_find(6001, "SIP/2.0 200");
    proxy_fixture_end();
}

static void takes_ten_contacts_and_no_more(void **state)
{
    char contacts[2000] = "";
    (void)state;
    proxy_fixture_begin();
    for (int i = 0; i < 11; i++)
        snprintf(contacts + strlen(contacts), sizeof contacts - strlen(contacts),
            "Contact: <sip:%d@127.0.0.1>\r\n", i);
    proxy_fixture_register(&proxy_alice, contacts);
    proxy_fixture_must_find(6001, "SIP/2.0 403");
    assert_int_equal(proxy_fixture_bindings("1001"), 0);
    *strstr(contacts, "Contact: <sip:10@") = '\0';
    proxy_fixture_register(&proxy_alice, contacts);
    proxy_fixture_must_find(6001, "SIP/2.0 200");
    assert_int_equal(proxy_fixture_bindings("1001"), 10);
    proxy_fixture_end();
}

static void an_overtaken_request_changes_nothing(void **state)
{
    (void)state;
    proxy_fixture_begin();
    proxy_fixture_register(&proxy_alice, "Contact: <sip:a@127.0.0.1>;expires=300\r\n");
    proxy_fixture.cseq -= 2;
    proxy_fixture_register(&proxy_alice, "Contact: <sip:a@127.0.0.1>;expires=0\r\n");
    proxy_fixture_must_find(6001, "SIP/2.0 500");
    assert_int_equal(proxy_fixture_bindings("1001"), 1);
    proxy_fixture_end();
}

/* ---- who is it? ---- */

/* SEC-4: nobody learns which DNs exist: the same answers for an unknown user and a wrong password. */
static void unknown_users_and_wrong_passwords_look_the_same(void **state)
{
    static const struct phone liars[] = {{6001, "1001", "1001", "wrong"}, {6001, "9999", "9999", "wrong"},
        {6001, "1001", "1002", "secret 2"}, {6001, "1001", "9999", "secret 1"}};
    char answers[4][3000];
    (void)state;
    for (int i = 0; i < 4; i++) {
        proxy_fixture_begin();
        proxy_fixture_register(&liars[i], "Contact: <sip:a@127.0.0.1>\r\n");
        snprintf(answers[i], sizeof answers[i], "%s", proxy_fixture_must_find(6001, "SIP/2.0 403"));
        assert_int_equal(
            proxy_fixture_bindings("1001") + proxy_fixture_bindings("9999") + proxy_fixture_bindings("1002"),
            0);
        for (char *at; (at = strstr(answers[i], "9999")) != NULL;)
            memcpy(at, "1001", 4);
        assert_string_equal(answers[i], answers[0]);
        proxy_fixture_end();
    }
}

static void a_stale_nonce_is_told_so(void **state)
{
    char text[3000], more[2000] = "Contact: <sip:a@127.0.0.1>\r\n";
    (void)state;
    proxy_fixture_begin();
    proxy_fixture_build(text, &proxy_alice, "REGISTER", "sip:home", more);
    proxy_fixture_from_phone(6001, text);
    assert_null(strstr(proxy_fixture_must_find(6001, "SIP/2.0 401"), "stale=true"));
    proxy_fixture_add_credentials(more, &proxy_alice, "REGISTER", "sip:home");
    proxy_fixture_pass(301 * (int64_t)SECOND);
    proxy_fixture_build(text, &proxy_alice, "REGISTER", "sip:home", more);
    proxy_fixture_from_phone(6001, text);
    assert_non_null(strstr(proxy_fixture_must_find(6001, "SIP/2.0 401"), "stale=true"));
    assert_int_equal(proxy_fixture_bindings("1001"), 0);
    proxy_fixture_end();
}

static void credentials_of_another_realm_or_a_forged_nonce_are_challenged(void **state)
{
    char text[3000], more[2000] = "", *at;
    (void)state;
    proxy_fixture_begin();
    proxy_fixture_build(text, &proxy_alice, "REGISTER", "sip:home", more);
    proxy_fixture_from_phone(6001, text);
    proxy_fixture_add_credentials(more, &proxy_alice, "REGISTER", "sip:home");
    at = strstr(more, "realm=\"home\"");
    assert_non_null(at);
    memcpy(at, "realm=\"hame\"", 12);
    proxy_fixture_build(text, &proxy_alice, "REGISTER", "sip:home", more);
    proxy_fixture.count = 0;
    proxy_fixture_from_phone(6001, text);
    proxy_fixture_must_find(6001, "SIP/2.0 401");
    memcpy(at, "realm=\"home\"", 12);
    at = strstr(more, "nonce=\"") + 7;
    *at = *at == '0' ? '1' : '0';
    proxy_fixture_build(text, &proxy_alice, "REGISTER", "sip:home", more);
    proxy_fixture.count = 0;
    proxy_fixture_from_phone(6001, text);
    assert_null(strstr(proxy_fixture_must_find(6001, "SIP/2.0 401"), "stale"));
    proxy_fixture_end();
}

TESTS("proxy/registrar/registrar", cmocka_unit_test(registers_and_lists_contacts),
    cmocka_unit_test(a_star_removes_all_with_expires_0_only),
    cmocka_unit_test(refuses_times_that_are_too_short), cmocka_unit_test(follows_the_limits_of_its_location),
    cmocka_unit_test(follows_a_changed_realm), cmocka_unit_test(takes_ten_contacts_and_no_more),
    cmocka_unit_test(an_overtaken_request_changes_nothing),
    cmocka_unit_test(unknown_users_and_wrong_passwords_look_the_same),
    cmocka_unit_test(a_stale_nonce_is_told_so),
    cmocka_unit_test(credentials_of_another_realm_or_a_forged_nonce_are_challenged))
