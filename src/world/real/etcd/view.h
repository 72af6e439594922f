/* All keys of the cluster as last known, and what changes in them. A stream of events brings changes fast; a
 * look at everything, as of one revision, finds what a stream has swallowed. */
#ifndef TANDEM_WORLD_REAL_ETCD_VIEW_H
#define TANDEM_WORLD_REAL_ETCD_VIEW_H

#include "world/real/etcd/answer.h"

struct etcd_known; /* one key */

/* Zeroed memory is a view that knows nothing yet. */
struct etcd_view {
    struct etcd_known **known; /* sorted by key */
    size_t count, capacity;
    uint64_t revision; /* everything up to here is in it; 0: nothing was looked at */
    /* A key came, changed or went. The entry's slices are valid during the call only. */
    void (*change_h)(void *argument, const struct etcd_entry *e);
    void *argument;
};

void etcd__view_free(struct etcd_view *v);
/* An event: known ones (by their revision) are left out. Batches of equal revision are taken as a whole:
 * end each with etcd__view_reached. */
void etcd__view_event(struct etcd_view *v, const struct etcd_entry *e);
void etcd__view_reached(struct etcd_view *v, uint64_t revision);
/* A look: entries sorted by key. How many differences it found; older than the view: none. */
size_t etcd__view_look(
    struct etcd_view *v, const struct etcd_entry *entries, size_t count, uint64_t revision);
/* Tells what is there, to one that begins to watch. */
void etcd__view_tell(const struct etcd_view *v, struct slice prefix,
    void (*tell_h)(void *argument, const struct etcd_entry *e), void *argument);

#endif
