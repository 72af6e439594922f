#include "base/mem.h"

#include <malloc.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Relaxed is enough: a reader only wants a figure, or is alone (tests). */
static _Atomic size_t live;

bool mem_poison;

#define RUBBISH 0xa5

static void *counted(void *memory, size_t size)
{
    if (memory == NULL) {
        fprintf(stderr,
            "tandem: out of memory (%zu bytes asked); ending, give the process more or lower the limits\n",
            size);
        abort();
    }
    atomic_fetch_add_explicit(&live, malloc_usable_size(memory), memory_order_relaxed);
    return memory;
}

void *mem_alloc(size_t size)
{
    void *memory = counted(malloc(size != 0 ? size : 1), size);
    if (mem_poison)
        memset(memory, RUBBISH, size);
    return memory;
}

void *mem_zero(size_t size)
{
    return counted(calloc(1, size != 0 ? size : 1), size);
}

void *mem_resize(void *memory, size_t size)
{
    if (mem_poison && memory != NULL) {
        size_t old = malloc_usable_size(memory);
        void *moved = mem_alloc(size);
        memcpy(moved, memory, old < size ? old : size);
        mem_free(memory);
        return moved;
    }
    if (memory != NULL)
        atomic_fetch_sub_explicit(&live, malloc_usable_size(memory), memory_order_relaxed);
    return counted(realloc(memory, size != 0 ? size : 1), size);
}

char *mem_copy(const void *memory, size_t size)
{
    char *copy = mem_alloc(size);
    if (size != 0)
        memcpy(copy, memory, size);
    return copy;
}

void mem_free(void *memory)
{
    if (memory == NULL)
        return;
    atomic_fetch_sub_explicit(&live, malloc_usable_size(memory), memory_order_relaxed);
    if (mem_poison)
        memset(memory, RUBBISH, malloc_usable_size(memory));
    free(memory);
}

size_t mem_live_bytes(void)
{
    return atomic_load_explicit(&live, memory_order_relaxed);
}
