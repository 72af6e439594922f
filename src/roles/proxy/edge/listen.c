/* Where we listen, and what we say we are. */
#include <stdio.h>

#include "base/error.h"
#include "base/log.h"
#include "roles/proxy/edge/edge_int.h"

const struct edge_kind edge__kinds[TRANSPORT_COUNT] = {
    [TRANSPORT_UDP] = {"UDP", "udp", "", false, false},
    [TRANSPORT_TCP] = {"TCP", "tcp", ";transport=tcp", false, false},
    [TRANSPORT_TLS] = {"TLS", "tls", ";transport=tls", true, false},
    [TRANSPORT_WS] = {"WS", "tcp", ";transport=ws", false, true},
    [TRANSPORT_WSS] = {"WSS", "tls", ";transport=ws", true, true},
};

static void describe(struct edge_listener *l)
{
    struct buffer via = {0};
    buffer_add_format(&via, "SIP/2.0/%s ", edge__kinds[l->transport].name);
    address_add(&via, &l->address);
    snprintf(l->via, sizeof l->via, "%.*s", SLICE_ARG(buffer_slice(&via)));
    buffer_free(&via);
}

/* The world knows the streams below WebSocket only. */
static uint64_t open_listener(struct proxy *p, enum transport t, struct slice text, uint64_t token)
{
    struct buffer below = {0};
    buffer_add_text(&below, edge__kinds[t].below);
    buffer_add(&below, slice_from(text, (size_t)slice_find(text, ':')));
    uint64_t flow = world_listen(p->world, buffer_slice(&below), token);
    buffer_free(&below);
    return flow;
}

static void listen_on(struct proxy *p, struct slice text)
{
    static const uint8_t any[16];
    struct endpoint e;
    if (p->listener_count == PROXY_LISTENERS || endpoint_parse(&e, text) != 0 ||
        e.transport == TRANSPORT_LOCAL) {
        LOG(LOG_ERROR, "proxy",
            "cannot listen on %.*s: give udp, tcp, tls, ws or wss, like tls:192.0.2.1:5061, at most %d of "
            "them",
            SLICE_ARG(text), PROXY_LISTENERS);
        return;
    }
    struct edge_listener *l = &p->listeners[p->listener_count++];
    l->transport = e.transport;
    l->address = e.address;
    describe(l);
    if (memcmp(e.address.ip, any, sizeof any) == 0)
        LOG(LOG_WARNING, "proxy",
            "listens on %.*s: phones on other machines are told that address and cannot use it; name the one "
            "that they reach",
            SLICE_ARG(text));
    l->flow = open_listener(p, e.transport, text, PROXY_TOKEN_EDGE + p->listener_count - 1);
}

void proxy__edge_listen(struct proxy *p)
{
    const struct config_application *a =
        config_application(world_configuration(p->world), slice_text(p->name));
    for (size_t i = 0; a != NULL && i < a->listen.count; i++)
        listen_on(p, a->listen.items[i]);
    LOG(LOG_NOTICE, "proxy", "phones are let in, %zu registrations known", p->binding_count);
}

const struct edge_listener *edge__listener(struct proxy *p, uint64_t flow)
{
    for (unsigned i = 0; i < p->listener_count; i++)
        if (p->listeners[i].flow == flow)
            return &p->listeners[i];
    return NULL;
}

const struct edge_listener *edge__listener_for(struct proxy *p, enum transport t, uint8_t family)
{
    for (unsigned i = 0; i < p->listener_count; i++)
        if (p->listeners[i].transport == t && p->listeners[i].address.family == family)
            return &p->listeners[i];
    return NULL;
}

const struct edge_listener *edge__outside(struct proxy *p, enum transport t, uint8_t family)
{
    const struct edge_listener *l = edge__listener_for(p, t, family);
    struct edge_listener *made = &p->edge.outside[t][family == 6];
    if (l != NULL || made->flow != 0)
        return l != NULL ? l : made;
    for (unsigned i = 0; i < p->listener_count && made->address.family == 0; i++)
        if (p->listeners[i].address.family == family)
            made->address = p->listeners[i].address;
    if (made->address.family == 0)
        return NULL;
    made->transport = t;
    describe(made);
    return made;
}

const struct edge_listener *edge_listener_of(struct proxy *p, const struct sip_target *from)
{
    struct edge_flow *f;
    if (from->address.family != 0)
        return edge__listener(p, from->flow);
    f = edge__flow(p, from->flow);
    return f != NULL ? f->listener : NULL;
}

void edge_add_uri(struct buffer *out, const struct edge_listener *l, bool secure)
{
    const struct edge_kind *k = &edge__kinds[l->transport];
    secure = secure && k->secure;
    buffer_add_text(out, secure ? "sips:" : "sip:");
    address_add(out, &l->address);
    if (!secure || k->frames) /* "transport=tls" of sips is said already (RFC 5630 3.1.3) */
        buffer_add_text(out, k->parameter);
}
