#include "config/kind.h"

static const struct field fields[] = {
    {.name = "name",
        .type = FIELD_NAME,
        .flags = FIELD_REQUIRED,
        .minimum = 1,
        .maximum = 32,
        .sample = "\"home\"",
        .help = "Name of the location."},
    {.name = "display_name",
        .type = FIELD_TEXT,
        .maximum = 128,
        .standard = "\"\"",
        .sample = "\"Head office\"",
        .help = "Name for people."},
    {.name = "realm",
        .type = FIELD_NAME,
        .maximum = 64,
        .standard = "\"\"",
        .sample = "\"phones.example.com\"",
        .help = "Realm of the digest authentication of its phones (RFC 7616). Empty: the location's name. "
                "After a "
                "change phones have to log in again."},
    {.name = "sha256",
        .type = FIELD_FLAG,
        .flags = FIELD_INHERITED,
        .sample = "true",
        .help = "Challenge phones with SHA-256 besides MD5 (RFC 8760). Answers with either are always "
                "accepted, but "
                "some phones fail at a challenge that they do not know."},
    {.name = "register_standard",
        .type = FIELD_INTEGER,
        .flags = FIELD_INHERITED,
        .minimum = 30,
        .maximum = 86400,
        .sample = "600",
        .help = "Seconds of a registration for which the phone asks no time."},
    {.name = "register_shortest",
        .type = FIELD_INTEGER,
        .flags = FIELD_INHERITED,
        .minimum = 10,
        .maximum = 86400,
        .sample = "60",
        .help = "Seconds of the shortest registration that a phone may ask for (RFC 3261 10.3: 423)."},
    {.name = "register_longest",
        .type = FIELD_INTEGER,
        .flags = FIELD_INHERITED,
        .minimum = 60,
        .maximum = 86400,
        .sample = "3600",
        .help =
            "Seconds of the longest registration; who asks for more gets this. Less than the shortest one "
            "counts as that."},
};

const struct kind kind_location = {"location", "locations", fields, KIND_FIELDS(fields),
    "A site: phones register there, applications run there. Its DNs belong to 256 slots by a hash of "
    "their "
    "numbers, and its pairs of nodes share the slots.",
    .above = &kind_cluster};
