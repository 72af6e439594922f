#include "roles/config/writer_fixture.h"

#include "base/error.h"

#include "unit.h"

static void assert_answer(struct bench *b, unsigned status, const char *body)
{
    assert_string_equal(b->body.data, body);
    assert_int_equal(b->status, status);
}

/* Status, symbol and a part of the sentence. */
static void assert_refused(struct bench *b, unsigned status, const char *symbol, const char *part)
{
    json_t *body = json_loads(b->body.data, 0, NULL), *error = json_object_get(body, "error");
    assert_int_equal(b->status, status);
    assert_string_equal(json_string_value(json_object_get(error, "symbol")), symbol);
    if (strstr(json_string_value(json_object_get(error, "sentence")), part) == NULL)
        assert_string_equal(json_string_value(json_object_get(error, "sentence")), part);
    json_decref(body);
}

static void assert_changes(struct bench *b, const char *changes)
{
    assert_true(slice_equal(buffer_slice(&b->changes), slice_text(changes)));
    buffer_clear(&b->changes);
}

/* What a location says about protection where nobody has changed it. */
#define GUARD                                                                                                \
    "\"guard_strangers\":1000,\"guard_strangers_all\":10000,\"guard_phone\":20000,\"guard_work\":0,"         \
    "\"guard_streams\":5000,\"streams\":20000,\"stream_idle\":7500,\"guard_unanswered\":1000,\"guard_ban_"   \
    "credentials\":20,"                                                                                      \
    "\"guard_ban_malformed\":1000,\"guard_ban_seconds\":300,\"guard_calls\":0,\"guard_node_calls\":0,"       \
    "\"guard_transactions\":"                                                                                \
    "250000,"                                                                                                \
    "\"guard_alarm_failures\":30,\"guard_alarm_addresses\":10,\"guard_alarm_calls\":120,"                    \
    "\"guard_silent\":true,\"guard_scanners\":[],\"guard_domains\":[],\"headers\":[],"                       \
    "\"headers_denied\":[],\"bodies\":[],\"attributes\":[],"                                                 \
    "\"trace_memory\":8,\"hep_port\":9060,\"hep_id\":2001,"                                                  \
    "\"dns_priority\":10,\"dns_weight\":100,"

static void shows_objects(void **state)
{
    (void)state;
    struct bench b;
    bench_open(&b, true);
    bench_ask(&b, "GET", "/api/config/dn/1001", NULL);
    assert_answer(&b, 200,
        "{\"version\":1,\"number\":\"1001\",\"name\":\"\",\"kind\":\"extension\",\"location\":\"home\","
        "\"disabled\":false,\"inherited\":{\"dial\":{\"value\":\"national\",\"from\":\"default\"}}}");
    bench_ask(&b, "GET", "/api/config/dn/1001?secrets=true", NULL);
    assert_non_null(strstr(b.body.data, "\"secret\":\"12345678\""));
    bench_ask(&b, "GET", "/api/config/location", NULL);
    assert_answer(&b, 200,
        "{\"kind\":\"location\",\"objects\":[{\"version\":1,\"name\":\"home\",\"display_name\":\"\","
        "\"realm\":\"\",\"dial\":\"national\",\"dial_rate\":30," GUARD
        "\"inherited\":{\"sha256\":{\"value\":false,"
        "\"from\":\"default\"},\"sha512_256\":{\"value\":false,\"from\":\"default\"},"
        "\"register_standard\":{\"value\":3600,\"from\":\"default\"},\"register_shortest\":{\"value\":60,"
        "\"from\":\"default\"},"
        "\"register_longest\":{\"value\":7200,\"from\":\"default\"}}}]}");
    bench_ask(&b, "GET", "/api/config", NULL);
    assert_int_equal(b.status, 200);
    assert_non_null(strstr(b.body.data, "\"refers\":\"location\""));
    bench_close(&b);
}

static void lists_in_pages(void **state)
{
    (void)state;
    struct bench b;
    bench_open(&b, false);
    bench_put(&b, "dn", "*98#", "{\"number\":\"*98#\",\"location\":\"home\"}");
    bench_settle(&b);
    bench_ask(&b, "GET", "/api/config/dn?limit=1", NULL);
    assert_non_null(strstr(b.body.data, "\"next\":\"*98#\""));
    bench_ask(&b, "GET", "/api/config/dn?limit=1&after=*98%23", NULL);
    assert_non_null(strstr(b.body.data, "\"1001\""));
    assert_null(strstr(b.body.data, "\"next\""));
    bench_ask(&b, "GET", "/api/config/dn/*98%23", NULL);
    assert_int_equal(b.status, 200);
    bench_close(&b);
}

