/* STUN as phones use it to keep their way through a NAT open and to learn when it has changed (RFC
 * 5626 4.4.2, 8; RFC 8489): Binding requests on the port of SIP, answered without any state. */
#ifndef TANDEM_ROLES_PROXY_EDGE_STUN_H
#define TANDEM_ROLES_PROXY_EDGE_STUN_H

#include "base/buffer.h"
#include "world/address.h"

/* No SIP message begins like this. */
bool stun_is(struct slice datagram);

/* Adds the answer to a Binding request: 0; or ERROR_SYNTAX, when it is to be dropped without one (malformed,
 * an indication, something else). At most 24 bytes longer than the request. */
int stun_answer(struct buffer *out, struct slice request, const struct address *peer)
    __attribute__((warn_unused_result));

#endif
