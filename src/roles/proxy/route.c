/* Where a request goes.
 *
 *   from a phone     REGISTER                      registrar
 *                    inside a dialog               the pair that its URI names
 *                    INVITE                        digest, then the pair that owns the caller's slot
 *   from a pair      with our Route                the phone behind that flow, here or at the proxy that has
 * it without                       every contact of the DN                                         */
#include <stdio.h>

#include "base/error.h"
#include "base/log.h"
#include "roles/proxy/proxy_int.h"
#include "roles/proxy/trunk/trunk.h"
#include "sip/uri.h"

#define ALLOWED "INVITE, ACK, BYE, CANCEL, OPTIONS, REGISTER"

static void refuse(struct proxy *p, struct sip_transaction *t, uint16_t status)
{
    if (status == 404 || status == 480 || status == 481)
        world_count(p->world, COUNTER_UNROUTABLE, 1);
    sip_respond_simple(t, status, SLICE("edge"));
}

/* ---- destinations ---- */

/* For a phone on UDP: the listener that it has come to where that is ours, else one that speaks to such
 * addresses. */
static const struct edge_listener *listener_for(struct proxy *p, const struct phone_flow *b, bool here)
{
    const struct edge_listener *found = NULL;
    for (unsigned i = 0; i < p->listener_count; i++) {
        const struct edge_listener *l = &p->listeners[i];
        bool speaks = l->transport == TRANSPORT_UDP && l->address.family == b->address.family;
        if (speaks && (found == NULL || (here && i == b->listener)))
            found = l;
    }
    return found;
}

/* To a phone: over its flow here, over the proxy that has the flow, or (UDP, when that one is away) from
 * here. */
static bool to_phone(struct proxy *p, const struct phone_flow *b, struct destination *to)
{
    bool here = strcmp(b->proxy, p->name) == 0;
    *to = (struct destination){.record_flow = proxy__flow_text(p, b)};
    if (!here && proxy__inside_connected(p, b->proxy)) {
        strcpy(to->target.name, b->proxy);
        to->keep_route = true;
        return true;
    }
    to->target.flow = b->flow;
    to->listener =
        b->transport == TRANSPORT_UDP ? listener_for(p, b, here) : edge_listener_of(p, &to->target);
    if (to->listener == NULL)
        return false;
    if (b->transport == TRANSPORT_UDP) {
        to->target.flow = to->listener->flow;
        to->target.address = b->address;
        return true;
    }
    to->reliable = true;
    return here && b->incarnation == p->incarnation && proxy__edge_flow_lives(p, b->flow);
}

static bool to_pair(struct proxy *p, struct slice pair, struct destination *to)
{
    if (pair.length >= PROXY_NAME || config_pair(world_configuration(p->world), pair) == NULL)
        return false;
    *to = (struct destination){.listener = NULL};
    slice_put(to->target.name, pair);
    return true;
}

/* The first Route, when it is ours and names a flow. */
static bool routed_flow(struct proxy *p, const char *from, const struct sip_message *m, struct phone_flow *b)
{
    struct sip_cursor at = {0};
    struct sip_name_address a;
    struct sip_uri uri;
    struct slice value, flow;
    return sip_next_value(m, SIP_HEADER_ROUTE, &at, &value) && sip_name_address_parse(&a, value) == 0 &&
           sip_uri_parse(&uri, a.uri) == 0 &&
           sip_parameter(uri.parameters, SLICE(SIP_PARAMETER_FLOW), &flow) &&
           proxy__flow_read(b, p, flow, proxy__inside_is_proxy(p, from));
}

/* Another proxy has found this flow in place of one that had ended: who does not have it looks for no third,
 * or the request would go to and fro. */
static bool was_found(const struct sip_message *m)
{
    struct sip_cursor at = {0};
    struct sip_name_address a;
    struct sip_uri uri;
    struct slice value, found;
    return sip_next_value(m, SIP_HEADER_ROUTE, &at, &value) && sip_name_address_parse(&a, value) == 0 &&
           sip_uri_parse(&uri, a.uri) == 0 &&
           sip_parameter(uri.parameters, SLICE(SIP_PARAMETER_FOUND), &found);
}

static bool pair_of(const struct sip_message *m, struct slice *pair)
{
    struct sip_uri uri;
    return sip_uri_parse(&uri, m->uri) == 0 && sip_parameter(uri.parameters, SLICE(SIP_PARAMETER_PAIR), pair);
}

