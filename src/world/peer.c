#include "world/peer.h"

#include "base/mem.h"

struct peer {
    uint64_t flow;
    int64_t since; /* when the first of the held messages was told */
    struct buffer held;
    unsigned messages;
    size_t name_length;
    char name[];
};

static struct slice name_of(const struct peer *p)
{
    return slice_of(p->name, p->name_length);
}

static struct peer *obtain(struct peer_table *t, struct slice name)
{
    struct peer *p = map_get(&t->by_name, name);
    if (p != NULL)
        return p;
    p = mem_zero(sizeof *p + name.length);
    slice_put(p->name, name);
    p->name_length = name.length;
    p->held.limit = PEER_HELD_BYTES;
    map_put(&t->by_name, name_of(p), p);
    return p;
}

static void forget(struct peer_table *t, struct peer *p)
{
    map_remove(&t->by_name, name_of(p));
    buffer_free(&p->held);
    mem_free(p);
}

void peer_free(struct peer_table *t)
{
    struct peer *p;
    map_for_each (p, &t->by_name) {
        buffer_free(&p->held);
        mem_free(p);
    }
    map_free(&t->by_name);
    map_free(&t->by_flow);
}

static unsigned drop_held(struct peer *p)
{
    unsigned dropped = p->messages;
    buffer_free(&p->held);
    p->held.overflowed = false;
    p->messages = 0;
    return dropped;
}

void peer_name(
    struct peer_table *t, struct slice name, uint64_t flow, int64_t now, uint64_t *old, struct buffer *held)
{
    peer_gone(t, flow); /* it may have had another name */
    struct peer *p = obtain(t, name);
    *old = p->flow;
    if (p->flow != 0)
        map_remove_number(&t->by_flow, p->flow);
    p->flow = flow;
    map_put_number(&t->by_flow, flow, p);
    if (now - p->since <= PEER_HELD_TIME)
        buffer_add(held, buffer_slice(&p->held));
    drop_held(p);
}

void peer_gone(struct peer_table *t, uint64_t flow)
{
    struct peer *p = map_remove_number(&t->by_flow, flow);
    if (p != NULL)
        forget(t, p);
}

uint64_t peer_tell(
    struct peer_table *t, struct slice name, struct slice bytes, int64_t now, unsigned *dropped)
{
    struct peer *p = map_get(&t->by_name, name);
    *dropped = 0;
    if (p != NULL && p->flow != 0)
        return p->flow;
    if (bytes.length > PEER_HELD_BYTES || (p == NULL && map_count(&t->by_name) >= PEER_NAMES)) {
        *dropped = 1;
        return 0;
    }
    p = obtain(t, name);
    if (p->messages != 0 &&
        (now - p->since > PEER_HELD_TIME || bytes.length > PEER_HELD_BYTES - p->held.length))
        *dropped = drop_held(p);
    if (p->messages == 0)
        p->since = now;
    buffer_add(&p->held, bytes);
    p->messages++;
    return 0;
}
