#include "base/fifo.h"

#include <stdint.h>

#include "base/mem.h"

#define PIECE 16000U /* bytes: with the header under four pages */

struct fifo_piece {
    struct fifo_piece *next;
    size_t size, from, used; /* what lies before `from` is gone */
    uint64_t bytes[];
};

static size_t rounded(size_t size)
{
    return (size + 7) & ~(size_t)7;
}

void *fifo_add(struct fifo *f, size_t size)
{
    size = rounded(size);
    struct fifo_piece *p = f->last;
    if (p == NULL || size > p->size - p->used) {
        size_t room = size > PIECE ? size : PIECE;
        p = mem_alloc(sizeof *p + room);
        *p = (struct fifo_piece){.size = room};
        if (f->last != NULL)
            f->last->next = p;
        else
            f->first = p;
        f->last = p;
    }
    void *record = (char *)p->bytes + p->used;
    p->used += size;
    return record;
}

void *fifo_first(const struct fifo *f)
{
    return f->first != NULL ? (char *)f->first->bytes + f->first->from : NULL;
}

void fifo_drop(struct fifo *f, size_t size)
{
    struct fifo_piece *p = f->first;
    p->from += rounded(size);
    if (p->from != p->used)
        return;
    f->first = p->next;
    if (f->last == p)
        f->last = NULL;
    mem_free(p);
}

void fifo_free(struct fifo *f)
{
    while (f->first != NULL) {
        struct fifo_piece *p = f->first;
        f->first = p->next;
        mem_free(p);
    }
    f->last = NULL;
}
