/* CF-3: transactions over several objects, their history, undo, export and import. */
#include "roles/config/writer_fixture.h"

#include "base/error.h"
#include "roles/config/transaction.h"

#include "unit.h"

static void assert_has(struct bench *b, unsigned status, const char *part)
{
    if (strstr(b->body.data, part) == NULL)
        assert_string_equal(b->body.data, part);
    assert_int_equal(b->status, status);
}

static void assert_has_not(struct bench *b, const char *part)
{
    if (strstr(b->body.data, part) != NULL)
        assert_string_not_equal(b->body.data, b->body.data);
}

static void ask(struct bench *b, const char *method, const char *path, const char *body)
{
    bench_ask(b, method, path, body);
    bench_settle(b);
}

#define POST(b, path, body) ask(b, "POST", path, body)
#define GET(b, path) ask(b, "GET", path, NULL)

/* A location and a DN in it; the DN first. */
#define TWO                                                                                                  \
    "{\"comment\":\"branch\",\"changes\":[{\"action\":\"put\",\"kind\":\"dn\",\"name\":\"2001\","            \
    "\"version\":0,"                                                                                         \
    "\"object\":{\"location\":\"away\",\"secret\":\"abcdefgh\"}},"                                           \
    "{\"action\":\"put\",\"kind\":\"location\",\"name\":\"away\",\"object\":{}}]}"

static void CF_3_several_objects_are_changed_at_once(void **state)
{
    (void)state;
    struct bench b;
    bench_open(&b, true);
    POST(&b, "/api/changes?dry_run=true", TWO);
    assert_has(&b, 200, "\"applied\":false");
    assert_has(&b, 200, "\"counts\":{\"create\":2,\"change\":0,\"delete\":0,\"same\":0}");
    assert_has(&b, 200, "\"name\":\"2001\",\"action\":\"create\",\"before\":null,\"after\":{\"version\":1,");
    assert_has(&b, 200, "\"changed_secrets\":[\"secret\"]");
    assert_has_not(&b, "abcdefgh");
    assert_int_equal(b.changes.length, 0);
    GET(&b, "/api/config/dn/2001");
    assert_int_equal(b.status, 404);
    POST(&b, "/api/changes", TWO);
    assert_has(&b, 200, "\"number\":1,\"applied\":true,");
    assert_has(&b, 200, "\"by\":\"grace\",\"comment\":\"branch\",");
    assert_string_equal((buffer_add_byte(&b.changes, '\0'), b.changes.data), "dn 2001 1;location away 1;");
    assert_int_equal(b.number, 1);
    POST(&b, "/api/changes", TWO); /* version 0: it must not exist */
    assert_has(
        &b, 409, "dn 2001 was changed by grace at 1970-01-01 00:00:01 UTC (change 1: branch); read it again");
    assert_has(&b, 409, "\"path\":\"/changes/0/object\"");
    bench_close(&b);
}