/* From outside, in a dialog: to the pair that its URI means. */
static bool to_owner(struct proxy *p, const struct sip_message *m, struct destination *to)
{
    struct slice pair;
    return (pair_of(m, &pair) || trunk_pair(p, m, &pair)) && to_pair(p, pair, to);
}

/* ---- from pairs and other proxies ---- */

static bool transport_of(enum transport *transport, const struct sip_uri *uri)
{
    static const enum transport known[] = {TRANSPORT_UDP, TRANSPORT_TCP, TRANSPORT_TLS};
    struct slice name;
    *transport = slice_equal_nocase(uri->scheme, SLICE("sips")) ? TRANSPORT_TLS : TRANSPORT_UDP;
    if (!sip_parameter(uri->parameters, SLICE("transport"), &name))
        return true;
    for (size_t i = 0; i < sizeof known / sizeof known[0]; i++)
        if (slice_equal_nocase(name, slice_text(transport_name(known[i])))) {
            *transport = known[i];
            return true;
        }
    return false;
}

/* To the proxy that stands between us and a phone (RFC 3327; RFC 3261 16.6 step 7), when the stream that it
 * had opened has ended. Only where it is trusted: what a phone writes into a route must not make us connect
 * to anybody. */
static bool to_hop(struct proxy *p, struct slice hop, struct destination *to)
{
    struct sip_name_address a;
    struct sip_uri uri;
    struct address address;
    enum transport transport;
    if (sip_name_address_parse(&a, hop) != 0 || sip_uri_parse(&uri, a.uri) != 0 ||
        !transport_of(&transport, &uri) || address_parse_ip(&address, uri.host) != 0 ||
        !trunk_trusts(p, &address))
        return false;
    address.port = uri.port != 0 ? uri.port : transport == TRANSPORT_TLS ? 5061 : 5060;
    return edge_target(p, to, transport, &address, SLICE("")) == 0;
}

struct contact_list {
    const struct binding *bindings[PROXY_BRANCHES];
    bool usable[PROXY_BRANCHES];
    struct destination to[PROXY_BRANCHES];
    unsigned count;
    bool anew; /* nothing was tried yet */
};

/* A phone may have several flows (RFC 5626): how many newer ones there are that could be used, or may have
 * been tried already. */
static unsigned rank_of(const struct contact_list *l, unsigned index)
{
    const struct binding *b = l->bindings[index];
    unsigned rank = 0;
    for (unsigned i = 0; i < l->count && b->reg_id != 0; i++) {
        const struct binding *o = l->bindings[i];
        if (i != index && (l->usable[i] || !l->anew) && o->reg_id != 0 &&
            slice_equal(binding_instance(o), binding_instance(b)) &&
            (o->changed_at > b->changed_at || (o->changed_at == b->changed_at && i < index)))
            rank++;
    }
    return rank;
}

static bool to_binding(struct proxy *p, const struct binding *b, struct destination *to)
{
    struct phone_flow flow;
    proxy__binding_flow(b, &flow);
    struct slice path = binding_path(b);
    ptrdiff_t end = slice_find(path, '>');
    return proxy__binding_lives(p, b) &&
           (to_phone(p, &flow, to) || (end >= 0 && to_hop(p, slice_first(path, (size_t)end + 1), to)));
}

static void list_contacts(struct proxy *p, struct contact_list *l, const struct aor *a)
{
    for (const struct binding *b = a != NULL ? a->first : NULL; b != NULL && l->count < PROXY_BRANCHES;
         b = b->next) {
        struct destination *to = &l->to[l->count];
        if (!proxy__binding_lives(p, b))
            continue;
        l->usable[l->count] = to_binding(p, b, to);
        to->uri = arena_copy(&p->arena, binding_contact(b));
        to->path = arena_copy(&p->arena, binding_path(b));
        l->bindings[l->count++] = b;
    }
}

/* The contacts of a DN that are tried together: by falling q, and of a phone with several flows the newest;
 * another of its flows only where one had failed. `after` is the group that was tried last, 0 to begin. */
unsigned proxy__contacts(struct proxy *p, const struct sip_message *m, struct destination to[PROXY_BRANCHES],
    unsigned after, bool flow_failed)
{
    char room[CONFIG_NAME_MAX];
    struct contact_list l = {.count = 0, .anew = after == 0};
    struct sip_uri uri;
    struct slice user;
    unsigned chosen = 0, best = UINT_MAX;
    if (sip_uri_parse(&uri, m->uri) != 0 || sip_uri_user(&user, &uri, room, sizeof room) != 0)
        return 0;
    list_contacts(p, &l, proxy__aor(p, user));
    for (unsigned i = 0; i < l.count; i++) {
        unsigned rank = rank_of(&l, i);
        l.to[i].group = (1000U - l.bindings[i]->q) * PROXY_BRANCHES + rank + 1;
        if (l.usable[i] && l.to[i].group > after && l.to[i].group < best && (rank == 0 || flow_failed))
            best = l.to[i].group;
    }
    for (unsigned i = 0; i < l.count; i++)
        if (l.usable[i] && l.to[i].group == best)
            to[chosen++] = l.to[i];
    return chosen;
}

