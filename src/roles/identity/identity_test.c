#include "roles/identity/identity_fixture.h"

#include <inttypes.h>

#include "base/timer.h"
#include "unit.h"

#define ENROL "/api/enrol"
#define MEMBER "/api/members/host-2/"

static void assert_asked(
    const struct identity_desk *d, unsigned status, const char *sentence, const char *log)
{
    assert_int_equal(d->status, status);
    if (strstr(identity_desk_said(d), sentence) == NULL)
        fail_msg("\"%s\" does not say \"%s\"", identity_desk_said(d), sentence);
    assert_string_equal(d->log.data, log);
}

/* host-2 asks with the key K1 (on this bench a request is its own key). */
static void enrol(struct identity_desk *d)
{
    identity_desk_ask(d, "", "POST", ENROL, "{\"name\":\"host-2\",\"request\":\"K1\"}");
    assert_int_equal(d->status, 201);
    identity_desk_configure(d);
}

static void trust(struct identity_desk *d)
{
    identity_desk_ask(d, "administrator", "POST", MEMBER "trust", "{}");
    assert_int_equal(d->status, 200);
    identity_desk_configure(d);
    identity_desk_configure(d);
}

/* GET with a signature by this key ("K1"), at this time. */
static void fetch_at(struct identity_desk *d, const char *key, int64_t at)
{
    char path[256], hex[32] = "";
    for (size_t i = 0; key[i] != '\0'; i++)
        snprintf(hex + 2 * i, 3, "%02x", (unsigned char)key[i]);
    snprintf(path, sizeof path, ENROL "/%s?at=%" PRId64 "&signature=%s%" PRId64,
        identity_desk_text(d, "host-2", "instance_id"), at, hex, at);
    identity_desk_ask(d, "", "GET", path, NULL);
}

static void fetch(struct identity_desk *d, const char *key)
{
    fetch_at(d, key, d->now + 1);
}

static void renew(struct identity_desk *d, const char *request, const char *key)
{
    char path[128], body[256], hex[32] = "";
    for (size_t i = 0; key[i] != '\0'; i++)
        snprintf(hex + 2 * i, 3, "%02x", (unsigned char)key[i]);
    int64_t at = d->now + 1;
    snprintf(path, sizeof path, ENROL "/%s/renew", identity_desk_text(d, "host-2", "instance_id"));
    snprintf(body, sizeof body, "{\"request\":\"%s\",\"at\":%" PRId64 ",\"signature\":\"%s%" PRId64 "\"}",
        request, at, hex, at);
    identity_desk_ask(d, "", "POST", path, body);
}

/* SM-25: new, then trusted by an administrator, then signed; the change is his in the audit log. */
static void a_stranger_is_new_until_somebody_trusts_it(void **state)
{
    (void)state;
    struct identity_desk d;
    identity_desk_open(&d);
    identity_desk_ask(&d, "", "POST", ENROL, "{\"name\":\"host-2\",\"request\":\"K1\"}");
    assert_asked(&d, 201, "", "check;get host-2;put host-2 enrolment;");
    assert_string_equal(identity_desk_text(&d, "host-2", "state"), "new");
    assert_string_equal(identity_desk_text(&d, "host-2", "address"), "192.0.2.7");
    assert_int_equal(strlen(identity_desk_text(&d, "host-2", "instance_id")), 32);
    fetch(&d, "K1"); /* before its own configuration has it */
    assert_asked(&d, 202, "", "get host-2;verify;");
    identity_desk_configure(&d);
    fetch(&d, "K1");
    assert_asked(&d, 202, "", "get host-2;verify;");
    assert_null(json_object_get(d.answer, "certificate"));
    identity_desk_ask(&d, "administrator", "POST", MEMBER "trust", "{\"fingerprint\":\"K9\"}");
    assert_asked(&d, 409, "another fingerprint", "get host-2;");
    identity_desk_ask(&d, "administrator", "POST", MEMBER "trust", "{\"fingerprint\":\"K1\"}");
    assert_asked(&d, 200, "", "get host-2;put host-2 grace;");
    fetch(&d, "K1");
    assert_int_equal(d.status, 202);
    buffer_clear(&d.log);
    identity_desk_configure(&d);
    assert_true(slice_equal(buffer_slice(&d.log), SLICE("get host-2;sign;put host-2 identity;")));
    assert_string_equal(identity_desk_text(&d, "host-2", "request"), "");
    fetch(&d, "K1");
    assert_asked(&d, 200, "", "get host-2;verify;start;");
    assert_string_equal(json_string_value(json_object_get(d.answer, "certificate")), "K1");
    assert_string_equal(json_string_value(json_object_get(d.answer, "authority")), "PEM");
    identity_desk_ask(&d, "supervisor", "GET", "/api/members", NULL);
    assert_int_equal(json_array_size(json_object_get(d.answer, "members")), 1);
    assert_null(json_object_get(json_array_get(json_object_get(d.answer, "members"), 0), "certificate"));
    identity_desk_close(&d);
}

