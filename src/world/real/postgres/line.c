/* One line: a thread that connects, serves, and when the connection is lost says what is known of what was
 * under way. */
#include <errno.h>
#include <poll.h>
#include <stdarg.h>
#include <stdio.h>
#include <unistd.h>

#include "base/error.h"
#include "base/log.h"
#include "base/mem.h"
#include "world/real/postgres/postgres_int.h"

#define LOOK 20000  /* µs: questions whose time is over are looked for so often */
#define IDLE 100000 /* µs: where none waits */
#define EARLY 50000 /* µs: before its deadline a question that was not sent is refused */
#define END 3000000 /* µs: what is under way at the end is waited for so long */

/* ---- who is away ---- */

/* The store is away while one of the lines is. */
static void tell(struct postgres_line *line, bool away)
{
    struct postgres *p = line->of;
    pthread_mutex_lock(&p->lock);
    bool other = p->away[line->kind == POSTGRES_WRITER ? POSTGRES_READER : POSTGRES_WRITER];
    bool before = other || p->away[line->kind];
    p->away[line->kind] = away;
    if (away || (before && !other))
        real__condition(p->engines, REAL_PART_STORE, away, line->away);
    pthread_mutex_unlock(&p->lock);
}

/* How much a reason says, of several servers: "is a standby" says least. */
static int weight(int error, const char *why)
{
    if (error != ERROR_UNREACHABLE && error != ERROR_TIMEOUT)
        return 2;
    return strstr(why, "read-only") == NULL;
}

void postgres__away(struct postgres_line *line, int error, const char *format, ...)
{
    char why[sizeof line->away];
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(why, sizeof why, format, arguments);
    va_end(arguments);
    if (line->gathers) {
        if (weight(error, why) <= line->gathered)
            return;
        line->gathered = weight(error, why);
        line->reason_error = error;
        memcpy(line->reason, why, sizeof why);
        return;
    }
    bool news = strcmp(line->away, why) != 0;
    memcpy(line->away, why, sizeof why);
    if (line->away_since == 0)
        line->away_since = postgres__now();
    line->away_error = error;
    if (line->kind == POSTGRES_WRITER)
        atomic_store(&line->of->writer, error);
    if (news && !atomic_load(&line->of->ends))
        tell(line, true);
}

static void back(struct postgres_line *line)
{
    line->away_since = 0;
    line->away[0] = '\0';
    if (line->kind == POSTGRES_WRITER)
        atomic_store(&line->of->writer, 0);
    tell(line, false);
}

/* ---- what waits ---- */

static void take_arrived(struct postgres_line *line)
{
    pthread_mutex_lock(&line->lock);
    for (struct list *at; (at = list_first(&line->arrived)) != NULL;) {
        list_remove(at);
        list_append(&line->waiting, at);
    }
    pthread_mutex_unlock(&line->lock);
}

/* It was never sent, so it was surely not done. */
static void refuse_late(struct postgres_line *line, int64_t now)
{
    bool impatient = line->away_since != 0 && now - line->away_since > POSTGRES_PATIENCE;
    list_for_each_safe (at, following, &line->waiting) {
        struct postgres_question *q = list_entry(at, struct postgres_question, link);
        if (!impatient && now < q->deadline - EARLY)
            continue;
        list_remove(at);
        int writer = atomic_load(&line->of->writer);
        int error = writer != 0 ? writer : line->away_since != 0 ? line->away_error : ERROR_OVERLOADED;
        postgres__answer(line, q, ANSWER_NO, error, (struct slice){0});
    }
}

int postgres__wait(struct postgres_line *line, int events, int64_t until)
{
    int64_t now = postgres__now();
    int64_t longest = list_empty(&line->waiting) ? IDLE : LOOK;
    int64_t most = until - now < longest ? until - now : longest;
    struct pollfd polls[2] = {{.fd = line->wake, .events = POLLIN},
        {.fd = events != 0 && line->connection != NULL ? PQsocket(line->connection) : -1,
            .events =
                (short)((events & POSTGRES_READ ? POLLIN : 0) | (events & POSTGRES_WRITE ? POLLOUT : 0))}};
    uint64_t sum;
    if (poll(polls, 2, most > 0 ? (int)((most + 999) / 1000) : 0) < 0 && errno != EINTR)
        LOG(LOG_ERROR, "world", "store: cannot wait: %s", strerror(errno));
    if (polls[0].revents != 0 && read(line->wake, &sum, sizeof sum) < 0)
        sum = 0; /* somebody was faster */
    take_arrived(line);
    refuse_late(line, postgres__now());
    return (polls[1].revents & (POLLIN | POLLHUP | POLLERR) ? POSTGRES_READ : 0) |
           (polls[1].revents & POLLOUT ? POSTGRES_WRITE : 0);
}

/* ---- serving ---- */

static struct postgres_question *first_of(const struct list *list)
{
    struct list *at = list_first(list);
    return at != NULL ? list_entry(at, struct postgres_question, link) : NULL;
}

