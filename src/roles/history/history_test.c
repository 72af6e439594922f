#include "base/error.h"
#include "roles/history/history_fixture.h"
#include "unit.h"
#include "wire/pack.h"

#define SECOND 1000000

static struct history_fixture f;

static int fresh(void **state)
{
    (void)state;
    history_fixture_begin(&f);
    return 0;
}

static int gone(void **state)
{
    (void)state;
    history_fixture_end(&f);
    return 0;
}

/* The role runs and knows that no node was ever seen. */
static void begin(void)
{
    history_fixture_start(&f);
    history_fixture_answer(&f, FATE_ANSWER);
}

static void event_of(const char *node, uint64_t number, Tandem__CallEventKind kind, uint64_t call)
{
    Tandem__CallEvent e = TANDEM__CALL_EVENT__INIT;
    e.number = number;
    e.time = number * 10;
    e.kind = kind;
    e.node = (char *)(uintptr_t)node;
    e.has_call_id = kind != TANDEM__CALL_EVENT_KIND__STREAM_RESTARTED;
    e.call_id = call;
    e.from = (char *)(uintptr_t) "1001";
    e.to = (char *)(uintptr_t) "1002";
    e.has_result = kind == TANDEM__CALL_EVENT_KIND__CALL_RELEASED;
    e.result = TANDEM__CALL_RESULT__RESULT_ANSWERED;
    e.cause = e.has_result ? (char *)(uintptr_t) "normal" : NULL;
    history_fixture_event(&f, &e);
}

#define CREATED(number, call) event_of("node-1", number, TANDEM__CALL_EVENT_KIND__CALL_CREATED, call)
#define ESTABLISHED(number, call) event_of("node-1", number, TANDEM__CALL_EVENT_KIND__CALL_ESTABLISHED, call)
#define RELEASED(number, call) event_of("node-1", number, TANDEM__CALL_EVENT_KIND__CALL_RELEASED, call)

static void told(uint64_t number, bool resend)
{
    assert_int_equal(f.told.number, number);
    assert_int_equal(f.told.resend, resend);
}

static void answer_all(void)
{
    while (f.question_count != 0)
        history_fixture_answer(&f, FATE_ANSWER);
}

static const char *position(void)
{
    return STORE_FIXTURE_ASK(&f.store, "stream_position_get", "t", "node-1");
}

/* CM-41: what the first INVITE has said of the call. */
static void attributes_are_kept_with_the_call(void **state)
{
    Tandem__CallEvent e = TANDEM__CALL_EVENT__INIT;
    Tandem__CallAttribute one = TANDEM__CALL_ATTRIBUTE__INIT, other = TANDEM__CALL_ATTRIBUTE__INIT;
    Tandem__CallAttribute *both[] = {&one, &other};
    (void)state;
    begin();
    e.number = 1;
    e.time = 10;
    e.kind = TANDEM__CALL_EVENT_KIND__CALL_CREATED;
    e.has_call_id = true;
    e.call_id = 0xabc;
    e.node = e.from = e.to = (char *)(uintptr_t) "node-1";
    one.name = (char *)(uintptr_t) "geolocation";
    one.value = (char *)(uintptr_t) "geo:1,2;u=\"3\"";
    other.name = other.value = (char *)(uintptr_t) "x";
    e.attributes = both;
    e.n_attributes = 2;
    history_fixture_event(&f, &e);
    answer_all();
    assert_string_equal(history_fixture_rows(&f), "1 0000000000000abc 10 - - node-1 node-1 0 - node-1 - "
                                                  "{\"geolocation\":\"geo:1,2;u=\\\"3\\\"\",\"x\":\"x\"}");
}

static void call_becomes_a_row(void **state)
{
    (void)state;
    begin();
    CREATED(1, 0xabc);
    answer_all();
    assert_string_equal(history_fixture_rows(&f), "1 0000000000000abc 10 - - 1001 1002 0 - node-1 - -");
    ESTABLISHED(2, 0xabc);
    RELEASED(3, 0xabc);
    answer_all();
    assert_string_equal(
        history_fixture_rows(&f), "1 0000000000000abc 10 20 30 1001 1002 1 normal node-1 - -");
    assert_string_equal(f.told.node, "node-1");
    told(3, false);
}

