/* All state machines of the program: a room adds a row in graph.c. */
#ifndef TANDEM_TOOLS_GRAPH_H
#define TANDEM_TOOLS_GRAPH_H

#include "base/fsm.h"

/* NULL at the end. */
const struct fsm *graph_machine(size_t at);

#endif
