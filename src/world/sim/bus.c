/* Bus and watches of the registry: who hears what, how late, and what a partition keeps from them. */
#include "engine/bus.h"

#include "base/error.h"
#include "base/log.h"
#include "base/mem.h"
#include "engine/registry.h"
#include "world/sim/sim_int.h"

#define LOST 50000U /* per million, in bad weather */
#define LATE 100000U
#define LATE_MOST 2000000 /* µs */
#define SILENT 500000U
#define SILENT_MOST 8000000
#define WATCH_AGAIN 500000

/* From one publisher to one subscriber: nothing overtakes. */
struct lane {
    int64_t last_due;
};

static struct lane *lane(struct sim *s, const struct sim_instance *from, const struct sim_instance *to)
{
    uint64_t key = (uint64_t)from->index << 32 | to->index;
    struct lane *l = map_get_number(&s->engines.lanes, key);
    if (l == NULL) {
        l = mem_zero(sizeof *l);
        map_put_number(&s->engines.lanes, key, l);
    }
    return l;
}

static void carry(struct sim_instance *from, struct sim_instance *to, uint64_t token, const struct effect *e)
{
    struct sim *s = from->sim;
    if (sim__blocked(s, from->host, to->host) || sim__blocked(s, from->host, 0) ||
        sim__blocked(s, 0, to->host) || sim__weather(s, SIM_FAULT_BUS_LOSS, LOST))
        return;
    struct lane *l = lane(s, from, to);
    int64_t at = s->now + sim__latency(s, from->host, to->host), stalled = sim__stalled_until(s, 0, to->host);
    if (sim__weather(s, SIM_FAULT_BUS_LOSS, LATE))
        at += chance_between(&s->faults, 1000, LATE_MOST);
    if (at < stalled)
        at = stalled;
    if (at < l->last_due)
        at = l->last_due;
    l->last_due = at;
    struct input input = {.kind = INPUT_BUS, .token = token, .name = e->first, .bytes = e->second};
    sim__push(s, sim__input_event(to, &input), at);
}

void sim__publish(struct sim_instance *i, const struct effect *e)
{
    const struct bus_hit *hits;
    size_t count;
    int error = bus_match(&hits, &count, i->sim->engines.bus, e->first);
    if (error != 0)
        LOG(LOG_ERROR, "sim", "no subject: %.*s", SLICE_ARG(e->first));
    for (size_t h = 0; error == 0 && h < count; h++)
        carry(i, hits[h].subscriber, hits[h].token, e);
}

void sim__subscribe(struct sim_instance *i, const struct effect *e)
{
    if (bus_subscribe(i->sim->engines.bus, i, e->token, e->first) != 0)
        LOG(LOG_ERROR, "sim", "no pattern: %.*s", SLICE_ARG(e->first));
}

void sim__watch(struct sim_instance *i, const struct effect *e)
{
    registry_watch(i->sim->engines.registry, i, e->token, e->first);
    sim__watch_news(i->sim);
}

void sim__bus_leave(struct sim_instance *i)
{
    struct sim *s = i->sim;
    bus_leave(s->engines.bus, i);
    registry_unwatch(s->engines.registry, i);
    list_for_each_safe (link, next, &i->unseen) {
        list_remove(link);
        sim__event_free(s, list_entry(link, struct event, link));
    }
    i->last_watch = 0;
    i->watch_retrying = false;
}

void sim__bus_free(struct sim *s)
{
    struct lane *l;
    map_for_each (l, &s->engines.lanes)
        mem_free(l);
    map_free(&s->engines.lanes);
}

/* ---- watches ---- */

void sim__watch_news(struct sim *s)
{
    struct registry_change change;
    while (registry_next_change(s->engines.registry, &change)) {
        struct sim_instance *i = change.watcher;
        struct input input = {.kind = INPUT_WATCH,
            .token = change.token,
            .revision = change.revision,
            .answer = change.gone ? ANSWER_NO : ANSWER_YES,
            .name = change.key,
            .bytes = change.value};
        struct event *e = sim__input_event(i, &input);
        e->kind = EVENT_WATCH;
        int64_t at = s->now + sim__latency(s, 0, i->host);
        if (sim__weather(s, SIM_FAULT_WATCH_SILENT, SILENT))
            at += chance_between(&s->faults, 1000, SILENT_MOST);
        if (at < i->last_watch)
            at = i->last_watch;
        i->last_watch = at;
        sim__push(s, e, at);
    }
}

static bool unreachable(const struct sim *s, const struct sim_instance *i)
{
    return sim__blocked(s, 0, i->host) || sim__blocked(s, i->host, 0) ||
           sim__stalled_until(s, 0, i->host) > s->now;
}

static void retry(struct sim *s, struct event *e)
{
    struct sim_instance *i = e->instance;
    if (unreachable(s, i)) {
        sim__push(s, e, s->now + WATCH_AGAIN);
        return;
    }
    sim__event_free(s, e);
    i->watch_retrying = false;
    while (!list_empty(&i->unseen)) {
        struct event *change = list_entry(i->unseen.next, struct event, link);
        list_remove(&change->link);
        change->kind = EVENT_INPUT;
        sim__deliver(s, change);
    }
}

void sim__watch_event(struct sim *s, struct event *e)
{
    struct sim_instance *i = e->instance;
    if (!i->alive || i->incarnation != e->incarnation) {
        sim__event_free(s, e);
    } else if (e->kind == EVENT_WATCH_RETRY) {
        retry(s, e);
    } else if (i->watch_retrying || unreachable(s, i)) {
        list_append(&i->unseen, &e->link);
        if (i->watch_retrying)
            return;
        i->watch_retrying = true;
        struct event *again = sim__event(s, EVENT_WATCH_RETRY, 0);
        again->instance = i;
        again->incarnation = i->incarnation;
        sim__push(s, again, s->now + WATCH_AGAIN);
    } else {
        e->kind = EVENT_INPUT;
        sim__deliver(s, e);
    }
}
