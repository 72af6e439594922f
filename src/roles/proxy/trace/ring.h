/* The newest messages in memory of a fixed size; the oldest give way. One copy and no allocation each.
 *
 *     ┌─────────┬─────────┬─────────┬─────┬─────────┬─────────┬────────┐
 *     │ entry 7 │ entry 8 │ entry 9 │     │ entry 5 │ entry 6 │ unused │
 *     └─────────┴─────────┴─────────┴─────┴─────────┴─────────┴────────┘
 *                                  head    tail               end      size */
#ifndef TANDEM_ROLES_PROXY_TRACE_RING_H
#define TANDEM_ROLES_PROXY_TRACE_RING_H

#include "world/address.h"

#define RING_KEPT 16384U /* bytes of one message that are kept at most */

/* As it lies in the ring; the name and the message's bytes stand behind it. */
struct ring_entry {
    uint64_t number;            /* of the proxy's messages */
    int64_t at;                 /* µs since the epoch */
    struct address local, peer; /* family 0: not known, or inside */
    uint32_t size;              /* bytes with all that belongs to it */
    uint32_t kept;              /* bytes of the message that are here */
    uint32_t length;            /* that it had */
    uint8_t transport;          /* enum transport; LOCAL: inside */
    bool received;
    uint8_t name; /* bytes of the peer's name; inside */
};

struct ring {
    char *bytes; /* NULL: nothing is kept */
    size_t size, head, tail, end;
    size_t count;
    bool wrapped; /* the oldest entries stand behind the newest ones */
};

void ring_open(struct ring *r, size_t size); /* 0: keeps nothing */
void ring_close(struct ring *r);
/* Keeps a message as `e` says; `size` and `kept` are filled in. */
void ring_put(struct ring *r, const struct ring_entry *e, struct slice name, struct slice message);
/* The entry behind `e`, in the order in which they came; NULL: the oldest one. NULL at the end. */
const struct ring_entry *ring_next(const struct ring *r, const struct ring_entry *e);
struct slice ring_name(const struct ring_entry *e);
struct slice ring_message(const struct ring_entry *e);

#endif
