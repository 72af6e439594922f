/* Every statement, and what is refused. */
#include "base/error.h"
#include "engine/store/rights.h"
#include "engine/store/store_fixture.h"
#include "engine/store/store_int.h"
#include "unit.h"

static struct store_fixture f;

static int fresh(void **state)
{
    (void)state;
    struct store_options options = {.path = ":memory:"};
    return store_open(&f.store, &options);
}

static int gone(void **state)
{
    (void)state;
    store_fixture_end(&f);
    return 0;
}

#define SAYS(expected, ...) assert_string_equal(STORE_FIXTURE_ASK(&f, __VA_ARGS__), expected)

/* The heads in the .sql files say the truth. */
static void statements_are_as_their_heads_say(void **state)
{
    (void)state;
    assert_true(store_statement_count > 15);
    for (size_t i = 0; i < store_statement_count; i++) {
        const struct store_statement *about = &store_statements[i];
        sqlite3_stmt *prepared = NULL;
        assert_ptr_equal(store_statement_find(slice_text(about->name)), about);
        if (store__prepare(&prepared, f.store, about->sql) != 0)
            fail_msg("%s: %s", about->name, sqlite3_errmsg(f.store->database));
        assert_int_equal(sqlite3_column_count(prepared), strlen(about->returns));
        assert_int_equal(sqlite3_bind_parameter_count(prepared), strlen(about->parameters));
        assert_int_equal(sqlite3_stmt_readonly(prepared), about->reads);
        sqlite3_finalize(prepared);
    }
    assert_null(store_statement_find(SLICE("nothing")));
}

/* A statement that nobody names is one that no process can run. */
static void each_statement_says_who_runs_it(void **state)
{
    (void)state;
    for (size_t i = 0; i < store_statement_count; i++) {
        bool somebody = false;
        for (size_t at = 0; store_rights_role(at) != NULL; at++) {
            char word[32];
            snprintf(word, sizeof word, " %s ", store_rights_role(at));
            somebody = somebody || strstr(store_statements[i].roles, word) != NULL;
        }
        if (!somebody && strcmp(store_statements[i].roles, " all ") != 0)
            fail_msg("%s says no role that there is", store_statements[i].name);
    }
}

static void bindings(void **state)
{
    (void)state;
    SAYS("+1", "binding_put", "tttbi", "1002", "sip:b", "proxy-1", "body", 900LL);
    SAYS("+1", "binding_put", "tttbi", "1001", "sip:a", "proxy-1", "body", 500LL);
    SAYS("+1", "binding_put", "tttbi", "1001", "sip:c", "proxy-1", "body", 700LL);
    SAYS("+1", "binding_put", "tttbi", "1001", "sip:a", "proxy-2", "new", 600LL);
    SAYS("1001 sip:a proxy-2 new 600;1001 sip:c proxy-1 body 700;1002 sip:b proxy-1 body 900", "binding_all",
        "itti", 599LL, "", "", 10LL);
    SAYS("1001 sip:c proxy-1 body 700;1002 sip:b proxy-1 body 900", "binding_all", "itti", 600LL, "", "",
        10LL);
    SAYS("1001 sip:c proxy-1 body 700", "binding_all", "itti", 0LL, "1001", "sip:a", 1LL);
    SAYS("1002 sip:b proxy-1 body 900", "binding_all", "itti", 0LL, "1001", "sip:c", 1LL);
    SAYS("+1", "binding_delete", "tt", "1001", "sip:c");
    SAYS("+0", "binding_delete", "tt", "1001", "sip:c");
    SAYS("+1", "binding_purge", "i", 600LL);
    SAYS("1002 sip:b proxy-1 body 900", "binding_all", "itti", 0LL, "", "", 10LL);
}

static void call(const char *id, long long at, const char *from, const char *to, const char *node)
{
    SAYS("+1", "call_created", "tittttt", id, at, from, to, node, "home", NULL);
}

