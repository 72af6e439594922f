/* The store of PostgreSQL as a service of the loop. */
#include <stdio.h>
#include <sys/eventfd.h>
#include <sys/random.h>
#include <time.h>
#include <unistd.h>

#include "base/error.h"
#include "base/log.h"
#include "base/mem.h"
#include "wire/pack.h"
#include "world/real/postgres/postgres_int.h"

#define NOW_MOST 10000000 /* µs: a question before the loop runs */

int64_t postgres__now(void)
{
    struct timespec ts;
    clock_gettime(CLOCK_BOOTTIME, &ts);
    return (int64_t)ts.tv_sec * 1000000 + ts.tv_nsec / 1000;
}

/* ---- questions ---- */

static void wake_waiter(struct postgres_waiter *w, enum answer answer, int error, struct slice bytes)
{
    pthread_mutex_lock(&w->lock);
    w->answer = answer;
    w->error = error;
    buffer_add(w->bytes, bytes);
    w->answered = true;
    pthread_cond_signal(&w->done);
    pthread_mutex_unlock(&w->lock);
}

static void question_free(struct postgres *p, struct postgres_question *q)
{
    atomic_fetch_sub(&p->bytes, q->length);
    arena_free(&q->arena);
    mem_free(q);
}

void postgres__answer(struct postgres_line *line, struct postgres_question *q, enum answer answer, int error,
    struct slice bytes)
{
    struct postgres *p = line->of;
    if (q->waiter != NULL)
        wake_waiter(q->waiter, answer, error, bytes);
    else
        real_answer(p->loop, q->handle, answer, error, bytes);
    question_free(p, q);
}

static void wake(const struct postgres_line *line)
{
    uint64_t one = 1;
    if (write(line->wake, &one, sizeof one) < 0)
        return; /* the counter is full: the thread is awake */
}

static bool only_reads(const struct postgres_question *q)
{
    for (size_t i = 0; i < q->request->n_statements; i++)
        if (!q->statements[i]->reads)
            return false;
    return true;
}

/* The question is made and given to its line; or why not. */
static int take(struct postgres *p, struct slice request, const struct postgres_question *about)
{
    if (atomic_load(&p->bytes) + request.length > POSTGRES_WAITING_MOST)
        return ERROR_OVERLOADED;
    struct postgres_question *q = mem_alloc(sizeof *q + request.length);
    *q = *about;
    q->length = request.length;
    slice_put(q->bytes, request);
    atomic_fetch_add(&p->bytes, q->length);
    int error = postgres__read(q);
    if (error != 0) {
        question_free(p, q);
        return error;
    }
    struct postgres_line *line = &p->lines[only_reads(q) ? POSTGRES_READER : POSTGRES_WRITER];
    pthread_mutex_lock(&line->lock);
    bool first = list_empty(&line->arrived);
    list_append(&line->arrived, &q->link);
    pthread_mutex_unlock(&line->lock);
    if (first)
        wake(line);
    return 0;
}

static void ask_h(void *self, struct real_loop *l, uint64_t handle, struct slice request, int64_t deadline)
{
    struct postgres_question about = {
        .handle = handle, .deadline = postgres__now() + (deadline - real_now(l))};
    int error = take(self, request, &about);
    if (error != 0)
        real_answer(l, handle, ANSWER_NO, error, (struct slice){0});
}

static enum answer now_h(void *self, struct buffer *bytes, int *error, struct slice request)
{
    struct postgres_waiter w = {.bytes = bytes, .answer = ANSWER_NO};
    struct postgres_question about = {.waiter = &w, .deadline = postgres__now() + NOW_MOST};
    pthread_mutex_init(&w.lock, NULL);
    pthread_cond_init(&w.done, NULL);
    *error = take(self, request, &about); /* from here on the line may write to w */
    pthread_mutex_lock(&w.lock);
    while (*error == 0 && !w.answered)
        pthread_cond_wait(&w.done, &w.lock);
    pthread_mutex_unlock(&w.lock);
    pthread_cond_destroy(&w.done);
    pthread_mutex_destroy(&w.lock);
    if (*error == 0)
        *error = w.error;
    return w.answer;
}

/* ---- beginning and end ---- */

static char *copy(const char *text)
{
    return text != NULL ? mem_copy(text, strlen(text) + 1) : NULL;
}

