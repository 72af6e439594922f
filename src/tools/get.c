/* tandem get KIND [NAME] */
#include <stdio.h>

#include "tools/dispatch.h"
#include "tools/objects.h"

#define COLUMN_MOST 32 /* characters of a column that is not the last */

static void add_value(struct buffer *out, const json_t *value)
{
    const json_t *item;
    size_t at;
    if (json_is_string(value))
        buffer_add_text(out, json_string_value(value));
    else if (json_is_integer(value))
        buffer_add_format(out, "%lld", (long long)json_integer_value(value));
    else if (json_is_boolean(value))
        buffer_add_text(out, json_is_true(value) ? "yes" : "no");
    json_array_foreach(value, at, item)
    {
        buffer_add_text(out, at != 0 ? " " : "");
        add_value(out, item);
    }
    if (out->length == 0)
        buffer_add_text(out, "-");
}

static size_t width(const json_t *objects, const struct field *f)
{
    size_t most = strlen(f->name), at;
    const json_t *object;
    json_array_foreach(objects, at, object)
    {
        struct buffer text = {0};
        add_value(&text, json_object_get(object, f->name));
        most = text.length > most ? text.length : most;
        buffer_free(&text);
    }
    return most < COLUMN_MOST ? most : COLUMN_MOST;
}

static void print_row(const struct kind *k, const json_t *object, const size_t *widths)
{
    struct buffer row = {0}, text = {0};
    for (size_t i = 0; i < k->field_count; i++) {
        if (widths[i] == 0)
            continue;
        buffer_clear(&text);
        if (object != NULL)
            add_value(&text, json_object_get(object, k->fields[i].name));
        else
            buffer_add_text(&text, k->fields[i].name);
        buffer_add(&row, buffer_slice(&text));
        for (size_t fill = text.length; fill < widths[i] + 2; fill++)
            buffer_add_byte(&row, ' ');
        if (text.length > widths[i])
            buffer_add_text(&row, "  ");
    }
    printf("%.*s\n", SLICE_ARG(slice_trim(buffer_slice(&row))));
    buffer_free(&row);
    buffer_free(&text);
}

static void print_table(const struct kind *k, const json_t *objects, bool secrets)
{
    size_t widths[64] = {0}, at;
    const json_t *object;
    for (size_t i = 0; i < k->field_count && i < 64; i++) {
        const struct field *f = &k->fields[i];
        if (f->type != FIELD_PASSWORD && f->type != FIELD_PEM && (secrets || (f->flags & FIELD_SECRET) == 0))
            widths[i] = width(objects, f);
    }
    print_row(k, NULL, widths);
    json_array_foreach(objects, at, object) print_row(k, object, widths);
}

static void print_json(const struct kind *k, json_t *objects)
{
    json_t *all = json_pack("{sO}", k->name, objects);
    json_dumpf(all, stdout, JSON_INDENT(2));
    putchar('\n');
    json_decref(all);
}

static bool add_one(const struct options *o, const struct kind *k, const char *name, json_t *objects)
{
    struct buffer about = {0};
    buffer_add_format(&about, "%s %s", k->name, name);
    buffer_add_byte(&about, '\0');
    json_t *object = objects_ask(o, "GET", k, slice_text(name),
        options_flag(o, OPTION_SECRETS) ? SLICE("secrets=true") : (struct slice){0}, NULL, about.data);
    buffer_free(&about);
    if (object != NULL)
        json_array_append_new(objects, object);
    return object != NULL;
}

int command_get(const struct options *o)
{
    const struct kind *k = objects_kind(o->words[0]);
    if (k == NULL)
        return EXIT_USAGE;
    json_t *objects = json_array();
    bool got = o->word_count == 2 ? add_one(o, k, o->words[1], objects)
                                  : objects_pages(o, k, options_flag(o, OPTION_SECRETS), objects);
    if (got && options_flag(o, OPTION_JSON))
        print_json(k, objects);
    else if (got)
        print_table(k, objects, options_flag(o, OPTION_SECRETS));
    json_decref(objects);
    return got ? EXIT_DONE : EXIT_FAILED;
}
