/* Transports: what comes from phones, trunks and strangers, and what goes to them.
 *
 *     udp ────────────────────────────┐
 *     tcp, tls ── stream ─────────────┼──> message ──> transactions ──> route
 *     ws, wss ─── handshake, frames ──┘                    │
 *                                        edge_send <───────┘
 *
 * A phone is reached by the stream that it has opened (RFC 5626), a trunk or a fixed contact by one that is
 * opened when something goes there, and used again (RFC 5923). */
#ifndef TANDEM_ROLES_PROXY_EDGE_EDGE_H
#define TANDEM_ROLES_PROXY_EDGE_EDGE_H

#include "base/buffer.h"
#include "base/list.h"
#include "base/map.h"
#include "sip/transaction.h"
#include "world/world.h"

#define PROXY_LISTENERS 16

struct destination;
struct proxy;

struct edge_listener {
    uint64_t flow;
    enum transport transport;
    struct address address;
    char via[ADDRESS_TEXT + 24]; /* "SIP/2.0/UDP 127.0.0.1:5060" */
};

struct edge {
    struct map flows;   /* struct edge_flow by the world's number */
    struct map ways;    /* struct edge_way by transport, address and name */
    struct list idle;   /* struct edge_flow, the one that was silent for the longest time first */
    struct list half;   /* those with a message that is not complete, the oldest first */
    struct list silent; /* ways that cannot be opened, the oldest first */
    size_t counts[TRANSPORT_COUNT];
    struct edge_listener outside[TRANSPORT_COUNT]
                                [2]; /* what we say we are where we do not listen; by family */
    struct buffer out;               /* of WebSocket; empty between two inputs */
    struct world_timer sweep_timer;
};

void proxy__edge_open(struct proxy *p);
void proxy__edge_listen(struct proxy *p);
bool proxy__edge_input(struct proxy *p, const struct input *in);
void proxy__edge_close(struct proxy *p);

/* The sender of the transactions: to a peer of ours, by datagram, or on a stream that lives. */
void proxy__send(void *self, const struct sip_target *to, struct slice message);
bool proxy__edge_flow_lives(struct proxy *p, uint64_t flow);

/* By which transport, and over which listener of ours, messages come from there; NULL: the stream is gone.
 * The listener is what stands in our Via and Record-Route. */
const struct edge_listener *edge_listener_of(struct proxy *p, const struct sip_target *from);
/* Where a message from outside came from; NULL: its stream is gone. Valid until the next input. */
const struct address *edge_peer(struct proxy *p, const struct sip_target *from);
/* "sip:192.0.2.1:5061;transport=tls"; `secure`: sips. */
void edge_add_uri(struct buffer *out, const struct edge_listener *l, bool secure);
/* The name that the peer's certificate has proved; empty: none. */
struct slice edge_peer_name(struct proxy *p, uint64_t flow);

/* Makes `to` lead to this address (target, reliable, listener): UDP from our listener; streams over one that
 * is there, or by opening one. `name`: TLS, what the certificate must be made out for. When it cannot be
 * opened, or ends, the requests on it fail at once, with the status 503 in their transaction.
 * ERROR_UNSUPPORTED: we have no listener of this family for datagrams; ERROR_UNREACHABLE: it was refused a
 * moment ago; ERROR_OVERLOADED: too many streams. */
int edge_target(struct proxy *p, struct destination *to, enum transport transport,
    const struct address *address, struct slice name) __attribute__((warn_unused_result));

#endif
