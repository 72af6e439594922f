/* How many calls there are: of a trunk, of its group, of a DN. */
#include "base/hash.h"
#include "base/mem.h"
#include "roles/proxy/trunk/trunk_int.h"

#define CALLS 200000U   /* that are counted */
#define DIALLING 20000U /* DNs that have dialled out lately */
#define MINUTE 60000000 /* µs */
#define SECOND_US 1000000

struct dialling {
    struct list link;
    struct slice number;
    struct bucket bucket;
};

bool trunk__bucket_take(struct bucket *b, int64_t now, int64_t each, unsigned most)
{
    int64_t full_at = b->full_at > now ? b->full_at : now;
    if (full_at - now > each * ((int64_t)most - 1))
        return false;
    b->full_at = full_at + each;
    return true;
}

/* ---- of a trunk and its group ---- */

static unsigned calls_of(const struct trunk_state *s)
{
    return s->calls + s->elsewhere;
}

static unsigned calls_of_group(struct proxy *p, struct slice group)
{
    struct trunk_state *s;
    unsigned calls = 0;
    map_for_each (s, &p->trunks->by_name)
        if (slice_equal(slice_text(s->group), group))
            calls += calls_of(s);
    return calls;
}

bool trunk__admits(struct trunk_state *s, enum trunk_reason *why)
{
    const struct config_trunk *t = trunk__config(s);
    if (t == NULL)
        return false;
    *why = TRUNK_FULL;
    if (t->capacity != 0 && calls_of(s) >= t->capacity)
        return false;
    *why = TRUNK_GROUP_FULL;
    if (t->group != NULL && t->group->capacity != 0 &&
        calls_of_group(s->proxy, t->group->name) >= t->group->capacity)
        return false;
    *why = TRUNK_RATE;
    return t->rate == 0 ||
           trunk__bucket_take(&s->rate, world_now(s->proxy->world), SECOND_US / t->rate, t->rate);
}

/* ---- calls: from their INVITE to their BYE ---- */

uint64_t trunk__call_key(const struct sip_message *m)
{
    return hash_stable(m->call_id);
}

struct trunk_call *trunk__call(struct proxy *p, uint64_t key)
{
    return map_get_number(&p->trunks->calls, key);
}

/* It takes no channel any more, but is remembered for a while: a request that has crossed the BYE must not be
 * taken for one of a call that another proxy has begun. */
static void end(struct proxy *p, struct trunk_call *call)
{
    struct trunk_state *s = trunk__state_of(p, call->trunk);
    if (call->over)
        return;
    if (s != NULL && s->calls != 0)
        s->calls--;
    p->trunks->call_count--;
    call->over = true;
    call->seen_at = world_now(p->world);
}

void trunk__call_end(struct proxy *p, uint64_t key)
{
    struct trunk_call *call = map_get_number(&p->trunks->calls, key);
    if (call != NULL)
        end(p, call);
}

static void add(struct trunk_state *s, uint64_t key)
{
    struct trunks *ts = s->proxy->trunks;
    trunk__call_end(s->proxy, key); /* it was tried on another one before */
    struct trunk_call *call = map_get_number(&ts->calls, key);
    if (call == NULL && map_count(&ts->calls) >= CALLS)
        return;
    if (call == NULL)
        call = pool_take(&ts->call_pool);
    *call = (struct trunk_call){.key = key, .trunk = s->number, .seen_at = world_now(s->proxy->world)};
    map_put_number(&ts->calls, key, call);
    s->calls++;
    ts->call_count++;
}

void trunk__call_begin(struct trunk_state *s, uint64_t key, bool out)
{
    s->counts[out]++;
    world_count(s->proxy->world, out ? COUNTER_TRUNK_CALLS_OUT : COUNTER_TRUNK_CALLS_IN, 1);
    add(s, key);
}

/* A request inside a dialog: also of a call that another proxy has begun, or this one in an earlier life. */
void trunk__call_seen(struct proxy *p, uint64_t key, struct trunk_state *s)
{
    struct trunk_call *call = map_get_number(&p->trunks->calls, key);
    if (call != NULL && !call->over)
        call->seen_at = world_now(p->world);
    else if (call == NULL && s != NULL)
        add(s, key);
}

/* The nodes ask in each dialog from time to time; where nothing is heard for longer, the end went another
 * way.
 */
void trunk__calls_sweep(struct proxy *p)
{
    struct trunk_call *call;
    int64_t now = world_now(p->world);
    map_for_each (call, &p->trunks->calls) {
        int64_t most = timer_duration(call->over ? TIMER_SIP_64_T1 : TIMER_TRUNK_CALL);
        if (call->seen_at + most >= now)
            continue;
        end(p, call);
        map_remove_number(&p->trunks->calls, call->key);
        pool_give(&p->trunks->call_pool, call);
    }
}

/* ---- of a DN ---- */

static void forget_dialling(struct trunks *ts, struct dialling *d)
{
    list_remove(&d->link);
    map_remove(&ts->dialling, d->number);
    mem_free((void *)(uintptr_t)d->number.data);
    mem_free(d);
}

static struct dialling *dialling_of(struct trunks *ts, struct slice number)
{
    struct dialling *d = map_get(&ts->dialling, number);
    if (d == NULL) {
        if (map_count(&ts->dialling) >= DIALLING)
            forget_dialling(ts, list_entry(ts->dialled.next, struct dialling, link));
        d = mem_zero(sizeof *d);
        d->number = slice_of(mem_copy(number.data, number.length), number.length);
        map_put(&ts->dialling, d->number, d);
    } else {
        list_remove(&d->link);
    }
    list_insert(&ts->dialled, &d->link);
    return d;
}

bool trunk__dn_admits(struct proxy *p, const struct config_dn *dn)
{
    const struct config_location *l = config_dn_location(world_configuration(p->world), dn);
    uint32_t rate = l != NULL && l->dial_rate != 0 ? l->dial_rate : CONFIG_DIAL_RATE;
    struct dialling *d = dialling_of(p->trunks, dn->number);
    return trunk__bucket_take(&d->bucket, world_now(p->world), MINUTE / rate, rate);
}

void trunk__calls_close(struct proxy *p)
{
    struct trunks *ts = p->trunks;
    struct trunk_call *call;
    while (!list_empty(&ts->dialled))
        forget_dialling(ts, list_entry(ts->dialled.next, struct dialling, link));
    map_free(&ts->dialling);
    map_for_each (call, &ts->calls)
        pool_give(&ts->call_pool, call);
    map_free(&ts->calls);
    pool_free(&ts->call_pool);
}
