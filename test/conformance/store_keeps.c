/* What the store says of statements, whichever it is. */
#include "store.h"

static void values_come_back_as_they_were(struct stage *given)
{
    struct seat *s = seat_open(store_stage(given), "history");
    STORE_SAYS(s, "+1", "binding_put", "tttbi", "1001", "sip:\xc3\xa4", "", "\x01\xff\x7f", INT64_MAX);
    STORE_SAYS(
        s, "1001 sip:\xc3\xa4  \x01\xff\x7f 9223372036854775807", "binding_all", "itti", 0LL, "", "", 10LL);
    STORE_SAYS(s, "+1", "call_created", "tittttt", "c1", -5LL, "a", "b", "n", NULL, NULL);
    STORE_SAYS(s, "1 c1 - -5 - - 0 n -", "history_audit", "ii", 0LL, 10LL);
    STORE_SAYS(s, "", "object_get", "tt", "dn", "nobody");
}

/* What a phone sends need not be UTF-8. It must neither stop the history nor differ between stores. */
static void bytes_that_are_no_characters_are_replaced(struct stage *given)
{
    struct seat *s = seat_open(store_stage(given), "history");
    STORE_SAYS(s, "+1", "stream_position_set", "tii", "a\xff\xe2\x82 b\xc3\xa4\xc3", 3LL, 0LL);
    STORE_SAYS(s, "a\xef\xbf\xbd\xef\xbf\xbd b\xc3\xa4\xef\xbf\xbd 3", "stream_position_all", "");
    STORE_SAYS(s, "3", "stream_position_get", "t", "a\xff\xe2\x82 b\xc3\xa4\xc3");
}

/* By their bytes, not by a language: capital letters first, "a-" before "a1", accents last. */
static void text_is_ordered_by_its_bytes(struct stage *given)
{
    static const char *const names[] = {"b", "B", "a1", "a-", "\xc3\xa4", "_", "Z", "a"};
    struct seat *s = seat_open(store_stage(given), "config");
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++)
        store_add(s, "stream_position_set", "tii", names[i], 1LL, 0LL);
    CHECK(strcmp(store_text(s), "+1|+1|+1|+1|+1|+1|+1|+1") == 0);
    STORE_SAYS(s, "B 1;Z 1;_ 1;a 1;a- 1;a1 1;b 1;\xc3\xa4 1", "stream_position_all", "");
}

static void a_request_is_done_as_a_whole_or_not_at_all(struct stage *given)
{
    struct seat *s = seat_open(store_stage(given), "history");
    store_add(s, "call_created", "tittttt", "c1", 1LL, "a", "b", "n", NULL, NULL);
    store_add(s, "stream_position_set", "tii", "n", 7LL, 5LL); /* nothing is at 5 */
    CHECK(strcmp(store_text(s), "CONFLICT") == 0);
    STORE_SAYS(s, "", "history_audit", "ii", 0LL, 10LL);
    store_add(s, "call_created", "tittttt", "c1", 1LL, "a", "b", "n", NULL, NULL);
    store_add(s, "stream_position_set", "tii", "n", 7LL, 0LL);
    store_add(s, "stream_position_get", "t", "n");
    CHECK(strcmp(store_text(s), "+1|+1|7") == 0);
    STORE_SAYS(s, "7", "stream_position_get", "t", "n");
    /* The same again, one statement of the middle refused. */
    store_add(s, "call_created", "tittttt", "c2", 2LL, "a", "b", "n", NULL, NULL);
    store_add(s, "stream_position_set", "tii", "n", 8LL, 6LL);
    store_add(s, "incarnation_next", "t", "n");
    CHECK(strcmp(store_text(s), "CONFLICT") == 0);
    STORE_SAYS(s, "+11", "incarnation_next", "t", "n");
    STORE_SAYS(s, "7", "stream_position_get", "t", "n");
}

