/* A proxy's streams, and what was said on them: the proxy of proxy_fixture.h with every kind of listener. */
#ifndef TANDEM_ROLES_PROXY_EDGE_EDGE_FIXTURE_H
#define TANDEM_ROLES_PROXY_EDGE_EDGE_FIXTURE_H

#include "roles/proxy/edge/edge_int.h"
#include "roles/proxy/proxy_fixture.h"

/* In the order of proxy_fixture's listeners. */
enum { EDGE_AT_UDP, EDGE_AT_TCP, EDGE_AT_TLS, EDGE_AT_WS, EDGE_AT_WSS, EDGE_AT_UDP6 };

struct edge_heard { /* the last of each */
    struct buffer sent;
    uint64_t sent_flow, closed_flow, opened_flow;
    struct address sent_to;
    unsigned sends, opens, closes;
    char opened[96];
};
extern struct edge_heard edge_heard;

void edge_begin(void);
void edge_finish(void);
void edge_accept(unsigned listener, uint64_t flow, uint16_t port, struct slice name);
void edge_data(uint64_t flow, struct slice bytes);
void edge_opened(uint64_t flow, struct slice name);
void edge_closed(uint64_t flow, int error);
void edge_forget(void);      /* what was heard */
const char *edge_text(void); /* all that was sent since, one after the other */
/* "GET ... sec-websocket-protocol: sip", and its answer is awaited. */
void edge_upgrade(uint64_t flow);
/* One masked frame of a client. */
void edge_frame(uint64_t flow, unsigned opcode, bool final, struct slice bytes);

#endif
