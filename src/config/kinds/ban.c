#include "config/kind.h"

static const struct field fields[] = {
    FIELD_KEY("name", 64, "\"192.0.2.0_24\"", "Name of the ban; tandem ban makes it of the network."),
    {.name = "network",
        .type = FIELD_NETWORK,
        .flags = FIELD_REQUIRED,
        .minimum = 2,
        .maximum = 64,
        .sample = "\"192.0.2.0/24\"",
        .help = "Who is shut out: an address, or a network with the length of its prefix."},
    FIELD_LOCATION(0, "Whose proxies shut it out. Absent: all."),
    {.name = "until",
        .type = FIELD_INTEGER,
        .maximum = INT64_MAX,
        .standard = "0",
        .sample = "1787776000000000",
        .help = "When it ends, in microseconds since 1970. 0: not by itself."},
    {.name = "why",
        .type = FIELD_TEXT,
        .maximum = 128,
        .standard = "\"\"",
        .sample = "\"calls to premium numbers\"",
        .help = "For people."},
};

const struct kind kind_ban = {"ban", "bans", fields, KIND_FIELDS(fields),
    "A network from which proxies take nothing, not even from phones that could prove themselves. Trunks and "
    "trusted networks are not touched. Bans that the program makes by itself are no objects: see tandem "
    "bans."};
