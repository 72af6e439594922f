/* Servers that are killed, paused, restarted and replaced, and servers that are none. */
#include "store.h"

#define BACK 20000 /* ms: until a store that is there again answers */

static struct stage *on_servers(struct stage *given)
{
    if (stage_is("embedded"))
        stage_not_here("nothing runs beside the process");
    return store_stage(given);
}

static int64_t waits(struct seat *s, uint64_t token)
{
    STAGE_UNTIL(s->stage, seat_reply(s, token) != NULL, STORE_WAIT + STAGE_PATIENCE);
    return seat_reply(s, token)->after / 1000;
}

static void await_condition(struct stage *stage, bool away)
{
    STAGE_UNTIL(stage, store_condition(stage)->away == away, BACK);
}

/* CF-5: what is under way when the server dies is unknown at worst; yes is yes, no is no. */
static void killed_under_load(struct seat *s, const char *fault)
{
    uint64_t tokens[400];
    char name[16];
    for (size_t i = 0; i < 400; i++) {
        snprintf(name, sizeof name, "n%03zu", i);
        store_add(s, "stream_position_set", "tii", name, 1LL, 0LL);
        store_add(s, "call_created", "tittttt", name, 1LL, "a", "b", "n", NULL, NULL);
        tokens[i] = store_send(s, STORE_WAIT);
        if (i == 60)
            STAGE_UNTIL(s->stage, seat_reply(s, tokens[0]) != NULL, STORE_WAIT);
        if (i == 150)
            CHECK(stage_fault("%s", fault));
    }
    for (size_t i = 0; i < 400; i++)
        waits(s, tokens[i]);
    CHECK(stage_fault(strncmp(fault, "kill", 4) == 0 ? "start primary" : "rejoin"));
    store_until(s, "", BACK, "stream_position_get", "t", "nobody");
    for (size_t i = 0; i < 400; i++) {
        const struct reply *r = seat_reply(s, tokens[i]);
        snprintf(name, sizeof name, "n%03zu", i);
        const char *there = STORE_ASK(s, "stream_position_get", "t", name);
        if (r->answer != ANSWER_UNKNOWN && strcmp(there, r->answer == ANSWER_YES ? "1" : "") != 0)
            stage_fail(__FILE__, __LINE__, "%s: the answer was %s, and it is \"%s\"", name,
                r->answer == ANSWER_YES ? "yes" : error_symbol(r->error), there);
    }
    await_condition(s->stage, false);
}

static void killed_and_started_again(struct stage *given)
{
    killed_under_load(seat_open(on_servers(given), "history"), "kill primary");
}

static void failover_to_the_standby(struct stage *given)
{
    struct stage *stage = on_servers(given);
    CHECK(stage_fault("synchronous"));
    killed_under_load(seat_open(stage, "history"), "failover");
    CHECK(stage_fault("synchronous"));
    CHECK(stage_fault("failover"));
    CHECK(stage_fault("rejoin"));
}

/* Those that were never sent are refused before their time is over, and surely not done. */
static void a_server_that_is_away_is_said_and_waited_for(struct stage *given)
{
    struct stage *stage = on_servers(given);
    struct seat *s = seat_open(stage, "config");
    STORE_SAYS(s, "+1", "stream_position_set", "tii", "n", 1LL, 0LL);
    CHECK(stage_fault("pause standby"));
    CHECK(stage_fault("kill primary"));
    await_condition(stage, true);
    CHECK(store_condition(stage)->why[0] != '\0');
    store_add(s, "stream_position_set", "tii", "n", 2LL, 1LL);
    uint64_t token = store_send(s, 1000);
    CHECK(waits(s, token) <= 1000);
    CHECK_SAME(seat_reply(s, token)->answer, ANSWER_NO);
    CHECK_SAME(seat_reply(s, token)->error, ERROR_UNREACHABLE);
    store_add(s, "stream_position_set", "tii", "n", 2LL, 1LL);
    token = store_send(s, STORE_WAIT); /* refused before its time: nobody is there for long */
    CHECK(waits(s, token) <= 4000);
    CHECK_SAME(seat_reply(s, token)->error, ERROR_UNREACHABLE);
    CHECK(stage_fault("resume standby"));
    CHECK(stage_fault("start primary"));
    store_until(s, "1", BACK, "stream_position_get", "t", "n");
    await_condition(stage, false);
    STORE_SAYS(s, "+1", "stream_position_set", "tii", "n", 2LL, 1LL);
}

