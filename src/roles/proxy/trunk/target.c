/* Where a trunk is spoken to, and as whom. */
#include "base/error.h"
#include "roles/proxy/trunk/trunk_int.h"

static uint16_t standard_port(enum transport t)
{
    return t == TRANSPORT_TLS ? 5061 : 5060;
}

static const struct edge_listener *listener_of(struct proxy *p, enum transport transport, uint8_t family)
{
    for (unsigned i = 0; i < p->listener_count; i++)
        if (p->listeners[i].transport == transport && p->listeners[i].address.family == family)
            return &p->listeners[i];
    return NULL;
}

const struct edge_listener *trunk__listener(struct proxy *p, const struct sip_target *from)
{
    for (unsigned i = 0; i < p->listener_count; i++)
        if (p->listeners[i].flow == from->flow)
            return &p->listeners[i];
    return listener_of(p, TRANSPORT_TCP, 4);
}

static int by_address(struct proxy *p, struct destination *to, const struct config_trunk *t)
{
    to->listener = listener_of(p, TRANSPORT_UDP, to->target.address.family);
    if (to->listener == NULL || t->transport != TRANSPORT_UDP)
        return ERROR_UNSUPPORTED;
    to->target.flow = to->listener->flow;
    return 0;
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
