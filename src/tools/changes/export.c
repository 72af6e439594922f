/* tandem export [KIND]: all objects in a fixed order, one field a line, so that version control shows what
 * changed; tandem apply takes them. Secrets stay out unless they are asked for. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>

#include "config/object.h"
#include "tools/changes/changes.h"
#include "tools/dispatch.h"
#include "tools/file.h"
#include "tools/objects.h"

#define TRIES 5 /* when the configuration changes while it is read */

/* ---- reading all pages ---- */

static json_t *read_page(const struct options *o, const char *after)
{
    struct buffer path = {0};
    buffer_add_format(&path, "/api/export?secrets=%s", options_flag(o, OPTION_SECRETS) ? "true" : "false");
    if (o->word_count != 0)
        buffer_add_format(&path, "&kind=%s", o->words[0]);
    if (after != NULL)
        buffer_add_text(&path, "&after=");
    for (; after != NULL && *after != '\0'; after++)
        buffer_add_format(&path, "%%%02X", (unsigned char)*after);
    json_t *page = objects_rest(o, "GET", buffer_slice(&path), NULL, "export");
    buffer_free(&path);
    return page;
}

static void add_page(json_t *all, const json_t *page)
{
    const json_t *item;
    size_t at;
    json_array_foreach(json_object_get(page, "objects"), at, item)
    {
        const char *kind = json_string_value(json_object_get(item, "kind"));
        json_t *list = json_object_get(all, kind);
        if (list == NULL) {
            list = json_array();
            json_object_set_new(all, kind, list);
        }
        json_array_append(list, json_object_get(item, "object"));
    }
}

/* All of one moment: *moved, when something was changed between two pages. */
static json_t *read_once(const struct options *o, bool *moved)
{
    json_t *all = json_object(), *page = read_page(o, NULL);
    json_int_t number = json_integer_value(json_object_get(page, "number"));
    *moved = false;
    while (page != NULL) {
        const char *next = json_string_value(json_object_get(page, "next"));
        *moved = json_integer_value(json_object_get(page, "number")) != number;
        add_page(all, page);
        json_t *following = next != NULL && !*moved ? read_page(o, next) : NULL;
        bool failed = next != NULL && !*moved && following == NULL;
        json_decref(page);
        page = following;
        if (failed) {
            json_decref(all);
            return NULL;
        }
        if (page == NULL)
            return all;
    }
    json_decref(all);
    return NULL;
}

static json_t *read_all(const struct options *o)
{
    bool moved = true;
    json_t *all = NULL;
    for (int i = 0; i < TRIES && moved; i++) {
        json_decref(all);
        all = read_once(o, &moved);
        if (all == NULL)
            return NULL;
    }
    if (!moved)
        return all;
    command_complain("the configuration changes all the time; try again");
    json_decref(all);
    return NULL;
}

/* ---- writing ---- */

/* A JSON string is a TOML basic string, but for what JSON may write as it is and TOML may not: U+007F. */
static void add_toml(struct buffer *out, const char *kind, const json_t *object)
{
    const char *name;
    json_t *value;
    buffer_add_format(out, "%s[[%s]]\n", out->length != 0 ? "\n" : "", kind);
    json_object_foreach((json_t *)(uintptr_t)object, name, value)
    {
        buffer_add_format(out, "%s = ", name);
        object_dump(out, value);
        buffer_add_byte(out, '\n');
    }
}

static int add_text(const char *bytes, size_t length, void *out)
{
    buffer_add(out, slice_of(bytes, length));
    return 0;
}

static void add_all(struct buffer *out, const json_t *all, bool toml)
{
    const char *kind;
    json_t *list, *object;
    size_t at;
    out->limit = FILE_BYTES * 8;
    if (!toml) {
        json_dump_callback(all, add_text, out, JSON_INDENT(2));
        buffer_add_byte(out, '\n');
        return;
    }
    json_object_foreach((json_t *)(uintptr_t)all, kind, list) json_array_foreach(list, at, object)
        add_toml(out, kind, object);
}

static bool write_file(const json_t *all, const char *path)
{
    struct buffer text = {0}, complaint = {0};
    add_all(&text, all, slice_ends(slice_text(path), SLICE(".toml")));
    int error = tools_file_write_private(path, buffer_slice(&text), &complaint);
    if (error != 0)
        command_complain("%.*s", SLICE_ARG(buffer_slice(&complaint)));
    buffer_free(&text);
    buffer_free(&complaint);
    return error == 0;
}

/* A file for each kind, also for those of which there is nothing any more. */
static bool write_folder(const struct options *o, const json_t *all, const char *folder)
{
    const struct kind *k;
    bool done = true;
    for (size_t at = 0; done && (k = kind_next(&at)) != NULL;) {
        struct buffer path = {0};
        if (o->word_count != 0 && strcmp(o->words[0], k->name) != 0)
            continue;
        json_t *list = json_object_get(all, k->name);
        json_t *one = list != NULL ? json_pack("{sO}", k->name, list) : json_pack("{s[]}", k->name);
        buffer_add_format(&path, "%s/%s.json", folder, k->name);
        buffer_add_byte(&path, '\0');
        done = write_file(one, path.data);
        buffer_free(&path);
        json_decref(one);
    }
    return done;
}

static bool write_output(const struct options *o, const json_t *all)
{
    struct stat about;
    struct slice name = options_text(o, OPTION_OUTPUT);
    char *path = strndup(name.data, name.length);
    bool is_file = slice_ends(name, SLICE(".json")) || slice_ends(name, SLICE(".toml")), done = true;
    bool is_folder = stat(path, &about) == 0 && S_ISDIR(about.st_mode);
    if (!is_folder && !is_file && mkdir(path, 0700) != 0) {
        command_complain("%s: cannot be made: %s", path, strerror(errno));
        done = false;
    }
    if (done)
        done = is_file && !is_folder ? write_file(all, path) : write_folder(o, all, path);
    free(path);
    return done;
}

int command_export(const struct options *o)
{
    if (o->word_count != 0 && objects_kind(o->words[0]) == NULL)
        return EXIT_USAGE;
    json_t *all = read_all(o);
    bool done = all != NULL;
    if (done && o->values[OPTION_OUTPUT].given) {
        done = write_output(o, all);
    } else if (done) {
        struct buffer text = {0};
        add_all(&text, all, false);
        fwrite(text.data, 1, text.length, stdout);
        buffer_free(&text);
    }
    json_decref(all);
    return done ? EXIT_DONE : EXIT_FAILED;
}
