/* What a NATS server says of itself before anybody has logged in. */
#ifndef TANDEM_WORLD_REAL_NATS_GREETING_H
#define TANDEM_WORLD_REAL_NATS_GREETING_H

#include "base/slice.h"

#define GREETING_WHY 160

struct greeting {
    char server[64], version[24], cluster[64];
    bool tls; /* and nothing else */
};
/* False: that is no greeting of a NATS server. */
bool carrier__greeting_parse(struct greeting *out, struct slice line);
/* Connects, reads and closes again. False: `why` says what is wrong. */
bool carrier__greeting_read(struct greeting *out, const char *address, char why[GREETING_WHY]);

#endif
