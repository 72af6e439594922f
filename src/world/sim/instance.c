/* Instances: their lives, their turns, and who carries out what a turn asked for. */
#include "base/error.h"
#include "base/hash.h"
#include "base/log.h"
#include "base/mem.h"
#include "world/sim/sim_int.h"

#define HELD_DATAGRAMS 512U /* of a paused instance: what fits into the kernel's buffer */

static uint64_t draw(void *maker)
{
    struct sim_instance *i = maker;
    return chance_next(&i->chance);
}

static void tell(struct sim_instance *i, const struct effect *e)
{
    unsigned dropped;
    uint64_t flow = peer_tell(&i->peers, e->first, e->second, i->world.now, &dropped);
    world_count(&i->world, COUNTER_TELL_DROPPED, dropped);
    if (flow != 0)
        sim__send(i, flow, &(struct address){0}, e->second);
}

static void name(struct sim_instance *i, const struct effect *e)
{
    if (sim__flow(i, e->flow) == NULL)
        return;
    uint64_t old;
    struct buffer held = {0};
    peer_name(&i->peers, e->first, e->flow, i->world.now, &old, &held);
    struct flow *before = old != 0 && old != e->flow ? sim__flow(i, old) : NULL;
    if (before != NULL && before->stream != NULL) {
        sim__stream_close(before, false);
        sim__broken(before, ERROR_STALE);
    }
    if (held.length != 0)
        sim__send(i, e->flow, &(struct address){0}, buffer_slice(&held));
    buffer_free(&held);
}

static void again(struct sim_instance *i, const struct effect *e)
{
    struct input input = {.kind = INPUT_AGAIN, .token = e->token};
    sim__push(i->sim, sim__input_event(i, &input), i->sim->now);
}

static void carry_out(struct sim_instance *i, const struct effect *e)
{
    struct flow *f;
    switch (e->kind) {
    case EFFECT_SEND:
        sim__send(i, e->flow, &e->address, e->second);
        break;
    case EFFECT_TELL:
        tell(i, e);
        break;
    case EFFECT_PUBLISH:
        sim__publish(i, e);
        break;
    case EFFECT_APPEND:
        sim__append(i, e);
        break;
    case EFFECT_ASK:
        sim__ask(i, e);
        break;
    case EFFECT_LISTEN:
        sim__listen(i, e);
        break;
    case EFFECT_OPEN:
        sim__open(i, e);
        break;
    case EFFECT_CLOSE:
    case EFFECT_PAUSE:
        f = sim__flow(i, e->flow);
        if (f != NULL && e->kind == EFFECT_CLOSE)
            sim__close(f, false);
        else if (f != NULL && f->kind == FLOW_STREAM)
            sim__stream_pause(f, e->token != 0);
        break;
    case EFFECT_BOUND:
        f = sim__flow(i, e->flow);
        if (f != NULL)
            f->bound = e->token;
        break;
    case EFFECT_NAME:
        name(i, e);
        break;
    case EFFECT_SUBSCRIBE:
        sim__subscribe(i, e);
        break;
    case EFFECT_WATCH:
        sim__watch(i, e);
        break;
    case EFFECT_AGAIN:
        again(i, e);
        break;
    case EFFECT_COUNT:
        break;
    }
}

/* The process stands still now: between its decision and the system calls. */
static bool stops_here(struct sim_instance *i, struct slice rest)
{
    struct effect e;
    bool tells = false;
    while (i->stop_until > i->sim->now && !tells && effect_next(&rest, &e))
        tells = e.kind == EFFECT_TELL;
    return tells;
}

static void let_out(struct sim_instance *i, struct slice rest)
{
    struct sim *s = i->sim;
    struct effect e;
    while (effect_next(&rest, &e)) {
        i->world.counters.values[COUNTER_EFFECTS]++;
        if (s->params.effect != NULL)
            s->params.effect(s->params.argument, i, &e);
        if (s->trace != NULL)
            sim__trace_effect(i, &e);
        carry_out(i, &e);
    }
}

