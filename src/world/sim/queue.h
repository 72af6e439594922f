/* Events of the simulated world and the queue that orders them by (time, sequence). */
#ifndef TANDEM_WORLD_SIM_QUEUE_H
#define TANDEM_WORLD_SIM_QUEUE_H

#include "base/list.h"
#include "world/input.h"

struct sim;
struct sim_instance;
struct stream;

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
    EVENT_EXPIRE, /* leases of the registry */
    EVENT_RESUME, /* a paused instance goes on */
    EVENT_START,  /* a dead instance starts */
    EVENT_PLAN,   /* the next fault */
    EVENT_HEAL,   /* a partition ends: sites `from` and `to` */
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

struct event *sim__event(struct sim *s, enum event_kind kind, size_t bytes);
void sim__event_free(struct sim *s, struct event *e);
void sim__push(struct sim *s, struct event *e, int64_t at);
struct event *sim__pop(struct sim *s);
void sim__queue_free(struct sim *s);

#endif
