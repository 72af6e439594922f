/* What a simulated carrier passes on, without keeping anything of it (RFC 3261 16.11). */
#include "base/hash.h"
#include "sim/carrier_int.h"
#include "sip/uri.h"

#define BIT(header) SIP_HEADER_BIT(SIP_HEADER_##header)

static bool address_of(struct address *to, struct slice uri_text)
{
    struct sip_uri uri;
    if (sip_uri_parse(&uri, uri_text) != 0 || address_parse_ip(to, uri.host) != 0)
        return false;
    to->port = uri.port != 0 ? uri.port : 5060;
    return true;
}

/* The phone outside that has this number. */
static bool phone_of(const struct carrier *c, struct address *to, struct slice uri_text)
{
    struct sip_uri uri;
    if (sip_uri_parse(&uri, uri_text) != 0)
        return false;
    for (size_t i = c->town->count; i < c->town->count + c->town->outside; i++)
        if (slice_equal(c->town->phones[i].dn, uri.user)) {
            *to = c->town->phones[i].own;
            return true;
        }
    return false;
}

/* Where a request goes: by its routes (the first may be ours), else by its URI, else by the number. */
static bool next_hop(
    const struct carrier *c, struct address *to, const struct sip_message *m, bool from_proxy)
{
    struct sip_cursor at = {0};
    struct sip_name_address a;
    struct slice value;
    while (sip_next_value(m, SIP_HEADER_ROUTE, &at, &value))
        if (sip_name_address_parse(&a, value) == 0 && address_of(to, a.uri) &&
            !address_equal(to, &c->setup->own))
            return true;
    if (address_of(to, m->uri))
        return true;
    if (from_proxy)
        return phone_of(c, to, m->uri);
    *to = c->town->proxies[hash_stable(m->via.branch) % c->town->proxy_count];
    return true;
}

static void add_routes(const struct carrier *c, struct buffer *out, const struct sip_message *m)
{
    struct sip_cursor at = {0};
    struct sip_name_address a;
    struct address where;
    struct slice value;
    while (sip_next_value(m, SIP_HEADER_ROUTE, &at, &value)) {
        bool ours = sip_name_address_parse(&a, value) == 0 && address_of(&where, a.uri) &&
                    address_equal(&where, &c->setup->own);
        if (!ours)
            sip_add_header(out, SIP_HEADER_ROUTE, value);
    }
}

void carrier__pass_on(struct carrier *c, const struct sip_message *m, const struct address *peer)
{
    struct buffer *out = &c->out;
    struct address to;
    if (!next_hop(c, &to, m, carrier__is_proxy(c, peer))) {
        if (m->method != SIP_ACK)
            carrier__answer(c, m, peer, 404, SLICE(""));
        return;
    }
    uint64_t branch = hash_stable_add(hash_stable(m->via.branch), m->via.host);
    buffer_clear(out);
    sip_add_request_line(out, m->method_name, m->uri);
    buffer_add_text(out, "Via: SIP/2.0/UDP ");
    address_add(out, &c->setup->own);
    buffer_add_format(out, ";branch=z9hG4bKc%u.%016llx\r\n", c->setup->index, (unsigned long long)branch);
    struct sip_cursor at = {0};
    struct slice via;
    while (sip_next_value(m, SIP_HEADER_VIA, &at, &via))
        sip_add_header(out, SIP_HEADER_VIA, via);
    if (m->method == SIP_INVITE && m->to_tag.length == 0) {
        buffer_add_text(out, "Record-Route: <sip:");
        address_add(out, &c->setup->own);
        buffer_add_text(out, ";lr>\r\n");
    }
    add_routes(c, out, m);
    buffer_add_format(out, "Max-Forwards: %u\r\n", m->max_forwards - 1U);
    sip_add_headers_of(
        out, m, BIT(VIA) | BIT(ROUTE) | BIT(MAX_FORWARDS) | BIT(PROXY_AUTHORIZATION) | BIT(CONTENT_TYPE));
    sip_add_body(out, sip_header_value(m, SIP_HEADER_CONTENT_TYPE), m->body);
    carrier__send(c, &to);
}

/* To who stands in the Via behind ours. */
void carrier__pass_back(struct carrier *c, const struct sip_message *m)
{
    struct buffer *out = &c->out;
    struct sip_cursor at = {0};
    struct sip_via next = {.port = 0};
    struct slice via;
    struct address to;
    bool any = false;
    buffer_clear(out);
    sip_add_status_line(out, m->status, m->reason);
    for (unsigned n = 0; sip_next_value(m, SIP_HEADER_VIA, &at, &via); n++) {
        if (n == 1)
            any = sip_via_parse(&next, via) == 0 && address_parse_ip(&to, next.host) == 0;
        if (n != 0)
            sip_add_header(out, SIP_HEADER_VIA, via);
    }
    if (!any)
        return;
    to.port = next.port != 0 ? next.port : 5060;
    sip_add_headers_of(out, m, BIT(VIA) | BIT(CONTENT_TYPE));
    sip_add_body(out, sip_header_value(m, SIP_HEADER_CONTENT_TYPE), m->body);
    carrier__send(c, &to);
}