/* One question at a time; what comes meanwhile is one batch. */
static void what_comes_meanwhile_is_one_batch(void **state)
{
    (void)state;
    begin();
    CREATED(1, 1);
    assert_int_equal(f.question_count, 1); /* where the stream of this new node is */
    history_fixture_answer(&f, FATE_ANSWER);
    for (uint64_t n = 2; n <= 100; n++)
        CREATED(n, n);
    assert_int_equal(f.question_count, 1);
    unsigned before = f.told_count;
    history_fixture_answer(&f, FATE_ANSWER);
    told(1, false);
    history_fixture_answer(&f, FATE_ANSWER);
    told(100, false);
    assert_int_equal(f.question_count, 0);
    assert_int_equal(f.told_count, before + 2);
    assert_string_equal(position(), "100");
}

static void doubles_change_nothing(void **state)
{
    (void)state;
    begin();
    CREATED(1, 1);
    RELEASED(2, 1);
    answer_all();
    CREATED(1, 2); /* the same number with another content: only the first counts */
    assert_int_equal(f.question_count, 0);
    unsigned before = f.told_count;
    RELEASED(2, 2); /* the node did not hear that it is stored: it is told again */
    assert_int_equal(f.told_count, before + 1);
    told(2, false);
    assert_string_equal(history_fixture_rows(&f), "1 0000000000000001 10 - 20 1001 1002 1 normal node-1 - -");
    assert_int_equal(f.world.counters.values[COUNTER_HISTORY_DOUBLES], 2);
}

static void gap_is_asked_for_until_it_is_filled(void **state)
{
    (void)state;
    begin();
    CREATED(1, 1);
    answer_all();
    CREATED(3, 3);
    told(1, true);
    unsigned before = f.told_count;
    CREATED(4, 4);
    CREATED(5, 5);
    assert_int_equal(f.told_count, before); /* once is enough */
    history_fixture_pass(&f, SECOND + 1000);
    assert_int_equal(f.told_count, before + 1); /* lost on its way, perhaps */
    told(1, true);
    for (uint64_t n = 2; n <= 5; n++)
        CREATED(n, n);
    answer_all();
    told(5, false);
    before = f.told_count;
    history_fixture_pass(&f, 10 * SECOND);
    assert_int_equal(f.told_count, before);
    assert_string_equal(position(), "5");
}

static void batch_is_bounded(void **state)
{
    (void)state;
    begin();
    CREATED(1, 1);
    history_fixture_answer(&f, FATE_ANSWER);
    for (uint64_t n = 2; n <= 5000; n++)
        CREATED(n, n);
    assert_true(f.world.counters.values[COUNTER_HISTORY_RESENDS] == 1);
    answer_all();
    told(2049, true); /* the rest found no room and is asked for */
    for (uint64_t n = 2050; n <= 2500; n++)
        CREATED(n, n);
    answer_all();
    told(2500, true);
}

static void store_away_loses_nothing(void **state)
{
    (void)state;
    begin();
    CREATED(1, 1);
    history_fixture_answer(&f, FATE_ANSWER);
    for (int i = 0; i < 5; i++) {
        history_fixture_answer(&f, FATE_REFUSE);
        assert_int_equal(f.question_count, 0);
        CREATED(2 + (uint64_t)i, 2 + (uint64_t)i);
        assert_int_equal(f.question_count, 0); /* not in a hurry */
        history_fixture_pass(&f, SECOND + 1000);
        assert_int_equal(f.question_count, 1);
    }
    assert_string_equal(position(), "");
    answer_all();
    assert_string_equal(position(), "6");
    told(6, false);
    assert_int_equal(f.world.counters.values[COUNTER_HISTORY_RETRIES], 5);
}

/* Commit in doubt: it was done, or it was not; each record is there once. */
static void doubt_is_ended_by_the_position(void **state)
{
    static const enum fate fates[] = {FATE_DONE_UNKNOWN, FATE_LOST_UNKNOWN};
    (void)state;
    begin();
    CREATED(1, 1);
    history_fixture_answer(&f, FATE_ANSWER);
    for (uint64_t i = 0; i < 2; i++) {
        history_fixture_answer(&f, fates[i]); /* of storing 1 + i */
        CREATED(2 + i, 2 + i);
        assert_int_equal(f.question_count, 1);
        history_fixture_answer(&f, FATE_LOST_UNKNOWN); /* even the position is not answered */
        assert_int_equal(f.question_count, 0);
        history_fixture_pass(&f, SECOND + 1000);
        history_fixture_answer(&f, FATE_ANSWER); /* the position */
    }
    answer_all();
    assert_string_equal(position(), "3");
    told(3, false);
    assert_string_equal(history_fixture_rows(&f), "3 0000000000000003 30 - - 1001 1002 0 - node-1 - -;2 "
                                                  "0000000000000002 20 - - 1001 1002 0 - node-1 - -;"
                                                  "1 0000000000000001 10 - - 1001 1002 0 - node-1 - -");
}

