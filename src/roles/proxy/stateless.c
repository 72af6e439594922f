/* A response that belongs to no transaction: the proxy that passed its request on has died and was started
 * again. It goes where the next Via says (RFC 3261 16.11, 18.2.2), so that the death of a proxy ends no call
 * that was being made. What comes from phones goes inside only: nobody shall have us send datagrams to
 * others. */
#include "base/error.h"
#include "base/log.h"
#include "roles/proxy/proxy_int.h"
#include "roles/proxy/trunk/trunk.h"

static bool second_via(const struct sip_message *m, struct sip_via *via)
{
    struct sip_cursor at = {0};
    struct slice value;
    return sip_next_value(m, SIP_HEADER_VIA, &at, &value) && sip_next_value(m, SIP_HEADER_VIA, &at, &value) &&
           sip_via_parse(via, value) == 0;
}

/* The topmost Via must be one that we wrote. */
static bool ours(const struct proxy *p, const struct sip_message *m)
{
    struct slice name = slice_text(p->name), host = m->via.host;
    if (slice_starts(host, name) && slice_equal(slice_from(host, name.length), SLICE(PROXY_HOST)))
        return true;
    for (unsigned i = 0; i < p->listener_count; i++) {
        struct address a;
        if (address_parse_ip(&a, host) == 0 && memcmp(a.ip, p->listeners[i].address.ip, sizeof a.ip) == 0 &&
            m->via.port == p->listeners[i].address.port)
            return true;
    }
    return false;
}

/* "node-1.pair", "proxy-2.proxy": a peer of ours. */
static bool inside_target(struct proxy *p, const struct sip_via *via, struct sip_target *to)
{
    struct slice host = via->host,
                 suffix = slice_ends(host, SLICE(PAIR_HOST)) ? SLICE(PAIR_HOST) : SLICE(PROXY_HOST);
    if (!slice_ends(host, suffix) || host.length - suffix.length >= sizeof to->name)
        return false;
    *to = (struct sip_target){.flow = 0};
    memcpy(to->name, host.data, host.length - suffix.length);
    return map_get(&p->insides, slice_text(to->name)) != NULL;
}

/* A phone on UDP: where its request came from. One on a stream has lost it with the proxy. */
static bool phone_target(struct proxy *p, const struct sip_via *via, struct sip_target *to)
{
    struct slice host = slice_empty(via->received) ? via->host : via->received;
    *to = (struct sip_target){.flow = 0};
    if (!slice_equal_nocase(via->transport, SLICE("UDP")) || address_parse_ip(&to->address, host) != 0)
        return false;
    to->address.port = via->rport != 0 ? via->rport : via->port != 0 ? via->port : 5060;
    for (unsigned i = 0; i < p->listener_count && to->flow == 0; i++)
        if (p->listeners[i].transport == TRANSPORT_UDP &&
            p->listeners[i].address.family == to->address.family)
            to->flow = p->listeners[i].flow;
    return to->flow != 0;
}

void proxy__stray(void *self, const struct sip_target *from, const struct sip_message *m)
{
    struct proxy *p = self;
    struct sip_via via;
    struct sip_target to;
    bool inside = from->name[0] != '\0';
    if (nodes_answered(p, from, m))
        return;
    world_count(p->world, COUNTER_SIP_STRAY, 1);
    if (m->status == 100 || !ours(p, m) || !second_via(m, &via))
        return;
    if (!inside_target(p, &via, &to) && (!inside || !phone_target(p, &via, &to)))
        return;
    struct buffer out = {.limit = SIP_MESSAGE_LIMIT};
    if (to.name[0] == '\0' && trunk_of_target(p, &to) != NULL)
        trunk_build_outside(&out, p, &to, m);
    else
        proxy__build_response(&out, m);
    if (!out.overflowed)
        proxy__send(p, &to, buffer_slice(&out));
    buffer_free(&out);
}
