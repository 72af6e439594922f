/* tandem registrations [DN | TEXT]: who is registered where. */
#include <stdio.h>
#include <stdlib.h>

#include "base/buffer.h"
#include "tools/table.h"

#define PATH_START "/api/registrations?limit=200"
#define TEXT_MOST 200U

static const char *const columns[] = {
    "dn", "contact", "proxy", "transport", "address", "expires_at", "user_agent", NULL};

static void add_escaped(struct buffer *out, const char *text)
{
    for (; *text != '\0'; text++)
        if ((*text >= '0' && *text <= '9') || (*text >= 'a' && *text <= 'z') ||
            (*text >= 'A' && *text <= 'Z'))
            buffer_add_byte(out, *text);
        else
            buffer_add_format(out, "%%%02X", (unsigned char)*text);
}

/* One page; its `next`, or NULL: it was the last, or there is none. */
static json_t *page(const struct options *o, const char *after, unsigned *status)
{
    struct buffer path = {0};
    buffer_add_text(&path, PATH_START);
    if (o->word_count == 1) {
        buffer_add_text(&path, "&q=");
        add_escaped(&path, o->words[0]);
    }
    if (after[0] != '\0') {
        buffer_add_text(&path, "&after=");
        add_escaped(&path, after);
    }
    buffer_add_byte(&path, '\0');
    json_t *json = table_ask(o, "GET", path.data, status);
    buffer_free(&path);
    return json;
}

/* Pages as they come; with --json the rows are gathered into one list. */
int command_registrations(const struct options *o)
{
    char after[256] = "";
    json_t *all = json_array();
    size_t shown = 0;
    unsigned status = 0;
    if (o->word_count == 1 && strlen(o->words[0]) > TEXT_MOST) {
        command_complain("a number, or a part of a number, name, contact or model of phone is expected");
        json_decref(all);
        return EXIT_USAGE;
    }
    do {
        json_t *json = page(o, after, &status);
        if (json == NULL) {
            json_decref(all);
            return status != 0 ? EXIT_FAILED : EXIT_USAGE;
        }
        const char *next = json_string_value(json_object_get(json, "next"));
        json_t *rows = json_object_get(json, "registrations");
        shown += json_array_size(rows);
        if (options_flag(o, OPTION_JSON))
            json_array_extend(all, rows);
        else if (json_array_size(rows) != 0)
            table_print(rows, columns);
        snprintf(after, sizeof after, "%s", next != NULL ? next : "");
        json_decref(json);
    } while (after[0] != '\0');
    if (options_flag(o, OPTION_JSON))
        table_json(all);
    else if (shown == 0)
        puts(o->word_count == 1 ? "Nothing like that is registered." : "No phone is registered.");
    json_decref(all);
    return EXIT_DONE;
}
