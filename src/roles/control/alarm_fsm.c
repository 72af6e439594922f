/* The life of an alarm. What is wrong for a moment is not told, and what is well for a moment is not
 * believed. */
#include "base/log.h"
#include "roles/control/control_int.h"

static struct control_alarm *self(void *object)
{
    return object;
}

static void wait_for(struct control_alarm *a, enum timer timer)
{
    world_timer_set(a->control->world, &a->timer, OBJECT(CONTROL_OBJECT_ALARM, a->index), timer,
        world_now(a->control->world) + timer_duration(timer));
}

static void enter_pending(void *object)
{
    wait_for(self(object), control__alarm_rows[self(object)->kind].raise);
}

static void enter_clearing(void *object)
{
    wait_for(self(object), control__alarm_rows[self(object)->kind].clear);
}

static int raise_h(void *object, const void *input)
{
    static const enum log_level levels[] = {LOG_ERROR, LOG_WARNING, LOG_NOTICE};
    struct control_alarm *a = object;
    const struct control_alarm_row *row = &control__alarm_rows[a->kind];
    (void)input;
    a->raised_at = world_now(a->control->world);
    if (a->control->leads)
        LOG(levels[row->severity], "roles/control", "alarm %s raised: %s: %s", row->name, a->object, a->text);
    control__alarm_changed(a);
    return 0;
}

static int again_h(void *object, const void *input)
{
    (void)input;
    world_timer_clear(&self(object)->timer);
    return 0;
}

static int clear_h(void *object, const void *input)
{
    struct control_alarm *a = object;
    (void)input;
    a->cleared_at = world_now(a->control->world);
    if (a->control->leads)
        LOG(LOG_NOTICE, "roles/control", "alarm %s cleared: %s", control__alarm_rows[a->kind].name,
            a->object);
    control__alarm_changed(a);
    return 0;
}

static const struct fsm_state states[] = {
    [ALARM_ST_PENDING] = {"pending", TIMER_NONE, false, enter_pending},
    [ALARM_ST_RAISED] = {"raised", TIMER_NONE, false},
    [ALARM_ST_CLEARING] = {"clearing", TIMER_NONE, false, enter_clearing},
    [ALARM_ST_GONE] = {"gone", TIMER_NONE, true},
};

static const char *const events[] = {"wrong", "right", "due"};

static const struct fsm_row rows[] = {
    {ALARM_ST_PENDING, ALARM_EV_WRONG, FSM_STAY, 0, NULL},
    {ALARM_ST_PENDING, ALARM_EV_RIGHT, ALARM_ST_GONE, 0, NULL},
    {ALARM_ST_PENDING, ALARM_EV_DUE, ALARM_ST_RAISED, 0, raise_h},
    {ALARM_ST_RAISED, ALARM_EV_WRONG, FSM_STAY, 0, NULL},
    {ALARM_ST_RAISED, ALARM_EV_RIGHT, ALARM_ST_CLEARING, 0, NULL},
    {ALARM_ST_CLEARING, ALARM_EV_RIGHT, FSM_STAY, 0, NULL},
    {ALARM_ST_CLEARING, ALARM_EV_WRONG, ALARM_ST_RAISED, 0, again_h},
    {ALARM_ST_CLEARING, ALARM_EV_DUE, ALARM_ST_GONE, 0, clear_h},
};

static void refused(void *object)
{
    world_count(self(object)->control->world, COUNTER_FSM_REFUSED, 1);
}

const struct fsm control_alarm_machine = {
    .name = "alarm",
    .states = states,
    .events = events,
    .rows = rows,
    .state_count = FSM_COUNT(states),
    .event_count = FSM_COUNT(events),
    .row_count = FSM_COUNT(rows),
    .refused = refused,
};

void control__alarm_event(struct control_alarm *a, enum control_alarm_event event)
{
    (void)!fsm_input(&control_alarm_machine, &a->state, a, (uint8_t)event, NULL);
}
