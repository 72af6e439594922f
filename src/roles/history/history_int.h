/* Inside the history: one stream for each node. */
#ifndef TANDEM_ROLES_HISTORY_HISTORY_INT_H
#define TANDEM_ROLES_HISTORY_HISTORY_INT_H

#include "base/arena.h"
#include "base/map.h"
#include "roles/history/history.h"
#include "wire/engine.pb-c.h"
#include "wire/event.pb-c.h"
#include "world/world.h"

#define HISTORY_BATCH 2048                      /* events of one transaction */
#define HISTORY_BATCH_BYTES ((size_t)512 << 10) /* bytes of its statements */
#define HISTORY_PATIENCE 30                     /* then what a node does not have any more is given up */
#define HISTORY_STREAMS 4096
#define HISTORY_NODE 64 /* bytes of a node's name */

enum history_object { HISTORY_OBJECT_POSITIONS = 1, HISTORY_OBJECT_STREAM };

enum stream_state {
    STREAM_ST_READY,
    STREAM_ST_STORING,
    STREAM_ST_WAITING,
    STREAM_ST_LEARNING,
    STREAM_ST_PAUSING,
    STREAM_STATES
};
enum stream_event {
    STREAM_EV_EVENT,    /* a CallEvent came; input: it */
    STREAM_EV_STORED,   /* the batch is in the store */
    STREAM_EV_REFUSED,  /* surely nothing was done */
    STREAM_EV_DOUBTFUL, /* it may have been done, or somebody else moved the position */
    STREAM_EV_LEARNED,  /* the position as it is in the store; input: uint64_t */
    STREAM_EV_RETRY,
    STREAM_EV_OVERDUE, /* what is missing did not come in time */
    STREAM_EVENTS
};

/* Numbers: stored <= sending <= collected < missed. What lies between is on its way. */
struct stream {
    struct history *history;
    uint64_t index;
    uint8_t state;
    uint64_t stored;    /* position in the store */
    uint64_t sending;   /* ... once the request under way is done; == stored: there is none */
    uint64_t collected; /* last number of the batch that grows meanwhile */
    uint64_t missed;    /* highest number that came out of order or found no room; 0: none */
    uint64_t lowest;    /* ... and the lowest such number since the last progress; 0: none */
    unsigned late;      /* such events since the node was last asked */
    unsigned patience;  /* how often it was asked without the missing ones coming */
    uint64_t token;     /* of the question under way */
    int64_t told_at;    /* when the node was last told something */
    unsigned sending_count, collected_count; /* events of request and batch: numbers may jump */
    struct buffer request;                   /* under way, or to be repeated */
    struct buffer batch;                     /* statements of sending + 1 .. collected */
    struct world_timer timer;                /* of the state */
    struct world_timer resend;               /* runs while something is missing */
    char node[HISTORY_NODE + 1];
};

struct history {
    struct world *world;
    struct map streams; /* by node */
    struct map by_index;
    uint64_t last_index;
    struct world_timer positions; /* asks again for all positions */
    bool positions_known;
    struct arena arena; /* of one turn */
    struct buffer scratch;
};

/* ---- stream.c ---- */
/* READY at 0, until history__stream_learned says better, or in doubt after history__stream_ask. */
struct stream *history__stream_make(struct history *h, struct slice node);
void history__stream_ask(struct stream *s);
void history__stream_free(struct stream *s);
void history__stream_event(struct stream *s, const Tandem__CallEvent *event);
void history__stream_answer(struct stream *s, const struct input *input);
void history__stream_timer(struct stream *s, uint32_t timer);
void history__stream_learned(struct stream *s, uint64_t position);

/* ---- fold.c ---- */
/* Adds what the event does to the rows, as statements of a StoreRequest. */
void history__fold(struct buffer *request, const Tandem__CallEvent *event);
void history__ask_position(struct buffer *request, const char *node); /* empty: of all nodes */
void history__move_position(struct buffer *request, const char *node, uint64_t number, uint64_t expected);

#endif
