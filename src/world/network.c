#include "world/network.h"

#include "base/error.h"

static unsigned width(const struct address *a)
{
    return a->family == 4 ? 32 : 128;
}

static bool bit(const struct address *a, unsigned number)
{
    return (a->ip[number / 8] >> (7 - number % 8) & 1) != 0;
}

int network_parse(struct network *n, struct slice text)
{
    ptrdiff_t slash = slice_find(text, '/');
    uint64_t bits = 0;
    *n = (struct network){0};
    int error = address_parse_ip(&n->address, slash >= 0 ? slice_first(text, (size_t)slash) : text);
    if (error != 0)
        return error;
    bits = width(&n->address);
    if (slash >= 0)
        error = slice_to_u64(&bits, slice_from(text, (size_t)slash + 1), width(&n->address));
    for (unsigned i = (unsigned)bits; error == 0 && i < width(&n->address); i++)
        if (bit(&n->address, i))
            error = ERROR_SYNTAX;
    n->bits = (uint8_t)bits;
    return error;
}

static struct address unmapped(const struct address *a)
{
    static const uint8_t mapped[12] = {[10] = 0xff, [11] = 0xff};
    struct address four = {.family = 4, .port = a->port};
    if (a->family != 6 || memcmp(a->ip, mapped, sizeof mapped) != 0)
        return *a;
    memcpy(four.ip, a->ip + sizeof mapped, 4);
    return four;
}

bool network_holds(const struct network *n, const struct address *a)
{
    struct address own = unmapped(a);
    size_t whole = n->bits / 8;
    if (own.family != n->address.family || memcmp(own.ip, n->address.ip, whole) != 0)
        return false;
    for (unsigned i = (unsigned)whole * 8; i < n->bits; i++)
        if (bit(&own, i) != bit(&n->address, i))
            return false;
    return true;
}
