/* Who should hear whom, and the steps that make it so. Two legs that are connected directly: each is to be
 * told what the other's phone said last. Nothing waits here: a step is started where one is possible, and
 * what comes of it leads here again, on whichever member of the pair.
 *
 *      phone A ──offer 1──> leg A            leg B ──offer 1──> phone B
 *                           OFFERED          OFFERING
 *      phone A <─answer 2── leg A            leg B <─answer 2── phone B
 *                           STABLE           STABLE: told 1, said 2                                       */
#include "base/error.h"
#include "base/hash.h"
#include "base/log.h"
#include "base/mem.h"
#include "roles/node/node_int.h"
#include "sip/sdp.h"

#define ATTEMPTS                                                                                             \
    6 /* offers of our own that a phone refuses in a row: then the leg is left as the phone has it */

/* ---- session descriptions by content ---- */

uint64_t node__sdp_take(struct node *n, struct slice text)
{
    if (slice_empty(text))
        return 0;
    uint64_t id = hash_stable(text);
    struct description *s = map_get_number(&n->sdps, id);
    if (s == NULL) {
        s = mem_zero(sizeof *s);
        s->id = id;
        buffer_add(&s->text, text);
        map_put_number(&n->sdps, id, s);
        world_dirty(n->world, NODE_KIND_SDP, id);
    }
    s->references++;
    return id;
}

void node__sdp_drop(struct node *n, uint64_t id)
{
    struct description *s = id != 0 ? map_get_number(&n->sdps, id) : NULL;
    if (s == NULL || --s->references != 0)
        return;
    map_remove_number(&n->sdps, id);
    world_dirty(n->world, NODE_KIND_SDP, id);
    buffer_free(&s->text);
    mem_free(s);
}

void node__sdp_set(struct leg *l, uint64_t *field, uint64_t id)
{
    uint64_t before = *field;
    *field = id;
    node__sdp_drop(l->node, before);
}

static void share(struct leg *l, uint64_t *field, uint64_t id)
{
    struct description *s = id != 0 ? map_get_number(&l->node->sdps, id) : NULL;
    if (s != NULL)
        s->references++;
    node__sdp_set(l, field, s != NULL ? id : 0);
}

struct slice node__sdp_text(struct node *n, uint64_t id)
{
    struct description *s = id != 0 ? map_get_number(&n->sdps, id) : NULL;
    return s != NULL ? buffer_slice(&s->text) : SLICE("");
}

/* ---- what phones say ---- */

/* Takes down what the phone said. The same again with another o= line (RFC 4566 5.2) is nothing new: telling
 * the other phone would have it say the same with another o= line, and so on for ever. */
static void note_remote(struct leg *l, struct slice text)
{
    struct node *n = l->node;
    struct sdp before, now;
    bool same = l->remote_sdp != 0 && sdp_parse(&before, node__sdp_text(n, l->remote_sdp), &n->arena) == 0 &&
                sdp_parse(&now, text, &n->arena) == 0 && sdp_equal_media(&before, &now);
    if (!same)
        node__sdp_set(l, &l->remote_sdp, node__sdp_take(n, text));
}

void node__media_offered(struct leg *l, struct slice description)
{
    note_remote(l, description);
    l->media = slice_empty(description) ? MEDIA_IDLE : MEDIA_OFFERED;
    node__leg_changed(l);
}

static void settle(struct leg *l)
{
    share(l, &l->local_sdp, l->offered_sdp);
    node__sdp_set(l, &l->offered_sdp, 0);
    l->media = MEDIA_STABLE;
    node__leg_changed(l);
}

void node__media_answered(struct leg *l, struct slice description)
{
    if (!slice_empty(description))
        note_remote(l, description);
    settle(l);
    node__media_reconcile(l->call);
}

void node__media_refused(struct leg *l, uint16_t status)
{
    struct leg *other = node__call_other(l->call, l);
    world_count(l->node->world, COUNTER_LEG_OFFER_REFUSED, 1);
    node__sdp_set(l, &l->offered_sdp, 0);
    l->media = MEDIA_STABLE;
    l->attempts++;
    node__leg_changed(l);
    if (other != NULL && other->media == MEDIA_OFFERED && other->state == LEG_ST_ESTABLISHED) {
        /* The other phone's wish cannot be met: it hears the same, and its session stays as it was. */
        share(other, &other->remote_sdp, l->local_sdp);
        other->media = MEDIA_STABLE;
        node__leg_refuse(other, status);
    }
}

/* ---- the steps ---- */

static bool settled(const struct leg *l)
{
    return l->media == MEDIA_STABLE && l->invite == 0 && l->state == LEG_ST_ESTABLISHED;
}

/* The other phone has answered what this one offered: pass its answer on, in the way that this leg's offer
 * came. */
static void answer(struct leg *l, uint64_t id)
{
    struct slice text = node__sdp_text(l->node, id);
    const struct sip_transaction *t = sip_transaction_find(&l->node->transactions, l->invite);
    share(l, &l->local_sdp, id);
    l->media = MEDIA_STABLE;
    if (t != NULL && t->kind == SIP_IST)
        node__leg_event(l, LEG_EV_ANSWER, &text);
    else
        node__leg_ack(l, text);
}

/* The phone that called without an offer gets the other's with our 2xx, and answers with its ACK. */
static void offer_with_answer(struct leg *l, uint64_t id)
{
    struct slice text = node__sdp_text(l->node, id);
    share(l, &l->offered_sdp, id);
    l->media = MEDIA_OFFERING;
    node__leg_event(l, LEG_EV_ANSWER, &text);
}

static void step(struct leg *l, struct leg *other)
{
    uint64_t wanted = other->remote_sdp;
    bool delivered = other->media == MEDIA_STABLE && other->local_sdp == l->remote_sdp;
    if (l->media == MEDIA_OFFERED && delivered)
        answer(l, wanted);
    else if (l->media == MEDIA_IDLE && l->state == LEG_ST_INVITED && other->media == MEDIA_OFFERED)
        offer_with_answer(l, wanted);
    else if (settled(l) && wanted != 0 && wanted != l->local_sdp && other->media != MEDIA_OFFERING &&
             l->attempts < ATTEMPTS)
        node__leg_invite(l, node__sdp_text(l->node, wanted));
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
    if (c->state != CALL_ST_ESTABLISHED || c->caller == NULL || c->callee == NULL)
        return;
    step(c->caller, c->callee);
    step(c->callee, c->caller);
    note_hold(c);
}

/* Does the phone still know the dialog? Only a request that it must look up tells (RFC 4028 does the same);
 * many phones answer OPTIONS in any case. The session goes on as it was. */
void node__media_audit(struct leg *l)
{
    if (settled(l) && l->local_sdp != 0)
        node__leg_invite(l, node__sdp_text(l->node, l->local_sdp));
}
