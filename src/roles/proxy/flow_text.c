/* Flows of phones as text, in our Record-Route: any proxy of the location can read where a phone is.
 *
 *     NAME.u.LISTENER.IP.PORT.MARK        of a phone on UDP
 *     NAME.t.FLOW.INCARNATION.MARK        of one on a stream
 *
 * The mark is a keyed hash with the key that all proxies of the location have: what a phone has changed, or
 * made up, leads nowhere, so that nobody has us send datagrams to others (RFC 5626 5.2, SEC-4). */
#include "base/hash.h"
#include "roles/proxy/proxy_int.h"

#define FLOW_TEXT (PROXY_NAME + 96)

static void add_hex(struct buffer *out, const void *bytes, size_t length)
{
    for (size_t i = 0; i < length; i++)
        buffer_add_format(out, "%02x", ((const unsigned char *)bytes)[i]);
}

static uint64_t mark_of(const struct proxy *p, struct slice text)
{
    struct hash_key key;
    memcpy(&key.k0, p->nonce_key + PROXY_KEY / 2, sizeof key.k0);
    memcpy(&key.k1, p->nonce_key + PROXY_KEY - sizeof key.k1, sizeof key.k1);
    return hash_bytes(key, text);
}

char *proxy__flow_text(struct proxy *p, const struct phone_flow *b)
{
    struct buffer out = {.limit = FLOW_TEXT};
    buffer_add_text(&out, b->proxy);
    if (b->transport == TRANSPORT_UDP) {
        buffer_add_format(&out, ".u.%x.", b->listener);
        add_hex(&out, b->address.ip, b->address.family == 6 ? 16 : 4);
        buffer_add_format(&out, ".%x", b->address.port);
    } else {
        buffer_add_format(
            &out, ".t.%llx.%llx", (unsigned long long)b->flow, (unsigned long long)b->incarnation);
    }
    buffer_add_format(&out, ".%016llx", (unsigned long long)mark_of(p, buffer_slice(&out)));
    char *text = arena_text(&p->arena, buffer_slice(&out));
    buffer_free(&out);
    return text;
}

static bool read_hex(uint64_t *number, struct slice s)
{
    *number = 0;
    for (size_t i = 0; i < s.length; i++) {
        char c = s.data[i];
        if (!((c >= '0' && c <= '9') || (c >= 'a' && c <= 'f')))
            return false;
        *number = *number << 4 | (uint64_t)(c <= '9' ? c - '0' : c - 'a' + 10);
    }
    return s.length != 0 && s.length <= 16;
}

static bool read_address(struct address *a, struct slice ip, struct slice port)
{
    uint64_t byte, number;
    *a = (struct address){.family = ip.length == 8 ? 4 : 6};
    if ((ip.length != 8 && ip.length != 32) || !read_hex(&number, port) || number > 65535)
        return false;
    for (size_t i = 0; i < ip.length / 2; i++) {
        if (!read_hex(&byte, slice_of(ip.data + 2 * i, 2)))
            return false;
        a->ip[i] = (uint8_t)byte;
    }
    a->port = (uint16_t)number;
    return true;
}

/* Takes the last part off; names of proxies may hold dots, so that it is read from the end. */
static bool cut_last(struct slice *text, struct slice *part)
{
    size_t at = text->length;
    while (at != 0 && text->data[at - 1] != '.')
        at--;
    if (at == 0)
        return false;
    *part = slice_from(*text, at);
    *text = slice_first(*text, at - 1);
    return true;
}

bool proxy__flow_read(struct phone_flow *b, const struct proxy *p, struct slice text, bool from_proxy)
{
    struct slice mark, second, first, kind, listener;
    uint64_t number;
    *b = (struct phone_flow){.transport = TRANSPORT_TCP};
    if (!cut_last(&text, &mark) || !read_hex(&number, mark) || (!from_proxy && number != mark_of(p, text)) ||
        !cut_last(&text, &second) || !cut_last(&text, &first) || !cut_last(&text, &kind))
        return false;
    if (!slice_equal(kind, SLICE("t"))) {
        listener = kind;
        b->transport = TRANSPORT_UDP;
        if (!cut_last(&text, &kind) || !slice_equal(kind, SLICE("u")) || !read_hex(&number, listener) ||
            !read_address(&b->address, first, second))
            return false;
        b->listener = (unsigned)number;
    } else if (!read_hex(&b->flow, first) || !read_hex(&b->incarnation, second)) {
        return false;
    }
    if (text.length == 0 || text.length >= sizeof b->proxy)
        return false;
    slice_put(b->proxy, text);
    return true;
}