/* One that does not fit, and nothing is done. */
static void CF_3_all_or_nothing(void **state)
{
    (void)state;
#define FIRST "{\"changes\":[{\"kind\":\"location\",\"name\":\"away\",\"object\":{}},"
    static const struct {
        const char *body;
        unsigned status;
        const char *part;
    } cases[] = {
        {FIRST "{\"kind\":\"dn\",\"name\":\"7\",\"object\":{\"location\":\"nowhere\"}}]}", 400,
            "\"path\":\"/changes/1/object/location\""},
        {FIRST "{\"kind\":\"dn\",\"name\":\"7\",\"object\":{\"location\":7}}]}", 400,
            "/changes/1/object/location"},
        {FIRST "{\"kind\":\"dn\",\"name\":\"7\",\"object\":{\"place\":\"x\"}}]}", 400,
            "/changes/1/object/place"},
        {FIRST "{\"kind\":\"dn\",\"name\":\"7\",\"object\":[]}]}", 400, "must be a JSON object"},
        {FIRST "{\"kind\":\"dn\",\"name\":\"7\"}]}", 400, "must be a JSON object"},
        {FIRST "{\"kind\":\"queue\",\"name\":\"7\",\"object\":{}}]}", 404, "/changes/1/kind"},
        {FIRST "{\"kind\":\"dn\",\"object\":{\"location\":\"home\"}}]}", 400, "/changes/1/name"},
        {FIRST "{\"action\":\"delete\",\"kind\":\"dn\",\"name\":\"7\"}]}", 404, "/changes/1"},
        {FIRST "{\"action\":\"move\",\"kind\":\"dn\",\"name\":\"7\"}]}", 400, "/changes/1/action"},
        {FIRST "{\"kind\":\"location\",\"name\":\"away\",\"object\":{}}]}", 409, "is there twice"},
        {FIRST "{\"kind\":\"dn\",\"name\":\"1001\",\"version\":9,\"object\":{\"location\":\"home\"}}]}", 409,
            "/changes/1"},
        {FIRST "{\"kind\":\"dn\",\"name\":\"1\",\"size\":9}]}", 400, "/changes/1/size"},
        {FIRST "7]}", 400, "/changes/1"},
        {FIRST "{\"action\":\"delete\",\"kind\":\"location\",\"name\":\"home\"}]}", 409,
            "is used by dn 1001; change them first"},
        {FIRST "{\"kind\":\"dn\",\"name\":\"7\",\"object\":{\"a\":[[[[[[[[[]]]]]]]]]}}]}", 400,
            "nested too deeply"},
        {FIRST "{\"kind\":\"dn\",\"name\":\"7\",\"object\":{\"a\":[[[[[[[[[[[[[[[[[", 400,
            "nested too deeply"},
        {FIRST, 400, "ends too early"},
        {FIRST "{}]", 400, "ends too early"},
        {"[]", 400, "must be a JSON object"},
        {"{\"changes\":{}}", 400, "/changes"},
        {"{\"comment\":\"x\"}", 400, "/changes"},
        {"{\"changes\":[],\"changes\":[]}", 409, "is there twice"},
        {"{\"changes\":[],\"number\":3}", 400, "/number"},
        {"{\"comment\":3,\"changes\":[]}", 400, "/comment"},
    };
    struct bench b;
    bench_open(&b, true);
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        POST(&b, "/api/changes", cases[i].body);
        assert_has(&b, cases[i].status, cases[i].part);
    }
    assert_int_equal(b.changes.length, 0);
    GET(&b, "/api/config/location/away");
    assert_int_equal(b.status, 404);
    POST(&b, "/api/changes", "{\"changes\":[]}");
    assert_has(&b, 200, "\"applied\":false");
    bench_close(&b);
}

/* What goes together goes at once: the location and the DN that refers to it. */
static void CF_3_deletes_together_what_refers_to_each_other(void **state)
{
    (void)state;
    struct bench b;
    bench_open(&b, true);
    POST(&b, "/api/changes", TWO);
    ask(&b, "DELETE", "/api/config/location/away", NULL);
    assert_has(&b, 409, "is used by dn 2001; change them first");
    POST(&b, "/api/changes",
        "{\"changes\":[{\"action\":\"delete\",\"kind\":\"location\",\"name\":\"away\"},"
        "{\"kind\":\"dn\",\"name\":\"2001\",\"object\":{\"location\":\"home\"}}]}");
    assert_has(&b, 200, "\"number\":2,");
    GET(&b, "/api/config/location/home/users");
    assert_has(&b, 200,
        "{\"users\":[{\"kind\":\"dn\",\"name\":\"1001\"},{\"kind\":\"dn\",\"name\":\"2001\"}],\"count\":2}");
    GET(&b, "/api/config/location/home/users?limit=1");
    assert_has(&b, 200, "\"next\":\"dn/1001\"");
    GET(&b, "/api/config/location/home/users?after=dn/1001");
    assert_has(&b, 200, "{\"users\":[{\"kind\":\"dn\",\"name\":\"2001\"}],\"count\":2}");
    bench_close(&b);
}

