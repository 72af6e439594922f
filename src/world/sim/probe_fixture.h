/* A role that a test drives: it counts what comes and lets the test act in its turns. */
#ifndef TANDEM_WORLD_SIM_PROBE_FIXTURE_H
#define TANDEM_WORLD_SIM_PROBE_FIXTURE_H

#include "world/sim/sim.h"
#include "world/world_int.h"

#define PROBE_INPUTS (INPUT_DRAIN + 1)
#define PROBE_TICK 10000 /* µs */

/* Given to the role as *self; the test keeps it. */
struct probe {
    struct world *world;                                     /* NULL while it does not run */
    void (*act)(struct probe *p, const struct input *input); /* input NULL: it opens */
    bool ticks;                                              /* INPUT_TIMER each PROBE_TICK */
    unsigned counts[PROBE_INPUTS], opened;
    unsigned answers[3]; /* yes, no, unknown */
    uint64_t flow, socket, number, appended;
    int error; /* of the last INPUT_CLOSED */
    int64_t last;
    struct buffer text; /* DATA and DATAGRAM bytes */
    struct world_timer timer;
};

extern const struct role probe_role;

/* A simulation with `count` probes p0, p1, ... on hosts 10.0.1.1, 10.0.2.1, ... of sites 1, 2, ...; each in a
 * group of its own when `mortal`. */
struct probes {
    struct sim *sim;
    struct probe *probes;
    struct sim_instance *instances[4];
    size_t count;
};
void probes_open(struct probes *s, struct probe *probes, size_t count, uint32_t faults, bool mortal);
void probes_close(struct probes *s);

#endif
