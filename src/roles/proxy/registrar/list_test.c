/* What people ask about registrations. */
#include "roles/proxy/question_fixture.h"

#include "unit.h"

static void begin(void)
{
    proxy_fixture_begin();
    proxy_fixture_register(&proxy_bob, "Contact: <sip:x@127.0.0.1:6002>\r\nUser-Agent: Desk Phone 7\r\n");
    proxy_fixture_register(&proxy_alice, "Contact: <sip:a@127.0.0.1:6001>;q=0.5\r\n");
    proxy_fixture_register(&proxy_alice, "Contact: <sip:gone@127.0.0.1:6001>\r\n");
    proxy_fixture_register(&proxy_alice, "Contact: <sip:gone@127.0.0.1:6001>;expires=0\r\n");
    proxy_told.count = 0;
}

/* VC-2 */
static void lists_in_order_of_numbers(void **state)
{
    (void)state;
    begin();
    proxy_fixture_ask("GET", "/api/registrations", "agent");
    assert_int_equal(proxy_told.status, 200);
    const char *alice = strstr(proxy_told.text, "\"dn\":\"1001\""),
               *bob = strstr(proxy_told.text, "\"dn\":\"1002\"");
    assert_true(alice != NULL && bob != NULL && alice < bob);
    assert_null(strstr(proxy_told.text, "gone"));
    assert_non_null(
        strstr(proxy_told.text, "\"contact\":\"sip:a@127.0.0.1:6001\",\"proxy\":\"proxy-1\",\"transport\":"
                                "\"udp\",\"address\":\"127.0.0.1:6001\""));
    assert_non_null(strstr(proxy_told.text, "\"q\":500"));
    assert_non_null(strstr(proxy_told.text, "\"user_agent\":\"Desk Phone 7\""));
    assert_non_null(strstr(proxy_told.text, "\"count\":2"));
    assert_non_null(strstr(proxy_told.text, "\"next\":null"));
    proxy_fixture_end();
}

static void a_page_says_where_the_next_begins(void **state)
{
    (void)state;
    begin();
    proxy_fixture_ask("GET", "/api/registrations?limit=1", "agent");
    assert_non_null(strstr(proxy_told.text, "\"dn\":\"1001\""));
    assert_null(strstr(proxy_told.text, "\"dn\":\"1002\""));
    assert_non_null(strstr(proxy_told.text, "\"next\":\"1001\""));
    proxy_fixture_ask("GET", "/api/registrations?limit=1&after=1001", "agent");
    assert_null(strstr(proxy_told.text, "\"dn\":\"1001\""));
    assert_non_null(strstr(proxy_told.text, "\"dn\":\"1002\""));
    proxy_fixture_ask("GET", "/api/registrations?limit=1&after=1002", "agent");
    assert_non_null(strstr(proxy_told.text, "\"registrations\":[],\"next\":null"));
    proxy_fixture_end();
}

static void finds_by_number_contact_and_model(void **state)
{
    (void)state;
    begin();
    proxy_fixture_ask("GET", "/api/registrations?q=desk+PHONE", "agent");
    assert_null(strstr(proxy_told.text, "\"dn\":\"1001\""));
    assert_non_null(strstr(proxy_told.text, "\"dn\":\"1002\""));
    proxy_fixture_ask("GET", "/api/registrations?q=sip%3Aa%40", "agent");
    assert_non_null(strstr(proxy_told.text, "\"dn\":\"1001\""));
    assert_null(strstr(proxy_told.text, "\"dn\":\"1002\""));
    proxy_fixture_ask("GET", "/api/registrations?dn=1002", "agent");
    assert_non_null(strstr(proxy_told.text, "\"dn\":\"1002\""));
    proxy_fixture_ask("GET", "/api/registrations?dn=9", "agent");
    assert_non_null(strstr(proxy_told.text, "\"registrations\":[]"));
    proxy_fixture_end();
}

static void an_administrator_takes_one_contact_away(void **state)
{
    (void)state;
    begin();
    proxy_fixture_ask("DELETE", "/api/registrations/1001?contact=sip%3Aa%40127.0.0.1%3A6001", "supervisor");
    assert_int_equal(proxy_told.status, 403);
    proxy_fixture_ask("DELETE", "/api/registrations/1001", "administrator");
    assert_int_equal(proxy_told.status, 400);
    proxy_fixture_ask(
        "DELETE", "/api/registrations/1001?contact=sip%3Ab%40127.0.0.1%3A6001", "administrator");
    assert_int_equal(proxy_told.status, 404);
    proxy_fixture_ask(
        "DELETE", "/api/registrations/7777?contact=sip%3Aa%40127.0.0.1%3A6001", "administrator");
    assert_int_equal(proxy_told.status, 404);
    proxy_fixture_ask(
        "DELETE", "/api/registrations/1001?contact=sip%3Agone%40127.0.0.1%3A6001", "administrator");
    assert_int_equal(proxy_told.status, 404);
    assert_int_equal(proxy_fixture_bindings("1001"), 1);
    proxy_fixture_ask(
        "DELETE", "/api/registrations/1001?contact=sip%3Aa%40127.0.0.1%3A6001", "administrator");
    assert_int_equal(proxy_told.status, 200);
    assert_int_equal(proxy_fixture_bindings("1001"), 0);
    proxy_fixture_end();
}

static void bad_questions_get_a_clear_answer(void **state)
{
    static const struct {
        const char *method, *path;
        unsigned status;
    } rows[] = {{"GET", "/api/registrations?limit=0", 400}, {"GET", "/api/registrations?limit=201", 400},
        {"GET", "/api/registrations?limit=x", 400}, {"POST", "/api/registrations", 405},
        {"GET", "/api/registrations/1001", 405}, {"GET", "/api/registrationsx", 404}, {"GET", "/api/%", 400},
        {"GET", "/api/other", 404}};
    (void)state;
    begin();
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        proxy_fixture_ask(rows[i].method, rows[i].path, "administrator");
        if (proxy_told.status != rows[i].status)
            fail_msg("%s: %u", rows[i].path, proxy_told.status);
        assert_non_null(strstr(proxy_told.text, "\"sentence\":"));
    }
    proxy_told.count = 0;
    proxy_fixture_ask(
        "GET", "/api/registrations?location=other", "administrator"); /* its proxies proxy_told.text */
    assert_int_equal(proxy_told.count, 0);
    proxy_fixture_ask("GET", "/api/registrations?location=home", "administrator");
    assert_int_equal(proxy_told.status, 200);
    proxy_fixture_end();
}

TESTS("proxy/registrar/list", cmocka_unit_test(lists_in_order_of_numbers),
    cmocka_unit_test(a_page_says_where_the_next_begins), cmocka_unit_test(finds_by_number_contact_and_model),
    cmocka_unit_test(an_administrator_takes_one_contact_away),
    cmocka_unit_test(bad_questions_get_a_clear_answer))
