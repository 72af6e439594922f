/* The call as a whole: what one leg does, the other has to follow. */
#include "base/error.h"
#include "base/log.h"
#include "roles/node/node_int.h"

static struct call *self(void *object)
{
    return object;
}

static const struct {
    uint16_t status;
    Tandem__CallResult result;
    const char *cause;
} refusals[] = {
    {486, TANDEM__CALL_RESULT__RESULT_BUSY, "busy"},
    {600, TANDEM__CALL_RESULT__RESULT_BUSY, "busy"},
    {408, TANDEM__CALL_RESULT__RESULT_NO_ANSWER, "no answer"},
    {480, TANDEM__CALL_RESULT__RESULT_NO_ANSWER, "unavailable"},
    {487, TANDEM__CALL_RESULT__RESULT_NO_ANSWER, "no answer"},
    {603, TANDEM__CALL_RESULT__RESULT_REJECTED, "rejected"},
    {403, TANDEM__CALL_RESULT__RESULT_REJECTED, "rejected"},
};

static int note_refusal(void *object, const void *input)
{
    struct call *c = self(object);
    (void)input;
    for (size_t i = 0; i < FSM_COUNT(refusals); i++)
        if (refusals[i].status == c->status)
            node__call_result(c, refusals[i].result, refusals[i].cause);
    node__call_result(c, TANDEM__CALL_RESULT__RESULT_FAILED, "failed");
    return FSM_STAY;
}

static int note_given_up(void *object, const void *input)
{
    (void)input;
    node__call_result(self(object), TANDEM__CALL_RESULT__RESULT_ABANDONED, "given up by the caller");
    return FSM_STAY;
}

/* The INVITE itself said how long it is good. */
static bool expires_early(const struct call *c)
{
    return c->deadline != 0 && c->deadline < c->started_at + timer_duration(TIMER_CALL_RING);
}

static int note_unanswered(void *object, const void *input)
{
    struct call *c = self(object);
    (void)input;
    node__call_result(c, TANDEM__CALL_RESULT__RESULT_NO_ANSWER, "no answer");
    c->status = expires_early(c) ? 487 : 480; /* RFC 3261 13.3.1 */
    return FSM_STAY;
}

static int note_end(void *object, const void *input)
{
    (void)input;
    node__call_result(self(object), TANDEM__CALL_RESULT__RESULT_ANSWERED, "normal");
    return FSM_STAY;
}

static int note_length(void *object, const void *input)
{
    (void)input;
    node__call_result(self(object), TANDEM__CALL_RESULT__RESULT_ANSWERED, "longest time reached");
    return FSM_STAY;
}

static int note_answer(void *object, const void *input)
{
    struct call *c = self(object);
    (void)input;
    c->answered_at = world_now(c->node->world);
    return FSM_STAY;
}

/* Neither leg could be taken down in an orderly way: they are forgotten. */
static int forget_legs(void *object, const void *input)
{
    struct call *c = self(object);
    (void)input;
    LOG(LOG_WARNING, "node", "call %016llx had to be ended by force", (unsigned long long)c->call_id);
    if (c->caller != NULL)
        node__leg_free(c->caller);
    if (c->callee != NULL)
        node__leg_free(c->callee);
    c->caller = c->callee = NULL;
    return FSM_STAY;
}

static void enter_ringing(void *object)
{
    node__stream_event(self(object), TANDEM__CALL_EVENT_KIND__CALL_RINGING);
}

static void enter_established(void *object)
{
    struct call *c = self(object);
    node__stream_event(c, TANDEM__CALL_EVENT_KIND__CALL_ESTABLISHED);
    node__media_reconcile(c);
}

static void enter_ending(void *object)
{
    struct call *c = self(object);
    struct node *n = c->node;
    uint64_t legs[2] = {c->caller != NULL ? c->caller->id : 0, c->callee != NULL ? c->callee->id : 0};
    uint16_t status = c->status != 0 ? c->status : 480;
    for (int i = 0; i < 2; i++) { /* ending one may be the end of the call */
        struct leg *l = map_get_number(&n->legs, legs[i]);
        if (l != NULL)
            node__leg_hang_up(l, status);
    }
}

