/* Hash table that remembers the order of insertion. Walking it gives that order whatever the hash key is, so
 * no walk can make two runs of the same seed differ. Keys are numbers or slices, not both in one map; a slice
 * key belongs to the caller and lives as long as its entry (it usually lies in the value). Zeroed memory is
 * an empty map. */
#ifndef TANDEM_BASE_MAP_H
#define TANDEM_BASE_MAP_H

#include "base/slice.h"

struct map_entry {
    uint64_t hash;
    const char *key; /* NULL: the key is the number in `length` */
    size_t length;
    void *value; /* NULL: removed */
};

struct map {
    struct map_entry *entries; /* in order of insertion, with holes */
    uint32_t *index;
    size_t used, live, capacity; /* capacity of entries, a power of two; index has twice as many */
};

void map_free(struct map *m); /* not the values */
static inline size_t map_count(const struct map *m)
{
    return m->live;
}

void *map_get(const struct map *m, struct slice key);
void *map_get_number(const struct map *m, uint64_t key);

/* Adds or replaces; returns the value that was there before, or NULL. The value is not NULL. */
void *map_put(struct map *m, struct slice key, void *value);
void *map_put_number(struct map *m, uint64_t key, void *value);

/* Returns the value that was removed, or NULL. */
void *map_remove(struct map *m, struct slice key);
void *map_remove_number(struct map *m, uint64_t key);

/* The first value at or after position `*at`, which moves past it; NULL at the end. Entries may be removed
 * during the walk; after an insertion the walk may meet a value twice or not at all. */
void *map_next(const struct map *m, size_t *at);
#define map_for_each(value, m) for (size_t map_at = 0; ((value) = map_next((m), &map_at)) != NULL;)

#endif
