/* The embedded registry: decides. Keys with values, changed by compare-and-set; leases that end keys;
 * watches.
 *
 *     registry_ask ───> keys, leases ───> journal (files)
 *                            └──────────> changes for the watchers: registry_next_change
 *
 * Revisions and leases grow for ever, also over restarts and power failures: each opening starts at a number
 * beyond all that the one before can have given out. A kept lease starts again at full length when the
 * registry is opened. No clock of its own: `now` is µs and never falls below 0; the caller expires leases in
 * time. */
#ifndef TANDEM_ENGINE_REGISTRY_H
#define TANDEM_ENGINE_REGISTRY_H

#include "engine/files.h"
#include "world/input.h"

#define REGISTRY_KEY 512           /* bytes */
#define REGISTRY_VALUE (64U << 10) /* bytes */
#define REGISTRY_KEYS 65536
#define REGISTRY_LEASES 16384
#define REGISTRY_LEASE_LONGEST 86400000 /* ms */

struct registry;

/* Without files nothing is kept. The files must outlive the registry. */
int registry_open(struct registry **r, struct files *files, int64_t now) __attribute__((warn_unused_result));
void registry_close(struct registry *r);

/* A RegistryRequest; adds a RegistryAnswer to `bytes`, also when the answer is no because of a conflict. */
enum answer registry_ask(
    struct buffer *bytes, int *error, struct registry *r, struct slice request, int64_t now);

/* Ends the leases whose time has come, and their keys. */
void registry_expire(struct registry *r, int64_t now);
int64_t registry_next_expiry(const struct registry *r); /* WHEEL_NEVER: no lease */

/* Puts what has been journalled on the disk; in groups, as the caller likes. */
int registry_sync(struct registry *r) __attribute__((warn_unused_result));

/* First come the keys that are there, in order of their keys, then each change in order. The watcher is known
 * by its address, which is never looked into. The same watcher and token again: begins anew. */
void registry_watch(struct registry *r, void *watcher, uint64_t token, struct slice prefix);
void registry_unwatch(struct registry *r, void *watcher); /* all its watches, and what waits for it */

struct registry_change {
    void *watcher;
    uint64_t token, revision;
    struct slice key, value; /* valid until the next call */
    bool gone;
};
/* The next change to be handed out; false when there is none. */
bool registry_next_change(struct registry *r, struct registry_change *change);

#endif
