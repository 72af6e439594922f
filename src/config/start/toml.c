#include "config/start/toml.h"

#include <stdio.h>

#include "base/error.h"
#include "config/start/toml_int.h"

bool toml__fail(struct toml_parser *p, int error, const char *format, ...)
{
    char text[160];
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(text, sizeof text, format, arguments);
    va_end(arguments);
    buffer_add_text(p->sentence, text);
    p->error = error;
    return false;
}

int toml__peek(const struct toml_parser *p)
{
    return p->rest.length != 0 ? (unsigned char)p->rest.data[0] : -1;
}

void toml__skip_blanks(struct toml_parser *p)
{
    while (toml__peek(p) == ' ' || toml__peek(p) == '\t')
        p->rest = slice_from(p->rest, 1);
}

static bool skip_comment(struct toml_parser *p)
{
    for (; toml__peek(p) >= 0 && toml__peek(p) != '\n'; p->rest = slice_from(p->rest, 1)) {
        int byte = toml__peek(p);
        bool line_end = byte == '\r' && p->rest.length > 1 && p->rest.data[1] == '\n';
        if ((byte < 0x20 && byte != '\t' && !line_end) || byte == 0x7f)
            return toml__fail(p, ERROR_SYNTAX, "the comment has a control character");
    }
    return true;
}

/* The rest of a line: nothing, or a comment. */
static bool end_line(struct toml_parser *p)
{
    toml__skip_blanks(p);
    if (toml__peek(p) == '#' && !skip_comment(p))
        return false;
    if (toml__peek(p) == '\r' && p->rest.length > 1 && p->rest.data[1] == '\n')
        p->rest = slice_from(p->rest, 1);
    if (toml__peek(p) >= 0 && toml__peek(p) != '\n')
        return toml__fail(p, ERROR_SYNTAX, "there is more on the line than belongs there");
    if (toml__peek(p) == '\n') {
        p->rest = slice_from(p->rest, 1);
        p->line++;
    }
    return true;
}

bool toml__skip_lines(struct toml_parser *p)
{
    for (;;) {
        toml__skip_blanks(p);
        int byte = toml__peek(p);
        if (byte != '#' && byte != '\n' && !(byte == '\r' && p->rest.length > 1 && p->rest.data[1] == '\n'))
            return true;
        if (!end_line(p))
            return false;
    }
}

struct toml *toml__add(struct toml_parser *p, struct toml *parent, enum toml_type type, struct slice key)
{
    struct toml *t = arena_zero(p->arena, sizeof *t);
    t->type = type;
    t->line = p->line;
    t->key = key;
    if (parent->last != NULL)
        parent->last->next = t;
    else
        parent->first = t;
    parent->last = t;
    parent->count++;
    return t;
}

const struct toml *toml_get(const struct toml *table, struct slice key)
{
    for (const struct toml *t = table->first; t != NULL; t = t->next)
        if (slice_equal(t->key, key))
            return t;
    return NULL;
}

/* ---- keys and tables ---- */

static bool key(struct toml_parser *p, struct slice *name)
{
    toml__skip_blanks(p);
    if (toml__peek(p) == '"' || toml__peek(p) == '\'')
        return toml__text(p, name);
    return toml__bare(p, name) ||
           toml__fail(p, ERROR_SYNTAX, "a name is missing: letters, digits, _ and -, or a text in quotes");
}

static bool key_value(struct toml_parser *p, struct toml *table)
{
    struct slice name;
    if (!key(p, &name))
        return false;
    toml__skip_blanks(p);
    if (toml__peek(p) == '.')
        return toml__fail(p, ERROR_UNSUPPORTED,
            "names with dots are not supported; write [%.40s] on a line of its own",
            arena_text(p->arena, name));
    if (toml__peek(p) != '=')
        return toml__fail(p, ERROR_SYNTAX, "= is missing after the name");
    if (toml_get(table, name) != NULL)
        return toml__fail(p, ERROR_EXISTS, "%.40s is there twice", arena_text(p->arena, name));
    if (table->count >= TOML_KEYS)
        return toml__fail(p, ERROR_LIMIT, "the table has more than %d names", TOML_KEYS);
    p->rest = slice_from(p->rest, 1);
    toml__skip_blanks(p);
    return toml__value(p, table, name, 1) && end_line(p);
}

