/* The first start: a store without objects gets a small contact centre to begin with. */
#ifndef TANDEM_TOOLS_FIRST_START_H
#define TANDEM_TOOLS_FIRST_START_H

#include "config/start/option.h"

/* What it needs of its caller. */
struct first_start_means {
    void *argument;
    void (*random)(void *argument, void *bytes, size_t length);
    /* Carries a StoreRequest out and adds the StoreAnswer. */
    int (*store)(void *argument, struct slice request, struct buffer *answer);
    /* Argon2id, encoded. */
    int (*hash)(void *argument, struct slice password, struct buffer *encoded);
    int64_t now;      /* µs since the epoch */
    struct slice key; /* that seals secrets (config/seal.h) */
};

/* Makes location home, applications proxy-1, node-1a (pair node-1), history-1, config-1, control-1 and
 * session-1, ten DNs 1001 to 1010 with random secrets, and the administrator admin with a random password,
 * all in one transaction. `message` gets the lines that are printed once; the password stands nowhere else.
 */
int first_start(struct buffer *message, const struct first_start_means *means, const struct options *options)
    __attribute__((warn_unused_result));

/* What was started by an earlier version gets what this one cannot do without and that one did not know: an
 * application of role control. One that somebody has deleted is not made again. */
int first_start_complete(bool *added, const struct first_start_means *means, const struct configuration *c)
    __attribute__((warn_unused_result));

#endif
