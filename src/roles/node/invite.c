/* A phone calls: the call is made, its caller's leg, and the callee's leg with the caller's offer. */
#include "base/error.h"
#include "base/log.h"
#include "roles/node/node_int.h"
#include "sip/uri.h"

/* Who calls: what the proxy has authenticated; otherwise (trunks) what From says. */
static int read_user(char to[NODE_NAME], struct slice uri_text)
{
    struct sip_uri uri;
    struct slice user;
    int error = sip_uri_parse(&uri, uri_text);
    if (error == 0)
        error = sip_uri_user(&user, &uri, to, NODE_NAME - 1);
    if (error != 0)
        return error;
    if (user.length == 0) /* and without data: "sip:home" */
        return ERROR_MISSING;
    memmove(to, user.data, user.length);
    to[user.length] = '\0';
    return 0;
}

static int read_caller(struct call *c, const struct sip_message *m)
{
    struct sip_name_address a;
    struct slice identity = sip_header_value(m, SIP_HEADER_P_ASSERTED_IDENTITY);
    int error = sip_name_address_parse(&a, slice_empty(identity) ? m->from : identity);
    return error != 0 ? error : read_user(c->from, a.uri);
}

bool node__knows_user(struct node *n, char to[NODE_NAME], struct slice uri)
{
    const struct config_dn *dn =
        read_user(to, uri) == 0 ? config_dn(world_configuration(n->world), slice_text(to)) : NULL;
    return dn != NULL && !dn->disabled;
}

/* What the phone can do. A message without Allow says nothing of it. */
void node__read_abilities(struct leg *l, const struct sip_message *m)
{
    if (sip_header(m, SIP_HEADER_ALLOW) != NULL) {
        l->abilities &= ~(unsigned)LEG_UPDATES;
        if (sip_has_option(m, SIP_HEADER_ALLOW, SLICE("UPDATE")))
            l->abilities |= LEG_UPDATES;
    }
    if (!m->is_request)
        return;
    if (sip_has_option(m, SIP_HEADER_SUPPORTED, SLICE("100rel")))
        l->abilities |= LEG_RELIABLE;
    if (sip_has_option(m, SIP_HEADER_REQUIRE, SLICE("100rel")))
        l->abilities |= LEG_RELIABLE_ONLY;
}

/* 0, or the status that refuses the request. */
static uint16_t read_call(struct call *c, const struct sip_message *m)
{
    if (read_caller(c, m) != 0 || read_user(c->to, m->uri) != 0)
        return 400;
    if (node__session_too_short(m))
        return 422;
    const struct configuration *all = world_configuration(c->node->world);
    const struct config_dn *dn = config_dn(all, slice_text(c->to));
    if (dn != NULL)
        return dn->disabled ? 404 : 0;
    /* The world outside, for DNs only: a trunk's call comes back to no trunk. Proxies know by which one. */
    const struct config_location *here = config_location(all, slice_text(c->node->location));
    return config_dn(all, slice_text(c->from)) != NULL &&
                   config_dial_out(all, here, slice_text(c->to)) != NULL
               ? 0
               : 404;
}

static int begin_caller(struct call *c, struct sip_transaction *t, const struct sip_message *m)
{
    char tag[NODE_NAME];
    struct leg *l = c->caller = node__leg_new(c->node, c, true);
    node__leg_tag(l, tag);
    strcpy(l->proxy, t->target.name);
    strcpy(l->dn, c->from);
    node__busy_began(l);
    l->invite = t->id;
    l->invite_cseq = m->cseq;
    t->owner = l->id;
    node__read_abilities(l, m);
    node__session_request(l, m);
    int error = sip_dialog_from_request(&l->dialog, m, slice_text(tag));
    if (error == 0 && m->body.length != 0)
        node__media_offered(l, m->body);
    return error;
}

/* The caller's name goes with the call; numbers are what the proxy has checked. */
static void add_identity(struct buffer *out, const struct call *c, const struct sip_message *m)
{
    struct sip_name_address a;
    if (sip_name_address_parse(&a, m->from) == 0 && !slice_empty(a.display))
        buffer_add_format(out, "\"%.*s\" ", SLICE_ARG(a.display));
    buffer_add_format(out, "<sip:%s@%s>", c->from, c->node->realm);
}

/* The proxies of the phone's own location know where it is, wherever that may be (VC-2). */
static bool pick_proxy(const struct call *c, const char *number, char name[SIP_TARGET_NAME])
{
    struct node *n = c->node;
    const struct configuration *all = world_configuration(n->world);
    const struct config_dn *dn = config_dn(all, slice_text(number));
    return dn != NULL ? node__peers_pick_in(n, config_dn_location(all, dn), c->caller->proxy, name)
                      : node__peers_pick(n, c->caller->proxy, name);
}