/* Another collector that stores the same stream was faster. */
static void other_collector_is_noticed(void **state)
{
    (void)state;
    begin();
    CREATED(1, 1);
    answer_all();
    assert_string_equal(STORE_FIXTURE_ASK(&f.store, "stream_position_set", "tii", "node-1", 7LL, 1LL), "+1");
    CREATED(2, 2);
    answer_all();
    told(7, true);
    CREATED(8, 8);
    answer_all();
    told(8, false);
    assert_string_equal(history_fixture_rows(&f), "2 0000000000000008 80 - - 1001 1002 0 - node-1 - -;1 "
                                                  "0000000000000001 10 - - 1001 1002 0 - node-1 - -");
}

static void lost_node_closes_its_calls(void **state)
{
    (void)state;
    begin();
    CREATED(1, 1);
    CREATED(2, 2);
    RELEASED(3, 1);
    event_of("node-2", 1, TANDEM__CALL_EVENT_KIND__CALL_CREATED, 9);
    event_of("node-1", 4, TANDEM__CALL_EVENT_KIND__STREAM_RESTARTED, 0);
    CREATED(5, 5);
    answer_all();
    assert_string_equal(
        STORE_FIXTURE_ASK(&f.store, "history_page", "tii", NULL, NOTHING, 100LL), f.store.text);
    assert_non_null(strstr(f.store.text, "0000000000000005 50 - - 1001 1002 0 - node-1 - -"));
    assert_non_null(strstr(f.store.text, "0000000000000002 20 - 40 1001 1002 7 node lost node-1 - -"));
    assert_non_null(strstr(f.store.text, "0000000000000001 10 - 30 1001 1002 1 normal node-1 - -"));
    assert_non_null(strstr(f.store.text, "0000000000000009 10 - - 1001 1002 0 - node-2 -"));
}

static void restarted(uint64_t number, uint64_t previous)
{
    Tandem__CallEvent e = TANDEM__CALL_EVENT__INIT;
    e.number = number;
    e.time = number * 10;
    e.kind = TANDEM__CALL_EVENT_KIND__STREAM_RESTARTED;
    e.node = (char *)(uintptr_t) "node-1";
    e.has_previous = true;
    e.previous = previous;
    history_fixture_event(&f, &e);
}

/* A new life begins at a higher number; but not before all of the last one is there. */
static void numbers_jump_where_the_stream_restarts(void **state)
{
    (void)state;
    begin();
    restarted(1001, 0);
    CREATED(1002, 1);
    CREATED(1003, 2);
    answer_all();
    told(1003, false);
    restarted(2001, 1005);
    told(1003, true);
    CREATED(2002, 5);
    RELEASED(1004, 1);
    CREATED(1005, 3);
    restarted(2001, 1005);
    CREATED(2002, 5);
    answer_all();
    told(2002, false);
    assert_string_equal(history_fixture_rows(&f),
        "4 0000000000000005 20020 - - 1001 1002 0 - node-1 - -;"
        "3 0000000000000003 10050 - 20010 1001 1002 7 node lost node-1 - -;"
        "2 0000000000000002 10030 - 20010 1001 1002 7 node lost node-1 - -;"
        "1 0000000000000001 10020 - 10040 1001 1002 1 normal node-1 - -");
    restarted(3001, 17); /* its spool is lost as well: nothing can be sent again */
    answer_all();
    told(3001, false);
}