static void CF_3_who_did_what_when_and_undo(void **state)
{
    (void)state;
    struct bench b;
    bench_open(&b, true);
    ask(&b, "PUT", "/api/config/dn/1001?comment=a+desk",
        "{\"location\":\"home\",\"name\":\"Desk\",\"secret\":\"othersecret\"}");
    POST(&b, "/api/changes", TWO);
    GET(&b, "/api/changes");
    assert_has(&b, 200, "{\"changes\":[{\"number\":2,");
    assert_has(&b, 200, "\"by\":\"grace\",\"comment\":\"a desk\",\"count\":1,");
    assert_has(&b, 200, "\"action\":\"change\",\"before\":{\"version\":1,\"number\":\"1001\",\"name\":\"\"");
    assert_has(&b, 200, "\"changed_secrets\":[\"secret\"]");
    assert_has_not(&b, "othersecret");
    assert_has(&b, 200, "\"next\":null}");
    GET(&b, "/api/changes?limit=1");
    assert_has(&b, 200, "\"next\":2}");
    GET(&b, "/api/changes?limit=1&before=2");
    assert_has(&b, 200, "{\"changes\":[{\"number\":1,");
    GET(&b, "/api/changes?kind=dn&name=1001");
    assert_has(&b, 200, "{\"changes\":[{\"number\":1,");
    GET(&b, "/api/changes?kind=location");
    assert_has(&b, 200, "{\"changes\":[{\"number\":2,");
    GET(&b, "/api/changes/2");
    assert_has(&b, 200, "\"name\":\"away\"");
    GET(&b, "/api/changes/7");
    assert_has(&b, 404, "no change of this number");
    /* Undone with its secret, and the undoing too. */
    POST(&b, "/api/changes/1/undo?dry_run=true", NULL);
    assert_has(&b, 200, "\"applied\":false");
    POST(&b, "/api/changes/1/undo?comment=no", NULL);
    assert_has(&b, 200, "\"number\":3,");
    assert_has(&b, 200, "\"undoes\":1");
    GET(&b, "/api/config/dn/1001?secrets=true");
    assert_has(&b, 200, "\"version\":3,");
    assert_has(&b, 200, "\"secret\":\"12345678\"");
    POST(&b, "/api/changes/1/undo", NULL);
    assert_has(&b, 409, "dn 1001 was changed by grace");
    assert_has(&b, 409, "(change 3: no); undo that first");
    POST(&b, "/api/changes/3/undo", NULL);
    assert_has(&b, 200, "\"number\":4,");
    GET(&b, "/api/config/dn/1001?secrets=true");
    assert_has(&b, 200, "\"secret\":\"othersecret\"");
    /* What was made goes, and comes back with versions that go on. */
    POST(&b, "/api/changes/2/undo", NULL);
    GET(&b, "/api/config/dn/2001");
    assert_int_equal(b.status, 404);
    POST(&b, "/api/changes/5/undo", NULL);
    GET(&b, "/api/config/dn/2001?secrets=true");
    assert_has(&b, 200, "\"version\":3,");
    assert_has(&b, 200, "\"secret\":\"abcdefgh\"");
    POST(&b, "/api/changes/77/undo", NULL);
    assert_int_equal(b.status, 404);
    bench_close(&b);
}

/* An undo must leave everything whole. */
static void CF_3_undo_breaks_nothing(void **state)
{
    (void)state;
    struct bench b;
    bench_open(&b, true);
    ask(&b, "PUT", "/api/config/location/away", "{}");
    ask(&b, "PUT", "/api/config/dn/3001", "{\"location\":\"away\"}");
    POST(&b, "/api/changes/1/undo", NULL);
    assert_has(&b, 409, "is used by dn 3001; change them first");
    ask(&b, "DELETE", "/api/config/dn/3001", NULL);
    ask(&b, "DELETE", "/api/config/location/away", NULL);
    POST(&b, "/api/changes/3/undo", NULL);
    assert_has(&b, 400, "there is no location away");
    bench_close(&b);
}

