/* Who should hear whom, and the steps that make it so. Two legs that are connected directly: each is to be
 * told what the other's phone said last. Nothing waits here: a step is started where one is possible, and
 * what comes of it leads here again, on whichever member of the pair.
 *
 *      phone A ──offer 1──> leg A            leg B ──offer 1──> phone B
 *                           OFFERED          OFFERING
 *      phone A <─answer 2── leg A            leg B <─answer 2── phone B
 *                           STABLE           STABLE: told 1, said 2                                       */
#include "base/error.h"
#include "base/log.h"
#include "roles/node/node_int.h"
#include "sip/sdp_attributes.h"

#define ATTEMPTS                                                                                             \
    6 /* offers of our own that a phone refuses in a row: then the leg is left as the phone has it */

/* ---- what phones say ---- */

/* What does not follow from what was said before goes on as it came: the other phone decides. */
static void note_misfit(struct leg *l, enum sdp_misfit misfit, const char *what)
{
    if (misfit == SDP_FITS)
        return;
    world_count(l->node->world, COUNTER_SDP_MISFITS, 1);
    LOG(LOG_INFO, "node", "%s of %s: %s", what, l->dn, sdp_misfit_text(misfit));
}

/* Takes down what the phone said. The same again with another o= line (RFC 4566 5.2) is nothing new: telling
 * the other phone would have it say the same with another o= line, and so on for ever. */
void node__media_heard(struct leg *l, struct slice description)
{
    struct node *n = l->node;
    struct sdp before, now;
    bool both = l->remote_sdp != 0 && sdp_parse(&before, node__sdp_text(n, l->remote_sdp), &n->arena) == 0 &&
                sdp_parse(&now, description, &n->arena) == 0;
    bool same = both && sdp_equal_media(&before, &now);
    if (both && !same)
        note_misfit(l, sdp_check_next(&before, &now), "a description (RFC 3264 8)");
    if (!same)
        node__sdp_set(l, &l->remote_sdp, node__sdp_take(n, description));
    node__leg_changed(l);
}

void node__media_offered(struct leg *l, struct slice description)
{
    node__media_heard(l, description);
    l->media = slice_empty(description) ? MEDIA_IDLE : MEDIA_OFFERED;
}

void node__media_answered(struct leg *l, struct slice description)
{
    struct sdp offer, said;
    if (sdp_parse(&offer, node__sdp_text(l->node, l->offered_sdp), &l->node->arena) == 0 &&
        sdp_parse(&said, description, &l->node->arena) == 0)
        note_misfit(l, sdp_check_answer(&offer, &said, NULL), "an answer (RFC 3264 6)");
    if (!slice_empty(description))
        node__media_heard(l, description);
    node__sdp_share(l, &l->local_sdp, l->offered_sdp);
    node__sdp_set(l, &l->offered_sdp, 0);
    l->media = MEDIA_STABLE;
    node__leg_changed(l);
}

/* The phone that calls is told that before the answer: as an answer, or as an offer to it. What it may have
 * missed is promised all the same: the 2xx says it again. */
void node__media_promise(struct leg *l, uint64_t id, bool reliable)
{
    if (l->media == MEDIA_IDLE) {
        node__sdp_share(l, &l->offered_sdp, id);
        l->media = MEDIA_OFFERING;
    } else {
        node__sdp_share(l, &l->local_sdp, id);
        if (reliable)
            l->media = MEDIA_STABLE;
    }
    node__leg_changed(l);
}

/* Another phone answered than the one that was heard early: it knows our first offer and nothing of what came
 * after it. */
void node__media_other_phone(struct leg *l)
{
    if (l->media == MEDIA_OFFERED && l->update != 0)
        node__leg_refuse_update(l, 481);
    l->update = 0;
    l->owed_rseq = 0;
    node__sdp_set(l, &l->local_sdp, 0);
    node__sdp_share(l, &l->offered_sdp, l->invite_sdp);
    l->media = l->invite_sdp != 0 ? MEDIA_OFFERING : MEDIA_ASKED;
    node__leg_changed(l);
}

