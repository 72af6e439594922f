/* Which pair of nodes gets a new call.
 *
 *     phone ──> where its DN has calls ──> the owner of its slot ──┐ (out of service, or none)
 *     trunk ───────────────────────────────────────────────────────┴─> in turn: own location, then others
 *
 * A pair is in service as long as it answers OPTIONS (VC-3); which of its members is asked is what the pair's
 * record says, or what the members say when the registry is silent (inside.c, VC-4). */
#ifndef TANDEM_ROLES_PROXY_NODES_NODES_H
#define TANDEM_ROLES_PROXY_NODES_NODES_H

#include "config/config.h"
#include "roles/proxy/relay.h"

struct inside;

enum node_state {
    NODE_NEW,        /* not asked yet, or not answered yet */
    NODE_IN_SERVICE, /* answers 200 */
    NODE_DRAINING,   /* answers 503: no new calls but of DNs that have calls there */
    NODE_OUT,        /* does not answer */
    NODE_STATES
};
const char *node_state_name(enum node_state s); /* "in service" */

void nodes_open(struct proxy *p);
void nodes_close(struct proxy *p);
bool nodes_input(struct proxy *p, const struct input *in); /* its timer */
void nodes_greeted(struct proxy *p, struct slice pair);    /* there is a stream to its primary */
void nodes_heard(struct proxy *p, struct slice pair);      /* anything of it */
void nodes_told(struct proxy *p, struct slice pair, struct slice bytes); /* BusyPlaces */
/* An answer that belongs to no transaction: true when it is one to our OPTIONS. */
bool nodes_answered(struct proxy *p, const struct sip_target *from, const struct sip_message *m);
void nodes_gauge(struct proxy *p);
/* Why the proxy is degraded, or NULL: no pair of the location is in service. */
const char *nodes_trouble(struct proxy *p);
void nodes_audit(struct proxy *p, struct buffer *out); /* "node NAME STATE", a line each */

enum node_state nodes_state(struct proxy *p, struct slice pair);

/* The pair for a new call of this DN, or of a trunk (NULL). False: none is in service; answer 503 with
 * Retry-After. */
bool proxy__choose_pair(struct proxy *p, const struct config_dn *caller, struct destination *to)
    __attribute__((warn_unused_result));

/* bounce.c: a pair has refused a new call because it belongs to another one: sends it there, once. True: that
 * was done. */
bool nodes_bounced(
    struct proxy *p, struct relay *r, const struct sip_transaction *t, const struct sip_message *m);

#endif
