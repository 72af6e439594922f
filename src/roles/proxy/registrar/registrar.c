/* REGISTER (RFC 3261 10.3): the contacts of a DN. */
#include <stdio.h>

#include "base/error.h"
#include "base/log.h"
#include "roles/proxy/proxy_int.h"
#include "sip/uri.h"

#define CONTACT_TEXT 512U /* longest contact URI */

struct registration {
    struct proxy *proxy;
    const struct config_dn *dn;
    const struct config_phones *phones; /* of its location */
    const struct sip_message *message;
    const struct sip_target *from;
    struct aor *aor; /* NULL: nothing is registered */
};

/* What the contact, or else the request, asks for; in seconds. */
static int64_t wanted_time(const struct registration *g, const struct sip_name_address *a)
{
    const struct sip_message *m = g->message;
    uint64_t number;
    struct slice value;
    if (sip_parameter(a->parameters, SLICE("expires"), &value) &&
        slice_to_u64(&number, value, UINT32_MAX) == 0)
        return (int64_t)number;
    if (slice_to_u64(&number, sip_header_value(m, SIP_HEADER_EXPIRES), UINT32_MAX) == 0)
        return (int64_t)number;
    return g->phones->register_standard;
}

static unsigned q_of(const struct sip_name_address *a)
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
    return thousandths;
}

/* An older request that was overtaken must not undo a newer one (RFC 3261 10.3 step 7). */
static bool overtaken(const struct registration *g, const struct binding *b)
{
    return b != NULL && b->call_id != NULL && slice_equal(slice_text(b->call_id), g->message->call_id) &&
           g->message->cseq <= b->cseq;
}

static void put(const struct registration *g, const struct sip_name_address *a, int64_t time)
{
    struct proxy *p = g->proxy;
    Tandem__Binding b = TANDEM__BINDING__INIT;
    struct sip_target from = *g->from;
    b.dn = arena_text(&p->arena, g->dn->number);
    b.contact = arena_text(&p->arena, a->uri);
    b.proxy = p->name;
    b.transport = (char *)(uintptr_t)(from.address.family != 0 ? "udp" : "tcp");
    b.address.data = (uint8_t *)&from.address;
    b.address.len = sizeof from.address;
    b.call_id = arena_text(&p->arena, g->message->call_id);
    b.has_cseq = true;
    b.cseq = g->message->cseq;
    b.expires_at = time == 0 ? 0 : (uint64_t)(world_now(p->world) + time * 1000000);
    b.has_flow = from.address.family == 0;
    b.flow = from.flow;
    b.has_incarnation = true;
    b.incarnation = p->incarnation;
    struct slice agent = slice_first(sip_header_value(g->message, SIP_HEADER_USER_AGENT), 128);
    b.user_agent = slice_empty(agent) ? NULL : arena_text(&p->arena, agent);
    b.has_q = true;
    b.q = q_of(a);
    proxy__binding_put(p, &b, true);
}

static void remove_all(struct registration *g)
{
    if (g->aor == NULL)
        return;
    list_for_each_safe (link, next, &g->aor->bindings) {
        struct binding *b = list_entry(link, struct binding, link);
        if (!overtaken(g, b)) {
            struct sip_name_address a = {.uri = slice_text(b->contact)};
            bool last = next == &g->aor->bindings && link->previous == &g->aor->bindings;
            put(g, &a, 0);
            if (last)
                return; /* and with it the DN's entry */
        }
    }
}

/* 0, or the status that refuses the whole request; nothing is changed then. */
static uint16_t check(const struct registration *g)
{
    const struct sip_message *m = g->message;
    struct sip_cursor at = {0};
    struct sip_name_address a;
    struct slice value;
    unsigned count = g->aor != NULL ? g->aor->count : 0, star = 0, values = 0;
    while (sip_next_value(m, SIP_HEADER_CONTACT, &at, &value)) {
        if (sip_name_address_parse(&a, value) != 0)
            return 400;
        values++;
        star += a.star;
        if (a.star)
            continue;
        int64_t time = wanted_time(g, &a);
        struct sip_uri uri;
        if (sip_uri_parse(&uri, a.uri) != 0 || a.uri.length > CONTACT_TEXT)
            return 400;
        struct binding *b = g->aor != NULL ? proxy__binding_find(g->aor, a.uri) : NULL;
        if (overtaken(g, b))
            return 500;
        if (time != 0 && time < g->phones->register_shortest)
            return 423;
        count += b == NULL && time != 0;
    }
    if (star != 0 && (values != 1 || !slice_equal(sip_header_value(m, SIP_HEADER_EXPIRES), SLICE("0"))))
        return 400;
    return count > PROXY_CONTACTS ? 403 : 0;
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
        g->aor = proxy__aor(g->proxy, g->dn->number, false);
    }
}

static void answer(const struct registration *g, struct sip_transaction *t, uint16_t status)
{
    struct proxy *p = g->proxy;
    struct buffer out = {.limit = SIP_MESSAGE_LIMIT};
    int64_t now = world_now(p->world);
    sip_add_response_head(&out, g->message, status, SLICE(""), SLICE("edge"));
    if (status == 423)
        buffer_add_format(&out, "Min-Expires: %u\r\n", g->phones->register_shortest);
    if (status == 200 && g->aor != NULL)
        list_for_each (link, &g->aor->bindings) {
            const struct binding *b = list_entry(link, struct binding, link);
            if (b->expires_at > now)
                buffer_add_format(&out, "Contact: <%s>;expires=%lld\r\n", b->contact,
                    (long long)((b->expires_at - now + 999999) / 1000000));
        }
    sip_add_body(&out, SLICE(""), SLICE(""));
    sip_respond(t, status, buffer_slice(&out));
    buffer_free(&out);
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
        .aor = proxy__aor(p, dn->number, false)};
    uint16_t status = check(&g);
    if (status == 0) {
        apply(&g);
        world_count(p->world, COUNTER_REGISTERS, 1);
    }
    answer(&g, t, status != 0 ? status : 200);
}
