/* Records of any size that go in the order in which they came, side by side in large pieces of memory: for
 * very many that all wait equally long. They stay where they are. Zeroed memory is an empty one. */
#ifndef TANDEM_BASE_FIFO_H
#define TANDEM_BASE_FIFO_H

#include <stddef.h>

struct fifo_piece;

struct fifo {
    struct fifo_piece *first, *last;
};

void *fifo_add(struct fifo *f, size_t size); /* uninitialised, aligned for numbers of eight bytes */
void *fifo_first(const struct fifo *f);      /* NULL: none */
void fifo_drop(struct fifo *f, size_t size); /* the first, which has that size */
void fifo_free(struct fifo *f);

#endif
