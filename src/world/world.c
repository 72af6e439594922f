#include "world/world_int.h"

#include "base/error.h"
#include "base/log.h"
#include "base/mem.h"

void world_init(struct world *w, const struct world_backend *backend, void *maker, struct wheel *wheel)
{
    *w = (struct world){.backend = backend, .maker = maker, .wheel = wheel};
    list_init(&w->timers);
}

void world_end(struct world *w)
{
    list_for_each_safe (link, next, &w->timers)
        world_timer_clear(list_entry(link, struct world_timer, siblings));
    buffer_free(&w->effects);
    measure_free(&w->measures);
    mem_free(w->dirty);
    w->dirty = NULL;
}

/* ---- time and chance ---- */

int64_t world_now(const struct world *w)
{
    return w->now;
}

uint64_t world_random(struct world *w)
{
    return w->backend->random(w->maker);
}

void world_timer_set(struct world *w, struct world_timer *t, uint64_t object, uint32_t id, int64_t at)
{
    world_timer_clear(t);
    t->world = w;
    t->object = object;
    t->id = id;
    t->wheel.order[0] = object;
    t->wheel.order[1] = (uint64_t)w->serial << 32 | id;
    wheel_set(w->wheel, &t->wheel, at);
    list_append(&w->timers, &t->siblings);
}

void world_timer_clear(struct world_timer *t)
{
    if (t->world == NULL || !wheel_runs(&t->wheel))
        return;
    wheel_clear(t->world->wheel, &t->wheel);
    list_remove(&t->siblings);
}

struct input world_timer_input(struct wheel_timer *due, struct world **world)
{
    struct world_timer *t = list_entry(&due->link, struct world_timer, wheel.link);
    list_remove(&t->siblings);
    *world = t->world;
    while ((*world)->outer != NULL)
        *world = (*world)->outer;
    return (struct input){.kind = INPUT_TIMER, .object = t->object, .timer = t->id};
}

/* ---- effects ---- */

static void add(struct world *w, struct effect e)
{
    if (!w->closing)
        effect_add(&w->effects, &e);
}

uint64_t world_listen(struct world *w, struct slice endpoint, uint64_t token)
{
    uint64_t flow = ++w->next_flow;
    add(w, (struct effect){.kind = EFFECT_LISTEN, .flow = flow, .token = token, .first = endpoint});
    return flow;
}

uint64_t world_open(struct world *w, struct slice endpoint, uint64_t token)
{
    uint64_t flow = ++w->next_flow;
    add(w, (struct effect){.kind = EFFECT_OPEN, .flow = flow, .token = token, .first = endpoint});
    return flow;
}

void world_close(struct world *w, uint64_t flow)
{
    add(w, (struct effect){.kind = EFFECT_CLOSE, .flow = flow});
}

void world_send(struct world *w, uint64_t flow, struct slice bytes)
{
    add(w, (struct effect){.kind = EFFECT_SEND, .flow = flow, .second = bytes});
}

void world_send_to(struct world *w, uint64_t flow, const struct address *peer, struct slice bytes)
{
    add(w, (struct effect){.kind = EFFECT_SEND, .flow = flow, .address = *peer, .second = bytes});
}

void world_read_pause(struct world *w, uint64_t flow, bool pause)
{
    add(w, (struct effect){.kind = EFFECT_PAUSE, .flow = flow, .token = pause});
}

void world_bound(struct world *w, uint64_t flow, size_t bytes)
{
    add(w, (struct effect){.kind = EFFECT_BOUND, .flow = flow, .token = bytes});
}

void world_name(struct world *w, uint64_t flow, struct slice name)
{
    add(w, (struct effect){.kind = EFFECT_NAME, .flow = flow, .first = name});
}

void world_tell(struct world *w, struct slice name, struct slice bytes)
{
    add(w, (struct effect){.kind = EFFECT_TELL, .first = name, .second = bytes});
}

void world_ask(struct world *w, enum service service, struct slice request, uint64_t object, uint64_t token,
    int64_t deadline)
{
    add(w, (struct effect){.kind = EFFECT_ASK,
               .service = service,
               .object = object,
               .token = token,
               .time = deadline,
               .second = request});
}

