/* One party's signalling. Actions speak to this leg's phone; what the call has to know is told on entering a
 * state. */
#include "base/error.h"
#include "base/log.h"
#include "roles/node/node_int.h"

static struct leg *self(void *object)
{
    return object;
}

/* ---- the phone that calls ---- */

static int accept(void *object, const void *input)
{
    const struct slice *description = input;
    node__leg_accept(self(object), *description);
    return FSM_STAY;
}

static int provisional_again(void *object, const void *input)
{
    (void)input;
    node__early_again(self(object));
    return FSM_STAY;
}

/* A reliable provisional answer was never acknowledged (RFC 3262 3). */
static int refuse_unacknowledged(void *object, const void *input)
{
    struct leg *l = self(object);
    (void)input;
    node__call_result(l->call, TANDEM__CALL_RESULT__RESULT_FAILED, "no PRACK");
    node__leg_refuse(l, 504);
    return FSM_STAY;
}

static int refuse_cancelled(void *object, const void *input)
{
    (void)input;
    node__leg_refuse(self(object), 487);
    return FSM_STAY;
}

static int refuse(void *object, const void *input)
{
    const uint16_t *status = input;
    node__leg_refuse(self(object), *status);
    return FSM_STAY;
}

static void stop_answering(struct leg *l)
{
    node__leg_set_resend(l, 0);
    buffer_free(&l->answer);
    l->invite = 0;
}

/* The 2xx goes out again until its ACK comes, as long as the transaction lives: 64 T1 (RFC 3261 13.3.1.4). */
static bool answer_again(struct leg *l)
{
    if (sip_transaction_find(&l->node->transactions, l->invite) == NULL) {
        stop_answering(l);
        return false;
    }
    int64_t next = l->interval * 2, longest = timer_duration(TIMER_SIP_T2);
    node__peers_send(l->node, sip_transaction_find(&l->node->transactions, l->invite)->target.name,
        buffer_slice(&l->answer));
    node__leg_set_resend(l, next < longest ? next : longest);
    return true;
}

static int bye(void *object, const void *input)
{
    (void)input;
    node__leg_bye(self(object));
    return LEG_ST_CLOSING;
}

static int answer_or_bye(void *object, const void *input)
{
    struct leg *l = self(object);
    return answer_again(l) ? FSM_STAY : bye(object, input);
}

static int acknowledged(void *object, const void *input)
{
    struct leg *l = self(object);
    const struct sip_message *m = input;
    stop_answering(l);
    if (l->media == MEDIA_OFFERING && l->update == 0)
        node__media_answered(l, m->body);
    return LEG_ST_ESTABLISHED;
}

static int acknowledged_and_bye(void *object, const void *input)
{
    stop_answering(self(object));
    return bye(object, input);
}

/* The phone has sent an INVITE inside the dialog and has no final answer yet. */
static bool phone_waits(const struct leg *l)
{
    const struct sip_transaction *t = sip_transaction_find(&l->node->transactions, l->invite);
    return t != NULL && t->kind == SIP_IST && t->state == SIP_ST_PROCEEDING;
}

static int closed_by_phone(void *object, const void *input)
{
    struct leg *l = self(object);
    (void)input;
    if (l->answer.length != 0)
        stop_answering(l);
    else if (phone_waits(l))
        node__leg_refuse(l, 487);
    return LEG_ST_CLOSED;
}

/* ---- the phone that is called ---- */

static int provisional(void *object, const void *input)
{
    const struct sip_message *m = input;
    node__early_provisional(self(object), m);
    return m->status >= 180 ? LEG_ST_RINGING : FSM_STAY;
}

static int provisional_more(void *object, const void *input)
{
    struct leg *l = self(object);
    node__early_provisional(l, input);
    node__media_reconcile(l->call);
    return FSM_STAY;
}

static int accepted(void *object, const void *input)
{
    struct leg *l = self(object);
    const struct sip_message *m = input;
    bool another = !slice_empty(l->dialog.remote_tag) && !slice_equal(l->dialog.remote_tag, m->to_tag);
    if (sip_dialog_from_response(&l->dialog, m) != 0) {
        LOG(LOG_WARNING, "node", "the phone %s answered without a usable Contact; the call ends", l->dn);
        return LEG_ST_CLOSED;
    }
    if (another)
        node__media_other_phone(l);
    node__read_abilities(l, m);
    if (l->media == MEDIA_ASKED) {
        node__media_offered(l, m->body);
    } else {
        node__leg_ack(l, SLICE(""));
        if (l->media == MEDIA_OFFERING && l->update == 0)
            node__media_answered(l, m->body);
        else if (l->media == MEDIA_STABLE && node__is_sdp(m))
            node__media_heard(l, m->body); /* it should be what it said before; the last word counts */
    }
    node__sdp_set(l, &l->invite_sdp, 0);
    l->fork_count = 0;
    node__session_response(l, m);
    return LEG_ST_ESTABLISHED;
}

