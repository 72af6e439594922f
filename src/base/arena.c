#include "base/arena.h"

#include <stdalign.h>

#include "base/mem.h"

#define CHUNK 4000U /* bytes: what most messages and turns need, with the header under a page */

struct arena_chunk {
    struct arena_chunk *older;
    size_t size;
    alignas(max_align_t) char data[];
};

static void add_chunk(struct arena *a, size_t size)
{
    struct arena_chunk *chunk = mem_alloc(sizeof *chunk + size);
    chunk->older = a->chunks;
    chunk->size = size;
    a->chunks = chunk;
    a->used = 0;
}

void *arena_alloc(struct arena *a, size_t size)
{
    size = (size + alignof(max_align_t) - 1) & ~(alignof(max_align_t) - 1);
    if (a->chunks == NULL || size > a->chunks->size - a->used)
        add_chunk(a, size > CHUNK ? size : CHUNK);
    void *memory = a->chunks->data + a->used;
    a->used += size;
    return memory;
}

void *arena_zero(struct arena *a, size_t size)
{
    return memset(arena_alloc(a, size), 0, size);
}

struct slice arena_copy(struct arena *a, struct slice s)
{
    char *copy = arena_alloc(a, s.length);
    slice_put(copy, s);
    return slice_of(copy, s.length);
}

char *arena_text(struct arena *a, struct slice s)
{
    char *copy = arena_alloc(a, s.length + 1);
    slice_put(copy, s);
    copy[s.length] = '\0';
    return copy;
}

void arena_reset(struct arena *a)
{
    while (a->chunks != NULL && (a->chunks->older != NULL || a->chunks->size > CHUNK)) {
        struct arena_chunk *chunk = a->chunks;
        a->chunks = chunk->older;
        mem_free(chunk);
    }
    a->used = 0;
}

void arena_free(struct arena *a)
{
    arena_reset(a);
    mem_free(a->chunks);
    *a = (struct arena){0};
}
