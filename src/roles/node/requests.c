/* What comes from the proxies, sorted by dialog: requests of phones and answers to ours. */
#include "base/error.h"
#include "base/log.h"
#include "roles/node/node_int.h"

#define UNKNOWN_TEXT 1024U /* of the extensions that are not known as many are named */

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
    if (l == NULL)
        return;
    if (l->state == LEG_ST_INVITED)
        node__call_reason(l->call, m);
    if (l->state == LEG_ST_ESTABLISHED && l->invite == invite->id)
        node__media_withdrawn(l);
    else
        node__leg_event(l, LEG_EV_CANCEL, NULL);
}

/* RFC 3261 8.2.1: what we know and do not do here, and what we do not know at all. */
static void refuse_method(struct sip_transaction *t, const struct sip_message *m, struct slice tag)
{
    sip_respond_saying(t, m->method == SIP_UNKNOWN ? 501 : 405, tag, SIP_HEADER_ALLOW, NODE_ALLOW);
}

/* What is required and not known (RFC 3261 8.2.2.3); empty: nothing. */
static struct slice unknown_extensions(struct node *n, const struct sip_message *m)
{
    struct sip_cursor at = {0};
    struct buffer all = {.limit = UNKNOWN_TEXT};
    struct slice extension;
    while (sip_next_value(m, SIP_HEADER_REQUIRE, &at, &extension)) {
        if (slice_equal_nocase(extension, SLICE("100rel")) || slice_equal_nocase(extension, SLICE("timer")))
            continue;
        if (all.length + extension.length + 2 > UNKNOWN_TEXT)
            break;
        buffer_add_format(&all, "%s%.*s", all.length != 0 ? ", " : "", SLICE_ARG(extension));
    }
    struct slice text = arena_copy(&n->arena, buffer_slice(&all));
    buffer_free(&all);
    return text;
}

/* What may bring a session description. */
static bool is_about_media(const struct sip_message *m)
{
    return m->method == SIP_INVITE || m->method == SIP_ACK || m->method == SIP_PRACK ||
           m->method == SIP_UPDATE;
}

/* RFC 3261 21.4.13: what we would understand. */
static void refuse_body(struct sip_transaction *t, uint16_t status, struct slice tag)
{
    sip_respond_abilities(
        t, status, tag, &(struct sip_abilities){.accept = status == 415 ? NODE_ACCEPT : SLICE("")});
}

static void answer_options(struct sip_transaction *t, struct slice tag)
{
    sip_respond_abilities(t, 200, tag,
        &(struct sip_abilities){
            .allow = NODE_ALLOW, .supported = SLICE("100rel, timer"), .accept = NODE_ACCEPT});
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
        node__call_reason(l->call, m);
        node__leg_event(l, LEG_EV_BYE, NULL);
        break;
    case SIP_PRACK:
        node__early_prack(l, t, m);
        break;
    case SIP_UPDATE:
        node__read_abilities(l, m);
        node__update(l, t, m);
        break;
    case SIP_INFO:
    case SIP_MESSAGE:
        node__pass(l, t, m);
        break;
    case SIP_OPTIONS:
        answer_options(t, SLICE(""));
        break;
    default:
        refuse_method(t, m, SLICE(""));
        break;
    }
}

static void request_h(void *user, struct sip_transaction *t, const struct sip_message *whole)
{
    struct node *n = user;
    struct slice unknown = unknown_extensions(n, whole),
                 tag = slice_empty(whole->to_tag) ? SLICE("refused") : SLICE("");
    struct sip_message plain = *whole, *m = &plain;
    uint16_t status = is_about_media(whole) ? node__unpack(&plain, n, whole) : 0;
    if (m->method == SIP_CANCEL)
        cancel(n, t, m);
    else if (!slice_empty(unknown))
        sip_respond_saying(t, 420, tag, SIP_HEADER_UNSUPPORTED, unknown);
    else if (status != 0)
        refuse_body(t, status, tag);
    else if (!slice_empty(m->to_tag))
        in_dialog(n, t, m);
    else if (m->method == SIP_INVITE)
        node__invite(n, t, m, whole);
    else if (m->method == SIP_OPTIONS)
        answer_options(t, SLICE("options"));
    else
        refuse_method(t, m, SLICE("refused"));
}

static void ack_h(void *user, const struct sip_target *from, const struct sip_message *m)
{
    struct leg *l = find_leg(user, m);
    struct sip_message plain;
    (void)from;
    if (l == NULL || m->cseq != l->invite_cseq)
        return;
    (void)node__unpack(&plain, user, m); /* nobody can be told that it says too much */
    node__leg_event(l, LEG_EV_ACK, &plain);
}

/* ---- answers to our requests ---- */

static void accepted_response(struct leg *l, struct sip_transaction *t, const struct sip_message *m)
{
    if (m->cseq != l->ack_cseq)
        return; /* of an INVITE that is settled long since */
    if (l->accepted_cseq != m->cseq) {
        l->accepted_cseq = m->cseq;
        node__leg_event(l, LEG_EV_ACCEPTED, m);
    } else if (slice_equal(m->to_tag, l->dialog.remote_tag)) {
        node__leg_ack_again(l);
    } else {
        node__leg_drop_fork(l, t, m);
    }
}

static void invite_response(struct leg *l, struct sip_transaction *t, const struct sip_message *m)
{
    node__carry_back(l, m);
    if (m->status < 200)
        node__leg_event(l, LEG_EV_PROVISIONAL, m);
    else if (m->status < 300)
        accepted_response(l, t, m);
    else
        node__leg_event(l, LEG_EV_REFUSED, m);
}

static void response_h(void *user, struct sip_transaction *t, const struct sip_message *whole)
{
    struct node *n = user;
    struct leg *l = map_get_number(&n->legs, t->owner);
    struct sip_message plain = *whole, *m = &plain;
    if (t->partner != 0)
        node__passed(n, t->partner, whole);
    else if (is_about_media(whole))
        (void)node__unpack(&plain, n, whole);
    if (l == NULL && t->method == SIP_INVITE && m->status / 100 == 2)
        node__leg_drop_stranger(n, t, m);
    if (l == NULL)
        return;
    if (t->method == SIP_INVITE)
        invite_response(l, t, m);
    else if (t->method == SIP_UPDATE)
        node__update_response(l, t, m);
    else if (t->method == SIP_BYE && m->status >= 200)
        node__leg_event(l, LEG_EV_BYE, NULL);
}

static void failed_h(void *user, struct sip_transaction *t)
{
    struct node *n = user;
    struct leg *l = map_get_number(&n->legs, t->owner);
    if (t->partner != 0)
        node__passed(n, t->partner, NULL);
    if (l == NULL)
        return;
    if (t->kind == SIP_ICT)
        node__leg_event(l, LEG_EV_REFUSED, NULL);
    else if (t->method == SIP_UPDATE)
        node__update_response(l, t, NULL);
    else if (t->method == SIP_BYE)
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
