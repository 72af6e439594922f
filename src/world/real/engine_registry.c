/* Registry and bus: data structures of the process, asked in the loop's thread. */
#include <stdio.h>

#include "base/error.h"
#include "base/log.h"
#include "wire/engine.pb-c.h"
#include "wire/pack.h"
#include "world/real/engines_int.h"

#define BUS_MOST                                                                                             \
    ((size_t)64 << 20) /* bytes that wait for the instances of a loop; past that the bus loses               \
                        */

static struct real_engines *of_expiry(struct real_timer *t)
{
    return list_entry(t, struct real_engines, expiry);
}

static void expire_in_time(struct real_engines *g)
{
    int64_t next = registry_next_expiry(g->registry);
    if (next == WHEEL_NEVER)
        real__timer_clear(g->loop, &g->expiry);
    else
        real__timer_at(g->loop, &g->expiry, next);
}

static void tell_watchers(struct real_engines *g)
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
    struct real_engines *g = of_expiry(t);
    registry_expire(g->registry, real_now(g->loop));
    expire_in_time(g);
    tell_watchers(g);
}

/* Decisions are rare, so the loop itself waits for the disk; renewals of leases leave nothing to be synced.
 */
static void sync_h(struct real_timer *t)
{
    struct real_engines *g = list_entry(t, struct real_engines, registry_sync);
    if (registry_sync(g->registry) != 0)
        real__timer_set(g->loop, t, TIMER_DISK_AGAIN);
}

static bool decides(struct real_engines *g, struct slice request)
{
    const Tandem__RegistryRequest *r = pack_read(&tandem__registry_request__descriptor, request, &g->arena);
    bool writes = r != NULL && (r->set != NULL || r->lease_grant != NULL || r->lease_revoke != NULL);
    arena_reset(&g->arena);
    return writes;
}

static void ask_h(void *self, struct real_loop *l, uint64_t handle, struct slice request, int64_t deadline)
{
    struct real_engines *g = self;
    int error = 0;
    (void)deadline;
    buffer_clear(&g->answer);
    enum answer answer = registry_ask(&g->answer, &error, g->registry, request, real_now(l));
    real_answer(l, handle, answer, error, buffer_slice(&g->answer));
    if (decides(g, request) && !wheel_runs(&g->registry_sync.wheel))
        real__timer_set(l, &g->registry_sync, TIMER_DISK_SYNC);
    expire_in_time(g);
    tell_watchers(g);
}

void real__watch(void *engines, struct real_instance *i, uint64_t token, struct slice prefix)
{
    struct real_engines *g = engines;
    registry_watch(g->registry, i, token, prefix);
    tell_watchers(g);
}

void real__leave(void *engines, struct real_instance *i)
{
    struct real_engines *g = engines;
    registry_unwatch(g->registry, i);
    bus_leave(g->bus, i);
}

int real__registry_open(struct real_engines *g, const char *data)
{
    char folder[4096];
    g->expiry.due_h = expiry_h;
    g->registry_sync.due_h = sync_h;
    g->bus = bus_open();
    if (snprintf(folder, sizeof folder, "%s/registry", data) >= (int)sizeof folder)
        return ERROR_LIMIT;
    int error = files_open_real(&g->registry_files, folder);
    if (error == 0)
        error = registry_open(&g->registry, g->registry_files, real_now(g->loop));
    if (error != 0)
        return error;
    real_set_service(g->loop, SERVICE_REGISTRY, (struct real_service){g, ask_h});
    expire_in_time(g);
    return 0;
}

void real__registry_close(struct real_engines *g)
{
    real__timer_clear(g->loop, &g->expiry);
    real__timer_clear(g->loop, &g->registry_sync);
    if (g->registry != NULL) {
        if (registry_sync(g->registry) != 0)
            LOG(LOG_WARNING, "world", "the last decisions of the registry may not be on the disk");
        registry_close(g->registry);
    }
    if (g->registry_files != NULL)
        files_close(g->registry_files);
    bus_close(g->bus);
}

/* ---- the bus ---- */

void real__publish(void *engines, struct real_instance *from, struct slice subject, struct slice bytes)
{
    struct real_engines *g = engines;
    const struct bus_hit *hits;
    size_t count;
    if (bus_match(&hits, &count, g->bus, subject) != 0) {
        LOG(LOG_ERROR, "world", "%.*s publishes on \"%.*s\", which is no subject; report this",
            SLICE_ARG(real_instance_name(from)), SLICE_ARG(subject));
        return;
    }
    for (size_t h = 0; h < count; h++) {
        if (g->loop->owed > BUS_MOST) {
            from->world.counters.values[COUNTER_BUS_DROPPED]++;
            continue;
        }
        struct input input = {.kind = INPUT_BUS, .token = hits[h].token, .name = subject, .bytes = bytes};
        real_deliver(hits[h].subscriber, &input);
    }
}

void real__subscribe(void *engines, struct real_instance *i, uint64_t token, struct slice pattern)
{
    struct real_engines *g = engines;
    if (bus_subscribe(g->bus, i, token, pattern) != 0)
        LOG(LOG_ERROR, "world", "%.*s subscribes to \"%.*s\", which is no pattern; report this",
            SLICE_ARG(real_instance_name(i)), SLICE_ARG(pattern));
}
