#include "world/real/engines.h"

#include "base/error.h"
#include "base/log.h"
#include "base/mem.h"
#include "world/real/engines_int.h"

/* ---- what roles ask, given to the implementation in use ---- */

static void publish_h(void *self, struct real_instance *from, struct slice subject, struct slice bytes)
{
    struct real_bus *b = &((struct real_engines *)self)->bus;
    b->publish(b->self, from, subject, bytes);
}

static void subscribe_h(void *self, struct real_instance *i, uint64_t token, struct slice pattern)
{
    struct real_bus *b = &((struct real_engines *)self)->bus;
    b->subscribe(b->self, i, token, pattern);
}

static void watch_h(void *self, struct real_instance *i, uint64_t token, struct slice prefix)
{
    struct real_registry *r = &((struct real_engines *)self)->registry;
    r->watch(r->self, i, token, prefix);
}

static void gone_h(void *self, struct real_instance *i)
{
    struct real_engines *g = self;
    g->registry.leave(g->registry.self, i);
    g->bus.leave(g->bus.self, i);
}

/* ---- what is away ---- */

const char *real_part_name(enum real_part part)
{
    static const char *const names[] = {"registry", "bus", "store"};
    return names[part];
}

struct news {
    struct real_engines *engines;
    enum real_part part;
    struct real_condition condition;
};

static void news_h(struct real_loop *loop, void *argument)
{
    struct news *n = argument;
    struct real_condition *c = &n->engines->conditions[n->part];
    n->condition.since = real_now(loop);
    if (n->condition.away && !c->away)
        LOG(LOG_WARNING, "world", "the %s is away: %s; what needs it waits", real_part_name(n->part),
            n->condition.why);
    else if (!n->condition.away && c->away)
        LOG(LOG_NOTICE, "world", "the %s is back after %lld ms", real_part_name(n->part),
            (long long)(n->condition.since - c->since) / 1000);
    if (n->condition.away == c->away)
        n->condition.since = c->since;
    *c = n->condition;
    mem_free(n);
}

void real__condition(struct real_engines *g, enum real_part part, bool away, const char *why)
{
    struct news *n = mem_zero(sizeof *n);
    *n = (struct news){.engines = g, .part = part, .condition = {.away = away}};
    if (away)
        slice_put(n->condition.why, slice_first(slice_text(why), sizeof n->condition.why - 1));
    real_post(g->loop, news_h, n);
}

const struct real_condition *real_engines_condition(const struct real_engines *g, enum real_part part)
{
    return &g->conditions[part];
}

/* ---- beginning and end ---- */

static int open_parts(struct real_engines *g, const struct real_engines_params *p)
{
    int error = p->registry.count != 0 ? real__registry_etcd(&g->registry, g, p)
                                       : real__registry_embedded(&g->registry, g, p);
    if (error == 0)
        error = p->bus.count != 0 ? real__bus_nats(&g->bus, g, p) : real__bus_embedded(&g->bus, g, p);
    if (error == 0)
        error = real__spool_open(g, p->data);
    if (error == 0)
        error = p->store.count != 0 ? real__store_postgres(&g->store, g, p)
                                    : real__store_embedded(&g->store, g, p);
    return error;
}

int real_engines_open(struct real_engines **out, struct real_loop *l, const struct real_engines_params *p)
{
    struct real_engines *g = mem_zero(sizeof *g);
    g->loop = l;
    list_init(&g->held);
    int error = open_parts(g, p);
    if (error != 0) {
        real_engines_close(g);
        return error;
    }
    real_set_engine(l, &(struct real_engine){.self = g,
                           .publish = publish_h,
                           .subscribe = subscribe_h,
                           .watch = watch_h,
                           .append = real__append,
                           .gone = gone_h});
    *out = g;
    return 0;
}

void real_engines_close(struct real_engines *g)
{
    static const enum service ours[] = {SERVICE_REGISTRY, SERVICE_SPOOL, SERVICE_STORE};
    real_set_engine(g->loop, &(struct real_engine){.self = NULL});
    for (size_t i = 0; i < sizeof ours / sizeof ours[0]; i++)
        real_set_service(g->loop, ours[i], (struct real_service){.self = NULL});
    if (g->store.self != NULL)
        g->store.close(g->store.self);
    real__spool_close(g);
    if (g->bus.self != NULL)
        g->bus.close(g->bus.self);
    if (g->registry.self != NULL)
        g->registry.close(g->registry.self);
    real_run_mail(g->loop); /* what the engines' threads have posted is theirs */
    buffer_free(&g->answer);
    mem_free(g);
}

enum answer real_engines_store(struct real_engines *g, struct buffer *bytes, int *error, struct slice request)
{
    return g->store.now(g->store.self, bytes, error, request);
}
