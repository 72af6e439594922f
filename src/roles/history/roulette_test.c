/* A node that lives and dies, a bus that loses, doubles and delays, a store that is away or in doubt, a
 * history that is killed at any step: at the end each call is there once, complete. */
#include "base/hash.h"
#include "base/mem.h"
#include "roles/history/history_fixture.h"
#include "unit.h"
#include "wire/pack.h"

#define SECOND 1000000
#define EVENTS 3000U
#define CALLS_AT_ONCE 8U
#define WINDOW 300U /* events that the node sends without hearing that they are stored */

static struct history_fixture f;
static uint64_t chance_state;

static uint64_t chance(uint64_t below)
{
    chance_state += 0x9e3779b97f4a7c15U;
    return hash_number(chance_state) % below;
}

/* One event of the node's spool, and what it should become. */
struct entry {
    uint64_t number, previous, call;
    Tandem__CallEventKind kind;
};

struct node {
    struct entry events[EVENTS];
    size_t count;                 /* written so far */
    size_t sent;                  /* sent so far, of this walk */
    size_t stored;                /* known to be stored */
    uint64_t open[CALLS_AT_ONCE]; /* 0: none */
    uint64_t next_call, number;
};
static struct node node;

static void write_entry(Tandem__CallEventKind kind, uint64_t call, uint64_t previous)
{
    node.events[node.count++] = (struct entry){++node.number, previous, call, kind};
}

static void restart(void)
{
    uint64_t previous = node.number;
    memset(node.open, 0, sizeof node.open);
    node.number += chance(5000); /* it jumps past what it may have used */
    write_entry(TANDEM__CALL_EVENT_KIND__STREAM_RESTARTED, 0, previous);
}

static void live(void)
{
    size_t which = chance(CALLS_AT_ONCE);
    if (chance(60) == 0) {
        restart();
    } else if (node.open[which] == 0) {
        node.open[which] = ++node.next_call;
        write_entry(TANDEM__CALL_EVENT_KIND__CALL_CREATED, node.open[which], 0);
    } else if (chance(2) == 0) {
        write_entry(TANDEM__CALL_EVENT_KIND__CALL_ESTABLISHED, node.open[which], 0);
    } else {
        write_entry(TANDEM__CALL_EVENT_KIND__CALL_RELEASED, node.open[which], 0);
        node.open[which] = 0;
    }
}

static size_t index_behind(uint64_t number)
{
    size_t i = 0;
    while (i < node.count && node.events[i].number <= number)
        i++;
    return i;
}

static void on_told(struct history_fixture *unused, const struct told *told)
{
    (void)unused;
    size_t behind = index_behind(told->number);
    if (chance(4) == 0)
        return; /* lost */
    if (behind > node.stored)
        node.stored = behind;
    if (told->resend && behind >= node.stored)
        node.sent = behind;
}

static void send(size_t index)
{
    const struct entry *entry = &node.events[index];
    Tandem__CallEvent e = TANDEM__CALL_EVENT__INIT;
    e.number = entry->number;
    e.time = index + 1;
    e.kind = entry->kind;
    e.node = (char *)(uintptr_t) "node-1";
    e.has_call_id = entry->call != 0;
    e.call_id = entry->call;
    e.has_previous = entry->kind == TANDEM__CALL_EVENT_KIND__STREAM_RESTARTED;
    e.previous = entry->previous;
    e.has_result = entry->kind == TANDEM__CALL_EVENT_KIND__CALL_RELEASED;
    e.result = TANDEM__CALL_RESULT__RESULT_ANSWERED;
    history_fixture_event(&f, &e);
}

static void send_some(bool faults)
{
    for (uint64_t some = 1 + chance(40); some != 0 && node.sent < node.count; some--) {
        if (node.sent >= node.stored + WINDOW)
            return;
        size_t index = node.sent++;
        if (faults && chance(50) == 0)
            continue; /* lost */
        send(index);
        if (faults && chance(50) == 0)
            send(chance(node.sent)); /* an old one once more */
    }
}

