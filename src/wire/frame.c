#include "wire/frame.h"

#include "base/error.h"

void frame_reader_free(struct frame_reader *r)
{
    buffer_free(&r->held);
    r->delivered = false;
}

static uint32_t read_u32(const char *at)
{
    const unsigned char *byte = (const unsigned char *)at;
    return (uint32_t)byte[0] << 24 | (uint32_t)byte[1] << 16 | (uint32_t)byte[2] << 8 | byte[3];
}

/* How many bytes the frame has that begins here: 0 and *length, or why it cannot be said. */
static int frame_length(size_t *length, struct slice bytes)
{
    if (bytes.length < 4)
        return ERROR_AGAIN;
    uint32_t following = read_u32(bytes.data);
    if (following == 0)
        return ERROR_SYNTAX;
    if (following > FRAME_LIMIT)
        return ERROR_LIMIT;
    *length = 4 + (size_t)following;
    return 0;
}

static struct frame frame_of(struct slice whole)
{
    return (struct frame){(uint8_t)whole.data[4], slice_from(whole, FRAME_HEAD)};
}

static void hold(struct frame_reader *r, struct slice *bytes, size_t length)
{
    struct slice part = slice_first(*bytes, length);
    buffer_add(&r->held, part);
    *bytes = slice_from(*bytes, part.length);
}

int frame_next(struct frame_reader *r, struct slice *bytes, struct frame *f)
{
    size_t length;
    int error;
    if (r->delivered)
        frame_reader_free(r);
    if (r->held.length == 0) {
        error = frame_length(&length, *bytes);
        if (error == 0 && length <= bytes->length) { /* the usual case: whole, and not copied */
            *f = frame_of(slice_first(*bytes, length));
            *bytes = slice_from(*bytes, length);
            return 0;
        }
        if (error != 0 && error != ERROR_AGAIN)
            return error;
    }
    if (r->held.length < 4)
        hold(r, bytes, 4 - r->held.length);
    error = frame_length(&length, buffer_slice(&r->held));
    if (error != 0)
        return error;
    hold(r, bytes, length - r->held.length);
    if (r->held.length < length)
        return ERROR_AGAIN;
    *f = frame_of(buffer_slice(&r->held));
    r->delivered = true;
    return 0;
}

size_t frame_begin(struct buffer *out, uint8_t kind)
{
    size_t begun = out->length;
    buffer_add(out, slice_of("\0\0\0", 4));
    buffer_add_byte(out, (char)kind);
    return begun;
}

void frame_end(struct buffer *out, size_t begun)
{
    if (out->overflowed)
        return;
    size_t following = out->length - begun - 4;
    if (following > FRAME_LIMIT) {
        out->length = begun;
        out->overflowed = true;
        return;
    }
    for (size_t i = 0; i < 4; i++)
        out->data[begun + i] = (char)(following >> 8 * (3 - i));
}

void frame_add(struct buffer *out, uint8_t kind, struct slice payload)
{
    size_t begun = frame_begin(out, kind);
    buffer_add(out, payload);
    frame_end(out, begun);
}