/* A paused server holds what was sent: unknown at the deadline; afterwards it is one or the other. */
static void a_paused_server_leaves_doubt_that_ends(struct stage *given)
{
    struct seat *s = seat_open(on_servers(given), "history");
    STORE_SAYS(s, "+1", "stream_position_set", "tii", "n", 1LL, 0LL);
    CHECK(stage_fault("pause primary"));
    store_add(s, "stream_position_set", "tii", "n", 2LL, 1LL);
    uint64_t token = store_send(s, 1000);
    CHECK(waits(s, token) < 1500);
    CHECK_SAME(seat_reply(s, token)->answer, ANSWER_UNKNOWN);
    stage_run(s->stage, 9000); /* the line is given up */
    await_condition(s->stage, true);
    CHECK(stage_fault("resume primary"));
    store_until(s, "", BACK, "stream_position_get", "t", "nobody");
    const char *there = STORE_ASK(s, "stream_position_get", "t", "n");
    bool done = strcmp(there, "2") == 0;
    CHECK(done || strcmp(there, "1") == 0);
    stage_run(s->stage, 1000);
    STORE_SAYS(s, done ? "2" : "1", "stream_position_get", "t", "n"); /* and stays so */
    STORE_SAYS(s, done ? "CONFLICT" : "+1", "stream_position_set", "tii", "n", 2LL, 1LL);
}

static void a_server_that_is_restarted_is_found_again(struct stage *given)
{
    struct seat *s = seat_open(on_servers(given), "history");
    for (long long i = 0; i < 3; i++) {
        STORE_SAYS(s, "+1", "stream_position_set", "tii", "n", i + 1, i);
        CHECK(stage_fault("restart primary"));
        store_until(s, "", BACK, "stream_position_get", "t", "nobody");
    }
    STORE_SAYS(s, "3", "stream_position_get", "t", "n");
}

/* ---- reachable, and wrong ---- */

/* Nothing but that it is said, what is asked is refused with the reason, and it stays so. */
static void refused(struct stage *given, const char *why, int error)
{
    struct stage *stage = stage_another(given);
    struct seat *s = seat_open(stage, "proxy");
    await_condition(stage, true);
    if (strstr(store_condition(stage)->why, why) == NULL)
        stage_fail(__FILE__, __LINE__, "it is away because \"%s\"", store_condition(stage)->why);
    store_add(s, "incarnation_next", "t", "x");
    uint64_t token = store_send(s, STORE_WAIT);
    CHECK(waits(s, token) < 6000);
    CHECK_SAME(seat_reply(s, token)->answer, ANSWER_NO);
    if (seat_reply(s, token)->error != error)
        stage_fail(__FILE__, __LINE__, "%s: refused with %s", why, error_symbol(seat_reply(s, token)->error));
    CHECK(store_condition(stage)->away);
}

static void wrong_names_and_passwords_are_said(struct stage *given)
{
    on_servers(given);
    struct real_server right = stage_params.store;
    stage_params.store.user = "nobody";
    refused(given, "authentication failed for user \"nobody\"", ERROR_UNAUTHENTICATED);
    stage_params.store = right;
    stage_params.store.database = "nowhere";
    refused(given, "database \"nowhere\" does not exist", ERROR_MISSING);
    stage_params.store = right;
    stage_params.store.password_file = "/nonexistent";
    refused(given, "password", ERROR_MISSING);
    stage_params.store = right;
}

static void only_the_platforms_authority_is_trusted(struct stage *given)
{
    on_servers(given);
    const char *authority = stage_params.authority;
    stage_params.authority = NULL;
    refused(given, "certificate verify failed", ERROR_DENIED);
    stage_params.authority = authority;
}

