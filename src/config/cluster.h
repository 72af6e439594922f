/* What of a copy of the configuration holds for the whole cluster, and what is a fact of this process. Part
 * of config.h. */
#ifndef TANDEM_CONFIG_CLUSTER_H
#define TANDEM_CONFIG_CLUSTER_H

#include "base/buffer.h"

struct configuration;

struct config_list {
    const struct slice *items;
    size_t count;
};

/* How phones are let in; what a location does not say itself is the cluster's. Times in seconds. */
struct config_phones {
    bool sha256, sha512_256; /* phones are challenged with it besides MD5 */
    uint32_t register_standard, register_shortest, register_longest;
};

/* What of a call's messages goes on to the other party, and what becomes an attribute of the call (CM-41). */
struct config_passing {
    struct config_list headers;    /* names, "X-*", besides those that always do */
    struct config_list denied;     /* ... that never do */
    struct config_list bodies;     /* media types besides session descriptions: "application/pidf+xml" */
    struct config_list attributes; /* "name=Header", or a header alone */
};

/* Where no object says it: the defaults. */
struct config_cluster {
    struct slice name;
    struct config_phones phones;
    struct config_list log; /* MODULE=LEVEL */
};
const struct config_cluster *config_cluster(const struct configuration *c); /* never NULL */

/* Whether the name of a header is one of them; "X-*" fits all that begin so. */
bool config_names_header(struct config_list names, struct slice header);

/* Of the last transaction that is in the copy; 0: none was. */
uint64_t config_number(const struct configuration *c);
bool config_is_empty(const struct configuration *c); /* no objects at all */

#endif
