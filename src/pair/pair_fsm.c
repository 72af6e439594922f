/* Who may act. Rows whose action chooses decide by the facts of the record; nothing is decided by time alone
 * but that a link is down and that a lease may have ended. */
#include "base/error.h"
#include "base/log.h"
#include "pair/pair_int.h"

static struct pair *self(void *object)
{
    return object;
}

static bool mine(const struct pair *p)
{
    return strcmp(p->record.primary, p->name) == 0;
}

/* ---- becoming something ---- */

static int become_fresh(void *object, const void *input)
{
    struct pair *p = self(object);
    (void)input;
    if (p->inner != NULL)
        LOG(LOG_NOTICE, "pair", "no longer primary of %s; view %llu belongs to %s", p->pair,
            (unsigned long long)p->record.view, p->record.primary);
    pair__inner_close(p);
    pair__shadow_free(p);
    pair__link_drop(p);
    return PAIR_ST_FRESH;
}

/* The record is ours: the inner role begins, with what the shadow holds or with nothing. */
static void enter_alone(void *object)
{
    struct pair *p = self(object);
    bool with_state = p->shadow_view != 0;
    if (p->inner != NULL)
        return;
    p->view = p->record.view;
    LOG(LOG_NOTICE, "pair", "primary of %s, view %llu, %s", p->pair, (unsigned long long)p->view,
        with_state ? "with the state of the other member" : "with nothing to take over");
    int error = pair__inner_open(p, with_state);
    if (error != 0)
        LOG(LOG_ERROR, "pair", "cannot start as primary of %s: %s", p->pair, error_sentence(error));
    if (p->linked)
        pair__walk_start(p);
}

/* ---- without the state: may this member begin with nothing? ---- */

/* A primary that lost its lease since the registry was away still has the state: as long as the link shows
 * that it lives, nobody begins with nothing in its place. */
static bool other_dead(const struct pair *p)
{
    int64_t now = world_now(p->world), wait = timer_duration(TIMER_PAIR_CLAIM);
    /* ... also one that does not know yet that the registry let it take over. */
    bool takes = strcmp(p->record.primary, p->other) == 0 && p->state_seen_view + 1 == p->record.view;
    bool state_lives = (p->state_seen_view == p->record.view || takes) && now - p->state_seen < wait;
    /* Whoever has changed the record not long ago was alive then, and may only wait for its lease. */
    bool record_old = now - p->record_since >= timer_duration(TIMER_PAIR_LEASE);
    return p->other_gone && !state_lives && record_old && now - p->gone_since >= wait;
}

static bool may_claim(const struct pair *p)
{
    if (world_now(p->world) >= p->lease_until)
        return false; /* who is not known to live must not act alone */
    if (p->record.primary[0] == '\0')
        return true;
    if (!mine(p))
        return other_dead(p);
    return p->record.alone || other_dead(p) || p->other[0] == '\0' ||
           (p->linked && p->other_view != p->record.view);
}

/* Hello came from a primary while this member was about something else: what it has shipped since went past
 * us, so the link begins anew. */
static int stay_fresh(struct pair *p)
{
    if (p->linked && p->other_primary)
        pair__link_drop(p);
    return PAIR_ST_FRESH;
}

/* Views number calls and their events for good, so a registry that was lost, or is empty after a restore,
 * must not begin them anew: the first view is the time in seconds, which takeovers never run ahead of for
 * long. */
static uint64_t next_view(const struct pair *p)
{
    const int64_t begin = 1767225600000000; /* µs: 1 January 2026 */
    int64_t seconds = (world_now(p->world) - begin) / 1000000;
    bool first = p->record.primary[0] == '\0';
    return first && seconds > 0 ? (uint64_t)seconds : p->record.view + 1;
}

static int decide(void *object, const void *input)
{
    struct pair *p = self(object);
    (void)input;
    if (!may_claim(p))
        return stay_fresh(p);
    pair__set(p, next_view(p), p->name, true);
    return PAIR_ST_CLAIMING;
}

static int lost_claim(void *object, const void *input)
{
    (void)input;
    return stay_fresh(self(object));
}

static int begin_syncing(void *object, const void *input)
{
    struct pair *p = self(object);
    (void)input;
    pair__shadow_free(p);
    if (!p->other_primary)
        return PAIR_ST_FRESH;
    p->shadow_view = p->other_view;
    return PAIR_ST_SYNCING;
}

/* ---- with the state ---- */

/* In step by the record, which is what counts: the primary may have gone on without receipts until it said
 * so. */
static bool may_take(const struct pair *p)
{
    return p->record.view == p->shadow_view && !p->record.alone && !mine(p);
}

