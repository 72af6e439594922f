/* Memory that is given back all at once: one arena per message, per turn, per request. */
#ifndef TANDEM_BASE_ARENA_H
#define TANDEM_BASE_ARENA_H

#include "base/slice.h"

struct arena_chunk;

/* Zeroed memory is an empty arena. */
struct arena {
    struct arena_chunk *chunks; /* the newest first */
    size_t used;                /* bytes of the newest chunk */
};

void *arena_alloc(struct arena *a, size_t size); /* aligned for anything, uninitialised */
void *arena_zero(struct arena *a, size_t size);
struct slice arena_copy(struct arena *a, struct slice s);
char *arena_text(struct arena *a, struct slice s); /* with a NUL behind it */

void arena_reset(struct arena *a); /* keeps one chunk for the next use */
void arena_free(struct arena *a);

#endif
