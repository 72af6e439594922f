/* What a leg says to its phone. */
#include <stdio.h>

#include "base/error.h"
#include "base/log.h"
#include "roles/node/node_int.h"
#include "sip/uri.h"
#include "sip/peer.h"
#include "sip/sdp.h"

#define BYE_AHEAD 100U /* requests of ours that a fork may have had before it answered, at most */

void node__leg_add_contact(struct buffer *out, const struct leg *l)
{
    const struct leg *other = node__call_other(l->call, l);
    buffer_add_format(out, "Contact: <sip:%s@%s;" SIP_PARAMETER_PAIR "=%s>\r\n",
        other != NULL ? other->dn : l->dn, l->node->realm, l->node->pair);
}

/* Branches are unique over the lives of the pair and the same on whichever member continues. */
struct slice node__leg_via(struct node *n, char room[160], struct slice *branch)
{
    static const char before[] = "SIP/2.0/TCP ", parameter[] = ";branch=";
    int length = snprintf(room, 160, "%s%s.pair%sz9hG4bK-%s-%llx-%llx", before, n->pair, parameter, n->pair,
        (unsigned long long)n->life, (unsigned long long)node__object(n));
    size_t from = sizeof before - 1 + strlen(n->pair) + 5 + sizeof parameter - 1;
    struct slice via = slice_of(room, length < 160 ? (size_t)length : 159);
    *branch = slice_from(via, from);
    return via;
}

/* The proxy that the first Route of a dialog names: NAME.u... or NAME.t..., and no hexadecimal digit is one
 * of these. It may be nobody's; proxies check what is written there. */
static bool named_proxy(const struct sip_dialog *d, char name[SIP_TARGET_NAME])
{
    struct sip_name_address a;
    struct sip_uri uri;
    struct slice flow;
    if (d->route_count == 0 || sip_name_address_parse(&a, d->routes[0]) != 0 ||
        sip_uri_parse(&uri, a.uri) != 0 || !sip_parameter(uri.parameters, SLICE(SIP_PARAMETER_FLOW), &flow))
        return false;
    size_t at = flow.length;
    while (at > 2 && !(flow.data[at - 1] == '.' && (flow.data[at - 2] == 't' || flow.data[at - 2] == 'u') &&
                         flow.data[at - 3] == '.'))
        at--;
    if (at <= 3 || at - 3 >= SIP_TARGET_NAME)
        return false;
    slice_put(name, slice_first(flow, at - 3));
    name[at - 3] = '\0';
    return true;
}

/* A phone that is registered in another location than its own is known to the proxies of both, but only those
 * where it is can read its place. */
static bool pick(struct node *n, const struct sip_dialog *d, const char *usual, char name[SIP_TARGET_NAME])
{
    char named[SIP_TARGET_NAME];
    bool elsewhere = named_proxy(d, named) && node__peers_elsewhere(n, named, usual);
    return node__peers_pick(n, elsewhere ? named : usual, name);
}

static struct sip_transaction *send_to(struct node *n, const struct sip_dialog *d, const char *proxy,
    enum sip_method method, struct slice branch, struct buffer *out)
{
    struct sip_target to = {.flow = 0};
    if (!pick(n, d, proxy, to.name))
        strcpy(to.name, proxy); /* nobody is there: it waits for its proxy to come back */
    struct sip_transaction *t =
        sip_request(&n->transactions, &to, false, method, branch, buffer_slice(out), 0);
    node__core_changed(n);
    buffer_free(out);
    return t;
}

static struct sip_transaction *send_in(const struct leg *l, const struct sip_dialog *d,
    enum sip_method method, struct slice branch, struct buffer *out)
{
    struct sip_transaction *t = send_to(l->node, d, l->proxy, method, branch, out);
    t->owner = l->id;
    return t;
}

struct sip_transaction *node__leg_send(
    struct leg *l, enum sip_method method, struct slice branch, struct buffer *out)
{
    return send_in(l, &l->dialog, method, branch, out);
}

