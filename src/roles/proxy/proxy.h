/* The role proxy: the edge between phones and the nodes. */
#ifndef TANDEM_ROLES_PROXY_PROXY_H
#define TANDEM_ROLES_PROXY_PROXY_H

#include "world/role.h"

extern const struct role role_proxy;

#endif