static bool user_of(struct slice *user, struct slice party, char room[CONFIG_NAME_MAX])
{
    struct sip_name_address a;
    struct sip_uri uri;
    return sip_name_address_parse(&a, party) == 0 && sip_uri_parse(&uri, a.uri) == 0 &&
           sip_uri_user(user, &uri, room, CONFIG_NAME_MAX) == 0;
}

static bool has_contact(const struct binding *b, const struct sip_uri *contact)
{
    struct sip_uri own;
    return sip_uri_parse(&own, binding_contact(b)) == 0 && sip_uri_equal(contact, &own);
}

/* The flow of the dialog has ended. What belongs to a call that goes on finds the phone where it has
 * registered the dialog's contact anew, or by another flow of the same phone (RFC 5626). */
static bool to_same_phone(struct proxy *p, const struct sip_message *m, struct destination *to)
{
    char room[CONFIG_NAME_MAX];
    struct sip_uri contact;
    struct slice user, instance = {0};
    if (slice_empty(m->to_tag) || was_found(m) || !user_of(&user, m->to, room) ||
        sip_uri_parse(&contact, m->uri) != 0)
        return false;
    const struct aor *a = proxy__aor(p, user);
    for (const struct binding *b = a != NULL ? a->first : NULL; b != NULL; b = b->next) {
        if (!has_contact(b, &contact))
            continue;
        if (to_binding(p, b, to))
            return true;
        if (b->reg_id != 0)
            instance = binding_instance(b);
    }
    for (const struct binding *b = a != NULL && instance.length != 0 ? a->first : NULL; b != NULL;
         b = b->next)
        if (b->reg_id != 0 && slice_equal(binding_instance(b), instance) && to_binding(p, b, to))
            return true;
    return false;
}

/* `flow`: where the phone was; NULL: nobody of ours has written that. */
static bool to_dialog(
    struct proxy *p, const struct sip_message *m, const struct phone_flow *flow, struct destination *to)
{
    struct sip_cursor at = {0};
    struct slice own, next;
    if (flow != NULL && to_phone(p, flow, to))
        return true;
    if (to_same_phone(p, m, to)) {
        to->found = to->keep_route;
        return true;
    }
    return flow != NULL && sip_next_value(m, SIP_HEADER_ROUTE, &at, &own) &&
           sip_next_value(m, SIP_HEADER_ROUTE, &at, &next) && to_hop(p, next, to);
}

static void from_inside(struct proxy *p, struct sip_transaction *t, const struct sip_message *m)
{
    struct destination to[PROXY_BRANCHES];
    struct phone_flow flow;
    unsigned count;
    if (trunk_in_dialog(p, t, m))
        return;
    bool has_flow = routed_flow(p, t->target.name, m, &flow);
    if (has_flow || !slice_empty(m->to_tag))
        count = to_dialog(p, m, has_flow ? &flow : NULL, &to[0]) ? 1 : 0;
    else
        count = proxy__contacts(p, m, to, 0, false);
    if (count != 0)
        proxy__relay(p, t, m, to, count, SLICE(""));
    else if (slice_empty(m->to_tag) && has_flow)
        sip_respond_simple(t, 430, SLICE("edge")); /* RFC 5626 5.3: the proxy that asked has others */
    else if (!trunk_outgoing(p, t, m))
        refuse(p, t, slice_empty(m->to_tag) ? 480 : 481);
}

/* ---- from phones ---- */

static void invite(struct proxy *p, struct sip_transaction *t, const struct sip_message *m)
{
    struct destination to;
    const struct config_dn *dn = proxy__authenticate(p, t, m);
    if (dn == NULL)
        return;
    if (!proxy__choose_pair(p, dn, &to) || !guard_lets_through(p, slice_text(to.target.name), m))
        sip_respond_saying(t, 503, SLICE("edge"), SIP_HEADER_RETRY_AFTER, SLICE("5"));
    else
        proxy__relay(p, t, m, &to, 1, dn->number);
}

