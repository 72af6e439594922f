/* Before the answer: provisional answers, reliable or not, and the media that they bring (RFC 3262, 3264,
 * 3311).
 *
 *      caller          leg ── call ── leg           phones behind the other number
 *        │              │              │ <─183 RSeq 1── │  PRACK ──>      each leg is reliable by itself
 *        │ <─183 RSeq 7─│              │                │
 *        │ ──PRACK────> │              │ <─183 RSeq 1── │ another one: its PRACK, and no more
 *
 * Of several phones the first that brings media is heard until one answers. What the caller was told as an
 * answer stays the answer of that INVITE (RFC 3261 13.2.1); what has changed since is offered anew. */
#include "base/error.h"
#include "base/hash.h"
#include "base/log.h"
#include "roles/node/node_int.h"
#include "sip/sdp.h"
#include "sip/values.h"

/* ---- the phone that is called ---- */

static struct leg_fork *fork_of(struct leg *l, struct slice tag)
{
    uint64_t hash = hash_stable(tag);
    for (unsigned i = 0; i < l->fork_count; i++)
        if (l->forks[i].tag == hash)
            return &l->forks[i];
    if (l->fork_count == LEG_FORKS)
        return NULL;
    l->forks[l->fork_count] = (struct leg_fork){.tag = hash};
    return &l->forks[l->fork_count++];
}

/* A reliable answer that is due: the next one of its phone (RFC 3262 4). 1: it is; 0: it is not reliable;
 * -1: it came again or out of order, and counts for nothing. */
static int due(struct leg *l, const struct sip_message *m, uint32_t *rseq)
{
    struct leg_fork *fork;
    if (!sip_has_option(m, SIP_HEADER_REQUIRE, SLICE("100rel")) || slice_empty(m->to_tag) ||
        sip_rseq_parse(rseq, sip_header_value(m, SIP_HEADER_RSEQ)) != 0)
        return 0;
    fork = fork_of(l, m->to_tag);
    if (fork == NULL || (fork->rseq != 0 && *rseq != fork->rseq + 1))
        return -1;
    fork->rseq = *rseq;
    return 1;
}

/* The dialog of the leg is the one of the first phone that said anything; of the first that brought media. */
static bool is_heard(struct leg *l, const struct sip_message *m, bool media)
{
    struct slice heard = l->dialog.remote_tag;
    bool open = slice_empty(heard) || (media && l->remote_sdp == 0 && l->update == 0 && l->owed_rseq == 0);
    if (slice_empty(m->to_tag) || slice_equal(heard, m->to_tag))
        return true;
    if (!open || sip_dialog_from_response(&l->dialog, m) != 0)
        return false;
    l->abilities = 0;
    return true;
}

static void acknowledge(struct leg *l, const struct sip_message *m, uint32_t rseq, bool offers)
{
    struct sip_dialog fork = l->dialog;
    struct buffer answer = {.limit = SIP_MESSAGE_LIMIT};
    struct sdp offer;
    fork.memory = NULL;
    if (sip_dialog_from_response(&fork, m) != 0)
        return;
    if (offers && sdp_parse(&offer, m->body, &l->node->arena) == 0)
        sdp_add_with_rejected(&answer, m->body, UINT32_MAX);
    node__leg_prack(l, &fork, rseq, m->cseq, buffer_slice(&answer));
    buffer_free(&answer);
    sip_dialog_free(&fork);
}

static uint16_t known_progress(uint16_t status)
{
    return status >= 180 && status <= 183 ? status : 183;
}

/* `heard`: of the phone that the caller hears. What it says without being sure that we get it is passed on,
 * and counts for no more. True: its offer's answer goes with the PRACK. */
static bool take_description(struct leg *l, const struct sip_message *m, bool reliable)
{
    if (l->media == MEDIA_OFFERING && l->update == 0) {
        if (reliable)
            node__media_answered(l, m->body);
        else
            node__media_heard(l, m->body);
    } else if (l->media == MEDIA_ASKED && reliable) {
        node__media_offered(l, m->body);
        return true;
    }
    return false;
}

