/* The embedded engines in the real world: registry, bus, spool and store of one process, on one loop.
 *
 *     <data>/registry/   <data>/spool/   <data>/store.db (WAL, one writing and one reading thread)
 *
 * Order at the end: real_run returns, real_pool_close, real_engines_close, real_close. */
#ifndef TANDEM_WORLD_REAL_ENGINES_H
#define TANDEM_WORLD_REAL_ENGINES_H

#include "world/real/service.h"

struct real_engines;

/* Opens them and offers them to all instances of the loop. The folder exists. What is wrong is logged. */
int real_engines_open(struct real_engines **out, struct real_loop *loop, const char *data)
    __attribute__((warn_unused_result));
/* Everything that was appended, decided or stored is on the disk afterwards. In the loop's thread. */
void real_engines_close(struct real_engines *engines);

/* For a main that needs something before the loop runs: one StoreRequest, answered when it returns. */
enum answer real_engines_store(
    struct real_engines *engines, struct buffer *bytes, int *error, struct slice request);

#endif
