/* REGISTER (RFC 3261 10.3, with flows of RFC 5626 and paths of RFC 3327): the contacts of a DN. First all of
 * the request is looked at, then all of it is done, or nothing. */
#include "base/error.h"
#include "base/hash.h"
#include "base/log.h"
#include "roles/proxy/proxy_int.h"
#include "sip/uri.h"
#include "roles/proxy/registrar/request.h"

#define CONTACT_TEXT 512U  /* longest contact URI */
#define INSTANCE_TEXT 128U /* longest +sip.instance */
#define PATH_TEXT 1024U    /* all values of Path together */
#define AGENT_TEXT 64U     /* of User-Agent as much is kept */
#define UNSUPPORTED_TEXT 128U

/* What the contact, or else the request, asks for; in seconds. What is no number counts as absent (RFC
 * 3261 20.19, 10.3 step 6). */
static int64_t wanted_time(const struct registration *g, const struct sip_name_address *a)
{
    uint64_t number;
    struct slice value;
    if (sip_parameter(a->parameters, SLICE("expires"), &value) &&
        slice_to_u64(&number, value, UINT32_MAX) == 0)
        return (int64_t)number;
    if (slice_to_u64(&number, sip_header_value(g->message, SIP_HEADER_EXPIRES), UINT32_MAX) == 0)
        return (int64_t)number;
    return g->phones->register_standard;
}

static uint16_t q_of(const struct sip_name_address *a)
{
    struct slice value;
    unsigned thousandths = 0, weight = 100;
    if (!sip_parameter(a->parameters, SLICE("q"), &value) || value.length == 0 || value.data[0] != '0')
        return 1000;
    if (value.length > 1 && value.data[1] != '.')
        return 1000;
    for (size_t i = 2; i < value.length && i < 5 && value.data[i] >= '0' && value.data[i] <= '9';
         i++, weight /= 10)
        thousandths += (unsigned)(value.data[i] - '0') * weight;
    return (uint16_t)thousandths;
}

/* ---- flows (RFC 5626) ---- */

static void read_instance(const struct sip_name_address *a, struct slice *instance, uint32_t *reg_id)
{
    struct slice value;
    uint64_t number;
    *instance = (struct slice){0};
    *reg_id = 0;
    if (!sip_parameter(a->parameters, SLICE("+sip.instance"), &value) || value.length == 0 ||
        value.length > INSTANCE_TEXT)
        return;
    *instance = value;
    if (sip_parameter(a->parameters, SLICE("reg-id"), &value) && slice_to_u64(&number, value, INT32_MAX) == 0)
        *reg_id = (uint32_t)number;
}

/* The phone's first hop keeps its flow: that is us, or the proxy that stands last in Path and says so. */
static bool first_hop_keeps_flows(const struct sip_message *m)
{
    struct sip_cursor at = {0};
    struct sip_name_address a;
    struct sip_uri uri;
    struct slice value, last = {0};
    if (m->one_via)
        return true;
    while (sip_next_value(m, SIP_HEADER_PATH, &at, &value))
        last = value;
    return last.length != 0 && sip_name_address_parse(&a, last) == 0 && sip_uri_parse(&uri, a.uri) == 0 &&
           sip_parameter(uri.parameters, SLICE("ob"), &value);
}

/* ---- is it good? ---- */

/* An older request that was overtaken must not undo a newer one (RFC 3261 10.3 step 7). */
static bool overtaken(const struct registration *g, const struct binding *b)
{
    return b != NULL && b->call == g->call && g->message->cseq <= b->cseq;
}

/* What the request requires of us and we do not have; empty: nothing. */
static struct slice unsupported(struct proxy *p, const struct sip_message *m)
{
    struct sip_cursor at = {0};
    struct slice option, all = {0};
    struct buffer text = {.limit = UNSUPPORTED_TEXT};
    while (sip_next_value(m, SIP_HEADER_REQUIRE, &at, &option)) {
        if (slice_equal_nocase(option, SLICE("path")) || slice_equal_nocase(option, SLICE("outbound")))
            continue;
        if (text.length != 0)
            buffer_add_text(&text, ", ");
        buffer_add(&text, option);
        if (text.overflowed)
            break;
        all = arena_copy(&p->arena, buffer_slice(&text));
    }
    buffer_free(&text);
    return all;
}

