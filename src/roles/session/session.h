/* The role session: what browsers talk to. */
#ifndef TANDEM_ROLES_SESSION_SESSION_H
#define TANDEM_ROLES_SESSION_SESSION_H

#include "world/role.h"

extern const struct role session_role; /* not in a pair */

#endif
