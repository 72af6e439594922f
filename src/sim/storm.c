/* The storm of registrations: what it must come to, and what it costs. */
#include "sim/cluster_int.h"

#define EACH_MOST 1024U               /* bytes that a binding may take in a proxy, afterwards */
#define EVEN_MOST 6144U               /* ... while requests are under way */
#define TURN_MOST ((size_t)512 << 10) /* bytes of effects that a proxy may leave in a turn */
#define ROOM ((size_t)8 << 20)        /* for everything else */

/* The proxy that holds most. */
static size_t largest(const struct cluster *c)
{
    size_t most = 0;
    for (unsigned k = 0; k < c->params->proxies; k++)
        if (sim_memory(c->proxies[k]) > most)
            most = sim_memory(c->proxies[k]);
    return most;
}

void storm_walk(struct cluster *c)
{
    size_t now = largest(c);
    if (c->crowd == NULL)
        return;
    if (sim_now(c->sim) < c->crowd_setup.begin_at)
        c->calm = now;
    if (now > c->most)
        c->most = now;
    if (c->most > c->calm + c->params->storm * (size_t)EVEN_MOST + ROOM)
        cluster__violation(c, SLICE(""), SLICE(""), "a proxy holds %zu bytes in a storm of %u phones",
            c->most, c->params->storm);
}

bool storm_over(const struct cluster *c, size_t *registered)
{
    const struct crowd *crowd = c->crowd != NULL ? sim_self(c->crowd) : NULL;
    *registered = crowd != NULL ? crowd_registered(crowd) : 0;
    return *registered == c->params->storm;
}

/* What is left when all the requests are forgotten. */
bool storm_settled(struct cluster *c, size_t *each)
{
    size_t now = largest(c);
    *each = c->crowd != NULL && now > c->calm ? (now - c->calm) / c->params->storm : 0;
    return c->crowd == NULL || now <= c->calm + c->params->storm * (size_t)EACH_MOST + ROOM;
}

void storm_report(struct cluster *c)
{
    const struct crowd *crowd = c->crowd != NULL ? sim_self(c->crowd) : NULL;
    struct cluster_result *r = c->result;
    if (crowd == NULL)
        return;
    r->storm.registered = crowd_registered(crowd);
    r->storm.refused = crowd_refused(crowd);
    r->storm.seconds = (double)(crowd_done_at(crowd) - c->crowd_setup.begin_at) / 1e6;
    (void)storm_settled(c, &r->storm.each);
    r->storm.most = c->most > c->calm ? (c->most - c->calm) / c->params->storm : 0;
    for (unsigned k = 0; k < c->params->proxies; k++) {
        size_t effects = sim_most_effects(c->proxies[k]);
        if (effects > r->storm.most_effects)
            r->storm.most_effects = effects;
    }
    if (r->storm.most_effects > TURN_MOST)
        cluster__violation(
            c, SLICE(""), SLICE(""), "a proxy left %zu bytes of effects in one turn", r->storm.most_effects);
}
