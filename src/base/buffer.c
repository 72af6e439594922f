#include "base/buffer.h"

#include <stdarg.h>
#include <stdio.h>

#include "base/mem.h"

#define SMALLEST 64 /* bytes: the first allocation */

void buffer_free(struct buffer *b)
{
    mem_free(b->data);
    *b = (struct buffer){.limit = b->limit};
}

char *buffer_room(struct buffer *b, size_t length)
{
    size_t limit = b->limit != 0 ? b->limit : BUFFER_LIMIT;
    if (b->overflowed || length > limit - b->length) {
        b->overflowed = true;
        return NULL;
    }
    /* NULL would mean an overflow, also to one who asks for no bytes. */
    if (length > b->capacity - b->length || b->data == NULL) {
        size_t capacity = b->capacity != 0 ? b->capacity : SMALLEST;
        while (capacity - b->length < length)
            capacity *= 2;
        b->data = mem_resize(b->data, capacity);
        b->capacity = capacity;
    }
    return b->data + b->length;
}

void buffer_add(struct buffer *b, struct slice s)
{
    if (s.length == 0)
        return;
    char *room = buffer_room(b, s.length);
    if (room == NULL)
        return;
    slice_put(room, s);
    b->length += s.length;
}

void buffer_add_text(struct buffer *b, const char *text)
{
    buffer_add(b, slice_text(text));
}

void buffer_add_byte(struct buffer *b, char byte)
{
    buffer_add(b, slice_of(&byte, 1));
}

void buffer_add_u64(struct buffer *b, uint64_t number)
{
    char digits[20];
    size_t at = sizeof digits;
    do
        digits[--at] = (char)('0' + number % 10);
    while ((number /= 10) != 0);
    buffer_add(b, slice_of(digits + at, sizeof digits - at));
}

/* Mostly there is room, and the text is made once. */
void buffer_add_format(struct buffer *b, const char *format, ...)
{
    va_list arguments;
    size_t room = b->data != NULL && !b->overflowed ? b->capacity - b->length : 0;
    va_start(arguments, format);
    int length = vsnprintf(room != 0 ? b->data + b->length : NULL, room, format, arguments);
    va_end(arguments);
    char *at = length >= 0 ? buffer_room(b, (size_t)length + 1) : NULL;
    if (at == NULL)
        return;
    if ((size_t)length >= room) {
        va_start(arguments, format);
        vsnprintf(at, (size_t)length + 1, format, arguments);
        va_end(arguments);
    }
    b->length += (size_t)length;
}

void buffer_consume(struct buffer *b, size_t length)
{
    if (length >= b->length) {
        b->length = 0;
        return;
    }
    memmove(b->data, b->data + length, b->length - length);
    b->length -= length;
}