static void history_of_calls(void **state)
{
    (void)state;
    call("a", 10, "1001", "1002", "node-1");
    call("b", 20, "1003", "1001", "node-2");
    call("c", 30, "1002", "1003", "node-1");
    SAYS("+0", "call_created", "tittttt", "a", 99LL, "x", "y", "z", NULL, NULL);
    SAYS("+1", "call_changed", "ti", "a", 15LL);
    SAYS("+0", "call_changed", "ti", "a", 16LL);
    SAYS("+1", "call_ended", "tiit", "a", 40LL, 1LL, "normal");
    SAYS("+0", "call_ended", "tiit", "a", 41LL, 7LL, "again");
    SAYS("3 c 30 - - 1002 1003 0 - node-1 home -;2 b 20 - - 1003 1001 0 - node-2 home -;"
         "1 a 10 15 40 1001 1002 1 normal node-1 home -",
        "history_page", "tii", NULL, NOTHING, 10LL);
    SAYS("2 b 20 - - 1003 1001 0 - node-2 home -;1 a 10 15 40 1001 1002 1 normal node-1 home -",
        "history_page", "tii", "1001", NOTHING, 10LL);
    SAYS("1 a 10 15 40 1001 1002 1 normal node-1 home -", "history_page", "tii", "1001", 2LL, 10LL);
    SAYS("2 b 20 - - 1003 1001 0 - node-2 home -", "history_page", "tii", NULL, 3LL, 1LL);
    SAYS("", "history_page", "tii", "1009", NOTHING, 10LL);
    SAYS("+1", "calls_lost", "tit", "node-1", 50LL, "node lost");
    SAYS("3 c 30 - 50 1002 1003 7 node lost node-1 home -", "history_page", "tii", NULL, NOTHING, 1LL);
    SAYS("2 b 20 - - 1003 1001 0 - node-2 home -", "history_page", "tii", NULL, 3LL, 1LL);
}

static void pages_use_the_indexes(void **state)
{
    sqlite3_stmt *plan;
    char sql[4096];
    (void)state;
    snprintf(sql, sizeof sql, "EXPLAIN QUERY PLAN %s", store_statement_find(SLICE("history_page"))->sql);
    assert_int_equal(sqlite3_prepare_v2(f.store->database, sql, -1, &plan, NULL), SQLITE_OK);
    int indexes = 0;
    while (sqlite3_step(plan) == SQLITE_ROW) {
        const char *line = (const char *)sqlite3_column_text(plan, 3);
        indexes += strstr(line, "calls_by_from") != NULL || strstr(line, "calls_by_to") != NULL;
        assert_null(strstr(line, "SCAN calls USING"));
    }
    sqlite3_finalize(plan);
    assert_int_equal(indexes, 2);
}

static void stream_position_moves_forward_only(void **state)
{
    (void)state;
    SAYS("", "stream_position_get", "t", "node-1");
    SAYS("CONFLICT", "stream_position_set", "tii", "node-1", 7LL, 5LL); /* never seen: expected is 0 */
    SAYS("+1", "stream_position_set", "tii", "node-1", 5LL, 0LL);
    SAYS("CONFLICT", "stream_position_set", "tii", "node-1", 6LL, 0LL);
    SAYS("CONFLICT", "stream_position_set", "tii", "node-1", 5LL, 5LL);
    SAYS("CONFLICT", "stream_position_set", "tii", "node-1", 4LL, 5LL);
    SAYS("+1", "stream_position_set", "tii", "node-1", 9LL, 5LL);
    SAYS("+1", "stream_position_set", "tii", "node-0", 1LL, 0LL);
    SAYS("9", "stream_position_get", "t", "node-1");
    SAYS("node-0 1;node-1 9", "stream_position_all", "");
}

