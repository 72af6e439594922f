/* Carries out what a turn wants done, in its order. Nothing here calls the role: what comes of it is an input
 * of a later turn. */
#include "base/error.h"
#include "base/log.h"
#include "world/real/real_int.h"

static void send_h(struct real_instance *i, const struct effect *e)
{
    struct real_flow *f = real__flow_find(i, e->flow);
    if (f != NULL)
        real__flow_send(f, &e->address, e->second);
}

static void tell_h(struct real_instance *i, const struct effect *e)
{
    unsigned dropped;
    uint64_t flow = peer_tell(&i->peers, e->first, e->second, i->world.now, &dropped);
    i->world.counters.values[COUNTER_TELL_DROPPED] += dropped;
    struct real_flow *f = flow != 0 ? real__flow_find(i, flow) : NULL;
    if (f != NULL)
        real__flow_send(f, &e->address, e->second);
}

/* The flow that had the name before ends: its peer has come again by another way. */
static void name_h(struct real_instance *i, const struct effect *e)
{
    struct real_flow *f = real__flow_find(i, e->flow), *before;
    uint64_t old;
    struct buffer held = {.data = NULL};
    if (f == NULL || f->error != 0)
        return;
    peer_name(&i->peers, e->first, e->flow, i->world.now, &old, &held);
    before = old != 0 && old != e->flow ? real__flow_find(i, old) : NULL;
    if (before != NULL)
        real__flow_fail(before, ERROR_STALE, true);
    if (held.length != 0)
        real__flow_send(f, &e->address, buffer_slice(&held));
    buffer_free(&held);
}

static void listen_h(struct real_instance *i, const struct effect *e)
{
    struct endpoint at;
    if (real__flow_find(i, e->flow) != NULL)
        return;
    int error = endpoint_parse(&at, e->first);
    if (error != 0) {
        LOG(LOG_ERROR, "world", "cannot listen on \"%.*s\": %s", SLICE_ARG(e->first), error_sentence(error));
        real__refuse(i, e, error);
    } else if (at.transport == TRANSPORT_UDP) {
        real__udp_listen(i, e, &at);
    } else if (at.transport == TRANSPORT_LOCAL) {
        real__local_listen(i, e, &at);
    } else if (at.transport > TRANSPORT_LOCAL) {
        real__refuse(i, e, ERROR_UNSUPPORTED);
    } else {
        real__stream_listen(i, e, &at);
    }
}

static void open_h(struct real_instance *i, const struct effect *e)
{
    struct endpoint to;
    if (real__flow_find(i, e->flow) != NULL)
        return;
    int error = endpoint_parse(&to, e->first);
    if (error == 0 && (to.transport == TRANSPORT_UDP || to.transport > TRANSPORT_LOCAL))
        error = ERROR_UNSUPPORTED; /* datagrams go out from a socket that listens */
    if (error != 0) {
        LOG(LOG_WARNING, "world", "cannot connect to \"%.*s\": %s", SLICE_ARG(e->first),
            error_sentence(error));
        real__refuse(i, e, error);
    } else if (to.transport == TRANSPORT_LOCAL) {
        real__local_open(i, e, &to);
    } else {
        real__stream_open(i, e, &to);
    }
}

static void close_h(struct real_instance *i, const struct effect *e)
{
    struct real_flow *f = real__flow_find(i, e->flow);
    if (f != NULL)
        real__flow_close(f);
}

static void pause_h(struct real_instance *i, const struct effect *e)
{
    struct real_flow *f = real__flow_find(i, e->flow);
    if (f != NULL && f->open && f->error == 0 && f->type->pause != NULL)
        f->type->pause(f, e->token != 0);
}

static void bound_h(struct real_instance *i, const struct effect *e)
{
    struct real_flow *f = real__flow_find(i, e->flow);
    if (f != NULL && f->type->bound != NULL)
        f->type->bound(f, e->token);
}

static void again_h(struct real_instance *i, const struct effect *e)
{
    real_deliver(i, &(struct input){.kind = INPUT_AGAIN, .token = e->token});
}

static void publish_h(struct real_instance *i, const struct effect *e)
{
    const struct real_engine *engine = &i->loop->engine;
    if (engine->publish != NULL)
        engine->publish(engine->self, i, e->first, e->second);
}

static void append_h(struct real_instance *i, const struct effect *e)
{
    const struct real_engine *engine = &i->loop->engine;
    if (engine->append != NULL)
        engine->append(engine->self, i, e->first, e->token, e->second);
    else
        LOG(LOG_ERROR, "world", "no spool: an append to %.*s is lost; report this", SLICE_ARG(e->first));
}

static void subscribe_h(struct real_instance *i, const struct effect *e)
{
    const struct real_engine *engine = &i->loop->engine;
    if (engine->subscribe != NULL)
        engine->subscribe(engine->self, i, e->token, e->first);
}

static void watch_h(struct real_instance *i, const struct effect *e)
{
    const struct real_engine *engine = &i->loop->engine;
    if (engine->watch != NULL)
        engine->watch(engine->self, i, e->token, e->first);
}

static void (*const handlers[EFFECT_COUNT])(struct real_instance *, const struct effect *) = {
    [EFFECT_SEND] = send_h,
    [EFFECT_TELL] = tell_h,
    [EFFECT_PUBLISH] = publish_h,
    [EFFECT_APPEND] = append_h,
    [EFFECT_ASK] = real__ask,
    [EFFECT_LISTEN] = listen_h,
    [EFFECT_OPEN] = open_h,
    [EFFECT_CLOSE] = close_h,
    [EFFECT_NAME] = name_h,
    [EFFECT_PAUSE] = pause_h,
    [EFFECT_BOUND] = bound_h,
    [EFFECT_SUBSCRIBE] = subscribe_h,
    [EFFECT_WATCH] = watch_h,
    [EFFECT_AGAIN] = again_h,
};

void real__commit(void *loop, struct world *w)
{
    struct slice rest = buffer_slice(&w->effects);
    struct effect e;
    (void)loop;
    while (effect_next(&rest, &e)) {
        w->counters.values[COUNTER_EFFECTS]++;
        handlers[e.kind](w->owner, &e);
    }
    world_turn_clear(w);
}
