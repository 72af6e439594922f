/* Bans are shared by the proxies of a location: who is shut out at one is shut out at all. */
#include <stdio.h>

#include "base/log.h"
#include "roles/proxy/guard/guard_int.h"
#include "roles/proxy/proxy_int.h"
#include "wire/event.pb-c.h"
#include "wire/pack.h"

#define SUBJECT "guard."

static char *subject(struct proxy *p)
{
    size_t size = sizeof SUBJECT + sizeof p->location;
    char *text = arena_alloc(&p->arena, size);
    snprintf(text, size, SUBJECT "%s", p->location);
    return text;
}

void guard__news_open(struct proxy *p)
{
    world_subscribe(p->world, slice_text(subject(p)), PROXY_TOKEN_GUARD);
}

void guard__tell(struct proxy *p, const struct guard_ban *b)
{
    Tandem__GuardBan m = TANDEM__GUARD_BAN__INIT;
    struct buffer bytes = {0};
    m.proxy = p->name;
    m.address = pack_bytes(slice_of(b->key.ip, b->key.family == 6 ? 16 : 4));
    m.bits = b->key.zero[0];
    m.until = b->until;
    m.why = (char *)(uintptr_t)b->why;
    m.has_times = true;
    m.times = b->times;
    pack_add(&bytes, &m.base);
    world_publish(p->world, slice_text(subject(p)), buffer_slice(&bytes));
    buffer_free(&bytes);
}

bool guard__lift(struct proxy *p, const struct network *n)
{
    struct network wide = *n;
    struct guard_ban *b = guard__ban_find(&p->guard->bans, n);
    if (b == NULL && n->address.family == 6 && n->bits == 128) { /* its /64 is what was banned */
        wide = (struct network){.address = guard__source_key(&n->address), .bits = 64};
        b = guard__ban_find(&p->guard->bans, &wide);
    }
    guard__forget(&p->guard->sources, &wide.address); /* it begins anew */
    if (b == NULL || b->by_hand)
        return false;
    guard__ban_remove(&p->guard->bans, b);
    return true;
}

void guard__hear(struct proxy *p, struct slice bytes)
{
    struct guard *g = p->guard;
    const Tandem__GuardBan *m = pack_read(&tandem__guard_ban__descriptor, bytes, &p->arena);
    struct network n = {.bits = 0};
    if (m == NULL || (m->address.len != 4 && m->address.len != 16) || m->bits > m->address.len * 8) {
        LOG(LOG_WARNING, "proxy", "a ban on the bus is not well-formed");
        return;
    }
    if (strcmp(m->proxy, p->name) == 0)
        return;
    n.address.family = m->address.len == 4 ? 4 : 6;
    memcpy(n.address.ip, m->address.data, m->address.len);
    n.bits = (uint8_t)m->bits;
    if (m->until == 0) {
        (void)guard__lift(p, &n);
        return;
    }
    struct guard_ban *b = guard__ban_find(&g->bans, &n);
    if (m->until <= world_now(p->world) || guard__trusts(p, &n.address) ||
        (b != NULL && b->until >= m->until))
        return;
    b = guard__ban_put(&g->bans, &n, false, m->until, slice_text(m->why));
    if (b == NULL || b->by_hand)
        return;
    b->own = false;
    b->times = (uint8_t)(m->times < 32 ? m->times : 32);
    guard__rest(p);
}
