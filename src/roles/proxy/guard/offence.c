/* What a source has done wrong, and its ban. */
#include <stdio.h>

#include "base/log.h"
#include "roles/proxy/guard/guard_int.h"
#include "roles/proxy/proxy_int.h"

#define LONGEST 86400 /* s */
#define TELLS 64U     /* bans told again at a time */

static struct network network_of(const struct address *peer)
{
    struct network n = {.address = guard__source_key(peer)};
    n.bits = n.address.family == 6 ? 64 : 32;
    return n;
}

void guard__rest(struct proxy *p)
{
    struct guard *g = p->guard;
    world_timer_set(p->world, &g->timer, OBJECT(PROXY_OBJECT_GUARD, 0), TIMER_GUARD_TIDY,
        world_now(p->world) + timer_duration(TIMER_GUARD_TIDY));
}

static void ban(struct proxy *p, const struct address *peer, const char *why)
{
    struct guard *g = p->guard;
    struct network n = network_of(peer);
    struct guard_ban *b = guard__ban_find(&g->bans, &n);
    int64_t now = world_now(p->world), seconds = g->limits.ban_seconds;
    if (seconds == 0 || (b != NULL && (b->by_hand || b->until > now)))
        return;
    unsigned times = b != NULL ? b->times : 0;
    for (unsigned i = 0; i < times && seconds < LONGEST; i++)
        seconds *= 2;
    seconds = seconds < LONGEST ? seconds : LONGEST;
    b = guard__ban_put(&g->bans, &n, false, now + seconds * 1000000, slice_text(why));
    if (b == NULL)
        return;
    b->own = true;
    b->times = (uint8_t)(times < 32 ? times + 1 : times);
    world_count(p->world, COUNTER_GUARD_BANS, 1);
    struct buffer text = {0};
    address_add_ip(&text, &n.address);
    LOG(LOG_NOTICE, "proxy", "%.*s/%u is banned for %lld s: %s", SLICE_ARG(buffer_slice(&text)), n.bits,
        (long long)seconds, why);
    buffer_free(&text);
    guard__tell(p, b);
    guard__rest(p);
}

void guard_blames(struct proxy *p, const struct address *peer, enum guard_offence o)
{
    static const struct {
        enum counter counter;
        const char *why;
    } rows[GUARD_OFFENCES] = {
        [GUARD_MALFORMED] = {COUNTER_GUARD_MALFORMED, "malformed messages"},
        [GUARD_SCANNER] = {COUNTER_GUARD_SCANNERS, "a scanner"},
        [GUARD_CREDENTIALS] = {COUNTER_GUARD_CREDENTIALS, "wrong credentials"},
        [GUARD_HALF_OPEN] = {COUNTER_GUARD_HALF_OPEN, "streams that say nothing"},
    };
    struct guard *g = p->guard;
    world_count(p->world, rows[o].counter, 1);
    if (guard__trusts(p, peer))
        return;
    struct address key = guard__source_key(peer), plain = guard__plain(peer);
    struct guard_source *s = guard__source(&g->sources, &key, true);
    bool credentials = o == GUARD_CREDENTIALS;
    if (guard__takes(g, credentials ? &s->credentials : &s->malformed,
            credentials ? GUARD_RATE_CREDENTIALS : GUARD_RATE_MALFORMED, world_now(p->world)))
        return;
    guard__forget(&g->phones, &plain); /* it does not shield itself */
    ban(p, peer, rows[o].why);
}

void guard_praises(struct proxy *p, const struct address *peer)
{
    struct guard *g = p->guard;
    if (guard__trusts(p, peer))
        return;
    struct address key = guard__source_key(peer), plain = guard__plain(peer);
    (void)guard__source(&g->phones, &plain, true);
    struct guard_source *s = guard__source(&g->sources, &key, false);
    if (s != NULL)
        s->unanswered = 0;
}

void guard_proved(struct proxy *p, const struct sip_message *m, struct slice number)
{
    struct address peer = p->guard->peer;
    guard__pay(p, m);
    if (guard__trusts(p, &peer))
        return;
    guard_praises(p, &peer);
    if (m->method == SIP_REGISTER)
        guard__number_saw(p, number, GUARD_ROAMING, &peer);
    else if (m->method == SIP_INVITE && slice_empty(m->to_tag))
        guard__number_saw(p, number, GUARD_DIALLING, &peer);
}

void guard_failed(struct proxy *p, struct slice number)
{
    struct address peer = p->guard->peer;
    guard_blames(p, &peer, GUARD_CREDENTIALS);
    if (!slice_empty(number))
        guard__number_saw(p, number, GUARD_GUESSED, &peer);
}

/* Proxies that were away or have come later hear of the bans; those that ended long ago are forgotten. */
void guard__offence_timer(struct proxy *p)
{
    struct guard *g = p->guard;
    int64_t now = world_now(p->world);
    unsigned told = 0;
    list_for_each_safe (link, next, &g->bans.all) {
        struct guard_ban *b = list_entry(link, struct guard_ban, link);
        if (b->by_hand)
            continue;
        if (b->until + timer_duration(TIMER_GUARD_REMEMBER) < now)
            guard__ban_remove(&g->bans, b);
        else if (b->own && b->until > now && told++ < TELLS)
            guard__tell(p, b);
    }
    guard__numbers_count(p);
    if (!list_empty(&g->bans.all) || !list_empty(&g->numbers_age))
        guard__rest(p);
}
