/* What comes from the proxies, sorted by dialog: requests of phones and answers to ours. */
#include "base/error.h"
#include "base/log.h"
#include "roles/node/node_int.h"

static void send_h(void *user, const struct sip_target *to, struct slice message)
{
    node__peers_send(user, to->name, message);
}

static struct leg *find_leg(struct node *n, const struct sip_message *m)
{
    struct leg *l = node__leg_by_tag(n, m->to_tag);
    return l != NULL && slice_equal(l->dialog.call_id, m->call_id) ? l : NULL;
}

static void cancel(struct node *n, struct sip_transaction *t, const struct sip_message *m)
{
    struct sip_transaction *invite = sip_transaction_cancelled(&n->transactions, m);
    sip_respond_simple(t, invite != NULL ? 200 : 481, SLICE("cancel"));
    struct leg *l = invite != NULL ? map_get_number(&n->legs, invite->owner) : NULL;
    if (l != NULL)
        node__leg_event(l, LEG_EV_CANCEL, NULL);
}

static void in_dialog(struct node *n, struct sip_transaction *t, const struct sip_message *m)
{
    struct leg *l = find_leg(n, m);
    int error = l != NULL ? sip_dialog_accept(&l->dialog, m) : ERROR_MISSING;
    if (error != 0) {
        sip_respond_simple(t, error == ERROR_STALE ? 500 : 481, SLICE(""));
        return;
    }
    node__leg_changed(l);
    switch (m->method) {
    case SIP_INVITE:
        node__reoffer(l, t, m);
        break;
    case SIP_BYE:
        sip_respond_simple(t, 200, SLICE(""));
        node__leg_event(l, LEG_EV_BYE, NULL);
        break;
    case SIP_OPTIONS:
        sip_respond_simple(t, 200, SLICE(""));
        break;
    default:
        sip_respond_saying(t, 405, SLICE(""), SIP_HEADER_ALLOW, NODE_ALLOW);
        break;
    }
}

static void request_h(void *user, struct sip_transaction *t, const struct sip_message *m)
{
    struct node *n = user;
    struct slice extension;
    struct sip_cursor at = {0};
    if (m->method == SIP_CANCEL)
        cancel(n, t, m);
    else if (sip_next_value(m, SIP_HEADER_REQUIRE, &at, &extension)) /* RFC 3261 8.2.2.3: we know none */
        sip_respond_saying(
            t, 420, slice_empty(m->to_tag) ? SLICE("refused") : SLICE(""), SIP_HEADER_UNSUPPORTED, extension);
    else if (!slice_empty(m->to_tag))
        in_dialog(n, t, m);
    else if (m->method == SIP_INVITE)
        node__invite(n, t, m);
    else if (m->method == SIP_OPTIONS)
        sip_respond_simple(t, 200, SLICE("options"));
    else
        sip_respond_saying(t, 405, SLICE("refused"), SIP_HEADER_ALLOW, NODE_ALLOW);
}

static void ack_h(void *user, const struct sip_target *from, const struct sip_message *m)
{
    struct leg *l = find_leg(user, m);
    (void)from;
    if (l != NULL && m->cseq == l->invite_cseq)
        node__leg_event(l, LEG_EV_ACK, m);
}

/* ---- answers to our requests ---- */

static void accepted_response(struct leg *l, const struct sip_message *m)
{
    if (m->cseq != l->ack_cseq)
        return; /* of an INVITE that is settled long since */
    if (l->media == MEDIA_ASKED || (l->media == MEDIA_OFFERING && l->ack.length == 0))
        node__leg_event(l, LEG_EV_ACCEPTED, m);
    else if (slice_equal(m->to_tag, l->dialog.remote_tag))
        node__leg_ack_again(l);
    else
        node__leg_drop_fork(l, m);
}

static void invite_response(struct leg *l, const struct sip_message *m)
{
    if (m->status < 200)
        node__leg_event(l, LEG_EV_PROVISIONAL, m);
    else if (m->status < 300)
        accepted_response(l, m);
    else
        node__leg_event(l, LEG_EV_REFUSED, m);
}

static void response_h(void *user, struct sip_transaction *t, const struct sip_message *m)
{
    struct node *n = user;
    struct leg *l = map_get_number(&n->legs, t->owner);
    if (l == NULL)
        return;
    if (t->method == SIP_INVITE)
        invite_response(l, m);
    else if (t->method == SIP_BYE && m->status >= 200)
        node__leg_event(l, LEG_EV_BYE, NULL);
}

static void failed_h(void *user, struct sip_transaction *t)
{
    struct node *n = user;
    struct leg *l = map_get_number(&n->legs, t->owner);
    if (l == NULL)
        return;
    if (t->kind == SIP_ICT)
        node__leg_event(l, LEG_EV_REFUSED, NULL);
    else if (t->kind == SIP_NICT)
        node__leg_event(l, LEG_EV_BYE, NULL);
}

static void stray_h(void *user, const struct sip_target *from, const struct sip_message *m)
{
    (void)from;
    (void)m;
    world_count(((struct node *)user)->world, COUNTER_SIP_STRAY, 1);
}

static void over_h(void *user, struct sip_transaction *t)
{
    (void)user;
    (void)t;
}

static void changed_h(void *user, struct sip_transaction *t)
{
    struct node *n = user;
    world_dirty(n->world, NODE_KIND_TRANSACTION, t->id);
}

const struct sip_handlers node__sip_handlers = {.send = send_h,
    .request = request_h,
    .ack = ack_h,
    .response = response_h,
    .stray = stray_h,
    .failed = failed_h,
    .over = over_h,
    .changed = changed_h};
