/* What of a copy of the configuration concerns the world outside: trunks, and what may be dialled. Part of
 * config.h. */
#ifndef TANDEM_CONFIG_TRUNK_H
#define TANDEM_CONFIG_TRUNK_H

#include "config/cluster.h"

struct config_dn;
struct config_location;

struct config_trunk_group {
    struct slice name;
    uint32_t capacity; /* calls at a time; 0: no limit */
};

struct config_trunk {
    struct slice name;
    const struct config_location *location;
    const struct config_trunk_group *group; /* NULL: none */
    struct slice host;                      /* a name or an address; empty: calls only come in */
    struct config_list networks;            /* where its calls come from, as text */
    struct slice certificate_name;          /* of who comes by TLS; empty: none */
    struct slice domain;                    /* what stands behind @; never empty where there is a host */
    struct slice user, secret;
    struct config_list realms;                   /* whose challenges the secret answers */
    struct config_list denied;                   /* headers that neither come from it nor go to it */
    struct slice caller_prefix;                  /* stands before the DN that calls */
    uint32_t capacity, rate;                     /* calls at a time; that begin in a second; 0: no limit */
    uint32_t register_expires, options_interval; /* seconds; 0: it is not asked */
    uint16_t port;                               /* 0: as the name service says */
    uint16_t order, weight;                      /* in its group */
    uint8_t transport;                           /* enum transport */
    bool trusted, registers, disabled;
};

/* What a DN may call. Values are kept in files. */
enum config_dial {
    CONFIG_DIAL_UNSAID, /* as the location says */
    CONFIG_DIAL_NONE,
    CONFIG_DIAL_INTERNAL,
    CONFIG_DIAL_NATIONAL,
    CONFIG_DIAL_ALL,
};

#define CONFIG_DIAL_RATE 30 /* calls in a minute, where a location says nothing */

struct config_dial_rule {
    struct slice name;
    const struct config_location *location; /* NULL: everywhere */
    const struct config_trunk *trunk;       /* NULL: none is said */
    const struct config_trunk_group *group; /* NULL: none is said */
    struct slice prefix, add;
    uint8_t shortest, longest, strip; /* digits */
    bool out;                         /* else in */
    uint8_t needs;                    /* out: enum config_dial */
};

const struct config_trunk *config_trunk(const struct configuration *c, struct slice name);
/* In order of name: begin with *at = 0; NULL at the end. */
const struct config_trunk *config_next_trunk(const struct configuration *c, size_t *at);
const struct config_trunk_group *config_next_trunk_group(const struct configuration *c, size_t *at);
const struct config_dial_rule *config_next_dial_rule(const struct configuration *c, size_t *at);

/* The rule that holds for a number that a DN of the location dials: the longest prefix, and among equal ones
 * that of the location before that of all. NULL: the number leads nowhere. */
const struct config_dial_rule *config_dial_out(
    const struct configuration *c, const struct config_location *location, struct slice number);
/* ... that a trunk calls. NULL: the number stays as it is. */
const struct config_dial_rule *config_dial_in(
    const struct configuration *c, const struct config_trunk *trunk, struct slice number);
/* Adds the number as the rule rewrites it. */
void config_dial_rewrite(struct buffer *out, const struct config_dial_rule *r, struct slice number);

enum config_dial config_dn_dial(const struct configuration *c, const struct config_dn *dn); /* never UNSAID */
const char *config_dial_name(enum config_dial dial);                                        /* "national" */

#endif