static void what_is_wrong_is_refused_with_its_reason(struct stage *given)
{
    struct seat *s = seat_open(store_stage(given), "history");
    STORE_SAYS(s, "MISSING", "drop_tables", "");
    STORE_SAYS(s, "SYNTAX", "binding_delete", "t", "1001");
    STORE_SAYS(s, "SYNTAX", "binding_delete", "ti", "1001", 5LL);
    STORE_SAYS(s, "SYNTAX", "binding_delete", "tt", "1001", NULL);
    store_add(s, "binding_put", "tttbi", "1001", "sip:a", "p", "b", 1LL);
    store_add(s, "no_such_statement", "");
    CHECK(strcmp(store_text(s), "MISSING") == 0);
    STORE_SAYS(s, "", "binding_all", "itti", 0LL, "", "", 10LL);
    STORE_SAYS(s, "CONFLICT", "change_complete", "ii", 77LL, 1LL);
}

static void add_change(
    struct seat *s, long long number, const char *request, long long expected, const char *body)
{
    store_add(s, "change_stage_add", "tttit", request, "dn", "1001", expected, body);
    store_add(s, "change_add", "ititti", number, request, 20LL, "ann", "why", NOTHING);
    store_add(s, "change_objects_add", "it", number, request);
    store_add(s, "change_complete", "ii", number, 1LL);
    store_add(s, "change_apply", "i", number);
    store_add(s, "change_stage_clear_all", "");
}

/* CF-3: numbers are taken once, versions go on after a deletion, what was before is kept. */
static void transactions_are_made_whole_or_not_at_all(struct stage *given)
{
    struct seat *s = seat_open(store_stage(given), "config");
    STORE_SAYS(s, "0", "change_last", "");
    add_change(s, 1, "r1", 0, "{1}");
    CHECK(strcmp(store_text(s), "+1|+1|+1|+1|+1|+1") == 0);
    add_change(s, 1, "r2", 1, "{2}");
    CHECK(strcmp(store_text(s), "CONFLICT") == 0);
    add_change(s, 3, "r2", 1, "{2}");
    CHECK(strcmp(store_text(s), "CONFLICT") == 0);
    add_change(s, 2, "r2", 2, "{2}");
    CHECK(strcmp(store_text(s), "CONFLICT") == 0);
    add_change(s, 2, "r1", 1, "{2}");
    CHECK(strcmp(store_text(s), "EXISTS") == 0);
    add_change(s, 2, "r2", 1, NULL);
    CHECK(strcmp(store_text(s), "+1|+1|+1|+1|+1|+1") == 0);
    STORE_SAYS(s, "", "object_get", "tt", "dn", "1001");
    add_change(s, 3, "r3", 0, "{3}");
    CHECK(strcmp(store_text(s), "+1|+1|+1|+1|+1|+1") == 0);
    STORE_SAYS(s, "3 {3} 20 ann", "object_get", "tt", "dn", "1001");
    STORE_SAYS(s, "3 dn 1001 3 {3} 0", "objects_changed_since", "itti", 2LL, "", "", 10LL);
    STORE_SAYS(s, "dn 1001 2 {1} - 1", "change_objects_of", "itti", 2LL, "", "", 10LL);
    STORE_SAYS(s, "2", "change_find", "t", "r2");
    STORE_SAYS(s, "3 20 ann why 1 -;2 20 ann why 1 -", "change_page", "ii", NOTHING, 2LL);
    STORE_SAYS(s, "1 20 ann why 1 -", "change_page_of", "ttii", "dn", "1001", 2LL, 2LL);
    STORE_SAYS(s, "3 20 ann why 1 -;2 20 ann why 1 -", "change_page_of_kind", "tii", "dn", NOTHING, 2LL);
    STORE_SAYS(s, "3 20 ann why", "change_last_of", "tt", "dn", "1001");
    STORE_SAYS(s, "3 20 ann why 1 -", "change_get", "i", 3LL);
}

