/* Pairs that say how much they can take (RFC 7339, loss-based): a part of the new calls is refused here, by
 * their Call-ID, so that each copy of a request meets the same fate. A 503 with Retry-After closes the pair
 * for new calls for that time (RFC 3261 21.5.4). */
#include "base/hash.h"
#include "base/mem.h"
#include "roles/proxy/guard/guard_int.h"
#include "roles/proxy/guard/overload.h"
#include "roles/proxy/proxy_int.h"
#include "sip/values.h"
#include "wire/event.pb-c.h"
#include "wire/pack.h"

#define LONGEST 60 /* s that an answer may close a pair */

struct guard_pair {
    char name[PROXY_NAME];
    struct overload asked;
    int64_t asked_until, closed_until; /* µs */
};

void guard__pairs_close(struct guard *g)
{
    struct guard_pair *a;
    map_for_each (a, &g->pairs)
        mem_free(a);
    map_free(&g->pairs);
}

static struct guard_pair *obtain(struct guard *g, struct slice name)
{
    struct guard_pair *a = map_get(&g->pairs, name);
    if (a != NULL || name.length == 0 || name.length >= PROXY_NAME)
        return a;
    a = mem_zero(sizeof *a);
    slice_put(a->name, name);
    map_put(&g->pairs, slice_text(a->name), a);
    return a;
}

static void closed(struct proxy *p, struct guard_pair *a, const struct sip_message *m)
{
    struct sip_retry_after said;
    if (sip_retry_after_parse(&said, sip_header_value(m, SIP_HEADER_RETRY_AFTER)) != 0)
        return;
    int64_t seconds = said.seconds < LONGEST ? said.seconds : LONGEST;
    a->closed_until = world_now(p->world) + seconds * 1000000;
}

static void asked(struct proxy *p, struct guard_pair *a, const struct overload *o)
{
    int64_t now = world_now(p->world);
    if (a->asked_until > now && !overload_newer(o, &a->asked))
        return;
    a->asked = *o;
    a->asked_until = now + (int64_t)o->validity * 1000;
}

void guard_told(struct proxy *p, struct slice pair, struct slice bytes)
{
    const Tandem__NodeLoad *told = pack_read(&tandem__node_load__descriptor, bytes, &p->arena);
    struct guard_pair *a = told != NULL ? obtain(p->guard, pair) : NULL;
    if (a == NULL || told->loss > 100)
        return;
    asked(p, a,
        &(struct overload){.loss = told->loss,
            .validity = told->validity < OVERLOAD_LONGEST ? told->validity : OVERLOAD_LONGEST,
            .sequence = told->sequence});
}

void guard_hears(struct proxy *p, struct slice pair, const struct sip_message *m)
{
    struct overload o;
    bool says = overload_parse(&o, m->via.parameters);
    if (!says && m->status != 503)
        return;
    struct guard_pair *a = obtain(p->guard, pair);
    if (a == NULL)
        return;
    if (says)
        asked(p, a, &o);
    if (m->status == 503)
        closed(p, a, m);
}

bool guard_lets_through(struct proxy *p, struct slice pair, const struct sip_message *m)
{
    const struct guard_pair *a = map_get(&p->guard->pairs, pair);
    int64_t now = world_now(p->world);
    if (a == NULL || guard__is_emergency(m))
        return true;
    bool passes =
        a->closed_until <= now && (a->asked_until <= now || hash_stable(m->call_id) % 100 >= a->asked.loss);
    if (!passes)
        world_count(p->world, COUNTER_GUARD_THROTTLED, 1);
    return passes;
}
