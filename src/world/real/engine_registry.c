/* The registry in the process, asked in the loop's thread. */
#include <stdio.h>

#include "base/error.h"
#include "base/log.h"
#include "base/mem.h"
#include "wire/engine.pb-c.h"
#include "wire/pack.h"
#include "world/real/engines_int.h"

struct embedded {
    struct real_loop *loop;
    struct arena arena;
    struct buffer answer;
    struct files *files;
    struct registry *registry;
    struct real_timer expiry, sync;
};

static void expire_in_time(struct embedded *g)
{
    int64_t next = registry_next_expiry(g->registry);
    if (next == WHEEL_NEVER)
        real__timer_clear(g->loop, &g->expiry);
    else
        real__timer_at(g->loop, &g->expiry, next);
}

static void tell_watchers(struct embedded *g)
{
    struct registry_change c;
    while (registry_next_change(g->registry, &c)) {
        struct input input = {.kind = INPUT_WATCH,
            .token = c.token,
            .revision = c.revision,
            .answer = c.gone ? ANSWER_NO : ANSWER_YES,
            .name = c.key,
            .bytes = c.value};
        real_deliver(c.watcher, &input);
    }
}

static void expiry_h(struct real_timer *t)
{
    struct embedded *g = list_entry(t, struct embedded, expiry);
    registry_expire(g->registry, real_now(g->loop));
    expire_in_time(g);
    tell_watchers(g);
}

/* Decisions are rare, so the loop itself waits for the disk; renewals of leases leave nothing to be synced.
 */
static void sync_h(struct real_timer *t)
{
    struct embedded *g = list_entry(t, struct embedded, sync);
    if (registry_sync(g->registry) != 0)
        real__timer_set(g->loop, t, TIMER_DISK_AGAIN);
}

static bool decides(struct embedded *g, struct slice request)
{
    const Tandem__RegistryRequest *r = pack_read(&tandem__registry_request__descriptor, request, &g->arena);
    bool writes = r != NULL && (r->set != NULL || r->lease_grant != NULL || r->lease_revoke != NULL);
    arena_reset(&g->arena);
    return writes;
}

static void ask_h(void *self, struct real_loop *l, uint64_t handle, struct slice request, int64_t deadline)
{
    struct embedded *g = self;
    int error = 0;
    (void)deadline;
    buffer_clear(&g->answer);
    enum answer answer = registry_ask(&g->answer, &error, g->registry, request, real_now(l));
    real_answer(l, handle, answer, error, buffer_slice(&g->answer));
    if (decides(g, request) && !wheel_runs(&g->sync.wheel))
        real__timer_set(l, &g->sync, TIMER_DISK_SYNC);
    expire_in_time(g);
    tell_watchers(g);
}

static void watch_h(void *self, struct real_instance *i, uint64_t token, struct slice prefix)
{
    struct embedded *g = self;
    registry_watch(g->registry, i, token, prefix);
    tell_watchers(g);
}

static void leave_h(void *self, struct real_instance *i)
{
    registry_unwatch(((struct embedded *)self)->registry, i);
}

static void close_h(void *self)
{
    struct embedded *g = self;
    real__timer_clear(g->loop, &g->expiry);
    real__timer_clear(g->loop, &g->sync);
    if (g->registry != NULL) {
        if (registry_sync(g->registry) != 0)
            LOG(LOG_WARNING, "world", "the last decisions of the registry may not be on the disk");
        registry_close(g->registry);
    }
    if (g->files != NULL)
        files_close(g->files);
    buffer_free(&g->answer);
    arena_free(&g->arena);
    mem_free(g);
}

int real__registry_embedded(
    struct real_registry *out, struct real_engines *engines, const struct real_engines_params *p)
{
    char folder[4096];
    if (snprintf(folder, sizeof folder, "%s/registry", p->data) >= (int)sizeof folder)
        return ERROR_LIMIT;
    struct embedded *g = mem_zero(sizeof *g);
    *out = (struct real_registry){g, watch_h, leave_h, close_h};
    g->loop = engines->loop;
    g->expiry.due_h = expiry_h;
    g->sync.due_h = sync_h;
    int error = files_open_real(&g->files, folder);
    if (error == 0)
        error = registry_open(&g->registry, g->files, real_now(g->loop));
    if (error != 0)
        return error;
    real_set_service(g->loop, SERVICE_REGISTRY, (struct real_service){g, ask_h});
    expire_in_time(g);
    return 0;
}
