#include "config/kind.h"

const char *const kind_dial_direction_words[] = {"in", "out", NULL};
const char *const kind_dial_words[] = {"none", "internal", "national", "all", NULL};
static const char *const needs_words[] = {"none", "national", "all", NULL};

static const struct field fields[] = {
    FIELD_KEY("name", 32, "\"national\"", "Name of the rule."),
    FIELD_LOCATION(0, "Where it holds. Left out: everywhere."),
    {.name = "direction",
        .type = FIELD_CHOICE,
        .words = kind_dial_direction_words,
        .standard = "\"out\"",
        .sample = "\"out\"",
        .help = "out: numbers that our DNs dial and that no DN has. in: numbers that trunks call."},
    {.name = "prefix",
        .type = FIELD_DIAL,
        .maximum = 32,
        .standard = "\"\"",
        .sample = "\"00\"",
        .help = "With what the number begins. Of several rules that fit, the one with the longest prefix "
                "holds; a "
                "number in international format begins with +."},
    {.name = "shortest",
        .type = FIELD_INTEGER,
        .minimum = 1,
        .maximum = 32,
        .standard = "1",
        .sample = "3",
        .help = "Digits that the number has at least, prefix included."},
    {.name = "longest",
        .type = FIELD_INTEGER,
        .minimum = 1,
        .maximum = 32,
        .standard = "32",
        .sample = "20",
        .help = "Digits that it has at most."},
    {.name = "strip",
        .type = FIELD_INTEGER,
        .maximum = 32,
        .standard = "0",
        .sample = "2",
        .help = "So many digits are taken off its beginning."},
    {.name = "add",
        .type = FIELD_DIAL,
        .maximum = 32,
        .standard = "\"\"",
        .sample = "\"+\"",
        .help = "Then this is put in front."},
    {.name = "trunk",
        .type = FIELD_REFERENCE,
        .minimum = 1,
        .maximum = 32,
        .refers = "trunk",
        .sample = "\"carrier-1\"",
        .help = "out: where such calls go. in: only calls of this trunk; left out: of any."},
    {.name = "group",
        .type = FIELD_REFERENCE,
        .minimum = 1,
        .maximum = 32,
        .refers = "trunk-group",
        .sample = "\"carriers\"",
        .help = "out: the group whose trunks are tried, after the trunk if that is given too. in: only calls "
                "of its trunks. An outgoing rule with neither forbids its numbers."},
    {.name = "needs",
        .type = FIELD_CHOICE,
        .words = needs_words,
        .standard = "\"national\"",
        .sample = "\"all\"",
        .help = "out: what a DN must be permitted to dial (see dn, dial). none: everybody may, without limit "
                "of the rate: for emergency numbers."},
};

const struct kind kind_dial_rule = {"dial-rule", "dial rules", fields, KIND_FIELDS(fields),
    "What becomes of a number that comes from a trunk or that no DN has: how it is rewritten and where it "
    "goes. Nothing leaves without a rule."};
