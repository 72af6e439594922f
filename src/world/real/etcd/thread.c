#include <signal.h>
#include <time.h>

#include "base/mem.h"
#include "world/real/etcd/etcd_int.h"

#define LONGEST_SLEEP 1000000 /* µs */

int64_t etcd__now(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (int64_t)now.tv_sec * 1000000 + now.tv_nsec / 1000;
}

void etcd__command(struct etcd *e, int kind, uint64_t number, int64_t deadline, struct slice bytes)
{
    struct etcd_command *c = mem_zero(sizeof *c + bytes.length);
    c->kind = kind;
    c->number = number;
    c->deadline = deadline;
    c->bytes = slice_of(slice_put(c + 1, bytes), bytes.length);
    pthread_mutex_lock(&e->lock);
    bool first = list_empty(&e->commands);
    list_append(&e->commands, &c->link);
    pthread_mutex_unlock(&e->lock);
    if (first)
        curl_multi_wakeup(e->multi);
}

static void obey(struct etcd *e, const struct etcd_command *c)
{
    switch (c->kind) {
    case ETCD_ASK:
        etcd__job_ask(e, c);
        break;
    case ETCD_WATCH:
        etcd__follow_watch(e, c);
        break;
    case ETCD_LEAVE:
        etcd__follow_leave(e, c->number);
        break;
    }
}

/* False when it is the end. */
static bool take_commands(struct etcd *e)
{
    struct list taken;
    list_init(&taken);
    pthread_mutex_lock(&e->lock);
    bool ends = e->ends;
    struct list *first;
    while ((first = list_first(&e->commands)) != NULL) {
        list_remove(first);
        list_append(&taken, first);
    }
    pthread_mutex_unlock(&e->lock);
    list_for_each_safe (link, next, &taken) {
        struct etcd_command *c = list_entry(link, struct etcd_command, link);
        obey(e, c);
        mem_free(c);
    }
    return !ends;
}

static void wait(struct etcd *e)
{
    int64_t now = etcd__now(), next = now + LONGEST_SLEEP;
    const int64_t others[] = {etcd__endpoints_next(e), etcd__jobs_next(e), etcd__follow_next(e)};
    for (size_t i = 0; i < sizeof others / sizeof others[0]; i++)
        next = others[i] < next ? others[i] : next;
    int64_t left = e->busy || next < now ? 0 : next - now;
    curl_multi_poll(e->multi, NULL, 0, (int)((left + 999) / 1000), NULL);
}

void *etcd__thread_h(void *argument)
{
    struct etcd *e = argument;
    sigset_t all;
    int running;
    pthread_setname_np(pthread_self(), "registry");
    sigfillset(&all);
    pthread_sigmask(SIG_BLOCK, &all, NULL); /* signals are the main thread's; a broken pipe is an error */
    list_init(&e->transfers);
    list_init(&e->idle);
    list_init(&e->jobs);
    etcd__follow_open(e);
    while (take_commands(e)) {
        int64_t now = etcd__now();
        e->busy = false;
        etcd__endpoints_tick(e, now);
        etcd__jobs_tick(e, now);
        etcd__follow_tick(e, now);
        curl_multi_perform(e->multi, &running);
        etcd__transfers_done(e);
        etcd__news_post(e);
        wait(e);
    }
    etcd__jobs_free(e);
    etcd__follow_free(e);
    etcd__transfers_free(e);
    etcd__news_free(&e->news);
    return NULL;
}