static void CF_3_searches_but_not_in_secrets(void **state)
{
    (void)state;
    struct bench b;
    bench_open(&b, true);
    ask(&b, "PUT", "/api/config/dn/1002",
        "{\"location\":\"home\",\"name\":\"Reception\",\"secret\":\"verysecret\"}");
    GET(&b, "/api/config/dn?q=RECEP");
    assert_has(&b, 200, "\"1002\"");
    assert_has_not(&b, "\"1001\"");
    GET(&b, "/api/config/dn?q=verys");
    assert_has(&b, 200, "\"objects\":[]}");
    GET(&b, "/api/config/dn?q=home&limit=1");
    assert_has(&b, 200, "\"next\":\"1001\"");
    bench_close(&b);
}

static void CF_3_exports_and_imports(void **state)
{
    (void)state;
    struct bench b;
    struct buffer export = {0};
    bench_open(&b, true);
    POST(&b, "/api/changes", TWO);
    GET(&b, "/api/export");
    assert_string_equal(b.body.data,
        "{\"format\":\"tandem-export\",\"revision\":1,\"number\":1,\"objects\":["
        "{\"kind\":\"location\",\"object\":{\"name\":\"away\"}},{\"kind\":\"location\",\"object\":{\"name\":"
        "\"home\"}},"
        "{\"kind\":\"dn\",\"object\":{\"number\":\"1001\",\"location\":\"home\"}},"
        "{\"kind\":\"dn\",\"object\":{\"number\":\"2001\",\"location\":\"away\"}}]}");
    buffer_add_text(&export, b.body.data);
    buffer_add_byte(&export, '\0');
    GET(&b, "/api/export?limit=3");
    assert_has(&b, 200, "\"next\":\"dn/1001\"");
    GET(&b, "/api/export?limit=3&after=dn/1001");
    assert_has(&b, 200, "\"objects\":[{\"kind\":\"dn\",\"object\":{\"number\":\"2001\"");
    GET(&b, "/api/export?kind=dn&secrets=true");
    assert_has(&b, 200, "\"secret\":\"abcdefgh\"");
    /* Nothing differs; secrets that are left out stay. */
    POST(&b, "/api/import", export.data);
    assert_has(&b, 200, "\"applied\":false");
    assert_has(&b, 200, "\"same\":4}");
    ask(&b, "PUT", "/api/config/dn/2001", "{\"location\":\"home\"}");
    ask(&b, "PUT", "/api/config/dn/3001", "{\"location\":\"away\"}");
    POST(&b, "/api/import", export.data);
    assert_has(&b, 200, "\"counts\":{\"create\":0,\"change\":1,\"delete\":0,\"same\":3}");
    POST(&b, "/api/import?replace=true&dry_run=true", export.data);
    assert_has(&b, 200, "\"counts\":{\"create\":0,\"change\":0,\"delete\":1,\"same\":4}");
    POST(&b, "/api/import?replace=true", export.data);
    assert_has(&b, 200, "\"delete\":1,");
    GET(&b, "/api/config/dn/3001");
    assert_int_equal(b.status, 404);
    GET(&b, "/api/config/dn/2001?secrets=true");
    assert_has(&b, 200, "\"location\":\"away\",\"secret\":\"abcdefgh\"");
    buffer_free(&export);
    bench_close(&b);
}

/* A damaged or foreign export changes nothing: cut off anywhere it is refused. */
static void CF_3_refuses_what_is_no_export(void **state)
{
    (void)state;
    static const char whole[] =
        "{\"format\":\"tandem-export\",\"revision\":1,\"objects\":[{\"kind\":\"location\","
        "\"object\":{\"name\":\"x\"}},{\"kind\":\"location\",\"object\":{\"name\":\"y\"}}]}";
    struct bench b;
    char cut[sizeof whole];
    bench_open(&b, true);
    for (size_t length = 1; length < sizeof whole - 1; length++) {
        memcpy(cut, whole, length);
        cut[length] = '\0';
        POST(&b, "/api/import", cut);
        assert_int_equal(b.status, 400);
    }
    POST(&b, "/api/import", "{\"format\":\"other\",\"objects\":[]}");
    assert_has(&b, 400, "/format");
    POST(&b, "/api/import", "{\"objects\":[]}");
    assert_has(&b, 400, "is this an export?");
    POST(&b, "/api/import", "{\"format\":\"tandem-export\",\"revision\":2,\"objects\":[]}");
    assert_has(&b, 400, "NEWER");
    assert_int_equal(b.changes.length, 0);
    POST(&b, "/api/import", whole);
    assert_has(&b, 200, "\"number\":1,");
    bench_close(&b);
}

