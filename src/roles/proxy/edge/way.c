/* Streams that requests to an address use: opened when the first one goes there, and used by all that follow,
 * in both directions (RFC 5923). Also the way of requests that are too large for a datagram (RFC
 * 3261 18.1.1): their target stays the phone's address, and here a stream to it is tried; where it does not
 * come up they go as they are. */
#include "base/error.h"
#include "base/hash.h"
#include "base/mem.h"
#include "roles/proxy/edge/edge_int.h"
#include "sip/uri.h"

#define DATAGRAM_MOST 1300U /* RFC 3261 18.1.1: the path's MTU is not known */
#define WAYS 20000U
#define KEY_MOST (1 + sizeof(struct address) + ENDPOINT_NAME)

static struct slice make_key(
    char room[KEY_MOST], enum transport t, const struct address *address, struct slice name)
{
    room[0] = (char)t;
    memcpy(room + 1, address, sizeof *address);
    name = slice_first(name, ENDPOINT_NAME - 1);
    slice_put(room + 1 + sizeof *address, name);
    return slice_of(room, 1 + sizeof *address + name.length);
}

static void way_free(struct proxy *p, struct edge_way *w)
{
    map_remove(&p->edge.ways, slice_of(w->key, w->key_length));
    list_remove(&w->silent);
    buffer_free(&w->last);
    if (w->flow != NULL)
        w->flow->way = NULL;
    mem_free(w);
}

static struct edge_way *way_new(struct proxy *p, struct slice key, struct edge_flow *f)
{
    struct edge_way *w = mem_zero(sizeof *w + key.length);
    slice_put(w->key, key);
    w->key_length = key.length;
    w->last.limit = SIP_MESSAGE_LIMIT;
    w->flow = f;
    f->way = w;
    map_put(&p->edge.ways, slice_of(w->key, key.length), w);
    return w;
}

static int open_way(struct edge_way **out, struct proxy *p, enum transport t, const struct address *address,
    struct slice name)
{
    char room[KEY_MOST];
    struct slice key = make_key(room, t, address, name);
    const struct edge_listener *l = edge__outside(p, t, address->family);
    struct edge_way *w = map_get(&p->edge.ways, key);
    struct buffer text = {0};
    *out = w;
    if (l == NULL || edge__kinds[t].frames || name.length >= ENDPOINT_NAME)
        return ERROR_UNSUPPORTED;
    if (w != NULL && w->flow != NULL)
        return 0;
    if (w != NULL && world_now(p->world) < w->again_at)
        return ERROR_UNREACHABLE;
    if (edge__full(p) || map_count(&p->edge.ways) >= WAYS)
        return ERROR_OVERLOADED;
    if (w != NULL)
        way_free(p, w);
    buffer_add_format(&text, "%s:", edge__kinds[t].below);
    address_add(&text, address);
    if (!slice_empty(name))
        buffer_add_format(&text, "/%.*s", SLICE_ARG(name));
    uint64_t flow = world_open(p->world, buffer_slice(&text), PROXY_TOKEN_EDGE_LAST);
    buffer_free(&text);
    world_count(p->world, COUNTER_EDGE_OPENED, 1);
    *out = way_new(p, key, edge__flow_new(p, flow, l, address));
    return 0;
}

int edge_target(struct proxy *p, struct destination *to, enum transport t, const struct address *address,
    struct slice name)
{
    struct edge_way *w;
    to->target = (struct sip_target){.flow = 0};
    if (t == TRANSPORT_UDP) {
        to->listener = edge__listener_for(p, t, address->family);
        if (to->listener == NULL)
            return ERROR_UNSUPPORTED;
        to->reliable = false;
        to->target.flow = to->listener->flow;
        to->target.address = *address;
        return 0;
    }
    int error = t == TRANSPORT_LOCAL ? ERROR_UNSUPPORTED : open_way(&w, p, t, address, name);
    if (error != 0)
        return error;
    to->listener = w->flow->listener;
    to->reliable = true;
    to->target.flow = w->flow->flow;
    return 0;
}

void edge__way_up(struct edge_way *w)
{
    w->up = true;
    buffer_free(&w->last);
}

void edge__way_lost(struct proxy *p, struct edge_way *w)
{
    w->flow = NULL;
    if (w->up) {
        way_free(p, w);
        return;
    }
    world_count(p->world, COUNTER_EDGE_UNREACHED, 1);
    w->again_at = world_now(p->world) + timer_duration(w->big ? TIMER_EDGE_AGAIN_BIG : TIMER_EDGE_AGAIN);
    list_append(&p->edge.silent, &w->silent);
    if (w->last.length != 0)
        world_send_to(p->world, w->datagram.flow, &w->datagram.address, buffer_slice(&w->last));
    buffer_free(&w->last);
}

