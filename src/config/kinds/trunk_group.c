#include "config/kind.h"

static const struct field fields[] = {
    FIELD_KEY("name", 32, "\"carriers\"", "Name of the group."),
    {.name = "display_name",
        .type = FIELD_TEXT,
        .maximum = 128,
        .standard = "\"\"",
        .sample = "\"Both carriers\"",
        .help = "Name for people."},
    {.name = "capacity",
        .type = FIELD_INTEGER,
        .maximum = 100000,
        .standard = "0",
        .sample = "200",
        .help = "Calls, in and out, that all its trunks together may have at a time at one location. 0: no "
                "limit but "
                "theirs."},
};

const struct kind kind_trunk_group = {"trunk-group", "trunk groups", fields, KIND_FIELDS(fields),
    "Trunks that stand in for each other: a dial rule names the group, and the trunks in it are tried in "
    "their order."};
