/* The machine of one node's stream. At most one question to the store is under way; what comes meanwhile is
 * collected for the next one. */
#include "roles/history/stream_int.h"

static const struct fsm_state states[STREAM_STATES] = {
    [STREAM_ST_READY] = {"READY", TIMER_NONE, false},
    [STREAM_ST_STORING] = {"STORING", TIMER_NONE, false},
    [STREAM_ST_WAITING] = {"WAITING", TIMER_HISTORY_RETRY, false},
    [STREAM_ST_LEARNING] = {"LEARNING", TIMER_NONE, false},
    [STREAM_ST_PAUSING] = {"PAUSING", TIMER_HISTORY_RETRY, false},
};

static const char *const events[STREAM_EVENTS] = {
    "event", "stored", "refused", "doubtful", "learned", "retry", "overdue"};

#define READY_OR_STORING (FSM_CHOICE(STREAM_ST_READY) | FSM_CHOICE(STREAM_ST_STORING))

/* What is overdue where the store is waited for is asked for when it has answered. */
static const struct fsm_row rows[] = {
    {STREAM_ST_READY, STREAM_EV_EVENT, STREAM_ST_READY, READY_OR_STORING, stream__collect_and_store},
    {STREAM_ST_READY, STREAM_EV_LEARNED, STREAM_ST_READY, READY_OR_STORING, stream__learn},

    {STREAM_ST_READY, STREAM_EV_OVERDUE, STREAM_ST_READY, READY_OR_STORING, stream__overdue},

    {STREAM_ST_STORING, STREAM_EV_OVERDUE, FSM_STAY, 0, NULL},
    {STREAM_ST_STORING, STREAM_EV_EVENT, FSM_STAY, 0, stream__collect},
    {STREAM_ST_STORING, STREAM_EV_STORED, STREAM_ST_READY, READY_OR_STORING, stream__advance},
    {STREAM_ST_STORING, STREAM_EV_REFUSED, STREAM_ST_WAITING, 0, NULL},
    {STREAM_ST_STORING, STREAM_EV_DOUBTFUL, STREAM_ST_LEARNING, 0, stream__ask},

    {STREAM_ST_WAITING, STREAM_EV_OVERDUE, FSM_STAY, 0, NULL},
    {STREAM_ST_WAITING, STREAM_EV_EVENT, FSM_STAY, 0, stream__collect},
    {STREAM_ST_WAITING, STREAM_EV_RETRY, STREAM_ST_STORING, 0, stream__repeat},

    {STREAM_ST_LEARNING, STREAM_EV_OVERDUE, FSM_STAY, 0, NULL},
    {STREAM_ST_LEARNING, STREAM_EV_EVENT, FSM_STAY, 0, stream__hold},
    {STREAM_ST_LEARNING, STREAM_EV_LEARNED, STREAM_ST_READY, READY_OR_STORING, stream__learn},
    {STREAM_ST_LEARNING, STREAM_EV_REFUSED, STREAM_ST_PAUSING, 0, NULL},
    {STREAM_ST_LEARNING, STREAM_EV_DOUBTFUL, STREAM_ST_PAUSING, 0, NULL},

    {STREAM_ST_PAUSING, STREAM_EV_OVERDUE, FSM_STAY, 0, NULL},
    {STREAM_ST_PAUSING, STREAM_EV_EVENT, FSM_STAY, 0, stream__hold},
    {STREAM_ST_PAUSING, STREAM_EV_RETRY, STREAM_ST_LEARNING, 0, stream__ask_again},
};

const struct fsm history_stream_fsm = {
    .name = "history-stream",
    .states = states,
    .events = events,
    .rows = rows,
    .state_count = STREAM_STATES,
    .event_count = STREAM_EVENTS,
    .row_count = FSM_COUNT(rows),
    .arm = stream__arm,
    .refused = stream__refused,
};