/* ---- many at once ---- */

#define MANY 5000

static void write_many(struct buffer *out, const char *name)
{
    buffer_add_text(out, "{\"changes\":[");
    for (unsigned i = 0; i < MANY; i++)
        buffer_add_format(out,
            "%s{\"kind\":\"dn\",\"name\":\"%06u\",\"object\":{\"location\":\"home\",\"name\":\"%s\"}}",
            i != 0 ? "," : "", i, name);
    buffer_add_text(out, "]}");
}

static void upload(struct bench *b, struct slice body)
{
    size_t offset = 0;
    do {
        struct slice part = slice_first(slice_from(body, offset), 100000);
        bench_part(b, "/api/changes", part, offset, body.length);
        offset += part.length;
        if (offset < body.length) {
            assert_int_equal(b->status, 100);
            assert_int_equal(b->wanted, offset);
        }
    } while (offset < body.length);
}

static void CF_3_many_objects_are_changed_in_bounded_steps(void **state)
{
    (void)state;
    struct bench b;
    struct buffer body = {0};
    bench_open(&b, true);
    write_many(&body, "first");
    upload(&b, buffer_slice(&body));
    unsigned before = b.turns;
    while (bench_asked(&b) || b.again_count != 0) {
        for (size_t i = 0; i < b.question_count; i++)
            assert_true(b.questions[i].request.length < 2 * TRANSACTION_STAGE_BYTES);
        bench_step(&b);
    }
    assert_true(b.turns - before > 2 * MANY / TRANSACTION_TURN);
    assert_has(&b, 200, "\"number\":1,\"applied\":true,");
    assert_has(&b, 200, "\"create\":5000,");
    assert_has(&b, 200, "\"more\":");
    assert_true(b.body.length < 2000000);
    assert_string_equal((buffer_add_byte(&b.changes, '\0'), b.changes.data), "dn * 0;");
    GET(&b, "/api/config/dn/004999");
    assert_has(&b, 200, "\"name\":\"first\"");
    /* Undone as well. */
    POST(&b, "/api/changes/1/undo", NULL);
    assert_has(&b, 200, "\"delete\":5000,");
    GET(&b, "/api/config/location/home/users");
    assert_has(&b, 200, "\"count\":1}");
    /* Somebody changes one of them while they are staged: nothing is lost, it is tried again. */
    upload(&b, buffer_slice(&body));
    while (b.question_count == 0)
        bench_step(&b);
    bench_answer(&b);
    bench_put(&b, "dn", "000007", "{\"number\":\"000007\",\"location\":\"home\"}");
    bench_settle(&b);
    assert_has(&b, 200, "\"applied\":true,");
    GET(&b, "/api/config/dn/000007");
    assert_has(&b, 200, "\"version\":4,");
    buffer_free(&body);
    bench_close(&b);
}

/* What takes longer than a requester waits is answered by its progress, and its end can be asked for. */
static void CF_3_says_how_far_a_long_change_is(void **state)
{
    (void)state;
    struct bench b;
    char path[64];
    bench_open(&b, true);
    bench_ask(&b, "POST", "/api/changes", TWO);
    bench_wait(&b, timer_duration(TIMER_CONFIG_PROGRESS));
    assert_has(&b, 202, "\"state\":\"writing\",\"done\":2,\"of\":2}");
    assert_int_equal(sscanf(b.body.data, "{\"request\":\"%16s", path + 40), 1);
    path[56] = '\0';
    memmove(path + sizeof "/api/changes/requests/" - 1, path + 40, 17);
    memcpy(path, "/api/changes/requests/", sizeof "/api/changes/requests/" - 1);
    bench_ask(&b, "GET", path, NULL);
    assert_has(&b, 202, "\"state\":\"writing\"");
    unsigned answers = b.answers;
    bench_settle(&b);
    assert_int_equal(b.answers, answers); /* it is not told twice */
    GET(&b, path);
    assert_has(&b, 200, "\"number\":1,\"applied\":true,");
    GET(&b, "/api/changes/requests/0123456789abcdef");
    assert_has(&b, 404, "was not made");
    bench_close(&b);
}