/* Of a stream at this proxy that is not there any more: a page that was closed without a word, and opened
 * again, is another phone each time. They keep what they had, but nobody out. */
static bool has_ended(struct proxy *p, const struct binding *b)
{
    return proxy__binding_lives(p, b) && b->transport != TRANSPORT_UDP && b->origin == p->own_origin &&
           b->path_length == 0 && (b->incarnation != p->incarnation || !proxy__edge_flow_lives(p, b->flow));
}

static unsigned count_ended(const struct registration *g)
{
    unsigned count = 0;
    for (const struct binding *b = g->aor != NULL ? g->aor->first : NULL; b != NULL; b = b->next)
        count += has_ended(g->proxy, b);
    return count;
}

/* The oldest of them makes room. */
static void make_room(struct registration *g)
{
    struct binding *b = g->aor != NULL && g->aor->live >= PROXY_CONTACTS ? g->aor->first : NULL;
    while (b != NULL && !has_ended(g->proxy, b))
        b = b->next;
    if (b != NULL)
        proxy__binding_remove(g->proxy, b);
}

/* Of one contact; adds to what the request changes. */
static uint16_t check_contact(struct registration *g, const struct sip_name_address *a, unsigned *live)
{
    int64_t time = wanted_time(g, a);
    struct sip_uri uri;
    struct slice instance;
    uint32_t reg_id;
    if (sip_uri_parse(&uri, a->uri) != 0 || a->uri.length > CONTACT_TEXT)
        return 400;
    read_instance(a, &instance, &reg_id);
    struct binding *b = proxy__binding_same(g->aor, a->uri, g->outbound ? reg_id : 0);
    if (overtaken(g, b))
        return 500;
    if (time != 0 && time < g->phones->register_shortest)
        return 423;
    *live += b == NULL && time != 0;
    if (time != 0) {
        g->kept++;
        g->flows += reg_id != 0;
    }
    return 0;
}

static uint16_t check_flows(struct registration *g)
{
    bool keeps = g->outbound;
    g->outbound = keeps && g->flows != 0;
    if (g->flows == 0)
        return 0;
    if (g->kept > 1) /* RFC 5626 6 */
        return 400;
    bool asked = sip_has_option(g->message, SIP_HEADER_SUPPORTED, SLICE("outbound")) ||
                 sip_has_option(g->message, SIP_HEADER_REQUIRE, SLICE("outbound"));
    return asked && !g->outbound ? 439 : 0;
}

static uint16_t check_path(struct registration *g)
{
    struct buffer path = {.limit = PATH_TEXT};
    struct sip_cursor at = {0};
    struct sip_name_address a;
    struct sip_uri uri;
    struct slice value;
    uint16_t status = 0;
    while (status == 0 && sip_next_value(g->message, SIP_HEADER_PATH, &at, &value)) {
        if (sip_name_address_parse(&a, value) != 0 || sip_uri_parse(&uri, a.uri) != 0)
            status = 400;
        if (path.length != 0)
            buffer_add_text(&path, ", ");
        buffer_add(&path, value);
    }
    if (status == 0 && path.overflowed)
        status = 513;
    if (status == 0 && path.length != 0)
        g->path = arena_copy(&g->proxy->arena, buffer_slice(&path));
    buffer_free(&path);
    return status;
}

/* 0, or the status that refuses the whole request; nothing is changed then. */
static uint16_t check(struct registration *g)
{
    const struct sip_message *m = g->message;
    struct sip_cursor at = {0};
    struct sip_name_address a;
    struct slice value;
    unsigned live = g->aor != NULL ? g->aor->live : 0, star = 0, values = 0;
    uint16_t status;
    g->unsupported = unsupported(g->proxy, m);
    g->outbound = first_hop_keeps_flows(m);
    if (g->unsupported.length != 0)
        return 420;
    while (sip_next_value(m, SIP_HEADER_CONTACT, &at, &value)) {
        if (sip_name_address_parse(&a, value) != 0)
            return 400;
        values++;
        star += a.star;
        status = a.star ? 0 : check_contact(g, &a, &live);
        if (status != 0)
            return status;
    }
    if (star != 0 && (values != 1 || !slice_equal(sip_header_value(m, SIP_HEADER_EXPIRES), SLICE("0"))))
        return 400;
    status = check_flows(g);
    if (status == 0)
        status = check_path(g);
    return status != 0 ? status : live > PROXY_CONTACTS + count_ended(g) ? 403 : 0;
}

