/* The gateway for browsers: log-in, rights, history, configuration. */
#include "roles/session/session_fixture.h"

#include "unit.h"

#include "base/error.h"
#include "wire/client.pb-c.h"
#include "wire/engine.pb-c.h"
#include "wire/event.pb-c.h"
#include "wire/pack.h"

#define OURS "X-Tandem-Request: 1\r\n"
#define SECOND 1000000

static void log_in_gives_a_cookie_that_opens_the_api(void **state)
{
    (void)state;
    struct desk d;
    char cookie[96], both[160];
    desk_open(&d);
    uint64_t flow = desk_request(&d, "GET", "/api/me", "", NULL);
    assert_true(desk_said(&d, flow, "HTTP/1.1 401 "));
    assert_true(desk_said(&d, flow, "WWW-Authenticate: Bearer"));
    assert_true(
        desk_said(&d, flow, "{\"error\":{\"code\":401,\"symbol\":\"UNAUTHENTICATED\",\"sentence\":\""));
    desk_log_in(&d, "ann", cookie);
    assert_true(desk_said(&d, d.flow_count + 999, "; Path=/; HttpOnly; Secure; SameSite=Strict\r\n"));
    assert_true(desk_said(
        &d, d.flow_count + 999, "{\"user\":\"ann\",\"name\":\"Display \\\"name\\\"\",\"role\":\"agent\"}"));
    flow = desk_request(&d, "GET", "/api/me", cookie, NULL);
    assert_true(desk_said(&d, flow, "HTTP/1.1 200 "));
    assert_true(desk_said(&d, flow, "{\"user\":\"ann\","));
    snprintf(both, sizeof both, "%s" OURS, cookie);
    flow = desk_request(&d, "POST", "/api/logout", both, "");
    assert_true(desk_said(&d, flow, "HTTP/1.1 204 "));
    assert_true(desk_said(&d, flow, "Max-Age=0"));
    flow = desk_request(&d, "GET", "/api/me", cookie, NULL);
    assert_true(desk_said(&d, flow, "HTTP/1.1 401 "));
    desk_close(&d);
}

/* SEC-3: an unknown user costs the same work and gets the same answer as a wrong password. */
static void unknown_users_cannot_be_told_apart(void **state)
{
    (void)state;
    static const char *const users[] = {"ann", "nobody", "dora"};
    struct buffer first = {0};
    struct desk d;
    desk_open(&d);
    for (size_t i = 0; i < 3; i++) {
        char body[128];
        struct arena arena = {0};
        snprintf(body, sizeof body, "{\"user\":\"%s\",\"password\":\"x\"}", users[i]);
        uint64_t flow = desk_request(&d, "POST", "/api/login", OURS, body);
        assert_int_equal(d.asks, i + 1);
        Tandem__JobRequest *job = pack_read(&tandem__job_request__descriptor, buffer_slice(&d.asked), &arena);
        assert_string_equal(job->name, "argon2-verify");
        assert_int_equal(job->n_arguments, 2);
        assert_true((job->arguments[1].len == 8) == (i == 0));
        arena_free(&arena);
        assert_int_equal(desk_flow(&d, flow)->out.length, 0);
        /* Even if the password of nobody were found. */
        desk_answer(&d, i == 0 ? ANSWER_NO : ANSWER_YES, i == 0 ? ERROR_DENIED : 0, NULL);
        if (i == 0)
            buffer_add(&first, buffer_slice(&desk_flow(&d, flow)->out));
        assert_true(slice_equal(buffer_slice(&first), buffer_slice(&desk_flow(&d, flow)->out)));
        assert_true(desk_said(&d, flow, "HTTP/1.1 401 "));
    }
    buffer_free(&first);
    desk_close(&d);
}

static int try_log_in(struct desk *d, const char *user, bool right)
{
    char body[128];
    unsigned asks = d->asks;
    snprintf(body, sizeof body, "{\"user\":\"%s\",\"password\":\"x\"}", user);
    d->flow_count = d->flow_count == DESK_FLOWS ? 0 : d->flow_count;
    uint64_t flow = desk_request(d, "POST", "/api/login", OURS "Connection: close\r\n", body);
    if (d->asks != asks)
        desk_answer(d, right ? ANSWER_YES : ANSWER_NO, right ? 0 : ERROR_DENIED, NULL);
    int status = atoi(desk_flow(d, flow)->out.data + 9);
    desk_forget(d, flow);
    return status;
}