static void objects_are_changed_by_version(void **state)
{
    (void)state;
    SAYS("+1", "object_put", "tttiit", "dn", "1001", "{}", 0LL, 10LL, "admin");
    SAYS("CONFLICT", "object_put", "tttiit", "dn", "1001", "{1}", 0LL, 11LL, "admin");
    SAYS("+1", "object_put", "tttiit", "dn", "1001", "{2}", 1LL, 12LL, "ann");
    SAYS("CONFLICT", "object_put", "tttiit", "dn", "1001", "{3}", 1LL, 13LL, "bob");
    SAYS("CONFLICT", "object_put", "tttiit", "dn", "1002", "{}", 1LL, 14LL, "bob");
    SAYS("2 {2} 12 ann", "object_get", "tt", "dn", "1001");
    SAYS("", "object_get", "tt", "dn", "1002");
    SAYS("+1", "object_put", "tttiit", "application", "node-1a", "{}", 0LL, 15LL, "admin");
    SAYS("+1", "object_put", "tttiit", "dn", "1002", "{}", 0LL, 16LL, "admin");
    SAYS("application node-1a 1 {} 15 admin;dn 1001 2 {2} 12 ann;dn 1002 1 {} 16 admin", "object_list",
        "ttti", NULL, "", "", 10LL);
    SAYS("dn 1001 2 {2} 12 ann", "object_list", "ttti", "dn", "", "", 1LL);
    SAYS("dn 1002 1 {} 16 admin", "object_list", "ttti", "dn", "dn", "1001", 5LL);
}

/* The steps of one transaction that changes one object, as a writer asks for them. */
static const char *transact(
    long long number, const char *request, const char *name, long long expected, const char *body)
{
    store_fixture_add(&f, "change_stage_add", "tttit", request, "dn", name, expected, body);
    store_fixture_add(&f, "change_add", "ititti", number, request, 20LL, "ann", "why", NOTHING);
    store_fixture_add(&f, "change_objects_add", "it", number, request);
    store_fixture_add(&f, "change_complete", "ii", number, 1LL);
    store_fixture_add(&f, "change_apply", "i", number);
    store_fixture_add(&f, "change_stage_clear_all", "");
    return store_fixture_text(&f);
}

/* CF-3: numbers grow by one, versions go on after a deletion, what was before is kept. */
static void objects_are_changed_in_transactions(void **state)
{
    (void)state;
    assert_string_equal(transact(1, "r1", "1001", 0, "{1}"), "+1|+1|+1|+1|+1|+1");
    assert_string_equal(transact(1, "r2", "1001", 1, "{2}"), "CONFLICT"); /* the number is taken */
    assert_string_equal(transact(3, "r2", "1001", 1, "{2}"), "CONFLICT"); /* ... is not the next */
    assert_string_equal(transact(2, "r2", "1001", 2, "{2}"), "CONFLICT"); /* another version */
    assert_string_equal(transact(2, "r2", "1001", 0, "{2}"), "CONFLICT"); /* it exists */
    assert_string_equal(transact(2, "r1", "1002", 0, "{2}"), "EXISTS");   /* the request is known */
    assert_string_equal(transact(2, "r2", "1001", 1, "{2}"), "+1|+1|+1|+1|+1|+1");
    assert_string_equal(transact(3, "r3", "1001", 2, NULL), "+1|+1|+1|+1|+1|+1");
    SAYS("", "object_get", "tt", "dn", "1001");
    SAYS("", "object_list", "ttti", NULL, "", "", 10LL);
    assert_string_equal(transact(4, "r4", "1001", 3, "{4}"), "CONFLICT"); /* it is not there any more */
    assert_string_equal(transact(4, "r4", "1001", 0, "{4}"), "+1|+1|+1|+1|+1|+1");
    SAYS("4 {4} 20 ann", "object_get", "tt", "dn", "1001");
    assert_string_equal(transact(5, "r5", "1002", 0, "{5}"), "+1|+1|+1|+1|+1|+1");
    SAYS("5", "change_last", "");
    SAYS("3", "change_find", "t", "r3");
    SAYS("", "change_find", "t", "r6");
    SAYS("4 dn 1001 4 {4} 0;5 dn 1002 1 {5} 0", "objects_changed_since", "itti", 2LL, "", "", 10LL);
    SAYS("5 dn 1002 1 {5} 0", "objects_changed_since", "itti", 4LL, "dn", "1001", 10LL);
    SAYS("dn 1001 3 {2} - 1", "change_objects_of", "itti", 3LL, "", "", 10LL);
    SAYS("dn 1001 4 - {4} 1", "change_objects_of", "itti", 4LL, "", "", 10LL);
    SAYS("5 20 ann why 1 -;4 20 ann why 1 -", "change_page", "ii", NOTHING, 2LL);
    SAYS("3 20 ann why 1 -;2 20 ann why 1 -", "change_page_of", "ttii", "dn", "1001", 4LL, 2LL);
    SAYS("1 20 ann why 1 -", "change_page_of_kind", "tii", "dn", 2LL, 2LL);
    SAYS("4 20 ann why", "change_last_of", "tt", "dn", "1001");
    SAYS("5 20 ann why 1 -", "change_get", "i", 5LL);
    SAYS("+1", "object_put", "tttiit", "dn", "1003", "{}", 0LL, 10LL, "admin");
    SAYS("+0", "change_stage_clear_all", "");
}