void node__early_provisional(struct leg *l, const struct sip_message *m)
{
    uint32_t rseq = 0;
    bool media = node__is_sdp(m), owed = false;
    if (m->status < 180 && m->status != 100)
        return;
    int reliable = m->status > 100 ? due(l, m, &rseq) : -1;
    if (reliable < 0)
        return;
    bool heard = is_heard(l, m, media);
    l->call->progress = known_progress(m->status);
    node__call_changed(l->call);
    if (heard)
        node__read_abilities(l, m);
    if (heard && media)
        owed = take_description(l, m, reliable != 0);
    if (owed)
        l->owed_rseq = rseq;
    else if (reliable != 0)
        acknowledge(l, m, rseq, media && !heard && l->invite_sdp == 0);
    node__leg_changed(l);
}

/* ---- the phone that calls ---- */

/* One reliable answer at a time (RFC 3262 3); where the phone does not ask for it, only media is worth it. */
void node__early_ring(struct call *c)
{
    struct leg *l = c->caller, *callee = c->callee;
    uint64_t id = 0;
    if (l == NULL || callee == NULL || l->state != LEG_ST_INVITED || c->progress == 0 ||
        l->provisional.length != 0 || c->state >= CALL_ST_ESTABLISHED)
        return;
    bool able = (l->abilities & (LEG_RELIABLE | LEG_RELIABLE_ONLY)) != 0;
    bool offer = l->media == MEDIA_IDLE && callee->media == MEDIA_OFFERED && able;
    bool answer = l->media == MEDIA_OFFERED && l->update == 0 && l->local_sdp == 0;
    if (offer || answer)
        id = callee->remote_sdp;
    if (id == 0 && l->told == c->progress)
        return;
    bool reliable = (l->abilities & LEG_RELIABLE_ONLY) != 0 || (able && id != 0);
    if (id != 0)
        node__media_promise(l, id, reliable);
    node__leg_ring(l, c->progress, node__sdp_text(l->node, id), reliable);
}

void node__early_again(struct leg *l)
{
    struct sip_transaction *t = sip_transaction_find(&l->node->transactions, l->invite);
    int64_t next = l->interval * 2;
    if (t == NULL || l->provisional.length == 0) {
        node__leg_set_resend(l, 0);
        return;
    }
    node__peers_send(l->node, t->target.name, buffer_slice(&l->provisional));
    node__leg_set_resend(l, next);
}

/* Its offer in the PRACK: passed on, or answered with what the session is. */
static void offered(struct leg *l, struct sip_transaction *t, const struct sip_message *m)
{
    enum sip_method method;
    const struct leg *other = node__call_other(l->call, l);
    uint64_t before = l->local_sdp;
    l->update = t->id;
    t->owner = l->id;
    node__media_offered(l, m->body);
    if (other != NULL && node__media_may_offer(other, &method))
        return; /* the reconciler goes on from here */
    l->media = MEDIA_STABLE;
    node__leg_answer_update(l, node__sdp_text(l->node, before));
}

void node__early_prack(struct leg *l, struct sip_transaction *t, const struct sip_message *m)
{
    struct sip_rack said;
    if (sip_rack_parse(&said, sip_header_value(m, SIP_HEADER_RACK)) != 0 ||
        !slice_equal(said.method, SLICE("INVITE")) || l->state != LEG_ST_INVITED ||
        l->provisional.length == 0 || said.rseq != l->rseq || said.cseq != l->invite_cseq) {
        sip_respond_simple(t, 481, SLICE(""));
        return;
    }
    buffer_free(&l->provisional);
    node__leg_set_resend(l, 0);
    node__leg_set_deadline(l, 0);
    node__leg_changed(l);
    if (l->media == MEDIA_OFFERING && l->update == 0) {
        node__media_answered(l, node__is_sdp(m) ? m->body : SLICE(""));
        sip_respond_simple(t, 200, SLICE(""));
    } else if (node__is_sdp(m) && l->media == MEDIA_STABLE && l->update == 0) {
        offered(l, t, m);
    } else {
        sip_respond_simple(t, 200, SLICE(""));
    }
    node__media_reconcile(l->call);
}