/* SEC-3 */
static void only_administrators_say_who_belongs(void **state)
{
    (void)state;
    static const char *const roles[] = {"", "agent", "supervisor"};
    static const char *const verbs[] = {MEMBER "trust", MEMBER "revoke", MEMBER "code"};
    struct identity_desk d;
    identity_desk_open(&d);
    enrol(&d);
    for (size_t r = 0; r < 3; r++)
        for (size_t v = 0; v < 3; v++) {
            identity_desk_ask(&d, roles[r], "POST", verbs[v], "{}");
            assert_asked(&d, 403, "", "");
        }
    identity_desk_ask(&d, "", "GET", "/api/members", NULL);
    assert_asked(&d, 403, "", "");
    assert_string_equal(identity_desk_text(&d, "host-2", "state"), "new");
    identity_desk_close(&d);
}

/* SEC-1: a code is good for one name, once, for an hour. */
static void a_code_is_good_once(void **state)
{
    (void)state;
    static const char with[] = "{\"name\":\"host-2\",\"request\":\"K1\",\"code\":\"the-code\"}";
    struct identity_desk d;
    identity_desk_open(&d);
    identity_desk_ask(&d, "", "POST", ENROL, with);
    assert_asked(&d, 403, "the code is not good", "check;get host-2;");
    identity_desk_ask(&d, "administrator", "POST", MEMBER "code", "{}");
    assert_asked(&d, 200, "", "code;get host-2;put host-2 grace;");
    assert_string_equal(json_string_value(json_object_get(d.answer, "code")), "open-sesame");
    assert_string_equal(identity_desk_text(&d, "host-2", "code"), "the-code");
    identity_desk_ask(&d, "administrator", "POST", MEMBER "trust", "{}");
    assert_asked(&d, 409, "has not asked yet", "get host-2;");
    identity_desk_ask(&d, "", "POST", ENROL, "{\"name\":\"host-2\",\"request\":\"K1\",\"code\":\"another\"}");
    assert_asked(&d, 403, "the code is not good", "check;get host-2;");
    /* Somebody without a code does not use it up. */
    identity_desk_ask(&d, "", "POST", ENROL, "{\"name\":\"host-2\",\"request\":\"K0\"}");
    assert_int_equal(d.status, 201);
    assert_string_equal(identity_desk_text(&d, "host-2", "state"), "new");
    identity_desk_ask(&d, "", "POST", ENROL, with);
    assert_int_equal(d.status, 201);
    assert_string_equal(identity_desk_text(&d, "host-2", "state"), "trusted");
    assert_string_equal(identity_desk_text(&d, "host-2", "request"), "K1");
    assert_string_equal(identity_desk_text(&d, "host-2", "code"), "");
    identity_desk_ask(&d, "", "POST", ENROL, with);
    assert_asked(&d, 403, "the code is not good", "check;get host-2;");
    identity_desk_ask(&d, "administrator", "POST", MEMBER "code", "{}");
    identity_desk_wait(&d, timer_duration(TIMER_IDENTITY_CODE));
    identity_desk_ask(&d, "", "POST", ENROL, with);
    assert_asked(&d, 403, "the code is not good", "check;get host-2;");
    identity_desk_close(&d);
}

/* Two machines with the same code: the role config's version lets one of them through. */
static void a_race_for_a_code_has_one_winner(void **state)
{
    (void)state;
    struct identity_desk d;
    identity_desk_open(&d);
    identity_desk_ask(&d, "administrator", "POST", MEMBER "code", "{}");
    d.between = "host-2";
    identity_desk_ask(
        &d, "", "POST", ENROL, "{\"name\":\"host-2\",\"request\":\"K1\",\"code\":\"the-code\"}");
    assert_asked(&d, 409, "the writer says so", "check;get host-2;put host-2 enrolment;");
    assert_string_equal(identity_desk_text(&d, "host-2", "request"), "");
    identity_desk_close(&d);
}