/* What the phone does not like is ours, and the caller can do nothing about it: a challenge, an extension. */
static bool is_about_us(uint16_t status)
{
    return status == 401 || status == 407 || status == 420 || status == 421 || status == 422 || status == 494;
}

static int refused(void *object, const void *input)
{
    struct leg *l = self(object);
    const struct sip_message *m = input;
    l->invite = 0;
    if (m != NULL && m->status == 422 && l->state == LEG_ST_CALLING && node__session_asked(m) > l->expires) {
        /* RFC 4028 7.3, 7.4: once more, with a time that it takes, which is said from now on */
        l->expires = l->least_expires = node__session_asked(m);
        node__leg_invite(l, node__sdp_text(l->node, l->invite_sdp));
        return LEG_ST_CALLING;
    }
    l->call->status = m == NULL ? 408 : is_about_us(m->status) ? 500 : m->status;
    if (m != NULL && m->status / 100 == 3)
        node__call_redirect(l->call, m);
    if (m != NULL)
        node__call_reason(l->call, m);
    return LEG_ST_CLOSED;
}

/* A CANCEL may only follow a provisional answer (RFC 3261 9.1): before there is one it waits for it. */
static void try_cancel(struct leg *l)
{
    struct sip_transaction *t = sip_transaction_find(&l->node->transactions, l->invite);
    if (t == NULL || !sip_may_cancel(t) || l->cancelled)
        return;
    l->cancelled = true;
    char room[CALL_REASON];
    sip_cancel_saying(&l->node->transactions, t, node__call_why(l->call, room));
    node__core_changed(l->node);
}

static int cancel(void *object, const void *input)
{
    (void)input;
    try_cancel(self(object));
    return LEG_ST_CANCELLING;
}

static int cancel_now(void *object, const void *input)
{
    (void)input;
    try_cancel(self(object));
    return FSM_STAY;
}

/* The ACK of an answer that is not wanted any more: an offer in it must be answered all the same. */
static void reject_with_ack(struct leg *l, const struct sip_message *m)
{
    struct buffer answer = {.limit = SIP_MESSAGE_LIMIT};
    if (l->media == MEDIA_ASKED && m != NULL && node__is_sdp(m))
        node__media_offered(l, m->body);
    if (l->update == 0 && l->owed_rseq == 0)
        node__media_reject(l, &answer);
    node__leg_ack(l, buffer_slice(&answer));
    buffer_free(&answer);
}

static int accepted_too_late(void *object, const void *input)
{
    struct leg *l = self(object);
    if (sip_dialog_from_response(&l->dialog, input) != 0)
        return LEG_ST_CLOSED;
    reject_with_ack(l, input);
    return bye(object, input);
}

/* ---- the established leg ---- */

static int offer_accepted(void *object, const void *input)
{
    struct leg *l = self(object);
    const struct sip_message *m = input;
    if (sip_dialog_refresh(&l->dialog, m) != 0)
        LOG(LOG_DEBUG, "node", "a 2xx without Contact; the target stays");
    node__leg_ack(l, SLICE(""));
    l->attempts = 0;
    node__read_abilities(l, m);
    node__media_answered(l, m->body);
    node__session_response(l, m);
    node__media_reconcile(l->call);
    return FSM_STAY;
}

static int offer_refused(void *object, const void *input)
{
    struct leg *l = self(object);
    const struct sip_message *m = input;
    uint16_t status = m != NULL ? m->status : 408;
    l->invite = 0;
    if (status == 408 || status == 481)
        return bye(object, input);
    node__media_refused(l, status);
    node__session_arm(l);
    return FSM_STAY;
}

static int phone_acknowledged(void *object, const void *input)
{
    if (self(object)->answer.length == 0)
        return FSM_STAY; /* the ACK of a repeated 2xx: it says nothing about an offer that came after it */
    (void)acknowledged(object, input);
    node__media_reconcile(self(object)->call);
    return FSM_STAY;
}

static int leave(void *object, const void *input)
{
    struct leg *l = self(object);
    if (l->answer.length != 0)
        return LEG_ST_LEAVING;
    if (phone_waits(l))
        node__leg_refuse(l, 487);
    else if (l->media == MEDIA_OFFERED && l->ack.length == 0 && l->invite != 0)
        reject_with_ack(l, NULL);
    return bye(object, input);
}

static int audit(void *object, const void *input)
{
    struct leg *l = self(object);
    if (l->refresher == REFRESH_PHONE) { /* it has not shown itself in time (RFC 4028 10) */
        world_count(l->node->world, COUNTER_SESSIONS_EXPIRED, 1);
        LOG(LOG_NOTICE, "node", "the phone %s has not refreshed its session; the call ends", l->dn);
        return bye(object, input);
    }
    node__media_audit(l);
    node__session_arm(l);
    return FSM_STAY;
}

