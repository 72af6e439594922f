/* What comes from the world, and what goes to it. */
#include "roles/proxy/edge/edge.h"

#include "base/error.h"
#include "base/log.h"
#include "roles/proxy/edge/edge_int.h"
#include "roles/proxy/trace/trace.h"

static void send_stream(struct proxy *p, struct edge_flow *f, struct slice message)
{
    if (!slice_starts(message, SLICE("SIP/2.0 ")))
        f->asked = world_now(p->world);
    if (f->stage == EDGE_FRAMES)
        edge__frames_send(p, f, message);
    else
        world_send(p->world, f->flow, message);
}

void proxy__send(void *self, const struct sip_target *to, struct slice message)
{
    struct proxy *p = self;
    struct edge_flow *f;
    trace_message(p, false, to, message);
    if (to->name[0] != '\0') {
        struct buffer frame = {0};
        frame_add(&frame, SIP_FRAME_MESSAGE, message);
        world_tell(p->world, slice_text(to->name), buffer_slice(&frame));
        buffer_free(&frame);
    } else if (to->address.family != 0) {
        if (!edge__send_big(p, to, message))
            world_send_to(p->world, to->flow, &to->address, message);
    } else if ((f = edge__flow(p, to->flow)) != NULL) {
        send_stream(p, f, message);
    }
}

/* A listener's streams come with its token. */
static const struct edge_listener *listener_by(const struct proxy *p, uint64_t token)
{
    uint64_t index = token - PROXY_TOKEN_EDGE;
    return index < p->listener_count && p->listeners[index].transport != TRANSPORT_UDP ? &p->listeners[index]
                                                                                       : NULL;
}

static void accepted(struct proxy *p, const struct input *in)
{
    const struct edge_listener *l = listener_by(p, in->token);
    if (l == NULL || edge__full(p) || !guard_accepts(p, &in->peer)) {
        world_count(p->world, COUNTER_EDGE_REFUSED, 1);
        world_close(p->world, in->flow);
        return;
    }
    struct edge_flow *f = edge__flow_new(p, in->flow, l, &in->peer);
    f->accepted = true;
    f->stage = edge__kinds[l->transport].frames ? EDGE_HANDSHAKE : EDGE_STREAM;
    edge__flow_named(f, in->name);
}

static void opened(struct proxy *p, const struct input *in)
{
    struct edge_flow *f = edge__flow(p, in->flow);
    if (f == NULL)
        return;
    edge__flow_named(f, in->name);
    edge__half(p, f, false); /* who was called need not speak first */
    if (f->way != NULL)
        edge__way_up(f->way);
}

static void closed(struct proxy *p, const struct input *in)
{
    struct edge_flow *f = edge__flow(p, in->flow);
    const struct edge_listener *l = edge__listener(p, in->flow);
    if (l != NULL) {
        LOG(LOG_ERROR, "proxy", "cannot listen on %s: %s", l->via + sizeof "SIP/2.0/" - 1,
            error_sentence(in->error));
        p->deaf = true;
    } else if (f != NULL) {
        if (in->error == ERROR_OVERLOADED)
            world_count(p->world, COUNTER_EDGE_SLOW, 1);
        edge__drop(p, f);
    }
}

static void data(struct proxy *p, const struct input *in)
{
    struct edge_flow *f = edge__flow(p, in->flow);
    if (f == NULL)
        return;
    f->heard = world_now(p->world);
    list_remove(&f->idle);
    list_append(&p->edge.idle, &f->idle);
    if (f->stage == EDGE_STREAM)
        edge__stream(p, f, in->bytes);
    else if (f->stage == EDGE_HANDSHAKE)
        edge__handshake(p, f, in->bytes);
    else
        edge__frames(p, f, in->bytes);
}

bool proxy__edge_input(struct proxy *p, const struct input *in)
{
    if (in->kind == INPUT_TIMER && OBJECT_KIND(in->object) == PROXY_OBJECT_EDGE) {
        edge__sweep(p);
        return true;
    }
    if (in->kind < INPUT_ACCEPTED || in->kind > INPUT_DATA || in->token < PROXY_TOKEN_EDGE ||
        in->token > PROXY_TOKEN_EDGE_LAST)
        return false;
    switch (in->kind) {
    case INPUT_DATAGRAM:
        edge__datagram(p, in);
        break;
    case INPUT_ACCEPTED:
        accepted(p, in);
        break;
    case INPUT_OPENED:
        opened(p, in);
        break;
    case INPUT_DATA:
        data(p, in);
        break;
    case INPUT_CLOSED:
        closed(p, in);
        break;
    default:
        break;
    }
    return true;
}

void proxy__edge_open(struct proxy *p)
{
    list_init(&p->edge.idle);
    list_init(&p->edge.half);
    list_init(&p->edge.silent);
}

void proxy__edge_close(struct proxy *p)
{
    struct edge_flow *f;
    map_for_each (f, &p->edge.flows)
        edge__free(f);
    edge__ways_close(p);
    map_free(&p->edge.flows);
    buffer_free(&p->edge.out);
    world_timer_clear(&p->edge.sweep_timer);
}
