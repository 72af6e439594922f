/* The parameters of a Via by which a server says how much it can take (RFC 7339 section 4). */
#ifndef TANDEM_ROLES_PROXY_GUARD_OVERLOAD_H
#define TANDEM_ROLES_PROXY_GUARD_OVERLOAD_H

#include <stdint.h>

#include "base/slice.h"

#define OVERLOAD_LONGEST 60000U /* ms that are believed */

struct overload {
    unsigned loss;     /* percent of new requests that shall not come */
    uint32_t validity; /* ms */
    uint64_t sequence; /* oc-seq in hundred-thousandths */
};

/* false: it says nothing, or nothing that can be understood. `parameters` begins with ';' or is empty. */
bool overload_parse(struct overload *o, struct slice parameters);
bool overload_newer(const struct overload *o, const struct overload *than);

#endif