static int offer_again(void *object, const void *input)
{
    struct leg *l = self(object);
    (void)input;
    node__leg_set_again(l, 0);
    node__media_reconcile(l->call);
    return FSM_STAY;
}

static int acknowledge_again(void *object, const void *input)
{
    struct leg *l = self(object);
    if (l->ack.length == 0)
        reject_with_ack(l, input); /* to an offer that was open when the call ended */
    else
        node__leg_ack_again(l);
    return FSM_STAY;
}

/* ---- what the call hears ---- */

static void enter_ringing(void *object)
{
    struct call *c = self(object)->call;
    node__call_event(c, CALL_EV_RINGING);
    node__media_reconcile(c);
}

static void enter_established(void *object)
{
    struct leg *l = self(object);
    node__session_arm(l);
    if (!l->incoming && l->call->state < CALL_ST_ESTABLISHED)
        node__call_event(l->call, CALL_EV_ANSWERED);
    else
        node__media_reconcile(l->call);
}

/* A leg that ends by itself takes the other along at once; where the call ends already, it knows. */
static void enter_closing(void *object)
{
    node__call_event(self(object)->call, CALL_EV_HUNG_UP);
}

static void enter_closed(void *object)
{
    struct leg *l = self(object);
    struct call *c = l->call;
    node__call_leg_gone(c, l);
}

static const char *const events[LEG_EV_COUNT] = {"provisional", "accepted", "refused", "ack", "answer", "bye",
    "cancel", "hang_up", "resend", "deadline", "again"};

static const struct fsm_state states[LEG_ST_COUNT] = {
    [LEG_ST_INVITED] = {"invited", TIMER_NONE, false, NULL},   /* the call's deadline ends it */
    [LEG_ST_ANSWERED] = {"answered", TIMER_NONE, false, NULL}, /* the 2xx's repetition ends it */
    [LEG_ST_LEAVING] = {"leaving", TIMER_NONE, false, NULL},
    [LEG_ST_CALLING] = {"calling", TIMER_NONE, false, NULL}, /* its transaction ends it */
    [LEG_ST_RINGING] = {"ringing", TIMER_NONE, false, enter_ringing},
    [LEG_ST_ESTABLISHED] = {"established", TIMER_LEG_AUDIT, false, enter_established},
    [LEG_ST_CANCELLING] = {"cancelling", TIMER_SIP_64_T1, false, NULL},
    [LEG_ST_CLOSING] = {"closing", TIMER_SIP_64_T1, false, enter_closing},
    [LEG_ST_CLOSED] = {"closed", TIMER_NONE, true, enter_closed},
};

#define OR(a, b) (FSM_CHOICE(LEG_ST_##a) | FSM_CHOICE(LEG_ST_##b))

