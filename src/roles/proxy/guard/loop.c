/* Loops and the amplification of forked requests (RFC 5393). A request that comes back as it was is a loop;
 * one that comes back changed is a spiral, and permitted. */
#include "base/hash.h"
#include "roles/proxy/guard/guard_int.h"
#include "roles/proxy/proxy_int.h"

#define BREADTH 60U /* RFC 5393 5.3.3 */
#define MARK 8U     /* hexadecimal digits at the end of our branches */

/* Of all that decides where it goes (RFC 5393 4.2.1). */
uint32_t guard_loop_mark(const struct sip_message *m)
{
    struct sip_cursor at = {0};
    struct slice route, cseq = slice_of(&m->cseq, sizeof m->cseq);
    uint64_t h = hash_stable_add(0, m->uri);
    h = hash_stable_add(h, m->call_id);
    h = hash_stable_add(h, m->from_tag);
    h = hash_stable_add(h, m->to_tag);
    h = hash_stable_add(h, cseq);
    while (sip_next_value(m, SIP_HEADER_ROUTE, &at, &route))
        h = hash_stable_add(h, route);
    return (uint32_t)(h ^ h >> 32);
}

/* "z9hG4bK-NAME-...-MARK": ours, whatever listener or stream it went by; outside no name is said. */
static bool reads_mark(const struct proxy *p, struct slice branch, uint32_t *mark)
{
    struct slice begin = SLICE("z9hG4bK-"), name = slice_text(p->name);
    *mark = 0;
    if (slice_starts(slice_from(branch, begin.length), SLICE("-")))
        name.length = 0;
    if (!slice_starts(branch, begin) || !slice_starts(slice_from(branch, begin.length), name) ||
        branch.length < begin.length + name.length + 2 + MARK ||
        branch.data[begin.length + name.length] != '-' || branch.data[branch.length - MARK - 1] != '-')
        return false;
    for (size_t i = branch.length - MARK; i < branch.length; i++) {
        char c = branch.data[i];
        if (!((c >= '0' && c <= '9') || (c >= 'a' && c <= 'f')))
            return false;
        *mark = *mark << 4 | (uint32_t)(c <= '9' ? c - '0' : c - 'a' + 10);
    }
    return true;
}

bool guard__loop_free(struct proxy *p, const struct sip_message *m)
{
    struct sip_cursor at = {0};
    struct slice value;
    struct sip_via via;
    uint32_t mark, own = 0;
    bool marked = false;
    if (m->one_via && !reads_mark(p, m->via.branch, &mark))
        return true; /* straight from a phone */
    while (sip_next_value(m, SIP_HEADER_VIA, &at, &value)) {
        if (sip_via_parse(&via, value) != 0 || !reads_mark(p, via.branch, &mark))
            continue;
        if (!marked)
            own = guard_loop_mark(m);
        marked = true;
        if (mark == own)
            return false;
    }
    return true;
}

unsigned guard_breadth(const struct sip_message *m, unsigned branches)
{
    uint64_t breadth = BREADTH;
    struct slice said = slice_trim(sip_header_value(m, SIP_HEADER_MAX_BREADTH));
    if (!slice_empty(said) && slice_to_u64(&breadth, said, UINT32_MAX) != 0)
        breadth = BREADTH;
    breadth = breadth < BREADTH ? breadth : BREADTH; /* nobody needs more */
    return branches != 0 ? (unsigned)breadth / branches : (unsigned)breadth;
}
