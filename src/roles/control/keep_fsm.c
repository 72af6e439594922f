/* Keeping alarms in the store: only the control that leads does. While the store is away alarms are raised
 * and cleared all the same, and written when it is back. */
#include "base/log.h"
#include "roles/control/control_int.h"

static struct control *self(void *object)
{
    return object;
}

static void later(struct control *c)
{
    world_timer_set(c->world, &c->keep_timer, OBJECT(CONTROL_OBJECT_KEEP, 0), TIMER_CONTROL_RETRY,
        world_now(c->world) + timer_duration(TIMER_CONTROL_RETRY));
}

static int ask_open(void *object, const void *input)
{
    (void)input;
    control__ask_open(object);
    return 0;
}

static int loaded(void *object, const void *input)
{
    struct control *c = object;
    control__take_open(c, ((const struct input *)input)->bytes);
    if (list_empty(&c->unsaved))
        return KEEP_ST_IDLE;
    control__ask_write(c);
    return KEEP_ST_WRITING;
}

static int not_loaded(void *object, const void *input)
{
    (void)input;
    LOG(LOG_WARNING, "roles/control",
        "the store does not give the alarms that are raised; it is asked again");
    later(object);
    return 0;
}

static int write_h(void *object, const void *input)
{
    (void)input;
    control__ask_write(object);
    return 0;
}

static int written(void *object, const void *input)
{
    struct control *c = object;
    (void)input;
    control__written(c);
    if (list_empty(&c->unsaved))
        return KEEP_ST_IDLE;
    control__ask_write(c);
    return KEEP_ST_WRITING;
}

/* Written by number, so it may be done twice. */
static int not_written(void *object, const void *input)
{
    (void)input;
    LOG(LOG_WARNING, "roles/control", "the store does not take alarms; they are kept here and written later");
    later(object);
    return 0;
}

static int stop(void *object, const void *input)
{
    (void)input;
    world_timer_clear(&self(object)->keep_timer);
    return 0;
}

static const struct fsm_state states[] = {
    [KEEP_ST_WARM] = {"warm", TIMER_NONE, false},
    [KEEP_ST_LOADING] = {"loading", TIMER_NONE, false},
    [KEEP_ST_IDLE] = {"idle", TIMER_NONE, false},
    [KEEP_ST_WRITING] = {"writing", TIMER_NONE, false},
    [KEEP_ST_WAITING] = {"waiting", TIMER_NONE, false},
};

static const char *const events[] = {"lead", "lost", "yes", "no", "work", "timer"};

static const struct fsm_row rows[] = {
    {KEEP_ST_WARM, KEEP_EV_LEAD, KEEP_ST_LOADING, 0, ask_open},
    {KEEP_ST_WARM, KEEP_EV_LOST, FSM_STAY, 0, NULL},
    {KEEP_ST_LOADING, KEEP_EV_YES, KEEP_ST_IDLE, FSM_CHOICE(KEEP_ST_IDLE) | FSM_CHOICE(KEEP_ST_WRITING),
        loaded},
    {KEEP_ST_LOADING, KEEP_EV_NO, FSM_STAY, 0, not_loaded},
    {KEEP_ST_LOADING, KEEP_EV_TIMER, FSM_STAY, 0, ask_open},
    {KEEP_ST_LOADING, KEEP_EV_WORK, FSM_STAY, 0, NULL},
    {KEEP_ST_LOADING, KEEP_EV_LOST, KEEP_ST_WARM, 0, stop},
    {KEEP_ST_IDLE, KEEP_EV_WORK, KEEP_ST_WRITING, 0, write_h},
    {KEEP_ST_IDLE, KEEP_EV_LOST, KEEP_ST_WARM, 0, stop},
    {KEEP_ST_WRITING, KEEP_EV_YES, KEEP_ST_IDLE, FSM_CHOICE(KEEP_ST_IDLE) | FSM_CHOICE(KEEP_ST_WRITING),
        written},
    {KEEP_ST_WRITING, KEEP_EV_NO, KEEP_ST_WAITING, 0, not_written},
    {KEEP_ST_WRITING, KEEP_EV_WORK, FSM_STAY, 0, NULL},
    {KEEP_ST_WRITING, KEEP_EV_LOST, KEEP_ST_WARM, 0, stop},
    {KEEP_ST_WAITING, KEEP_EV_TIMER, KEEP_ST_WRITING, 0, write_h},
    {KEEP_ST_WAITING, KEEP_EV_WORK, FSM_STAY, 0, NULL},
    {KEEP_ST_WAITING, KEEP_EV_LOST, KEEP_ST_WARM, 0, stop},
};

static void refused(void *object)
{
    world_count(self(object)->world, COUNTER_FSM_REFUSED, 1);
}

const struct fsm control_keep_machine = {
    .name = "alarm-keeping",
    .states = states,
    .events = events,
    .rows = rows,
    .state_count = FSM_COUNT(states),
    .event_count = FSM_COUNT(events),
    .row_count = FSM_COUNT(rows),
    .refused = refused,
};

void control__keep_event(struct control *c, enum control_keep_event event, const struct input *in)
{
    if (event == KEEP_EV_WORK && c->keep == KEEP_ST_WARM)
        return;
    (void)!fsm_input(&control_keep_machine, &c->keep, c, (uint8_t)event, in);
}