/* Part of a transaction that does not fit any more: nothing of it is done. */
static void a_transaction_is_made_whole_or_not_at_all(void **state)
{
    (void)state;
    transact(1, "r1", "1001", 0, "{1}");
    store_fixture_add(&f, "change_stage_add", "tttit", "r2", "dn", "1001", 1LL, "{2}");
    store_fixture_add(&f, "change_stage_add", "tttit", "r2", "dn", "1002", 1LL, "{2}");
    assert_int_equal(store_fixture_run(&f), ANSWER_YES);
    store_fixture_add(&f, "change_add", "ititti", 2LL, "r2", 20LL, "ann", "", NOTHING);
    store_fixture_add(&f, "change_objects_add", "it", 2LL, "r2");
    store_fixture_add(&f, "change_complete", "ii", 2LL, 2LL);
    store_fixture_add(&f, "change_apply", "i", 2LL);
    assert_string_equal(store_fixture_text(&f), "CONFLICT");
    SAYS("1", "change_last", "");
    SAYS("1 {1} 20 ann", "object_get", "tt", "dn", "1001");
    SAYS("+2", "change_stage_clear_all", "");
}

static void incarnations_grow(void **state)
{
    (void)state;
    SAYS("+11", "incarnation_next", "t", "node-1a"); /* one row changed, and it says 1 */
    SAYS("+12", "incarnation_next", "t", "node-1a");
    SAYS("+11", "incarnation_next", "t", "node-1b");
}

/* All or nothing. */
static void one_refused_statement_undoes_all(void **state)
{
    (void)state;
    store_fixture_add(&f, "binding_put", "tttbi", "1001", "sip:a", "proxy-1", "body", 500LL);
    store_fixture_add(&f, "stream_position_set", "tii", "node-1", 5LL, 3LL);
    assert_int_equal(store_fixture_run(&f), ANSWER_NO);
    assert_int_equal(f.error, ERROR_CONFLICT);
    SAYS("", "binding_all", "itti", 0LL, "", "", 10LL);
    store_fixture_add(&f, "binding_put", "tttbi", "1001", "sip:a", "proxy-1", "body", 500LL);
    store_fixture_add(&f, "stream_position_set", "tii", "node-1", 5LL, 0LL);
    store_fixture_add(&f, "stream_position_get", "t", "node-1");
    assert_int_equal(store_fixture_run(&f), ANSWER_YES);
    assert_string_equal(f.text, "+1|+1|5");
    SAYS("1001 sip:a proxy-1 body 500", "binding_all", "itti", 0LL, "", "", 10LL);
}

static void constraints_are_told_apart(void **state)
{
    (void)state;
    /* No table refers to another one; so one is made to. */
    assert_int_equal(
        sqlite3_exec(f.store->database,
            "CREATE TABLE known (dn TEXT PRIMARY KEY); INSERT INTO known VALUES ('1001');"
            "DROP TABLE bindings;"
            "CREATE TABLE bindings (dn TEXT REFERENCES known (dn), contact TEXT, proxy TEXT, "
            "body BLOB, expires_at INTEGER UNIQUE CHECK (expires_at < 100), PRIMARY KEY (dn, contact))",
            NULL, NULL, NULL),
        SQLITE_OK);
    SAYS("+1", "binding_put", "tttbi", "1001", "sip:a", "p", "b", 50LL);
    SAYS("EXISTS", "binding_put", "tttbi", "1001", "sip:b", "p", "b", 50LL);
    SAYS("REFERENCE", "binding_put", "tttbi", "1002", "sip:b", "p", "b", 51LL);
    SAYS("RANGE", "binding_put", "tttbi", "1001", "sip:b", "p", "b", 100LL);
    SAYS("1001 sip:a p b 50", "binding_all", "itti", 0LL, "", "", 10LL);
}

