/* Inside of `tandem run`. */
#ifndef TANDEM_RUN_RUN_INT_H
#define TANDEM_RUN_RUN_INT_H

#include "config/load.h"
#include "run/run.h"
#include "tools/authority.h"
#include "tools/operator.h"
#include "world/real/engines.h"

#define RUN_INSTANCES 64

struct run {
    const struct options *options;
    struct config_local local;
    char data[AUTHORITY_PATH];
    char token_sha256[OPERATOR_TOKEN_HEX];
    int lock; /* descriptor of DATA/lock */
    struct authority authority;
    struct real_loop *loop;
    struct real_engines *engines;
    struct real_pool *pool;
    struct catalogue *catalogue;
    struct configuration *configuration;
    struct real_instance *instances[RUN_INSTANCES];
    size_t instance_count;
};

/* ground.c: each complains in one line and returns an error */
int run__data(struct run *r);
int run__ports(const struct run *r, const struct configuration *c);
void run__random(void *bytes, size_t length);

/* keeper.c: the role that hears of changes */
extern const struct role run__keeper;
int run__build(struct run *r, struct configuration **out); /* from the catalogue */

#endif
