/* Whatever is accepted consists of its parts, and is equal to itself. */
#include <stdlib.h>

#include "sip/uri.h"

static void must(bool good)
{
    if (!good)
        abort();
}

static void put_together(const struct sip_uri *u, struct slice text)
{
    struct buffer out = {0};
    buffer_add(&out, u->scheme);
    buffer_add_byte(&out, ':');
    buffer_add(&out, u->user);
    if (u->password.data != NULL)
        buffer_add_byte(&out, ':');
    buffer_add(&out, u->password);
    if (u->user.length != 0 && u->host.length != 0)
        buffer_add_byte(&out, '@');
    buffer_add(&out, u->host);
    size_t without_port = out.length + u->parameters.length + u->headers.length;
    must(u->port != 0 ? without_port + 1 < text.length : without_port == text.length);
    must(slice_starts(text, buffer_slice(&out)) && slice_ends(text, u->headers));
    buffer_free(&out);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct slice text = slice_of(data, size), first = text, rest, value;
    struct sip_name_address address;
    struct sip_uri a, b;
    char room[32];
    if (slice_cut(&first, '\n', &rest) && first.data != NULL && sip_uri_parse(&a, rest) == 0 &&
        sip_uri_parse(&b, first) == 0)
        must(sip_uri_equal(&a, &b) == sip_uri_equal(&b, &a));
    if (sip_uri_parse(&a, text) == 0) {
        put_together(&a, text);
        must(sip_uri_equal(&a, &a));
        if (sip_uri_user(&value, &a, room, sizeof room) == 0)
            must(value.length <= a.user.length);
    }
    if (sip_name_address_parse(&address, text) == 0) {
        must(address.star || address.uri.length != 0);
        (void)sip_parameter(address.parameters, SLICE("tag"), &value);
    }
    return 0;
}
