/* A whole cluster in the simulated world, with phones that live in it.
 *
 *     phones (4 sites) ── proxies (a site each) ── nodes in pairs (a site each) ── history, engines
 *
 * One call runs it from the first registration to the last row of the history and says what was wrong. */
#ifndef TANDEM_SIM_CLUSTER_H
#define TANDEM_SIM_CLUSTER_H

#include "world/sim/sim.h"

#define CLUSTER_PROXIES 8
#define CLUSTER_PAIRS 8
#define CLUSTER_PHONES 4000
#define CLUSTER_CARRIERS 4
#define CLUSTER_STORM 1000000

struct cluster;

/* For tests that look closer, or strike at a chosen moment (with cluster_int.h). Any may be NULL. */
struct cluster_hooks {
    void *argument;
    void (*built)(void *argument, struct cluster *c);
    void (*step)(void *argument, struct cluster *c); /* before each step */
    void (*effect)(void *argument, struct sim_instance *i, const struct effect *e);
    void (*after_turn)(void *argument, struct sim_instance *i, const struct input *input);
    bool (*eats)(void *argument, struct sim_instance *i, const struct input *input);
    bool (*done)(void *argument, struct cluster *c); /* false: not at rest yet */
};

struct cluster_params {
    uint64_t seed, calls;
    uint32_t faults; /* SIM_FAULT_BITs */
    unsigned phones, proxies, pairs;
    unsigned carriers;  /* trunks of the location "home", with phones behind them; 0: none */
    unsigned locations; /* proxies, pairs and phones are dealt out to so many, "home" and "away"; 0: one */
    unsigned roaming;   /* of two locations: one phone of so many registers in the other one; 0: none */
    unsigned storm;  /* so many more phones that register after a power cut, and do nothing else; 0: none */
    unsigned within; /* seconds in which all of them are switched on; 0: 60 */
    bool roulette;   /* after each turn of a primary: save all its records, forget everything, load them */
    uint64_t until_step; /* stops there and shows the last effects; 0: runs to the end */
    FILE *trace;         /* every effect as a line; NULL: none */
    bool whole;          /* reports show all the bytes of messages */
    FILE *report;        /* what was wrong, in detail; NULL: nobody wants to know */
    /* Other roles than the product's, to plant faults in tests; NULL: the product's. */
    const struct role *proxy, *node, *history;
    const struct cluster_hooks *hooks; /* NULL: none */
    bool lenient;                      /* hooks strike: calls may fail, in order */
    bool udp_only, tcp_only;           /* phones; otherwise one in ten has TCP */
    int64_t rest_most;                 /* µs between two calls of a phone; 0: 40 s */
    size_t description;                /* bytes that each session description has at least */
};

struct cluster_result {
    uint64_t calls, steps, hash, violations;
    uint64_t established; /* calls that were established at both phones */
    double virtual_seconds, cpu_seconds;
    struct {
        uint64_t registered, refused;
        double seconds;      /* from the power to the last registration */
        size_t each;         /* bytes that a binding takes in a proxy */
        size_t most;         /* ... at the worst moment, with all that was under way */
        size_t most_effects; /* bytes of a proxy's largest turn */
    } storm;
    char first[256]; /* the first violation as a sentence */
    uint64_t faults[SIM_FAULTS];
};

/* 0, or an error: the cluster could not be built. Violations are no error. */
int cluster_run(struct cluster_result *result, const struct cluster_params *params)
    __attribute__((warn_unused_result));

#endif