/* Another instance has written: its changes are read, then ours are made. */
static void CF_2_another_writer_is_noticed(void **state)
{
    (void)state;
    struct bench b;
    bench_open(&b, true);
    bench_put(&b, "dn", "9001", "{\"number\":\"9001\",\"location\":\"home\"}");
    ask(&b, "PUT", "/api/config/dn/1002", "{\"location\":\"home\"}");
    assert_int_equal(b.status, 201);
    assert_int_equal(b.number, 2);
    GET(&b, "/api/config/dn/9001");
    assert_int_equal(b.status, 200);
    ask(&b, "PUT", "/api/config/dn/9001", "{\"location\":\"home\",\"version\":0}");
    assert_has(&b, 409, "dn 9001 was changed by bob at 1970-01-01 00:00:05 UTC (change 1)");
    bench_close(&b);
}

/* SEC-2: neither objects nor their history have a secret in clear. */
static void SEC_2_secrets_are_sealed_where_they_are_kept(void **state)
{
    (void)state;
    struct bench b;
    struct buffer stored = {0};
    struct configuration *c;
    struct config_builder *builder = config_builder_new();
    uint64_t version;
    config_builder_local(
        builder, &(struct config_local){.secret_key = SLICE("0123456789abcdef0123456789abcdef")});
    assert_int_equal(config_builder_end(&c, builder, NULL), 0);
    bench_open(&b, true);
    b.world.configuration = c;
    ask(&b, "PUT", "/api/config/dn/1002", "{\"location\":\"home\",\"secret\":\"verysecret\"}");
    assert_true(bench_stored(&b, &stored, &version, "dn", "1002"));
    assert_null(strstr(stored.data, "verysecret"));
    assert_non_null(strstr(stored.data, "\"secret\":{\"sealed\":\""));
    GET(&b, "/api/config/dn/1002?secrets=true");
    assert_has(&b, 200, "\"secret\":\"verysecret\"");
    GET(&b, "/api/export?kind=dn&secrets=true");
    assert_has(&b, 200, "\"secret\":\"verysecret\"");
    ask(&b, "PUT", "/api/config/dn/1002", "{\"location\":\"home\",\"secret\":\"verysecret\"}");
    assert_has(&b, 200, "\"version\":1,"); /* the same secret is no change */
    ask(&b, "PUT", "/api/config/dn/1002", "{\"location\":\"home\",\"secret\":\"othersecret\"}");
    GET(&b, "/api/changes");
    assert_has(&b, 200, "\"changed_secrets\":[\"secret\"]");
    assert_has_not(&b, "sealed");
    POST(&b, "/api/changes/2/undo", NULL);
    GET(&b, "/api/config/dn/1002?secrets=true");
    assert_has(&b, 200, "\"secret\":\"verysecret\"");
    buffer_free(&stored);
    bench_close(&b);
    config_release(c);
}

TESTS("roles/config/transaction", cmocka_unit_test(SEC_2_secrets_are_sealed_where_they_are_kept),
    cmocka_unit_test(CF_3_several_objects_are_changed_at_once), cmocka_unit_test(CF_3_all_or_nothing),
    cmocka_unit_test(CF_3_deletes_together_what_refers_to_each_other),
    cmocka_unit_test(CF_3_who_did_what_when_and_undo), cmocka_unit_test(CF_3_undo_breaks_nothing),
    cmocka_unit_test(CF_3_searches_but_not_in_secrets), cmocka_unit_test(CF_3_exports_and_imports),
    cmocka_unit_test(CF_3_refuses_what_is_no_export),
    cmocka_unit_test(CF_3_many_objects_are_changed_in_bounded_steps),
    cmocka_unit_test(CF_3_says_how_far_a_long_change_is), cmocka_unit_test(CF_2_another_writer_is_noticed))
