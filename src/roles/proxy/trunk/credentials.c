/* Answers to challenges of trunks. The secret is used for realms that are configured for the trunk and for
 * nothing else: a stranger who makes us answer for his realm could try secrets on the answer at leisure. */
#include <stdio.h>

#include "base/error.h"
#include "roles/proxy/trunk/trunk_int.h"

#define CNONCE 17

/* The strongest challenge that we know how to answer (RFC 8760 2.4), of our realms only, and none by a weaker
 * algorithm than the trunk has shown before: whoever stands between must not choose what he breaks. */
static int choose(
    struct digest *best, struct trunk_state *s, const struct config_trunk *t, const struct sip_message *m)
{
    struct digest_known known = {t->realms.items, t->realms.count, (enum digest_algorithm)s->digest_least};
    enum sip_header_id wanted =
        m->status == 407 ? SIP_HEADER_PROXY_AUTHENTICATE : SIP_HEADER_WWW_AUTHENTICATE;
    int error = ERROR_MISSING;
    *best = (struct digest){.realm = {0}};
    for (size_t i = 0; i < m->header_count; i++) {
        struct digest d;
        if (m->headers[i].id != wanted || digest_parse(&d, m->headers[i].value, &s->proxy->arena) != 0)
            continue;
        if (digest_preferred(&d, best, &known)) {
            *best = d;
            error = 0;
        } else if (error != 0) {
            error = ERROR_DENIED;
        }
    }
    if (error == 0)
        s->digest_least = (uint8_t)best->algorithm;
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

int trunk__answer(struct buffer *line, struct challenge_guard *guard, struct trunk_state *s,
    const struct sip_message *m, struct digest_answer *a)
{
    const struct config_trunk *t = trunk__config(s);
    struct digest d;
    char cnonce[CNONCE];
    if (t == NULL || slice_empty(t->user) || slice_empty(t->secret))
        return ERROR_MISSING;
    int error = choose(&d, s, t, m);
    if (error != 0)
        return error;
    if (!may_answer(guard, &d))
        return ERROR_MISSING;
    snprintf(cnonce, sizeof cnonce, "%016llx", (unsigned long long)world_random(s->proxy->world));
    a->user = t->user;
    a->secret = t->secret;
    a->cnonce = slice_text(cnonce);
    a->count = 1;
    buffer_clear(line);
    buffer_add_text(line, m->status == 407 ? "Proxy-Authorization: " : "Authorization: ");
    digest_answer(line, &d, a);
    buffer_add_text(line, "\r\n");
    world_count(s->proxy->world, COUNTER_TRUNK_CHALLENGES, 1);
    return 0;
}
