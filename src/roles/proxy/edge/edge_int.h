/* Inside of the transports. */
#ifndef TANDEM_ROLES_PROXY_EDGE_EDGE_INT_H
#define TANDEM_ROLES_PROXY_EDGE_EDGE_INT_H

#include "http/websocket.h"
#include "roles/proxy/edge/edge.h"
#include "roles/proxy/guard/guard.h"
#include "roles/proxy/proxy_int.h"

#define EDGE_BRANCHES 8

enum edge_stage {
    EDGE_STREAM,    /* messages one after the other */
    EDGE_HANDSHAKE, /* HTTP, on its way to WebSocket */
    EDGE_FRAMES,    /* a message in each frame */
};

/* A stream. One at rest holds this struct alone (and that of its WebSocket). */
struct edge_flow {
    uint64_t flow;
    struct list idle, half;
    int64_t heard, half_since; /* µs */
    int64_t asked;             /* when a request went out on it for the last time; 0: never */
    struct address peer;
    uint8_t transport, stage;
    bool accepted;                        /* the peer has opened it */
    const struct edge_listener *listener; /* what we are there */
    struct buffer in;                     /* EDGE_STREAM: what came of a message */
    union {
        struct http_connection *http;
        struct websocket *websocket;
    };
    char *name;           /* of the peer, verified; NULL: none */
    struct edge_way *way; /* requests to an address go here; NULL: it serves its own phone only */
};

/* An address that requests go to over a stream. Lives as long as the flow, and for a while after it was
 * refused. */
struct edge_way {
    struct list silent;
    struct edge_flow *flow; /* NULL: it could not be opened */
    bool up;
    bool big;                         /* opened because a request is too large for a datagram */
    int64_t again_at;                 /* refused: not before */
    uint64_t branches[EDGE_BRANCHES]; /* big: what went out on it, hashes; the newest last */
    struct buffer last;               /* big, not up yet: goes out by datagram if it does not come up */
    struct sip_target datagram;
    size_t key_length;
    char key[];
};

struct edge_kind {
    const char *name;      /* in Via */
    const char *below;     /* the world's transport */
    const char *parameter; /* of URIs */
    bool secure, frames;
};
extern const struct edge_kind edge__kinds[TRANSPORT_COUNT];

/* listen.c */
const struct edge_listener *edge__listener(struct proxy *p, uint64_t flow);
const struct edge_listener *edge__listener_for(struct proxy *p, enum transport t, uint8_t family);
/* The same, but one that only stands in Via where we do not listen. */
const struct edge_listener *edge__outside(struct proxy *p, enum transport t, uint8_t family);

/* flow.c */
struct edge_flow *edge__flow(struct proxy *p, uint64_t flow);
struct edge_flow *edge__flow_new(
    struct proxy *p, uint64_t flow, const struct edge_listener *l, const struct address *peer);
void edge__flow_named(struct edge_flow *f, struct slice name);
void edge__half(
    struct proxy *p, struct edge_flow *f, bool half); /* a message has begun, and is not complete */
void edge__end(struct proxy *p, struct edge_flow *f, enum counter why); /* closes it */
void edge__drop(struct proxy *p, struct edge_flow *f);                  /* it is closed */
bool edge__full(const struct proxy *p);
void edge__sweep(struct proxy *p);
void edge__free(struct edge_flow *f);

/* message.c: one whole message, as it came */
void edge__message(struct proxy *p, const struct sip_target *from, const struct address *peer,
    enum transport transport, struct slice text);
/* Where the answer to a request that came by datagram goes (RFC 3261 18.2.2, RFC 3581 4): with rport, and to
 * who is not where its Via says (behind NAT), to where it came from; else to the port of the Via. maddr is
 * followed where `trusted` only: nobody shall have us send to others. */
struct address edge__reply_address(const struct sip_message *m, const struct address *peer, bool trusted);
void edge__datagram(struct proxy *p, const struct input *in);

/* stream.c, websocket.c: bytes that came; the flow may be gone afterwards */
void edge__stream(struct proxy *p, struct edge_flow *f, struct slice bytes);
void edge__handshake(struct proxy *p, struct edge_flow *f, struct slice bytes);
void edge__frames(struct proxy *p, struct edge_flow *f, struct slice bytes);
void edge__frames_send(struct proxy *p, struct edge_flow *f, struct slice message);

/* way.c */
bool edge__send_big(
    struct proxy *p, const struct sip_target *to, struct slice message); /* it went by stream */
/* RFC 5923: who has shown a certificate says where requests to it shall be taken to be. */
void edge__way_offered(struct proxy *p, struct edge_flow *f, const struct sip_message *m);
void edge__way_up(struct edge_way *w);
void edge__way_lost(struct proxy *p, struct edge_way *w); /* its flow is gone */
void edge__ways_sweep(struct proxy *p);
void edge__ways_close(struct proxy *p);

#endif
