#include "base/index.h"

#include "base/mem.h"

#define SMALLEST 16U

/* Of a free place the hash is 0: who finds nothing looks at hashes alone, which lie close together. */
static uint32_t taken(uint32_t hash)
{
    return hash != 0 ? hash : 1;
}

/* Linear probing: a place is taken by the first that is free behind the one that the hash says. */
static void put(struct index *x, uint32_t hash, void *object)
{
    size_t mask = x->capacity - 1, i = hash & mask;
    while (x->hashes[i] != 0)
        i = (i + 1) & mask;
    x->hashes[i] = hash;
    x->objects[i] = object;
}

static void resize(struct index *x, size_t capacity)
{
    struct index old = *x;
    x->capacity = capacity;
    x->hashes = mem_zero(capacity * sizeof *x->hashes);
    x->objects = mem_alloc(capacity * sizeof *x->objects);
    for (size_t i = 0; i < old.capacity; i++)
        if (old.hashes[i] != 0)
            put(x, old.hashes[i], old.objects[i]);
    mem_free(old.hashes);
    mem_free(old.objects);
}

void index_add(struct index *x, uint32_t hash, void *object)
{
    if (x->count >= x->capacity / 4 * 3)
        resize(x, x->capacity != 0 ? x->capacity * 2 : SMALLEST);
    put(x, taken(hash), object);
    x->count++;
}

/* Those behind a hole that would not be found any more move up into it. */
static void close_hole(struct index *x, size_t hole)
{
    size_t mask = x->capacity - 1;
    for (size_t i = (hole + 1) & mask; x->hashes[i] != 0; i = (i + 1) & mask) {
        size_t wanted = x->hashes[i] & mask;
        if (((i - wanted) & mask) < ((i - hole) & mask))
            continue;
        x->hashes[hole] = x->hashes[i];
        x->objects[hole] = x->objects[i];
        hole = i;
    }
    x->hashes[hole] = 0;
}

void index_remove(struct index *x, uint32_t hash, const void *object)
{
    size_t mask = x->capacity - 1, i = taken(hash) & mask;
    if (x->count == 0)
        return;
    while (x->hashes[i] != 0 && x->objects[i] != object)
        i = (i + 1) & mask;
    if (x->hashes[i] == 0)
        return;
    close_hole(x, i);
    x->count--;
    if (x->count == 0)
        index_free(x); /* an idle table costs nothing */
    else if (x->capacity > SMALLEST && x->count < x->capacity / 8)
        resize(x, x->capacity / 4);
}

void *index_find(
    const struct index *x, uint32_t hash, bool (*same)(const void *object, const void *key), const void *key)
{
    size_t mask = x->capacity - 1;
    hash = taken(hash);
    if (x->count == 0)
        return NULL;
    for (size_t i = hash & mask; x->hashes[i] != 0; i = (i + 1) & mask)
        if (x->hashes[i] == hash && same(x->objects[i], key))
            return x->objects[i];
    return NULL;
}

void index_free(struct index *x)
{
    mem_free(x->hashes);
    mem_free(x->objects);
    *x = (struct index){0};
}