/* Those that were refused are remembered until they may be tried again. The two durations mix, so the list is
 * walked to its end; it is as long as there were refusals. */
void edge__ways_sweep(struct proxy *p)
{
    list_for_each_safe (link, next, &p->edge.silent) {
        struct edge_way *w = list_entry(link, struct edge_way, silent);
        if (world_now(p->world) >= w->again_at)
            way_free(p, w);
    }
}

void edge__ways_close(struct proxy *p)
{
    struct edge_way *w;
    map_for_each (w, &p->edge.ways) {
        w->flow = NULL;
        way_free(p, w);
    }
    map_free(&p->edge.ways);
}

/* ---- what its peer offers ---- */

void edge__way_offered(struct proxy *p, struct edge_flow *f, const struct sip_message *m)
{
    char room[KEY_MOST];
    struct slice value;
    struct address at;
    if (f->way != NULL || f->name == NULL || f->stage != EDGE_STREAM ||
        !sip_parameter(m->via.parameters, SLICE("alias"), &value) ||
        address_parse_ip(&at, m->via.host) != 0 || memcmp(at.ip, f->peer.ip, sizeof at.ip) != 0)
        return;
    at.port = m->via.port != 0 ? m->via.port : 5061;
    struct slice key = make_key(room, (enum transport)f->transport, &at, slice_text(f->name));
    if (map_get(&p->edge.ways, key) == NULL && map_count(&p->edge.ways) < WAYS)
        way_new(p, key, f)->up = true;
}

/* ---- too large for a datagram ---- */

static uint64_t branch_of(struct slice message)
{
    ptrdiff_t at = slice_find_slice(message, SLICE("branch="));
    struct slice branch = slice_from(message, at < 0 ? message.length : (size_t)at);
    ptrdiff_t end = slice_find(branch, '\r');
    return hash_stable(slice_first(branch, end < 0 ? 0 : (size_t)end));
}

static bool has_gone(const struct edge_way *w, uint64_t branch)
{
    for (unsigned i = 0; i < EDGE_BRANCHES; i++)
        if (w->branches[i] == branch)
            return true;
    return false;
}

/* The message as we wrote it begins with our Via: there the transport is another now. */
static bool send_by(struct proxy *p, struct edge_way *w, struct slice message, uint64_t branch)
{
    static const char before[] = "\r\nVia: SIP/2.0/UDP ";
    ptrdiff_t line = slice_find(message, '\r');
    if (line < 0 || !slice_starts(slice_from(message, (size_t)line), SLICE("\r\nVia: SIP/2.0/UDP ")))
        return false;
    struct slice copy = arena_copy(&p->arena, message);
    memcpy((char *)(uintptr_t)copy.data + line + sizeof before - sizeof "UDP ", "TCP", 3);
    memmove(w->branches, w->branches + 1, sizeof w->branches - sizeof w->branches[0]);
    w->branches[EDGE_BRANCHES - 1] = branch;
    world_send(p->world, w->flow->flow, copy);
    return true;
}

bool edge__send_big(struct proxy *p, const struct sip_target *to, struct slice message)
{
    char room[KEY_MOST];
    bool big = message.length > DATAGRAM_MOST;
    struct edge_way *w;
    if ((!big && map_count(&p->edge.ways) == 0) || slice_starts(message, SLICE("SIP/2.0 ")))
        return false;
    uint64_t branch = branch_of(message);
    w = map_get(&p->edge.ways, make_key(room, TRANSPORT_TCP, &to->address, SLICE("")));
    bool known = w != NULL && w->flow != NULL, gone = known && has_gone(w, branch);
    if (!big) { /* ACK and CANCEL go the way of their INVITE (RFC 3261 9.1, 17.1.1.3) */
        return gone && w->up && send_by(p, w, message, branch);
    }
    if (gone)
        return w->up; /* a stream repeats by itself; one that is not up by now may never be */
    if (!known) {
        if (open_way(&w, p, TRANSPORT_TCP, &to->address, SLICE("")) != 0)
            return false;
        w->big = true;
    }
    if (!w->up && w->last.length == 0) {
        w->datagram = *to;
        buffer_add(&w->last, message);
    }
    world_count(p->world, COUNTER_EDGE_SWITCHED, 1);
    return send_by(p, w, message, branch);
}
