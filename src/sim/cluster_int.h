/* Inside: the cluster and its invariants. */
#ifndef TANDEM_SIM_CLUSTER_INT_H
#define TANDEM_SIM_CLUSTER_INT_H

#include "base/map.h"
#include "config/builder.h"
#include "sim/carrier.h"
#include "sim/cluster.h"
#include "sim/crowd.h"
#include "sim/phone.h"

struct member {
    struct sim_instance *instance;
    unsigned pair;
};

struct cluster {
    const struct cluster_params *params;
    struct cluster_result *result;
    struct sim *sim;
    struct configuration *configuration;
    struct arena texts;
    struct town town;
    struct sim_instance **phones;
    unsigned phone_count; /* those outside too */
    struct sim_instance *proxies[CLUSTER_PROXIES], *history;
    struct sim_instance *carriers[CLUSTER_CARRIERS];
    struct sim_instance *crowd; /* NULL: no storm */
    struct crowd_setup crowd_setup;
    size_t calm, most; /* bytes of a proxy before the storm; the most in it */
    struct carrier_setup carrier_setups[CLUSTER_CARRIERS];
    struct carrier_state carrier_states[CLUSTER_CARRIERS];
    struct member members[2 * CLUSTER_PAIRS];
    unsigned member_count;
    const struct role *node;
    int64_t started, quiet_at; /* quiet_at: when the last call had ended */
    bool stopped;              /* a violation, or the step to stop at */

    /* invariants.c */
    struct map views;       /* (pair, view) -> the instance that acted in it */
    int64_t *unknown_since; /* by phone: its call is known to no node; 0: it is */
    struct buffer audit;
    uint64_t bindings[CLUSTER_PROXIES]; /* what each knew at the last look, as a hash */
    bool bindings_equal;                /* since the last fault */
};

/* build.c */
int cluster__build(struct cluster *c) __attribute__((warn_unused_result));
struct slice cluster__text(struct cluster *c, const char *format, ...)
    __attribute__((format(printf, 2, 3))); /* lives as long as the cluster */
unsigned cluster__locations(const struct cluster *c);
unsigned cluster__history_site(const struct cluster *c);
struct slice cluster__phone_dn(struct cluster *c, unsigned index);

/* storm.c */
void storm_walk(struct cluster *c);                           /* looks how much memory it takes */
bool storm_over(const struct cluster *c, size_t *registered); /* every phone of it is registered */
bool storm_settled(struct cluster *c, size_t *each);          /* no more memory than the bindings need */
void storm_report(struct cluster *c);

/* town.c */
void cluster__town(struct cluster *c);   /* who there will be: before the configuration is made */
void cluster__people(struct cluster *c); /* starts phones and carriers */
unsigned cluster__carrier_site(const struct cluster *c, unsigned index);

/* Gives everybody a new copy of the configuration, with so many DNs more than there are phones. */
int cluster__configure(struct cluster *c, unsigned more) __attribute__((warn_unused_result));

/* Something is wrong: says it, shows the last effects of the call or the instance, stops the run. */
void cluster__violation(struct cluster *c, struct slice call_id, struct slice instance, const char *format,
    ...) __attribute__((format(printf, 4, 5)));

/* One primary in each view; on each turn of a node. */
void invariants_turn(struct cluster *c, struct sim_instance *i);
/* Calls that stand at phones are known to nodes, and the reverse; over everything. */
void invariants_walk(struct cluster *c);
/* When all is quiet: nothing is left anywhere, each call has its one row. False: not yet; with `strict` that
 * is a violation. */
bool invariants_settled(struct cluster *c, bool strict);
void invariants_free(struct cluster *c);

#endif
