/* The writer's machine: what it waits for. */
#include "base/error.h"
#include "base/log.h"
#include "roles/config/writer_int.h"

#define BEGINS                                                                                               \
    (FSM_CHOICE(WRITER_ST_READY) | FSM_CHOICE(WRITER_ST_SETTLING) | FSM_CHOICE(WRITER_ST_FETCHING) |         \
        FSM_CHOICE(WRITER_ST_CHECKING) | FSM_CHOICE(WRITER_ST_HASHING) | FSM_CHOICE(WRITER_ST_STAGING) |     \
        FSM_CHOICE(WRITER_ST_APPLYING))

static void retry_later(struct writer *w)
{
    world_timer_set(w->world, &w->timer, OBJECT(WRITER_OBJECT_MACHINE, 0), 0,
        world_now(w->world) + timer_duration(TIMER_CONFIG_RETRY));
}

static int retry_h(void *object, const void *input)
{
    (void)input;
    retry_later(object);
    return 0;
}

/* ---- the beginning ---- */

static int ask_number_h(void *object, const void *input)
{
    (void)input;
    writer__ask_number(object);
    return 0;
}

static int numbered_h(void *object, const void *input)
{
    struct writer *w = object;
    const struct writer_answer *a = input;
    if (writer__take_number(&w->number, a->bytes) != 0) {
        retry_later(w);
        return WRITER_ST_NUMBERING;
    }
    writer__ask_page(w);
    return WRITER_ST_LOADING;
}

static int load_h(void *object, const void *input)
{
    struct writer *w = object;
    const struct writer_answer *a = input;
    if (config_load_take(&w->load, a->bytes) != 0) {
        LOG(LOG_ERROR, "roles/config",
            "the store's answer is no list of objects; restore the database from a backup");
        retry_later(w);
        return WRITER_ST_LOADING;
    }
    if (!w->load.done) {
        writer__ask_page(w);
        return WRITER_ST_LOADING;
    }
    world_again(w->world, WRITER_AGAIN_MACHINE);
    return WRITER_ST_INDEXING;
}

static int load_failed_h(void *object, const void *input)
{
    const struct writer_answer *a = input;
    LOG(LOG_WARNING, "roles/config", "the objects cannot be read: %s; trying again",
        error_sentence(a->error));
    retry_later(object);
    return 0;
}

static int load_again_h(void *object, const void *input)
{
    (void)input;
    writer__ask_page(object);
    return 0;
}

static int index_h(void *object, const void *input)
{
    struct writer *w = object;
    (void)input;
    if (writer__index(w)) {
        world_again(w->world, WRITER_AGAIN_MACHINE);
        return WRITER_ST_INDEXING;
    }
    LOG(LOG_INFO, "roles/config", "%zu objects read, change %llu", catalogue_count(w->catalogue),
        (unsigned long long)w->number);
    return WRITER_ST_FOLLOWING;
}

/* Only who knows the configuration may lead. */
static void enter_following(void *object)
{
    struct writer *w = object;
    if (!w->follows)
        writer__follow(w);
}

/* ---- catching up ---- */

static int lead_h(void *object, const void *input)
{
    struct writer *w = object;
    (void)input;
    writer__catch_up(w);
    writer__ask_changes(w, true);
    return 0;
}

/* Works on the first one that waits, until it has to wait for somebody. */
static int go_on(struct writer *w)
{
    while (!list_empty(&w->waiting)) {
        struct transaction *t = writer__current(w);
        switch (writer__work(w, t)) {
        case WORK_MORE:
            world_again(w->world, WRITER_AGAIN_MACHINE);
            return WRITER_ST_CHECKING;
        case WORK_LOOK:
            writer__ask_settle(w, t);
            return WRITER_ST_SETTLING;
        case WORK_FETCH:
            writer__ask_fetch(w, t);
            return WRITER_ST_FETCHING;
        case WORK_HASH:
            writer__ask_hash(w);
            return WRITER_ST_HASHING;
        case WORK_WRITE:
            writer__ask_stage(w, t);
            return t->phase == PHASE_APPLY ? WRITER_ST_APPLYING : WRITER_ST_STAGING;
        default:
            writer__drop(w, t);
        }
    }
    return WRITER_ST_READY;
}

