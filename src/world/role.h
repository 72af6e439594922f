/* A role: a deterministic state machine with one entry. It does no I/O, reads no clock, draws no random
 * number and starts no thread; it asks its world. What it needs to be continued elsewhere is in its records.
 */
#ifndef TANDEM_WORLD_ROLE_H
#define TANDEM_WORLD_ROLE_H

#include "base/buffer.h"
#include "world/input.h"

struct world;

/* What an instance is told about itself; the rest is in the configuration. */
struct role_setup {
    struct slice name; /* of the application object, unique in the cluster: "node-1a" */
    struct slice pair; /* of the pair it belongs to, or empty: "node-1" */
    struct slice location;
    uint64_t incarnation; /* grows with each start of this instance; in a pair: the view */
    bool resumed;         /* in a pair: records follow, then resume() */
    void *main;           /* only for roles of a main itself; NULL for all others */
};

/* A record is the full state of one object, without pointers, with absolute times; save(load(x)) = x byte for
 * byte. */
struct record_id {
    uint8_t kind; /* of the role's own table; never 0 */
    uint64_t id;
};

struct role {
    const char *name;
    int (*open)(void **self, struct world *world, const struct role_setup *setup)
        __attribute__((warn_unused_result));
    void (*close)(void *self); /* frees everything; whatever it asks of the world is ignored */
    void (*input)(void *self, const struct input *input);

    /* Only for roles in pairs; NULL otherwise. */
    /* Adds the record's bytes; ERROR_MISSING: the object is gone, which is a record as well. */
    int (*save)(void *self, struct record_id record, struct buffer *out) __attribute__((warn_unused_result));
    /* Takes a record over, without any effect. Records come in no particular order. */
    int (*load)(void *self, struct record_id record, struct slice bytes) __attribute__((warn_unused_result));
    /* After the last load: check references, arm timers, send again, ask again. */
    void (*resume)(void *self);

    /* What belongs to this process and not to the state: connections. Taken out of one object and put into
     * another, so that a test can replace the object under the nose of its peers; may be NULL. */
    void *(*detach)(void *self);
    void (*attach)(void *self, void *local);

    /* Lists what it believes to be alive, one line an object, for the invariants of the simulated world; may
     * be NULL. */
    void (*audit)(void *self, struct buffer *out);
};

#endif
