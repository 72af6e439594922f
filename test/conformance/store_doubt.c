/* Commit in doubt: the line, the server or the process is gone between COMMIT and its answer. Whoever asks
 * what is there before he repeats has each record once, as the role history does it. */
#include <signal.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

#include "engine/store/store.h"
#include "store.h"

#define TIMES 1000
#define KILL_EACH 100 /* rounds in which the server itself is killed */

struct writer {
    struct seat *seat;
    long long stored;
    unsigned unknown, attempts;
};

/* Each attempt at a record is a row of its own, so nothing but care keeps a record from being there twice;
 * beside it the position, from where it is believed to be. */
static uint64_t send_record(struct writer *w)
{
    char id[48];
    snprintf(id, sizeof id, "%lld-%u", w->stored + 1, w->attempts++);
    store_add(w->seat, "call_created", "tittttt", id, w->stored + 1, "1", "2", "n", NULL, NULL);
    store_add(w->seat, "stream_position_set", "tii", "n", w->stored + 1, w->stored);
    return store_send(w->seat, STORE_WAIT);
}

static long long read_position(struct writer *w)
{
    for (int times = 0; times < 400; times++) {
        const char *text = STORE_ASK(w->seat, "stream_position_get", "t", "n");
        if (text[0] == '\0' || (text[0] >= '0' && text[0] <= '9'))
            return strtoll(text, NULL, 10);
        stage_run(w->seat->stage, 50);
    }
    stage_fail(__FILE__, __LINE__, "the position cannot be read any more");
}

/* True: it is there; what was in doubt was read. */
static bool learn(struct writer *w, const struct reply *r)
{
    if (r->answer == ANSWER_YES) {
        w->stored++;
        return true;
    }
    if (r->answer == ANSWER_NO && r->error != ERROR_CONFLICT) {
        stage_run(w->seat->stage, 20);
        return false;
    }
    CHECK(r->answer == ANSWER_UNKNOWN);
    w->unknown++;
    long long position = read_position(w);
    CHECK(position == w->stored || position == w->stored + 1);
    bool done = position != w->stored;
    w->stored = position;
    return done;
}

static void store_record(struct writer *w)
{
    for (int times = 0;; times++) {
        CHECK(times < 400);
        uint64_t token = send_record(w);
        STAGE_UNTIL(w->seat->stage, seat_reply(w->seat, token) != NULL, STORE_WAIT + STAGE_PATIENCE);
        if (learn(w, seat_reply(w->seat, token)))
            return;
    }
}

/* One row of a record each, without a gap. `text` is an answer to history_audit of one row. */
static bool check_row(const char *text, long long *cursor, long long number)
{
    long long attempt, record, began;
    if (text[0] == '\0')
        return false;
    CHECK(sscanf(text, "%lld %lld-%lld - %lld ", cursor, &record, &attempt, &began) == 4);
    CHECK_SAME(record, number);
    CHECK_SAME(began, number);
    return true;
}

static void check_records(struct seat *s, long long stored)
{
    long long cursor = 0, seen = 0;
    while (check_row(STORE_ASK(s, "history_audit", "ii", cursor, 1LL), &cursor, seen + 1))
        seen++;
    CHECK_SAME(seen, stored);
}

static void each_record_is_there_once(struct stage *given)
{
    static const char *const modes[] = {"answer", "answer", "request", "answer", "lost"};
    if (stage_is("embedded"))
        stage_not_here("there the process is killed");
    struct writer w = {.seat = seat_open(store_stage(given), "history")};
    STORE_SAYS(w.seat, "", "stream_position_get", "t", "n");
    for (unsigned i = 0; i < TIMES; i++) {
        if (i % KILL_EACH == KILL_EACH - 1) {
            send_record(&w);
            CHECK(stage_fault("kill primary"));
            CHECK(stage_fault("start primary"));
            w.stored = read_position(&w);
        } else if (!stage_fault("cut %s", modes[i % 5])) {
            stage_not_here("nothing here cuts the line");
        }
        store_record(&w);
    }
    CHECK(w.unknown >= TIMES / 2); /* the answer was really lost */
    CHECK(w.stored >= TIMES);
    check_records(w.seat, w.stored);
}

/* ---- in the process ---- */

static const char *run_here(struct store *store, struct seat *s)
{
    struct buffer bytes = {.data = NULL}, request = store_taken();
    int error = 0;
    struct reply r = {.answer = store_run(&bytes, &error, store, buffer_slice(&request))};
    r.error = error;
    r.bytes = buffer_slice(&bytes);
    const char *text = store_reply_text(s, &r);
    buffer_free(&request);
    buffer_free(&bytes);
    return text;
}

/* Stores record after record until it is killed, and says so before each. */
static void store_until_death(const char *path, struct seat *s, bool full_sync, int say)
{
    struct store *store;
    if (store_open(&store, &(struct store_options){.path = path, .full_sync = full_sync}) != 0)
        _exit(1);
    store_add(s, "stream_position_get", "t", "n");
    for (long long stored = strtoll(run_here(store, s), NULL, 10);; stored++) {
        char id[48];
        snprintf(id, sizeof id, "%lld-%ld", stored + 1, (long)getpid());
        store_add(s, "call_created", "tittttt", id, stored + 1, "1", "2", "n", NULL, NULL);
        store_add(s, "stream_position_set", "tii", "n", stored + 1, stored);
        if (write(say, "", 1) != 1 || strcmp(run_here(store, s), "+1|+1") != 0)
            _exit(2);
    }
}

/* Kills it at some moment after it has begun with its first, second or third record. */
static void kill_while_storing(unsigned i, const char *path, struct seat *s)
{
    int line[2], status;
    char begun;
    CHECK_SAME(pipe(line), 0);
    pid_t child = fork();
    if (child == 0)
        store_until_death(path, s, i % 8 == 0, line[1]);
    close(line[1]);
    for (unsigned records = 0; records <= i % 3; records++)
        CHECK_SAME(read(line[0], &begun, 1), 1);
    usleep(i * 7919 % 1500);
    kill(child, SIGKILL);
    CHECK_SAME(waitpid(child, &status, 0), child);
    CHECK(WIFSIGNALED(status));
    close(line[0]);
}

static void each_record_is_there_once_after_kills(struct stage *stage)
{
    struct seat *s = seat_open(stage, "history");
    struct store *store;
    char path[128];
    if (!stage_is("embedded"))
        stage_not_here("there the line is cut");
    snprintf(path, sizeof path, "%s/doubt.db", stage->data);
    CHECK_SAME(store_open(&store, &(struct store_options){.path = path}), 0);
    store_close(store);
    for (unsigned i = 0; i < TIMES; i++)
        kill_while_storing(i, path, s);
    CHECK_SAME(store_open(&store, &(struct store_options){.path = path}), 0);
    store_add(s, "stream_position_get", "t", "n");
    long long stored = strtoll(run_here(store, s), NULL, 10), cursor = 0, seen = 0;
    CHECK(stored >= TIMES - 1); /* those that had begun with another one have stored the one before */
    for (const char *text = "";; seen++) {
        store_add(s, "history_audit", "ii", cursor, 1LL);
        text = run_here(store, s);
        if (!check_row(text, &cursor, seen + 1))
            break;
    }
    CHECK_SAME(seen, stored);
    store_close(store);
}

CONFORMANCE("store", CONFORMANCE_TEST(each_record_is_there_once),
    CONFORMANCE_TEST(each_record_is_there_once_after_kills))