void node__media_reject(struct leg *l, struct buffer *out)
{
    struct slice offer = node__sdp_text(l->node, l->remote_sdp);
    struct sdp s;
    if (l->media == MEDIA_OFFERED && sdp_parse(&s, offer, &l->node->arena) == 0)
        sdp_add_with_rejected(out, offer, UINT32_MAX);
}

/* The phone's wish cannot be met: it hears so, and its session stays as it was. */
static void refuse_wish(struct leg *l, uint16_t status)
{
    const struct leg *other = node__call_other(l->call, l);
    const struct sip_transaction *t =
        sip_transaction_find(&l->node->transactions, l->update != 0 ? l->update : l->invite);
    if (l->media != MEDIA_OFFERED || t == NULL || t->kind < SIP_IST ||
        (l->update == 0 && l->state != LEG_ST_ESTABLISHED))
        return;
    if (other != NULL) /* what the other phone knows of it */
        node__sdp_share(l, &l->remote_sdp, other->local_sdp);
    l->media = MEDIA_STABLE;
    if (l->update == 0)
        node__leg_refuse(l, status);
    else if (t->method == SIP_PRACK) /* it must be answered well (RFC 3262 3) */
        node__leg_answer_update(l, node__sdp_text(l->node, l->local_sdp));
    else
        node__leg_refuse_update(l, status);
}

/* The other phone is told so too, where it has not answered yet; if it has, both settle again. */
void node__media_withdrawn(struct leg *l)
{
    const struct leg *other = node__call_other(l->call, l);
    struct sip_transactions *all = &l->node->transactions;
    struct sip_transaction *t = other != NULL ? sip_transaction_find(all, other->invite) : NULL;
    bool asked = l->media == MEDIA_OFFERED && t != NULL && t->kind == SIP_ICT;
    refuse_wish(l, 487);
    if (asked && sip_may_cancel(t))
        sip_cancel(all, t);
}

/* Where two offers have met, whose it was that began the dialog waits longer (RFC 3261 14.1). */
static int64_t glare_wait(struct leg *l)
{
    uint64_t spread = (uint64_t)timer_duration(TIMER_GLARE_SPREAD);
    int64_t least = l->incoming ? 0 : timer_duration(TIMER_GLARE_OWNER);
    return least + 1 + (int64_t)(world_random(l->node->world) % spread);
}

void node__media_refused(struct leg *l, uint16_t status)
{
    struct leg *other = node__call_other(l->call, l);
    bool own = other == NULL || other->media != MEDIA_OFFERED;
    world_count(l->node->world, COUNTER_LEG_OFFER_REFUSED, 1);
    node__sdp_set(l, &l->offered_sdp, 0);
    l->media = MEDIA_STABLE;
    l->attempts++;
    node__leg_changed(l);
    if (!own)
        refuse_wish(other, status);
    else if (status == 491)
        node__leg_set_again(l, glare_wait(l));
}

/* ---- the steps ---- */

/* Can the phone be made an offer now, and how? Before the answer only by UPDATE, when the first exchange is
 * through (RFC 3311 5.1). */
bool node__media_may_offer(const struct leg *l, enum sip_method *method)
{
    bool early = l->state == LEG_ST_RINGING ||
                 (l->state == LEG_ST_INVITED && l->rseq != 0 && l->provisional.length == 0);
    *method = l->state == LEG_ST_ESTABLISHED ? SIP_INVITE : SIP_UPDATE;
    if (l->media != MEDIA_STABLE || l->update != 0 || l->again_at != 0)
        return false;
    return l->state == LEG_ST_ESTABLISHED ? l->invite == 0 : early && (l->abilities & LEG_UPDATES) != 0;
}

static void offer(struct leg *l, uint64_t id, enum sip_method method)
{
    struct slice text = node__sdp_text(l->node, id);
    if (method == SIP_UPDATE)
        node__leg_update(l, text);
    else
        node__leg_invite(l, text);
}

/* The other phone has answered what this one offered: pass its answer on, in the way that this leg's offer
 * came. */
