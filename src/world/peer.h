/* Named peers of one instance: which flow leads to a name now, and what waits for a flow to come. Both worlds
 * carry EFFECT_NAME and EFFECT_TELL out with this. */
#ifndef TANDEM_WORLD_PEER_H
#define TANDEM_WORLD_PEER_H

#include "base/buffer.h"
#include "base/map.h"

#define PEER_HELD_BYTES ((size_t)256 << 10) /* per name */
#define PEER_HELD_TIME 32000000             /* µs: as long as a SIP transaction may wait */
#define PEER_NAMES 4096                     /* names that something waits for */

struct peer_table {
    struct map by_name, by_flow;
};

void peer_free(struct peer_table *t);

/* The flow has this name from now on. *old is the flow that had it before (close it), or 0. What waited is
 * added to `held`, to be sent first. */
void peer_name(
    struct peer_table *t, struct slice name, uint64_t flow, int64_t now, uint64_t *old, struct buffer *held);

/* The flow is gone; its name stays for what will be told. */
void peer_gone(struct peer_table *t, uint64_t flow);

/* The flow to send on, or 0: then the bytes wait. *dropped counts the messages that gave way to bounds. */
uint64_t peer_tell(
    struct peer_table *t, struct slice name, struct slice bytes, int64_t now, unsigned *dropped);

#endif