static int ask_to_take(void *object, const void *input)
{
    struct pair *p = self(object);
    (void)input;
    if (may_take(p))
        pair__set(p, p->shadow_view + 1, p->name, true);
    else
        pair__read(p); /* as far as this member has heard; the record may say more */
    return PAIR_ST_TAKING;
}

/* The record differs from what this member had seen. In step with it, it may still take over; otherwise the
 * other member was faster, or went on without us. */
static int take_again(void *object, const void *input)
{
    struct pair *p = self(object);
    if (may_take(p)) {
        pair__set(p, p->shadow_view + 1, p->name, true);
        return PAIR_ST_TAKING;
    }
    return become_fresh(object, input);
}

/* ---- as primary ---- */

static int walk(void *object, const void *input)
{
    struct pair *p = self(object);
    (void)input;
    pair__walk_start(p);
    return FSM_STAY;
}

/* What was let out while alone has not waited for receipts: before the record says "in step" the backup must
 * have all of it. From here on effects wait. */
static void enter_catching(void *object)
{
    struct pair *p = self(object);
    p->walk_end = p->sent;
    if (p->received >= p->sent)
        pair__event(p, PAIR_EV_WALKED);
}

/* The record says alone still: nothing has to be asked. */
static int back_to_alone(void *object, const void *input)
{
    (void)input;
    pair__link_drop(self(object));
    pair__release_all(self(object));
    return PAIR_ST_ALONE;
}

static int ask_to_join(void *object, const void *input)
{
    struct pair *p = self(object);
    (void)input;
    pair__set(p, p->view, p->name, false);
    return PAIR_ST_JOINING;
}

static int ask_to_part(void *object, const void *input)
{
    struct pair *p = self(object);
    (void)input;
    pair__link_drop(p);
    pair__set(p, p->view, p->name, true);
    return PAIR_ST_PARTING;
}

static int go_on_alone(void *object, const void *input)
{
    struct pair *p = self(object);
    (void)input;
    p->walk = NULL;
    if (world_now(p->world) >= p->lease_until)
        return PAIR_ST_FROZEN; /* alone by the record, but not by its lease: nothing goes out yet */
    pair__release_all(p);
    if (p->linked)
        pair__walk_start(p);
    return PAIR_ST_ALONE;
}

static int in_step(void *object, const void *input)
{
    (void)input;
    LOG(LOG_NOTICE, "pair", "%s is in step", self(object)->other);
    return PAIR_ST_PAIRED;
}

/* The record is ours still, of our view: what we asked for was not done, and is asked again. */
static int ask_again(void *object, const void *input)
{
    struct pair *p = self(object);
    if (!mine(p) || p->record.view != p->view)
        return become_fresh(object, input);
    pair__set(p, p->wanted.view, p->wanted.primary, p->wanted.alone);
    return p->state;
}

static int check(void *object, const void *input)
{
    struct pair *p = self(object);
    if (!mine(p) || p->record.view != p->view)
        return become_fresh(object, input);
    if (world_now(p->world) >= p->lease_until)
        return FSM_STAY;
    pair__release_all(p);
    if (p->linked)
        pair__walk_start(p);
    return PAIR_ST_ALONE;
}

static int read_first(void *object, const void *input)
{
    (void)input;
    pair__read(self(object));
    return PAIR_ST_FROZEN;
}

static int stop_walk(void *object, const void *input)
{
    (void)input;
    self(object)->walk = NULL;
    return FSM_STAY;
}

static int leave_link(void *object, const void *input)
{
    struct pair *p = self(object);
    (void)input;
    p->walk = NULL;
    pair__link_drop(p);
    return FSM_STAY;
}

static const char *const events[PAIR_EV_COUNT] = {"read", "yes", "no", "link_up", "link_down", "walked",
    "superseded", "lease_lost", "lease_back", "stalled"};

static const struct fsm_state states[PAIR_ST_COUNT] = {
    [PAIR_ST_READING] = {"reading", TIMER_NONE, false},
    [PAIR_ST_FRESH] = {"fresh", TIMER_NONE, false},
    [PAIR_ST_SYNCING] = {"syncing", TIMER_NONE, false},
    [PAIR_ST_SHADOW] = {"shadow", TIMER_NONE, false},
    [PAIR_ST_CLAIMING] = {"claiming", TIMER_NONE, false},
    [PAIR_ST_TAKING] = {"taking", TIMER_NONE, false},
    [PAIR_ST_ALONE] = {"alone", TIMER_NONE, false, enter_alone},
    [PAIR_ST_CATCHING] = {"catching", TIMER_NONE, false, enter_catching},
    [PAIR_ST_JOINING] = {"joining", TIMER_NONE, false},
    [PAIR_ST_PAIRED] = {"paired", TIMER_NONE, false},
    [PAIR_ST_PARTING] = {"parting", TIMER_NONE, false},
    [PAIR_ST_FROZEN] = {"frozen", TIMER_NONE, false},
};

