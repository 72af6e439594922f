/* What people ask about registrations. */
#include "roles/proxy/proxy_fixture.h"

#include "unit.h"
#include "wire/client.pb-c.h"
#include "wire/pack.h"

static char answer[8000];
static unsigned status, answers;

static void hear(struct slice subject, struct slice bytes)
{
    struct arena arena = {0};
    if (!slice_equal(subject, SLICE("ctl.session.s.config")))
        return;
    const Tandem__ConfigAnswer *a = pack_read(&tandem__config_answer__descriptor, bytes, &arena);
    assert_non_null(a);
    assert_int_equal(a->token, 5);
    snprintf(answer, sizeof answer, "%.*s", (int)a->body.len, (const char *)a->body.data);
    status = a->status;
    answers++;
    arena_free(&arena);
}

static void ask(const char *method, const char *path, const char *role)
{
    struct buffer bytes = {0};
    Tandem__ConfigRequest m = TANDEM__CONFIG_REQUEST__INIT;
    m.reply_to = (char *)(uintptr_t) "ctl.session.s.config";
    m.token = 5;
    m.method = (char *)(uintptr_t)method;
    m.path = (char *)(uintptr_t)path;
    m.role = (char *)(uintptr_t)role;
    m.user = (char *)(uintptr_t) "anna";
    pack_add(&bytes, &m.base);
    status = 0;
    answer[0] = '\0';
    proxy_fixture_input((struct input){.kind = INPUT_BUS,
        .token = PROXY_TOKEN_QUESTIONS,
        .name = SLICE("ctl.proxy"),
        .bytes = buffer_slice(&bytes)});
    buffer_free(&bytes);
}

static void begin(void)
{
    proxy_fixture_begin();
    proxy_fixture_register(&proxy_bob, "Contact: <sip:x@127.0.0.1:6002>\r\nUser-Agent: Desk Phone 7\r\n");
    proxy_fixture_register(&proxy_alice, "Contact: <sip:a@127.0.0.1:6001>;q=0.5\r\n");
    proxy_fixture_register(&proxy_alice, "Contact: <sip:gone@127.0.0.1:6001>\r\n");
    proxy_fixture_register(&proxy_alice, "Contact: <sip:gone@127.0.0.1:6001>;expires=0\r\n");
    proxy_fixture.on_publish = hear;
    answers = 0;
}

/* VC-2 */
static void lists_in_order_of_numbers(void **state)
{
    (void)state;
    begin();
    ask("GET", "/api/registrations", "agent");
    assert_int_equal(status, 200);
    const char *alice = strstr(answer, "\"dn\":\"1001\""), *bob = strstr(answer, "\"dn\":\"1002\"");
    assert_true(alice != NULL && bob != NULL && alice < bob);
    assert_null(strstr(answer, "gone"));
    assert_non_null(strstr(answer, "\"contact\":\"sip:a@127.0.0.1:6001\",\"proxy\":\"proxy-1\",\"transport\":"
                                   "\"udp\",\"address\":\"127.0.0.1:6001\""));
    assert_non_null(strstr(answer, "\"q\":500"));
    assert_non_null(strstr(answer, "\"user_agent\":\"Desk Phone 7\""));
    assert_non_null(strstr(answer, "\"count\":2"));
    assert_non_null(strstr(answer, "\"next\":null"));
    proxy_fixture_end();
}

static void a_page_says_where_the_next_begins(void **state)
{
    (void)state;
    begin();
    ask("GET", "/api/registrations?limit=1", "agent");
    assert_non_null(strstr(answer, "\"dn\":\"1001\""));
    assert_null(strstr(answer, "\"dn\":\"1002\""));
    assert_non_null(strstr(answer, "\"next\":\"1001\""));
    ask("GET", "/api/registrations?limit=1&after=1001", "agent");
    assert_null(strstr(answer, "\"dn\":\"1001\""));
    assert_non_null(strstr(answer, "\"dn\":\"1002\""));
    ask("GET", "/api/registrations?limit=1&after=1002", "agent");
    assert_non_null(strstr(answer, "\"registrations\":[],\"next\":null"));
    proxy_fixture_end();
}

static void finds_by_number_contact_and_model(void **state)
{
    (void)state;
    begin();
    ask("GET", "/api/registrations?q=desk+PHONE", "agent");
    assert_null(strstr(answer, "\"dn\":\"1001\""));
    assert_non_null(strstr(answer, "\"dn\":\"1002\""));
    ask("GET", "/api/registrations?q=sip%3Aa%40", "agent");
    assert_non_null(strstr(answer, "\"dn\":\"1001\""));
    assert_null(strstr(answer, "\"dn\":\"1002\""));
    ask("GET", "/api/registrations?dn=1002", "agent");
    assert_non_null(strstr(answer, "\"dn\":\"1002\""));
    ask("GET", "/api/registrations?dn=9", "agent");
    assert_non_null(strstr(answer, "\"registrations\":[]"));
    proxy_fixture_end();
}

static void an_administrator_takes_one_contact_away(void **state)
{
    (void)state;
    begin();
    ask("DELETE", "/api/registrations/1001?contact=sip%3Aa%40127.0.0.1%3A6001", "supervisor");
    assert_int_equal(status, 403);
    ask("DELETE", "/api/registrations/1001", "administrator");
    assert_int_equal(status, 400);
    ask("DELETE", "/api/registrations/1001?contact=sip%3Ab%40127.0.0.1%3A6001", "administrator");
    assert_int_equal(status, 404);
    ask("DELETE", "/api/registrations/7777?contact=sip%3Aa%40127.0.0.1%3A6001", "administrator");
    assert_int_equal(status, 404);
    ask("DELETE", "/api/registrations/1001?contact=sip%3Agone%40127.0.0.1%3A6001", "administrator");
    assert_int_equal(status, 404);
    assert_int_equal(proxy_fixture_bindings("1001"), 1);
    ask("DELETE", "/api/registrations/1001?contact=sip%3Aa%40127.0.0.1%3A6001", "administrator");
    assert_int_equal(status, 200);
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
        ask(rows[i].method, rows[i].path, "administrator");
        if (status != rows[i].status)
            fail_msg("%s: %u", rows[i].path, status);
        assert_non_null(strstr(answer, "\"sentence\":"));
    }
    answers = 0;
    ask("GET", "/api/registrations?location=other", "administrator"); /* its proxies answer */
    assert_int_equal(answers, 0);
    ask("GET", "/api/registrations?location=home", "administrator");
    assert_int_equal(status, 200);
    proxy_fixture_end();
}

TESTS("proxy/registrar/list", cmocka_unit_test(lists_in_order_of_numbers),
    cmocka_unit_test(a_page_says_where_the_next_begins), cmocka_unit_test(finds_by_number_contact_and_model),
    cmocka_unit_test(an_administrator_takes_one_contact_away),
    cmocka_unit_test(bad_questions_get_a_clear_answer))