static void add_abilities(struct buffer *out, const struct leg *l, bool reliable)
{
    node__leg_add_contact(out, l);
    sip_add_header(out, SIP_HEADER_ALLOW, NODE_ALLOW);
    sip_add_header(out, SIP_HEADER_SUPPORTED, reliable ? SLICE("100rel, timer") : SLICE("timer"));
    node__session_add(out, l, false);
}

/* An offer in a reliable provisional answer must be answered with its PRACK: without an offer of ours that is
 * possible only where the phone that calls can be told it as reliably. */
static bool may_be_reliable(const struct leg *l, struct slice offer)
{
    const struct leg *other = node__call_other(l->call, l);
    if (!slice_empty(l->dialog.remote_tag))
        return false;
    return !slice_empty(offer) || (other != NULL && (other->abilities & LEG_RELIABLE) != 0);
}

void node__leg_invite(struct leg *l, struct slice offer)
{
    struct buffer out = {.limit = SIP_MESSAGE_LIMIT};
    char room[160];
    struct slice branch, via = node__leg_via(l->node, room, &branch);
    uint64_t offered = node__sdp_take(l->node, offer);
    bool first = slice_empty(l->dialog.remote_tag);
    l->ack_cseq = ++l->dialog.local_cseq;
    sip_dialog_add_request(&out, &l->dialog, SIP_INVITE, l->ack_cseq, via);
    add_abilities(&out, l, may_be_reliable(l, offer));
    if (first)
        buffer_add(&out, buffer_slice(&l->call->carried));
    if (first)
        node__carry_body(&out, l->call, offer);
    else
        sip_add_body(&out, slice_empty(offer) ? SLICE("") : NODE_SDP, offer);
    l->media = slice_empty(offer) ? MEDIA_ASKED : MEDIA_OFFERING;
    node__sdp_set(l, &l->offered_sdp, offered);
    if (first)
        node__sdp_share(l, &l->invite_sdp, offered);
    buffer_free(&l->ack);
    l->invite = node__leg_send(l, SIP_INVITE, branch, &out)->id;
    node__leg_changed(l);
}

void node__leg_update(struct leg *l, struct slice offer)
{
    struct buffer out = {.limit = SIP_MESSAGE_LIMIT};
    char room[160];
    struct slice branch, via = node__leg_via(l->node, room, &branch);
    uint64_t offered = node__sdp_take(l->node, offer);
    sip_dialog_add_request(&out, &l->dialog, SIP_UPDATE, ++l->dialog.local_cseq, via);
    add_abilities(&out, l, false);
    sip_add_body(&out, slice_empty(offer) ? SLICE("") : NODE_SDP, offer);
    uint64_t id = node__leg_send(l, SIP_UPDATE, branch, &out)->id;
    if (offered != 0) {
        l->media = MEDIA_OFFERING;
        node__sdp_set(l, &l->offered_sdp, offered);
        l->update = id;
    }
    node__leg_changed(l);
}

/* For a provisional answer with that number to our INVITE `cseq`, in the dialog that it came from. */
void node__leg_prack(
    struct leg *l, const struct sip_dialog *d, uint32_t rseq, uint32_t cseq, struct slice answer)
{
    struct buffer out = {.limit = SIP_MESSAGE_LIMIT};
    char room[160];
    struct slice branch, via = node__leg_via(l->node, room, &branch);
    sip_dialog_add_request(&out, d, SIP_PRACK, ++l->dialog.local_cseq, via);
    buffer_add_format(&out, "RAck: %u %u INVITE\r\n", rseq, cseq);
    sip_add_body(&out, slice_empty(answer) ? SLICE("") : NODE_SDP, answer);
    send_in(l, d, SIP_PRACK, branch, &out)->owner = 0; /* its end is not the end of the leg */
    node__leg_changed(l);
}