/* SEC-3: the wait doubles; a good log-in ends it. */
static void failed_log_ins_are_delayed(void **state)
{
    (void)state;
    struct desk d;
    desk_open(&d);
    for (int i = 0; i < 5; i++)
        assert_int_equal(try_log_in(&d, "ann", false), 401);
    assert_int_equal(try_log_in(&d, "ann", true), 429);
    assert_int_equal(try_log_in(&d, "adam", true), 200); /* others are not concerned */
    desk_advance(&d, SECOND);
    assert_int_equal(try_log_in(&d, "ann", false), 401);
    desk_advance(&d, SECOND);
    assert_int_equal(try_log_in(&d, "ann", true), 429); /* two seconds now */
    desk_advance(&d, SECOND);
    assert_int_equal(try_log_in(&d, "ann", true), 200);
    assert_int_equal(try_log_in(&d, "ann", false), 401);
    assert_int_equal(try_log_in(&d, "ann", true), 200);
    /* Many names from one address. */
    int status = 401;
    for (int i = 0; i < 30 && status == 401; i++) {
        char name[8];
        snprintf(name, sizeof name, "n%d", i);
        status = try_log_in(&d, name, false);
    }
    assert_int_equal(status, 429);
    assert_int_equal(try_log_in(&d, "adam", true), 429);
    desk_close(&d);
}

static void guesses_at_the_same_time_are_counted(void **state)
{
    (void)state;
    struct desk d;
    desk_open(&d);
    unsigned refused = 0;
    for (int i = 0; i < 8; i++) {
        uint64_t flow = desk_request(&d, "POST", "/api/login", OURS, "{\"user\":\"ann\",\"password\":\"x\"}");
        refused += desk_said(&d, flow, "HTTP/1.1 429 ") && desk_said(&d, flow, "Retry-After: 1\r\n");
    }
    assert_int_equal(refused, 3);
    desk_close(&d);
}

/* SEC-3 */
static void requests_of_other_pages_are_refused(void **state)
{
    (void)state;
    static const struct {
        const char *more, *status;
    } examples[] = {
        {"", "403"},
        {"X-Tandem-Request: 2\r\n", "403"},
        {OURS "Origin: https://evil\r\n", "403"},
        {OURS "Origin: null\r\n", "403"},
    };
    struct desk d;
    desk_open(&d);
    for (size_t i = 0; i < sizeof examples / sizeof *examples; i++) {
        uint64_t flow =
            desk_request(&d, "POST", "/api/login", examples[i].more, "{\"user\":\"ann\",\"password\":\"x\"}");
        assert_memory_equal(desk_flow(&d, flow)->out.data + 9, examples[i].status, 3);
    }
    assert_int_equal(d.asks, 0);
    desk_close(&d);
}

static void paths_and_methods_are_checked(void **state)
{
    (void)state;
    static const struct {
        const char *method, *path, *says;
    } examples[] = {
        {"GET", "/api/nothing", "HTTP/1.1 404 "},
        {"GET", "/no/such/file", "HTTP/1.1 404 "},
        {"GET", "/api/login", "HTTP/1.1 405 "},
        {"GET", "/api/login", "Allow: POST, OPTIONS\r\n"},
        {"DELETE", "/api/me", "Allow: GET, HEAD, OPTIONS\r\n"},
        {"OPTIONS", "/api/me", "HTTP/1.1 204 "},
        {"OPTIONS", "*", "HTTP/1.1 204 "},
        {"BREW", "/api/me", "HTTP/1.1 501 "},
        {"TRACE", "/", "HTTP/1.1 405 "},
    };
    struct desk d;
    desk_open(&d);
    for (size_t i = 0; i < sizeof examples / sizeof *examples; i++) {
        uint64_t flow = desk_request(&d, examples[i].method, examples[i].path, "", NULL);
        if (!desk_said(&d, flow, examples[i].says))
            fail_msg("%s %s: %.60s", examples[i].method, examples[i].path, desk_flow(&d, flow)->out.data);
    }
    uint64_t flow = desk_request(&d, "POST", "/api/login", OURS, "{\"user\":5}");
    assert_true(desk_said(&d, flow, "HTTP/1.1 400 "));
    assert_true(desk_said(&d, flow, "user: text expected"));
    desk_close(&d);
}

