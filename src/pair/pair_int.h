/* Inside of the pair room. */
#ifndef TANDEM_PAIR_PAIR_INT_H
#define TANDEM_PAIR_PAIR_INT_H

#include "config/part.h"
#include "pair/batch.h"
#include "pair/pair.h"
#include "pair/pair_fsm.h"
#include "wire/frame.h"

enum { PAIR_FRAME_HELLO = 1, PAIR_FRAME_BATCH, PAIR_FRAME_RECEIPT, PAIR_FRAME_BEAT, PAIR_FRAME_PART };

#define PAIR_OBJECT OBJECT(0xff, 0)       /* whose timers and answers are the pair's own */
#define PAIR_TOKEN ((uint64_t)1 << 63)    /* likewise of flows, watches */
#define PAIR_HELD_BYTES ((size_t)4 << 20) /* past this much without a receipt no new work is read */
#define PAIR_WALK_RECORDS 256             /* of one step of the walk */
#define PAIR_WALK_AHEAD 4U                /* batches without a receipt: the walk waits */
#define PAIR_BATCH_LIMIT                                                                                     \
    ((size_t)512 << 10) /* bytes of records that close a step of the walk, or of one frame */
#define PAIR_BATCH_MOST                                                                                      \
    ((size_t)3 << 20) /* bytes of one batch, in as many frames as it takes: less than a flow takes */
#define PAIR_NAME 64

enum pair_lease_question { PAIR_LEASE_GRANT, PAIR_LEASE_MEMBER, PAIR_LEASE_RENEW };

struct pair_fact {
    uint64_t view;
    char primary[PAIR_NAME]; /* "": there is no record */
    bool alone;
};

struct pair {
    struct world *world;
    const struct role *role;
    char name[PAIR_NAME], pair[PAIR_NAME], other[PAIR_NAME],
        location[PAIR_NAME]; /* other: "" when configured alone */
    uint64_t incarnation;
    uint8_t state;
    bool closing;

    /* record.c: the registry */
    struct pair_fact record, wanted;
    uint64_t revision;                /* of the record as last seen */
    uint64_t asked;                   /* token of the question about the record that is open; 0: none */
    bool asked_set;                   /* it is a compare-and-set */
    bool other_gone;                  /* its lease has ended */
    int64_t gone_since, record_since; /* when that was heard first, and the record as it is */
    uint64_t tokens;
    uint64_t lease, lease_asked; /* its number; the token of the question about it */
    enum pair_lease_question lease_question;
    bool lease_held;                 /* the member's key hangs on it */
    int64_t lease_sent, lease_until; /* own deadline, from the sending of the last good renewal */

    /* link.c */
    uint64_t listener, flow;
    struct part_peer peer, candidate_peer; /* who is at the other end */
    bool linked;                           /* hello came */
    bool shipping;                         /* primary: a walk was begun on this link, batches follow it */
    uint64_t other_view;                   /* whose state the other member has; 0: none */
    bool other_primary;
    int64_t state_seen; /* when the other last showed that it has the state of this view */
    uint64_t state_seen_view;
    int64_t heard, opened;
    struct frame_reader in, candidate_in;
    uint64_t candidate;  /* a flow that may become the link, once its hello has come */
    struct buffer parts; /* of the batch under way */
    struct world_timer tick;

    /* batch.c: primary */
    struct list held;
    size_t held_bytes;
    uint64_t sent, received, released; /* batch numbers */
    bool paused;

    /* walk.c: primary */
    struct list known_list;
    struct map known;
    struct list *walk; /* the next record of the walk; NULL: no walk */
    bool walk_waits;   /* for receipts */
    uint64_t walk_end; /* the batch whose receipt ends it */

    /* shadow.c: backup */
    struct map shadow;
    struct list promises; /* struct pair_held: not known to have left the primary */
    uint64_t shadow_view;

    /* inner.c */
    struct world inner_world;
    void *inner;   /* NULL: not primary */
    uint64_t view; /* as primary */
    struct map inner_flows;
};

/* pair.c */
void pair__event(struct pair *p, uint8_t event);
bool pair__is_primary(const struct pair *p);

/* record.c */
void pair__registry_open(struct pair *p);
void pair__registry_answer(struct pair *p, const struct input *in);
void pair__registry_watch(struct pair *p, const struct input *in);
void pair__registry_tick(struct pair *p);
void pair__read(struct pair *p);
void pair__set(struct pair *p, uint64_t view, const char *primary, bool alone);

/* link.c */
void pair__link_open(struct pair *p);
bool pair__link_input(struct pair *p, const struct input *in); /* false: not about the link */
void pair__link_config(struct pair *p, bool changed); /* another copy; the other member is somebody else */
void pair__link_close(struct pair *p);
void pair__link_tick(struct pair *p);
void pair__link_drop(struct pair *p);
void pair__link_send(struct pair *p, uint8_t kind, struct slice payload);
void pair__link_hello(struct pair *p);

/* inner.c */
int pair__inner_open(struct pair *p, bool with_state) __attribute__((warn_unused_result));
void pair__inner_close(struct pair *p);
void pair__inner_input(struct pair *p, const struct input *in);

#endif
