/* Who leads. Nothing is believed but a yes that says what it should; from every doubt the way leads to a look
 * at the key. */
#include "base/error.h"
#include "base/log.h"
#include "lead/lead_int.h"

static void set_pace(struct lead *l, enum timer timer)
{
    world_timer_set(l->world, &l->pace, l->object, LEAD_PACE, world_now(l->world) + timer_duration(timer));
}

static void arm(void *object, enum timer timer)
{
    struct lead *l = object;
    if (timer == TIMER_NONE)
        world_timer_clear(&l->pace);
    else
        set_pace(l, timer);
}

/* The lease lasts at least until then: counted from sending, since nobody knows when it arrived. */
static void prolong(struct lead *l)
{
    l->until = l->sent + timer_duration(TIMER_LEAD_LEASE_OWN);
    world_timer_set(l->world, &l->end, l->object, LEAD_END, l->until);
}

static int read_h(void *object, const void *input)
{
    (void)input;
    lead__read(object);
    return 0;
}

/* ---- who holds the key ---- */

static int read_done_h(void *object, const void *input)
{
    struct lead *l = object;
    const struct lead_answer *a = input;
    switch (a->holder) {
    case LEAD_NOBODY:
        lead__grant(l);
        return LEAD_ST_GRANTING;
    case LEAD_SELF:
        l->number = a->revision;
        lead__renew(l);
        return LEAD_ST_REGAINING;
    default:
        return LEAD_ST_WAITING;
    }
}

static int free_h(void *object, const void *input)
{
    (void)input;
    lead__grant(object);
    return 0;
}

/* ---- taking it ---- */

static int granted_h(void *object, const void *input)
{
    struct lead *l = object;
    const struct lead_answer *a = input;
    l->lease = a->lease;
    lead__claim(l);
    return 0;
}

static int claimed_h(void *object, const void *input)
{
    struct lead *l = object;
    const struct lead_answer *a = input;
    l->number = a->revision;
    prolong(l);
    return 0;
}

/* Refused with its own key: the claim was done, and only its answer came late. */
static int refused_h(void *object, const void *input)
{
    struct lead *l = object;
    const struct lead_answer *a = input;
    if (a->holder != LEAD_SELF) {
        lead__revoke(l);
        return LEAD_ST_WAITING;
    }
    l->number = a->revision;
    lead__renew(l);
    return LEAD_ST_REGAINING;
}

static int regained_h(void *object, const void *input)
{
    (void)input;
    prolong(object);
    return 0;
}

/* ---- keeping it ---- */

static int renew_h(void *object, const void *input)
{
    struct lead *l = object;
    (void)input;
    set_pace(l, TIMER_LEAD_RENEW);
    if (l->asked == 0)
        lead__renew(l);
    return 0;
}

static int renewed_h(void *object, const void *input)
{
    (void)input;
    prolong(object);
    return 0;
}

/* The lease lasts longer than one lost answer: there is time for some more. */
static int again_h(void *object, const void *input)
{
    (void)input;
    set_pace(object, TIMER_LEAD_AGAIN);
    return 0;
}

static int ended_h(void *object, const void *input)
{
    struct lead *l = object;
    (void)input;
    l->lease = 0;
    l->until = 0;
    return 0;
}

static int resign_h(void *object, const void *input)
{
    (void)input;
    lead__revoke(object);
    return 0;
}

static void enter_leading(void *object)
{
    struct lead *l = object;
    strcpy(l->leader, l->name);
    LOG(LOG_NOTICE, "lead", "%s: %s leads, number %llu", l->key, l->name, (unsigned long long)l->number);
}

/* Whatever was asked before does not matter any more. */
static void enter_waiting(void *object)
{
    struct lead *l = object;
    l->asked = 0;
    world_timer_clear(&l->end);
}

/* ---- the table ---- */

static const struct fsm_state states[] = {
    [LEAD_ST_WAITING] = {"waiting", TIMER_LEAD_LOOK, false, enter_waiting},
    [LEAD_ST_READING] = {"reading", TIMER_NONE, false, NULL},
    [LEAD_ST_GRANTING] = {"granting", TIMER_NONE, false, NULL},
    [LEAD_ST_CLAIMING] = {"claiming", TIMER_NONE, false, NULL},
    [LEAD_ST_REGAINING] = {"regaining", TIMER_NONE, false, NULL},
    [LEAD_ST_LEADING] = {"leading", TIMER_LEAD_RENEW, false, enter_leading},
    [LEAD_ST_RESIGNED] = {"resigned", TIMER_NONE, false, enter_waiting},
};

static const char *const events[] = {
    [LEAD_EV_YES] = "yes",
    [LEAD_EV_NO] = "no",
    [LEAD_EV_UNKNOWN] = "unknown",
    [LEAD_EV_TIMER] = "timer",
    [LEAD_EV_FREE] = "free",
    [LEAD_EV_TAKEN] = "taken",
    [LEAD_EV_LAPSED] = "lapsed",
    [LEAD_EV_RESIGN] = "resign",
};

