/* The scheduler: what comes next, timer or event. */
#include "world/sim/sim.h"

#include "base/log.h"
#include "base/mem.h"
#include "world/sim/sim_int.h"

#define ENGINES 0x0a000001U    /* 10.0.0.1: host 0, where registry, bus and store are */
#define EPOCH 1767225600000000 /* µs: each run begins on 1 January 2026 */

int sim_create(struct sim **sim, const struct sim_params *params)
{
    struct sim *s = mem_zero(sizeof *s);
    s->params = *params;
    s->now = EPOCH;
    list_init(&s->streams);
    pool_init(&s->stream_pool, "sim streams", sizeof(struct stream));
    pool_init(&s->flow_pool, "sim flows", sizeof(struct flow));
    chance_seed(&s->network, params->seed, SLICE("network"), 0);
    chance_seed(&s->faults, params->seed, SLICE("faults"), 0);
    int error = sim__engines_open(s);
    sim_host(s, ENGINES, 0);
    *sim = s;
    if (error != 0) {
        sim_free(s);
        *sim = NULL;
    }
    return error;
}

void sim_free(struct sim *s)
{
    for (size_t i = 0; i < s->instance_count; i++)
        sim__end(s->instances[i], true);
    sim__queue_free(s);
    for (size_t i = 0; i < s->instance_count; i++) {
        mem_free(s->instances[i]->name);
        mem_free(s->instances[i]);
    }
    for (size_t i = 0; i < s->wheel_count; i++) {
        wheel_close(s->wheels[i]);
        mem_free(s->wheels[i]);
    }
    sim__bus_free(s);
    sim__engines_close(s);
    sim__trace_free(s);
    map_free(&s->sockets);
    map_free(&s->listeners);
    map_free(&s->places);
    pool_free(&s->stream_pool);
    pool_free(&s->flow_pool);
    mem_free(s->wheels);
    mem_free(s->wheel_skews);
    mem_free(s->hosts);
    log_scope = (struct log_scope){.now = 0}; /* its names are gone */
    mem_free(s->instances);
    mem_free(s);
}

int64_t sim_now(const struct sim *s)
{
    return s->now;
}

uint64_t sim_steps(const struct sim *s)
{
    return s->steps;
}

size_t sim_waiting(const struct sim *s)
{
    return s->queue.count;
}

uint64_t sim_hash(const struct sim *s)
{
    return s->hash;
}

/* When the wheel wants to be looked at, in virtual time; WHEEL_NEVER where it holds nothing. */
static int64_t wheel_time(const struct sim *s, size_t index)
{
    int64_t next = wheel_next(s->wheels[index]);
    if (next == WHEEL_NEVER)
        return next;
    next -= s->wheel_skews[index];
    return next > s->now ? next : s->now;
}

/* True when the timer took a turn; one of a paused instance waits until that goes on. */
static bool timer_due(struct sim *s, size_t index)
{
    struct wheel_timer *due = wheel_due(s->wheels[index], s->now + s->wheel_skews[index]);
    if (due == NULL)
        return false;
    struct world_timer *timer = list_entry(&due->link, struct world_timer, wheel.link);
    struct sim_instance *i = timer->world->owner;
    if (i->paused_until != 0) {
        wheel_postpone(s->wheels[index], due, i->paused_until + s->wheel_skews[index]);
        return false;
    }
    struct world *world;
    struct input input = world_timer_input(due, &world);
    sim__give(i, &input);
    return true;
}

static void carry_on(struct sim *s, struct event *e)
{
    log_scope = (struct log_scope){.now = s->now};
    switch (e->kind) {
    case EVENT_INPUT:
        sim__deliver(s, e);
        break;
    case EVENT_DATAGRAM:
        sim__datagram(s, e);
        break;
    case EVENT_PIECE:
    case EVENT_END:
    case EVENT_RETRY:
    case EVENT_CONNECT:
        sim__stream_event(s, e);
        break;
    case EVENT_EXECUTE:
    case EVENT_APPEND:
    case EVENT_SYNC:
    case EVENT_DISK:
    case EVENT_EXPIRE:
        sim__engine_event(s, e);
        break;
    case EVENT_WATCH:
    case EVENT_WATCH_RETRY:
        sim__watch_event(s, e);
        break;
    case EVENT_RESUME:
    case EVENT_START:
        if (e->kind == EVENT_RESUME && e->incarnation == e->instance->incarnation)
            sim__resume(s, e->instance);
        else if (e->kind == EVENT_START && !e->instance->alive)
            sim__begin(e->instance);
        sim__event_free(s, e);
        break;
    case EVENT_PLAN:
    case EVENT_HEAL:
        sim__plan_event(s, e);
        break;
    }
}

bool sim_step(struct sim *s, int64_t until)
{
    for (;;) {
        int64_t best = WHEEL_NEVER;
        size_t wheel = 0;
        for (size_t i = 0; i < s->wheel_count; i++) {
            int64_t at = wheel_time(s, i);
            if (at < best) {
                best = at;
                wheel = i;
            }
        }
        bool event = s->queue.count != 0 && s->queue.slots[0].at < best;
        if (event)
            best = s->queue.slots[0].at;
        if (best > until)
            return false;
        s->now = best;
        if (event)
            carry_on(s, sim__pop(s));
        else if (!timer_due(s, wheel))
            continue;
        s->steps++;
        return true;
    }
}

void sim_run(struct sim *s, int64_t until)
{
    while (sim_step(s, until))
        continue;
    if (until > s->now)
        s->now = until;
}
