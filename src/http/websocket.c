/* Frames in, messages out (RFC 6455 5 to 8). */
#include "http/websocket.h"

#include "http/websocket_int.h"

#include "base/error.h"

const struct websocket_limits websocket_limits_default = {.message = 1048576, .fragments = 131072};

void websocket_open(struct websocket *w, const struct websocket_limits *limits)
{
    *w = (struct websocket){.limits = limits != NULL ? limits : &websocket_limits_default};
}

void websocket_open_client(struct websocket *w, const struct websocket_limits *limits, uint32_t seed)
{
    websocket_open(w, limits);
    w->client = true;
    w->mask_seed = seed;
}

void websocket_close(struct websocket *w)
{
    buffer_free(&w->message);
    w->ended = true;
}

static bool is_control(unsigned opcode)
{
    return opcode >= WEBSOCKET_CLOSE;
}

static enum websocket_event fail(
    struct websocket *w, uint16_t code, struct websocket_message *m, struct buffer *out)
{
    websocket_send_close(w, code, (struct slice){NULL, 0}, out);
    websocket_close(w);
    *m = (struct websocket_message){.opcode = WEBSOCKET_CLOSE, .code = code};
    return WEBSOCKET_FAILED;
}

/* How long the header is, as far as its first two bytes say; 2 before they are there. */
static size_t header_length(const struct websocket *w)
{
    if (w->header_length < 2)
        return 2;
    unsigned length = w->header[1] & 0x7f;
    return 2 + (length == 126 ? 2 : length == 127 ? 8 : 0) + (w->header[1] & 0x80 ? 4 : 0);
}

/* What is wrong with the first two bytes: 0 or a close code. */
static uint16_t check_start(const struct websocket *w)
{
    unsigned first = w->header[0], opcode = first & 0x0f, length = w->header[1] & 0x7f;
    if (first & 0x70) /* RSV: no extension was agreed on */
        return WEBSOCKET_PROTOCOL_ERROR;
    if (((w->header[1] & 0x80) != 0) == w->client) /* clients mask, servers do not (5.1) */
        return WEBSOCKET_PROTOCOL_ERROR;
    if (is_control(opcode)) {
        bool known = opcode == WEBSOCKET_CLOSE || opcode == WEBSOCKET_PING || opcode == WEBSOCKET_PONG;
        return !known || length > 125 || !(first & 0x80) ? WEBSOCKET_PROTOCOL_ERROR : 0;
    }
    if (opcode > WEBSOCKET_BINARY)
        return WEBSOCKET_PROTOCOL_ERROR;
    /* A continuation needs something to continue, anything else needs that nothing is open (5.4). */
    return (opcode == WEBSOCKET_CONTINUATION) == (w->message_opcode == 0) ? WEBSOCKET_PROTOCOL_ERROR : 0;
}

/* The header is whole. */
static uint16_t start_frame(struct websocket *w)
{
    uint64_t length = w->header[1] & 0x7f;
    if (length >= 126) {
        size_t bytes = length == 126 ? 2 : 8;
        length = 0;
        for (size_t i = 0; i < bytes; i++)
            length = length << 8 | w->header[2 + i];
        if (length < (bytes == 2 ? 126 : 65536) || length >> 63) /* the shortest form (5.2) */
            return WEBSOCKET_PROTOCOL_ERROR;
    }
    w->opcode = w->header[0] & 0x0f;
    w->final = w->header[0] & 0x80;
    w->left = length;
    w->mask_at = 0;
    w->in_payload = true;
    if (is_control(w->opcode))
        return 0;
    if (length > w->limits->message - w->kept)
        return WEBSOCKET_TOO_BIG;
    if (++w->fragments > w->limits->fragments)
        return WEBSOCKET_POLICY;
    if (w->opcode != WEBSOCKET_CONTINUATION) {
        w->message_opcode = w->opcode;
        w->text = (struct utf8){0};
    }
    return 0;
}

static uint16_t read_header(struct websocket *w, struct slice *bytes)
{
    while (bytes->length != 0 && w->header_length < header_length(w)) {
        w->header[w->header_length++] = (uint8_t)bytes->data[0];
        *bytes = slice_from(*bytes, 1);
        uint16_t wrong = w->header_length == 2 ? check_start(w) : 0;
        if (wrong != 0)
            return wrong;
    }
    return w->header_length >= 2 && w->header_length == header_length(w) ? start_frame(w) : 0;
}

void websocket__mask(char *out, struct slice in, const uint8_t mask[4], unsigned at)
{
    uint8_t turned[8];
    for (unsigned i = 0; i < 8; i++)
        turned[i] = mask[(at + i) & 3];
    uint64_t key, word;
    memcpy(&key, turned, sizeof key);
    size_t i = 0;
    for (; i + 8 <= in.length; i += 8) {
        memcpy(&word, in.data + i, sizeof word);
        word ^= key;
        memcpy(out + i, &word, sizeof word);
    }
    for (; i < in.length; i++)
        out[i] = (char)(in.data[i] ^ (char)turned[i & 7]);
}