static void commit(void *maker, struct world *w)
{
    struct sim_instance *i = maker;
    if (stops_here(i, buffer_slice(&w->effects))) {
        buffer_add(&i->unsent, buffer_slice(&w->effects));
        sim_pause(i->sim, i, i->stop_until);
        i->stop_until = 0;
    } else {
        let_out(i, buffer_slice(&w->effects));
    }
}

static const struct world_backend backend = {.random = draw, .commit = commit};

static void finish_turn(struct sim_instance *i, const struct input *input)
{
    struct sim *s = i->sim;
    world_turn_end(&i->world);
    if (i->world.effects.length > i->most_effects)
        i->most_effects = i->world.effects.length;
    sim__trace_turn(i, input, buffer_slice(&i->world.effects));
    world_turn_clear(&i->world);
    if (s->params.after_turn != NULL)
        s->params.after_turn(s->params.argument, i, input);
}

static int64_t clock_of(const struct sim_instance *i)
{
    return i->sim->now + i->sim->hosts[i->host].skew;
}

void sim__give(struct sim_instance *i, const struct input *input)
{
    const struct sim_params *p = &i->sim->params;
    if (p->eats != NULL && p->eats(p->argument, i, input)) {
        sim_kill(i->sim, i, false);
        return;
    }
    world_turn_begin(&i->world, clock_of(i));
    size_t before = mem_live_bytes();
    i->role->input(i->self, input);
    i->memory += mem_live_bytes() - before;
    finish_turn(i, input);
}

struct event *sim__input_event(struct sim_instance *i, const struct input *input)
{
    struct event *e = sim__event(i->sim, EVENT_INPUT, input->name.length + input->bytes.length);
    e->input = *input;
    e->instance = i;
    e->incarnation = i->incarnation;
    e->name_length = (uint32_t)input->name.length;
    e->length = (uint32_t)input->bytes.length;
    if (e->name_length != 0)
        memcpy(e->bytes, input->name.data, e->name_length);
    if (e->length != 0)
        memcpy(e->bytes + e->name_length, input->bytes.data, e->length);
    return e;
}

/* A standing process loses what does not fit into its socket's buffer. */
static void hold(struct sim *s, struct event *e)
{
    struct sim_instance *i = e->instance;
    if (e->kind == EVENT_DATAGRAM && i->held_datagrams >= HELD_DATAGRAMS) {
        sim__event_free(s, e);
        return;
    }
    i->held_datagrams += e->kind == EVENT_DATAGRAM;
    list_append(&i->held, &e->link);
}

/* Nothing follows on a flow that the role has closed; and INPUT_CLOSED is the last thing on any. */
static bool still_open(struct sim_instance *i, const struct input *input)
{
    struct flow *f = sim__flow(i, input->flow);
    if (f != NULL && input->kind == INPUT_CLOSED)
        sim__close(f, true);
    return f != NULL;
}

void sim__deliver(struct sim *s, struct event *e)
{
    struct sim_instance *i = e->instance;
    bool current = i->alive && i->incarnation == e->incarnation;
    if (current && i->paused_until != 0) {
        hold(s, e);
        return;
    }
    if (current && (e->kind == EVENT_PIECE || e->kind == EVENT_END))
        current = sim__stream_arrived(e);
    else if (current && e->input.flow != 0)
        current = still_open(i, &e->input);
    if (current) {
        e->input.name = slice_of(e->bytes, e->name_length);
        e->input.bytes = slice_of(e->bytes + e->name_length, e->length);
        sim__give(i, &e->input);
    }
    sim__event_free(s, e);
}

/* ---- lives ---- */

static char *part(char **at, struct slice s)
{
    char *start = *at;
    slice_put(start, s);
    start[s.length] = '\0';
    *at += s.length + 1;
    return start;
}

struct sim_instance *sim_start(struct sim *s, const struct sim_start *start)
{
    struct sim_instance *i = mem_zero(sizeof *i);
    char *text =
        mem_alloc(start->name.length + start->pair.length + start->location.length + start->group.length + 4);
    i->name = part(&text, start->name);
    i->pair = part(&text, start->pair);
    i->location = part(&text, start->location);
    i->group = part(&text, start->group);
    i->sim = s;
    i->role = start->role;
    i->given = start->self;
    i->host = start->host;
    i->name_hash = hash_stable(start->name);
    i->index = (unsigned)s->instance_count;
    list_init(&i->held);
    list_init(&i->unseen);
    list_init(&i->unwritten);
    if ((s->instance_count & (s->instance_count - 1)) == 0)
        s->instances =
            mem_resize(s->instances, (s->instance_count != 0 ? s->instance_count * 2 : 1) * sizeof(void *));
    s->instances[s->instance_count++] = i;
    sim__begin(i);
    return i;
}

