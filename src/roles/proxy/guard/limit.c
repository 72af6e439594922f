/* What the location says about limits, as buckets. */
#include "roles/proxy/guard/guard_int.h"
#include "roles/proxy/proxy_int.h"
#include "roles/proxy/trunk/trunk.h"

#define SECOND INT64_C(1000000)
#define REJECTED 10U /* answers "no" for each call that is admitted; what comes beyond is dropped */

static const struct config_location *own_location(const struct proxy *p)
{
    return config_location(world_configuration(p->world), slice_text(p->location));
}

bool guard__trusts(struct proxy *p, const struct address *peer)
{
    return trunk_trusts(p, peer);
}

/* Those by hand are as the configuration says, the others stay. */
static void follow_bans(struct proxy *p)
{
    struct guard_bans *bans = &p->guard->bans;
    const struct config_ban *c;
    struct network n;
    list_for_each_safe (link, next, &bans->all) {
        struct guard_ban *b = list_entry(link, struct guard_ban, link);
        if (b->by_hand)
            guard__ban_remove(bans, b);
    }
    for (size_t at = 0; (c = config_next_ban(world_configuration(p->world), &at)) != NULL;)
        if ((slice_empty(c->location) || slice_equal(c->location, slice_text(p->location))) &&
            network_parse(&n, c->network) == 0)
            (void)guard__ban_put(bans, &n, true, c->until, c->why);
}

void guard__follow(struct proxy *p)
{
    static const struct config_guard none;
    struct guard *g = p->guard;
    const struct config_location *l = own_location(p);
    const struct config_guard *c = l != NULL ? &l->guard : &none;
    struct bucket_rate *r = g->rates;
    g->limits = *c;
    /* a burst of two seconds: phones and people come in bunches */
    r[GUARD_RATE_STRANGER] = bucket_rate(c->strangers, SECOND, (uint64_t)c->strangers * 2);
    r[GUARD_RATE_STRANGERS] = bucket_rate(c->strangers_all, SECOND, c->strangers_all);
    r[GUARD_RATE_PHONE] = bucket_rate(c->phone, SECOND, (uint64_t)c->phone * 2);
    r[GUARD_RATE_WORK] = bucket_rate(c->work, SECOND, (uint64_t)c->work * 2);
    r[GUARD_RATE_CREDENTIALS] =
        bucket_rate(c->ban_credentials, timer_duration(TIMER_GUARD_CREDENTIALS), c->ban_credentials);
    r[GUARD_RATE_MALFORMED] =
        bucket_rate(c->ban_malformed, timer_duration(TIMER_GUARD_MALFORMED), c->ban_malformed);
    r[GUARD_RATE_UNANSWERED] =
        bucket_rate(c->unanswered, timer_duration(TIMER_GUARD_MALFORMED), c->unanswered);
    /* 100 ms of calls at once, so that what was admitted is also carried in time */
    r[GUARD_RATE_CALLS] = bucket_rate(c->calls, SECOND, c->calls / 10 > 10 ? c->calls / 10 : 10);
    r[GUARD_RATE_REJECTIONS] = bucket_rate((uint64_t)c->calls * REJECTED, SECOND, c->calls);
    r[GUARD_RATE_FAILURES] =
        bucket_rate(c->alarm_failures, timer_duration(TIMER_GUARD_CREDENTIALS), c->alarm_failures);
    r[GUARD_RATE_DIALS] = bucket_rate(c->alarm_calls, 60 * SECOND, c->alarm_calls);
    follow_bans(p);
    g->active = c->strangers != 0 || c->strangers_all != 0 || c->phone != 0;
}