static void log_ins_end_by_idleness_age_and_configuration(void **state)
{
    (void)state;
    struct desk d;
    char cookie[96];
    desk_open(&d);
    desk_log_in(&d, "ann", cookie);
    for (int i = 0; i < 3; i++) { /* used, it lives on */
        desk_advance(&d, 29LL * 60 * SECOND);
        assert_true(desk_said(&d, desk_request(&d, "GET", "/api/me", cookie, NULL), " 200 "));
    }
    desk_advance(&d, 31LL * 60 * SECOND);
    assert_true(desk_said(&d, desk_request(&d, "GET", "/api/me", cookie, NULL), " 401 "));
    desk_log_in(&d, "ann", cookie);
    for (int i = 0; i < 26; i++) {
        desk_advance(&d, 28LL * 60 * SECOND);
        desk_request(&d, "GET", "/api/me", cookie, NULL);
    }
    assert_true(desk_said(&d, desk_request(&d, "GET", "/api/me", cookie, NULL), " 401 ")); /* after 12 h */
    desk_log_in(&d, "ann", cookie);
    desk_configure(&d, desk_configuration(true));
    assert_true(desk_said(&d, desk_request(&d, "GET", "/api/me", cookie, NULL), " 401 "));
    desk_close(&d);
}

static Tandem__StoreValue number_of(int64_t number)
{
    Tandem__StoreValue v = TANDEM__STORE_VALUE__INIT;
    v.has_number = true;
    v.number = number;
    return v;
}

static Tandem__StoreValue text_of(const char *text)
{
    Tandem__StoreValue v = TANDEM__STORE_VALUE__INIT;
    v.text = (char *)(uintptr_t)text;
    return v;
}

static void history_comes_in_pages(void **state)
{
    (void)state;
    struct desk d;
    struct arena arena = {0};
    char cookie[96];
    desk_open(&d);
    desk_log_in(&d, "ann", cookie);
    uint64_t flow = desk_request(&d, "GET", "/api/history?limit=1&before=10&dn=%2B49", cookie, NULL);
    assert_int_equal(d.ask.service, SERVICE_STORE);
    Tandem__StoreRequest *r = pack_read(&tandem__store_request__descriptor, buffer_slice(&d.asked), &arena);
    assert_string_equal(r->statements[0]->name, "history_page");
    assert_string_equal(r->statements[0]->parameters[0]->text, "+49");
    assert_int_equal(r->statements[0]->parameters[1]->number, 10);
    assert_int_equal(r->statements[0]->parameters[2]->number, 2);
    Tandem__StoreValue null = TANDEM__STORE_VALUE__INIT;
    Tandem__StoreValue cells[12] = {number_of(9), text_of("00000000000000ff"), number_of(1), null,
        number_of(3), text_of("1001"), text_of("+49"), number_of(TANDEM__CALL_RESULT__RESULT_NO_ANSWER), null,
        text_of("node-1"), null, text_of("{\"geolocation\":\"geo:1,2\"}")};
    Tandem__StoreValue *values[12];
    for (size_t i = 0; i < 12; i++)
        values[i] = &cells[i];
    Tandem__StoreRow row = TANDEM__STORE_ROW__INIT;
    row.n_values = 12;
    row.values = values;
    Tandem__StoreRow *rows[2] = {&row, &row};
    Tandem__StoreResult result = TANDEM__STORE_RESULT__INIT;
    result.n_rows = 2;
    result.rows = rows;
    Tandem__StoreResult *results[1] = {&result};
    Tandem__StoreAnswer answer = TANDEM__STORE_ANSWER__INIT;
    answer.n_results = 1;
    answer.results = results;
    desk_answer(&d, ANSWER_YES, 0, &answer.base);
    assert_true(desk_said(&d, flow,
        "\r\n\r\n{\"calls\":[{\"call_id\":\"00000000000000ff\",\"started_at\":\"1\",\"answered_at\":null,"
        "\"ended_at\":"
        "\"3\",\"from\":\"1001\",\"to\":\"+49\",\"result\":\"no_answer\",\"cause\":\"\",\"node\":\"node-1\","
        "\"location\":\"\",\"attributes\":{\"geolocation\":\"geo:1,2\"}}],\"next\":\"9\"}"));
    flow = desk_request(&d, "GET", "/api/history", cookie, NULL);
    result.n_rows = 0;
    desk_answer(&d, ANSWER_YES, 0, &answer.base);
    assert_true(desk_said(&d, flow, "{\"calls\":[],\"next\":null}"));
    flow = desk_request(&d, "GET", "/api/history", cookie, NULL);
    desk_answer(&d, ANSWER_UNKNOWN, ERROR_TIMEOUT, NULL);
    assert_true(desk_said(&d, flow, "HTTP/1.1 503 "));
    flow = desk_request(&d, "GET", "/api/history?limit=1000", cookie, NULL);
    assert_true(desk_said(&d, flow, "HTTP/1.1 400 "));
    arena_free(&arena);
    desk_close(&d);
}

