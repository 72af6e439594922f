/* A request on its way through: forwarded to one or more places, its answers gathered (RFC 3261 16.6, 16.7).
 */
#include <stdio.h>

#include "base/error.h"
#include "base/hash.h"
#include "base/log.h"
#include "base/mem.h"
#include "roles/proxy/proxy_int.h"
#include "roles/proxy/trunk/trunk.h"

#define VIA_TEXT (ADDRESS_TEXT + 192)

/* What the proxy writes itself, or strangers must not say. */
#define SKIPPED                                                                                              \
    (SIP_HEADER_BIT(SIP_HEADER_MAX_FORWARDS) | SIP_HEADER_BIT(SIP_HEADER_ROUTE) |                            \
        SIP_HEADER_BIT(SIP_HEADER_PROXY_AUTHORIZATION) | SIP_HEADER_BIT(SIP_HEADER_AUTHORIZATION) |          \
        SIP_HEADER_BIT(SIP_HEADER_P_ASSERTED_IDENTITY) | SIP_HEADER_BIT(SIP_HEADER_CONTENT_TYPE) |           \
        SIP_HEADER_BIT(SIP_HEADER_MAX_BREADTH) | SIP_HEADER_BIT(SIP_HEADER_P_PREFERRED_IDENTITY))

/* The branch follows from the request and where it goes, as a stateless proxy's would (RFC 3261 16.11): a
 * proxy that was started again sends a repeated INVITE, or its CANCEL, in the transaction that the other side
 * knows. */
static uint64_t branch_number(
    const struct proxy *p, const struct sip_message *m, const struct destination *to)
{
    char cseq[16];
    snprintf(cseq, sizeof cseq, "%u", m->cseq);
    struct slice parts[] = {m->via.branch, m->via.host, m->call_id, m->from_tag, slice_text(cseq),
        slice_text(m->method == SIP_CANCEL ? "INVITE" : sip_method_name(m->method)),
        slice_text(to->target.name), to->uri, trunk_attempt(to->outside),
        slice_text(to->outside != NULL ? p->name : "")};
    uint64_t number = 0;
    for (size_t i = 0; i < sizeof parts / sizeof parts[0]; i++)
        number = hash_stable_add(number, parts[i]);
    if (to->why != NULL && strcmp(to->why, SIP_WHY_SENT) == 0) /* it may come back to who has sent it on */
        number = hash_stable_add(number, SLICE(SIP_WHY_SENT));
    return number;
}

static struct slice new_via(struct proxy *p, const struct sip_message *m, const struct destination *to,
    char room[VIA_TEXT], struct slice *branch)
{
    char inside[PROXY_NAME + 24];
    snprintf(inside, sizeof inside, "SIP/2.0/TCP %s" PROXY_HOST, p->name);
    const char *begin = to->listener != NULL ? to->listener->via : inside;
    int head = snprintf(room, VIA_TEXT, "%s;rport;branch=", begin);
    int tail = snprintf(room + head, (size_t)(VIA_TEXT - head), "z9hG4bK-%s-%016llx-%08x",
        to->outside == NULL ? p->name : "", (unsigned long long)branch_number(p, m, to), guard_loop_mark(m));
    *branch = slice_of(room + head, (size_t)tail);
    if (to->listener == NULL && m->method == SIP_INVITE) /* RFC 7339 4.1: we listen to what it says */
        tail += snprintf(room + head + tail, (size_t)(VIA_TEXT - head - tail), ";oc;oc-algo=\"loss\"");
    return slice_of(room, (size_t)(head + tail));
}

/* Our place in the route of the dialog: the flow tells any proxy of the location where the phone is. */
static void add_record_route(struct buffer *out, struct proxy *p, const struct edge_listener *l,
    const char *flow, const char *way, bool secure)
{
    const struct edge_listener *own = l != NULL ? l : p->listener_count != 0 ? &p->listeners[0] : NULL;
    if (own == NULL)
        return;
    buffer_add_text(out, "Record-Route: <");
    edge_add_uri(out, own, secure);
    if (way != NULL)
        buffer_add_format(out, ";" SIP_PARAMETER_WAY "=%s", way);
    else if (flow != NULL)
        buffer_add_format(out, ";" SIP_PARAMETER_FLOW "=%s", flow);
    buffer_add_text(out, ";lr>\r\n");
}