static void malformed_requests_are_refused(void **state)
{
    struct buffer bytes = {0};
    int error;
    (void)state;
    SAYS("MISSING", "drop_tables", "");
    SAYS("SYNTAX", "binding_delete", "t", "1001");
    SAYS("SYNTAX", "binding_delete", "ttt", "1001", "a", "b");
    SAYS("SYNTAX", "binding_delete", "ti", "1001", 5LL);
    SAYS("SYNTAX", "binding_delete", "tt", "1001", NULL); /* NULL is not permitted there */
    assert_int_equal(store_run(&bytes, &error, f.store, SLICE("\xff\xff\xff")), ANSWER_NO);
    assert_int_equal(error, ERROR_SYNTAX);
    assert_int_equal(store_run(&bytes, &error, f.store, SLICE("")), ANSWER_NO);
    assert_int_equal(error, ERROR_SYNTAX);
    buffer_free(&bytes);
}

static void reading_requests_are_known(void **state)
{
    (void)state;
    store_fixture_add(&f, "stream_position_get", "t", "node-1");
    store_fixture_add(&f, "object_get", "tt", "dn", "1001");
    assert_true(store_request_reads(buffer_slice(&f.request)));
    store_fixture_add(&f, "incarnation_next", "t", "node-1");
    assert_false(store_request_reads(buffer_slice(&f.request)));
    assert_false(store_request_reads(SLICE("\xff")));
}

static void large_answers_and_endless_work_are_refused(void **state)
{
    static char body[1000001];
    (void)state;
    memset(body, 'x', sizeof body - 1);
    for (int i = 0; i < 4; i++) {
        char name[8];
        snprintf(name, sizeof name, "%d", i);
        SAYS("+1", "object_put", "tttiit", "dn", name, body, 0LL, 10LL, "admin");
    }
    SAYS("LIMIT", "object_list", "ttti", NULL, "", "", 10LL);
    store_fixture_add(&f, "object_list", "ttti", NULL, "", "", 2LL);
    assert_int_equal(store_fixture_run(&f), ANSWER_YES);
    assert_int_equal(
        sqlite3_exec(f.store->database,
            "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n LIMIT 3000) "
            "INSERT INTO stream_position SELECT 'n' || i, 1 FROM n;"
            "ALTER TABLE calls RENAME TO old_calls;"
            "CREATE VIEW calls AS SELECT a.number AS id, a.node AS call_id, 1 AS started_at, 1 AS "
            "answered_at, 1 AS ended_at, '' AS from_dn, '' AS to_dn, 1 AS result, '' AS cause, "
            "'' AS node, '' AS location, '' AS attributes FROM stream_position a, stream_position b, "
            "stream_position c",
            NULL, NULL, NULL),
        SQLITE_OK);
    SAYS("LIMIT", "history_page", "tii", NULL, NOTHING, 10LL);
    SAYS("", "stream_position_get", "t", "nothing"); /* the next one works again */
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, fresh, gone)
TESTS("engine/store", TEST(statements_are_as_their_heads_say), TEST(each_statement_says_who_runs_it),
    TEST(bindings), TEST(history_of_calls), TEST(pages_use_the_indexes),
    TEST(stream_position_moves_forward_only), TEST(objects_are_changed_by_version),
    TEST(objects_are_changed_in_transactions), TEST(a_transaction_is_made_whole_or_not_at_all),
    TEST(incarnations_grow), TEST(one_refused_statement_undoes_all), TEST(constraints_are_told_apart),
    TEST(malformed_requests_are_refused), TEST(reading_requests_are_known),
    TEST(large_answers_and_endless_work_are_refused))