/* SM-25: nobody takes a name that is somebody's; asking twice is no harm. */
static void names_belong_to_who_asked_first(void **state)
{
    (void)state;
    struct identity_desk d;
    identity_desk_open(&d);
    enrol(&d);
    identity_desk_ask(&d, "", "POST", ENROL, "{\"name\":\"host-2\",\"request\":\"K1\"}");
    assert_asked(&d, 201, "", "check;get host-2;");
    assert_int_equal(identity_desk_number(&d, "host-2", "version"), 1);
    identity_desk_ask(&d, "", "POST", ENROL, "{\"name\":\"host-2\",\"request\":\"K2\"}");
    assert_asked(&d, 409, "asks for this name already", "check;get host-2;");
    trust(&d);
    identity_desk_ask(&d, "", "POST", ENROL, "{\"name\":\"host-2\",\"request\":\"K1\"}");
    assert_asked(&d, 201, "", "check;get host-2;"); /* nobody has told it yet that it is trusted */
    identity_desk_ask(&d, "", "POST", ENROL, "{\"name\":\"host-2\",\"request\":\"K2\"}");
    assert_asked(&d, 409, "a trusted member has this name", "check;get host-2;");
    assert_string_equal(identity_desk_text(&d, "host-2", "serial"), "K1");
    identity_desk_close(&d);
}

static void at_most_so_many_wait(void **state)
{
    (void)state;
    struct identity_desk d;
    char body[64];
    identity_desk_open(&d);
    for (int i = 0; i < 64; i++) {
        snprintf(body, sizeof body, "{\"name\":\"m%d\",\"request\":\"K%d\"}", i, i);
        identity_desk_ask(&d, "", "POST", ENROL, body);
        assert_int_equal(d.status, 201);
    }
    identity_desk_configure(&d);
    identity_desk_ask(&d, "", "POST", ENROL, "{\"name\":\"host-2\",\"request\":\"K1\"}");
    assert_asked(&d, 503, "too many requests wait", "check;get host-2;");
    identity_desk_ask(&d, "administrator", "POST", MEMBER "code", "{}");
    identity_desk_ask(
        &d, "", "POST", ENROL, "{\"name\":\"host-2\",\"request\":\"K1\",\"code\":\"the-code\"}");
    assert_int_equal(d.status, 201);
    identity_desk_close(&d);
}

/* SEC-1: what a signature shows, and for how long. */
static void a_signature_is_of_the_key_and_of_now(void **state)
{
    (void)state;
    struct identity_desk d;
    identity_desk_open(&d);
    enrol(&d);
    trust(&d);
    fetch(&d, "K2");
    assert_int_equal(d.status, 401);
    int64_t at = d.now + 1;
    fetch_at(&d, "K1", at);
    assert_int_equal(d.status, 200);
    fetch_at(&d, "K1", at);
    assert_asked(&d, 401, "used before", "get host-2;");
    fetch_at(&d, "K1", at - 5);
    assert_asked(&d, 401, "used before", "get host-2;");
    fetch_at(&d, "K1", d.now + timer_duration(TIMER_IDENTITY_CLOCK) * 2);
    assert_asked(&d, 401, "time", "get host-2;");
    assert_true(json_integer_value(json_object_get(d.answer, "now")) == d.now);
    fetch(&d, "K1");
    assert_int_equal(d.status, 200);
    identity_desk_ask(&d, "", "GET", ENROL "/00000000000000000000000000000000?at=1&signature=aa", NULL);
    assert_asked(&d, 404, "no such enrolment", "");
    identity_desk_close(&d);
}