void proxy__add_routes(struct buffer *out, const struct sip_message *m, bool keep_first)
{
    struct sip_cursor at = {0};
    struct slice value;
    bool first = true;
    while (sip_next_value(m, SIP_HEADER_ROUTE, &at, &value)) {
        if (!first || keep_first)
            sip_add_header(out, SIP_HEADER_ROUTE, value);
        first = false;
    }
}

static void build(struct buffer *out, struct proxy *p, const struct sip_message *m,
    const struct destination *to, struct slice via, struct slice identity, const char *record_flow,
    const struct edge_listener *record_listener)
{
    sip_add_request_line(out, m->method_name, slice_empty(to->uri) ? m->uri : to->uri);
    sip_add_header(out, SIP_HEADER_VIA, via);
    if (m->method == SIP_INVITE && !to->keep_route)
        add_record_route(out, p, record_listener, record_flow, to->record_way,
            slice_starts_nocase(m->uri, SLICE("sips:")));
    bool has_route = sip_header(m, SIP_HEADER_ROUTE) != NULL;
    if (to->why != NULL)
        buffer_add_format(
            out, "Route: <sip:%s" PAIR_HOST ";" SIP_PARAMETER_WHY "=%s;lr>\r\n", to->target.name, to->why);
    bool names_flow =
        to->keep_route && (!has_route || to->found); /* the other proxy shall use this very one */
    if (names_flow)
        buffer_add_format(out, "Route: <sip:%s" PROXY_HOST ";" SIP_PARAMETER_FLOW "=%s%s;lr>\r\n",
            to->target.name, to->record_flow, to->found ? ";" SIP_PARAMETER_FOUND : "");
    proxy__add_routes(out, m, to->keep_route && !names_flow);
    if (!slice_empty(to->path))
        sip_add_header(out, SIP_HEADER_ROUTE, to->path);
    buffer_add_format(out, "Max-Forwards: %u\r\n", m->max_forwards - 1U);
    if (to->breadth != 0)
        buffer_add_format(out, "Max-Breadth: %u\r\n", to->breadth);
    if (to->record_way != NULL) {
        trunk_add_identity(out, p, m, to->record_way);
        trunk_add_headers(out, p, m, to->record_way, SKIPPED);
    } else {
        if (!slice_empty(identity))
            buffer_add_format(out, "P-Asserted-Identity: <sip:%.*s@%s>\r\n", SLICE_ARG(identity), p->realm);
        sip_add_headers_of(out, m, SKIPPED);
    }
    sip_add_body(out, sip_header_value(m, SIP_HEADER_CONTENT_TYPE), m->body);
}

/* The flow parameter for the phone's side of the dialog: where the request goes (to a phone) or came from. */
static char *source_flow(
    struct proxy *p, const struct sip_target *from, const struct edge_listener **listener)
{
    struct phone_flow flow = {.transport = TRANSPORT_TCP, .flow = from->flow, .incarnation = p->incarnation};
    *listener = NULL;
    if (from->name[0] != '\0')
        return NULL;
    *listener = edge_listener_of(p, from);
    strcpy(flow.proxy, p->name);
    if (from->address.family != 0) {
        flow.transport = TRANSPORT_UDP;
        flow.address = from->address;
        flow.listener = *listener != NULL ? (unsigned)(*listener - p->listeners) : 0;
    }
    return proxy__flow_text(p, &flow);
}

static uint64_t send_branch(struct proxy *p, struct relay *r, const struct sip_message *m,
    const struct destination *to, struct slice identity, const struct sip_target *from)
{
    char room[VIA_TEXT];
    uint64_t id = 0;
    struct buffer out = sip_spare_take(&p->transactions);
    struct slice branch, via = new_via(p, m, to, room, &branch);
    const struct edge_listener *listener = to->listener;
    const char *flow = to->record_flow != NULL ? to->record_flow : source_flow(p, from, &listener);
    if (to->outside != NULL)
        trunk_build(&out, p, m, to, via);
    else
        build(&out, p, m, to, via, identity, flow, listener);
    if (!out.overflowed) {
        struct sip_transaction *t = sip_request(
            &p->transactions, &to->target, to->reliable, m->method, branch, buffer_slice(&out), r->id);
        r->branches[r->count++].transaction = id = t->id;
        r->open++;
    }
    sip_spare_give(&p->transactions, &out);
    return id;
}