static void refuses_what_it_does_not_understand(void **state)
{
    (void)state;
    static const struct {
        const char *method, *path, *body;
        unsigned status;
        const char *symbol, *part;
    } cases[] = {
        {"POST", "/api/config/dn/1", NULL, 405, "UNSUPPORTED", "GET, PUT, DELETE"},
        {"GET", "/api/other", NULL, 404, "MISSING", "nothing at this path"},
        {"GET", "/api/config/queue", NULL, 404, "MISSING",
            "there are cluster, location, member, dn, person, application, trunk-group, trunk, dial-rule, "
            "ban"},
        {"GET", "/api/config/dn/77", NULL, 404, "MISSING", "does not exist"},
        {"GET", "/api/config/dn/%4", NULL, 400, "SYNTAX", "not well-formed"},
        {"GET", "/api/config/dn/%00", NULL, 400, "SYNTAX", "not well-formed"},
        {"GET", "/api/config/dn?limit=0", NULL, 400, "SYNTAX", "limit=1..1000"},
        {"PUT", "/api/config/dn", "{}", 400, "SYNTAX", "must name one object"},
        {"PUT", "/api/config/dn/1", "{", 400, "SYNTAX", "not well-formed JSON"},
        {"PUT", "/api/config/dn/1", "{\"location\":\"x\"}", 400, "REFERENCE", "there is no location x"},
        {"PUT", "/api/config/dn/1", "{\"locatoin\":\"x\"}", 400, "UNSUPPORTED", "is no field"},
        {"PUT", "/api/config/dn/1", "{\"location\":\"home\",\"version\":\"1\"}", 400, "SYNTAX",
            "whole number"},
        {"DELETE", "/api/config/dn/1", NULL, 404, "MISSING", "does not exist"},
        {"DELETE", "/api/config/location/home", NULL, 409, "CONFLICT",
            "is used by dn 1001; change them first"},
    };
    struct bench b;
    bench_open(&b, true);
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        bench_ask(&b, cases[i].method, cases[i].path, cases[i].body);
        assert_refused(&b, cases[i].status, cases[i].symbol, cases[i].part);
        assert_false(bench_asked(&b));
    }
    bench_close(&b);
}

/* SEC-3: agents read nothing here, supervisors change nothing and see no secrets. */
static void checks_rights(void **state)
{
    (void)state;
    struct bench b;
    bench_open(&b, true);
    bench_ask_as(&b, "agent", "GET", "/api/config/dn", NULL);
    assert_refused(&b, 403, "DENIED", "");
    bench_ask_as(&b, "", "GET", "/api/config/dn", NULL);
    assert_refused(&b, 403, "DENIED", "");
    bench_ask_as(&b, "supervisor", "GET", "/api/config/dn", NULL);
    assert_int_equal(b.status, 200);
    bench_ask_as(&b, "supervisor", "GET", "/api/config/dn?secrets=true", NULL);
    assert_refused(&b, 403, "DENIED", "");
    bench_ask_as(&b, "supervisor", "DELETE", "/api/config/dn/1001", NULL);
    assert_refused(&b, 403, "DENIED", "");
    bench_close(&b);
}