void node__invite_callee(struct call *c, const char *dn, struct slice caller)
{
    struct node *n = c->node;
    struct leg *l = c->callee = node__leg_new(n, c, false);
    struct buffer remote = {0}, target = {0}, call_id = {0};
    char tag[NODE_NAME];
    node__leg_tag(l, tag);
    strcpy(l->dn, dn);
    node__busy_began(l);
    l->expires = (uint32_t)(timer_duration(TIMER_SESSION_EXPIRES) / 1000000);
    buffer_add_format(&target, "sip:%s@%s", dn, n->realm);
    buffer_add_format(&remote, "<%.*s>", SLICE_ARG(buffer_slice(&target)));
    for (int i = 0; i < 2; i++) /* it names nothing: trunks see it */
        buffer_add_format(&call_id, "%016llx", (unsigned long long)world_random(n->world));
    sip_dialog_begin(&l->dialog, buffer_slice(&call_id), slice_text(tag), caller, buffer_slice(&remote),
        buffer_slice(&target), SLICE(""));
    buffer_free(&remote);
    buffer_free(&target);
    buffer_free(&call_id);
    node__leg_changed(l);
    if (pick_proxy(c, dn, l->proxy))
        node__leg_invite(l, node__sdp_text(n, c->caller->remote_sdp));
    else
        node__leg_event(l, LEG_EV_REFUSED, NULL);
}

/* The invitation may be good for less than we would let it ring (RFC 3261 13.3.1). */
static void read_expires(struct call *c, const struct sip_message *m)
{
    uint64_t seconds;
    int64_t until = c->deadline;
    if (slice_to_u64(&seconds, sip_header_value(m, SIP_HEADER_EXPIRES), UINT32_MAX) == 0 && seconds != 0)
        until = c->started_at + (int64_t)seconds * 1000000;
    if (until < c->deadline)
        node__call_set_deadline(c, until);
}

void node__invite(
    struct node *n, struct sip_transaction *t, const struct sip_message *m, const struct sip_message *whole)
{
    if (node__bounced(n, t, m))
        return;
    node__load_count(n, 1);
    struct call *c = node__call_new(n);
    uint16_t status = read_call(c, m);
    if (status == 0 && begin_caller(c, t, m) != 0)
        status = 400;
    if (status != 0) {
        LOG(LOG_INFO, "node", "INVITE of %.*s refused with %u", SLICE_ARG(m->from), status);
        t->owner = 0;
        if (status == 422)
            sip_respond_saying(t, status, SLICE("refused"), SIP_HEADER_MIN_SE, NODE_MIN_SE);
        else
            sip_respond_simple(t, status, SLICE("refused"));
        if (c->caller != NULL)
            node__leg_free(c->caller);
        node__call_free(c);
        return;
    }
    buffer_add(&c->sip_call_id, m->call_id);
    node__carry(c, whole);
    read_expires(c, m);
    node__leg_ring(c->caller, 100, SLICE(""), false);
    node__stream_event(c, TANDEM__CALL_EVENT_KIND__CALL_CREATED);
    struct buffer caller = {0};
    add_identity(&caller, c, m);
    node__invite_callee(c, c->to, buffer_slice(&caller));
    buffer_free(&caller);
}

/* It asks for our offer, and answers with its ACK: the session as it is. */
static void offer_what_is(struct leg *l)
{
    struct slice text = node__sdp_text(l->node, l->local_sdp);
    node__sdp_share(l, &l->offered_sdp, l->local_sdp);
    l->media = MEDIA_OFFERING;
    node__leg_event(l, LEG_EV_ANSWER, &text);
}

/* An INVITE of the phone that has no final answer yet. */
static bool waits_for_answer(const struct leg *l)
{
    const struct sip_transaction *t = sip_transaction_find(&l->node->transactions, l->invite);
    return t != NULL && t->kind == SIP_IST && t->state == SIP_ST_PROCEEDING;
}

/* The phone changes its mind about media inside the dialog. One offer at a time: else 500 where it is the
 * phone's own that waits, 491 where it is ours (RFC 3261 14.2). */
void node__reoffer(struct leg *l, struct sip_transaction *t, const struct sip_message *m)
{
    bool busy =
        l->invite != 0 || l->update != 0 || l->state != LEG_ST_ESTABLISHED || l->media != MEDIA_STABLE;
    const struct leg *other = node__call_other(l->call, l);
    enum sip_method method;
    if (busy || other == NULL || !node__media_may_offer(other, &method)) {
        node__refuse_offer(l, t, waits_for_answer(l) ? 500 : 491);
        return;
    }
    if (node__session_too_short(m)) {
        sip_respond_saying(t, 422, SLICE(""), SIP_HEADER_MIN_SE, NODE_MIN_SE);
        return;
    }
    if (m->body.length == 0 && l->local_sdp == 0) {
        sip_respond_simple(t, 488, SLICE(""));
        return;
    }
    if (sip_dialog_refresh(&l->dialog, m) != 0) {
        sip_respond_simple(t, 400, SLICE(""));
        return;
    }
    l->invite = t->id;
    l->invite_cseq = m->cseq;
    t->owner = l->id;
    node__read_abilities(l, m);
    node__session_request(l, m);
    node__leg_ring(l, 100, SLICE(""), false);
    if (m->body.length == 0) {
        offer_what_is(l);
        return;
    }
    node__media_offered(l, m->body);
    node__media_reconcile(l->call);
}
