/* The side of the phones: listeners, streams, and the way back to where a message came from. */
#include <stdio.h>

#include "base/error.h"
#include "base/log.h"
#include "base/mem.h"
#include "roles/proxy/proxy_int.h"

#define STREAM_LIMIT ((size_t)SIP_MESSAGE_LIMIT + 1024)
#define FLOWS 20000U /* streams of phones */

static void listen_on(struct proxy *p, struct slice text)
{
    struct endpoint e;
    struct buffer via = {0};
    if (p->listener_count == PROXY_LISTENERS || endpoint_parse(&e, text) != 0 ||
        e.transport > TRANSPORT_TCP) {
        LOG(LOG_ERROR, "proxy",
            "cannot listen on %.*s: give udp:ADDRESS:PORT or tcp:ADDRESS:PORT, at most %d of them",
            SLICE_ARG(text), PROXY_LISTENERS);
        return;
    }
    struct edge_listener *l = &p->listeners[p->listener_count++];
    l->transport = e.transport;
    l->address = e.address;
    buffer_add_text(&via, e.transport == TRANSPORT_UDP ? "SIP/2.0/UDP " : "SIP/2.0/TCP ");
    address_add(&via, &e.address);
    snprintf(l->via, sizeof l->via, "%.*s", SLICE_ARG(buffer_slice(&via)));
    buffer_free(&via);
    l->flow = world_listen(p->world, text, PROXY_TOKEN_EDGE);
}

void proxy__edge_listen(struct proxy *p)
{
    const struct config_application *a =
        config_application(world_configuration(p->world), slice_text(p->name));
    for (size_t i = 0; a != NULL && i < a->listen.count; i++)
        listen_on(p, a->listen.items[i]);
    LOG(LOG_NOTICE, "proxy", "phones are let in, %zu registrations known", p->binding_count);
}

static struct edge_listener *listener_of(struct proxy *p, uint64_t flow)
{
    for (unsigned i = 0; i < p->listener_count; i++)
        if (p->listeners[i].flow == flow)
            return &p->listeners[i];
    return NULL;
}

bool proxy__edge_flow_lives(struct proxy *p, uint64_t flow)
{
    return map_get_number(&p->flows, flow) != NULL;
}

void proxy__send(void *self, const struct sip_target *to, struct slice message)
{
    struct proxy *p = self;
    if (to->name[0] != '\0') {
        struct buffer frame = {0};
        frame_add(&frame, SIP_FRAME_MESSAGE, message);
        world_tell(p->world, slice_text(to->name), buffer_slice(&frame));
        buffer_free(&frame);
    } else if (to->address.family != 0) {
        world_send_to(p->world, to->flow, &to->address, message);
    } else if (proxy__edge_flow_lives(p, to->flow)) {
        world_send(p->world, to->flow, message);
    }
}

/* ---- what comes from phones ---- */

/* The top Via as the one who received it writes it: RFC 3261 18.2.1, RFC 3581. Copies only where something is
 * added. */
static struct slice stamp(struct proxy *p, const struct sip_message *m, const struct address *peer)
{
    struct buffer out = {.limit = SIP_MESSAGE_LIMIT}, ip = {0};
    struct slice text = m->text;
    address_add_ip(&ip, peer);
    if (sip_needs_stamp(m, buffer_slice(&ip))) {
        sip_add_stamped(&out, m, buffer_slice(&ip), peer->port);
        text = out.overflowed ? m->text : arena_copy(&p->arena, buffer_slice(&out));
    }
    buffer_free(&out);
    buffer_free(&ip);
    return text;
}

static void answer_bad(
    struct proxy *p, const struct sip_message *m, const struct sip_target *from, uint16_t status)
{
    struct buffer out = {.limit = SIP_MESSAGE_LIMIT};
    world_count(p->world, COUNTER_SIP_BAD, 1);
    if (status == 0 || !m->is_request || m->method == SIP_ACK)
        return;
    sip_add_response_head(&out, m, status, SLICE(""), SLICE("bad"));
    sip_add_body(&out, SLICE(""), SLICE(""));
    proxy__send(p, from, buffer_slice(&out));
    buffer_free(&out);
}

