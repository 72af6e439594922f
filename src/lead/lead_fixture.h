/* Instances that do nothing but lead, in the simulated world, and a watch over them: two never lead at once.
 */
#ifndef TANDEM_LEAD_LEAD_FIXTURE_H
#define TANDEM_LEAD_LEAD_FIXTURE_H

#include "lead/lead_int.h"
#include "world/sim/sim.h"
#include "world/world_int.h"

#define PARLIAMENT 3

struct parliament;

struct member {
    struct parliament *parliament;
    struct sim_instance *instance;
    struct lead lead;
    struct world *world; /* NULL: does not run */
    int64_t skew;        /* of its clock */
    unsigned elections;
    bool resigns; /* at its next input */
};

struct parliament {
    struct sim *sim;
    struct member members[PARLIAMENT];
    uint64_t number;           /* the greatest under which somebody led */
    const struct member *last; /* who did */
    unsigned elections, turnovers;
};

void parliament_open(struct parliament *p, uint64_t seed, uint32_t faults);
void parliament_close(struct parliament *p);
void parliament_run(struct parliament *p, int64_t microseconds);
/* Who leads by its own clock; NULL: nobody. Fails when two do. */
struct member *parliament_leader(struct parliament *p);

#endif
