#include "config/kind.h"

static const char *const type_names[FIELD_TYPES] = {"name", "dial string", "text", "integer", "flag",
    "choice", "reference", "endpoint", "log level", "password", "network", "PEM"};

const struct field *field_find(const struct kind *k, struct slice name)
{
    for (size_t i = 0; i < k->field_count; i++)
        if (slice_equal(slice_text(k->fields[i].name), name))
            return &k->fields[i];
    return NULL;
}

const char *field_type_name(enum field_type type)
{
    return type_names[type];
}

void kind_list(struct buffer *out)
{
    const struct kind *k;
    const char *comma = "";
    for (size_t at = 0; (k = kind_next(&at)) != NULL; comma = ", ")
        buffer_add_format(out, "%s%s", comma, k->name);
}

int field_word(const char *const *words, struct slice word)
{
    for (int i = 0; words[i] != NULL; i++)
        if (slice_equal(slice_text(words[i]), word))
            return i;
    return -1;
}

bool field_applies(const struct field *f, struct slice role)
{
    struct slice rest = slice_text(f->only), word;
    if (f->only == NULL)
        return true;
    while (slice_cut(&rest, ' ', &word))
        if (slice_equal(word, role))
            return true;
    return false;
}

/* ---- reference ---- */

static void add_limits(struct buffer *out, const struct field *f)
{
    if (f->words != NULL) {
        for (size_t i = 0; f->words[i] != NULL; i++)
            buffer_add_format(out, "%s%s", i != 0 ? ", " : "", f->words[i]);
    } else if (f->refers != NULL) {
        buffer_add_format(out, "name of a %s", f->refers);
    } else if (f->type == FIELD_INTEGER) {
        buffer_add_format(out, "%lld to %lld", (long long)f->minimum, (long long)f->maximum);
    } else if (f->type != FIELD_FLAG) {
        buffer_add_format(out, "%lld to %lld bytes", (long long)f->minimum, (long long)f->maximum);
    }
}

static void add_field(struct buffer *out, const struct kind *k, const struct field *f)
{
    buffer_add_format(out, "| `%s` | %s%s | ", f->name, (f->flags & FIELD_LIST) != 0 ? "list of " : "",
        type_names[f->type]);
    add_limits(out, f);
    if ((f->flags & FIELD_REQUIRED) != 0)
        buffer_add_text(out, " | required | ");
    else if ((f->flags & FIELD_INHERITED) != 0)
        buffer_add_format(out, " | from the %s | ", k->above->name);
    else if (f->standard != NULL)
        buffer_add_format(out, " | `%s` | ", f->standard);
    else
        buffer_add_text(out, " | none | ");
    buffer_add_text(out, (f->flags & FIELD_AT_LOGIN) != 0 ? "at start | " : "live | ");
    buffer_add_text(out, f->help);
    if (f->only != NULL) {
        struct slice rest = slice_text(f->only), word;
        buffer_add_text(out, " Only for role");
        for (const char *comma = " "; slice_cut(&rest, ' ', &word); comma = ", ")
            buffer_add_format(out, "%s%.*s", comma, SLICE_ARG(word));
        buffer_add_text(out, ".");
    }
    if (f->type == FIELD_PASSWORD)
        buffer_add_text(out, " Kept as Argon2id.");
    else if ((f->flags & FIELD_SECRET) != 0)
        buffer_add_text(out, " Printed only for administrators who ask for secrets.");
    buffer_add_text(out, " |\n");
}

static void add_sample(struct buffer *out, const struct kind *k)
{
    const struct field *role = field_find(k, SLICE("role"));
    struct slice chosen = slice_text(role != NULL ? role->sample : "");
    if (chosen.length > 2)
        chosen = slice_of(chosen.data + 1, chosen.length - 2); /* without its quotes */
    buffer_add_text(out, "\n```json\n{");
    const char *comma = "";
    for (size_t i = 0; i < k->field_count; i++) {
        if (!field_applies(&k->fields[i], chosen))
            continue;
        buffer_add_format(out, "%s\"%s\": %s", comma, k->fields[i].name, k->fields[i].sample);
        comma = ", ";
    }
    buffer_add_text(out, "}\n```\n");
}

void kind_reference(struct buffer *out)
{
    const struct kind *k;
    buffer_add_text(out,
        "# Objects\n\nWhat the configuration consists of. `tandem get KIND [NAME]` shows objects, "
        "`tandem apply -f FILE` makes or replaces them, `tandem delete KIND NAME` removes one; the "
        "same by `GET`, `PUT` and `DELETE /api/config/KIND/NAME`.\n");
    for (size_t at = 0; (k = kind_next(&at)) != NULL;) {
        buffer_add_format(out,
            "\n## %s\n\n%s\n\n| field | type | limits | default | read | meaning |\n"
            "| --- | --- | --- | --- | --- | --- |\n",
            k->name, k->help);
        for (size_t i = 0; i < k->field_count; i++)
            add_field(out, k, &k->fields[i]);
        add_sample(out, k);
    }
}
