/* The role: what comes in, and to whom it goes. */
#include "base/error.h"
#include "base/log.h"
#include "base/mem.h"
#include "roles/control/control_int.h"

static void set(struct control *c, struct world_timer *t, enum timer duration)
{
    world_timer_set(c->world, t, OBJECT(CONTROL_OBJECT_SELF, 0), duration,
        world_now(c->world) + timer_duration(duration));
}

/* What is raised stays known to whoever does not lead any more; what was cleared and is not stored is found
 * by the next one that leads. */
static void forget_unsaved(struct control *c)
{
    list_for_each_safe (link, next, &c->unsaved) {
        struct control_alarm *a = list_entry(link, struct control_alarm, unsaved);
        a->writing = false;
        if (a->state == ALARM_ST_GONE)
            control__alarm_free(a);
        else
            list_remove(link);
    }
    c->ended = 0;
}

static void led(void *argument, bool leads)
{
    struct control *c = argument;
    c->leads = leads;
    if (leads)
        c->lead = lead_number(&c->leading);
    else
        forget_unsaved(c);
    LOG(LOG_NOTICE, "roles/control", leads ? "leads: raises and keeps alarms" : "leads no longer");
    control__keep_event(c, leads ? KEEP_EV_LEAD : KEEP_EV_LOST, NULL);
}

static int open_control(void **self, struct world *world, const struct role_setup *setup)
{
    struct control *c = mem_zero(sizeof *c);
    char key[LEAD_NAME];
    *self = c;
    c->world = world;
    control__copy(c->name, sizeof c->name, setup->name);
    control__copy(c->location, sizeof c->location, setup->location);
    list_init(&c->unsaved);
    c->keep = KEEP_ST_WARM;
    c->ticked_at = world_now(world);
    c->judges_from = world_now(world) + timer_duration(TIMER_CONTROL_GRACE);
    control__copy(key, sizeof key, SLICE("lead/control/"));
    control__copy(key + strlen(key), sizeof key - strlen(key), setup->location);
    world_subscribe(world, SLICE("health.>"), CONTROL_TOKEN_HEALTH);
    world_subscribe(world, SLICE("alarm.>"), CONTROL_TOKEN_NEWS);
    world_subscribe(world, SLICE("ctl.control"), CONTROL_TOKEN_REQUEST);
    world_subscribe(world, SLICE("trunk.>"), CONTROL_TOKEN_TRUNKS);
    control__configured(c);
    lead_open(&c->leading, world,
        &(struct lead_setup){.key = slice_text(key),
            .name = slice_text(c->name),
            .object = OBJECT(CONTROL_OBJECT_LEAD, 0),
            .token = CONTROL_TOKEN_LEAD,
            .changed = led,
            .argument = c});
    set(c, &c->tick, TIMER_CONTROL_TICK);
    set(c, &c->all, TIMER_ALARM_ALL);
    set(c, &c->purge, TIMER_ALARM_PURGE);
    return 0;
}

static void close_control(void *self)
{
    struct control *c = self;
    struct control_question *q;
    lead_close(&c->leading);
    control__alarms_free(c);
    control__members_free(c);
    control__trunks_free(c);
    map_for_each (q, &c->questions)
        mem_free(q);
    map_free(&c->questions);
    world_timer_clear(&c->tick);
    world_timer_clear(&c->all);
    world_timer_clear(&c->purge);
    world_timer_clear(&c->keep_timer);
    arena_free(&c->arena);
    mem_free(c);
}

static void tell_state(struct control *c)
{
    if (c->deaf)
        world_state(c->world, WORLD_DEGRADED, "hears nobody: its bus is away");
    else if (c->keep == KEEP_ST_WAITING)
        world_state(c->world, WORLD_DEGRADED, "the store does not take alarms; they are kept in memory");
    else if (world_now(c->world) < c->judges_from)
        world_state(c->world, WORLD_READY, "listens, and judges nobody yet");
    else
        world_state(c->world, WORLD_READY, c->leads ? "leads" : "follows the one that leads");
}

static void self_timer(struct control *c, uint32_t timer)
{
    if (timer == TIMER_CONTROL_TICK) {
        control__judge(c);
        control__trunks_sweep(c);
        control__rules(c);
        set(c, &c->tick, TIMER_CONTROL_TICK);
    } else if (timer == TIMER_ALARM_ALL) {
        control__tell(c, NULL);
        set(c, &c->all, TIMER_ALARM_ALL);
    } else {
        control__ask_purge(c);
        set(c, &c->purge, TIMER_ALARM_PURGE);
    }
}

static void timer(struct control *c, const struct input *in)
{
    if (OBJECT_KIND(in->object) == CONTROL_OBJECT_ALARM)
        control__alarm_due(c, OBJECT_INDEX(in->object));
    else if (OBJECT_KIND(in->object) == CONTROL_OBJECT_KEEP)
        control__keep_event(c, KEEP_EV_TIMER, in);
    else
        self_timer(c, in->timer);
}

static void bus(struct control *c, const struct input *in)
{
    if (in->token == CONTROL_TOKEN_HEALTH)
        control__report(c, in->bytes);
    else if (in->token == CONTROL_TOKEN_NEWS)
        control__hear(c, in->bytes);
    else if (in->token == CONTROL_TOKEN_TRUNKS)
        control__trunk_news(c, in->bytes);
    else
        control__request(c, in->bytes);
}

static void input_control(void *self, const struct input *in)
{
    struct control *c = self;
    if (lead_input(&c->leading, in)) {
        /* about who leads */
    } else if (in->kind == INPUT_TIMER) {
        timer(c, in);
    } else if (in->kind == INPUT_BUS) {
        bus(c, in);
    } else if (in->kind == INPUT_CONFIG) {
        control__configured(c);
    } else if (in->kind == INPUT_DRAIN) {
        lead_resign(&c->leading);
    } else if (in->kind == INPUT_ANSWER) {
        if (OBJECT_KIND(in->object) == CONTROL_OBJECT_KEEP)
            control__keep_answer(c, in);
        else
            control__page_came(c, in);
    }
    tell_state(c);
    arena_reset(&c->arena);
}

static void audit_control(void *self, struct buffer *out)
{
    const struct control *c = self;
    const struct control_alarm *a;
    buffer_add_format(out, "control %s leads=%d members=%zu\n", control_keep_machine.states[c->keep].name,
        c->leads, map_count(&c->members));
    map_for_each (a, &c->alarms)
        buffer_add_format(out, "alarm %s %s\n", control_alarm_machine.states[a->state].name, a->key);
}

const struct role control_role = {
    .name = "control",
    .open = open_control,
    .close = close_control,
    .input = input_control,
    .audit = audit_control,
};
