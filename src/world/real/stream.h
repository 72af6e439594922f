/* Streams over TCP, plain or TLS, and the listeners that they come from. */
#ifndef TANDEM_WORLD_REAL_STREAM_H
#define TANDEM_WORLD_REAL_STREAM_H

#include "world/real/real_int.h"

/* What a listener and its connections share; it lives as long as one of them does. */
struct tally {
    unsigned flows;
    bool listens;
};

/* Takes a connection of the listener `from` (which may be gone afterwards) over. */
void real__stream_accepted(struct real_flow *from, struct tally *tally, const struct endpoint *at, int fd);

void real__stream_options(int fd);
void real__tally_leave(struct tally *t);
void real__listener_go_on(struct list *held);

#endif
