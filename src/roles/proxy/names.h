/* Hosts outside by name (RFC 3263), for those who want a place at once: what is known is given, and what is
 * not is asked for, so that it is there soon. A name that was known once keeps its last place while it is
 * asked again. */
#ifndef TANDEM_ROLES_PROXY_NAMES_H
#define TANDEM_ROLES_PROXY_NAMES_H

#include "dns/locate.h"

struct proxy;

void names_open(struct proxy *p);
void names_close(struct proxy *p);
bool names_input(struct proxy *p, const struct input *in); /* INPUT_CONFIG is for others as well */

/* The next place of a host, drawn by the weights of its SRV records, the dead ones last. ERROR_AGAIN: it is
 * being asked; ERROR_MISSING: there is no such name, or nothing behind it; ERROR_TIMEOUT: no name server
 * answers. */
int names_target(struct proxy *p, struct locate_target *target, const struct locate_wish *wish)
    __attribute__((warn_unused_result));
/* It did not answer: others of its name come first for a while. */
void names_dead(struct proxy *p, enum transport transport, const struct address *a);

#endif
