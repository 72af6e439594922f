/* Packets as a network would have carried them: each message as one datagram of UDP, whatever it came by. */
#include "tools/trace/trace.h"

#define LINK_RAW 101U /* IPv4 or IPv6, told apart by the first half byte */
#define MAGIC 0xa1b2c3d4U
#define SNAP 262144U
#define UDP 17U
#define UDP_HEAD 8U
#define HEAD_4 20U
#define HEAD_6 40U
#define PAYLOAD_MOST (65535U - HEAD_4 - UDP_HEAD)
#define SECOND INT64_C(1000000)

/* The file's own numbers: least byte first, on every machine. */
static void add_little(struct buffer *out, uint32_t number, unsigned bytes)
{
    for (unsigned i = 0; i < bytes; i++)
        buffer_add_byte(out, (char)(number >> 8 * i & 0xff));
}

static void add_big(struct buffer *out, uint32_t number, unsigned bytes)
{
    while (bytes-- != 0)
        buffer_add_byte(out, (char)(number >> 8 * bytes & 0xff));
}

/* RFC 1071, of an even number of bytes or the last one filled up. */
static uint32_t sum(uint32_t so_far, struct slice bytes)
{
    for (size_t i = 0; i < bytes.length; i++)
        so_far += (uint32_t)(unsigned char)bytes.data[i] << (i % 2 == 0 ? 8 : 0);
    while (so_far > 0xffff)
        so_far = (so_far & 0xffff) + (so_far >> 16);
    return so_far;
}

static void put_big(struct buffer *out, size_t at, uint32_t number)
{
    if (out->overflowed)
        return;
    out->data[at] = (char)(number >> 8);
    out->data[at + 1] = (char)number;
}

static void add_head_4(struct buffer *out, const struct trace_message *e, uint32_t length)
{
    size_t begin = out->length;
    add_big(out, 0x45000000U | (HEAD_4 + length), 4);
    add_big(out, 0x4000, 4); /* no identification, not to be fragmented */
    add_big(out, 64U << 24 | UDP << 16, 4);
    buffer_add(out, slice_of(e->from_address.ip, 4));
    buffer_add(out, slice_of(e->to_address.ip, 4));
    put_big(out, begin + 10, ~sum(0, slice_from(buffer_slice(out), begin)) & 0xffff);
}

static void add_address_6(struct buffer *out, const struct address *a)
{
    static const unsigned char mapped[12] = {[10] = 0xff, [11] = 0xff}; /* RFC 4291 2.5.5.2 */
    if (a->family != 6)
        buffer_add(out, slice_of(mapped, sizeof mapped));
    buffer_add(out, slice_of(a->ip, a->family == 6 ? 16 : 4));
}

static void add_head_6(struct buffer *out, const struct trace_message *e, uint32_t length)
{
    add_big(out, 0x60000000U, 4);
    add_big(out, length << 16 | UDP << 8 | 64U, 4);
    add_address_6(out, &e->from_address);
    add_address_6(out, &e->to_address);
}

static void add_packet(struct buffer *out, const struct trace_message *e)
{
    bool six = e->from_address.family == 6 || e->to_address.family == 6;
    struct slice text = slice_first(e->text, PAYLOAD_MOST);
    uint32_t length = UDP_HEAD + (uint32_t)text.length, whole = length + (six ? HEAD_6 : HEAD_4);
    add_little(out, (uint32_t)(e->at / SECOND), 4);
    add_little(out, (uint32_t)(e->at % SECOND), 4);
    add_little(out, whole, 4);
    add_little(out, whole, 4);
    size_t begin = out->length;
    (six ? add_head_6 : add_head_4)(out, e, length);
    size_t udp = out->length;
    add_big(out, e->from_address.port, 2);
    add_big(out, e->to_address.port, 2);
    add_big(out, length, 2);
    add_big(out, 0, 2); /* none over IPv4; IPv6 must have one (RFC 8200 8.1) */
    buffer_add(out, text);
    if (six) {
        uint32_t pseudo = sum(length + UDP, slice_first(slice_from(buffer_slice(out), begin + 8), 32));
        uint32_t check = ~sum(pseudo, slice_from(buffer_slice(out), udp)) & 0xffff;
        put_big(out, udp + 6, check != 0 ? check : 0xffff);
    }
}

void pcap_add(struct buffer *out, const struct trace *t)
{
    add_little(out, MAGIC, 4);
    add_little(out, 2, 2); /* version 2.4 */
    add_little(out, 4, 2);
    add_little(out, 0, 4);
    add_little(out, 0, 4);
    add_little(out, SNAP, 4);
    add_little(out, LINK_RAW, 4);
    for (size_t i = 0; i < t->count; i++)
        add_packet(out, &t->messages[i]);
}
