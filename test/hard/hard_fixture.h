/* What the hard tests share: runs of clusters, and members of pairs with a fault planted into them. */
#ifndef TANDEM_TEST_HARD_FIXTURE_H
#define TANDEM_TEST_HARD_FIXTURE_H

#include "pair/pair_int.h"
#include "sim/cluster_int.h"

/* How much to do: 0 in the unit run, 1 in the suite, more where somebody has time (TANDEM_HARD). */
unsigned hard_effort(void);

/* Runs it; what the parameters leave out is filled in: seed 1, 100 calls, 40 phones, 2 proxies, 2 pairs. */
struct cluster_result hard_run(struct cluster_params params);

/* Runs it and expects no violation; `what` names the case in the complaint. */
struct cluster_result hard_expect_good(struct cluster_params params, const char *what);

/* A planted fault may make the product complain in its log: nobody looks at that any more in this test. */
void hard_be_quiet(void);

/* The member of a pair that is primary now, and the other one; NULL: none is. */
struct sim_instance *hard_primary(struct cluster *c, unsigned pair, struct sim_instance **backup);
unsigned hard_site(struct cluster *c, const struct sim_instance *i);

/* Drops of the turn's effects those that `keep` refuses. */
void hard_filter(struct world *w, bool (*keep)(void *argument, const struct effect *e), void *argument);

/* The first SIP message in what was sent or came: as it is, or in a frame of our own streams. Empty: none. */
struct slice hard_message(struct slice bytes);

#endif
