/* Inside the harness: which tests there are, and what surrounds each of them. */
#ifndef UNIT_INT_H
#define UNIT_INT_H

#include "unit.h"

struct unit_group {
    const char *name;
    const struct CMUnitTest *tests;
    size_t count;
};

/* What a group's process tells its parent, in shared memory: a crash leaves `running` set. */
struct unit_tally {
    size_t passed;
    size_t failed;
    char running[128];
};

/* A copy of `test` with our setup and teardown around its own; its initial_state is to be freed after the
 * run. */
struct CMUnitTest unit__guard(const struct CMUnitTest *test, struct unit_tally *tally);

#endif