static void step(bool faults)
{
    static const enum fate fates[] = {
        FATE_ANSWER, FATE_ANSWER, FATE_ANSWER, FATE_REFUSE, FATE_DONE_UNKNOWN, FATE_LOST_UNKNOWN};
    if (node.count < EVENTS)
        live();
    switch (chance(6)) {
    case 0:
        history_fixture_pass(&f, (int64_t)chance(SECOND));
        break;
    case 1:
    case 2:
        send_some(faults);
        break;
    case 3:
        if (faults && chance(40) == 0) {
            history_fixture_kill(&f);
            history_fixture_start(&f);
        }
        if (chance(20) == 0)
            node.sent = node.stored; /* its own timer: what is not stored is sent again */
        break;
    default:
        if (f.question_count != 0)
            history_fixture_answer(&f, faults ? fates[chance(6)] : FATE_ANSWER);
        break;
    }
}

/* What the row of a call should say, folded a second time and in another way. */
static void expect_row(struct buffer *out, uint64_t call)
{
    uint64_t started = 0, answered = 0, ended = 0, result = 0;
    for (size_t i = 0; i < node.count; i++) {
        const struct entry *e = &node.events[i];
        if (e->call == call && e->kind == TANDEM__CALL_EVENT_KIND__CALL_CREATED)
            started = i + 1;
        else if (e->call == call && e->kind == TANDEM__CALL_EVENT_KIND__CALL_ESTABLISHED && answered == 0)
            answered = i + 1;
        else if (e->call == call && e->kind == TANDEM__CALL_EVENT_KIND__CALL_RELEASED)
            ended = i + 1;
        else if (e->call == 0 && started != 0 && ended == 0)
            result = 7;
        else
            continue;
        if (result == 7 || ended != 0) {
            ended = i + 1;
            break;
        }
    }
    result = ended != 0 && result == 0 ? 1 : result;
    buffer_add_format(out, "%llu %llu %llu %llu %llu\n", (unsigned long long)call,
        (unsigned long long)started, (unsigned long long)answered, (unsigned long long)ended,
        (unsigned long long)result);
}

static void add_stored_rows(struct buffer *out, const struct store_fixture *store, long long before)
{
    struct store_fixture s = {.store = store->store};
    struct buffer rows = {0};
    for (;;) { /* page by page, the newest first; put in order by the caller */
        store_fixture_add(&s, "history_page", "tii", NULL, before, 20LL);
        assert_int_equal(store_fixture_run(&s), ANSWER_YES);
        if (s.text[0] == '\0')
            break;
        char *line = strtok(s.text, ";");
        for (; line != NULL; line = strtok(NULL, ";")) {
            unsigned long long id, call, started, answered = 0, ended = 0, result;
            char answered_text[24], ended_text[24];
            assert_int_equal(sscanf(line, "%llu %llx %llu %23s %23s %llu", &id, &call, &started,
                                 answered_text, ended_text, &result),
                6);
            answered = strtoull(answered_text, NULL, 10);
            ended = strtoull(ended_text, NULL, 10);
            struct buffer joined = {0};
            buffer_add_format(&joined, "%llu %llu %llu %llu %llu\n", call, started, answered, ended, result);
            buffer_add(&joined, buffer_slice(&rows));
            buffer_free(&rows);
            rows = joined;
            before = (long long)id;
        }
    }
    buffer_add(out, buffer_slice(&rows));
    buffer_free(&rows);
    buffer_free(&s.request);
}

static void run(uint64_t seed)
{
    struct buffer expected = {0}, found = {0};
    chance_state = seed * 1000003;
    node = (struct node){0};
    history_fixture_begin(&f);
    f.on_told = on_told;
    history_fixture_start(&f);
    write_entry(TANDEM__CALL_EVENT_KIND__STREAM_RESTARTED, 0, 0);
    for (int i = 0; i < 20000; i++)
        step(true);
    for (int i = 0; i < 20000 && node.stored < node.count; i++) /* the faults end: so must the arrears */
        step(false);
    assert_int_equal(node.stored, node.count);
    for (uint64_t call = 1; call <= node.next_call; call++)
        expect_row(&expected, call);
    add_stored_rows(&found, &f.store, NOTHING);
    assert_int_equal(found.length, expected.length);
    assert_memory_equal(found.data, expected.data, expected.length);
    buffer_free(&expected);
    buffer_free(&found);
    history_fixture_end(&f);
}

/* RP-1: nothing is lost, nothing counted twice. */
static void each_call_is_there_once_and_complete(void **state)
{
    (void)state;
    for (uint64_t seed = 1; seed <= 8; seed++)
        run(seed);
}

TESTS("roles/history_roulette", cmocka_unit_test(each_call_is_there_once_and_complete))
