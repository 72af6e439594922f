/* Objects of one size, handed out zeroed and reused; one pool per kind and owner. */
#ifndef TANDEM_BASE_POOL_H
#define TANDEM_BASE_POOL_H

#include <stddef.h>

struct pool_free;

struct pool {
    const char *name;
    size_t size;  /* bytes of one object */
    size_t live;  /* objects in use */
    size_t spare; /* objects kept for reuse: at most a quarter of the most that were alive, and a few */
    size_t most;
    struct pool_free *free;
};

void pool_init(struct pool *p, const char *name, size_t size);
void *pool_take(struct pool *p);
void pool_give(struct pool *p, void *object);
void pool_free(struct pool *p); /* the spare ones; live ones are a leak of the caller */

#endif
