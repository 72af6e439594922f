/* What edge and route ask. */
#include "roles/proxy/guard/guard.h"

#include "base/log.h"
#include "base/mem.h"
#include "roles/proxy/guard/guard_int.h"
#include "roles/proxy/proxy_int.h"
#include "world/network.h"

void guard_open(struct proxy *p)
{
    struct guard *g = p->guard = mem_zero(sizeof *g);
    guard__table_open(&g->sources, "guard source", GUARD_SOURCES);
    guard__table_open(&g->phones, "guard phone", GUARD_PHONES);
    guard__bans_open(&g->bans);
    list_init(&g->numbers_age);
    list_init(&g->late);
    guard__follow(p);
    guard__news_open(p);
}

void guard_close(struct proxy *p)
{
    struct guard *g = p->guard;
    world_timer_clear(&g->timer);
    guard__late_close(g);
    guard__table_close(&g->sources);
    guard__table_close(&g->phones);
    guard__bans_close(&g->bans);
    guard__numbers_close(g);
    guard__pairs_close(g);
    mem_free(g);
    p->guard = NULL;
}

void guard_gauge(struct proxy *p)
{
    world_gauge(p->world, GAUGE_GUARD_SOURCES, map_count(&p->guard->sources.by_key));
    world_gauge(p->world, GAUGE_GUARD_BANS, map_count(&p->guard->bans.by_key));
}

bool guard_input(struct proxy *p, const struct input *in)
{
    if (in->kind == INPUT_CONFIG)
        guard__follow(p);
    else if (in->kind == INPUT_TIMER && in->object == GUARD_LATE)
        guard__late_due(p);
    else if (in->kind == INPUT_TIMER && OBJECT_KIND(in->object) == PROXY_OBJECT_GUARD)
        guard__offence_timer(p);
    else if (in->kind == INPUT_BUS && in->token == PROXY_TOKEN_GUARD)
        guard__hear(p, in->bytes);
    else
        return false;
    return in->kind != INPUT_CONFIG;
}

static bool drop(struct proxy *p, enum counter why)
{
    world_count(p->world, why, 1);
    return false;
}

bool guard_takes(struct proxy *p, const struct address *peer, enum transport transport, struct slice bytes)
{
    struct guard *g = p->guard;
    (void)transport;
    (void)bytes;
    if ((!g->active && map_count(&g->bans.by_key) == 0) || guard__trusts(p, peer))
        return true;
    int64_t now = world_now(p->world);
    struct address plain = guard__plain(peer), key = guard__source_key(peer);
    const struct guard_ban *ban = guard__banned(&g->bans, &plain, now);
    if (ban != NULL && ban->by_hand)
        return drop(p, COUNTER_GUARD_BANNED);
    /* who has proved itself goes on, whatever others behind the same address do */
    struct guard_source *s = guard__source(&g->phones, &plain, false);
    if (s != NULL)
        return guard__takes(g, &s->messages, GUARD_RATE_PHONE, now) || drop(p, COUNTER_GUARD_LIMITED);
    if (ban != NULL)
        return drop(p, COUNTER_GUARD_BANNED);
    s = guard__source(&g->sources, &key, true);
    if (!guard__takes(g, &s->messages, GUARD_RATE_STRANGER, now))
        return drop(p, COUNTER_GUARD_LIMITED);
    return guard__takes(g, &g->strangers, GUARD_RATE_STRANGERS, now) || drop(p, COUNTER_GUARD_STRANGERS);
}

/* ---- streams ---- */

bool guard_accepts(struct proxy *p, const struct address *peer)
{
    struct guard *g = p->guard;
    if (guard__trusts(p, peer))
        return true;
    struct address plain = guard__plain(peer), key = guard__source_key(peer);
    if (guard__banned(&g->bans, &plain, world_now(p->world)) != NULL)
        return drop(p, COUNTER_GUARD_BANNED);
    struct guard_source *s = guard__source(&g->sources, &key, true);
    if (g->limits.streams != 0 && s->streams >= g->limits.streams)
        return drop(p, COUNTER_GUARD_STREAMS);
    s->streams++;
    return true;
}

void guard_closed(struct proxy *p, const struct address *peer)
{
    struct address plain = guard__plain(peer), key = guard__source_key(peer);
    struct guard_source *s = guard__source(&p->guard->sources, &key, false);
    if (s != NULL && s->streams != 0)
        s->streams--;
    guard__forget(&p->guard->phones, &plain); /* another one may come from that port */
}

/* ---- messages ---- */

static bool has_credentials(const struct sip_message *m)
{
    return sip_header(m, SIP_HEADER_AUTHORIZATION) != NULL ||
           sip_header(m, SIP_HEADER_PROXY_AUTHORIZATION) != NULL;
}

/* A stranger's request. Nothing here depends on whether what it asks for exists. */
static bool stranger_passes(struct proxy *p, const struct address *peer, const struct sip_message *m)
{
    struct guard *g = p->guard;
    struct address key = guard__source_key(peer);
    struct guard_source *s = guard__source(&g->sources, &key, true);
    if (!g->limits.silent)
        return true;
    if (guard__is_scanner(p, m)) {
        guard_blames(p, peer, GUARD_SCANNER);
        return drop(p, COUNTER_GUARD_SILENT);
    }
    if (slice_empty(m->to_tag) && !guard__is_local(p, m))
        return drop(p, COUNTER_GUARD_FOREIGN);
    if (slice_empty(m->to_tag) && m->method != SIP_ACK && !has_credentials(m) &&
        !guard__takes(g, &s->unanswered, GUARD_RATE_UNANSWERED, world_now(p->world))) {
        LOG(LOG_NOTICE, "proxy",
            "a source only asks and never proves itself: it gets no answers for a while");
        return drop(p, COUNTER_GUARD_SILENT);
    }
    return true;
}

static bool begins_something(const struct sip_message *m)
{
    return slice_empty(m->to_tag) && m->method != SIP_ACK && m->method != SIP_CANCEL;
}

bool guard_passes(
    struct proxy *p, const struct sip_target *from, const struct address *peer, const struct sip_message *m)
{
    struct guard *g = p->guard;
    g->peer = *peer;
    if (!m->is_request)
        return true;
    if (m->method == SIP_ACK && slice_equal(m->to_tag, SLICE(GUARD_TAG)))
        return false; /* of an answer without state */
    if (guard__trusts(p, peer))
        return !begins_something(m) || guard__has_room(p, from, m, false, true);
    struct address plain = guard__plain(peer), key = guard__source_key(peer);
    struct guard_source *phone = guard__source(&g->phones, &plain, false);
    if (phone == NULL && !stranger_passes(p, peer, m))
        return false;
    if (!begins_something(m))
        return true;
    struct guard_source *who = phone != NULL ? phone : guard__source(&g->sources, &key, true);
    if (g->limits.work != 0 && !sip_transaction_known(&p->transactions, m) &&
        !guard__takes(g, &who->work, GUARD_RATE_WORK, world_now(p->world)))
        return drop(p, COUNTER_GUARD_LIMITED);
    return guard__has_room(p, from, m, phone != NULL, false);
}
