/* Threads for slow work: a bounded queue, taken from in order. */
#include <pthread.h>

#include "base/error.h"
#include "base/mem.h"
#include "world/real/real_int.h"

#define QUEUE 256 /* pieces of work that wait */

struct work {
    void (*work_h)(void *argument, bool dropped);
    void *argument;
};

struct real_pool {
    pthread_mutex_t lock;
    pthread_cond_t changed;
    struct work queue[QUEUE]; /* a ring */
    unsigned first, count, threads;
    bool ends;
    const struct real_pool_job *jobs; /* offered by others */
    size_t job_count;
    void *job_self;
    pthread_t thread[];
};

static void *work_h(void *argument)
{
    struct real_pool *p = argument;
    pthread_setname_np(pthread_self(), "pool");
    pthread_mutex_lock(&p->lock);
    for (;;) {
        while (p->count == 0 && !p->ends)
            pthread_cond_wait(&p->changed, &p->lock);
        if (p->count == 0)
            break;
        struct work w = p->queue[p->first];
        p->first = (p->first + 1) % QUEUE;
        p->count--;
        bool dropped = p->ends;
        pthread_mutex_unlock(&p->lock);
        w.work_h(w.argument, dropped);
        pthread_mutex_lock(&p->lock);
    }
    pthread_mutex_unlock(&p->lock);
    return NULL;
}

struct real_pool *real_pool_open(unsigned threads)
{
    struct real_pool *p = mem_zero(sizeof *p + threads * sizeof p->thread[0]);
    pthread_mutex_init(&p->lock, NULL);
    pthread_cond_init(&p->changed, NULL);
    while (p->threads < threads && pthread_create(&p->thread[p->threads], NULL, work_h, p) == 0)
        p->threads++;
    return p;
}

void real_pool_close(struct real_pool *p)
{
    pthread_mutex_lock(&p->lock);
    p->ends = true;
    pthread_cond_broadcast(&p->changed);
    pthread_mutex_unlock(&p->lock);
    for (unsigned i = 0; i < p->threads; i++)
        pthread_join(p->thread[i], NULL);
    pthread_cond_destroy(&p->changed);
    pthread_mutex_destroy(&p->lock);
    mem_free(p);
}

void real_pool_offer(struct real_pool *p, const struct real_pool_job *jobs, size_t count, void *self)
{
    p->jobs = jobs;
    p->job_count = count;
    p->job_self = self;
}

const struct real_pool_job *real__pool_job(const struct real_pool *p, const char *name, void **self)
{
    for (size_t i = 0; i < p->job_count; i++)
        if (strcmp(p->jobs[i].name, name) == 0) {
            *self = p->job_self;
            return &p->jobs[i];
        }
    return NULL;
}

int real_pool_run(struct real_pool *p, void (*h)(void *argument, bool dropped), void *argument)
{
    pthread_mutex_lock(&p->lock);
    bool full = p->count == QUEUE || p->ends || p->threads == 0;
    if (!full) {
        p->queue[(p->first + p->count++) % QUEUE] = (struct work){h, argument};
        pthread_cond_signal(&p->changed);
    }
    pthread_mutex_unlock(&p->lock);
    return full ? ERROR_OVERLOADED : 0;
}
