/* The DNS records by which phones find the proxies (RFC 3263, VC-5): the proxies of a location first, then
 * those of the others. */
#ifndef TANDEM_TOOLS_ZONE_H
#define TANDEM_TOOLS_ZONE_H

#include <jansson.h>

#include "base/buffer.h"

struct zone {
    struct slice domain;       /* without the last dot */
    struct slice for_location; /* whose phones ask; empty: anybody */
    struct slice name_server;  /* NAME or NAME=ADDRESS; empty: records for a zone that is there */
    uint32_t serial;
};

/* From objects as the REST interface shows them: arrays of locations and applications. What is odd is told in
 * `complaints`, a line each. ERROR_SYNTAX: the domain or name server is no name; ERROR_REFERENCE: no such
 * location; ERROR_MISSING: no proxy can be reached from outside. */
int zone_add(struct buffer *out, struct buffer *complaints, const struct zone *z, const json_t *locations,
    const json_t *applications) __attribute__((warn_unused_result));

#endif
