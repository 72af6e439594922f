/* Addresses of servers. */
#include <stdio.h>

#include "base/error.h"
#include "world/real/postgres/postgres_int.h"

#define SCHEME "postgresql://"
#define PORT "5432"

/* "[2001:db8::1]:5432", "2001:db8::1" and "host:5432" are told apart by the number of colons. */
static int split(struct slice *host, struct slice *port, struct slice address)
{
    *port = SLICE(PORT);
    if (slice_starts(address, SLICE("["))) {
        ptrdiff_t end = slice_find(address, ']');
        if (end < 0)
            return ERROR_SYNTAX;
        *host = slice_first(slice_from(address, 1), (size_t)end - 1);
        address = slice_from(address, (size_t)end + 1);
        if (slice_empty(address))
            return 0;
        *port = slice_from(address, 1);
        return address.data[0] == ':' ? 0 : ERROR_SYNTAX;
    }
    ptrdiff_t colon = slice_find(address, ':');
    *host = address;
    if (colon < 0 || slice_find(slice_from(address, (size_t)colon + 1), ':') >= 0)
        return 0;
    *host = slice_first(address, (size_t)colon);
    *port = slice_from(address, (size_t)colon + 1);
    return 0;
}

int postgres__place(struct postgres_place *place, struct slice address)
{
    struct slice host, port;
    uint64_t number;
    if (slice_starts(address, SLICE(SCHEME)))
        address = slice_from(address, sizeof SCHEME - 1);
    if (slice_ends(address, SLICE("/")) && address.length > 1)
        address = slice_first(address, address.length - 1);
    int error = split(&host, &port, address);
    if (error == 0)
        error = slice_to_u64(&number, port, 65535);
    if (error != 0)
        return error;
    if (slice_empty(host) || number == 0 || slice_find(host, ',') >= 0 || slice_find(host, '@') >= 0 ||
        slice_find(host, ' ') >= 0)
        return ERROR_SYNTAX;
    if (host.length >= sizeof place->host)
        return ERROR_LIMIT;
    *place = (struct postgres_place){.local = host.data[0] == '/'};
    if (!place->local && slice_find(host, '/') >= 0)
        return ERROR_SYNTAX;
    slice_put(place->host, host);
    snprintf(place->port, sizeof place->port, "%u", (unsigned)number);
    return 0;
}