/* The store was brought back from an older backup: the node trimmed meanwhile what it misses. */
static void what_nobody_has_any_more_is_given_up(void **state)
{
    (void)state;
    begin();
    CREATED(1, 1);
    answer_all();
    unit_expect_error("node-1 has no call events 2 to 6 any more");
    for (int second = 0; second < 31; second++) {
        assert_int_equal(f.world.counters.values[COUNTER_HISTORY_GIVEN_UP], 0);
        if (second % 2 == 0)
            CREATED(7, 7); /* what it sends when it is asked */
        CREATED(8, 8);
        assert_string_equal(position(), "1");
        history_fixture_pass(&f, SECOND + 1000);
    }
    answer_all();
    told(6, true);
    CREATED(7, 7);
    CREATED(8, 8);
    answer_all();
    told(8, false);
    assert_string_equal(position(), "8");
}

/* It is not given up because a node is away. */
static void silence_is_waited_for(void **state)
{
    (void)state;
    begin();
    CREATED(1, 1);
    answer_all();
    CREATED(3, 3);
    for (int second = 0; second < 100; second++)
        history_fixture_pass(&f, SECOND + 1000);
    assert_string_equal(position(), "1");
    CREATED(2, 2);
    CREATED(3, 3);
    answer_all();
    told(3, false);
}

static void after_a_start_nodes_are_told_where_to_go_on(void **state)
{
    (void)state;
    begin();
    CREATED(1, 1);
    event_of("node-2", 1, TANDEM__CALL_EVENT_KIND__CALL_CREATED, 9);
    answer_all();
    CREATED(2, 2); /* under way when it dies */
    history_fixture_kill(&f);
    history_fixture_start(&f);
    unsigned before = f.told_count;
    history_fixture_answer(&f, FATE_REFUSE);
    history_fixture_pass(&f, SECOND + 1000);
    history_fixture_answer(&f, FATE_ANSWER);
    assert_int_equal(f.told_count, before + 2);
    told(1, true);
    CREATED(2, 2);
    answer_all();
    assert_string_equal(position(), "2");
}

/* A node that speaks before all positions are known asks for its own. */
static void early_events_wait_for_the_position(void **state)
{
    (void)state;
    begin();
    CREATED(1, 1);
    answer_all();
    history_fixture_kill(&f);
    history_fixture_start(&f);
    unsigned before = f.told_count;
    CREATED(2, 2);
    CREATED(3, 3);
    assert_int_equal(f.told_count, before);
    answer_all();
    told(1, true);
    CREATED(2, 2);
    CREATED(3, 3);
    answer_all();
    assert_string_equal(position(), "3");
}

static void strange_messages_are_ignored(void **state)
{
    (void)state;
    begin();
    history_fixture_bus(&f, "call.node-1", SLICE("\xff\xff"));
    history_fixture_bus(&f, "call.node-1", SLICE(""));
    Tandem__CallEvent e = TANDEM__CALL_EVENT__INIT;
    struct buffer bytes = {0};
    e.number = 1;
    e.kind = TANDEM__CALL_EVENT_KIND__CALL_CREATED;
    e.node = (char *)(uintptr_t) "node-2";
    pack_add(&bytes, &e.base);
    history_fixture_bus(&f, "call.node-1", buffer_slice(&bytes)); /* in the name of another */
    buffer_free(&bytes);
    assert_int_equal(f.world.counters.values[COUNTER_HISTORY_DAMAGED], 3);
    assert_int_equal(f.question_count, 0);
    event_of("node-1", 1, TANDEM__CALL_EVENT_KIND__CALL_HELD, 4); /* changes no row, and counts */
    event_of("node-1", 2, (Tandem__CallEventKind)99, 4);          /* only newer nodes know it */
    answer_all();
    assert_string_equal(position(), "2");
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, fresh, gone)
TESTS("roles/history", TEST(call_becomes_a_row), TEST(attributes_are_kept_with_the_call),
    TEST(what_comes_meanwhile_is_one_batch), TEST(doubles_change_nothing),
    TEST(gap_is_asked_for_until_it_is_filled), TEST(batch_is_bounded), TEST(store_away_loses_nothing),
    TEST(doubt_is_ended_by_the_position), TEST(other_collector_is_noticed), TEST(lost_node_closes_its_calls),
    TEST(numbers_jump_where_the_stream_restarts), TEST(what_nobody_has_any_more_is_given_up),
    TEST(silence_is_waited_for), TEST(after_a_start_nodes_are_told_where_to_go_on),
    TEST(early_events_wait_for_the_position), TEST(strange_messages_are_ignored))
