/* The engines in the real world: registry, bus, spool and store of one process, on one loop.
 *
 *     in the process                                  beside it (an address is given)
 *     <data>/registry/                                etcd, by its JSON gateway
 *     a table of who hears what                       NATS
 *     <data>/store.db (SQLite, WAL)                   PostgreSQL
 *     <data>/spool/                                   always in the process
 *
 * Order at the end: real_run returns, real_pool_close, real_engines_close, real_close. */
#ifndef TANDEM_WORLD_REAL_ENGINES_H
#define TANDEM_WORLD_REAL_ENGINES_H

#include "world/real/service.h"

struct real_engines;

/* Where an engine beside the process is, and who we are to it. Without addresses: the one in the process. */
struct real_server {
    const struct slice *addresses; /* "https://192.0.2.1:2379", "tls://192.0.2.1:4222", "192.0.2.1:5432" */
    size_t count;
    const char *user, *password_file; /* NULL: none */
    const char *database;             /* of PostgreSQL */
};

/* What it points to must outlive the engines. */
struct real_engines_params {
    const char *data; /* folder; exists */
    struct real_server registry, bus, store;
    const char
        *cluster; /* name of the cluster: prefix of registry keys and of subjects; NULL: in the process */
    const char *authority; /* PEM: who signed the servers' certificates; NULL: the system's authorities */
    const char *certificate, *key; /* PEM: ours; NULL: none */
};

/* Opens them and offers them to all instances of the loop. What is wrong is logged. An engine beside the
 * process that is away is no error: it is waited for. */
int real_engines_open(struct real_engines **out, struct real_loop *loop,
    const struct real_engines_params *params) __attribute__((warn_unused_result));
/* Everything that was appended, decided or stored is on the disk afterwards. In the loop's thread. */
void real_engines_close(struct real_engines *engines);

/* For a main that needs something before the loop runs: one StoreRequest, answered when it returns. */
enum answer real_engines_store(
    struct real_engines *engines, struct buffer *bytes, int *error, struct slice request);

/* ---- what is away, and since when ---- */

enum real_part { REAL_PART_REGISTRY, REAL_PART_BUS, REAL_PART_STORE, REAL_PARTS };

struct real_condition {
    bool away;
    int64_t since; /* µs: of the last change; 0: there was none */
    char why[160]; /* a sentence, when away */
};

const char *real_part_name(enum real_part part); /* "registry" */
/* In the loop's thread. */
const struct real_condition *real_engines_condition(const struct real_engines *engines, enum real_part part);

#endif