static const struct fsm_row rows[] = {
    {LEG_ST_INVITED, LEG_EV_ANSWER, LEG_ST_ANSWERED, 0, accept},
    {LEG_ST_INVITED, LEG_EV_CANCEL, LEG_ST_CLOSED, 0, refuse_cancelled},
    {LEG_ST_INVITED, LEG_EV_BYE, LEG_ST_CLOSED, 0, refuse_cancelled},
    {LEG_ST_INVITED, LEG_EV_HANG_UP, LEG_ST_CLOSED, 0, refuse},
    {LEG_ST_INVITED, LEG_EV_RESEND, FSM_STAY, 0, provisional_again},
    {LEG_ST_INVITED, LEG_EV_DEADLINE, LEG_ST_CLOSED, 0, refuse_unacknowledged},
    {LEG_ST_INVITED, LEG_EV_AGAIN, FSM_STAY, 0, offer_again},

    {LEG_ST_ANSWERED, LEG_EV_RESEND, FSM_STAY, FSM_CHOICE(LEG_ST_CLOSING), answer_or_bye},
    {LEG_ST_ANSWERED, LEG_EV_ACK, LEG_ST_ESTABLISHED, 0, acknowledged},
    {LEG_ST_ANSWERED, LEG_EV_BYE, LEG_ST_CLOSED, 0, closed_by_phone},
    {LEG_ST_ANSWERED, LEG_EV_HANG_UP, LEG_ST_LEAVING, 0, NULL},
    {LEG_ST_LEAVING, LEG_EV_RESEND, FSM_STAY, FSM_CHOICE(LEG_ST_CLOSING), answer_or_bye},
    {LEG_ST_LEAVING, LEG_EV_ACK, LEG_ST_CLOSING, 0, acknowledged_and_bye},
    {LEG_ST_LEAVING, LEG_EV_BYE, LEG_ST_CLOSED, 0, closed_by_phone},

    {LEG_ST_CALLING, LEG_EV_PROVISIONAL, FSM_STAY, FSM_CHOICE(LEG_ST_RINGING), provisional},
    {LEG_ST_CALLING, LEG_EV_ACCEPTED, LEG_ST_ESTABLISHED, OR(ESTABLISHED, CLOSED), accepted},
    {LEG_ST_CALLING, LEG_EV_REFUSED, LEG_ST_CLOSED, OR(CLOSED, CALLING), refused},
    {LEG_ST_CALLING, LEG_EV_HANG_UP, LEG_ST_CANCELLING, 0, cancel},
    {LEG_ST_RINGING, LEG_EV_PROVISIONAL, FSM_STAY, 0, provisional_more},
    {LEG_ST_RINGING, LEG_EV_AGAIN, FSM_STAY, 0, offer_again},
    {LEG_ST_RINGING, LEG_EV_ACCEPTED, LEG_ST_ESTABLISHED, OR(ESTABLISHED, CLOSED), accepted},
    {LEG_ST_RINGING, LEG_EV_REFUSED, LEG_ST_CLOSED, 0, refused},
    {LEG_ST_RINGING, LEG_EV_HANG_UP, LEG_ST_CANCELLING, 0, cancel},
    {LEG_ST_CANCELLING, LEG_EV_PROVISIONAL, FSM_STAY, 0, cancel_now},
    {LEG_ST_CANCELLING, LEG_EV_ACCEPTED, LEG_ST_CLOSING, OR(CLOSING, CLOSED), accepted_too_late},
    {LEG_ST_CANCELLING, LEG_EV_REFUSED, LEG_ST_CLOSED, 0, refused},
    {LEG_ST_CANCELLING, LEG_EV_DEADLINE, LEG_ST_CLOSED, 0, NULL},

    {LEG_ST_ESTABLISHED, LEG_EV_PROVISIONAL, FSM_STAY, 0, NULL},
    {LEG_ST_ESTABLISHED, LEG_EV_ACCEPTED, FSM_STAY, 0, offer_accepted},
    {LEG_ST_ESTABLISHED, LEG_EV_REFUSED, FSM_STAY, FSM_CHOICE(LEG_ST_CLOSING), offer_refused},
    {LEG_ST_ESTABLISHED, LEG_EV_ANSWER, FSM_STAY, 0, accept},
    {LEG_ST_ESTABLISHED, LEG_EV_RESEND, FSM_STAY, FSM_CHOICE(LEG_ST_CLOSING), answer_or_bye},
    {LEG_ST_ESTABLISHED, LEG_EV_ACK, FSM_STAY, 0, phone_acknowledged},
    {LEG_ST_ESTABLISHED, LEG_EV_CANCEL, FSM_STAY, 0, NULL}, /* of a re-INVITE: its answer is due anyway */
    {LEG_ST_ESTABLISHED, LEG_EV_HANG_UP, LEG_ST_CLOSING, OR(CLOSING, LEAVING), leave},
    {LEG_ST_ESTABLISHED, LEG_EV_BYE, LEG_ST_CLOSED, 0, closed_by_phone},
    {LEG_ST_ESTABLISHED, LEG_EV_DEADLINE, FSM_STAY, FSM_CHOICE(LEG_ST_CLOSING), audit},
    {LEG_ST_ESTABLISHED, LEG_EV_AGAIN, FSM_STAY, 0, offer_again},

    {LEG_ST_CLOSING, LEG_EV_BYE, LEG_ST_CLOSED, 0, NULL},
    {LEG_ST_CLOSING, LEG_EV_DEADLINE, LEG_ST_CLOSED, 0, NULL},
    {LEG_ST_CLOSING, LEG_EV_ACCEPTED, FSM_STAY, 0, acknowledge_again},
    {LEG_ST_CLOSING, LEG_EV_PROVISIONAL, FSM_STAY, 0, NULL},
    {LEG_ST_CLOSING, LEG_EV_REFUSED, FSM_STAY, 0, NULL},
};

static void arm(void *object, enum timer timer)
{
    struct leg *l = self(object);
    node__leg_set_again(l, 0);
    node__leg_set_deadline(l, timer != TIMER_NONE ? world_now(l->node->world) + timer_duration(timer) : 0);
}

static void refused_event(void *object)
{
    world_count(self(object)->node->world, COUNTER_FSM_REFUSED, 1);
}

const struct fsm node_leg_machine = {
    .name = "leg",
    .states = states,
    .events = events,
    .rows = rows,
    .state_count = LEG_ST_COUNT,
    .event_count = LEG_EV_COUNT,
    .row_count = FSM_COUNT(rows),
    .arm = arm,
    .refused = refused_event,
};
