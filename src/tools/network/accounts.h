/* Accounts of the bus: each member of the cluster is a user that may do what its roles need, and nothing
 * administrative. */
#ifndef TANDEM_TOOLS_ACCOUNTS_H
#define TANDEM_TOOLS_ACCOUNTS_H

#include "base/buffer.h"

/* Adds a part of a configuration of nats-server. A member is "NAME" for all roles, or "NAME=ROLE,ROLE". The
 * passwords are variables, BUS_PASSWORD_ and the name in capitals. ERROR_SYNTAX and a sentence: no such role,
 * or no name. */
int accounts_nats(struct buffer *out, struct slice cluster, const struct slice *members, size_t count,
    struct buffer *complaint) __attribute__((warn_unused_result));

/* Whether a role may: for tests of what roles really do. */
bool accounts_permit(struct slice role, bool publish, struct slice subject);

void accounts_reference(struct buffer *out); /* Markdown */

#endif
