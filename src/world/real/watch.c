#include "world/real/watch.h"

#include <pthread.h>
#include <stdatomic.h>
#include <time.h>

#include "base/log.h"
#include "base/mem.h"

#define NAME_WORDS 8 /* of eight bytes: longer names are cut */
#define LOOKS 4      /* in the time that a turn may take */

/* The loop's thread writes, the watching one reads, without a lock in the turn: the name travels in atomic
 * words between two readings of the turn's number. */
struct real_watch {
    _Atomic uint64_t turn; /* odd: within one */
    _Atomic uint64_t name[NAME_WORDS];
    _Atomic uint64_t late;
    pthread_t thread;
    pthread_mutex_t lock;
    pthread_cond_t changed;
    int64_t limit; /* µs */
    bool runs, ends;
};

struct real_watch *real__watch_new(int64_t limit)
{
    struct real_watch *w = mem_zero(sizeof *w);
    w->limit = limit;
    pthread_condattr_t monotonic;
    pthread_condattr_init(&monotonic);
    pthread_condattr_setclock(&monotonic, CLOCK_MONOTONIC);
    pthread_cond_init(&w->changed, &monotonic);
    pthread_condattr_destroy(&monotonic);
    pthread_mutex_init(&w->lock, NULL);
    return w;
}

void real__watch_free(struct real_watch *w)
{
    pthread_cond_destroy(&w->changed);
    pthread_mutex_destroy(&w->lock);
    mem_free(w);
}

static void complain(struct real_watch *w, uint64_t turn)
{
    char name[NAME_WORDS * 8 + 1] = "";
    for (int i = 0; i < NAME_WORDS; i++) {
        uint64_t word = atomic_load(&w->name[i]);
        memcpy(name + i * 8, &word, 8);
    }
    atomic_fetch_add(&w->late, 1);
    if (atomic_load(&w->turn) == turn)
        LOG(LOG_ERROR, "world",
            "a turn of %s takes more than %lld ms; everything on its loop waits; report this", name,
            (long long)(w->limit / 1000));
}

uint64_t real__watch_late(const struct real_watch *w)
{
    return atomic_load(&w->late);
}

/* True: w->ends. */
static bool sleep_for(struct real_watch *w, int64_t microseconds)
{
    struct timespec until;
    clock_gettime(CLOCK_MONOTONIC, &until);
    int64_t nanoseconds = until.tv_nsec + microseconds * 1000;
    until.tv_sec += nanoseconds / 1000000000;
    until.tv_nsec = nanoseconds % 1000000000;
    pthread_mutex_lock(&w->lock);
    while (!w->ends && pthread_cond_timedwait(&w->changed, &w->lock, &until) == 0)
        continue;
    bool ends = w->ends;
    pthread_mutex_unlock(&w->lock);
    return ends;
}

static void *watch_h(void *argument)
{
    struct real_watch *w = argument;
    uint64_t seen = 0;
    int times = 0; /* that it was the same */
    pthread_setname_np(pthread_self(), "watch");
    while (!sleep_for(w, w->limit / LOOKS)) {
        uint64_t turn = atomic_load(&w->turn);
        times = turn == seen && turn % 2 == 1 ? times + 1 : 0;
        if (times == LOOKS)
            complain(w, turn);
        seen = turn;
    }
    return NULL;
}

void real__watch_begin(struct real_watch *w)
{
    w->ends = false;
    w->runs = pthread_create(&w->thread, NULL, watch_h, w) == 0;
    if (!w->runs)
        LOG(LOG_WARNING, "world", "cannot start the thread that watches over turns; going on without it");
}

void real__watch_end(struct real_watch *w)
{
    if (!w->runs)
        return;
    pthread_mutex_lock(&w->lock);
    w->ends = true;
    pthread_cond_signal(&w->changed);
    pthread_mutex_unlock(&w->lock);
    pthread_join(w->thread, NULL);
    w->runs = false;
}

void real__watch_turn(struct real_watch *w, struct slice name)
{
    for (int i = 0; i < NAME_WORDS; i++) {
        uint64_t word = 0;
        struct slice part = slice_first(slice_from(name, (size_t)i * 8), 8);
        slice_put(&word, part);
        atomic_store_explicit(&w->name[i], word, memory_order_relaxed);
        if (part.length < 8)
            break;
    }
    atomic_store_explicit(
        &w->turn, atomic_load_explicit(&w->turn, memory_order_relaxed) + 1, memory_order_release);
}

void real__watch_turned(struct real_watch *w)
{
    atomic_store_explicit(
        &w->turn, atomic_load_explicit(&w->turn, memory_order_relaxed) + 1, memory_order_release);
}
