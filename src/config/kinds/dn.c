#include "config/kind.h"

const char *const kind_dn_words[] = {"extension", NULL};

static const struct field fields[] = {
    {.name = "number",
        .type = FIELD_DIAL,
        .flags = FIELD_REQUIRED,
        .minimum = 1,
        .maximum = 32,
        .sample = "\"1001\"",
        .help = "What is dialled, and the name by which its phone registers."},
    {.name = "name",
        .type = FIELD_TEXT,
        .maximum = 128,
        .standard = "\"\"",
        .sample = "\"Reception\"",
        .help = "Name for people."},
    {.name = "kind",
        .type = FIELD_CHOICE,
        .words = kind_dn_words,
        .standard = "\"extension\"",
        .sample = "\"extension\"",
        .help = "What it is. An extension is a phone."},
    FIELD_LOCATION(FIELD_REQUIRED, "Where its phone registers and which pairs of nodes own it."),
    {.name = "secret",
        .type = FIELD_TEXT,
        .flags = FIELD_SECRET,
        .minimum = 8,
        .maximum = 64,
        .sample = "\"n5Qw8rYt2LkJ\"",
        .help = "By which its phone registers. Without one it cannot."},
    {.name = "dial",
        .type = FIELD_CHOICE,
        .flags = FIELD_INHERITED,
        .words = kind_dial_words,
        .sample = "\"national\"",
        .help = "What it may call: nothing, other DNs only, besides them what outgoing dial rules permit to "
                "national, or whatever there is a rule for. What needs nothing, as emergency numbers, it "
                "always may."},
    {.name = "disabled",
        .type = FIELD_FLAG,
        .standard = "false",
        .sample = "false",
        .help = "A disabled DN cannot register, call or be called."},
};

const struct kind kind_dn = {"dn", "DNs", fields, KIND_FIELDS(fields),
    "A directory number: what can call and be called.", .above = &kind_location};