/* One that is guarded travels alone: what follows it would become part of its transaction. */
static bool has_room(const struct postgres_line *line, const struct postgres_question *q)
{
    const struct postgres_question *first = first_of(&line->flight);
    if (first == NULL)
        return true;
    return !first->guarded && !q->guarded && line->flight_count < POSTGRES_FLIGHT &&
           line->flight_bytes + q->length <= POSTGRES_FLIGHT_BYTES;
}

static bool send_waiting(struct postgres_line *line)
{
    struct postgres *p = line->of;
    struct postgres_question *q;
    if (line->kind == POSTGRES_READER && atomic_load(&p->doubt))
        return true;
    while (!atomic_load(&p->ends) && (q = first_of(&line->waiting)) != NULL && has_room(line, q)) {
        list_remove(&q->link);
        if (list_empty(&line->flight))
            line->heard = postgres__now();
        list_append(&line->flight, &q->link);
        line->flight_count++;
        line->flight_bytes += q->length;
        if (!postgres__send(line, q))
            return false;
    }
    return true;
}

/* False: the connection is lost. */
static bool serve_once(struct postgres_line *line)
{
    if (!send_waiting(line))
        return false;
    int left = PQflush(line->connection);
    if (left < 0)
        return false;
    int events = postgres__wait(line, POSTGRES_READ | (left > 0 ? POSTGRES_WRITE : 0), INT64_MAX);
    if ((events & POSTGRES_READ) && !PQconsumeInput(line->connection))
        return false;
    if (!postgres__results(line) || PQstatus(line->connection) != CONNECTION_OK)
        return false;
    if (list_empty(&line->flight) || postgres__now() - line->heard < POSTGRES_SILENT)
        return true;
    postgres__away(line, ERROR_TIMEOUT, "the server does not answer any more");
    return false;
}

static void serve(struct postgres_line *line)
{
    int64_t end = 0;
    while (!atomic_load(&line->of->ends) || !list_empty(&line->flight)) {
        if (atomic_load(&line->of->ends) && end == 0)
            end = postgres__now() + END;
        if (!serve_once(line) || line->again_elsewhere || (end != 0 && postgres__now() > end))
            return;
        /* The writer has gone to another server. */
        if (line->kind == POSTGRES_READER && list_empty(&line->flight) &&
            line->at_place != atomic_load(&line->of->place))
            return;
    }
}

/* ---- the end of a connection ---- */

/* What was sent may have been done, unless the server has refused it, or its COMMIT was never sent. */
static void settle_flight(struct postgres_line *line)
{
    struct postgres_question *q;
    while ((q = first_of(&line->flight)) != NULL) {
        bool doubtful = line->kind == POSTGRES_WRITER && q->committing && q->error == 0;
        list_remove(&q->link);
        if (doubtful)
            atomic_store(&line->of->doubt, true);
        int error = doubtful ? ERROR_UNKNOWN : q->error != 0 ? q->error : ERROR_CLOSED;
        postgres__answer(line, q, doubtful ? ANSWER_UNKNOWN : ANSWER_NO, error, (struct slice){0});
    }
    line->flight_count = 0;
    line->flight_bytes = 0;
}

static void leave(struct postgres_line *line)
{
    char why[sizeof line->away];
    if (line->connection == NULL)
        return;
    if (line->away_since == 0 && !atomic_load(&line->of->ends) &&
        (line->kind == POSTGRES_WRITER || PQstatus(line->connection) != CONNECTION_OK)) {
        postgres__said(why, sizeof why, PQerrorMessage(line->connection));
        postgres__away(line, ERROR_UNREACHABLE, "%s", why[0] != '\0' ? why : "the connection was lost");
    }
    settle_flight(line);
    PQfinish(line->connection);
    line->connection = NULL;
}

static void pause_for(struct postgres_line *line, int64_t duration)
{
    int64_t until = postgres__now() + duration;
    while (!atomic_load(&line->of->ends) && postgres__now() < until)
        postgres__wait(line, 0, until);
}

static void refuse_all(struct postgres_line *line)
{
    struct postgres_question *q;
    take_arrived(line);
    while ((q = first_of(&line->waiting)) != NULL) {
        list_remove(&q->link);
        postgres__answer(line, q, ANSWER_NO, ERROR_CLOSED, (struct slice){0});
    }
}

void *postgres__line_h(void *argument)
{
    struct postgres_line *line = argument;
    int64_t again = POSTGRES_AGAIN_FIRST;
    pthread_setname_np(pthread_self(), "store");
    while (!atomic_load(&line->of->ends)) {
        line->again_elsewhere = false;
        if (postgres__connect(line) == 0) {
            again = POSTGRES_AGAIN_FIRST;
            back(line);
            serve(line);
            leave(line);
            continue;
        }
        leave(line);
        pause_for(line, again);
        again = again * 2 < POSTGRES_AGAIN_MOST ? again * 2 : POSTGRES_AGAIN_MOST;
    }
    refuse_all(line);
    return NULL;
}
