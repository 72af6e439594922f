/* `tandem run`: every role in this process, everything embedded. */
#ifndef TANDEM_RUN_RUN_H
#define TANDEM_RUN_RUN_H

#include "tools/dispatch.h"

int command_run(const struct options *options); /* an exit_status */

#endif
