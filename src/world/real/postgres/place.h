/* Where servers are, and what they say against us. */
#ifndef TANDEM_WORLD_REAL_POSTGRES_PLACE_H
#define TANDEM_WORLD_REAL_POSTGRES_PLACE_H

#include "base/slice.h"

/* Where a server may be: of an address "HOST[:PORT]", with or without "postgresql://" before it, or a folder
 * of local sockets "/FOLDER[:PORT]". */
struct postgres_place {
    char host[256], port[8];
    bool local;
};
int postgres__place(struct postgres_place *place, struct slice address) __attribute__((warn_unused_result));

/* The code of a state, as PostgreSQL gives it with an error. */
int postgres__error(const char *state);
/* The same for a connection that was refused; what the message says counts where there is no state. */
int postgres__refusal(const char *message);

#endif