/* SEC-1: rotation: by the present key, with a new one; both certificates are good until the old one ends. */
static void renews_by_the_present_key(void **state)
{
    (void)state;
    struct identity_desk d;
    identity_desk_open(&d);
    enrol(&d);
    renew(&d, "K2", "K1");
    assert_int_equal(d.status, 401); /* it has no certificate whose key could show anything */
    trust(&d);
    renew(&d, "K2", "K2");
    assert_int_equal(d.status, 401);
    renew(&d, "K1", "K1");
    assert_asked(&d, 409, "a new key", "get host-2;verify;check;");
    renew(&d, "K2", "K1");
    assert_asked(&d, 202, "", "get host-2;verify;check;put host-2 enrolment;");
    fetch(&d, "K2");
    assert_int_equal(d.status, 202);
    identity_desk_configure(&d);
    assert_string_equal(identity_desk_text(&d, "host-2", "serial"), "K2");
    assert_string_equal(identity_desk_text(&d, "host-2", "serial_before"), "K1");
    fetch(&d, "K2");
    assert_int_equal(d.status, 200);
    fetch(&d, "K1");
    assert_int_equal(d.status, 401);
    identity_desk_configure(&d);
    identity_desk_wait(&d, INT64_C(7776000000000));
    renew(&d, "K3", "K2");
    assert_asked(&d, 403, "has ended", "get host-2;verify;check;");
    identity_desk_close(&d);
}

/* SEC-1: revocation. */
static void a_revoked_one_gets_nothing(void **state)
{
    (void)state;
    struct identity_desk d;
    identity_desk_open(&d);
    enrol(&d);
    trust(&d);
    renew(&d, "K2", "K1");
    identity_desk_ask(&d, "administrator", "POST", MEMBER "revoke", "{}");
    assert_asked(&d, 200, "", "get host-2;put host-2 grace;");
    identity_desk_configure(&d);
    assert_string_equal(identity_desk_text(&d, "host-2", "serial"), "K1"); /* nobody signs for it any more */
    assert_false(config_member_admits(d.configuration, SLICE("host-2"), SLICE("K1")));
    fetch(&d, "K1");
    assert_asked(&d, 403, "revoked", "get host-2;verify;");
    renew(&d, "K3", "K1");
    assert_int_equal(d.status, 403);
    identity_desk_ask(&d, "administrator", "POST", MEMBER "trust", "{}");
    assert_asked(&d, 409, "revoked", "get host-2;");
    identity_desk_ask(&d, "administrator", "POST", "/api/members/host-9/revoke", "{}");
    assert_asked(&d, 404, "", "get host-9;");
    /* It may ask again, as a stranger; the certificate that it had stays dead. */
    identity_desk_ask(&d, "", "POST", ENROL, "{\"name\":\"host-2\",\"request\":\"K4\"}");
    assert_int_equal(d.status, 201);
    trust(&d);
    assert_string_equal(identity_desk_text(&d, "host-2", "serial"), "K4");
    assert_true(config_member_admits(d.configuration, SLICE("host-2"), SLICE("K4")));
    assert_false(config_member_admits(d.configuration, SLICE("host-2"), SLICE("K1")));
    identity_desk_close(&d);
}

/* Nobody waits for ever, and nothing is done by half. */
static void says_when_others_are_away(void **state)
{
    (void)state;
    static const char *const parts[] = {"check", "get", "put"};
    struct identity_desk d;
    identity_desk_open(&d);
    for (size_t i = 0; i < 3; i++) {
        d.silent = parts[i];
        identity_desk_ask(&d, "", "POST", ENROL, "{\"name\":\"host-2\",\"request\":\"K1\"}");
        assert_int_equal(d.status, 0);
        if (i == 0) /* the world's own answer to a question whose time is over */
            identity_desk_late(&d);
        identity_desk_wait(&d, timer_duration(TIMER_IDENTITY_ASK));
        assert_int_equal(d.status, 503);
        d.silent = NULL;
        d.fails = parts[i];
        identity_desk_ask(&d, "", "POST", ENROL, "{\"name\":\"host-2\",\"request\":\"K1\"}");
        assert_int_equal(d.status, i == 0 ? 409 : 503);
        assert_string_equal(identity_desk_said(&d), i == 0 ? "because" : "the writer says so");
        d.fails = NULL;
    }
    assert_string_equal(identity_desk_text(&d, "host-2", "state"), "");
    /* A certificate that cannot be signed now is signed later. */
    enrol(&d);
    d.fails = "sign";
    trust(&d);
    assert_string_equal(identity_desk_text(&d, "host-2", "serial"), "");
    d.fails = NULL;
    identity_desk_wait(&d, timer_duration(TIMER_IDENTITY_AGAIN));
    assert_string_equal(identity_desk_text(&d, "host-2", "serial"), "K1");
    identity_desk_close(&d);
}