static void answer(struct leg *l, uint64_t id)
{
    struct slice text = node__sdp_text(l->node, id);
    const struct sip_transaction *t = sip_transaction_find(&l->node->transactions, l->invite);
    bool first = l->state == LEG_ST_INVITED && l->update == 0;
    if (first && l->call->state != CALL_ST_ESTABLISHED)
        return; /* its phone hears of it while it rings */
    if (first && l->local_sdp != 0)
        text = node__sdp_text(l->node, l->local_sdp); /* as promised; what is new is offered after it */
    else
        node__sdp_share(l, &l->local_sdp, id);
    l->media = MEDIA_STABLE;
    node__leg_changed(l);
    if (l->update != 0) {
        node__leg_answer_update(l, text);
    } else if (l->owed_rseq != 0) {
        node__leg_prack(l, &l->dialog, l->owed_rseq, l->ack_cseq, text);
        l->owed_rseq = 0;
    } else if (t != NULL && t->kind == SIP_IST) {
        node__leg_event(l, LEG_EV_ANSWER, &text);
    } else {
        node__leg_ack(l, text);
    }
}

/* The phone that called without an offer gets the other's with our 2xx, and answers with its ACK. */
static void offer_with_answer(struct leg *l, uint64_t id)
{
    struct slice text = node__sdp_text(l->node, id);
    node__sdp_share(l, &l->offered_sdp, id);
    l->media = MEDIA_OFFERING;
    node__leg_event(l, LEG_EV_ANSWER, &text);
}

static void step(struct leg *l, struct leg *other)
{
    uint64_t wanted = other->remote_sdp;
    bool delivered = other->media == MEDIA_STABLE && other->local_sdp == l->remote_sdp;
    bool answered = l->call->state == CALL_ST_ESTABLISHED;
    struct slice nothing = SLICE("");
    enum sip_method method;
    if (l->state == LEG_ST_INVITED && l->provisional.length != 0)
        return; /* its PRACK is awaited (RFC 3262 3) */
    if (l->media == MEDIA_OFFERED && delivered)
        answer(l, wanted);
    else if (answered && l->state == LEG_ST_INVITED && l->media == MEDIA_STABLE)
        node__leg_event(l, LEG_EV_ANSWER, &nothing);
    else if (answered && l->state == LEG_ST_INVITED && l->media == MEDIA_IDLE &&
             other->media == MEDIA_OFFERED)
        offer_with_answer(l, wanted);
    else if (node__media_may_offer(l, &method) && wanted != 0 && wanted != l->local_sdp &&
             other->media != MEDIA_OFFERING && l->attempts < ATTEMPTS)
        offer(l, wanted, method);
}

/* Held: one phone has said that it does not listen. */
static void note_hold(struct call *c)
{
    bool held = false;
    struct leg *legs[2] = {c->caller, c->callee};
    if (c->caller->media != MEDIA_STABLE || c->callee->media != MEDIA_STABLE)
        return;
    for (int i = 0; i < 2; i++) {
        struct sdp s;
        held = held || (sdp_parse(&s, node__sdp_text(c->node, legs[i]->remote_sdp), &c->node->arena) == 0 &&
                           sdp_is_hold(&s));
    }
    if (held == c->held)
        return;
    c->held = held;
    node__stream_event(
        c, held ? TANDEM__CALL_EVENT_KIND__CALL_HELD : TANDEM__CALL_EVENT_KIND__CALL_RETRIEVED);
}

void node__media_reconcile(struct call *c)
{
    if (c->state > CALL_ST_ESTABLISHED || c->caller == NULL || c->callee == NULL)
        return;
    node__early_ring(c);
    step(c->caller, c->callee);
    step(c->callee, c->caller);
    if (c->state == CALL_ST_ESTABLISHED)
        note_hold(c);
}

/* Does the phone still know the dialog? Only a request that it must look up tells (RFC 4028 does the same);
 * many phones answer OPTIONS in any case. The session goes on as it was. */
void node__media_audit(struct leg *l)
{
    enum sip_method method;
    if (!node__media_may_offer(l, &method) || l->local_sdp == 0)
        return;
    if ((l->abilities & LEG_UPDATES) != 0)
        node__leg_update(l, SLICE(""));
    else
        node__leg_invite(l, node__sdp_text(l->node, l->local_sdp));
}
