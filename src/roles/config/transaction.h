/* One transaction on its way from a request to the store: what it changes, how far it is.
 *
 *     cut (body) ──> items ──> check each ──> check together ──> [hash passwords] ──> stage ──> apply
 *     undo: the store's history ──> items ─────^
 *
 * Everything is done some items a turn. */
#ifndef TANDEM_ROLES_CONFIG_TRANSACTION_H
#define TANDEM_ROLES_CONFIG_TRANSACTION_H

#include "base/arena.h"
#include "roles/config/cut.h"
#include "roles/config/request.h"
#include "roles/config/uses.h"
#include "world/world.h"

#define TRANSACTION_ITEMS 200000                  /* objects of one transaction */
#define TRANSACTION_TURN 128                      /* objects looked at in a turn */
#define TRANSACTION_BYTES ((size_t)64 << 10)      /* of a body looked at in a turn */
#define TRANSACTION_STAGE 500                     /* objects staged by one request to the store */
#define TRANSACTION_STAGE_BYTES ((size_t)1 << 20) /* ... and bytes */
#define TRANSACTION_SHOWN ((size_t)384 << 10)     /* bytes of an answer's changes; the rest is counted */
#define TRANSACTION_COMMENT 500                   /* bytes */
#define TRANSACTION_TRIES 5                       /* times it is made again because others were faster */
#define TRANSACTION_ID 17                         /* of its name, with the NUL */

enum transaction_action { ACTION_CREATE, ACTION_CHANGE, ACTION_DELETE, ACTION_SAME };

struct item {
    const struct kind *kind;
    struct slice name;
    struct slice given;  /* JSON of the object, as it came; empty: it is to be deleted */
    struct slice before; /* as it is kept now; empty: it does not exist */
    struct slice after;  /* as it will be kept; empty: it will not exist */
    uint64_t expected;   /* version that is replaced; 0: there is none */
    uint64_t version;    /* that the requester has seen */
    bool has_version;
    bool verbatim; /* `given` is of our own history: kept as it was */
    bool hashed;
    uint8_t action;
    size_t place; /* in the request, for complaints */
};

enum transaction_phase {
    PHASE_CUT,
    PHASE_FETCH,
    PHASE_CHECK,
    PHASE_REPLACE,
    PHASE_TOGETHER,
    PHASE_STAGE,
    PHASE_APPLY
};

struct transaction {
    struct list link;
    struct arena arena; /* what all slices point to */
    struct request request;
    char id[TRANSACTION_ID];    /* by which the store and the requester know it */
    char stage[TRANSACTION_ID]; /* under which it gathers in the store */
    uint8_t phase;
    struct cut cut;
    unsigned fields; /* of the body that were there, as bits */
    struct slice comment;
    uint64_t undoes;    /* the number that it undoes; 0: none */
    struct slice after; /* cursor of what is fetched: "kind name" */
    struct item *items;
    size_t count, capacity;
    struct map by_name;  /* "kind name" -> struct item, ended by the first check */
    size_t at;           /* item that is looked at next */
    size_t replacing;    /* the kind whose other objects go */
    struct uses changed; /* differences to who refers to whom */
    unsigned tries;
    size_t staged, writes; /* objects that change something */
    uint64_t number;       /* that it takes */
    uint64_t serial;       /* of its timer */
    bool doubted;          /* it may still be made by what is under way */
    bool told;             /* the requester has been told that it takes longer */
    int64_t began;
    struct world_timer timer;
};

#endif
