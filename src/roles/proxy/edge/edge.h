/* The side of the phones: listeners, streams, and the way back to where a message came from. */
#ifndef TANDEM_ROLES_PROXY_EDGE_EDGE_H
#define TANDEM_ROLES_PROXY_EDGE_EDGE_H

#include "base/buffer.h"
#include "sip/transaction.h"
#include "world/world.h"

#define PROXY_LISTENERS 8

struct proxy;

struct edge_listener {
    uint64_t flow;
    enum transport transport;
    struct address address;
    char via[ADDRESS_TEXT + 24]; /* "SIP/2.0/UDP 127.0.0.1:5060" */
};

/* A phone's TCP stream. */
struct edge_flow {
    uint64_t flow;
    unsigned listener;
    struct address peer;
    struct buffer in;
};

void proxy__edge_listen(struct proxy *p);
bool proxy__edge_input(struct proxy *p, const struct input *in);
void proxy__edge_close(struct proxy *p);
bool proxy__edge_flow_lives(struct proxy *p, uint64_t flow);
void proxy__send(void *self, const struct sip_target *to, struct slice message);

#endif