static int caught_up_h(void *object, const void *input)
{
    struct writer *w = object;
    const struct writer_answer *a = input;
    bool more;
    if (writer__take_changes(w, a->bytes, &more) != 0) {
        retry_later(w);
        return WRITER_ST_CATCHING;
    }
    if (more) {
        writer__ask_changes(w, false);
        return WRITER_ST_CATCHING;
    }
    writer__tell_caught(w);
    return go_on(w);
}

/* Large objects: fewer at a time. */
static bool too_many(struct writer *w, const struct writer_answer *a)
{
    if (a->error != ERROR_LIMIT || w->cursor.page <= WRITER_PAGE_LEAST)
        return false;
    w->cursor.page /= 2;
    writer__ask_changes(w, false);
    return true;
}

static int catch_failed_h(void *object, const void *input)
{
    if (!too_many(object, input))
        retry_later(object);
    return 0;
}

static int catch_again_h(void *object, const void *input)
{
    (void)input;
    writer__ask_changes(object, false);
    return 0;
}

/* ---- a transaction, up to the store ---- */

static int begin_h(void *object, const void *input)
{
    (void)input;
    return go_on(object);
}

static int failed(struct writer *w, int error, const char *sentence)
{
    struct transaction *t = writer__current(w);
    writer__refuse_text(w, &t->request, error, sentence);
    writer__drop(w, t);
    return go_on(w);
}

static int fetched_h(void *object, const void *input)
{
    struct writer *w = object;
    const struct writer_answer *a = input;
    struct transaction *t = writer__current(w);
    bool more;
    int error = writer__take_fetch(w, t, a->bytes, &more);
    if (error == ERROR_MISSING)
        return failed(w, error, "there is no change of this number");
    if (error == ERROR_UNSUPPORTED)
        return failed(w, ERROR_CONFLICT,
            "was made by another version of the program, which kept too little of it; it cannot be undone");
    if (error != 0)
        return failed(w, error, "");
    if (more) {
        writer__ask_fetch(w, t);
        return WRITER_ST_FETCHING;
    }
    t->phase = PHASE_CHECK;
    return go_on(w);
}

static int refused_h(void *object, const void *input)
{
    const struct writer_answer *a = input;
    struct writer *w = object;
    json_decref(w->hashing);
    w->hashing = NULL;
    return failed(w, a->error == ERROR_UNKNOWN ? ERROR_TIMEOUT : a->error, "");
}

static int hashed_h(void *object, const void *input)
{
    struct writer *w = object;
    const struct writer_answer *a = input;
    int error = writer__hashed(w, writer__current(w), a->bytes);
    return error != 0 ? failed(w, error, "") : go_on(w);
}

/* ---- writing ---- */

static int staged_h(void *object, const void *input)
{
    struct writer *w = object;
    struct transaction *t = writer__current(w);
    (void)input;
    if (writer__ask_stage(w, t))
        return WRITER_ST_STAGING;
    writer__ask_apply(w, t);
    return WRITER_ST_APPLYING;
}

/* What was staged under this name may or may not be there: all of it again, under another. */
static int stage_unknown_h(void *object, const void *input)
{
    struct writer *w = object;
    struct transaction *t = writer__current(w);
    (void)input;
    if (++t->tries == TRANSACTION_TRIES)
        return failed(w, ERROR_TIMEOUT, "");
    t->staged = 0;
    t->stage[0] = '\0';
    writer__ask_stage(w, t);
    return t->phase == PHASE_APPLY ? WRITER_ST_APPLYING : WRITER_ST_STAGING;
}

static int applied_h(void *object, const void *input)
{
    struct writer *w = object;
    (void)input;
    writer__catch_up(w);
    writer__ask_changes(w, false);
    return 0;
}

/* Somebody else was faster with the number or an object: what is there has to be seen first. */
static int not_applied_h(void *object, const void *input)
{
    struct writer *w = object;
    const struct writer_answer *a = input;
    struct transaction *t = writer__current(w);
    t->number = 0;
    if (a->error == ERROR_LIMIT)
        return failed(w, ERROR_LIMIT, "");
    if ((a->error != ERROR_CONFLICT && a->error != ERROR_EXISTS) || ++t->tries == TRANSACTION_TRIES)
        return failed(w, a->error, "");
    writer__ask_settle(w, t); /* it may even be that an earlier leader has made this very one */
    return WRITER_ST_SETTLING;
}