bool proxy__relay_again(struct proxy *p, struct relay *r, const struct destination *to)
{
    struct sip_message m;
    struct sip_transaction *server = sip_transaction_find(&p->transactions, r->server);
    struct destination one = *to;
    unsigned before = r->count;
    if (server == NULL || r->count == PROXY_BRANCHES ||
        sip_parse(&m, server->request, &p->arena, NULL) != 0 ||
        (r->from_trunk && !trunk_readdress(p, server, &m, &one)))
        return false;
    send_branch(p, r, &m, &one, slice_text(r->identity), &server->target);
    return r->count != before;
}

static void release(struct proxy *p, struct relay *r)
{
    map_remove_number(&p->relays, r->id);
    trunk_relay_over(p, r);
    buffer_free(&r->best_response);
    buffer_free(&r->reason);
    pool_give(&p->relay_pool, r);
}

/* Its server transaction is over, and so is the last branch. */
static void release_last(struct proxy *p, uint64_t id)
{
    struct relay *r = map_get_number(&p->relays, id);
    if (r != NULL && r->server == 0 && r->open == 0)
        release(p, r);
}

struct relay *proxy__relay_begin(struct proxy *p, struct sip_transaction *t, const struct sip_message *m)
{
    struct relay *r = pool_take(&p->relay_pool);
    r->id = ++p->next_relay;
    r->server = t->id;
    r->method = m->method;
    t->owner = r->id;
    map_put_number(&p->relays, r->id, r);
    if (m->method == SIP_INVITE)
        sip_respond_simple(t, 100, SLICE(""));
    return r;
}

uint64_t proxy__relay_branch(struct proxy *p, struct relay *r, const struct sip_message *m,
    const struct destination *to, struct slice identity)
{
    const struct sip_transaction *server = sip_transaction_find(&p->transactions, r->server);
    struct sip_target from = server != NULL ? server->target : (struct sip_target){.flow = 0};
    return r->count < PROXY_BRANCHES ? send_branch(p, r, m, to, identity, &from) : 0;
}

void proxy__relay(struct proxy *p, struct sip_transaction *t, const struct sip_message *m,
    const struct destination *to, unsigned count, struct slice identity)
{
    struct sip_target from = t->target;
    unsigned breadth = guard_breadth(m, count);
    if (breadth == 0) {
        world_count(p->world, COUNTER_GUARD_BREADTH, 1);
        sip_respond_simple(t, 440, SLICE("edge"));
        return;
    }
    struct relay *r = proxy__relay_begin(p, t, m);
    r->from_trunk = to->record_way != NULL;
    r->group = count != 0 ? to[0].group : 0;
    slice_put(r->identity, slice_first(identity, sizeof r->identity - 1));
    for (unsigned i = 0; i < count && i < PROXY_BRANCHES; i++) {
        struct destination one = to[i];
        one.breadth = one.listener != NULL && slice_empty(m->to_tag) ? breadth : 0;
        send_branch(p, r, m, &one, identity, &from);
    }
    world_count(p->world, COUNTER_RELAYED, 1);
    if (r->count == 0) {
        release(p, r);
        sip_respond_simple(t, 513, SLICE("edge"));
    }
}

void proxy__forward_ack(struct proxy *p, const struct sip_message *m, const struct destination *to)
{
    char room[VIA_TEXT];
    struct buffer out = sip_spare_take(&p->transactions);
    struct slice branch, via = new_via(p, m, to, room, &branch);
    if (to->outside != NULL)
        trunk_build(&out, p, m, to, via);
    else
        build(&out, p, m, to, via, SLICE(""), NULL, NULL);
    if (!out.overflowed)
        proxy__send(p, &to->target, buffer_slice(&out));
    sip_spare_give(&p->transactions, &out);
}

/* Of an INVITE that this process knows nothing of: it was passed on before a restart. */
void proxy__forward_cancel(struct proxy *p, const struct sip_message *m, const struct destination *to)
{
    char room[VIA_TEXT];
    struct buffer out = sip_spare_take(&p->transactions);
    struct slice branch, via = new_via(p, m, to, room, &branch);
    build(&out, p, m, to, via, SLICE(""), NULL, NULL);
    if (!out.overflowed)
        sip_request(&p->transactions, &to->target, to->reliable, SIP_CANCEL, branch, buffer_slice(&out), 0);
    sip_spare_give(&p->transactions, &out);
}

