/* SIP on TCP and TLS: messages one after the other, found by their Content-Length (RFC 3261 18.3). */
#include "base/error.h"
#include "roles/proxy/edge/edge_int.h"

void edge__stream(struct proxy *p, struct edge_flow *f, struct slice bytes)
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
        edge__half(p, f, false);
        edge__message(p, &from, &f->peer, (enum transport)f->transport, text);
        if (edge__flow(p, flow) != f)
            return;
    }
    if (error != ERROR_AGAIN || f->in.overflowed) {
        guard_blames(p, &f->peer, GUARD_MALFORMED);
        edge__end(p, f, COUNTER_EDGE_FRAMING);
        return;
    }
    buffer_consume(&f->in, skip);
    if (pings != 0) {
        world_count(p->world, COUNTER_EDGE_PINGS, 1);
        world_send(p->world, flow, SLICE("\r\n")); /* RFC 5626 4.4.1 */
        edge__half(p, f, false);
    }
    if (f->in.length == 0)
        buffer_free(&f->in);
    else
        edge__half(p, f, true);
}
