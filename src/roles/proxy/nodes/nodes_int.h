/* Inside of nodes. */
#ifndef TANDEM_ROLES_PROXY_NODES_NODES_INT_H
#define TANDEM_ROLES_PROXY_NODES_NODES_INT_H

#include "roles/proxy/nodes/nodes.h"
#include "roles/proxy/proxy_int.h"

struct node_watch { /* a pair */
    char name[PROXY_NAME];
    uint8_t state;    /* enum node_state */
    uint32_t asked;   /* number of the last OPTIONS */
    int64_t heard_at; /* its last answer; before: since it is watched */
    struct map busy;  /* struct busy_dn by DN */
};

struct nodes {
    struct map watches; /* by name */
    uint64_t turn;      /* of the round robin */
    int64_t ticked_at;
    struct world_timer timer;
};

struct node_watch *nodes__watch(struct proxy *p, struct slice pair); /* NULL: it is not configured */

/* busy.c */
bool nodes__is_busy(const struct node_watch *w, struct slice dn);
void nodes__busy_free(struct node_watch *w);

#endif
