#include "pair/pair_int.h"

#include "base/error.h"
#include "base/log.h"
#include "base/mem.h"
#include "config/config.h"

static void copy_name(char to[PAIR_NAME], struct slice name)
{
    size_t length = name.length < PAIR_NAME - 1 ? name.length : PAIR_NAME - 1;
    if (length != 0)
        memcpy(to, name.data, length);
    to[length] = '\0';
}

/* "" where the configuration knows no other. */
static int find_other(const struct pair *p, char other[PAIR_NAME])
{
    const struct config_pair *pair = config_pair(world_configuration(p->world), slice_text(p->pair));
    bool found = false;
    other[0] = '\0';
    for (int i = 0; pair != NULL && i < 2; i++) {
        bool own = pair->members[i] != NULL && slice_equal(pair->members[i]->name, slice_text(p->name));
        if (pair->members[i] != NULL && !own)
            copy_name(other, pair->members[i]->name);
        found = found || own;
    }
    return found ? 0 : ERROR_REFERENCE;
}

/* The pair may have got another second member while it works. One that is taken away is dead to us when its
 * link goes and its lease ends, and not before: it may have calls that are to be taken over. */
static void follow_configuration(struct pair *p)
{
    char other[PAIR_NAME];
    if (find_other(p, other) != 0)
        return; /* this one is being taken away */
    bool changed = other[0] != '\0' && strcmp(other, p->other) != 0;
    if (changed) {
        LOG(LOG_NOTICE, "pair", "the other member of %s is %s now", p->pair, other);
        memcpy(p->other, other, sizeof p->other);
        p->other_gone = false;
    }
    pair__link_config(p, changed);
}

static void set_tick(struct pair *p)
{
    world_timer_set(
        p->world, &p->tick, PAIR_OBJECT, 0, world_now(p->world) + timer_duration(TIMER_PAIR_TICK));
}

/* What the member says of itself in each state; a pair of one member lacks nobody. */
static void tell_state(struct pair *p)
{
    static const struct {
        enum world_state state;
        const char *why;
    } words[PAIR_ST_COUNT] = {
        [PAIR_ST_READING] = {WORLD_STARTING, "reads the record of its pair"},
        [PAIR_ST_FRESH] = {WORLD_STARTING, "waits for the primary, or for the right to begin"},
        [PAIR_ST_SYNCING] = {WORLD_STARTING, "copies the state of the primary"},
        [PAIR_ST_SHADOW] = {WORLD_READY, "backup, in step"},
        [PAIR_ST_CLAIMING] = {WORLD_STARTING, "asks to be primary"},
        [PAIR_ST_TAKING] = {WORLD_DEGRADED, "takes over from the primary that it lost"},
        [PAIR_ST_ALONE] = {WORLD_DEGRADED, "primary without a backup"},
        [PAIR_ST_CATCHING] = {WORLD_DEGRADED, "primary, its backup catches up"},
        [PAIR_ST_JOINING] = {WORLD_DEGRADED, "primary, its backup joins"},
        [PAIR_ST_PAIRED] = {WORLD_READY, "primary, in step with its backup"},
        [PAIR_ST_PARTING] = {WORLD_DEGRADED, "lost its backup, asks to go on alone"},
        [PAIR_ST_FROZEN] = {WORLD_STARTING, "stopped: the registry has not renewed its lease"},
    };
    bool alone = p->state == PAIR_ST_ALONE && p->other[0] == '\0';
    world_state(p->world, alone ? WORLD_READY : words[p->state].state,
        alone ? "primary, alone in its pair" : words[p->state].why);
    world_gauge(p->world, GAUGE_PAIR_PRIMARY, pair__is_primary(p));
    world_gauge(p->world, GAUGE_PAIR_VIEW, p->inner != NULL ? p->view : p->record.view);
}

int pair_open(void **self, struct world *w, const struct role_setup *setup, const struct role *inner)
{
    struct pair *p = mem_zero(sizeof *p);
    *self = p;
    p->world = w;
    p->role = inner;
    p->incarnation = setup->incarnation;
    copy_name(p->name, setup->name);
    copy_name(p->pair, setup->pair);
    copy_name(p->location, setup->location);
    list_init(&p->held);
    list_init(&p->promises);
    list_init(&p->known_list);
    int error = find_other(p, p->other);
    if (error != 0) {
        LOG(LOG_ERROR, "pair", "the configuration has no pair %s; create its application objects", p->pair);
        pair_close(p);
        return error;
    }
    pair__registry_open(p);
    pair__link_open(p);
    set_tick(p);
    tell_state(p);
    return 0;
}

void pair_close(void *self)
{
    struct pair *p = self;
    p->closing = true;
    pair__inner_close(p);
    pair__shadow_free(p);
    world_timer_clear(&p->tick);
    pair__link_close(p);
    buffer_free(&p->parts);
    mem_free(p);
}

bool pair__is_primary(const struct pair *p)
{
    return p->state >= PAIR_ST_ALONE;
}

void pair__event(struct pair *p, uint8_t event)
{
    (void)!fsm_input(&pair_machine, &p->state, p, event, NULL);
    tell_state(p);
}

/* Whoever acts alone acts on its lease: looked at before each turn, so that a process that was stopped for a
 * while does nothing when it comes back. */
static void check_lease(struct pair *p)
{
    bool alone = p->state == PAIR_ST_ALONE || p->state == PAIR_ST_CATCHING;
    if (alone && world_now(p->world) >= p->lease_until) {
        LOG(LOG_WARNING, "pair",
            "the registry has not renewed the lease of %s; waiting for it before going on", p->name);
        pair__event(p, PAIR_EV_LEASE_LOST);
    }
}

static void tick(struct pair *p)
{
    int64_t now = world_now(p->world);
    const struct pair_held *oldest =
        list_empty(&p->held) ? NULL : list_entry(p->held.next, struct pair_held, link);
    if (oldest != NULL && oldest->number != 0 && now - oldest->since > timer_duration(TIMER_PAIR_STALL))
        pair__event(p, PAIR_EV_STALLED);
    pair__registry_tick(p);
    pair__link_tick(p);
    world_gauge(p->world, GAUGE_PAIR_HELD, p->held_bytes);
    set_tick(p);
}

void pair_input(void *self, const struct input *in)
{
    struct pair *p = self;
    check_lease(p);
    if (in->kind == INPUT_CONFIG)
        follow_configuration(p);
    if (in->object == PAIR_OBJECT && in->kind == INPUT_TIMER)
        tick(p);
    else if (in->object == PAIR_OBJECT && in->kind == INPUT_ANSWER)
        pair__registry_answer(p, in);
    else if (in->kind == INPUT_WATCH && in->token == PAIR_TOKEN)
        pair__registry_watch(p, in);
    else if (!pair__link_input(p, in))
        pair__inner_input(p, in);
}

void pair_audit(void *self, struct buffer *out)
{
    struct pair *p = self;
    buffer_add_format(out, "pair %s %s view %llu\n", p->pair, pair_machine.states[p->state].name,
        (unsigned long long)(p->inner != NULL ? p->view : p->shadow_view));
    if (p->inner != NULL && p->role->audit != NULL)
        p->role->audit(p->inner, out);
}

void *pair_inner(void *self, uint64_t *view)
{
    struct pair *p = self;
    *view = p->view;
    return p->inner;
}
