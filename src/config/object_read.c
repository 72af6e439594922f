/* Reading and printing bodies that were checked before. */
#include <stdlib.h>

#include "base/error.h"
#include "config/object.h"

/* Depth is bounded before the recursive parser sees the text. */
static bool too_deep(struct slice text)
{
    unsigned depth = 0;
    bool quoted = false;
    for (size_t i = 0; i < text.length; i++) {
        char byte = text.data[i];
        if (quoted && byte == '\\')
            i++;
        else if (byte == '"')
            quoted = !quoted;
        else if (!quoted && (byte == '{' || byte == '['))
            depth++;
        else if (!quoted && (byte == '}' || byte == ']') && depth > 0)
            depth--;
        if (depth > OBJECT_DEPTH)
            return true;
    }
    return false;
}

json_t *object_parse(struct slice text, struct object_complaint *c)
{
    json_error_t error;
    json_t *json = NULL;
    if (text.length > OBJECT_BYTES)
        buffer_add_text(&c->sentence, "is larger than 64 KiB");
    else if (too_deep(text))
        buffer_add_text(&c->sentence, "is nested too deeply");
    else if ((json = json_loadb(text.data, text.length, JSON_REJECT_DUPLICATES, &error)) == NULL)
        buffer_add_format(&c->sentence, "is not well-formed JSON: line %d: %s", error.line, error.text);
    return json;
}

static struct slice standard_text(const struct field *f)
{
    struct slice s = slice_text(f != NULL && f->standard != NULL ? f->standard : "");
    return s.length >= 2 && s.data[0] == '"' ? slice_of(s.data + 1, s.length - 2) : slice_of("", 0);
}

struct slice object_text(const struct kind *k, const json_t *body, const char *field)
{
    const json_t *value = json_object_get(body, field);
    if (json_is_string(value))
        return slice_of(json_string_value(value), json_string_length(value));
    return standard_text(field_find(k, slice_text(field)));
}

bool object_flag(const struct kind *k, const json_t *body, const char *field)
{
    const json_t *value = json_object_get(body, field);
    if (json_is_boolean(value))
        return json_is_true(value);
    const struct field *f = field_find(k, slice_text(field));
    return f != NULL && f->standard != NULL && strcmp(f->standard, "true") == 0;
}

int64_t object_integer(const struct kind *k, const json_t *body, const char *field)
{
    const json_t *value = json_object_get(body, field);
    if (json_is_integer(value))
        return json_integer_value(value);
    const struct field *f = field_find(k, slice_text(field));
    return f != NULL && f->standard != NULL ? strtoll(f->standard, NULL, 10) : 0;
}

const json_t *object_list(const json_t *body, const char *field)
{
    const json_t *value = json_object_get(body, field);
    return json_is_array(value) ? value : NULL;
}

struct slice object_name(const struct kind *k, const json_t *body)
{
    return object_text(k, body, k->fields[0].name);
}

json_t *object_show(const struct kind *k, const json_t *body, uint64_t version, bool secrets)
{
    json_t *shown = json_object();
    struct slice role = object_text(k, body, "role");
    json_object_set_new(shown, "version", json_integer((json_int_t)version));
    for (size_t i = 0; i < k->field_count; i++) {
        const struct field *f = &k->fields[i];
        json_t *value = json_object_get(body, f->name);
        if (f->type == FIELD_PASSWORD || ((f->flags & FIELD_SECRET) != 0 && !secrets))
            continue;
        if (value != NULL)
            json_object_set(shown, f->name, value);
        else if (f->standard != NULL && field_applies(f, role))
            json_object_set_new(shown, f->name, json_loads(f->standard, JSON_DECODE_ANY, NULL));
    }
    return shown;
}

static int dump_h(const char *bytes, size_t length, void *out)
{
    buffer_add(out, slice_of(bytes, length));
    return 0;
}

void object_dump(struct buffer *out, const json_t *json)
{
    json_dump_callback(json, dump_h, out, JSON_COMPACT | JSON_ENCODE_ANY);
}

/* ---- descriptions for forms ---- */

static json_t *describe_field(const struct field *f)
{
    json_t *words = json_array();
    for (size_t i = 0; f->words != NULL && f->words[i] != NULL; i++)
        json_array_append_new(words, json_string(f->words[i]));
    return json_pack("{ss, ss, sb, sb, sb, sb, sb, sI, sI, so*, ss*, so*, ss*, ss}", "name", f->name, "type",
        field_type_name(f->type), "required", (f->flags & FIELD_REQUIRED) != 0, "list",
        (f->flags & FIELD_LIST) != 0, "secret", (f->flags & FIELD_SECRET) != 0, "at_start",
        (f->flags & FIELD_AT_LOGIN) != 0, "inherited", (f->flags & FIELD_INHERITED) != 0, "minimum",
        (json_int_t)f->minimum, "maximum", (json_int_t)f->maximum, "default",
        f->standard != NULL ? json_loads(f->standard, JSON_DECODE_ANY, NULL) : NULL, "refers", f->refers,
        "words", words, "only", f->only, "help", f->help);
}

void kind_describe(struct buffer *out)
{
    const struct kind *k;
    json_t *kinds = json_array();
    for (size_t at = 0; (k = kind_next(&at)) != NULL;) {
        json_t *fields = json_array();
        for (size_t i = 0; i < k->field_count; i++)
            json_array_append_new(fields, describe_field(&k->fields[i]));
        json_array_append_new(kinds,
            json_pack("{ss, ss, ss, ss*, ss*, so}", "name", k->name, "plural", k->plural, "help", k->help,
                "above", k->above != NULL ? k->above->name : NULL, "single", k->single, "fields", fields));
    }
    json_t *all = json_pack("{so}", "kinds", kinds);
    object_dump(out, all);
    json_decref(all);
}
