/* Streams: who they are, how long they may be silent, and how many there may be. */
#include "base/error.h"
#include "base/log.h"
#include "base/mem.h"
#include "roles/proxy/edge/edge_int.h"

#define FLOWS 20000U                /* streams of one proxy, where its location does not say */
#define WAITING ((size_t)256 << 10) /* bytes that may wait for one who does not read */
#define IN_LIMIT ((size_t)SIP_MESSAGE_LIMIT + 1024)

static const struct {
    enum gauge gauge;
    enum transport transport;
} gauges[] = {{GAUGE_FLOWS_TCP, TRANSPORT_TCP}, {GAUGE_FLOWS_TLS, TRANSPORT_TLS},
    {GAUGE_FLOWS_WS, TRANSPORT_WS}, {GAUGE_FLOWS_WSS, TRANSPORT_WSS}};

static void tell_counts(struct proxy *p)
{
    for (size_t i = 0; i < sizeof gauges / sizeof gauges[0]; i++)
        world_gauge(p->world, gauges[i].gauge, p->edge.counts[gauges[i].transport]);
}

struct edge_flow *edge__flow(struct proxy *p, uint64_t flow)
{
    return map_get_number(&p->edge.flows, flow);
}

bool proxy__edge_flow_lives(struct proxy *p, uint64_t flow)
{
    return edge__flow(p, flow) != NULL;
}

const struct address *edge_peer(struct proxy *p, const struct sip_target *from)
{
    struct edge_flow *f = from->address.family == 0 ? edge__flow(p, from->flow) : NULL;
    return from->address.family != 0 ? &from->address : f != NULL ? &f->peer : NULL;
}

struct slice edge_peer_name(struct proxy *p, uint64_t flow)
{
    struct edge_flow *f = edge__flow(p, flow);
    return slice_text(f != NULL ? f->name : NULL);
}

static const struct config_guard *limits_of(const struct proxy *p)
{
    static const struct config_guard none;
    const struct config_location *l = config_location(world_configuration(p->world), slice_text(p->location));
    return l != NULL ? &l->guard : &none;
}

bool edge__full(const struct proxy *p)
{
    uint32_t most = limits_of(p)->streams_all;
    return map_count(&p->edge.flows) >= (most != 0 ? most : FLOWS);
}

static int64_t longest_silence(const struct proxy *p)
{
    int64_t seconds = limits_of(p)->stream_idle;
    return seconds != 0 ? seconds * 1000000 : timer_duration(TIMER_EDGE_IDLE);
}

static void arm(struct proxy *p)
{
    if (!wheel_runs(&p->edge.sweep_timer.wheel))
        world_timer_set(p->world, &p->edge.sweep_timer, OBJECT(PROXY_OBJECT_EDGE, 0), 0,
            world_now(p->world) + timer_duration(TIMER_EDGE_SWEEP));
}

void edge__half(struct proxy *p, struct edge_flow *f, bool half)
{
    if (half == list_linked(&f->half))
        return;
    if (!half) {
        list_remove(&f->half);
        return;
    }
    f->half_since = world_now(p->world);
    list_append(&p->edge.half, &f->half);
}

struct edge_flow *edge__flow_new(
    struct proxy *p, uint64_t flow, const struct edge_listener *l, const struct address *peer)
{
    struct edge_flow *f = mem_zero(sizeof *f);
    f->flow = flow;
    f->listener = l;
    f->transport = (uint8_t)l->transport;
    f->peer = *peer;
    f->in.limit = IN_LIMIT;
    f->heard = world_now(p->world);
    map_put_number(&p->edge.flows, flow, f);
    list_append(&p->edge.idle, &f->idle);
    edge__half(p, f, true);
    p->edge.counts[l->transport]++;
    tell_counts(p);
    world_bound(p->world, flow, WAITING);
    arm(p);
    return f;
}

void edge__flow_named(struct edge_flow *f, struct slice name)
{
    mem_free(f->name);
    f->name = NULL;
    if (slice_empty(name))
        return;
    f->name = mem_alloc(name.length + 1);
    slice_put(f->name, name);
    f->name[name.length] = '\0';
}

void edge__free(struct edge_flow *f)
{
    if (f->stage == EDGE_HANDSHAKE && f->http != NULL) {
        http_close(f->http);
        mem_free(f->http);
    } else if (f->stage == EDGE_FRAMES) {
        websocket_close(f->websocket);
        mem_free(f->websocket);
    }
    list_remove(&f->idle);
    list_remove(&f->half);
    buffer_free(&f->in);
    mem_free(f->name);
    mem_free(f);
}

/* Only a stream that has carried a request can have one waiting: with ten thousands of phones that leave
 * together nobody looks through all transactions for each. */
static bool may_have_asked(struct proxy *p, const struct edge_flow *f)
{
    return f->asked != 0 && world_now(p->world) - f->asked <= timer_duration(TIMER_SIP_C);
}

void edge__drop(struct proxy *p, struct edge_flow *f)
{
    uint64_t flow = f->flow;
    bool asked = may_have_asked(p, f);
    struct edge_way *way = f->way;
    map_remove_number(&p->edge.flows, flow);
    p->edge.counts[f->transport]--;
    tell_counts(p);
    if (f->accepted)
        guard_closed(p, &f->peer);
    edge__free(f);
    if (way != NULL)
        edge__way_lost(p, way);
    if (asked)
        sip_transactions_lost(&p->transactions, flow);
}

void edge__end(struct proxy *p, struct edge_flow *f, enum counter why)
{
    world_count(p->world, why, 1);
    world_close(p->world, f->flow);
    edge__drop(p, f);
}

void edge__sweep(struct proxy *p)
{
    int64_t now = world_now(p->world), longest = longest_silence(p);
    struct list *first;
    while ((first = list_first(&p->edge.half)) != NULL) {
        struct edge_flow *f = list_entry(first, struct edge_flow, half);
        if (now - f->half_since < timer_duration(TIMER_EDGE_MESSAGE))
            break;
        guard_blames(p, &f->peer, GUARD_HALF_OPEN);
        edge__end(p, f, COUNTER_EDGE_HALF_OPEN);
    }
    while ((first = list_first(&p->edge.idle)) != NULL) {
        struct edge_flow *f = list_entry(first, struct edge_flow, idle);
        if (now - f->heard < longest)
            break;
        edge__end(p, f, COUNTER_EDGE_IDLE);
    }
    edge__ways_sweep(p);
    if (map_count(&p->edge.flows) != 0 || map_count(&p->edge.ways) != 0)
        arm(p);
}
