/* Hosts, flows and streams of the simulated network. */
#ifndef TANDEM_WORLD_SIM_NETWORK_H
#define TANDEM_WORLD_SIM_NETWORK_H

#include "world/sim/queue.h"
#include "world/sim/sim.h"

enum flow_kind { FLOW_SOCKET, FLOW_LISTENER, FLOW_STREAM };

struct flow {
    enum flow_kind kind;
    uint8_t side;
    bool paused;
    struct sim_instance *instance;
    uint64_t number, token;
    struct endpoint endpoint; /* sockets and listeners: bound to; streams: the other side */
    struct stream *stream;
    size_t bound; /* bytes that may wait for the peer; 0: as many as for all */
};

struct end {
    struct sim_instance *instance; /* NULL: not accepted yet */
    struct flow *flow;             /* NULL: closed */
    unsigned host;
    struct list held; /* events that cannot be delivered yet, toward this end */
    size_t bytes;     /* toward this end, not delivered yet */
    int64_t last_due; /* of what was sent toward this end: nothing overtakes */
    int64_t blocked_since;
    bool retrying; /* EVENT_RETRY is on its way */
    bool lost;     /* what is under way toward this end does not arrive */
    bool ending;   /* a reset is on its way to it */
};

struct stream {
    struct list link;
    struct sim *sim;
    unsigned references; /* events and flows */
    bool local;
    struct end ends[2]; /* 0 opened it */
};

struct host {
    uint32_t ip;
    unsigned site;
    bool dead;
    uint16_t next_port;
    struct wheel *wheel;
    int64_t skew;        /* µs added to the virtual time */
    struct files *files; /* its disk, with the spool on it; NULL until it is used */
    struct spool *spool;
    bool syncing; /* EVENT_SYNC is on its way */
};

/* ---- network.c ---- */
bool sim__blocked(const struct sim *s, unsigned from, unsigned to); /* hosts; dead ones too */
int64_t sim__latency(struct sim *s, unsigned from, unsigned to);
bool sim__weather(struct sim *s, enum sim_fault fault, uint32_t per_million); /* it happens now, counted */
struct flow *sim__flow(struct sim_instance *i, uint64_t number);
int64_t sim__stalled_until(const struct sim *s, unsigned from, unsigned to);
void sim__broken(struct flow *f, int error); /* queues INPUT_CLOSED; then the flow is gone */
void sim__flow_free(struct flow *f);
void sim__listen(struct sim_instance *i, const struct effect *e);
void sim__open(struct sim_instance *i, const struct effect *e);
void sim__close(struct flow *f, bool silently);
void sim__send(struct sim_instance *i, uint64_t flow, const struct address *to, struct slice bytes);
void sim__datagram(struct sim *s, struct event *e);
uint64_t sim__address_key(const struct address *a);

/* ---- stream.c ---- */
void sim__stream_open(struct flow *f);
void sim__stream_send(struct flow *f, struct slice bytes);
void sim__stream_close(struct flow *f, bool silently);
void sim__stream_pause(struct flow *f, bool pause);
void sim__stream_event(struct sim *s, struct event *e); /* PIECE, END, RETRY, CONNECT */
void sim__stream_release(struct sim *s, struct stream *stream);
/* A piece or the end is being delivered: true when it is an input. */
bool sim__stream_arrived(struct event *e);

#endif