static void a_standby_alone_and_other_servers_are_no_store(struct stage *given)
{
    struct stage *stage = on_servers(given);
    struct real_server right = stage_params.store;
    static struct slice standby;
    standby = right.addresses[1];
    STORE_SAYS(seat_open(stage, "x"), "+11", "incarnation_next", "t", "x");
    stage_params.store.addresses = &standby;
    stage_params.store.count = 1;
    refused(given, "read-only", ERROR_UNREACHABLE);
    static const struct slice nobody = SLICE_INIT("127.0.0.1:1");
    stage_params.store.addresses = &nobody;
    refused(given, "refused", ERROR_UNREACHABLE);
    static const struct slice web = SLICE_INIT("127.0.0.1:7399");
    CHECK(stage_fault("web 7399"));
    stage_params.store.addresses = &web;
    refused(given, "127.0.0.1:7399: received invalid response to SSL negotiation", ERROR_UNREACHABLE);
    stage_params.store = right;
}

/* OPS-31: nothing is changed in a database of a newer version, unless it says that this one can work on it.
 */
static void a_newer_database_is_refused_and_left_alone(struct stage *given)
{
    struct stage *stage = on_servers(given);
    const char *database = stage_params.store.database;
    struct seat *s = seat_open(stage, "x");
    STORE_SAYS(s, "+11", "incarnation_next", "t", "x");
    CHECK(stage_fault("sql %s UPDATE tandem_schema SET version = 9999", database));
    stage_restart(stage);
    s = seat_open(stage, "x");
    STORE_SAYS(s, "+12", "incarnation_next", "t", "x"); /* version 9999 only added something */
    CHECK(stage_fault("sql %s UPDATE tandem_schema SET least = 9998", database));
    refused(given, "has version 9999, this program knows", ERROR_NEWER);
    CHECK(stage_fault("sql %s UPDATE tandem_schema SET version = 9, least = 0", database));
    stage_restart(stage);
    STORE_SAYS(seat_open(stage, "x"), "+13", "incarnation_next", "t", "x");
}

static void a_database_of_another_program_is_refused(struct stage *given)
{
    if (stage_is("embedded"))
        stage_not_here("nothing runs beside the process");
    CHECK(stage_fault("database recipes"));
    CHECK(stage_fault("sql recipes CREATE TABLE recipes (name TEXT)"));
    stage_params.store.database = "recipes";
    refused(given, "of another program", ERROR_CORRUPT);
    CHECK(stage_fault("sql recipes SELECT 1 / (count(*) - 1) FROM pg_class WHERE relname = 'tandem_schema'"));
}

/* OPS-31: many begin at once on an empty database; one brings it up to date. */
static void many_begin_at_once(struct stage *given)
{
    struct stage *stages[6] = {on_servers(given)};
    for (size_t i = 1; i < 6; i++)
        stages[i] = stage_another(given);
    for (size_t i = 0; i < 6; i++) {
        char expected[16];
        snprintf(expected, sizeof expected, "+1%zu", i + 1);
        STORE_SAYS(seat_open(stages[i], "x"), expected, "incarnation_next", "t", "x");
    }
}

CONFORMANCE("store", CONFORMANCE_TEST(killed_and_started_again), CONFORMANCE_TEST(failover_to_the_standby),
    CONFORMANCE_TEST(a_server_that_is_away_is_said_and_waited_for),
    CONFORMANCE_TEST(a_paused_server_leaves_doubt_that_ends),
    CONFORMANCE_TEST(a_server_that_is_restarted_is_found_again),
    CONFORMANCE_TEST(wrong_names_and_passwords_are_said),
    CONFORMANCE_TEST(only_the_platforms_authority_is_trusted),
    CONFORMANCE_TEST(a_standby_alone_and_other_servers_are_no_store),
    CONFORMANCE_TEST(a_newer_database_is_refused_and_left_alone),
    CONFORMANCE_TEST(a_database_of_another_program_is_refused), CONFORMANCE_TEST(many_begin_at_once))