static void message(struct proxy *p, const struct sip_target *from, const struct address *peer, bool stream,
    struct slice text)
{
    struct sip_message m;
    uint16_t status = 0;
    if (!guard_takes(p, peer, stream ? TRANSPORT_TCP : TRANSPORT_UDP, text))
        return;
    if (sip_parse(&m, text, &p->arena, &status) != 0) {
        guard_blames(p, peer, GUARD_MALFORMED);
        answer_bad(p, &m, from, status);
        return;
    }
    if (m.is_request) {
        struct slice stamped = stamp(p, &m, peer);
        if (stamped.data != text.data && sip_parse(&m, stamped, &p->arena, &status) != 0) {
            guard_blames(p, peer, GUARD_MALFORMED);
            answer_bad(p, &m, from, status);
            return;
        }
    }
    if (guard_passes(p, from, peer, &m))
        sip_transactions_input(&p->transactions, from, stream, &m);
}

static void datagram(struct proxy *p, const struct input *in)
{
    struct sip_target from = {.flow = in->flow, .address = in->peer};
    if (slice_trim(in->bytes).length < 4)
        return; /* keep-alive of a phone behind NAT */
    message(p, &from, &in->peer, false, in->bytes);
}

static void drop_flow(struct proxy *p, struct edge_flow *f)
{
    map_remove_number(&p->flows, f->flow);
    buffer_free(&f->in);
    mem_free(f);
}

static void stream(struct proxy *p, struct edge_flow *f, struct slice bytes)
{
    uint64_t flow = f->flow;
    struct sip_target from = {.flow = flow};
    size_t length, skip;
    unsigned pings;
    int error;
    buffer_add(&f->in, bytes);
    while ((error = sip_stream_length(&length, &skip, &pings, buffer_slice(&f->in))) == 0) {
        struct slice text =
            arena_copy(&p->arena, slice_first(slice_from(buffer_slice(&f->in), skip), length));
        buffer_consume(&f->in, skip + length);
        message(p, &from, &f->peer, true, text);
        if (map_get_number(&p->flows, flow) != f)
            return;
    }
    if (error == ERROR_AGAIN && !f->in.overflowed) {
        buffer_consume(&f->in, skip);
        if (pings != 0)
            world_send(p->world, flow, SLICE("\r\n")); /* RFC 5626 4.4.1 */
        if (f->in.length == 0)
            buffer_free(&f->in);
        return;
    }
    world_count(p->world, COUNTER_SIP_BAD, 1);
    world_close(p->world, flow);
    drop_flow(p, f);
}

static void accepted(struct proxy *p, const struct input *in)
{
    if (map_count(&p->flows) >= FLOWS) {
        world_close(p->world, in->flow);
        return;
    }
    struct edge_flow *f = mem_zero(sizeof *f);
    f->flow = in->flow;
    f->peer = in->peer;
    f->in.limit = STREAM_LIMIT;
    map_put_number(&p->flows, f->flow, f);
}

static void closed(struct proxy *p, const struct input *in)
{
    struct edge_flow *f = map_get_number(&p->flows, in->flow);
    const struct edge_listener *l = listener_of(p, in->flow);
    if (l != NULL) {
        LOG(LOG_ERROR, "proxy", "cannot listen on %s: %s", l->via + sizeof "SIP/2.0/" - 1,
            error_sentence(in->error));
        p->deaf = true;
    } else if (f != NULL)
        drop_flow(p, f);
}

bool proxy__edge_input(struct proxy *p, const struct input *in)
{
    struct edge_flow *f;
    if (in->token != PROXY_TOKEN_EDGE || in->kind < INPUT_ACCEPTED || in->kind > INPUT_DATA)
        return false;
    switch (in->kind) {
    case INPUT_DATAGRAM:
        datagram(p, in);
        break;
    case INPUT_ACCEPTED:
        accepted(p, in);
        break;
    case INPUT_DATA:
        f = map_get_number(&p->flows, in->flow);
        if (f != NULL)
            stream(p, f, in->bytes);
        break;
    case INPUT_CLOSED:
        closed(p, in);
        break;
    default:
        break;
    }
    return true;
}

void proxy__edge_close(struct proxy *p)
{
    struct edge_flow *f;
    map_for_each (f, &p->flows) {
        buffer_free(&f->in);
        mem_free(f);
    }
    map_free(&p->flows);
}
