#include "roles/proxy/trace/hep.h"

#define HEAD 6U /* bytes, of the packet and of a chunk */
#define SECOND INT64_C(1000000)
#define TEXT_MOST 1024U /* bytes of password and correlation */

enum hep_chunk {
    HEP_FAMILY = 1,   /* as AF_INET (2) and AF_INET6 (10) */
    HEP_PROTOCOL = 2, /* of IP: 6 TCP, 17 UDP */
    HEP_SOURCE_4 = 3,
    HEP_DESTINATION_4 = 4,
    HEP_SOURCE_6 = 5,
    HEP_DESTINATION_6 = 6,
    HEP_SOURCE_PORT = 7,
    HEP_DESTINATION_PORT = 8,
    HEP_SECONDS = 9,
    HEP_MICROSECONDS = 10,
    HEP_TYPE = 11, /* 1: SIP */
    HEP_CAPTURE_ID = 12,
    HEP_PASSWORD = 14,
    HEP_PAYLOAD_CHUNK = 15,
    HEP_CORRELATION = 17,
};

static void add_number(struct buffer *out, uint32_t number, unsigned bytes)
{
    while (bytes-- != 0)
        buffer_add_byte(out, (char)(number >> 8 * bytes & 0xff));
}

static void add_head(struct buffer *out, enum hep_chunk type, size_t length)
{
    add_number(out, 0, 2);
    add_number(out, type, 2);
    add_number(out, (uint32_t)(HEAD + length), 2);
}

static void add_integer(struct buffer *out, enum hep_chunk type, uint32_t number, unsigned bytes)
{
    add_head(out, type, bytes);
    add_number(out, number, bytes);
}

static void add_bytes(struct buffer *out, enum hep_chunk type, struct slice bytes)
{
    add_head(out, type, bytes.length);
    buffer_add(out, bytes);
}

static void add_text(struct buffer *out, enum hep_chunk type, struct slice text)
{
    if (text.length != 0)
        add_bytes(out, type, slice_first(text, TEXT_MOST));
}

void hep_add(struct buffer *out, const struct hep *h)
{
    bool six = h->from.family == 6;
    size_t begin = out->length, ip = six ? 16 : 4;
    buffer_add_text(out, "HEP3");
    add_number(out, 0, 2);
    add_integer(out, HEP_FAMILY, six ? 10 : 2, 1);
    add_integer(out, HEP_PROTOCOL, h->stream ? 6 : 17, 1);
    add_bytes(out, six ? HEP_SOURCE_6 : HEP_SOURCE_4, slice_of(h->from.ip, ip));
    add_bytes(out, six ? HEP_DESTINATION_6 : HEP_DESTINATION_4, slice_of(h->to.ip, ip));
    add_integer(out, HEP_SOURCE_PORT, h->from.port, 2);
    add_integer(out, HEP_DESTINATION_PORT, h->to.port, 2);
    add_integer(out, HEP_SECONDS, (uint32_t)(h->at / SECOND), 4);
    add_integer(out, HEP_MICROSECONDS, (uint32_t)(h->at % SECOND), 4);
    add_integer(out, HEP_TYPE, 1, 1);
    add_integer(out, HEP_CAPTURE_ID, h->capture_id, 4);
    add_text(out, HEP_PASSWORD, h->password);
    add_text(out, HEP_CORRELATION, h->correlation);
    add_bytes(out, HEP_PAYLOAD_CHUNK, slice_first(h->payload, HEP_PAYLOAD));
    if (out->overflowed)
        return;
    size_t length = out->length - begin;
    out->data[begin + 4] = (char)(length >> 8);
    out->data[begin + 5] = (char)length;
}
