/* Inside the glue between the loop and its engines. */
#ifndef TANDEM_WORLD_REAL_ENGINES_INT_H
#define TANDEM_WORLD_REAL_ENGINES_INT_H

#include "base/arena.h"
#include "engine/bus.h"
#include "engine/registry.h"
#include "engine/spool.h"
#include "engine/store/store.h"
#include "world/real/engines.h"
#include "world/real/real_int.h"

struct real_engines {
    struct real_loop *loop;
    struct arena arena;
    struct buffer answer;

    struct bus *bus;
    struct files *registry_files;
    struct registry *registry;
    struct real_timer expiry, registry_sync;

    struct files *spool_files;
    struct spool *spool;
    struct real_pool *spool_thread;
    struct spool_sync *syncing; /* the thread has it */
    struct real_timer spool_sync, spool_again;
    struct list held; /* appends that the disk has not taken yet, in order */
    size_t held_bytes;

    struct store *writer, *reader;
    struct real_pool *writer_thread, *reader_thread;
    _Atomic size_t store_bytes; /* of requests that wait or run */
};

int real__registry_open(struct real_engines *g, const char *data);
void real__registry_close(struct real_engines *g);
void real__publish(void *engines, struct real_instance *from, struct slice subject, struct slice bytes);
void real__subscribe(void *engines, struct real_instance *i, uint64_t token, struct slice pattern);
void real__watch(void *engines, struct real_instance *i, uint64_t token, struct slice prefix);
void real__leave(void *engines, struct real_instance *i);

int real__spool_open(struct real_engines *g, const char *data);
void real__spool_close(struct real_engines *g);
void real__append(
    void *engines, struct real_instance *i, struct slice stream, uint64_t number, struct slice bytes);

int real__store_open(struct real_engines *g, const char *data);
void real__store_close(struct real_engines *g);

#endif