void sim__begin(struct sim_instance *i)
{
    struct sim *s = i->sim;
    struct host *host = &s->hosts[i->host];
    host->dead = false;
    i->incarnation++;
    i->alive = true;
    i->paused_until = 0;
    i->self = i->given;
    chance_seed(&i->chance, s->params.seed, slice_text(i->name), i->incarnation);
    world_init(&i->world, &backend, i, host->wheel);
    i->world.owner = i;
    i->world.serial = i->index + 1;
    i->world.name = slice_text(i->name);
    i->world.configuration = s->configuration;
    struct role_setup setup = {.name = slice_text(i->name),
        .pair = slice_text(i->pair),
        .location = slice_text(i->location),
        .incarnation = i->incarnation};
    world_turn_begin(&i->world, clock_of(i));
    size_t before = mem_live_bytes();
    int error = i->role->open(&i->self, &i->world, &setup);
    i->memory = mem_live_bytes() - before;
    if (error != 0) {
        LOG(LOG_ERROR, "sim", "%s does not start: %s", i->name, error_symbol(error));
        i->self = NULL;
    }
    finish_turn(i, NULL);
    if (error != 0)
        sim__end(i, true);
}

static void drop_events(struct sim *s, struct list *events)
{
    list_for_each_safe (link, next, events) {
        list_remove(link);
        sim__event_free(s, list_entry(link, struct event, link));
    }
}

/* Silently: as if the host had lost power; otherwise the other ends of its streams hear of it. */
void sim__end(struct sim_instance *i, bool silently)
{
    struct sim *s = i->sim;
    if (!i->alive)
        return;
    i->alive = false;
    i->world.closing = true;
    i->paused_until = i->stop_until = 0;
    buffer_free(&i->unsent);
    drop_events(s, &i->held);
    drop_events(s, &i->unwritten);
    i->held_datagrams = 0;
    if (i->self != NULL)
        i->role->close(i->self);
    i->self = NULL;
    world_end(&i->world);
    struct flow *f;
    map_for_each (f, &i->flows)
        sim__close(f, silently);
    map_free(&i->flows);
    peer_free(&i->peers);
    sim__bus_leave(i);
    sim__end_disk(s, i->host, false);
}

void sim__resume(struct sim *s, struct sim_instance *i)
{
    if (!i->alive || i->paused_until == 0 || i->paused_until > s->now)
        return;
    i->paused_until = 0;
    i->held_datagrams = 0;
    let_out(i, buffer_slice(&i->unsent));
    buffer_free(&i->unsent);
    while (!list_empty(&i->held) && i->paused_until == 0) {
        struct event *e = list_entry(i->held.next, struct event, link);
        list_remove(&e->link);
        sim__deliver(s, e);
    }
}

void sim_configure(struct sim *s, const struct configuration *configuration)
{
    struct input input = {.kind = INPUT_CONFIG};
    s->configuration = configuration;
    for (size_t n = 0; n < s->instance_count; n++) {
        s->instances[n]->world.configuration = configuration;
        if (s->instances[n]->alive)
            sim__push(s, sim__input_event(s->instances[n], &input), s->now);
    }
}

/* ---- looking ---- */

struct world *sim_world(struct sim_instance *i)
{
    return &i->world;
}

void *sim_self(struct sim_instance *i)
{
    return i->alive ? i->self : NULL;
}

struct slice sim_name(const struct sim_instance *i)
{
    return slice_text(i->name);
}

size_t sim_memory(const struct sim_instance *i)
{
    return i->alive ? i->memory : 0;
}

size_t sim_most_effects(const struct sim_instance *i)
{
    return i->most_effects;
}

const struct role *sim_role(const struct sim_instance *i)
{
    return i->role;
}
