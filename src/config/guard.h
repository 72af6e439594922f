/* How the proxies of a location protect themselves. Part of config.h. 0: no such limit. */
#ifndef TANDEM_CONFIG_GUARD_H
#define TANDEM_CONFIG_GUARD_H

#include <stdbool.h>
#include <stdint.h>

#include "config/trace.h"

struct configuration;

struct config_guard {
    uint32_t strangers;       /* messages a second of a source that has shown no credentials */
    uint32_t strangers_all;   /* of all of them together */
    uint32_t phone;           /* of a phone that has */
    uint32_t work;            /* requests a second that begin something, of a source or a phone */
    uint32_t unanswered;      /* requests without credentials within TIMER_GUARD_MALFORMED */
    uint32_t streams;         /* open at a time, of one source */
    uint32_t streams_all;     /* ... of all together; 0: as built in */
    uint32_t stream_idle;     /* seconds after which a silent one is closed; 0: as built in */
    uint32_t ban_credentials; /* wrong ones within TIMER_GUARD_CREDENTIALS */
    uint32_t ban_malformed;   /* messages within TIMER_GUARD_MALFORMED */
    uint32_t ban_seconds;     /* of the first ban; each further one is twice as long */
    uint32_t calls;           /* new ones a second that a proxy admits */
    uint32_t node_calls;      /* new ones a second that a pair of nodes takes */
    uint32_t transactions;    /* that a proxy may have in hand before it refuses new work */
    uint32_t alarm_failures, alarm_addresses, alarm_calls; /* of one number, see docs/guide/protection.md */
    bool silent; /* scanners and strangers that only ask get no answer */
};

/* By hand. */
struct config_ban {
    struct slice name, network, location, why; /* location empty: everywhere */
    int64_t until;                             /* µs; 0: not by itself */
};
/* In order of name: begin with *at = 0; NULL at the end. */
const struct config_ban *config_next_ban(const struct configuration *c, size_t *at);

#endif
