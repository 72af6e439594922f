/* A buffer that grows up to its limit. Past the limit it keeps what it has and remembers that it overflowed,
 * so a builder adds away and its user checks once, at the end. Zeroed memory is a valid, empty buffer of
 * BUFFER_LIMIT. */
#ifndef TANDEM_BASE_BUFFER_H
#define TANDEM_BASE_BUFFER_H

#include "base/slice.h"

#define BUFFER_LIMIT ((size_t)16 << 20)

struct buffer {
    char *data;
    size_t length, capacity;
    size_t limit; /* bytes; 0 means BUFFER_LIMIT */
    bool overflowed;
};

void buffer_free(struct buffer *b);

static inline void buffer_clear(struct buffer *b)
{
    b->length = 0;
    b->overflowed = false;
}

static inline struct slice buffer_slice(const struct buffer *b)
{
    return slice_of(b->data, b->length);
}

/* Room for `length` more bytes at data + length; NULL past the limit. Fill it, then add to `length`. */
char *buffer_room(struct buffer *b, size_t length);

void buffer_add(struct buffer *b, struct slice s);
void buffer_add_text(struct buffer *b, const char *text);
void buffer_add_byte(struct buffer *b, char byte);
void buffer_add_u64(struct buffer *b, uint64_t number); /* decimal */
void buffer_add_format(struct buffer *b, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* Drops the first `length` bytes. */
void buffer_consume(struct buffer *b, size_t length);

#endif
