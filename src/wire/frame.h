/* Messages in a stream: 4 bytes big-endian length of what follows, 1 byte kind, the payload. The client wire
 * and the streams between our own parts use it. */
#ifndef TANDEM_WIRE_FRAME_H
#define TANDEM_WIRE_FRAME_H

#include "base/buffer.h"

#define FRAME_LIMIT ((size_t)1 << 20) /* bytes of kind and payload */
#define FRAME_HEAD ((size_t)5)        /* bytes before the payload */

/* Zeroed memory is a reader at the beginning of a stream. Between frames it holds nothing. */
struct frame_reader {
    struct buffer held; /* of the frame under way */
    bool delivered;     /* the frame in `held` was given out */
};

struct frame {
    uint8_t kind;
    struct slice payload; /* until the next call, and only while the bytes it was read from live */
};

void frame_reader_free(struct frame_reader *r);

/* Takes the next frame from *bytes: 0, ERROR_AGAIN when all bytes are used up, ERROR_SYNTAX (length 0) or
 * ERROR_LIMIT: then the stream cannot be read any further. */
int frame_next(struct frame_reader *r, struct slice *bytes, struct frame *f)
    __attribute__((warn_unused_result));

/* A frame that is too long leaves the buffer marked as overflowed. */
void frame_add(struct buffer *out, uint8_t kind, struct slice payload);
/* The same without a copy: add the payload between begin and end. */
size_t frame_begin(struct buffer *out, uint8_t kind);
void frame_end(struct buffer *out, size_t begun);

#endif
