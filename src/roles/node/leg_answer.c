/* What a leg answers to its phone's INVITE and UPDATE. */
#include "base/error.h"
#include "base/log.h"
#include "roles/node/node_int.h"

#define RSEQ_FIRST                                                                                           \
    0x40000000U /* the first RSeq is drawn below it: far from where it must not get (RFC 3262 3) */

static struct sip_transaction *begin(struct leg *l, uint64_t transaction, uint16_t status, struct buffer *out)
{
    struct sip_transaction *t = sip_transaction_find(&l->node->transactions, transaction);
    struct sip_message request;
    *out = (struct buffer){.limit = SIP_MESSAGE_LIMIT};
    if (t == NULL || t->kind < SIP_IST || sip_parse(&request, t->request, &l->node->arena, NULL) != 0)
        return NULL;
    sip_add_response_head(out, &request, status, SLICE(""), l->dialog.local_tag);
    if (status > 100 && status < 300) {
        node__leg_add_contact(out, l);
        sip_add_header(out, SIP_HEADER_ALLOW, NODE_ALLOW);
    }
    if (status >= 200 && status < 300) {
        sip_add_header(out, SIP_HEADER_SUPPORTED, SLICE("100rel, timer"));
        node__session_add(out, l, true);
    }
    if (status > 100 && l->state == LEG_ST_INVITED && t->method == SIP_INVITE)
        buffer_add(out, buffer_slice(&l->call->carried_back));
    if (status >= 300)
        node__call_add_reason(out, l->call);
    return t;
}

static void finish(
    struct sip_transaction *t, uint16_t status, struct slice body, struct buffer *out, struct buffer *keep)
{
    sip_add_body(out, slice_empty(body) ? SLICE("") : NODE_SDP, body);
    sip_respond(t, status, buffer_slice(out));
    if (keep != NULL) {
        buffer_free(keep);
        *keep = *out;
    } else {
        buffer_free(out);
    }
}

static void respond(struct leg *l, uint16_t status, struct slice body, struct buffer *keep)
{
    struct buffer out;
    struct sip_transaction *t = begin(l, l->invite, status, &out);
    if (t != NULL)
        finish(t, status, body, &out, keep);
}

/* A reliable one is sent again, longer and longer apart, until its PRACK comes (RFC 3262 3). */
void node__leg_ring(struct leg *l, uint16_t status, struct slice early, bool reliable)
{
    struct buffer out;
    struct sip_transaction *t = begin(l, l->invite, status, &out);
    if (t == NULL)
        return;
    if (reliable) {
        l->rseq = l->rseq != 0 ? l->rseq + 1 : 1 + (uint32_t)(world_random(l->node->world) % RSEQ_FIRST);
        buffer_add_format(&out, "Require: 100rel\r\nRSeq: %u\r\n", l->rseq);
        node__leg_set_resend(l, timer_duration(TIMER_SIP_T1));
        node__leg_set_deadline(l, world_now(l->node->world) + timer_duration(TIMER_SIP_64_T1));
    }
    finish(t, status, early, &out, reliable ? &l->provisional : NULL);
    if (status > 100)
        l->told = status;
    node__leg_changed(l);
}

void node__leg_accept(struct leg *l, struct slice description)
{
    respond(l, 200, description, &l->answer);
    node__leg_set_resend(l, timer_duration(TIMER_SIP_T1));
    node__leg_changed(l);
}

void node__leg_refuse(struct leg *l, uint16_t status)
{
    respond(l, status, SLICE(""), NULL);
    l->invite = 0;
    node__leg_changed(l);
}

void node__leg_answer_update(struct leg *l, struct slice description)
{
    struct buffer out;
    struct sip_transaction *t = begin(l, l->update, 200, &out);
    if (t != NULL)
        finish(t, 200, description, &out, NULL);
    l->update = 0;
    node__leg_changed(l);
}

void node__leg_refuse_update(struct leg *l, uint16_t status)
{
    struct buffer out;
    struct sip_transaction *t = begin(l, l->update, status, &out);
    if (t != NULL)
        finish(t, status, SLICE(""), &out, NULL);
    l->update = 0;
    node__leg_changed(l);
}