static void cancel_branches(struct proxy *p, struct relay *r)
{
    for (unsigned i = 0; i < r->count; i++) {
        struct sip_transaction *t = sip_transaction_find(&p->transactions, r->branches[i].transaction);
        if (t == NULL || r->branches[i].cancelled || !sip_may_cancel(t))
            continue;
        r->branches[i].cancelled = true;
        sip_cancel_saying(&p->transactions, t,
            r->answered ? SLICE("SIP;cause=200;text=\"Call completed elsewhere\"")
                        : buffer_slice(&r->reason));
    }
}

void proxy__relay_cancel(struct proxy *p, struct sip_transaction *invite, const struct sip_message *m)
{
    struct relay *r = map_get_number(&p->relays, invite->owner);
    if (r == NULL || r->cancelled || r->answered)
        return;
    r->cancelled = true;
    buffer_add(&r->reason, sip_header_value(m, SIP_HEADER_REASON));
    cancel_branches(p, r);
}

/* ---- answers ---- */

void proxy__build_response(struct buffer *out, const struct sip_message *m)
{
    struct sip_cursor at = {0};
    struct slice via;
    bool first = true;
    sip_add_status_line(out, m->status, m->reason);
    while (sip_next_value(m, SIP_HEADER_VIA, &at, &via)) {
        if (!first)
            sip_add_header(out, SIP_HEADER_VIA, via);
        first = false;
    }
    sip_add_headers_of(out, m, SIP_HEADER_BIT(SIP_HEADER_VIA) | SIP_HEADER_BIT(SIP_HEADER_CONTENT_TYPE));
    sip_add_body(out, sip_header_value(m, SIP_HEADER_CONTENT_TYPE), m->body);
}

static void send_up(struct proxy *p, struct relay *r, uint16_t status, struct slice message)
{
    struct sip_transaction *server = sip_transaction_find(&p->transactions, r->server);
    if (server != NULL)
        sip_respond(server, status, message);
}

/* RFC 3261 16.7 step 6: a 6xx wins, otherwise the lowest class; inside a class what says most to the caller.
 */
static bool better(uint16_t status, uint16_t best)
{
    static const uint16_t telling[] = {401, 407, 415, 420, 484};
    if (best == 0 || status >= 600)
        return best < 600;
    if (best >= 600 || status / 100 != best / 100)
        return best < 600 && status / 100 < best / 100;
    for (size_t i = 0; i < sizeof telling / sizeof telling[0]; i++)
        if (telling[i] == status)
            return true;
    return best == 408 || best == 430;
}

static void build_up(struct buffer *out, struct proxy *p, struct relay *r, const struct sip_message *m)
{
    if (r->outgoing != NULL || r->from_trunk)
        trunk_build_response(out, p, r, m);
    else
        proxy__build_response(out, m);
}

static void note_refusal(struct proxy *p, struct relay *r, uint16_t status, const struct sip_message *m)
{
    if (status == 430) { /* no matter of the caller's (RFC 5626 5.3) */
        r->flow_failed = true;
        m = NULL;
        world_count(p->world, COUNTER_FLOW_FAILED, 1);
    }
    if (!better(status, r->best))
        return;
    r->best = status;
    buffer_clear(&r->best_response);
    if (m != NULL)
        build_up(&r->best_response, p, r, m);
}

/* The contacts that come behind those that were tried, and the request that goes there. */
static unsigned contacts_behind(struct proxy *p, const struct relay *r, bool flow_failed,
    struct sip_message *m, struct destination to[PROXY_BRANCHES])
{
    const struct sip_transaction *server = sip_transaction_find(&p->transactions, r->server);
    if (server == NULL || r->group == 0 || r->cancelled || r->best >= 600 ||
        sip_parse(m, arena_copy(&p->arena, server->request), &p->arena, NULL) != 0)
        return 0;
    return proxy__contacts(p, m, to, r->group, flow_failed);
}

/* RFC 3261 16.6: serially, by falling q. */
static bool next_contacts(struct proxy *p, struct relay *r, struct sip_transaction *server)
{
    struct destination to[PROXY_BRANCHES];
    struct sip_message m;
    unsigned count = contacts_behind(p, r, r->flow_failed, &m, to);
    if (count == 0)
        return false;
    r->count = 0; /* all of them are over */
    r->flow_failed = false;
    for (unsigned i = 0; i < count; i++)
        send_branch(p, r, &m, &to[i], SLICE(""), &server->target);
    r->group = to[0].group;
    return r->open != 0;
}