/* A step of a header's path: the table of that name, or the last of the tables of that name. */
static bool step(struct toml_parser *p, struct toml **at, struct slice name)
{
    struct toml *t = (struct toml *)(uintptr_t)toml_get(*at, name);
    if (t == NULL && (*at)->count >= TOML_KEYS)
        return toml__fail(p, ERROR_LIMIT, "the table has more than %d names", TOML_KEYS);
    if (t == NULL)
        t = toml__add(p, *at, TOML_TABLE, name);
    else if (t->type == TOML_ARRAY && t->of_tables)
        t = t->last;
    else if (t->type != TOML_TABLE)
        return toml__fail(p, ERROR_EXISTS, "%.40s is a value already, it cannot be a table too",
            arena_text(p->arena, name));
    *at = t;
    return true;
}

static bool open_table(struct toml_parser *p, struct toml **at, struct slice name)
{
    const struct toml *before = toml_get(*at, name);
    bool list = before != NULL && before->type == TOML_ARRAY && before->of_tables;
    if (list || !step(p, at, name) || (*at)->opened)
        return p->error != 0
                   ? false
                   : toml__fail(p, ERROR_EXISTS, "[%.40s] is there twice", arena_text(p->arena, name));
    (*at)->opened = true;
    return true;
}

static bool open_item(struct toml_parser *p, struct toml **at, struct slice name)
{
    struct toml *list = (struct toml *)(uintptr_t)toml_get(*at, name);
    if (list == NULL && (*at)->count >= TOML_KEYS)
        return toml__fail(p, ERROR_LIMIT, "the table has more than %d names", TOML_KEYS);
    if (list == NULL) {
        list = toml__add(p, *at, TOML_ARRAY, name);
        list->of_tables = true;
    }
    if (!list->of_tables)
        return toml__fail(p, ERROR_EXISTS,
            "%.40s is something else already, it cannot be a list of tables too", arena_text(p->arena, name));
    *at = toml__add(p, list, TOML_TABLE, (struct slice){0});
    (*at)->opened = true;
    return true;
}

static bool take(struct toml_parser *p, const char *text)
{
    if (!slice_starts(p->rest, slice_text(text)))
        return false;
    p->rest = slice_from(p->rest, strlen(text));
    return true;
}

/* [a.b] or [[a.b]]: *table is the one that the following names belong to. */
static bool header(struct toml_parser *p, struct toml *root, struct toml **table)
{
    struct slice name;
    bool item = take(p, "[[");
    *table = root;
    if (!item)
        take(p, "[");
    for (unsigned depth = 1;; depth++) {
        if (!key(p, &name))
            return false;
        if (depth > TOML_DEPTH)
            return toml__fail(p, ERROR_LIMIT, "tables are nested too deeply");
        toml__skip_blanks(p);
        if (!take(p, "."))
            break;
        if (!step(p, table, name))
            return false;
    }
    if (!take(p, item ? "]]" : "]"))
        return toml__fail(p, ERROR_SYNTAX, "%s is missing", item ? "]]" : "]");
    return (item ? open_item(p, table, name) : open_table(p, table, name)) && end_line(p);
}

int toml_parse(
    struct toml **root, struct arena *arena, struct slice text, unsigned *line, struct buffer *sentence)
{
    struct toml_parser p = {.rest = text, .line = 1, .arena = arena, .sentence = sentence};
    struct toml *table = *root = arena_zero(arena, sizeof **root);
    table->opened = true;
    if (text.length > TOML_BYTES)
        toml__fail(&p, ERROR_LIMIT, "the file is larger than 4 MiB");
    else
        take(&p, "\xef\xbb\xbf"); /* a byte order mark */
    while (p.error == 0 && toml__skip_lines(&p) && toml__peek(&p) >= 0)
        if (!(toml__peek(&p) == '[' ? header(&p, *root, &table) : key_value(&p, table)))
            break;
    *line = p.line;
    return p.error;
}

/* ---- reading ---- */

const char *toml_type_name(enum toml_type type)
{
    static const char *const names[TOML_TYPES] = {"a table", "a list", "a text", "a number", "true or false"};
    return names[type];
}

json_t *toml_json(const struct toml *value)
{
    json_t *json = value->type == TOML_TABLE ? json_object() : json_array();
    switch (value->type) {
    case TOML_TABLE:
        for (const struct toml *t = value->first; t != NULL; t = t->next)
            json_object_setn_new(json, t->key.data, t->key.length, toml_json(t));
        return json;
    case TOML_ARRAY:
        for (const struct toml *t = value->first; t != NULL; t = t->next)
            json_array_append_new(json, toml_json(t));
        return json;
    case TOML_TEXT:
        json_decref(json);
        return json_stringn(value->text.data, value->text.length);
    case TOML_INTEGER:
        json_decref(json);
        return json_integer(value->number);
    default:
        json_decref(json);
        return json_boolean(value->flag);
    }
}