static const struct fsm_row rows[] = {
    {LEAD_ST_WAITING, LEAD_EV_TIMER, LEAD_ST_READING, 0, read_h},
    {LEAD_ST_WAITING, LEAD_EV_FREE, LEAD_ST_GRANTING, 0, free_h},
    {LEAD_ST_WAITING, LEAD_EV_RESIGN, LEAD_ST_RESIGNED, 0, resign_h},
    {LEAD_ST_READING, LEAD_EV_YES, LEAD_ST_WAITING,
        FSM_CHOICE(LEAD_ST_WAITING) | FSM_CHOICE(LEAD_ST_GRANTING) | FSM_CHOICE(LEAD_ST_REGAINING),
        read_done_h},
    {LEAD_ST_READING, LEAD_EV_NO, LEAD_ST_WAITING, 0, NULL},
    {LEAD_ST_READING, LEAD_EV_UNKNOWN, LEAD_ST_WAITING, 0, NULL},
    {LEAD_ST_READING, LEAD_EV_FREE, LEAD_ST_GRANTING, 0, free_h},
    {LEAD_ST_READING, LEAD_EV_RESIGN, LEAD_ST_RESIGNED, 0, resign_h},
    {LEAD_ST_GRANTING, LEAD_EV_YES, LEAD_ST_CLAIMING, 0, granted_h},
    {LEAD_ST_GRANTING, LEAD_EV_NO, LEAD_ST_WAITING, 0, NULL},
    {LEAD_ST_GRANTING, LEAD_EV_UNKNOWN, LEAD_ST_WAITING, 0, NULL},
    {LEAD_ST_GRANTING, LEAD_EV_FREE, FSM_STAY, 0, NULL},
    {LEAD_ST_GRANTING, LEAD_EV_RESIGN, LEAD_ST_RESIGNED, 0, resign_h},
    {LEAD_ST_CLAIMING, LEAD_EV_YES, LEAD_ST_LEADING, 0, claimed_h},
    {LEAD_ST_CLAIMING, LEAD_EV_NO, LEAD_ST_WAITING,
        FSM_CHOICE(LEAD_ST_WAITING) | FSM_CHOICE(LEAD_ST_REGAINING), refused_h},
    {LEAD_ST_CLAIMING, LEAD_EV_UNKNOWN, LEAD_ST_READING, 0, read_h},
    {LEAD_ST_CLAIMING, LEAD_EV_FREE, FSM_STAY, 0, NULL},
    {LEAD_ST_CLAIMING, LEAD_EV_RESIGN, LEAD_ST_RESIGNED, 0, resign_h},
    {LEAD_ST_REGAINING, LEAD_EV_YES, LEAD_ST_LEADING, 0, regained_h},
    {LEAD_ST_REGAINING, LEAD_EV_NO, LEAD_ST_WAITING, 0, ended_h},
    {LEAD_ST_REGAINING, LEAD_EV_UNKNOWN, LEAD_ST_WAITING, 0, NULL},
    {LEAD_ST_REGAINING, LEAD_EV_FREE, FSM_STAY, 0, NULL},
    {LEAD_ST_REGAINING, LEAD_EV_RESIGN, LEAD_ST_RESIGNED, 0, resign_h},
    {LEAD_ST_LEADING, LEAD_EV_TIMER, FSM_STAY, 0, renew_h},
    {LEAD_ST_LEADING, LEAD_EV_YES, FSM_STAY, 0, renewed_h},
    {LEAD_ST_LEADING, LEAD_EV_NO, LEAD_ST_WAITING, 0, ended_h},
    {LEAD_ST_LEADING, LEAD_EV_UNKNOWN, FSM_STAY, 0, again_h},
    {LEAD_ST_LEADING, LEAD_EV_FREE, LEAD_ST_WAITING, 0, ended_h},
    {LEAD_ST_LEADING, LEAD_EV_TAKEN, LEAD_ST_WAITING, 0, ended_h},
    {LEAD_ST_LEADING, LEAD_EV_LAPSED, LEAD_ST_WAITING, 0, NULL},
    {LEAD_ST_LEADING, LEAD_EV_RESIGN, LEAD_ST_RESIGNED, 0, resign_h},
    {LEAD_ST_RESIGNED, LEAD_EV_FREE, FSM_STAY, 0, NULL},
    {LEAD_ST_RESIGNED, LEAD_EV_RESIGN, FSM_STAY, 0, NULL},
};

static void refused(void *object)
{
    struct lead *l = object;
    world_count(l->world, COUNTER_FSM_REFUSED, 1);
}

const struct fsm lead_machine = {
    .name = "lead",
    .states = states,
    .events = events,
    .rows = rows,
    .state_count = FSM_COUNT(states),
    .event_count = FSM_COUNT(events),
    .row_count = FSM_COUNT(rows),
    .arm = arm,
    .refused = refused,
};

void lead__event(struct lead *l, enum lead_event event, const struct lead_answer *answer)
{
    /* A refused event is counted by the machine; nothing else follows from it. */
    int error = fsm_input(&lead_machine, &l->state, l, (uint8_t)event, answer);
    (void)error;
}
