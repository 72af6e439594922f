/* Answers to challenges of trunks. The secret is used for realms that are configured for the trunk and for
 * nothing else: a stranger who makes us answer for his realm could try secrets on the answer at leisure. */
#include <stdio.h>

#include "base/error.h"
#include "roles/proxy/trunk/trunk_int.h"

#define CNONCE 17

static bool has_realm(const struct config_trunk *t, struct slice realm)
{
    for (size_t i = 0; i < t->realms.count; i++)
        if (slice_equal(t->realms.items[i], realm))
            return true;
    return false;
}

/* The strongest challenge that we know how to answer (RFC 8760 2.4), of our realms only. */
static int choose(struct digest *best, bool *of_proxy, struct proxy *p, const struct config_trunk *t,
    const struct sip_message *m)
{
    int error = ERROR_MISSING;
    for (size_t i = 0; i < m->header_count; i++) {
        struct digest d;
        enum sip_header_id id = m->headers[i].id;
        enum sip_header_id wanted =
            m->status == 407 ? SIP_HEADER_PROXY_AUTHENTICATE : SIP_HEADER_WWW_AUTHENTICATE;
        if (id != wanted || digest_parse(&d, m->headers[i].value, &p->arena) != 0)
            continue;
        if (!has_realm(t, d.realm)) {
            error = error == 0 ? 0 : ERROR_DENIED;
            continue;
        }
        if (error != 0 || d.algorithm > best->algorithm) {
            *best = d;
            *of_proxy = m->status == 407;
            error = 0;
        }
    }
    return error;
}

/* One answer, and one more only for a new nonce of somebody who says that the old one was too old: who always
 * has a new nonce must not keep us busy. */
static bool may_answer(struct challenge_guard *g, const struct digest *d)
{
    if (d->nonce.length >= sizeof g->nonce || g->answered >= 2)
        return false;
    if (g->answered == 1 && (!d->stale || slice_equal(d->nonce, slice_text(g->nonce))))
        return false;
    g->answered++;
    slice_put(g->nonce, d->nonce);
    g->nonce[d->nonce.length] = '\0';
    return true;
}

int trunk__answer(struct buffer *line, struct challenge_guard *guard, struct proxy *p,
    const struct config_trunk *t, const struct sip_message *m, struct slice method, struct slice uri)
{
    struct digest d;
    bool of_proxy = false;
    char cnonce[CNONCE];
    if (slice_empty(t->user) || slice_empty(t->secret))
        return ERROR_MISSING;
    int error = choose(&d, &of_proxy, p, t, m);
    if (error != 0)
        return error;
    if (!may_answer(guard, &d))
        return ERROR_MISSING;
    snprintf(cnonce, sizeof cnonce, "%016llx", (unsigned long long)world_random(p->world));
    buffer_clear(line);
    buffer_add_text(line, of_proxy ? "Proxy-Authorization: " : "Authorization: ");
    digest_add_answer(line, &d, t->user, t->secret, method, uri, slice_text(cnonce), 1);
    buffer_add_text(line, "\r\n");
    world_count(p->world, COUNTER_TRUNK_CHALLENGES, 1);
    return 0;
}
