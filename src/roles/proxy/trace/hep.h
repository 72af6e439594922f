/* HEPv3 (EEP), by which collectors such as Homer are given copies of messages:
 *
 *     "HEP3" | length of all, 16 bits | chunk: vendor, 16 bits (0) | type, 16 bits | length with this head,
 * 16 bits | value | chunk | ...          numbers: the highest byte first */
#ifndef TANDEM_ROLES_PROXY_TRACE_HEP_H
#define TANDEM_ROLES_PROXY_TRACE_HEP_H

#include "world/address.h"

#define HEP_PAYLOAD 60000U /* bytes of a message that fit into a datagram with the rest; more are cut off */

struct hep {
    struct address from, to; /* of one family */
    bool stream;             /* else UDP */
    int64_t at;              /* µs since the epoch */
    uint32_t capture_id;
    struct slice password;    /* empty: none */
    struct slice correlation; /* the same for all that belongs together; empty: not known */
    struct slice payload;     /* SIP */
};

void hep_add(struct buffer *out, const struct hep *h);

#endif