static void enter_ended(void *object)
{
    struct call *c = self(object);
    node__stream_event(c, TANDEM__CALL_EVENT_KIND__CALL_RELEASED);
    node__call_free(c);
}

static const char *const events[CALL_EV_COUNT] = {
    "ringing", "answered", "refused", "hung_up", "given_up", "deadline", "gone"};

static const struct fsm_state states[CALL_ST_COUNT] = {
    [CALL_ST_DIALLING] = {"dialling", TIMER_CALL_RING, false, NULL},
    [CALL_ST_RINGING] = {"ringing", TIMER_CALL_RING, false, enter_ringing},
    [CALL_ST_ESTABLISHED] = {"established", TIMER_CALL_LENGTH, false, enter_established},
    [CALL_ST_ENDING] = {"ending", TIMER_CALL_END, false, enter_ending},
    [CALL_ST_ENDED] = {"ended", TIMER_NONE, true, enter_ended},
};

static const struct fsm_row rows[] = {
    {CALL_ST_DIALLING, CALL_EV_RINGING, CALL_ST_RINGING, 0, NULL},
    {CALL_ST_DIALLING, CALL_EV_ANSWERED, CALL_ST_ESTABLISHED, 0, note_answer},
    {CALL_ST_DIALLING, CALL_EV_REFUSED, CALL_ST_ENDING, 0, note_refusal},
    {CALL_ST_DIALLING, CALL_EV_GIVEN_UP, CALL_ST_ENDING, 0, note_given_up},
    {CALL_ST_DIALLING, CALL_EV_DEADLINE, CALL_ST_ENDING, 0, note_unanswered},
    {CALL_ST_RINGING, CALL_EV_RINGING, FSM_STAY, 0, NULL}, /* the phone that another one named */
    {CALL_ST_RINGING, CALL_EV_ANSWERED, CALL_ST_ESTABLISHED, 0, note_answer},
    {CALL_ST_RINGING, CALL_EV_REFUSED, CALL_ST_ENDING, 0, note_refusal},
    {CALL_ST_RINGING, CALL_EV_GIVEN_UP, CALL_ST_ENDING, 0, note_given_up},
    {CALL_ST_RINGING, CALL_EV_DEADLINE, CALL_ST_ENDING, 0, note_unanswered},
    {CALL_ST_ESTABLISHED, CALL_EV_HUNG_UP, CALL_ST_ENDING, 0, note_end},
    {CALL_ST_ESTABLISHED, CALL_EV_DEADLINE, CALL_ST_ENDING, 0, note_length},
    {CALL_ST_ENDING, CALL_EV_HUNG_UP, FSM_STAY, 0, NULL},
    {CALL_ST_ENDING, CALL_EV_ANSWERED, FSM_STAY, 0, NULL},
    {CALL_ST_ENDING, CALL_EV_RINGING, FSM_STAY, 0, NULL},
    {CALL_ST_ENDING, CALL_EV_GONE, CALL_ST_ENDED, 0, NULL},
    {CALL_ST_ENDING, CALL_EV_DEADLINE, CALL_ST_ENDED, 0, forget_legs},
};

static void arm(void *object, enum timer timer)
{
    struct call *c = self(object);
    if (timer == TIMER_CALL_RING && expires_early(c))
        return;
    node__call_set_deadline(c, timer != TIMER_NONE ? world_now(c->node->world) + timer_duration(timer) : 0);
}

static void refused_event(void *object)
{
    world_count(self(object)->node->world, COUNTER_FSM_REFUSED, 1);
}

const struct fsm node_call_machine = {
    .name = "call",
    .states = states,
    .events = events,
    .rows = rows,
    .state_count = CALL_ST_COUNT,
    .event_count = CALL_EV_COUNT,
    .row_count = FSM_COUNT(rows),
    .arm = arm,
    .refused = refused_event,
};
