/* The errand's machine. Which states an errand goes through depends on its kind: steps.c. */
#include "base/error.h"
#include "base/log.h"
#include "roles/identity/identity_int.h"

#define ANY                                                                                                  \
    (FSM_CHOICE(IDENTITY_ST_CHECKING) | FSM_CHOICE(IDENTITY_ST_MAKING) | FSM_CHOICE(IDENTITY_ST_READING) |   \
        FSM_CHOICE(IDENTITY_ST_VERIFYING) | FSM_CHOICE(IDENTITY_ST_SIGNING) |                                \
        FSM_CHOICE(IDENTITY_ST_WRITING) | FSM_CHOICE(IDENTITY_ST_GIVING) | FSM_CHOICE(IDENTITY_ST_DONE))

static int go_h(void *object, const void *input)
{
    (void)input;
    return identity__advance(object);
}

static int yes_h(void *object, const void *input)
{
    struct errand *e = object;
    int error = identity__took(e, input);
    if (error == 0)
        return identity__advance(e);
    LOG(LOG_ERROR, "roles/identity", "an answer to an errand of %.*s is not what was asked for: %s",
        SLICE_ARG(e->name), error_sentence(error));
    identity__refuse(e, &(struct identity_refusal){500, error, NULL});
    return IDENTITY_ST_DONE;
}

static unsigned status_of(int error)
{
    switch (error) {
    case ERROR_UNAUTHENTICATED:
        return 401;
    case ERROR_DENIED:
        return 403;
    case ERROR_MISSING:
        return 404;
    case ERROR_CONFLICT:
    case ERROR_EXISTS:
        return 409;
    case ERROR_OVERLOADED:
    case ERROR_CLOSED:
        return 503;
    case ERROR_SYSTEM:
    case ERROR_DISK:
    case ERROR_CORRUPT:
    case ERROR_STALE:
        return 500;
    default:
        return 400;
    }
}

/* A job says why in a sentence. What the role config says goes on as it is. */
static int no_h(void *object, const void *input)
{
    struct errand *e = object;
    const struct identity_answer *a = input;
    if (e->kind == IDENTITY_SIGN && a->status == 0)
        LOG(LOG_WARNING, "roles/identity", "no certificate for %.*s: %.*s", SLICE_ARG(e->name),
            SLICE_ARG(
                slice_empty(a->bytes) ? slice_text(error_sentence(a->error)) : slice_first(a->bytes, 200)));
    json_t *body = a->status != 0 ? json_loadb(a->bytes.data, a->bytes.length, 0, NULL) : NULL;
    if (body != NULL) {
        identity__answer(e, a->status, body);
        return 0;
    }
    struct buffer sentence = {0};
    buffer_add(&sentence, slice_first(a->bytes, 500));
    buffer_add_byte(&sentence, '\0');
    identity__refuse(e, &(struct identity_refusal){a->status != 0 ? a->status : status_of(a->error),
                            a->error != 0 ? a->error : ERROR_UNKNOWN,
                            a->status == 0 && !slice_empty(a->bytes) ? sentence.data : NULL});
    buffer_free(&sentence);
    return 0;
}

static int unknown_h(void *object, const void *input)
{
    struct errand *e = object;
    (void)input;
    identity__refuse(
        e, &(struct identity_refusal){503, ERROR_TIMEOUT,
               e->state == IDENTITY_ST_WRITING
                   ? "it is not known whether it was done; look at the member before you repeat it"
                   : "no answer in time; try again"});
    return 0;
}

static const struct fsm_state states[] = {
    [IDENTITY_ST_NEW] = {"new", TIMER_NONE, false, NULL},
    [IDENTITY_ST_CHECKING] = {"checking", TIMER_NONE, false, NULL},
    [IDENTITY_ST_MAKING] = {"making", TIMER_NONE, false, NULL},
    [IDENTITY_ST_READING] = {"reading", TIMER_NONE, false, NULL},
    [IDENTITY_ST_VERIFYING] = {"verifying", TIMER_NONE, false, NULL},
    [IDENTITY_ST_SIGNING] = {"signing", TIMER_NONE, false, NULL},
    [IDENTITY_ST_WRITING] = {"writing", TIMER_NONE, false, NULL},
    [IDENTITY_ST_GIVING] = {"giving", TIMER_NONE, false, NULL},
    [IDENTITY_ST_DONE] = {"done", TIMER_NONE, true, NULL},
};

static const char *const events[] = {"go", "yes", "no", "unknown"};

#define WAITS(state)                                                                                         \
    {state, IDENTITY_EV_YES, IDENTITY_ST_DONE, ANY, yes_h},                                                  \
        {state, IDENTITY_EV_NO, IDENTITY_ST_DONE, 0, no_h},                                                  \
    {                                                                                                        \
        state, IDENTITY_EV_UNKNOWN, IDENTITY_ST_DONE, 0, unknown_h                                           \
    }

static const struct fsm_row rows[] = {
    {IDENTITY_ST_NEW, IDENTITY_EV_GO, IDENTITY_ST_DONE, ANY, go_h},
    WAITS(IDENTITY_ST_CHECKING),
    WAITS(IDENTITY_ST_MAKING),
    WAITS(IDENTITY_ST_READING),
    WAITS(IDENTITY_ST_VERIFYING),
    WAITS(IDENTITY_ST_SIGNING),
    WAITS(IDENTITY_ST_WRITING),
    WAITS(IDENTITY_ST_GIVING),
};

static void refused(void *object)
{
    const struct errand *e = object;
    world_count(e->identity->world, COUNTER_FSM_REFUSED, 1);
}

const struct fsm identity_machine = {
    .name = "errand",
    .states = states,
    .events = events,
    .rows = rows,
    .state_count = FSM_COUNT(states),
    .event_count = FSM_COUNT(events),
    .row_count = FSM_COUNT(rows),
    .refused = refused,
};
