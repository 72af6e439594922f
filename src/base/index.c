#include "base/index.h"

#include "base/mem.h"

#define SMALLEST 16U

/* Linear probing: a place is taken by the first that is free behind the one that the hash says. */
static void put(struct index *x, uint32_t hash, void *object)
{
    size_t mask = x->capacity - 1, i = hash & mask;
    while (x->objects[i] != NULL)
        i = (i + 1) & mask;
    x->hashes[i] = hash;
    x->objects[i] = object;
}

static void resize(struct index *x, size_t capacity)
{
    struct index old = *x;
    x->capacity = capacity;
    x->hashes = mem_alloc(capacity * sizeof *x->hashes);
    x->objects = mem_zero(capacity * sizeof *x->objects);
    for (size_t i = 0; i < old.capacity; i++)
        if (old.objects[i] != NULL)
            put(x, old.hashes[i], old.objects[i]);
    mem_free(old.hashes);
    mem_free(old.objects);
}

void index_add(struct index *x, uint32_t hash, void *object)
{
    if (x->count >= x->capacity / 4 * 3)
        resize(x, x->capacity != 0 ? x->capacity * 2 : SMALLEST);
    put(x, hash, object);
    x->count++;
}

/* Those behind a hole that would not be found any more move up into it. */
static void close_hole(struct index *x, size_t hole)
{
    size_t mask = x->capacity - 1;
    for (size_t i = (hole + 1) & mask; x->objects[i] != NULL; i = (i + 1) & mask) {
        size_t wanted = x->hashes[i] & mask;
        if (((i - wanted) & mask) < ((i - hole) & mask))
            continue;
        x->hashes[hole] = x->hashes[i];
        x->objects[hole] = x->objects[i];
        hole = i;
    }
    x->objects[hole] = NULL;
}

void index_remove(struct index *x, uint32_t hash, const void *object)
{
    size_t mask = x->capacity - 1, i = hash & mask;
    if (x->count == 0)
        return;
    while (x->objects[i] != NULL && x->objects[i] != object)
        i = (i + 1) & mask;
    if (x->objects[i] == NULL)
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
    if (x->count == 0)
        return NULL;
    for (size_t i = hash & mask; x->objects[i] != NULL; i = (i + 1) & mask)
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