void world_publish(struct world *w, struct slice subject, struct slice bytes)
{
    add(w, (struct effect){.kind = EFFECT_PUBLISH, .first = subject, .second = bytes});
}

void world_subscribe(struct world *w, struct slice pattern, uint64_t token)
{
    add(w, (struct effect){.kind = EFFECT_SUBSCRIBE, .token = token, .first = pattern});
}

void world_watch(struct world *w, struct slice prefix, uint64_t token)
{
    add(w, (struct effect){.kind = EFFECT_WATCH, .token = token, .first = prefix});
}

void world_append(struct world *w, struct slice stream, uint64_t number, struct slice bytes)
{
    add(w, (struct effect){.kind = EFFECT_APPEND, .token = number, .first = stream, .second = bytes});
}

void world_again(struct world *w, uint64_t cursor)
{
    add(w, (struct effect){.kind = EFFECT_AGAIN, .token = cursor});
}

/* ---- the turn ---- */

void world_dirty(struct world *w, uint8_t kind, uint64_t id)
{
    if (w->closing)
        return;
    for (size_t i = w->dirty_count;
         i-- != 0;) /* few: a turn is bounded to 256 objects, and most touch three */
        if (w->dirty[i].id == id && w->dirty[i].kind == kind)
            return;
    if (w->dirty_count == w->dirty_capacity) {
        w->dirty_capacity = w->dirty_capacity != 0 ? w->dirty_capacity * 2 : 16;
        w->dirty = mem_resize(w->dirty, w->dirty_capacity * sizeof *w->dirty);
    }
    w->dirty[w->dirty_count++] = (struct record_id){kind, id};
}

/* What is counted inside a pair belongs to the member, whichever role it plays. */
static struct world *outermost(struct world *w)
{
    while (w->outer != NULL)
        w = w->outer;
    return w;
}

void world_count(struct world *w, enum counter counter, uint64_t by)
{
    outermost(w)->counters.values[counter] += by;
}

void world_gauge(struct world *w, enum gauge gauge, uint64_t value)
{
    outermost(w)->gauges.values[gauge] = value;
}

void world_measures_clear(struct world *w)
{
    measure_clear(&outermost(w)->measures);
}

void world_measure(struct world *w, enum measure m, const char *of, const char *second, uint64_t value)
{
    measure_add(&outermost(w)->measures, m, of, second, value);
}

/* ---- what the instance says of itself ---- */

const char *world_state_name(enum world_state state)
{
    static const char *const names[] = {"starting", "ready", "degraded", "draining"};
    return names[state];
}

enum world_state world_condition(const struct world *w)
{
    return w->condition.state;
}

void world_state(struct world *w, enum world_state state, const char *why)
{
    struct world_condition *c = &w->condition;
    struct slice text = slice_first(slice_text(why), WORLD_WHY - 1);
    if (c->state == WORLD_DRAINING || (c->state == state && slice_equal(slice_text(c->why), text)))
        return;
    if (c->state != state)
        c->since = w->now;
    c->state = state;
    c->changes++;
    slice_put(c->why, text);
    c->why[text.length] = '\0';
}

const struct configuration *world_configuration(const struct world *w)
{
    return w->configuration;
}

void world_turn_begin(struct world *w, int64_t now)
{
    w->now = now;
    log_scope = (struct log_scope){.instance = w->name, .now = now};
    w->counters.values[COUNTER_TURNS]++;
}

void world_turn_clear(struct world *w)
{
    buffer_clear(&w->effects);
    w->dirty_count = 0;
}

void world_turn_end(struct world *w)
{
    if (w->effects.overflowed)
        LOG(LOG_ERROR, "world",
            "a turn asked for more than %zu bytes of effects; the rest is lost; report this", BUFFER_LIMIT);
    w->backend->commit(w->maker, w);
    log_scope = (struct log_scope){0};
}

void world_turn(struct world *w, const struct role *role, void *self, const struct input *input, int64_t now)
{
    world_turn_begin(w, now);
    if (input->kind == INPUT_DRAIN)
        world_state(w, WORLD_DRAINING, "takes no new work");
    role->input(self, input);
    world_turn_end(w);
}