/* A phone that has said nothing cannot be told to stop (RFC 3261 9.1): after a 6xx nobody waits for it. */
static bool is_silent(struct proxy *p, const struct branch *b)
{
    const struct sip_transaction *t = sip_transaction_find(&p->transactions, b->transaction);
    return t != NULL && t->method == SIP_INVITE && !sip_may_cancel(t);
}

static bool is_over(struct proxy *p, const struct relay *r)
{
    unsigned silent = 0;
    for (unsigned i = 0; i < r->count && r->best >= 600; i++)
        silent += is_silent(p, &r->branches[i]);
    return r->open <= silent;
}

/* All branches are over and none was answered: the best refusal goes up, once. */
static void conclude(struct proxy *p, struct relay *r)
{
    struct sip_transaction *server = sip_transaction_find(&p->transactions, r->server);
    if (r->answered || r->concluded || !is_over(p, r) || (server != NULL && next_contacts(p, r, server)))
        return;
    r->concluded = true;
    trunk_relay_refused(p, r);
    struct buffer best = r->best_response;
    uint16_t status = r->best == 430 ? 480 : r->best != 0 ? r->best : 408;
    r->best_response = (struct buffer){0}; /* the relay may go with the answer */
    if (best.length != 0)
        send_up(p, r, r->best, buffer_slice(&best));
    else if (server != NULL)
        sip_respond_simple(server, status, SLICE("edge"));
    buffer_free(&best);
}

void proxy__relay_refuse(struct proxy *p, struct relay *r, uint16_t status)
{
    note_refusal(p, r, status, NULL);
    conclude(p, r);
}

void proxy__relay_close_branch(struct relay *r, uint64_t transaction)
{
    for (unsigned i = 0; i < r->count; i++)
        if (r->branches[i].transaction == transaction) {
            r->open--;
            r->branches[i].transaction = 0;
        }
}

/* ---- a proxy that the request was given to is gone ---- */

static bool waits_for(struct proxy *p, const struct branch *b, const char *proxy)
{
    const struct sip_transaction *t = sip_transaction_find(&p->transactions, b->transaction);
    return t != NULL && t->kind == SIP_ICT && t->state == SIP_ST_TRYING && strcmp(t->target.name, proxy) == 0;
}

static bool has_waiting(struct proxy *p, const struct relay *r, const char *proxy)
{
    bool any = false;
    for (unsigned i = 0; i < r->count && r->group != 0 && !r->answered && !r->concluded; i++)
        any |= waits_for(p, &r->branches[i], proxy);
    return any;
}

/* Where there is no other flow the proxy may come back in time. */
static void leave(struct proxy *p, struct relay *r, const char *proxy)
{
    struct destination to[PROXY_BRANCHES];
    struct sip_message m;
    if (contacts_behind(p, r, true, &m, to) == 0)
        return;
    for (unsigned i = 0; i < r->count; i++)
        if (waits_for(p, &r->branches[i], proxy))
            proxy__relay_close_branch(r, r->branches[i].transaction);
    note_refusal(p, r, 430, NULL);
    conclude(p, r);
}

void proxy__relays_leave(struct proxy *p, const char *proxy)
{
    struct buffer ids = {0};
    struct relay *r;
    map_for_each (r, &p->relays)
        if (has_waiting(p, r, proxy))
            buffer_add(&ids, slice_of(&r->id, sizeof r->id));
    for (size_t at = 0; at + sizeof r->id <= ids.length; at += sizeof r->id) {
        uint64_t id;
        memcpy(&id, ids.data + at, sizeof id);
        if ((r = map_get_number(&p->relays, id)) != NULL)
            leave(p, r, proxy);
    }
    buffer_free(&ids);
}

static bool is_left(const struct relay *r, const struct sip_transaction *t)
{
    for (unsigned i = 0; r != NULL && i < r->count; i++)
        if (r->branches[i].transaction == t->id)
            return false;
    return true;
}

