/* Inside the registry: its state, what is journalled, who watches. */
#ifndef TANDEM_ENGINE_REGISTRY_INT_H
#define TANDEM_ENGINE_REGISTRY_INT_H

#include "base/arena.h"
#include "base/list.h"
#include "base/map.h"
#include "engine/journal.h"
#include "engine/registry.h"

#define REGISTRY_BYTES ((size_t)64 << 20) /* keys and values together */
/* Each opening begins at a multiple of this beyond everything seen: nothing that was given out before a power
 * failure, and whose entry the failure swallowed, is given out again. Decimal, for the eyes of people. */
#define REGISTRY_STRIDE 1000000000U

struct lease {
    uint64_t id;
    int64_t length, expires_at; /* µs */
    struct list keys;
};

struct key {
    uint64_t revision;
    struct lease *lease;      /* or NULL */
    struct list of_lease;     /* linked: the lease has it */
    struct slice name, value; /* behind the struct; name first */
};

struct watch {
    struct list link;
    void *watcher;
    uint64_t token;
    size_t prefix_length;
    char prefix[];
};

struct change {
    struct list link;
    struct registry_change change; /* slices lie behind */
};

struct registry {
    struct key **keys; /* sorted by name */
    size_t key_count, key_capacity;
    size_t bytes;
    struct map leases; /* by id */
    uint64_t revision, last_lease;
    int64_t next_expiry; /* not later than the first lease ends */
    struct list watches, changes;
    struct change *handed;   /* what the last registry_next_change gave */
    struct journal *journal; /* or NULL: nothing is kept */
    uint64_t rewritten_at;   /* size of the journal when it was last written anew */
    bool loading;            /* entries are told: nothing is journalled, nobody watches */
    struct arena arena;      /* of one request */
    struct buffer scratch;
};

/* ---- registry_state.c: keys and leases; these do not journal ---- */
size_t registry__find(
    const struct registry *r, struct slice name, bool *found); /* its place, or where it belongs */
/* Sets or (value.data NULL) deletes, with this revision; tells the watchers. */
void registry__put(
    struct registry *r, struct slice name, struct slice value, struct lease *lease, uint64_t revision);
void registry__delete(struct registry *r, struct slice name, uint64_t revision);
struct lease *registry__lease_add(struct registry *r, uint64_t id, int64_t length, int64_t now);
/* Ends it; its keys go, each with a revision of its own. */
void registry__lease_end(struct registry *r, struct lease *lease);
void registry__state_free(struct registry *r);

/* ---- registry_journal.c ---- */
int registry__journal_open(struct registry *r, struct files *files, int64_t now)
    __attribute__((warn_unused_result));
int registry__keep_put(struct registry *r, struct slice name, struct slice value, uint64_t lease,
    uint64_t revision) __attribute__((warn_unused_result));
int registry__keep_delete(struct registry *r, struct slice name, uint64_t revision)
    __attribute__((warn_unused_result));
int registry__keep_lease(struct registry *r, uint64_t id, int64_t length) __attribute__((warn_unused_result));
int registry__keep_end(struct registry *r, uint64_t id) __attribute__((warn_unused_result));
void registry__tidy(struct registry *r); /* writes the journal anew when that is worth it */

/* ---- registry_watch.c ---- */
void registry__tell(struct registry *r, const struct key *key, bool gone, uint64_t revision);
void registry__watch_free(struct registry *r);

#endif