/* CF-2, CF-3: a change is written with its audit row, and everybody hears of it. */
static void writes_and_tells(void **state)
{
    (void)state;
    struct bench b;
    bench_open(&b, true);
    bench_ask(
        &b, "PUT", "/api/config/dn/1002", "{\"location\":\"home\",\"secret\":\"abcdefgh\",\"version\":0}");
    assert_int_equal(b.status, 0);
    bench_settle(&b);
    assert_answer(&b, 201,
        "{\"version\":1,\"number\":\"1002\",\"name\":\"\",\"kind\":\"extension\",\"location\":\"home\","
        "\"disabled\":false}");
    assert_changes(&b, "dn 1002 1;");
    bench_ask(&b, "PUT", "/api/config/dn/1002", "{\"location\":\"home\",\"name\":\"Desk\",\"version\":1}");
    bench_settle(&b);
    assert_int_equal(b.status, 200);
    bench_ask(&b, "GET", "/api/config/dn/1002?secrets=true", NULL);
    assert_non_null(strstr(b.body.data, "\"secret\":\"abcdefgh\"")); /* left out, so it stayed */
    bench_ask(&b, "DELETE", "/api/config/dn/1002?version=2", NULL);
    bench_settle(&b);
    assert_answer(&b, 200, "{\"version\":3,\"deleted\":true}");
    assert_changes(&b, "dn 1002 2;dn 1002 3!;");
    struct buffer stored = {0};
    uint64_t version;
    assert_false(bench_stored(&b, &stored, &version, "dn", "1002"));
    buffer_free(&stored);
    bench_close(&b);
}

/* CF-3: optimistic versions. */
static void refuses_who_has_not_seen_the_last_version(void **state)
{
    (void)state;
    struct bench b;
    bench_open(&b, true);
    bench_ask(&b, "PUT", "/api/config/dn/1001", "{\"location\":\"home\",\"version\":0}");
    bench_settle(&b);
    assert_refused(&b, 409, "CONFLICT", "dn 1001 is not as you have seen it");
    bench_ask(&b, "DELETE", "/api/config/dn/1001?version=7", NULL);
    bench_settle(&b);
    assert_refused(&b, 409, "CONFLICT", "not as you have seen it; read it again");
    buffer_clear(&b.changes);
    /* Another writer was at the store: ours notices, learns what is there and refuses. */
    bench_put(&b, "dn", "1001", "{\"number\":\"1001\",\"location\":\"home\",\"name\":\"other\"}");
    bench_ask(&b, "PUT", "/api/config/dn/1001", "{\"location\":\"home\",\"name\":\"mine\",\"version\":1}");
    bench_settle(&b); /* no; what is there; who it was */
    assert_refused(
        &b, 409, "CONFLICT", "was changed by bob at 1970-01-01 00:00:05 UTC (change 1); read it again");
    bench_ask(&b, "GET", "/api/config/dn/1001", NULL);
    assert_non_null(strstr(b.body.data, "\"version\":2,\"number\":\"1001\",\"name\":\"other\""));
    assert_changes(&b, "dn * 0;"); /* whoever made it may have died before he said so */
    bench_close(&b);
}

/* SEC-2: hashed before it is written; a person without a change of password keeps the hash. */
static void hashes_passwords(void **state)
{
    (void)state;
    struct bench b;
    bench_open(&b, true);
    bench_ask(&b, "PUT", "/api/config/person/grace", "{\"password\":\"correct horse\"}");
    assert_int_equal(b.questions[0].service, SERVICE_JOB);
    bench_answer(&b);
    assert_int_equal(b.questions[0].service, SERVICE_STORE);
    bench_settle(&b);
    assert_int_equal(b.status, 201);
    struct buffer stored = {0};
    uint64_t version;
    assert_true(bench_stored(&b, &stored, &version, "person", "grace"));
    assert_string_equal(stored.data, "{\"name\":\"grace\",\"password\":\"$argon2id$hashed\"}");
    buffer_free(&stored);
    bench_ask(&b, "PUT", "/api/config/person/grace", "{\"password\":\"correct horse\"}");
    bench_fail(&b, ANSWER_NO, ERROR_OVERLOADED, false);
    assert_refused(&b, 503, "OVERLOADED", "");
    bench_ask(&b, "PUT", "/api/config/person/grace", "{\"role\":\"supervisor\"}");
    assert_int_equal(b.questions[0].service, SERVICE_STORE); /* the hash stays */
    bench_settle(&b);
    assert_int_equal(b.status, 200);
    bench_close(&b);
}

/* After a doubt it looks, however long that takes; what may still come is made impossible before it is said
 * that it was not done. */
