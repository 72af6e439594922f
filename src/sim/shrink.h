/* After a violation: is there a smaller run (fewer phones, fewer faults) that shows the same? */
#ifndef TANDEM_SIM_SHRINK_H
#define TANDEM_SIM_SHRINK_H

#include "sim/cluster.h"

/* Writes how to repeat the smallest run that was found, within some CPU time. */
void shrink_report(FILE *out, const struct cluster_params *params, const struct cluster_result *result);

#endif
