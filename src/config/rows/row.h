/* One row: a fixed part that begins with its name, and its texts behind it, in one counted piece of memory.
 *
 *     ┌ references ┬ struct config_dn { number ──┬─ name ──┬─ ... } ┬ 1001 ┬ Reception ┐
 *     └────────────┴─────────────────────────────┼─────────┼────────┴──▲───┴─────▲─────┘
 *                                                └─────────┼───────────┘         │
 *                                                          └─────────────────────┘
 * A table of its members says what has to be copied with it and how it is written to a file. */
#ifndef TANDEM_CONFIG_ROWS_ROW_H
#define TANDEM_CONFIG_ROWS_ROW_H

#include "base/arena.h"
#include "config/config.h"

enum row_member_type {
    ROW_TEXT,  /* a struct slice */
    ROW_LIST,  /* a struct config_list of them */
    ROW_BYTES, /* as they are: numbers, flags, digests */
};

struct row_member {
    uint8_t type; /* enum row_member_type */
    uint16_t offset, size;
};
#define ROW_MEMBER_TEXT(structure, member)                                                                   \
    {                                                                                                        \
        ROW_TEXT, offsetof(structure, member), sizeof(struct slice)                                          \
    }
#define ROW_MEMBER_LIST(structure, member)                                                                   \
    {                                                                                                        \
        ROW_LIST, offsetof(structure, member), sizeof(struct config_list)                                    \
    }
#define ROW_MEMBER_BYTES(structure, member)                                                                  \
    {                                                                                                        \
        ROW_BYTES, offsetof(structure, member), sizeof(((structure *)0)->member)                             \
    }

/* The first member is the name, at the beginning. Members are told apart in files by their place in the
 * table: new ones go to the end, and none is taken out. */
struct row_shape {
    const struct row_member *members;
    size_t count, size; /* size of the structure */
};

/* A copy of the structure and of its texts, with one reference. */
const void *row_new(const struct row_shape *shape, const void *structure);
const void *row_retain(const void *row);
void row_release(const void *row);
static inline struct slice row_name(const void *row)
{
    return *(const struct slice *)row;
}

/* For files: the members, each with its place and length. Members that the reader's table does not have are
 * passed over, members that the writer's did not have are zero. ERROR_CORRUPT. */
void row_write(struct buffer *out, const struct row_shape *shape, const void *row);
/* Fills a structure whose texts point into the bytes, lists into the arena. */
int row_read(void *structure, const struct row_shape *shape, struct slice bytes, struct arena *arena)
    __attribute__((warn_unused_result));

#endif