/* SEC-1: where the authority's key is, the process's own certificate is as good as its word. */
static void the_first_machine_is_a_member_too(void **state)
{
    (void)state;
    struct identity_desk d;
    identity_desk_open(&d);
    d.own = "01";
    identity_desk_wait(&d, timer_duration(TIMER_IDENTITY_SELF));
    assert_string_equal(identity_desk_text(&d, "host-1", "state"), "trusted");
    assert_string_equal(identity_desk_text(&d, "host-1", "serial"), "01");
    identity_desk_wait(&d, timer_duration(TIMER_IDENTITY_SELF));
    assert_int_equal(identity_desk_number(&d, "host-1", "version"), 1);
    d.own = "02"; /* it was renewed */
    identity_desk_wait(&d, timer_duration(TIMER_IDENTITY_SELF));
    identity_desk_configure(&d);
    assert_true(config_member_admits(d.configuration, SLICE("host-1"), SLICE("01")));
    assert_true(config_member_admits(d.configuration, SLICE("host-1"), SLICE("02")));
    identity_desk_ask(&d, "administrator", "POST", "/api/members/host-1/revoke", "{}");
    d.own = "03";
    identity_desk_wait(&d, timer_duration(TIMER_IDENTITY_SELF));
    assert_string_equal(identity_desk_text(&d, "host-1", "state"), "revoked");
    identity_desk_close(&d);
}

/* SEC-4 */
static void says_what_is_wrong_with_a_request(void **state)
{
    (void)state;
    static const struct {
        const char *method, *path, *body;
        unsigned status;
    } cases[] = {
        {"POST", ENROL, "", 400},
        {"POST", ENROL, "[]", 400},
        {"POST", ENROL, "{\"name\":\"../x\",\"request\":\"K\"}", 400},
        {"POST", ENROL, "{\"name\":\".x\",\"request\":\"K\"}", 400},
        {"POST", ENROL, "{\"name\":7,\"request\":\"K\"}", 400},
        {"POST", ENROL, "{\"name\":\"x\"}", 400},
        {"POST", ENROL, "{\"name\":\"x\",\"request\":\"K\",\"location\":\"a/b\"}", 400},
        {"GET", ENROL, NULL, 404},
        {"GET", ENROL "/xyz", NULL, 404},
        {"GET", ENROL "/authority/x", NULL, 404},
        {"GET", ENROL "/00000000000000000000000000000000?x=1", NULL, 400},
        {"POST", "/api/members", "{}", 404},
        {"POST", "/api/members/host-2", "{}", 404},
        {"POST", "/api/members/host-2/praise", "{}", 404},
        {"POST", "/api/members/../trust", "{}", 404},
        {"GET", "/api/membersx", NULL, 404},
        {"GET", "/api", NULL, 404},
    };
    struct identity_desk d;
    identity_desk_open(&d);
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        identity_desk_ask(&d, "administrator", cases[i].method, cases[i].path, cases[i].body);
        if (d.status != cases[i].status)
            fail_msg("case %zu: %u", i, d.status);
        assert_string_not_equal(identity_desk_said(&d), "");
        assert_string_equal(d.log.data, "");
    }
    identity_desk_ask(&d, "", "GET", ENROL "/authority", NULL);
    assert_asked(&d, 200, "", "authority;");
    identity_desk_close(&d);
}

TESTS("roles/identity", cmocka_unit_test(a_stranger_is_new_until_somebody_trusts_it),
    cmocka_unit_test(only_administrators_say_who_belongs), cmocka_unit_test(a_code_is_good_once),
    cmocka_unit_test(a_race_for_a_code_has_one_winner), cmocka_unit_test(names_belong_to_who_asked_first),
    cmocka_unit_test(at_most_so_many_wait), cmocka_unit_test(a_signature_is_of_the_key_and_of_now),
    cmocka_unit_test(renews_by_the_present_key), cmocka_unit_test(a_revoked_one_gets_nothing),
    cmocka_unit_test(says_when_others_are_away), cmocka_unit_test(the_first_machine_is_a_member_too),
    cmocka_unit_test(says_what_is_wrong_with_a_request))