/* The pair that an INVITE of this caller went to. */
static bool callers_pair(struct proxy *p, const struct sip_message *m, struct destination *to)
{
    char room[CONFIG_NAME_MAX];
    struct slice user;
    if (!user_of(&user, m->from, room))
        return false;
    const struct configuration *c = world_configuration(p->world);
    const struct config_dn *dn = config_dn(c, user);
    return dn != NULL && proxy__choose_pair(p, dn, to);
}

static void cancel(struct proxy *p, struct sip_transaction *t, const struct sip_message *m)
{
    struct sip_transaction *invite = sip_transaction_cancelled(&p->transactions, m);
    struct destination to;
    bool phone = t->target.name[0] == '\0';
    sip_respond_simple(t, invite != NULL ? 200 : 481, SLICE("edge"));
    if (invite != NULL)
        proxy__relay_cancel(p, invite, m);
    else if (phone && slice_empty(m->to_tag) && callers_pair(p, m, &to))
        proxy__forward_cancel(p, m, &to);
}

/* What an extension is required of proxies for: nothing is supported. */
static bool requires(struct sip_transaction *t, const struct sip_message *m)
{
    struct buffer all = {.limit = SIP_MESSAGE_LIMIT};
    struct sip_cursor at = {0};
    struct slice extension;
    while (sip_next_value(m, SIP_HEADER_PROXY_REQUIRE, &at, &extension)) {
        if (all.length != 0)
            buffer_add_text(&all, ", ");
        buffer_add(&all, extension);
    }
    bool any = all.length != 0;
    if (any)
        sip_respond_saying(t, 420, SLICE("edge"), SIP_HEADER_UNSUPPORTED, buffer_slice(&all));
    buffer_free(&all);
    return any;
}

/* What can be done here, at the proxy and behind it (RFC 3261 11.2). */
static const struct sip_abilities abilities = {.allow = SLICE_INIT(ALLOWED),
    .supported = SLICE_INIT("path, outbound, 100rel, timer"),
    .accept = SLICE_INIT("application/sdp, multipart/mixed")};

static void from_phone(struct proxy *p, struct sip_transaction *t, const struct sip_message *m)
{
    struct destination to;
    struct sip_uri uri;
    const struct config_trunk *trunk = trunk_of_target(p, &t->target);
    if (requires(t, m))
        return;
    if (sip_uri_parse(&uri, m->uri) == ERROR_UNSUPPORTED)
        refuse(p, t, 416);
    else if (m->method == SIP_REGISTER)
        proxy__register(p, t, m, &t->target);
    else if (!slice_empty(m->to_tag) && to_owner(p, m, &to)) {
        to.record_way = trunk_way(p, &t->target, m);
        proxy__relay(p, t, m, &to, 1, SLICE(""));
    } else if (!slice_empty(m->to_tag))
        refuse(p, t, 481);
    else if (m->method == SIP_INVITE && trunk != NULL)
        trunk_incoming(p, t, m, trunk);
    else if (m->method == SIP_INVITE)
        invite(p, t, m);
    else if (m->method == SIP_OPTIONS)
        sip_respond_abilities(t, 200, SLICE("edge"), &abilities);
    else
        sip_respond_saying(t, 405, SLICE("edge"), SIP_HEADER_ALLOW, abilities.allow);
}

void proxy__request(void *self, struct sip_transaction *t, const struct sip_message *m)
{
    struct proxy *p = self;
    if (m->method == SIP_CANCEL)
        cancel(p, t, m);
    else if (!guard_admits(p, t, m))
        return;
    else if (m->max_forwards == 0)
        refuse(p, t, 483);
    else if (t->target.name[0] != '\0')
        from_inside(p, t, m);
    else
        from_phone(p, t, m);
}

/* The ACK of a 2xx belongs to no transaction: it is passed on, and passed on again when it comes again. */
void proxy__ack(void *self, const struct sip_target *from, const struct sip_message *m)
{
    struct proxy *p = self;
    struct destination to;
    struct phone_flow flow;
    bool inside = from->name[0] != '\0';
    bool good = m->max_forwards != 0 &&
                (inside ? trunk_ack(p, m, &to) ||
                              to_dialog(p, m, routed_flow(p, from->name, m, &flow) ? &flow : NULL, &to)
                        : to_owner(p, m, &to));
    if (good)
        proxy__forward_ack(p, m, &to);
    else
        world_count(p->world, COUNTER_UNROUTABLE, 1);
}

const struct sip_handlers proxy__sip_handlers = {.send = proxy__send,
    .request = proxy__request,
    .ack = proxy__ack,
    .response = proxy__response,
    .stray = proxy__stray,
    .failed = proxy__failed,
    .over = proxy__over};