/* ---- do it ---- */

static void remove_one(const struct registration *g, struct binding *b)
{
    b->cseq = g->message->cseq;
    b->call = g->call;
    proxy__binding_remove(g->proxy, b);
}

/* Of one flow, or of all where the request names none. */
static void remove_contact(const struct registration *g, struct slice contact, uint32_t reg_id)
{
    struct sip_uri wanted, have;
    if (sip_uri_parse(&wanted, contact) != 0)
        return;
    for (struct binding *b = g->aor != NULL ? g->aor->first : NULL, *next; b != NULL; b = next) {
        next = b->next;
        if (!b->gone && (reg_id == 0 || b->reg_id == reg_id || b->reg_id == 0) && !overtaken(g, b) &&
            sip_uri_parse(&have, binding_contact(b)) == 0 && sip_uri_equal(&wanted, &have))
            remove_one(g, b);
    }
}

static void put(struct registration *g, const struct sip_name_address *a, int64_t time)
{
    struct proxy *p = g->proxy;
    const struct sip_target *from = g->from;
    struct slice instance;
    uint32_t reg_id;
    read_instance(a, &instance, &reg_id);
    if (time == 0) {
        remove_contact(g, a->uri, reg_id);
        return;
    }
    reg_id = g->outbound ? reg_id : 0;
    struct binding *same = proxy__binding_same(g->aor, a->uri, reg_id);
    if (same != NULL && !slice_equal(binding_contact(same), a->uri))
        remove_one(g, same); /* the same in other words is another key for those who keep it */
    if (same == NULL)
        make_room(g);
    struct binding_report r = {.dn = g->dn->number,
        .contact = a->uri,
        .path = g->path,
        .agent = slice_first(sip_header_value(g->message, SIP_HEADER_USER_AGENT), AGENT_TEXT),
        .origin = p->own_origin,
        .flow = {.address = from->address, .incarnation = p->incarnation},
        .expires_at = world_now(p->world) + time * 1000000,
        .call = g->call,
        .cseq = g->message->cseq,
        .instance = instance,
        .reg_id = reg_id,
        .q = q_of(a)};
    const struct edge_listener *l = edge_listener_of(p, from);
    r.flow.transport = l != NULL ? l->transport : TRANSPORT_TCP;
    r.flow.flow = from->address.family != 0 ? 0 : from->flow;
    for (unsigned i = 0; i < p->listener_count; i++)
        if (p->listeners[i].flow == from->flow)
            r.flow.listener = i;
    (void)proxy__binding_set(p, &r);
}

static void remove_all(struct registration *g)
{
    for (struct binding *b = g->aor != NULL ? g->aor->first : NULL, *next; b != NULL; b = next) {
        next = b->next;
        if (!b->gone && !overtaken(g, b))
            remove_one(g, b);
    }
}

static void apply(struct registration *g)
{
    struct sip_cursor at = {0};
    struct sip_name_address a;
    struct slice value;
    while (sip_next_value(g->message, SIP_HEADER_CONTACT, &at, &value)) {
        if (sip_name_address_parse(&a, value) != 0)
            continue;
        int64_t time = a.star ? 0 : wanted_time(g, &a);
        if (a.star)
            remove_all(g);
        else
            put(g, &a, time < g->phones->register_longest ? time : g->phones->register_longest);
        g->aor = proxy__aor(g->proxy, g->dn->number);
    }
}

void proxy__register(
    struct proxy *p, struct sip_transaction *t, const struct sip_message *m, const struct sip_target *from)
{
    const struct config_dn *dn = proxy__authenticate(p, t, m);
    if (dn == NULL)
        return;
    struct registration g = {.proxy = p,
        .dn = dn,
        .phones = &config_dn_location(world_configuration(p->world), dn)->phones,
        .message = m,
        .from = from,
        .call = hash_stable(m->call_id),
        .aor = proxy__aor(p, dn->number)};
    uint16_t status = check(&g);
    if (status == 0) {
        apply(&g);
        world_count(p->world, COUNTER_REGISTERS, 1);
    }
    proxy__register_answer(&g, t, status != 0 ? status : 200);
}
