/* Inside the simulated world.
 *
 *     sim.c scheduler     queue.c events      instance.c lives, turns, effects     network.c hosts, datagrams
 *     stream.c streams    engine.c asks       bus.c bus and watches                fault.c the plan
 *     trace.c hash, ring                                                                                    */
#ifndef TANDEM_WORLD_SIM_INT_H
#define TANDEM_WORLD_SIM_INT_H

#include "base/map.h"
#include "base/pool.h"
#include "world/peer.h"
#include "world/sim/sim.h"
#include "world/world_int.h"

enum event_kind {
    EVENT_INPUT,    /* `input` of an instance */
    EVENT_DATAGRAM, /* looks for the socket on arrival */
    EVENT_PIECE,    /* of a stream, toward `side` */
    EVENT_END,      /* the stream ends: FIN or RST, toward `side` */
    EVENT_RETRY,    /* the stream tries again to get its pieces through toward `side` */
    EVENT_CONNECT,  /* an opening stream reaches its listener */
    EVENT_EXECUTE,  /* a request reaches its engine */
    EVENT_APPEND,   /* bytes reach the spool */
    EVENT_SYNC,     /* the spool of a host reaches its disk */
    EVENT_DISK,     /* the disk of a host has room again */
    EVENT_WATCH,    /* a change of the registry reaches a watcher */
    EVENT_WATCH_RETRY,
    EVENT_EXPIRE,   /* leases of the registry */
    EVENT_RESUME,   /* a paused instance goes on */
    EVENT_START,    /* a dead instance starts */
    EVENT_PLAN,     /* the next fault */
    EVENT_HEAL,     /* a partition ends: sites `from` and `to` */
};

struct event {
    struct list link; /* while it is held back by a stream or an instance */
    enum event_kind kind;
    uint8_t side, size_class;
    uint16_t from, to; /* hosts, or sites */
    uint32_t name_length, length;
    struct sim_instance *instance;
    uint64_t incarnation;
    struct stream *stream;
    struct input input; /* its slices are set on delivery */
    struct address to_address;
    int64_t deadline;
    char bytes[]; /* name, then bytes */
};

struct slot {
    int64_t at;
    uint64_t sequence;
    struct event *event;
};

#define SIZE_CLASSES 4

struct queue {
    struct slot *slots; /* a heap, four children each */
    size_t count, capacity;
    uint64_t sequence;
    struct event *spare[SIZE_CLASSES];
    size_t live; /* events that exist: in the heap or held back */
};

enum flow_kind { FLOW_SOCKET, FLOW_LISTENER, FLOW_STREAM };

struct flow {
    enum flow_kind kind;
    uint8_t side;
    bool paused;
    struct sim_instance *instance;
    uint64_t number, token;
    struct endpoint endpoint; /* sockets and listeners: bound to; streams: the other side */
    struct address peer;      /* of a socket that was opened to one */
    struct stream *stream;
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
    int64_t skew; /* µs added to the virtual time */
    struct files *files; /* its disk, with the spool on it; NULL until it is used */
    struct spool *spool;
    bool syncing; /* EVENT_SYNC is on its way */
};

struct sim_instance {
    struct sim *sim;
    struct world world;
    const struct role *role;
    void *self, *given;
    char *name, *pair, *location, *group; /* NUL-terminated copies */
    uint64_t name_hash;
    unsigned host, index;
    bool alive;
    uint64_t incarnation;
    int64_t paused_until; /* 0: it runs */
    struct list held;     /* what came during the pause */
    size_t held_datagrams;
    struct chance chance;
    struct map flows; /* by number */
    struct peer_table peers;
    size_t appending;      /* records that its disk has not taken yet */
    struct list unseen;    /* changes of the registry that cannot reach it now */
    bool watch_retrying;
    int64_t last_watch;    /* when the latest of them arrives: nothing overtakes */
    int64_t busy_until;    /* a fault has struck it; the rest of its group is spared until then */
};

struct engines {
    struct registry *registry;
    struct bus *bus;
    struct store *store;
    int64_t expiry; /* when EVENT_EXPIRE comes; 0: none is due */
    struct map lanes; /* publisher and subscriber -> struct lane */
    struct buffer answer;
    struct arena arena;
};

struct turn_ring {
    char *half[2];
    size_t used[2];
    int current;
};

struct sim {
    struct sim_params params;
    int64_t now, plan_until;
    uint64_t dropped; /* datagrams that could not pass a cut */
    uint64_t steps, hash;
    struct queue queue;
    struct wheel **wheels; /* the first is of all hosts without skew */
    int64_t *wheel_skews;
    size_t wheel_count;
    struct host *hosts;
    size_t host_count;
    struct map sockets, listeners; /* by address; struct flow */
    struct map places;             /* listeners by name: `local:` */
    struct list streams;
    struct pool stream_pool, flow_pool;
    bool cut[SIM_SITES][SIM_SITES];
    int64_t stalled_until[SIM_SITES][SIM_SITES];
    int64_t last_datagram[SIM_SITES][SIM_SITES];
    struct sim_instance **instances;
    size_t instance_count;
    struct chance network, faults;
    int64_t weather[SIM_FAULTS]; /* until when */
    int64_t weather_until;       /* the latest of them */
    uint64_t fault_counts[SIM_FAULTS];
    struct engines engines;
    struct turn_ring ring;
    FILE *trace;
};

/* ---- queue.c ---- */
struct event *sim__event(struct sim *s, enum event_kind kind, size_t bytes);
void sim__event_free(struct sim *s, struct event *e);
void sim__push(struct sim *s, struct event *e, int64_t at);
struct event *sim__pop(struct sim *s);
void sim__queue_free(struct sim *s);

/* ---- instance.c ---- */
struct event *sim__input_event(struct sim_instance *i, const struct input *input); /* copies the slices */
void sim__give(struct sim_instance *i, const struct input *input);                 /* one turn */
/* Takes the event over: gives it, holds it back while the instance is paused, or drops it. */
void sim__deliver(struct sim *s, struct event *e);
void sim__begin(struct sim_instance *i);
void sim__end(struct sim_instance *i, bool silently);
void sim__resume(struct sim *s, struct sim_instance *i);

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

/* ---- engine.c ---- */
int sim__engines_open(struct sim *s);
void sim__engines_close(struct sim *s);
void sim__ask(struct sim_instance *i, const struct effect *e);
void sim__append(struct sim_instance *i, const struct effect *e);
void sim__engine_event(struct sim *s, struct event *e); /* EXECUTE, APPEND, SYNC, DISK, EXPIRE */
void sim__crash_disk(struct sim *s, unsigned host);
void sim__fill_disk(struct sim *s, unsigned host, int64_t until);

/* ---- bus.c ---- */
void sim__publish(struct sim_instance *i, const struct effect *e);
void sim__subscribe(struct sim_instance *i, const struct effect *e);
void sim__watch(struct sim_instance *i, const struct effect *e);
void sim__watch_news(struct sim *s);
void sim__watch_event(struct sim *s, struct event *e); /* WATCH, WATCH_RETRY */
void sim__bus_leave(struct sim_instance *i);
void sim__bus_free(struct sim *s);

/* ---- fault.c ---- */
void sim__plan_event(struct sim *s, struct event *e); /* PLAN, HEAL */

/* ---- trace.c ---- */
void sim__trace_turn(struct sim_instance *i, const struct input *input, struct slice effects);
void sim__trace_effect(struct sim_instance *i, const struct effect *e);
void sim__trace_free(struct sim *s);

#endif
