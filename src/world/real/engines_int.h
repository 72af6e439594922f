/* Inside the glue between the loop and its engines. Registry, bus and store have an implementation in the
 * process and one beside it; both fill the same table. The spool is always here: it is what this machine
 * remembers. */
#ifndef TANDEM_WORLD_REAL_ENGINES_INT_H
#define TANDEM_WORLD_REAL_ENGINES_INT_H

#include "base/arena.h"
#include "engine/bus.h"
#include "engine/registry.h"
#include "engine/spool.h"
#include "engine/store/store.h"
#include "world/real/engines.h"
#include "world/real/real_int.h"

/* Decides. Questions come as SERVICE_REGISTRY, which `open` has set. */
struct real_registry {
    void *self; /* NULL: not open */
    void (*watch)(void *self, struct real_instance *i, uint64_t token, struct slice prefix);
    void (*leave)(void *self, struct real_instance *i);
    void (*close)(void *self);
};

/* Carries. */
struct real_bus {
    void *self;
    void (*publish)(void *self, struct real_instance *from, struct slice subject, struct slice bytes);
    void (*subscribe)(void *self, struct real_instance *i, uint64_t token, struct slice pattern);
    void (*leave)(void *self, struct real_instance *i);
    void (*close)(void *self);
};

/* Keeps. Questions come as SERVICE_STORE, which `open` has set. */
struct real_store {
    void *self;
    /* One StoreRequest, answered when it returns; before the loop runs. */
    enum answer (*now)(void *self, struct buffer *bytes, int *error, struct slice request);
    void (*close)(void *self); /* questions that wait are answered */
};

struct real_engines {
    struct real_loop *loop;
    struct real_registry registry;
    struct real_bus bus;
    struct real_store store;
    struct real_condition conditions[REAL_PARTS];
    struct buffer answer;

    struct files *spool_files;
    struct spool *spool;
    struct real_pool *spool_thread;
    struct spool_sync *syncing; /* the thread has it */
    struct real_timer spool_sync, spool_again;
    struct list held; /* appends that the disk has not taken yet, in order */
    size_t held_bytes;
};

/* Each opens one implementation and fills the table, or logs what is wrong. */
int real__registry_embedded(struct real_registry *out, struct real_engines *g,
    const struct real_engines_params *p) __attribute__((warn_unused_result));
int real__registry_etcd(struct real_registry *out, struct real_engines *g,
    const struct real_engines_params *p) __attribute__((warn_unused_result));
int real__bus_embedded(struct real_bus *out, struct real_engines *g, const struct real_engines_params *p)
    __attribute__((warn_unused_result));
int real__bus_nats(struct real_bus *out, struct real_engines *g, const struct real_engines_params *p)
    __attribute__((warn_unused_result));
int real__store_embedded(struct real_store *out, struct real_engines *g, const struct real_engines_params *p)
    __attribute__((warn_unused_result));

int real__store_postgres(struct real_store *out, struct real_engines *g, const struct real_engines_params *p)
    __attribute__((warn_unused_result));

/* From any thread: this part cannot be reached, or can again. A change is logged and kept. `why` is copied.
 */
void real__condition(struct real_engines *g, enum real_part part, bool away, const char *why);

int real__spool_open(struct real_engines *g, const char *data);
void real__spool_close(struct real_engines *g);
void real__append(
    void *engines, struct real_instance *i, struct slice stream, uint64_t number, struct slice bytes);

#endif