static int doubtful_h(void *object, const void *input)
{
    struct writer *w = object;
    (void)input;
    writer__current(w)->doubted = true;
    writer__ask_settle(w, writer__current(w));
    return 0;
}

/* ---- after a doubt ---- */

/* Not made: from the beginning, with what others have changed. */
static int start_again(struct writer *w, struct transaction *t)
{
    bool first = t->request.repeated;
    t->request.repeated = t->doubted = false;
    t->number = 0;
    if (first)
        return go_on(w);
    writer__again(t);
    writer__catch_up(w);
    writer__ask_changes(w, false);
    return WRITER_ST_CATCHING;
}

static int settled_h(void *object, const void *input)
{
    struct writer *w = object;
    const struct writer_answer *a = input;
    struct transaction *t = writer__current(w);
    uint64_t number, last;
    if (writer__take_settle(&number, &last, a->bytes) != 0) {
        retry_later(w);
        return WRITER_ST_SETTLING;
    }
    if (number != 0) {
        t->number = number;
        writer__catch_up(w);
        writer__ask_changes(w, false);
        return WRITER_ST_FINISHING;
    }
    if (last <= w->number && t->doubted) { /* it may still be on its way */
        writer__ask_take(w);
        return WRITER_ST_TAKING;
    }
    return start_again(w, t);
}

static int taken_h(void *object, const void *input)
{
    struct writer *w = object;
    (void)input;
    w->number++;
    writer__current(w)->number = 0;
    return failed(w, ERROR_TIMEOUT, "the store did not answer in time, and it was not done; try again");
}

static int look_again_h(void *object, const void *input)
{
    struct writer *w = object;
    (void)input;
    writer__ask_settle(w, writer__current(w));
    return 0;
}

/* ---- the end of a transaction ---- */

static int finished_h(void *object, const void *input)
{
    struct writer *w = object;
    const struct writer_answer *a = input;
    struct transaction *t = writer__current(w);
    bool more;
    if (writer__take_changes(w, a->bytes, &more) != 0) {
        retry_later(w);
        return WRITER_ST_FINISHING;
    }
    if (more) {
        writer__ask_changes(w, false);
        return WRITER_ST_FINISHING;
    }
    writer__tell(w, t);
    writer__settle(w, t);
    writer__drop(w, t);
    return go_on(w);
}

/* ---- who leads no longer ---- */

static int lost_h(void *object, const void *input)
{
    struct writer *w = object;
    (void)input;
    w->question = 0;
    world_timer_clear(&w->timer);
    writer__drop_all(w, ERROR_UNKNOWN,
        "another instance writes the configuration from now on, and it is not known whether this was done; "
        "see "
        "the history before you repeat it");
    return 0;
}

/* ---- the table ---- */

static const struct fsm_state states[] = {
    [WRITER_ST_NUMBERING] = {"numbering", TIMER_NONE, false, NULL},
    [WRITER_ST_LOADING] = {"loading", TIMER_NONE, false, NULL},
    [WRITER_ST_INDEXING] = {"indexing", TIMER_NONE, false, NULL},
    [WRITER_ST_FOLLOWING] = {"following", TIMER_NONE, false, enter_following},
    [WRITER_ST_CATCHING] = {"catching", TIMER_NONE, false, NULL},
    [WRITER_ST_READY] = {"ready", TIMER_NONE, false, NULL},
    [WRITER_ST_FETCHING] = {"fetching", TIMER_NONE, false, NULL},
    [WRITER_ST_CHECKING] = {"checking", TIMER_NONE, false, NULL},
    [WRITER_ST_HASHING] = {"hashing", TIMER_NONE, false, NULL},
    [WRITER_ST_STAGING] = {"staging", TIMER_NONE, false, NULL},
    [WRITER_ST_APPLYING] = {"applying", TIMER_NONE, false, NULL},
    [WRITER_ST_SETTLING] = {"settling", TIMER_NONE, false, NULL},
    [WRITER_ST_TAKING] = {"taking", TIMER_NONE, false, NULL},
    [WRITER_ST_FINISHING] = {"finishing", TIMER_NONE, false, NULL},
};

