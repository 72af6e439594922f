/* Finds objects by a hash of what they are called, at 16 to 32 bytes an object: for tables of very many that
 * are never walked (map.h remembers an order, and costs twice to three times as much). Where the key lies is
 * the caller's matter, so he compares it. Zeroed memory is an empty index. */
#ifndef TANDEM_BASE_INDEX_H
#define TANDEM_BASE_INDEX_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct index {
    uint32_t *hashes; /* 0: free */
    void **objects;
    size_t count, capacity; /* a power of two */
};

/* Its low bits choose the place: of a keyed hash where strangers choose the key. */
void index_add(struct index *x, uint32_t hash, void *object);
void index_remove(struct index *x, uint32_t hash, const void *object);
/* NULL: none of that hash is the same. */
void *index_find(
    const struct index *x, uint32_t hash, bool (*same)(const void *object, const void *key), const void *key);
void index_free(struct index *x); /* not the objects */

#endif