static void requests_wait_for_the_one_before(void **state)
{
    (void)state;
    struct desk d;
    char cookie[96];
    struct buffer two = {0};
    desk_open(&d);
    desk_log_in(&d, "ann", cookie);
    uint64_t flow = desk_accept(&d, 1);
    buffer_add_format(&two,
        "GET /api/history HTTP/1.1\r\nHost: a\r\n%s\r\nGET /api/me HTTP/1.1\r\nHost: a\r\n%s\r\n", cookie,
        cookie);
    desk_data(&d, flow, buffer_slice(&two));
    assert_int_equal(desk_flow(&d, flow)->out.length, 0);
    desk_answer(&d, ANSWER_NO, ERROR_SYNTAX, NULL);
    assert_true(slice_starts(buffer_slice(&desk_flow(&d, flow)->out), SLICE("HTTP/1.1 503 ")));
    assert_true(desk_said(&d, flow, "{\"user\":\"ann\""));
    /* One that goes away while its question is open. */
    flow = desk_request(&d, "GET", "/api/history", cookie, NULL);
    desk_input(&d, &(struct input){.kind = INPUT_CLOSED, .flow = flow});
    desk_answer(&d, ANSWER_NO, ERROR_SYNTAX, NULL);
    buffer_free(&two);
    desk_close(&d);
}

static void configuration_is_asked_over_the_bus(void **state)
{
    (void)state;
    struct desk d;
    struct arena arena = {0};
    char cookie[96], more[160];
    desk_open(&d);
    desk_log_in(&d, "adam", cookie);
    snprintf(more, sizeof more, "%s" OURS, cookie);
    uint64_t flow = desk_request(&d, "PUT", "/api/config/dn/10%2F01?version=3", more, "{\"name\":\"x\"}");
    const struct desk_publication *p = &d.published[(d.publications - 1) % 16];
    assert_string_equal(p->subject, "ctl.config");
    Tandem__ConfigRequest *r =
        pack_read(&tandem__config_request__descriptor, buffer_slice(&p->bytes), &arena);
    assert_string_equal(r->reply_to, "ctl.session.session-1.config");
    assert_string_equal(r->method, "PUT");
    assert_string_equal(r->path, "/api/config/dn/10%2F01?version=3");
    assert_string_equal(r->user, "adam");
    assert_string_equal(r->role, "administrator");
    assert_true(slice_equal(pack_slice(r->body), SLICE("{\"name\":\"x\"}")));
    Tandem__ConfigAnswer a = TANDEM__CONFIG_ANSWER__INIT;
    a.token = r->token;
    a.status = 409;
    a.content_type = (char *)(uintptr_t) "application/json";
    a.has_body = true;
    a.body = pack_bytes(SLICE("{\"error\":{}}"));
    desk_bus(&d, 6, &a.base);
    desk_bus(&d, 6, &a.base); /* a second one is nobody's */
    assert_true(desk_said(&d, flow, "HTTP/1.1 409 Conflict\r\n"));
    assert_true(desk_said(&d, flow, "\r\n\r\n{\"error\":{}}"));
    flow = desk_request(&d, "GET", "/api/config", cookie, NULL);
    desk_advance(&d, 9 * SECOND);
    assert_true(desk_said(&d, flow, "HTTP/1.1 503 "));
    /* The operator's token instead of a log-in. */
    flow = desk_request(&d, "GET", "/api/config/dn/", "Authorization: Bearer tokem\r\n", NULL);
    assert_true(desk_said(&d, flow, "HTTP/1.1 401 "));
    flow = desk_request(&d, "GET", "/api/config/dn/", "Authorization: Bearer token\r\n", NULL);
    r = pack_read(&tandem__config_request__descriptor,
        buffer_slice(&d.published[(d.publications - 1) % 16].bytes), &arena);
    assert_string_equal(r->user, "operator");
    assert_string_equal(r->role, "administrator");
    arena_free(&arena);
    desk_close(&d);
}

