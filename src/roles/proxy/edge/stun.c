#include "roles/proxy/edge/stun.h"

#include "base/error.h"

#define HEAD 20U
#define COOKIE 0x2112A442U
#define LONGEST 548U /* RFC 8489 6.1 */
#define UNKNOWN_MOST 4U

enum { BINDING = 0x0001, SUCCESS = 0x0101, FAILURE = 0x0111 };
enum {
    MAPPED_ADDRESS = 0x0001,
    USERNAME = 0x0006,
    MESSAGE_INTEGRITY = 0x0008,
    ERROR_CODE = 0x0009,
    UNKNOWN_ATTRIBUTES = 0x000a,
    REALM = 0x0014,
    NONCE = 0x0015,
    XOR_MAPPED_ADDRESS = 0x0020,
    OPTIONAL = 0x8000, /* from here on: who does not know it ignores it */
    FINGERPRINT = 0x8028
};

struct request {
    bool fingerprint;
    bool cookie; /* without: RFC 3489 */
    uint16_t unknown[UNKNOWN_MOST];
    unsigned unknown_count;
};

static uint16_t two(struct slice s, size_t at)
{
    return (uint16_t)((unsigned char)s.data[at] << 8 | (unsigned char)s.data[at + 1]);
}

static uint32_t four(struct slice s, size_t at)
{
    return (uint32_t)two(s, at) << 16 | two(s, at + 2);
}

static void add_two(struct buffer *out, unsigned number)
{
    buffer_add_byte(out, (char)(number >> 8));
    buffer_add_byte(out, (char)number);
}

static void add_four(struct buffer *out, uint32_t number)
{
    add_two(out, number >> 16);
    add_two(out, number & 0xffff);
}

/* CRC-32 of ITU V.42, and what makes it STUN's (RFC 8489 14.7). */
static uint32_t fingerprint(struct slice bytes)
{
    uint32_t crc = UINT32_MAX;
    for (size_t i = 0; i < bytes.length; i++) {
        crc ^= (unsigned char)bytes.data[i];
        for (int bit = 0; bit < 8; bit++)
            crc = crc >> 1 ^ (crc & 1 ? 0xedb88320U : 0);
    }
    return ~crc ^ 0x5354554eU;
}

bool stun_is(struct slice d)
{
    return d.length >= HEAD && (unsigned char)d.data[0] <= 1 && d.length == HEAD + (size_t)two(d, 2) &&
           d.length % 4 == 0;
}

static bool is_known(uint16_t type)
{
    return type >= OPTIONAL || type == USERNAME || type == MESSAGE_INTEGRITY || type == REALM ||
           type == NONCE;
}

static int read(struct request *r, struct slice bytes)
{
    *r = (struct request){.cookie = four(bytes, 4) == COOKIE};
    for (size_t at = HEAD; at < bytes.length;) {
        if (bytes.length - at < 4 || r->fingerprint)
            return ERROR_SYNTAX; /* nothing stands behind the fingerprint */
        uint16_t type = two(bytes, at);
        size_t length = two(bytes, at + 2), room = (length + 3) & ~(size_t)3;
        if (room > bytes.length - at - 4)
            return ERROR_SYNTAX;
        if (type == FINGERPRINT) {
            if (length != 4 || four(bytes, at + 4) != fingerprint(slice_first(bytes, at)))
                return ERROR_SYNTAX;
            r->fingerprint = true;
        } else if (!is_known(type) && r->unknown_count < UNKNOWN_MOST) {
            r->unknown[r->unknown_count++] = type;
        }
        at += 4 + room;
    }
    return 0;
}

static void add_address(struct buffer *out, const struct address *peer, bool veiled, struct slice id)
{
    size_t size = peer->family == 6 ? 16 : 4;
    add_two(out, veiled ? XOR_MAPPED_ADDRESS : MAPPED_ADDRESS);
    add_two(out, (unsigned)size + 4);
    add_two(out, peer->family == 6 ? 2 : 1);
    add_two(out, peer->port ^ (veiled ? COOKIE >> 16 : 0));
    for (size_t i = 0; i < size; i++) /* the mask is the cookie and the transaction's id */
        buffer_add_byte(out, (char)(peer->ip[i] ^ (veiled ? id.data[i] : 0)));
}

static void add_refusal(struct buffer *out, const struct request *r)
{
    add_two(out, ERROR_CODE);
    add_two(out, 4);
    add_four(out, 4 << 8 | 20);
    add_two(out, UNKNOWN_ATTRIBUTES);
    add_two(out, 2 * r->unknown_count);
    for (unsigned i = 0; i < r->unknown_count; i++)
        add_two(out, r->unknown[i]);
    if (r->unknown_count % 2 != 0)
        add_two(out, 0);
}

static void set_length(struct buffer *out, size_t begin, size_t extra)
{
    size_t length = out->length - begin - HEAD + extra;
    out->data[begin + 2] = (char)(length >> 8);
    out->data[begin + 3] = (char)length;
}

int stun_answer(struct buffer *out, struct slice request, const struct address *peer)
{
    struct request r;
    size_t begin = out->length;
    if (!stun_is(request) || request.length > LONGEST || two(request, 0) != BINDING || read(&r, request) != 0)
        return ERROR_SYNTAX;
    add_two(out, r.unknown_count != 0 ? FAILURE : SUCCESS);
    add_two(out, 0);
    buffer_add(out, slice_of(request.data + 4, HEAD - 4));
    if (r.unknown_count != 0)
        add_refusal(out, &r);
    else
        add_address(out, peer, r.cookie, slice_from(request, 4));
    set_length(out, begin, 0);
    if (r.fingerprint && !out->overflowed) {
        set_length(out, begin, 8);
        uint32_t sum = fingerprint(slice_from(buffer_slice(out), begin));
        add_two(out, FINGERPRINT);
        add_two(out, 4);
        add_four(out, sum);
    }
    return out->overflowed ? ERROR_LIMIT : 0;
}
