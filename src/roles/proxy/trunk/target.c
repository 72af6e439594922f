/* Where a trunk is spoken to, and as whom. */
#include "base/error.h"
#include "roles/proxy/trunk/trunk_int.h"

static uint16_t standard_port(enum transport t)
{
    return t == TRANSPORT_TLS ? 5061 : 5060;
}

const struct edge_listener *trunk__listener(struct proxy *p, const struct sip_target *from)
{
    const struct edge_listener *l = edge_listener_of(p, from);
    return l != NULL || p->listener_count == 0 ? l : &p->listeners[0];
}

/* What its certificate must be made out for; empty: its address. */
static struct slice name_of(const struct config_trunk *t)
{
    struct address address;
    if (t->transport != TRANSPORT_TLS)
        return SLICE("");
    if (!slice_empty(t->certificate_name))
        return t->certificate_name;
    return address_parse_ip(&address, t->host) == 0 ? SLICE("") : t->host;
}

static int by_address(struct proxy *p, struct destination *to, const struct config_trunk *t)
{
    struct address address = to->target.address;
    return edge_target(p, to, (enum transport)t->transport, &address, name_of(t));
}

/* By DNS (RFC 3263); the first time the answer is not there yet, and the trunk is out of reach. */
static int by_name(
    struct proxy *p, struct destination *to, const struct config_trunk *t, struct slice host, uint16_t port)
{
    struct locate_target target;
    uint8_t families = 0;
    for (unsigned i = 0; i < p->listener_count; i++)
        families |= p->listeners[i].address.family == 6 ? LOCATE_IPV6 : LOCATE_IPV4;
    int error = names_target(p, &target,
        &(struct locate_wish){.host = host,
            .port = port,
            .transport = (uint8_t)t->transport,
            .secure = t->transport == TRANSPORT_TLS,
            .families = families});
    if (error != 0)
        return error == ERROR_AGAIN ? error : ERROR_UNREACHABLE;
    to->target.address = target.address;
    return by_address(p, to, t);
}

int trunk__target(
    struct proxy *p, struct destination *to, const struct config_trunk *t, struct slice host, uint16_t port)
{
    *to = (struct destination){.reliable = false};
    int error = address_parse_ip(&to->target.address, host);
    if (error != 0)
        return by_name(p, to, t, host, port);
    to->target.address.port = port != 0 ? port : standard_port((enum transport)t->transport);
    return by_address(p, to, t);
}

static bool same_ip(const struct address *a, const struct address *b)
{
    return a->family == b->family && memcmp(a->ip, b->ip, sizeof a->ip) == 0;
}

static bool ends_with_domain(struct slice host, struct slice domain)
{
    return host.length > domain.length && host.data[host.length - domain.length - 1] == '.' &&
           slice_equal_nocase(slice_from(host, host.length - domain.length), domain);
}

/* Contact and Record-Route are what somebody says: only addresses of the trunk's own networks, those by which
 * the call has come or gone, and names of its domain are believed. All else goes to where calls to it go. */
bool trunk__is_there(const struct config_trunk *t, const struct trunk_call *call, struct slice host)
{
    struct address a, own;
    if (address_parse_ip(&a, host) != 0)
        return slice_equal_nocase(host, t->host) || slice_equal_nocase(host, t->domain) ||
               (!slice_empty(t->domain) && ends_with_domain(host, t->domain));
    if ((call != NULL && call->peer.family != 0 && same_ip(&a, &call->peer)) ||
        (address_parse_ip(&own, t->host) == 0 && same_ip(&a, &own)))
        return true;
    struct network n;
    for (size_t i = 0; i < t->networks.count; i++)
        if (network_parse(&n, t->networks.items[i]) == 0 && network_holds(&n, &a))
            return true;
    return false;
}