static void looks_after_doubt(void **state)
{
    (void)state;
    struct bench b;
    struct buffer lost = {0};
    bench_open(&b, true);
    bench_ask(&b, "PUT", "/api/config/dn/1002", "{\"location\":\"home\"}");
    bench_fail(&b, ANSWER_UNKNOWN, ERROR_UNKNOWN, true);
    bench_fail(&b, ANSWER_UNKNOWN, ERROR_UNKNOWN, false);                   /* nor can it be looked at */
    bench_ask(&b, "PUT", "/api/config/dn/1003", "{\"location\":\"home\"}"); /* waits */
    bench_wait(&b, timer_duration(TIMER_CONFIG_RETRY));
    bench_answer(&b); /* it is there */
    bench_answer(&b); /* what it became */
    assert_int_equal(b.status, 201);
    assert_changes(&b, "dn 1002 1;");
    buffer_add(&lost, buffer_slice(&b.questions[0].request));
    bench_fail(&b, ANSWER_UNKNOWN, ERROR_UNKNOWN, false); /* 1003 was not written */
    bench_answer(&b);                                     /* it is not there */
    bench_fail(&b, ANSWER_UNKNOWN, ERROR_UNKNOWN, false); /* is its number taken? */
    bench_wait(&b, timer_duration(TIMER_CONFIG_RETRY));
    bench_settle(&b);
    assert_refused(&b, 503, "TIMEOUT", "was not done; try again");
    bench_late(&b, buffer_slice(&lost)); /* and the lost request arrives after all */
    buffer_free(&lost);
    assert_changes(&b, "");
    bench_ask(&b, "GET", "/api/config/dn/1003", NULL);
    assert_int_equal(b.status, 404);
    bench_ask(&b, "DELETE", "/api/config/dn/1002", NULL);
    bench_fail(&b, ANSWER_UNKNOWN, ERROR_UNKNOWN, true);
    bench_settle(&b);
    assert_int_equal(b.status, 200);
    assert_changes(&b, "dn 1002 2!;");
    bench_ask(&b, "PUT", "/api/config/dn/1002", "{\"location\":\"home\"}");
    bench_settle(&b);
    assert_changes(&b, "dn 1002 3;"); /* versions go on */
    bench_close(&b);
}

/* Those that wait are checked when their turn comes: what they refer to may be gone by then. */
static void checks_in_turn(void **state)
{
    (void)state;
    struct bench b;
    bench_open(&b, true);
    bench_ask(&b, "PUT", "/api/config/location/away", "{}");
    bench_ask(&b, "PUT", "/api/config/dn/2001", "{\"location\":\"away\"}");
    bench_ask(&b, "DELETE", "/api/config/location/away", NULL);
    bench_settle(&b);
    assert_refused(&b, 409, "CONFLICT", "is used by dn 2001");
    assert_false(bench_asked(&b));
    assert_changes(&b, "location away 1;dn 2001 1;");
    bench_close(&b);
}

static void is_bounded(void **state)
{
    (void)state;
    struct bench b;
    bench_open(&b, true);
    for (int i = 0; i < 65; i++)
        bench_ask(&b, "PUT", "/api/config/dn/1002", "{\"location\":\"home\"}");
    assert_refused(&b, 503, "OVERLOADED", "try again later");
    bench_close(&b); /* with 64 that wait */
}

/* CF-2: it starts while the store is away; who asks meanwhile waits a little, and is told. */
static void waits_for_the_store(void **state)
{
    (void)state;
    struct bench b;
    bench_open(&b, false);
    bench_fail(&b, ANSWER_NO, ERROR_DISK, false);
    bench_ask(&b, "GET", "/api/config/dn", NULL);
    assert_int_equal(b.answers, 0);
    bench_wait(&b, timer_duration(TIMER_CONFIG_HOLD));
    assert_refused(&b, 503, "OVERLOADED", "still being read");
    bench_ask(&b, "GET", "/api/config/dn", NULL);
    bench_settle(&b);
    assert_int_equal(b.status, 200); /* answered when it could be */
    assert_int_equal(b.answers, 2);
    bench_close(&b);
}

TESTS("roles/config/writer", cmocka_unit_test(shows_objects), cmocka_unit_test(lists_in_pages),
    cmocka_unit_test(refuses_what_it_does_not_understand), cmocka_unit_test(checks_rights),
    cmocka_unit_test(writes_and_tells), cmocka_unit_test(refuses_who_has_not_seen_the_last_version),
    cmocka_unit_test(hashes_passwords), cmocka_unit_test(looks_after_doubt), cmocka_unit_test(checks_in_turn),
    cmocka_unit_test(is_bounded), cmocka_unit_test(waits_for_the_store))
