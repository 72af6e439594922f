/* A stateless SIP proxy and registrar, just enough for simulated phones to call each other (RFC 3261 16.11).
 */
#ifndef TANDEM_TEST_SIM_EXCHANGE_FIXTURE_H
#define TANDEM_TEST_SIM_EXCHANGE_FIXTURE_H

#include "world/role.h"

/* Given to the role as *self. */
struct exchange_setup {
    struct address own;
    bool alters_answers; /* planted bug: each 200 to INVITE that passes again has other content */
};

extern const struct role exchange_role;

#endif
