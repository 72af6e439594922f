#include "config/kind.h"

const char *const kind_person_role_words[] = {"agent", "supervisor", "administrator", NULL};

static const struct field fields[] = {
    FIELD_KEY("name", 64, "\"grace\"", "Name for the log-in."),
    {.name = "display_name",
        .type = FIELD_TEXT,
        .maximum = 128,
        .standard = "\"\"",
        .sample = "\"Grace\"",
        .help = "Name for people."},
    {.name = "role",
        .type = FIELD_CHOICE,
        .words = kind_person_role_words,
        .standard = "\"agent\"",
        .sample = "\"agent\"",
        .help =
            "What the person may do: agents see their own work, supervisors see everything, administrators "
            "also change it."},
    {.name = "password",
        .type = FIELD_PASSWORD,
        .flags = FIELD_SECRET,
        .minimum = 10,
        .maximum = 128,
        .sample = "\"correct horse battery\"",
        .help = "Can be set, never read. Without one the person cannot log in."},
    {.name = "disabled",
        .type = FIELD_FLAG,
        .standard = "false",
        .sample = "false",
        .help = "A disabled person cannot log in; sessions end at once."},
};

const struct kind kind_person = {
    "person", "persons", fields, KIND_FIELDS(fields), "Somebody who can log in."};
