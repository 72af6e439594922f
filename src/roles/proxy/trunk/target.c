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
