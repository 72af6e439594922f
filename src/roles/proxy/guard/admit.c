/* Overload (RFC 6357): past a configured load new work is refused before it costs anything, so that what was
 * begun is carried to its end. Refused without a transaction and with the same answer for every copy (RFC
 * 3261 8.2.7, 16.11); far beyond it silence is cheaper for both sides than an answer.
 *
 *     in a dialog > emergency > registrations of known phones > calls with credentials > calls > strangers */
#include "base/hash.h"
#include "roles/proxy/guard/guard_int.h"
#include "roles/proxy/proxy_int.h"
#include "roles/proxy/trunk/trunk.h"
#include "sip/uri.h"

#define RETRY_LEAST 2U   /* s; together with the spread: nobody comes back at once, and not all together */
#define RETRY_SPREAD 10U /* s */

bool guard__is_emergency(const struct sip_message *m)
{
    static const struct slice numbers[] = {
        SLICE_INIT("112"), SLICE_INIT("911"), SLICE_INIT("110"), SLICE_INIT("999")};
    struct sip_uri uri;
    if (slice_starts_nocase(m->uri, SLICE("urn:service:sos"))) /* RFC 5031 */
        return true;
    if (sip_uri_parse(&uri, m->uri) != 0)
        return false;
    for (size_t i = 0; i < sizeof numbers / sizeof numbers[0]; i++)
        if (slice_equal(uri.user, numbers[i]))
            return true;
    return false;
}

/* How much of the bucket's depth this kind of work may use, in percent; 0: it always passes. */
static int share(const struct sip_message *m, bool phone, bool trusted)
{
    bool known = trusted || sip_header(m, SIP_HEADER_PROXY_AUTHORIZATION) != NULL;
    if (m->method == SIP_REGISTER)
        return phone || trusted ? 0 : 50;
    if (m->method != SIP_INVITE)
        return phone || trusted ? 100 : 50;
    if (guard__is_emergency(m))
        return 200;
    return known ? 100 : 80;
}

static void refuse(struct proxy *p, const struct sip_target *from, const struct sip_message *m)
{
    struct buffer out = {.limit = SIP_MESSAGE_LIMIT};
    world_count(p->world, COUNTER_GUARD_OVERLOAD, 1);
    sip_add_response_head(&out, m, 503, SLICE(""), SLICE(GUARD_TAG));
    buffer_add_format(
        &out, "Retry-After: %u\r\n", RETRY_LEAST + (unsigned)(hash_stable(m->call_id) % RETRY_SPREAD));
    sip_add_body(&out, SLICE(""), SLICE(""));
    if (!out.overflowed)
        proxy__send(p, from, buffer_slice(&out));
    buffer_free(&out);
}

static bool is_full(const struct proxy *p, const struct guard *g, int percent, int64_t now)
{
    return (g->limits.transactions != 0 &&
               map_count(&p->transactions.by_id) >= (size_t)g->limits.transactions / 100 * (size_t)percent) ||
           !bucket_has(g->calls, g->rates[GUARD_RATE_CALLS], now, percent);
}

bool guard__has_room(
    struct proxy *p, const struct sip_target *from, const struct sip_message *m, bool phone, bool trusted)
{
    struct guard *g = p->guard;
    int64_t now = world_now(p->world);
    int percent = share(m, phone, trusted);
    if ((g->limits.calls == 0 && g->limits.transactions == 0) || percent == 0 ||
        !is_full(p, g, percent, now) || sip_transaction_known(&p->transactions, m))
        return true;
    if (guard__takes(g, &g->rejections, GUARD_RATE_REJECTIONS, now))
        refuse(p, from, m);
    else
        world_count(p->world, COUNTER_GUARD_OVERLOAD_DROPPED, 1);
    return false;
}

/* A call pays once, when it is known whose it is: what is challenged costs little. */
void guard__pay(struct proxy *p, const struct sip_message *m)
{
    struct guard *g = p->guard;
    if (m->method == SIP_INVITE && slice_empty(m->to_tag) && g->rates[GUARD_RATE_CALLS].interval != 0)
        bucket_pay(&g->calls, g->rates[GUARD_RATE_CALLS], world_now(p->world));
}

bool guard_admits(struct proxy *p, struct sip_transaction *t, const struct sip_message *m)
{
    /* a trunk's call is nobody's who proves himself */
    if (t->target.name[0] == '\0' && trunk_of(p, &p->guard->peer) != NULL)
        guard__pay(p, m);
    if (guard__loop_free(p, m))
        return true;
    world_count(p->world, COUNTER_GUARD_LOOPS, 1);
    sip_respond_simple(t, 482, SLICE("edge"));
    return false;
}
