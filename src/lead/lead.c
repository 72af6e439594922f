#include "lead/lead.h"

#include "base/log.h"
#include "lead/lead_int.h"

static void copy(char to[LEAD_NAME], struct slice s)
{
    s = slice_first(s, LEAD_NAME - 1);
    slice_put(to, s);
    to[s.length] = '\0';
}

void lead_open(struct lead *l, struct world *w, const struct lead_setup *setup)
{
    *l = (struct lead){
        .world = w,
        .object = setup->object,
        .token = setup->token,
        .changed = setup->changed,
        .argument = setup->argument,
        .state = LEAD_ST_WAITING,
    };
    copy(l->key, setup->key);
    copy(l->name, setup->name);
    world_watch(w, slice_text(l->key), l->token);
    lead__event(l, LEAD_EV_TIMER, NULL); /* the first look at once */
}

void lead_close(struct lead *l)
{
    world_timer_clear(&l->pace);
    world_timer_clear(&l->end);
}

bool lead_is(const struct lead *l)
{
    return l->state == LEAD_ST_LEADING && world_now(l->world) < l->until;
}

uint64_t lead_number(const struct lead *l)
{
    return lead_is(l) ? l->number : 0;
}

struct slice lead_leader(const struct lead *l)
{
    return slice_text(l->leader);
}

static void tell(struct lead *l)
{
    bool leads = lead_is(l);
    if (leads == l->told)
        return;
    l->told = leads;
    if (!leads)
        LOG(LOG_NOTICE, "lead", "%s: %s leads no longer", l->key, l->name);
    if (l->changed != NULL)
        l->changed(l->argument, leads);
}

static bool is_mine(const struct lead *l, const struct input *in)
{
    if (in->kind == INPUT_WATCH)
        return in->token == l->token;
    return (in->kind == INPUT_ANSWER || in->kind == INPUT_TIMER) && in->object == l->object;
}

bool lead_input(struct lead *l, const struct input *in)
{
    bool mine = is_mine(l, in);
    if (mine && in->kind == INPUT_ANSWER && in->token == l->asked)
        lead__answer(l, in);
    else if (mine && in->kind == INPUT_WATCH)
        lead__watch(l, in);
    else if (mine && in->kind == INPUT_TIMER && in->timer == LEAD_PACE)
        lead__event(l, LEAD_EV_TIMER, NULL);
    /* Whatever it was: a process that stood still must find out before it acts on it. */
    if (l->state == LEAD_ST_LEADING && !lead_is(l))
        lead__event(l, LEAD_EV_LAPSED, NULL);
    tell(l);
    return mine;
}

void lead_resign(struct lead *l)
{
    lead__event(l, LEAD_EV_RESIGN, NULL);
    tell(l);
}
