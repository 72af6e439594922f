/* Many addresses in one text: "192.0.2.0/24", "2001:db8::/32", or one address alone (RFC 4632, RFC 4291 2.3).
 */
#ifndef TANDEM_WORLD_NETWORK_H
#define TANDEM_WORLD_NETWORK_H

#include "world/address.h"

struct network {
    struct address address; /* without a port */
    uint8_t bits;           /* that an address must share with it */
};

/* ERROR_SYNTAX: it is none, or has bits behind its length ("192.0.2.1/24"), which is mostly a mistake. */
int network_parse(struct network *n, struct slice text) __attribute__((warn_unused_result));
/* Whatever the port. An IPv4 address that came in by a socket of IPv6 (RFC 4291 2.5.5.2) is that IPv4
 * address.
 */
bool network_holds(const struct network *n, const struct address *a);

#endif