static void slow_and_idle_connections_end(void **state)
{
    (void)state;
    struct desk d;
    desk_open(&d);
    uint64_t silent = desk_accept(&d, 1), slow = desk_accept(&d, 1);
    for (int i = 0; i < 19; i++) {
        desk_data(&d, slow, SLICE("G"));
        desk_advance(&d, SECOND);
    }
    uint64_t idle = desk_request(&d, "GET", "/api/me", "", NULL);
    assert_false(desk_flow(&d, silent)->closed);
    desk_advance(&d, 2 * SECOND);
    assert_true(desk_flow(&d, silent)->closed);
    assert_int_equal(desk_flow(&d, silent)->out.length, 0);
    assert_true(desk_flow(&d, slow)->closed);
    assert_true(desk_said(&d, slow, "HTTP/1.1 408 "));
    assert_false(desk_flow(&d, idle)->closed);
    desk_advance(&d, 75 * SECOND);
    assert_true(desk_flow(&d, idle)->closed);
    desk_close(&d);
}

/* CF-10 */
static void health_and_alarms_are_asked_over_the_bus(void **state)
{
    (void)state;
    struct desk d;
    struct arena arena = {0};
    char cookie[96], more[160];
    desk_open(&d);
    uint64_t flow = desk_request(&d, "GET", "/api/status", "", NULL);
    assert_true(desk_said(&d, flow, "HTTP/1.1 401 "));
    desk_log_in(&d, "ann", cookie);
    snprintf(more, sizeof more, "%s" OURS, cookie);
    flow = desk_request(&d, "POST", "/api/alarms/7/acknowledge", more, NULL);
    const struct desk_publication *p = &d.published[(d.publications - 1) % 16];
    assert_string_equal(p->subject, "ctl.control");
    Tandem__ConfigRequest *r =
        pack_read(&tandem__config_request__descriptor, buffer_slice(&p->bytes), &arena);
    assert_string_equal(r->method, "POST");
    assert_string_equal(r->path, "/api/alarms/7/acknowledge");
    assert_string_equal(r->user, "ann");
    desk_advance(&d, 10 * SECOND);
    assert_true(desk_said(&d, flow, "the role control does not answer"));
    flow = desk_request(&d, "POST", "/api/status", more, NULL);
    assert_true(desk_said(&d, flow, "HTTP/1.1 405 "));
    arena_free(&arena);
    desk_close(&d);
}

/* SEC-4, SM-44: who joins needs no log-in, but gets only so far in a second; others are not kept waiting by
 * it. */
static void a_source_without_a_log_in_is_limited(void **state)
{
    (void)state;
    struct desk d;
    unsigned refused = 0;
    desk_open(&d);
    for (int i = 0; i < 12; i++) {
        uint64_t flow = desk_request(&d, "POST", "/api/enrol", OURS, "{}");
        refused += desk_said(&d, flow, "HTTP/1.1 429 ");
        if (i < 10)
            assert_string_equal(d.published[(d.publications - 1) % 16].subject, "ctl.identity");
    }
    assert_int_equal(refused, 2); /* 60 at once, 6 for each */
    desk_advance(&d, 6 * SECOND);
    unsigned before = d.publications;
    desk_request(&d, "POST", "/api/enrol", OURS, "{}");
    assert_int_equal(d.publications, before + 1);
    uint64_t flow = desk_request(&d, "GET", "/api/members", "", NULL);
    assert_true(desk_said(&d, flow, "HTTP/1.1 401 "));
    desk_request(&d, "GET", "/api/members", "Authorization: Bearer token\r\n", NULL);
    assert_int_equal(d.publications, before + 2);
    desk_close(&d);
}

TESTS("roles/session", cmocka_unit_test(a_source_without_a_log_in_is_limited),
    cmocka_unit_test(log_in_gives_a_cookie_that_opens_the_api),
    cmocka_unit_test(unknown_users_cannot_be_told_apart), cmocka_unit_test(failed_log_ins_are_delayed),
    cmocka_unit_test(guesses_at_the_same_time_are_counted),
    cmocka_unit_test(requests_of_other_pages_are_refused), cmocka_unit_test(paths_and_methods_are_checked),
    cmocka_unit_test(log_ins_end_by_idleness_age_and_configuration), cmocka_unit_test(history_comes_in_pages),
    cmocka_unit_test(requests_wait_for_the_one_before), cmocka_unit_test(configuration_is_asked_over_the_bus),
    cmocka_unit_test(slow_and_idle_connections_end),
    cmocka_unit_test(health_and_alarms_are_asked_over_the_bus))
