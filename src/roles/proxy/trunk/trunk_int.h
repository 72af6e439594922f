/* Inside of the room. */
#ifndef TANDEM_ROLES_PROXY_TRUNK_TRUNK_INT_H
#define TANDEM_ROLES_PROXY_TRUNK_TRUNK_INT_H

#include "roles/proxy/proxy_int.h"
#include "roles/proxy/trunk/trunk.h"
#include "world/network.h"

struct source { /* of calls */
    struct network network;
    const struct config_trunk *trunk; /* NULL: a trusted network */
};

struct trunks {
    struct source *sources; /* of the configuration as it is now */
    size_t source_count, source_room;
};

/* source.c */
void trunk__sources_follow(struct proxy *p);

#endif
