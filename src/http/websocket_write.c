/* Frames out (RFC 6455 5.2). */
#include "http/websocket_int.h"

#include "base/hash.h"

/* Header without mask; returns its length. */
static size_t header(uint8_t at[14], unsigned opcode, size_t length, uint8_t masked)
{
    at[0] = (uint8_t)(0x80 | opcode);
    if (length < 126) {
        at[1] = (uint8_t)(masked | length);
        return 2;
    }
    size_t bytes = length < 65536 ? 2 : 8;
    at[1] = masked | (bytes == 2 ? 126 : 127);
    for (size_t i = 0; i < bytes; i++)
        at[2 + i] = (uint8_t)((uint64_t)length >> 8 * (bytes - 1 - i));
    return 2 + bytes;
}

void websocket_add_frame(struct buffer *out, enum websocket_opcode opcode, struct slice bytes)
{
    uint8_t head[14];
    buffer_add(out, slice_of(head, header(head, opcode, bytes.length, 0)));
    buffer_add(out, bytes);
}

static void add_masked(
    struct websocket *w, enum websocket_opcode opcode, struct slice bytes, struct buffer *out)
{
    uint8_t head[14];
    size_t length = header(head, opcode, bytes.length, 0x80);
    uint64_t mask = hash_number(((uint64_t)w->mask_seed << 20) + 1);
    w->mask_seed++;
    memcpy(head + length, &mask, 4);
    buffer_add(out, slice_of(head, length + 4));
    char *room = buffer_room(out, bytes.length);
    if (room == NULL)
        return;
    websocket__mask(room, bytes, head + length, 0);
    out->length += bytes.length;
}

void websocket_send(struct websocket *w, enum websocket_opcode opcode, struct slice bytes, struct buffer *out)
{
    if (w->close_sent)
        return;
    w->close_sent = opcode == WEBSOCKET_CLOSE;
    if (w->client)
        add_masked(w, opcode, bytes, out);
    else
        websocket_add_frame(out, opcode, bytes);
}

void websocket_send_close(struct websocket *w, uint16_t code, struct slice reason, struct buffer *out)
{
    char payload[125] = {(char)(code >> 8), (char)code};
    reason = slice_first(reason, sizeof payload - 2);
    while (reason.length != 0 && !utf8_valid(reason)) /* cut between characters */
        reason.length--;
    slice_put(payload + 2, reason);
    websocket_send(
        w, WEBSOCKET_CLOSE, slice_of(payload, code != WEBSOCKET_NO_CODE ? 2 + reason.length : 0), out);
}