/* An answer to what was given up: nobody waits for it, and the phone must not ring on. */
static bool late(
    struct proxy *p, const struct relay *r, struct sip_transaction *t, const struct sip_message *m)
{
    if (!is_left(r, t))
        return false;
    if (m->status < 200 && sip_may_cancel(t))
        sip_cancel(&p->transactions, t);
    return r == NULL || m->status < 200 || m->status >= 300;
}

/* Without a Via behind ours it was meant for us and must not go on (RFC 3261 16.7 step 3): phones answer an
 * INVITE with the Vias of its CANCEL. */
static bool goes_on(const struct sip_message *m)
{
    struct sip_cursor at = {0};
    struct slice via;
    return sip_next_value(m, SIP_HEADER_VIA, &at, &via) && sip_next_value(m, SIP_HEADER_VIA, &at, &via);
}

void proxy__response(void *self, struct sip_transaction *t, const struct sip_message *m)
{
    struct proxy *p = self;
    struct relay *r = map_get_number(&p->relays, t->owner);
    if (t->target.name[0] != '\0')
        guard_hears(p, slice_text(t->target.name), m);
    if (trunk_own_response(p, t, m) || t->method == SIP_CANCEL ||
        (r != NULL && r->outgoing != NULL && trunk_takes_response(p, r, t, m)) || late(p, r, t, m))
        return;
    bool good = r->outgoing != NULL || goes_on(m);
    if (m->status < 200 && (r->cancelled || r->answered || r->best >= 600))
        cancel_branches(p, r); /* the CANCEL had to wait for this */
    if (m->status == 100)
        return;
    if (good && nodes_bounced(p, r, t, m)) {
        proxy__relay_close_branch(r, t->id);
        return;
    }
    if (m->status >= 300 || (m->status >= 200 && !good)) {
        note_refusal(p, r, m->status >= 300 ? m->status : 502, good ? m : NULL);
        proxy__relay_close_branch(r, t->id);
        if (m->status >= 600)
            cancel_branches(p, r);
        conclude(p, r);
        release_last(p, t->owner);
        return;
    }
    if (m->status < 200 && (r->answered || r->concluded || !good))
        return;
    uint64_t id = r->id;
    bool concluded = r->concluded;
    if (m->status >= 200) {
        proxy__relay_close_branch(r, t->id);
        r->answered = true;
        cancel_branches(p, r);
    }
    if (concluded) {
        proxy__stray(p, &t->target, m); /* refused already: whoever asked ends it (RFC 3261 16.7 step 5) */
    } else {
        struct buffer out = sip_spare_take(&p->transactions);
        build_up(&out, p, r, m);
        send_up(p, r, m->status, buffer_slice(&out)); /* and with it the relay may go */
        sip_spare_give(&p->transactions, &out);
    }
    release_last(p, id);
}

void proxy__failed(void *self, struct sip_transaction *t)
{
    struct proxy *p = self;
    struct relay *r = map_get_number(&p->relays, t->owner);
    if (trunk_own_failed(p, t) || r == NULL || t->kind > SIP_NICT || t->method == SIP_CANCEL ||
        (r->outgoing != NULL && trunk_takes_failure(p, r, t)) || is_left(r, t))
        return;
    bool lost = t->status == 503; /* the phone's stream is gone: it is not to be waited for */
    if (!lost && t->kind == SIP_ICT && t->state == SIP_ST_PROCEEDING)
        sip_cancel(&p->transactions, t); /* timer C */
    else
        r->flow_failed = true;
    note_refusal(p, r, lost && t->method == SIP_INVITE ? 480 : 408, NULL);
    proxy__relay_close_branch(r, t->id);
    conclude(p, r);
    release_last(p, t->owner);
}

/* The relay lives as long as its server transaction: repeated answers and CANCEL find it by that. Where it
 * was refused before all phones had said something, it waits for them. */
void proxy__over(void *self, struct sip_transaction *t)
{
    struct proxy *p = self;
    struct relay *r = map_get_number(&p->relays, t->owner);
    if (r == NULL || r->server != t->id)
        return;
    r->server = 0;
    if (r->concluded)
        release_last(p, r->id);
    else
        release(p, r);
}

void proxy__relays_close(struct proxy *p)
{
    struct relay *r;
    map_for_each (r, &p->relays) {
        trunk_relay_over(p, r);
        buffer_free(&r->best_response);
        buffer_free(&r->reason);
        pool_give(&p->relay_pool, r);
    }
    map_free(&p->relays);
    pool_free(&p->relay_pool);
}