#define FRESH_OR(state) (FSM_CHOICE(PAIR_ST_FRESH) | FSM_CHOICE(state))

static const struct fsm_row rows[] = {
    {PAIR_ST_READING, PAIR_EV_READ, PAIR_ST_FRESH, FRESH_OR(PAIR_ST_CLAIMING), decide},
    {PAIR_ST_READING, PAIR_EV_LINK_UP, FSM_STAY, 0, NULL},
    {PAIR_ST_READING, PAIR_EV_LINK_DOWN, FSM_STAY, 0, leave_link},

    {PAIR_ST_FRESH, PAIR_EV_READ, PAIR_ST_FRESH, FRESH_OR(PAIR_ST_CLAIMING), decide},
    {PAIR_ST_FRESH, PAIR_EV_LINK_UP, PAIR_ST_SYNCING, FRESH_OR(PAIR_ST_SYNCING), begin_syncing},
    {PAIR_ST_FRESH, PAIR_EV_LINK_DOWN, FSM_STAY, 0, leave_link},

    {PAIR_ST_SYNCING, PAIR_EV_LINK_UP, PAIR_ST_SYNCING, FRESH_OR(PAIR_ST_SYNCING), begin_syncing},
    {PAIR_ST_SYNCING, PAIR_EV_LINK_DOWN, PAIR_ST_FRESH, 0, become_fresh},
    {PAIR_ST_SYNCING, PAIR_EV_WALKED, PAIR_ST_SHADOW, 0, NULL},
    {PAIR_ST_SYNCING, PAIR_EV_SUPERSEDED, PAIR_ST_FRESH, 0, become_fresh},
    {PAIR_ST_SYNCING, PAIR_EV_READ, FSM_STAY, 0, NULL},

    {PAIR_ST_SHADOW, PAIR_EV_LINK_DOWN, PAIR_ST_TAKING, 0, ask_to_take},
    {PAIR_ST_SHADOW, PAIR_EV_LINK_UP, PAIR_ST_SYNCING, FRESH_OR(PAIR_ST_SYNCING), begin_syncing},
    {PAIR_ST_SHADOW, PAIR_EV_SUPERSEDED, PAIR_ST_FRESH, 0, become_fresh},
    {PAIR_ST_SHADOW, PAIR_EV_READ, FSM_STAY, 0, NULL},

    {PAIR_ST_CLAIMING, PAIR_EV_YES, PAIR_ST_ALONE, 0, NULL},
    {PAIR_ST_CLAIMING, PAIR_EV_NO, PAIR_ST_FRESH, 0, lost_claim},
    {PAIR_ST_CLAIMING, PAIR_EV_READ, PAIR_ST_FRESH, FRESH_OR(PAIR_ST_CLAIMING), decide},
    {PAIR_ST_CLAIMING, PAIR_EV_LINK_UP, FSM_STAY, 0, NULL},
    {PAIR_ST_CLAIMING, PAIR_EV_LINK_DOWN, FSM_STAY, 0, leave_link},
    {PAIR_ST_CLAIMING, PAIR_EV_SUPERSEDED, FSM_STAY, 0, NULL},

    {PAIR_ST_TAKING, PAIR_EV_YES, PAIR_ST_ALONE, 0, NULL},
    {PAIR_ST_TAKING, PAIR_EV_NO, PAIR_ST_TAKING, FRESH_OR(PAIR_ST_TAKING), take_again},
    {PAIR_ST_TAKING, PAIR_EV_READ, PAIR_ST_TAKING, FRESH_OR(PAIR_ST_TAKING), take_again},
    {PAIR_ST_TAKING, PAIR_EV_SUPERSEDED, PAIR_ST_FRESH, 0, become_fresh},
    {PAIR_ST_TAKING, PAIR_EV_LINK_UP, FSM_STAY, 0,
        NULL}, /* the other sees that the state is alive; no receipts */
    {PAIR_ST_TAKING, PAIR_EV_LINK_DOWN, FSM_STAY, 0, leave_link},

    {PAIR_ST_ALONE, PAIR_EV_LINK_UP, FSM_STAY, 0, walk},
    {PAIR_ST_ALONE, PAIR_EV_LINK_DOWN, FSM_STAY, 0, leave_link},
    {PAIR_ST_ALONE, PAIR_EV_STALLED, FSM_STAY, 0, leave_link},
    {PAIR_ST_ALONE, PAIR_EV_WALKED, PAIR_ST_CATCHING, 0, NULL},
    {PAIR_ST_ALONE, PAIR_EV_SUPERSEDED, PAIR_ST_FRESH, 0, become_fresh},
    {PAIR_ST_ALONE, PAIR_EV_LEASE_LOST, PAIR_ST_FROZEN, 0, stop_walk},
    {PAIR_ST_ALONE, PAIR_EV_READ, FSM_STAY, 0, NULL},

    {PAIR_ST_CATCHING, PAIR_EV_WALKED, PAIR_ST_JOINING, 0, ask_to_join},
    {PAIR_ST_CATCHING, PAIR_EV_LINK_UP, PAIR_ST_ALONE, 0, back_to_alone}, /* it has begun anew */
    {PAIR_ST_CATCHING, PAIR_EV_LINK_DOWN, PAIR_ST_ALONE, 0, back_to_alone},
    {PAIR_ST_CATCHING, PAIR_EV_STALLED, PAIR_ST_ALONE, 0, back_to_alone},
    {PAIR_ST_CATCHING, PAIR_EV_SUPERSEDED, PAIR_ST_FRESH, 0, become_fresh},
    {PAIR_ST_CATCHING, PAIR_EV_LEASE_LOST, PAIR_ST_FROZEN, 0, stop_walk},
    {PAIR_ST_CATCHING, PAIR_EV_READ, FSM_STAY, 0, NULL},

    {PAIR_ST_JOINING, PAIR_EV_YES, PAIR_ST_PAIRED, 0, in_step},
    {PAIR_ST_JOINING, PAIR_EV_NO, PAIR_ST_FRESH, FRESH_OR(PAIR_ST_JOINING), ask_again},
    {PAIR_ST_JOINING, PAIR_EV_READ, PAIR_ST_FRESH, FRESH_OR(PAIR_ST_JOINING), ask_again},
    {PAIR_ST_JOINING, PAIR_EV_LINK_DOWN, PAIR_ST_PARTING, 0, ask_to_part},
    {PAIR_ST_JOINING, PAIR_EV_STALLED, PAIR_ST_PARTING, 0, ask_to_part},
    {PAIR_ST_JOINING, PAIR_EV_SUPERSEDED, PAIR_ST_FRESH, 0, become_fresh},

    {PAIR_ST_PAIRED, PAIR_EV_LINK_DOWN, PAIR_ST_PARTING, 0, ask_to_part},
    {PAIR_ST_PAIRED, PAIR_EV_STALLED, PAIR_ST_PARTING, 0, ask_to_part},
    {PAIR_ST_PAIRED, PAIR_EV_LINK_UP, PAIR_ST_PARTING, 0,
        ask_to_part}, /* it has begun anew and knows nothing */
    {PAIR_ST_PAIRED, PAIR_EV_SUPERSEDED, PAIR_ST_FRESH, 0, become_fresh},
    {PAIR_ST_PAIRED, PAIR_EV_READ, FSM_STAY, 0, NULL},

    {PAIR_ST_PARTING, PAIR_EV_YES, PAIR_ST_ALONE, FSM_CHOICE(PAIR_ST_FROZEN), go_on_alone},
    {PAIR_ST_PARTING, PAIR_EV_NO, PAIR_ST_FRESH, FRESH_OR(PAIR_ST_PARTING), ask_again},
    {PAIR_ST_PARTING, PAIR_EV_READ, PAIR_ST_FRESH, FRESH_OR(PAIR_ST_PARTING), ask_again},
    {PAIR_ST_PARTING, PAIR_EV_SUPERSEDED, PAIR_ST_FRESH, 0, become_fresh},
    {PAIR_ST_PARTING, PAIR_EV_LINK_UP, FSM_STAY, 0, NULL},
    {PAIR_ST_PARTING, PAIR_EV_LINK_DOWN, FSM_STAY, 0, leave_link},

    {PAIR_ST_FROZEN, PAIR_EV_LEASE_BACK, PAIR_ST_FROZEN, 0, read_first},
    {PAIR_ST_FROZEN, PAIR_EV_READ, FSM_STAY, FRESH_OR(PAIR_ST_ALONE), check},
    {PAIR_ST_FROZEN, PAIR_EV_SUPERSEDED, PAIR_ST_FRESH, 0, become_fresh},
    {PAIR_ST_FROZEN, PAIR_EV_LINK_UP, FSM_STAY, 0, NULL}, /* the other sees that the state is alive */
    {PAIR_ST_FROZEN, PAIR_EV_LINK_DOWN, FSM_STAY, 0, leave_link},
};

static void refused(void *object)
{
    world_count(self(object)->world, COUNTER_FSM_REFUSED, 1);
}

const struct fsm pair_machine = {
    .name = "pair",
    .states = states,
    .events = events,
    .rows = rows,
    .state_count = PAIR_ST_COUNT,
    .event_count = PAIR_EV_COUNT,
    .row_count = FSM_COUNT(rows),
    .refused = refused,
};