static const char *const events[] = {
    [WRITER_EV_YES] = "yes",
    [WRITER_EV_NO] = "no",
    [WRITER_EV_UNKNOWN] = "unknown",
    [WRITER_EV_CHANGE] = "change",
    [WRITER_EV_TIMER] = "timer",
    [WRITER_EV_AGAIN] = "again",
    [WRITER_EV_LEAD] = "lead",
    [WRITER_EV_LOST] = "lost",
};

/* Changes queue up while another one is made. */
#define BUSY(state)                                                                                          \
    {state, WRITER_EV_CHANGE, FSM_STAY, 0, NULL}, {state, WRITER_EV_AGAIN, FSM_STAY, 0, NULL},               \
    {                                                                                                        \
        state, WRITER_EV_LOST, WRITER_ST_FOLLOWING, 0, lost_h                                                \
    }

static const struct fsm_row rows[] = {
    {WRITER_ST_NUMBERING, WRITER_EV_YES, WRITER_ST_LOADING,
        FSM_CHOICE(WRITER_ST_NUMBERING) | FSM_CHOICE(WRITER_ST_LOADING), numbered_h},
    {WRITER_ST_NUMBERING, WRITER_EV_NO, FSM_STAY, 0, load_failed_h},
    {WRITER_ST_NUMBERING, WRITER_EV_UNKNOWN, FSM_STAY, 0, load_failed_h},
    {WRITER_ST_NUMBERING, WRITER_EV_TIMER, FSM_STAY, 0, ask_number_h},
    {WRITER_ST_LOADING, WRITER_EV_YES, WRITER_ST_INDEXING,
        FSM_CHOICE(WRITER_ST_LOADING) | FSM_CHOICE(WRITER_ST_INDEXING), load_h},
    {WRITER_ST_LOADING, WRITER_EV_NO, FSM_STAY, 0, load_failed_h},
    {WRITER_ST_LOADING, WRITER_EV_UNKNOWN, FSM_STAY, 0, load_failed_h},
    {WRITER_ST_LOADING, WRITER_EV_TIMER, FSM_STAY, 0, load_again_h},
    {WRITER_ST_INDEXING, WRITER_EV_AGAIN, WRITER_ST_FOLLOWING,
        FSM_CHOICE(WRITER_ST_INDEXING) | FSM_CHOICE(WRITER_ST_FOLLOWING), index_h},
    {WRITER_ST_FOLLOWING, WRITER_EV_LEAD, WRITER_ST_CATCHING, 0, lead_h},
    {WRITER_ST_FOLLOWING, WRITER_EV_AGAIN, FSM_STAY, 0, NULL},
    {WRITER_ST_CATCHING, WRITER_EV_YES, WRITER_ST_READY, BEGINS | FSM_CHOICE(WRITER_ST_CATCHING),
        caught_up_h},
    {WRITER_ST_CATCHING, WRITER_EV_NO, FSM_STAY, 0, catch_failed_h},
    {WRITER_ST_CATCHING, WRITER_EV_UNKNOWN, FSM_STAY, 0, retry_h},
    {WRITER_ST_CATCHING, WRITER_EV_TIMER, FSM_STAY, 0, catch_again_h},
    BUSY(WRITER_ST_CATCHING),
    {WRITER_ST_READY, WRITER_EV_CHANGE, WRITER_ST_READY, BEGINS, begin_h},
    {WRITER_ST_READY, WRITER_EV_AGAIN, FSM_STAY, 0, NULL},
    {WRITER_ST_READY, WRITER_EV_LOST, WRITER_ST_FOLLOWING, 0, lost_h},
    {WRITER_ST_FETCHING, WRITER_EV_YES, WRITER_ST_READY, BEGINS, fetched_h},
    {WRITER_ST_FETCHING, WRITER_EV_NO, WRITER_ST_READY, BEGINS, refused_h},
    {WRITER_ST_FETCHING, WRITER_EV_UNKNOWN, WRITER_ST_READY, BEGINS, refused_h},
    BUSY(WRITER_ST_FETCHING),
    {WRITER_ST_CHECKING, WRITER_EV_CHANGE, FSM_STAY, 0, NULL},
    {WRITER_ST_CHECKING, WRITER_EV_AGAIN, WRITER_ST_READY, BEGINS, begin_h},
    {WRITER_ST_CHECKING, WRITER_EV_LOST, WRITER_ST_FOLLOWING, 0, lost_h},
    {WRITER_ST_HASHING, WRITER_EV_YES, WRITER_ST_READY, BEGINS, hashed_h},
    {WRITER_ST_HASHING, WRITER_EV_NO, WRITER_ST_READY, BEGINS, refused_h},
    {WRITER_ST_HASHING, WRITER_EV_UNKNOWN, WRITER_ST_READY, BEGINS, refused_h},
    BUSY(WRITER_ST_HASHING),
    {WRITER_ST_STAGING, WRITER_EV_YES, WRITER_ST_APPLYING,
        FSM_CHOICE(WRITER_ST_STAGING) | FSM_CHOICE(WRITER_ST_APPLYING), staged_h},
    {WRITER_ST_STAGING, WRITER_EV_NO, WRITER_ST_READY, BEGINS, refused_h},
    {WRITER_ST_STAGING, WRITER_EV_UNKNOWN, WRITER_ST_STAGING, BEGINS, stage_unknown_h},
    BUSY(WRITER_ST_STAGING),
    {WRITER_ST_APPLYING, WRITER_EV_YES, WRITER_ST_FINISHING, 0, applied_h},
    {WRITER_ST_APPLYING, WRITER_EV_NO, WRITER_ST_SETTLING, BEGINS, not_applied_h},
    {WRITER_ST_APPLYING, WRITER_EV_UNKNOWN, WRITER_ST_SETTLING, 0, doubtful_h},
    BUSY(WRITER_ST_APPLYING),
    {WRITER_ST_SETTLING, WRITER_EV_YES, WRITER_ST_FINISHING,
        BEGINS | FSM_CHOICE(WRITER_ST_TAKING) | FSM_CHOICE(WRITER_ST_CATCHING) |
            FSM_CHOICE(WRITER_ST_FINISHING),
        settled_h},
    {WRITER_ST_SETTLING, WRITER_EV_NO, FSM_STAY, 0, retry_h},
    {WRITER_ST_SETTLING, WRITER_EV_UNKNOWN, FSM_STAY, 0, retry_h},
    {WRITER_ST_SETTLING, WRITER_EV_TIMER, FSM_STAY, 0, look_again_h},
    BUSY(WRITER_ST_SETTLING),
    {WRITER_ST_TAKING, WRITER_EV_YES, WRITER_ST_READY, BEGINS, taken_h},
    {WRITER_ST_TAKING, WRITER_EV_NO, WRITER_ST_SETTLING, 0, retry_h},
    {WRITER_ST_TAKING, WRITER_EV_UNKNOWN, WRITER_ST_SETTLING, 0, retry_h},
    BUSY(WRITER_ST_TAKING),
    {WRITER_ST_FINISHING, WRITER_EV_YES, WRITER_ST_READY, BEGINS | FSM_CHOICE(WRITER_ST_FINISHING),
        finished_h},
    {WRITER_ST_FINISHING, WRITER_EV_NO, FSM_STAY, 0, catch_failed_h},
    {WRITER_ST_FINISHING, WRITER_EV_UNKNOWN, FSM_STAY, 0, retry_h},
    {WRITER_ST_FINISHING, WRITER_EV_TIMER, FSM_STAY, 0, catch_again_h},
    BUSY(WRITER_ST_FINISHING),
};

static void refused(void *object)
{
    struct writer *w = object;
    world_count(w->world, COUNTER_FSM_REFUSED, 1);
}

const struct fsm writer_machine = {
    .name = "writer",
    .states = states,
    .events = events,
    .rows = rows,
    .state_count = FSM_COUNT(states),
    .event_count = FSM_COUNT(events),
    .row_count = FSM_COUNT(rows),
    .refused = refused,
};
