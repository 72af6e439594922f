/* What a leg says to its phone. */
#include <stdio.h>

#include "base/error.h"
#include "base/log.h"
#include "roles/node/node_int.h"
#include "sip/peer.h"

#define SDP SLICE("application/sdp")

static void add_contact(struct buffer *out, const struct leg *l)
{
    const struct leg *other = node__call_other(l->call, l);
    buffer_add_format(out, "Contact: <sip:%s@%s;" SIP_PARAMETER_PAIR "=%s>\r\n",
        other != NULL ? other->dn : l->dn, l->node->realm, l->node->pair);
}

/* Branches are unique over the lives of the pair and the same on whichever member continues. */
static struct slice new_via(struct leg *l, char room[160], struct slice *branch)
{
    struct node *n = l->node;
    static const char before[] = "SIP/2.0/TCP ", parameter[] = ";branch=";
    int length = snprintf(room, 160, "%s%s.pair%sz9hG4bK-%s-%llx-%llx", before, n->pair, parameter, n->pair,
        (unsigned long long)n->life, (unsigned long long)node__object(n));
    size_t from = sizeof before - 1 + strlen(n->pair) + 5 + sizeof parameter - 1;
    struct slice via = slice_of(room, length < 160 ? (size_t)length : 159);
    *branch = slice_from(via, from);
    return via;
}

static struct sip_transaction *send(
    struct leg *l, enum sip_method method, struct slice branch, struct buffer *out)
{
    struct sip_target to = {.flow = 0};
    if (!node__peers_pick(l->node, l->proxy, to.name))
        strcpy(to.name, l->proxy); /* nobody is there: it waits for its proxy to come back */
    struct sip_transaction *t =
        sip_request(&l->node->transactions, &to, false, method, branch, buffer_slice(out), l->id);
    node__core_changed(l->node);
    buffer_free(out);
    return t;
}

void node__leg_invite(struct leg *l, struct slice offer)
{
    struct buffer out = {.limit = SIP_MESSAGE_LIMIT};
    char room[160];
    struct slice branch, via = new_via(l, room, &branch);
    l->ack_cseq = ++l->dialog.local_cseq;
    sip_dialog_add_request(&out, &l->dialog, SIP_INVITE, l->ack_cseq, via);
    add_contact(&out, l);
    sip_add_header(&out, SIP_HEADER_ALLOW, NODE_ALLOW);
    sip_add_body(&out, slice_empty(offer) ? SLICE("") : SDP, offer);
    l->media = slice_empty(offer) ? MEDIA_ASKED : MEDIA_OFFERING;
    node__sdp_set(l, &l->offered_sdp, node__sdp_take(l->node, offer));
    buffer_free(&l->ack);
    l->invite = send(l, SIP_INVITE, branch, &out)->id;
    node__leg_changed(l);
}

void node__leg_request(struct leg *l, enum sip_method method)
{
    struct buffer out = {.limit = SIP_MESSAGE_LIMIT};
    char room[160];
    struct slice branch, via = new_via(l, room, &branch);
    sip_dialog_add_request(&out, &l->dialog, method, ++l->dialog.local_cseq, via);
    sip_add_body(&out, SLICE(""), SLICE(""));
    send(l, method, branch, &out);
    node__leg_changed(l);
}

void node__leg_ack_again(struct leg *l)
{
    char name[SIP_TARGET_NAME];
    if (l->ack.length != 0 && node__peers_pick(l->node, l->proxy, name))
        node__peers_send(l->node, name, buffer_slice(&l->ack));
}

void node__leg_ack(struct leg *l, struct slice answer)
{
    char room[160];
    struct slice branch, via = new_via(l, room, &branch);
    buffer_clear(&l->ack);
    sip_dialog_add_request(&l->ack, &l->dialog, SIP_ACK, l->ack_cseq, via);
    sip_add_body(&l->ack, slice_empty(answer) ? SLICE("") : SDP, answer);
    l->invite = 0;
    node__leg_ack_again(l);
    node__leg_changed(l);
}

/* Only one phone of several can have the call; another that answered at the same moment is told so. */
void node__leg_drop_fork(struct leg *l, const struct sip_message *answer)
{
    struct sip_dialog own = l->dialog, fork = own;
    fork.memory = NULL;
    if (sip_dialog_from_response(&fork, answer) != 0)
        return;
    struct buffer ack = {.limit = SIP_MESSAGE_LIMIT};
    char room[160], name[SIP_TARGET_NAME];
    struct slice branch, via = new_via(l, room, &branch);
    sip_dialog_add_request(&ack, &fork, SIP_ACK, answer->cseq, via);
    sip_add_body(&ack, SLICE(""), SLICE(""));
    if (node__peers_pick(l->node, l->proxy, name))
        node__peers_send(l->node, name, buffer_slice(&ack));
    buffer_free(&ack);
    struct buffer bye = {.limit = SIP_MESSAGE_LIMIT};
    via = new_via(l, room, &branch);
    sip_dialog_add_request(&bye, &fork, SIP_BYE, answer->cseq + 1, via);
    sip_add_body(&bye, SLICE(""), SLICE(""));
    send(l, SIP_BYE, branch, &bye)->owner = 0; /* its end is not the end of the leg */
    sip_dialog_free(&fork);
}

/* ---- answers to the phone's INVITE ---- */

static void respond(struct leg *l, uint16_t status, struct slice body, struct buffer *keep)
{
    struct sip_transaction *t = sip_transaction_find(&l->node->transactions, l->invite);
    struct sip_message request;
    struct buffer out = {.limit = SIP_MESSAGE_LIMIT};
    if (t == NULL || sip_parse(&request, buffer_slice(&t->request), &l->node->arena, NULL) != 0)
        return;
    sip_add_response_head(&out, &request, status, SLICE(""), l->dialog.local_tag);
    if (status > 100 && status < 300) {
        add_contact(&out, l);
        sip_add_header(&out, SIP_HEADER_ALLOW, NODE_ALLOW);
    }
    sip_add_body(&out, slice_empty(body) ? SLICE("") : SDP, body);
    sip_respond(t, status, buffer_slice(&out));
    if (keep != NULL) {
        buffer_free(keep);
        *keep = out;
    } else {
        buffer_free(&out);
    }
}

void node__leg_ring(struct leg *l, uint16_t status, struct slice early)
{
    respond(l, status, early, NULL);
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
