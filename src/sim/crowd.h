/* Very many simulated phones that do nothing but register: what comes back when the power does. One model for
 * all of them, each with an address of its own and as little memory as possible. */
#ifndef TANDEM_SIM_CROWD_H
#define TANDEM_SIM_CROWD_H

#include "sim/phone.h"

struct crowd_setup {
    struct town *town;
    uint32_t count;
    int64_t begin_at, within; /* µs: all are switched on between begin_at and begin_at + within */
};

/* *self is its struct crowd_setup when it is opened (world/sim). */
extern const struct role crowd_role;

struct crowd;
uint32_t crowd_registered(const struct crowd *c);
int64_t crowd_done_at(const struct crowd *c); /* µs: when the last of them was registered; 0: some are not */
uint64_t crowd_refused(const struct crowd *c); /* answers that told one to come again later */

#define CROWD_DN_TEXT 12
struct slice crowd_dn(char text[CROWD_DN_TEXT], uint32_t index);
struct slice crowd_secret(char text[CROWD_DN_TEXT], uint32_t index);

#endif
