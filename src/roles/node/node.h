/* The role node: owns calls. Always in a pair, also when it is the only member. */
#ifndef TANDEM_ROLES_NODE_NODE_H
#define TANDEM_ROLES_NODE_NODE_H

#include "base/fsm.h"
#include "world/role.h"

extern const struct role role_node; /* in a pair */

extern const struct fsm node_call_machine, node_leg_machine;

#endif