static uint16_t read_payload(struct websocket *w, struct slice *bytes)
{
    struct slice part = slice_first(*bytes, w->left);
    if (part.length == 0)
        return 0;
    w->message.limit = w->limits->message + 125; /* a control frame may stand behind */
    char *room = buffer_room(&w->message, part.length);
    if (room == NULL)
        return WEBSOCKET_TOO_BIG;
    if (w->client)
        slice_put(room, part);
    else
        websocket__mask(room, part, w->header + w->header_length - 4, w->mask_at);
    w->mask_at = (uint8_t)((w->mask_at + part.length) & 3);
    w->message.length += part.length;
    w->left -= part.length;
    *bytes = slice_from(*bytes, part.length);
    if (is_control(w->opcode))
        return 0;
    w->kept = w->message.length;
    if (w->message_opcode == WEBSOCKET_TEXT && !utf8_feed(&w->text, slice_of(room, part.length)))
        return WEBSOCKET_INVALID_TEXT;
    return 0;
}

/* May a peer say this? (7.4) 1012 to 1014 are for servers to say. */
static bool code_is_valid(const struct websocket *w, unsigned code)
{
    if (code >= 3000 && code <= 4999)
        return true;
    if (code >= 1012 && code <= 1014)
        return w->client;
    return code >= 1000 && code <= 1011 && code != 1004 && code != 1005 && code != 1006;
}

static enum websocket_event take_close(
    struct websocket *w, struct slice payload, struct websocket_message *m, struct buffer *out)
{
    unsigned code = WEBSOCKET_NO_CODE;
    struct slice reason = slice_from(payload, 2);
    if (payload.length == 1)
        return fail(w, WEBSOCKET_PROTOCOL_ERROR, m, out);
    if (payload.length >= 2) {
        code = (unsigned)(uint8_t)payload.data[0] << 8 | (uint8_t)payload.data[1];
        if (!code_is_valid(w, code))
            return fail(w, WEBSOCKET_PROTOCOL_ERROR, m, out);
        if (!utf8_valid(reason))
            return fail(w, WEBSOCKET_INVALID_TEXT, m, out);
    }
    websocket_send_close(w, (uint16_t)code, (struct slice){NULL, 0}, out); /* echoes the code (5.5.1) */
    w->ended = true;
    *m = (struct websocket_message){WEBSOCKET_CLOSE, (uint16_t)code, reason};
    return WEBSOCKET_CLOSED;
}

static enum websocket_event take_control(struct websocket *w, struct websocket_message *m, struct buffer *out)
{
    struct slice payload = slice_from(buffer_slice(&w->message), w->kept);
    w->message.length = w->kept; /* the bytes stay until the next call */
    if (w->opcode == WEBSOCKET_CLOSE)
        return take_close(w, payload, m, out);
    *m = (struct websocket_message){.opcode = w->opcode, .bytes = payload};
    if (w->opcode == WEBSOCKET_PONG)
        return WEBSOCKET_PONGED;
    websocket_send(w, WEBSOCKET_PONG, payload, out);
    return WEBSOCKET_PINGED;
}

/* A frame is whole: MORE when it says nothing to the caller. */
static enum websocket_event take_frame(struct websocket *w, struct websocket_message *m, struct buffer *out)
{
    w->header_length = 0;
    w->in_payload = false;
    if (is_control(w->opcode))
        return take_control(w, m, out);
    if (!w->final)
        return WEBSOCKET_MORE;
    if (w->message_opcode == WEBSOCKET_TEXT && !utf8_complete(&w->text))
        return fail(w, WEBSOCKET_INVALID_TEXT, m, out);
    *m = (struct websocket_message){.opcode = w->message_opcode, .bytes = buffer_slice(&w->message)};
    w->message_opcode = 0;
    w->fragments = 0;
    w->delivered = true;
    return w->close_sent ? WEBSOCKET_MORE
                         : WEBSOCKET_MESSAGE; /* after our close only theirs counts (5.5.1) */
}

enum websocket_event websocket_next(
    struct websocket *w, struct slice *bytes, struct websocket_message *m, struct buffer *out)
{
    for (;;) {
        if (w->ended) {
            buffer_free(&w->message);
            *bytes = slice_from(*bytes, bytes->length);
            return WEBSOCKET_MORE;
        }
        if (w->delivered) {
            w->delivered = false;
            w->kept = 0;
            buffer_clear(&w->message);
        }
        if (bytes->length == 0) {
            if (w->message_opcode == 0 && !w->in_payload)
                buffer_free(&w->message); /* idle: hold nothing */
            return WEBSOCKET_MORE;
        }
        uint16_t wrong = w->in_payload ? 0 : read_header(w, bytes);
        if (wrong == 0 && w->in_payload)
            wrong = read_payload(w, bytes);
        if (wrong != 0)
            return fail(w, wrong, m, out);
        if (!w->in_payload || w->left != 0)
            continue;
        enum websocket_event event = take_frame(w, m, out);
        if (event != WEBSOCKET_MORE)
            return event;
    }
}
