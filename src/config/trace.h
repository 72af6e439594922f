/* What the proxies of a location keep and tell of the SIP messages that they see. Part of config.h. */
#ifndef TANDEM_CONFIG_TRACE_H
#define TANDEM_CONFIG_TRACE_H

#include <stdint.h>

#include "base/slice.h"

struct config_trace {
    uint32_t memory;           /* MiB for the newest messages, of each proxy; 0: none are kept */
    uint32_t hep_id;           /* capture id */
    uint16_t hep_port;         /* UDP */
    struct slice hep_host;     /* of the collector, a name or an address; empty: nothing is sent */
    struct slice hep_password; /* empty: none */
};

#endif
