/* The ways to the world outside, as a proxy uses them.
 *
 *     pairs ── inside ── route ── trunk ──┬── carrier 1   (credentials, registration, OPTIONS, capacity)
 *                                         └── carrier 2
 */
#ifndef TANDEM_ROLES_PROXY_TRUNK_TRUNK_H
#define TANDEM_ROLES_PROXY_TRUNK_TRUNK_H

#include "config/config.h"
#include "world/address.h"

struct proxy;

void trunk_open(struct proxy *p);
void trunk_follow(struct proxy *p); /* the configuration has changed */
void trunk_close(struct proxy *p);

/* Whose calls come from there; NULL: a phone's or a stranger's. Pointers are good until the configuration
 * changes: do not keep them. */
const struct config_trunk *trunk_of(struct proxy *p, const struct address *peer);
/* Limits per source and bans must not touch it: a trunk (which has limits of its own, and whose address
 * others can forge on UDP to have it banned), or a trusted network of the location. */
bool trunk_trusts(struct proxy *p, const struct address *peer);

#endif
