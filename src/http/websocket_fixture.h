/* For tests and fuzzing: an echo server over the codec, its input cut into pieces. */
#ifndef TANDEM_HTTP_WEBSOCKET_FIXTURE_H
#define TANDEM_HTTP_WEBSOCKET_FIXTURE_H

#include "http/websocket.h"

struct websocket_drive {
    struct websocket w;
    struct buffer out; /* what the client gets */
    unsigned messages, pings, pongs;
    bool closed, failed;
    uint16_t code;
};

static inline void websocket_drive_feed(struct websocket_drive *d, struct slice bytes, size_t piece)
{
    while (bytes.length != 0) {
        struct slice part = slice_first(bytes, piece);
        bytes = slice_from(bytes, part.length);
        struct websocket_message m;
        for (enum websocket_event event;
             (event = websocket_next(&d->w, &part, &m, &d->out)) != WEBSOCKET_MORE;)
            switch (event) {
            case WEBSOCKET_MESSAGE:
                d->messages++;
                websocket_send(&d->w, m.opcode, m.bytes, &d->out);
                break;
            case WEBSOCKET_PINGED:
                d->pings++;
                break;
            case WEBSOCKET_PONGED:
                d->pongs++;
                break;
            default:
                d->closed = event == WEBSOCKET_CLOSED;
                d->failed = event == WEBSOCKET_FAILED;
                d->code = m.code;
                break;
            }
    }
}

static inline void websocket_drive_close(struct websocket_drive *d)
{
    websocket_close(&d->w);
    buffer_free(&d->out);
}

#endif
