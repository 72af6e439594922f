/* What each proxy knows something else of is one answer. */
#include "config/process.h"
#include "roles/session/session_fixture.h"
#include "unit.h"
#include "wire/client.pb-c.h"
#include "wire/pack.h"

#define SECOND 1000000
#define TOKEN_CONFIG 6 /* SESSION_TOKEN_CONFIG */
#define OPERATOR "Authorization: Bearer token\r\n"

static struct arena arena;

static Tandem__ConfigRequest *asked(struct desk *d)
{
    const struct desk_publication *p = &d->published[(d->publications - 1) % 16];
    assert_string_equal(p->subject, "ctl.proxy");
    return pack_read(&tandem__config_request__descriptor, buffer_slice(&p->bytes), &arena);
}

static void answer(struct desk *d, const Tandem__ConfigRequest *r, unsigned status, const char *body)
{
    Tandem__ConfigAnswer a = TANDEM__CONFIG_ANSWER__INIT;
    a.token = r->token;
    a.status = status;
    a.content_type = (char *)(uintptr_t) "application/json";
    a.has_body = true;
    a.body = pack_bytes(slice_text(body));
    desk_bus(d, TOKEN_CONFIG, &a.base);
}

static void open_desk(struct desk *d)
{
    struct config_builder *b = config_builder_new();
    struct configuration *c;
    desk_open(d);
    config_builder_local(
        b, &(struct config_local){.operator_token_sha256 = config_operator_token_sha256(d->configuration)});
    config_builder_location(b, &(struct config_location){.name = SLICE("home")});
    config_builder_application(
        b, &(struct config_application){.name = SLICE("proxy-1"), .role = CONFIG_ROLE_PROXY}, SLICE("home"));
    config_builder_application(
        b, &(struct config_application){.name = SLICE("proxy-2"), .role = CONFIG_ROLE_PROXY}, SLICE("home"));
    config_builder_application(b,
        &(struct config_application){.name = SLICE("session-1"), .role = CONFIG_ROLE_SESSION}, SLICE("home"));
    assert_int_equal(config_builder_end(&c, b, NULL), 0);
    desk_configure(d, c);
}

static void close_desk(struct desk *d)
{
    desk_close(d);
    arena_free(&arena);
    arena = (struct arena){0};
}

/* OPS-22 */
static void all_answers_come_together(void **state)
{
    (void)state;
    struct desk d;
    open_desk(&d);
    uint64_t flow = desk_request(&d, "GET", "/api/trace/dialogs?number=1001", OPERATOR, NULL);
    Tandem__ConfigRequest *r = asked(&d);
    assert_string_equal(r->path, "/api/trace/dialogs?number=1001");
    assert_string_equal(r->role, "administrator");
    answer(&d, r, 200, "{\"proxy\":\"proxy-1\"}");
    assert_false(desk_said(&d, flow, "HTTP/1.1"));
    answer(&d, r, 200, "{\"proxy\":\"proxy-2\"}");
    assert_true(desk_said(&d, flow, "HTTP/1.1 200 OK\r\n"));
    assert_true(desk_said(
        &d, flow, "\r\n\r\n{\"asked\":2,\"answers\":[{\"proxy\":\"proxy-1\"},{\"proxy\":\"proxy-2\"}]}"));
    answer(&d, r, 200, "{}"); /* one too many is nobody's */
    close_desk(&d);
}

static void one_that_is_silent_is_waited_for_a_moment(void **state)
{
    (void)state;
    struct desk d;
    open_desk(&d);
    uint64_t flow = desk_request(&d, "GET", "/api/trace/messages?sip=a", OPERATOR, NULL);
    answer(&d, asked(&d), 200, "{}");
    assert_false(desk_said(&d, flow, "HTTP/1.1"));
    desk_advance(&d, 3 * SECOND);
    assert_true(desk_said(&d, flow, "\r\n\r\n{\"asked\":2,\"answers\":[{}]}"));
    flow = desk_request(&d, "GET", "/api/trace/messages?sip=a", OPERATOR, NULL);
    desk_advance(&d, 3 * SECOND);
    assert_true(desk_said(&d, flow, "HTTP/1.1 503 "));
    assert_true(desk_said(&d, flow, "no proxy answers"));
    close_desk(&d);
}

static void a_proxy_that_is_named_is_asked_alone(void **state)
{
    (void)state;
    struct desk d;
    open_desk(&d);
    uint64_t flow = desk_request(&d, "GET", "/api/trace/messages?sip=a&proxy=proxy-2", OPERATOR, NULL);
    answer(&d, asked(&d), 200, "{}");
    assert_true(desk_said(&d, flow, "\r\n\r\n{\"asked\":1,\"answers\":[{}]}"));
    unsigned before = d.publications;
    flow = desk_request(&d, "GET", "/api/trace/messages?sip=a&proxy=proxy-9", OPERATOR, NULL);
    assert_true(desk_said(&d, flow, "HTTP/1.1 404 "));
    flow = desk_request(&d, "GET", "/api/trace/messages?sip=a&proxy=proxy-9", "", NULL);
    assert_true(desk_said(&d, flow, "HTTP/1.1 401 ")); /* strangers learn no names */
    flow = desk_request(&d, "GET", "/api/trace/messages?sip=a", "", NULL);
    assert_true(desk_said(&d, flow, "HTTP/1.1 401 "));
    assert_int_equal(d.publications, before);
    close_desk(&d);
}

static void a_refusal_is_passed_on(void **state)
{
    (void)state;
    struct desk d;
    open_desk(&d);
    uint64_t flow = desk_request(&d, "GET", "/api/trace/messages?sip=a", OPERATOR, NULL);
    Tandem__ConfigRequest *r = asked(&d);
    answer(&d, r, 403, "{\"error\":1}");
    answer(&d, r, 403, "{\"error\":2}");
    assert_true(desk_said(&d, flow, "HTTP/1.1 403 "));
    assert_true(desk_said(&d, flow, "\r\n\r\n{\"error\":1}"));
    uint64_t gone = desk_request(&d, "GET", "/api/trace/messages?sip=a", OPERATOR, NULL);
    r = asked(&d);
    desk_input(&d, &(struct input){.kind = INPUT_CLOSED, .flow = gone, .token = 1});
    answer(&d, r, 200, "{}");
    answer(&d, r, 200, "{}");
    close_desk(&d);
}

TESTS("session/gather", cmocka_unit_test(all_answers_come_together),
    cmocka_unit_test(one_that_is_silent_is_waited_for_a_moment),
    cmocka_unit_test(a_proxy_that_is_named_is_asked_alone), cmocka_unit_test(a_refusal_is_passed_on))