static void answers_that_are_too_large_are_refused_and_nothing_was_done(struct stage *given)
{
    static char body[(1U << 20) + 1];
    struct seat *s = seat_open(store_stage(given), "config");
    memset(body, 'x', sizeof body - 1);
    for (int i = 0; i < 4; i++) {
        char name[8];
        snprintf(name, sizeof name, "%d", i);
        STORE_SAYS(s, "+1", "object_put", "tttiit", "dn", name, body, 0LL, 10LL, "admin");
    }
    STORE_SAYS(s, "LIMIT", "object_list", "ttti", NULL, "", "", 10LL);
    store_add(s, "incarnation_next", "t", "x");
    store_add(s, "object_list", "ttti", NULL, "", "", 10LL);
    CHECK(strcmp(store_text(s), "LIMIT") == 0);
    STORE_SAYS(s, "+11", "incarnation_next", "t", "x");
}

/* Several are under way at a time; each gets its own answer, in the order of the questions. */
static void answers_come_in_the_order_of_the_questions(struct stage *given)
{
    struct seat *s = seat_open(store_stage(given), "history");
    uint64_t first = 0, token = 0;
    for (long long i = 0; i < 200; i++) {
        store_add(s, "stream_position_set", "tii", "n", i + 1, i);
        if (i % 10 == 3)
            store_add(s, "stream_position_set", "tii", "n", i + 1, i); /* refused, and so is what follows */
        token = store_send(s, STORE_WAIT);
        first = first == 0 ? token : first;
    }
    STAGE_UNTIL(s->stage, seat_reply(s, token) != NULL, STORE_WAIT);
    uint64_t next = first;
    list_for_each (link, &s->replies) {
        const struct reply *r = list_entry(link, struct reply, link);
        CHECK_SAME(r->token, next);
        CHECK_SAME(r->error, next - first < 3 ? 0 : ERROR_CONFLICT);
        next++;
    }
    CHECK_SAME(next - first, 200);
    STORE_SAYS(s, "3", "stream_position_get", "t", "n");
}

static void what_was_stored_is_there_after_a_restart(struct stage *given)
{
    struct stage *stage = store_stage(given);
    struct seat *s = seat_open(stage, "history");
    STORE_SAYS(s, "+1", "stream_position_set", "tii", "n", 5LL, 0LL);
    stage_restart(stage);
    s = seat_open(stage, "history");
    STORE_SAYS(s, "5", "stream_position_get", "t", "n");
}

static void more_than_can_wait_is_refused(struct stage *given)
{
    static char body[(3U << 20) + 1];
    struct seat *s = seat_open(store_stage(given), "config");
    uint64_t token = 0;
    memset(body, 'x', sizeof body - 1);
    if (!stage_fault("pause primary"))
        stage_not_here("one in the process cannot be held up");
    for (int i = 0; i < 16; i++) {
        char name[8];
        snprintf(name, sizeof name, "%d", i);
        store_add(s, "object_put", "tttiit", "dn", name, body, 0LL, 10LL, "admin");
        token = store_send(s, 2000);
    }
    STAGE_UNTIL(s->stage, seat_reply(s, token) != NULL, STORE_WAIT);
    CHECK_SAME(seat_reply(s, token)->error, ERROR_OVERLOADED);
    stage_fault("resume primary");
    store_until(s, "", STORE_WAIT, "stream_position_get", "t", "nobody");
}

CONFORMANCE("store", CONFORMANCE_TEST(values_come_back_as_they_were),
    CONFORMANCE_TEST(bytes_that_are_no_characters_are_replaced),
    CONFORMANCE_TEST(text_is_ordered_by_its_bytes),
    CONFORMANCE_TEST(a_request_is_done_as_a_whole_or_not_at_all),
    CONFORMANCE_TEST(what_is_wrong_is_refused_with_its_reason),
    CONFORMANCE_TEST(transactions_are_made_whole_or_not_at_all),
    CONFORMANCE_TEST(answers_that_are_too_large_are_refused_and_nothing_was_done),
    CONFORMANCE_TEST(answers_come_in_the_order_of_the_questions),
    CONFORMANCE_TEST(what_was_stored_is_there_after_a_restart),
    CONFORMANCE_TEST(more_than_can_wait_is_refused))