void node__leg_bye(struct leg *l)
{
    struct buffer out = {.limit = SIP_MESSAGE_LIMIT};
    char room[160];
    struct slice branch, via = node__leg_via(l->node, room, &branch);
    sip_dialog_add_request(&out, &l->dialog, SIP_BYE, ++l->dialog.local_cseq, via);
    node__call_add_reason(&out, l->call);
    sip_add_body(&out, SLICE(""), SLICE(""));
    node__leg_send(l, SIP_BYE, branch, &out);
    node__leg_changed(l);
}

void node__leg_ack_again(struct leg *l)
{
    char name[SIP_TARGET_NAME];
    if (l->ack.length != 0 && pick(l->node, &l->dialog, l->proxy, name))
        node__peers_send(l->node, name, buffer_slice(&l->ack));
}

void node__leg_ack(struct leg *l, struct slice answer)
{
    char room[160];
    struct slice branch, via = node__leg_via(l->node, room, &branch);
    buffer_clear(&l->ack);
    sip_dialog_add_request(&l->ack, &l->dialog, SIP_ACK, l->ack_cseq, via);
    sip_add_body(&l->ack, slice_empty(answer) ? SLICE("") : NODE_SDP, answer);
    l->invite = 0;
    node__leg_ack_again(l);
    node__leg_changed(l);
}

/* What our INVITE asked for comes with the answer to it, and must be answered itself (RFC 3261 13.2.2.4): all
 * of it is rejected. */
static void reject_offer(struct node *n, struct buffer *out, const struct sip_transaction *invite,
    const struct sip_message *answer)
{
    struct sip_message sent, plain;
    struct sdp offer;
    if (!node__is_sdp(answer) || sip_parse(&sent, invite->message, &n->arena, NULL) != 0 ||
        (node__unpack(&plain, n, &sent) == 0 && node__is_sdp(&plain)) ||
        sdp_parse(&offer, answer->body, &n->arena) != 0)
        return;
    sdp_add_with_rejected(out, answer->body, UINT32_MAX);
}

/* ACK and BYE in the dialog of an answer that came too late. */
static void drop(struct node *n, const struct sip_transaction *invite, const struct sip_dialog *fork,
    const struct sip_message *answer)
{
    struct buffer ack = {.limit = SIP_MESSAGE_LIMIT}, bye = {.limit = SIP_MESSAGE_LIMIT}, rejected = {0};
    char room[160], name[SIP_TARGET_NAME];
    const char *proxy = invite->target.name;
    struct slice branch, via = node__leg_via(n, room, &branch);
    reject_offer(n, &rejected, invite, answer);
    sip_dialog_add_request(&ack, fork, SIP_ACK, answer->cseq, via);
    sip_add_body(&ack, rejected.length != 0 ? NODE_SDP : SLICE(""), buffer_slice(&rejected));
    if (pick(n, fork, proxy, name))
        node__peers_send(n, name, buffer_slice(&ack));
    buffer_free(&ack);
    buffer_free(&rejected);
    via = node__leg_via(n, room, &branch);
    sip_dialog_add_request(&bye, fork, SIP_BYE, answer->cseq + BYE_AHEAD, via);
    buffer_add_text(&bye, "Reason: SIP;cause=200;text=\"Call completed elsewhere\"\r\n");
    sip_add_body(&bye, SLICE(""), SLICE(""));
    send_to(n, fork, proxy, SIP_BYE, branch, &bye);
}

/* Only one phone of several can have the call; another that answered at the same moment is told so. */
void node__leg_drop_fork(struct leg *l, struct sip_transaction *invite, const struct sip_message *answer)
{
    struct sip_dialog fork = l->dialog;
    fork.memory = NULL;
    if (sip_dialog_from_response(&fork, answer) != 0)
        return;
    drop(l->node, invite, &fork, answer);
    sip_dialog_free(&fork);
}

void node__leg_drop_stranger(struct node *n, struct sip_transaction *invite, const struct sip_message *answer)
{
    struct sip_dialog fork;
    if (sip_dialog_from_answer(&fork, answer) != 0)
        return;
    drop(n, invite, &fork, answer);
    sip_dialog_free(&fork);
}