/* What is under way is waited for; what waits is answered with no: it was not done. */
static void close_h(void *self)
{
    struct postgres *p = self;
    const struct postgres_login *l = &p->login;
    const char *texts[] = {l->user, l->password_file, l->database, l->authority, l->certificate, l->key};
    atomic_store(&p->ends, true);
    for (unsigned i = 0; i < POSTGRES_LINES; i++)
        if (p->lines[i].runs)
            wake(&p->lines[i]);
    for (unsigned i = 0; i < POSTGRES_LINES; i++) {
        struct postgres_line *line = &p->lines[i];
        if (line->runs)
            pthread_join(line->thread, NULL);
        if (line->wake >= 0)
            close(line->wake);
        pthread_mutex_destroy(&line->lock);
        buffer_free(&line->answer);
    }
    if (atomic_load(&p->bytes) != 0)
        LOG(LOG_ERROR, "world", "%zu bytes of questions to the store were never answered; report this",
            atomic_load(&p->bytes));
    pthread_mutex_destroy(&p->lock);
    for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++)
        mem_free((char *)(uintptr_t)texts[i]);
    mem_free(p);
}

static int read_places(struct postgres *p, const struct real_server *server)
{
    for (size_t i = 0; i < server->count; i++) {
        int error = p->place_count < POSTGRES_PLACES
                        ? postgres__place(&p->places[p->place_count], server->addresses[i])
                        : ERROR_LIMIT;
        if (error != 0) {
            LOG(LOG_ERROR, "world",
                "store: \"%.*s\" is no address of a PostgreSQL server (HOST[:PORT], or the folder of a local "
                "socket): %s",
                SLICE_ARG(server->addresses[i]), error_sentence(error));
            return error;
        }
        p->place_count++;
    }
    return 0;
}

static void line_open(struct postgres *p, enum postgres_kind kind)
{
    struct postgres_line *line = &p->lines[kind];
    line->of = p;
    line->kind = kind;
    snprintf(line->name, sizeof line->name, "%s-%c", p->name, kind == POSTGRES_WRITER ? 'w' : 'r');
    line->wake = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
    line->away_since = postgres__now();
    line->away_error = ERROR_UNREACHABLE;
    line->answer.limit = PACK_BYTES;
    list_init(&line->arrived);
    list_init(&line->waiting);
    list_init(&line->flight);
    pthread_mutex_init(&line->lock, NULL);
}

static struct postgres *make(struct real_engines *engines, const struct real_engines_params *params)
{
    struct postgres *p = mem_zero(sizeof *p);
    uint32_t chance = 0;
    p->engines = engines;
    p->loop = engines->loop;
    p->login.user = copy(params->store.user);
    p->login.password_file = copy(params->store.password_file);
    p->login.database = copy(params->store.database);
    p->login.authority = copy(params->authority);
    p->login.certificate = copy(params->certificate);
    p->login.key = copy(params->key);
    if (getrandom(&chance, sizeof chance, 0) != sizeof chance)
        chance = (uint32_t)postgres__now();
    snprintf(p->name, sizeof p->name, "tandem-%ld-%08x", (long)getpid(), chance);
    atomic_store(&p->writer, ERROR_UNREACHABLE);
    pthread_mutex_init(&p->lock, NULL);
    for (unsigned i = 0; i < POSTGRES_LINES; i++)
        line_open(p, i);
    return p;
}

int real__store_postgres(
    struct real_store *out, struct real_engines *engines, const struct real_engines_params *params)
{
    struct postgres *p = make(engines, params);
    *out = (struct real_store){p, now_h, close_h};
    int error = read_places(p, &params->store);
    for (unsigned i = 0; i < POSTGRES_LINES && error == 0; i++) {
        struct postgres_line *line = &p->lines[i];
        line->runs = line->wake >= 0 && pthread_create(&line->thread, NULL, postgres__line_h, line) == 0;
        if (!line->runs) {
            LOG(LOG_ERROR, "world", "cannot start the threads of the store: %s",
                error_sentence(ERROR_SYSTEM));
            error = ERROR_SYSTEM;
        }
    }
    if (error == 0)
        real_set_service(p->loop, SERVICE_STORE, (struct real_service){p, ask_h});
    return error;
}
