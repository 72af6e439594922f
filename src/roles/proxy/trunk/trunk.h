/* The ways to the world outside, as a proxy uses them.
 *
 *     pairs ── inside ── route ── trunk ──┬── carrier 1   (credentials, registration, OPTIONS, capacity)
 *                                         └── carrier 2
 *
 * What goes out names nothing of the inside: one Via, one Record-Route and one Contact, all with our address.
 */
#ifndef TANDEM_ROLES_PROXY_TRUNK_TRUNK_H
#define TANDEM_ROLES_PROXY_TRUNK_TRUNK_H

#include "config/config.h"
#include "roles/proxy/trunk/outside.h"
#include "world/address.h"

struct input;

void trunk_open(struct proxy *p);
void trunk_follow(struct proxy *p);                        /* the configuration has changed */
bool trunk_input(struct proxy *p, const struct input *in); /* true: it was for trunks alone */
void trunk_listens(struct proxy *p);                       /* messages can be sent */
void trunk_audit(struct proxy *p, struct buffer *out);     /* for the invariants of the simulated world */
void trunk_close(struct proxy *p);

/* Whose calls come from there; NULL: a phone's or a stranger's. Pointers are good until the configuration
 * changes: do not keep them. */
const struct config_trunk *trunk_of(struct proxy *p, const struct address *peer);
const struct config_trunk *trunk_of_target(struct proxy *p, const struct sip_target *from);
/* Limits per source and bans must not touch it: a trunk (which has limits of its own, and whose address
 * others can forge on UDP to have it banned), or a trusted network of the location. */
bool trunk_trusts(struct proxy *p, const struct address *peer);

/* ---- for route.c ---- */
/* A trunk's INVITE that makes a dialog: passed on to a pair, or refused. */
void trunk_incoming(struct proxy *p, struct sip_transaction *t, const struct sip_message *m,
    const struct config_trunk *trunk);
/* A pair's INVITE for a number that no DN has: passed on, or refused. False: some DN has the number. */
bool trunk_outgoing(struct proxy *p, struct sip_transaction *t, const struct sip_message *m);
/* A pair's request in a dialog with a trunk, which its Route names; false: it names none. */
bool trunk_in_dialog(struct proxy *p, struct sip_transaction *t, const struct sip_message *m);
bool trunk_ack(struct proxy *p, const struct sip_message *m, struct destination *to);
/* A request from outside in a dialog: the pair that its URI means, and the way of its trunk for what is
 * recorded. */
bool trunk_pair(struct proxy *p, const struct sip_message *m, struct slice *pair);
const char *trunk_way(struct proxy *p, const struct sip_target *from, const struct sip_message *m);

#endif
