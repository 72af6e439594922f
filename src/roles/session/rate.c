/* How much one source may ask without a log-in: a bucket that fills with time (SEC-4). A bucket that is full
 * again need not be remembered. */
#include "roles/session/session_int.h"

#include "base/mem.h"

struct rate {
    struct list link; /* the one that was longest not used first */
    int64_t full_at;  /* µs: when the bucket will be full again */
    size_t length;
    char key[8];
};

/* Who has one IPv6 address usually has all of its /64. */
static struct slice source_key(const struct address *source)
{
    return slice_of(source->ip, source->family == 6 ? 8 : 4);
}

static void drop(struct session *s, struct rate *r)
{
    map_remove(&s->rates, slice_of(r->key, r->length));
    list_remove(&r->link);
    mem_free(r);
}

static struct rate *rate_of(struct session *s, struct slice key, int64_t now)
{
    struct rate *r = map_get(&s->rates, key);
    if (r != NULL) {
        list_remove(&r->link);
    } else {
        if (map_count(&s->rates) >= SESSION_RATES)
            drop(s, list_entry(list_first(&s->rate_order), struct rate, link));
        r = mem_zero(sizeof *r);
        r->length = key.length;
        slice_put(r->key, key);
        map_put(&s->rates, slice_of(r->key, r->length), r);
    }
    if (r->full_at < now)
        r->full_at = now;
    list_append(&s->rate_order, &r->link);
    return r;
}

bool session__rate_permits(struct session *s, const struct address *source, unsigned cost)
{
    int64_t now = world_now(s->world), each = timer_duration(TIMER_SESSION_RATE);
    struct rate *r = rate_of(s, source_key(source), now);
    if (r->full_at + (int64_t)cost * each > now + (int64_t)SESSION_RATE_MOST * each)
        return false;
    r->full_at += (int64_t)cost * each;
    return true;
}

void session__rates_free(struct session *s)
{
    list_for_each_safe (link, next, &s->rate_order)
        drop(s, list_entry(link, struct rate, link));
}
