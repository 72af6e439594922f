#include "base/pool.h"

#include <string.h>

#include "base/mem.h"

#define FEW 16U /* objects that are kept in any case */

struct pool_free {
    struct pool_free *next;
};

void pool_init(struct pool *p, const char *name, size_t size)
{
    *p = (struct pool){
        .name = name, .size = size < sizeof(struct pool_free) ? sizeof(struct pool_free) : size};
}

void *pool_take(struct pool *p)
{
    struct pool_free *object = p->free;
    p->live++;
    if (p->live > p->most)
        p->most = p->live;
    if (object == NULL)
        return mem_zero(p->size);
    p->free = object->next;
    p->spare--;
    return memset(object, 0, p->size);
}

void pool_give(struct pool *p, void *object)
{
    if (object == NULL)
        return;
    p->live--;
    if (p->spare >= FEW + p->most / 4) {
        mem_free(object);
        return;
    }
    struct pool_free *spare = object;
    spare->next = p->free;
    p->free = spare;
    p->spare++;
}

void pool_free(struct pool *p)
{
    while (p->free != NULL) {
        struct pool_free *object = p->free;
        p->free = object->next;
        mem_free(object);
    }
    p->spare = 0;
}
