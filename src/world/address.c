#include "world/address.h"

#include <arpa/inet.h>

#include "base/error.h"

static const char *const transports[TRANSPORT_COUNT] = {"udp", "tcp", "tls", "local", "ws", "wss"};

const char *transport_name(enum transport t)
{
    return transports[t];
}

int address_parse_ip(struct address *a, struct slice text)
{
    char copy[INET6_ADDRSTRLEN];
    *a = (struct address){0};
    if (text.length >= 2 && text.data[0] == '[' && text.data[text.length - 1] == ']')
        text = slice_of(text.data + 1, text.length - 2);
    if (text.length == 0 || text.length >= sizeof copy || memchr(text.data, '\0', text.length) != NULL)
        return ERROR_SYNTAX;
    slice_put(copy, text);
    copy[text.length] = '\0';
    if (inet_pton(AF_INET, copy, a->ip) == 1)
        a->family = 4;
    else if (inet_pton(AF_INET6, copy, a->ip) == 1)
        a->family = 6;
    return a->family != 0 ? 0 : ERROR_SYNTAX;
}

int address_parse(struct address *a, struct slice text)
{
    size_t colon = text.length;
    while (colon != 0 && text.data[colon - 1] != ':')
        colon--;
    uint64_t port;
    if (colon == 0)
        return ERROR_SYNTAX;
    struct slice host = slice_first(text, colon - 1);
    if (slice_find(host, ':') >= 0 && !slice_starts(host, SLICE("[")))
        return ERROR_SYNTAX; /* IPv6 with a port needs brackets */
    int error = slice_to_u64(&port, slice_from(text, colon), 65535);
    if (error == 0)
        error = address_parse_ip(a, host);
    if (error == 0)
        a->port = (uint16_t)port;
    return error;
}

void address_add_ip(struct buffer *out, const struct address *a)
{
    char text[INET6_ADDRSTRLEN];
    if (a->family == 0) {
        buffer_add_text(out, "-");
        return;
    }
    if (a->family == 4) { /* of each datagram */
        for (int i = 0; i < 4; i++) {
            if (i != 0)
                buffer_add_byte(out, '.');
            buffer_add_u64(out, a->ip[i]);
        }
        return;
    }
    inet_ntop(AF_INET6, a->ip, text, sizeof text);
    buffer_add_byte(out, '[');
    buffer_add_text(out, text);
    buffer_add_byte(out, ']');
}

void address_add(struct buffer *out, const struct address *a)
{
    address_add_ip(out, a);
    buffer_add_byte(out, ':');
    buffer_add_u64(out, a->port);
}

bool address_is_loopback(const struct address *a)
{
    static const uint8_t six[16] = {[15] = 1};
    return a->family == 4 ? a->ip[0] == 127 : a->family == 6 && memcmp(a->ip, six, sizeof six) == 0;
}

bool address_equal(const struct address *a, const struct address *b)
{
    return memcmp(a, b, sizeof *a) == 0;
}

static int parse_transport(enum transport *t, struct slice text)
{
    for (int i = 0; i < TRANSPORT_COUNT; i++)
        if (slice_equal_nocase(text, slice_text(transports[i]))) {
            *t = (enum transport)i;
            return 0;
        }
    return ERROR_SYNTAX;
}

static int set_name(struct endpoint *e, struct slice name)
{
    if (name.length == 0 || name.length >= sizeof e->name || memchr(name.data, '\0', name.length) != NULL)
        return ERROR_SYNTAX;
    slice_put(e->name, name);
    return 0;
}

static bool has_certificate(const struct endpoint *e)
{
    return e->transport == TRANSPORT_TLS || e->transport == TRANSPORT_WSS;
}

/* "transport:address", for TLS also "tls:address/name". */
int endpoint_parse(struct endpoint *e, struct slice text)
{
    *e = (struct endpoint){0};
    struct slice transport, name;
    if (!slice_cut(&text, ':', &transport) || text.data == NULL)
        return ERROR_SYNTAX;
    int error = parse_transport(&e->transport, transport);
    if (error != 0)
        return error;
    if (e->transport == TRANSPORT_LOCAL)
        return set_name(e, text);
    ptrdiff_t slash = slice_find(text, '/');
    if (slash >= 0) {
        name = slice_from(text, (size_t)slash + 1);
        text = slice_first(text, (size_t)slash);
        error = has_certificate(e) ? set_name(e, name) : ERROR_SYNTAX;
        if (error != 0)
            return error;
    }
    return address_parse(&e->address, text);
}

void endpoint_add(struct buffer *out, const struct endpoint *e)
{
    buffer_add_text(out, transports[e->transport]);
    buffer_add_byte(out, ':');
    if (e->transport != TRANSPORT_LOCAL)
        address_add(out, &e->address);
    if (has_certificate(e) && e->name[0] != '\0')
        buffer_add_byte(out, '/');
    buffer_add_text(out, e->name);
}
