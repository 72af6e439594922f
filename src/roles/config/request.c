/* Understanding a request: method, path and query. */
#include "roles/config/request.h"

#include <ctype.h>

#include "base/error.h"

#define LIST_MOST 1000
#define HISTORY_MOST 100

static int digit(char byte)
{
    return isdigit((unsigned char)byte)    ? byte - '0'
           : isxdigit((unsigned char)byte) ? (byte | 0x20) - 'a' + 10
                                           : -1;
}

/* %HH (RFC 3986 2.1); in a query '+' is a space. */
static bool decode(struct slice *out, struct slice s, bool query, struct arena *arena)
{
    char *text = arena_alloc(arena, s.length + 1);
    size_t length = 0;
    for (size_t i = 0; i < s.length; i++) {
        int byte = (unsigned char)s.data[i];
        if (byte == '%') {
            int high = i + 2 < s.length ? digit(s.data[i + 1]) : -1;
            int low = i + 2 < s.length ? digit(s.data[i + 2]) : -1;
            if (high < 0 || low < 0 || (high | low) == 0)
                return false;
            byte = high << 4 | low;
            i += 2;
        }
        text[length++] = query && s.data[i] == '+' ? ' ' : (char)byte;
    }
    *out = slice_of(text, length);
    return true;
}

/* ---- the query ---- */

static bool take_flag(bool *flag, struct slice value)
{
    *flag = slice_equal(value, SLICE("true"));
    return *flag || slice_equal(value, SLICE("false"));
}

static bool take_kind(struct request *r, struct slice value)
{
    r->kind = kind_find(value);
    return r->kind != NULL;
}

/* What each kind of request takes besides its path. */
static const char *const takes[] = {
    [REQUEST_KINDS] = "nothing",
    [REQUEST_LIST] = "after=NAME, limit=1..1000, q=TEXT, secrets=true",
    [REQUEST_OBJECT] = "secrets=true",
    [REQUEST_PUT] = "version=N, comment=TEXT",
    [REQUEST_DELETE] = "version=N, comment=TEXT",
    [REQUEST_USERS] = "after=KIND/NAME, limit=1..1000",
    [REQUEST_CHANGE] = "dry_run=true",
    [REQUEST_HISTORY] = "kind=KIND, name=NAME, before=N, limit=1..100",
    [REQUEST_PAST] = "after=KIND/NAME, limit=1..1000",
    [REQUEST_UNDO] = "dry_run=true, comment=TEXT",
    [REQUEST_RESULT] = "nothing",
    [REQUEST_EXPORT] = "kind=KIND, after=KIND/NAME, limit=1..1000, secrets=true",
    [REQUEST_IMPORT] = "dry_run=true, replace=true",
};

static bool is_taken(const struct request *r, struct slice name)
{
    struct slice rest = slice_text(takes[r->what]), one, taken;
    while (slice_cut(&rest, ',', &one)) {
        one = slice_trim(one);
        slice_cut(&one, '=', &taken);
        if (slice_equal(taken, name))
            return true;
    }
    return false;
}

static bool take_parameter(struct request *r, struct slice parameter, struct arena *arena)
{
    struct slice name, value = {0}, rest = parameter;
    uint64_t most = r->what == REQUEST_HISTORY ? HISTORY_MOST : LIST_MOST;
    if (!slice_cut(&rest, '=', &name) || !decode(&value, rest, true, arena) || !is_taken(r, name))
        return false;
    switch (name.data[0]) {
    case 'a':
        r->after = value;
        return true;
    case 'b':
        return slice_to_u64(&r->before, value, INT64_MAX) == 0;
    case 'c':
        r->comment = value;
        return true;
    case 'd':
        return take_flag(&r->dry_run, value);
    case 'k':
        return take_kind(r, value);
    case 'l':
        return slice_to_u64(&r->limit, value, most) == 0 && r->limit != 0;
    case 'n':
        r->name = value;
        return true;
    case 'q':
        r->search = value;
        return true;
    case 'r':
        return take_flag(&r->replace, value);
    case 's':
        return take_flag(&r->secrets, value);
    default:
        r->has_version = slice_to_u64(&r->version, value, INT64_MAX) == 0;
        return r->has_version;
    }
}

static int take_query(struct request *r, struct slice query, struct arena *arena, struct buffer *sentence)
{
    struct slice parameter;
    r->limit = r->what == REQUEST_HISTORY ? 20 : LIST_MOST;
    while (slice_cut(&query, '&', &parameter)) {
        if (take_parameter(r, parameter, arena))
            continue;
        buffer_add_format(sentence, "the query takes %s", takes[r->what]);
        return ERROR_SYNTAX;
    }
    if (r->what != REQUEST_HISTORY || slice_empty(r->name) || r->kind != NULL)
        return 0;
    buffer_add_text(sentence, "name=NAME needs kind=KIND");
    return ERROR_SYNTAX;
}

/* ---- the path ---- */

static int fail(struct buffer *sentence, int error, const char *text)
{
    buffer_add_text(sentence, text);
    return error;
}

#define NONE (-1)
/* What each method means here. */
static int choose(struct request *r, struct slice method, const int what[4], struct buffer *sentence)
{
    static const char *const methods[] = {"GET", "PUT", "DELETE", "POST"};
    const char *comma = "";
    for (size_t i = 0; i < 4; i++)
        if (what[i] != NONE && slice_equal(method, slice_text(methods[i]))) {
            r->what = (enum request_what)what[i];
            return 0;
        }
    for (size_t i = 0; i < 4; i++) {
        if (what[i] == NONE)
            continue;
        buffer_add_format(sentence, "%s%s", comma, methods[i]);
        comma = ", ";
    }
    buffer_add_text(sentence, " is possible here");
    return ERROR_UNSUPPORTED;
}
#define CHOOSE(get, put, delete, post) choose(r, method, (const int[4]){get, put, delete, post}, sentence)

static int parse_object(
    struct request *r, struct slice method, struct slice rest, struct arena *arena, struct buffer *sentence)
{
    bool users = slice_ends(rest, SLICE("/users"));
    struct slice name = users ? slice_first(rest, rest.length - 6) : rest;
    if (!decode(&r->name, name, false, arena))
        return fail(sentence, ERROR_SYNTAX, "the name in the path is not well-formed");
    return users ? CHOOSE(REQUEST_USERS, NONE, NONE, NONE)
                 : CHOOSE(REQUEST_OBJECT, REQUEST_PUT, REQUEST_DELETE, NONE);
}

static int parse_config(
    struct request *r, struct slice method, struct slice rest, struct arena *arena, struct buffer *sentence)
{
    struct slice kind;
    if (slice_empty(rest))
        return CHOOSE(REQUEST_KINDS, NONE, NONE, NONE);
    slice_cut(&rest, '/', &kind);
    r->kind = kind_find(kind);
    if (r->kind == NULL) {
        buffer_add_text(sentence, "there is no such kind of object; there are ");
        kind_list(sentence);
        return ERROR_MISSING;
    }
    if (slice_empty(rest) && !slice_equal(method, SLICE("GET")))
        return fail(sentence, ERROR_SYNTAX, "the path must name one object: /api/config/KIND/NAME");
    return slice_empty(rest) ? CHOOSE(REQUEST_LIST, NONE, NONE, NONE)
                             : parse_object(r, method, rest, arena, sentence);
}

static int parse_changes(struct request *r, struct slice method, struct slice rest, struct buffer *sentence)
{
    struct slice number;
    if (slice_empty(rest))
        return CHOOSE(REQUEST_HISTORY, NONE, NONE, REQUEST_CHANGE);
    slice_cut(&rest, '/', &number);
    if (slice_equal(number, SLICE("requests"))) {
        r->id = rest;
        return CHOOSE(REQUEST_RESULT, NONE, NONE, NONE);
    }
    if (slice_to_u64(&r->number, number, INT64_MAX) != 0 || r->number == 0)
        return fail(sentence, ERROR_MISSING, "a change is known by its number: /api/changes/7");
    if (slice_equal(rest, SLICE("undo")))
        return CHOOSE(NONE, NONE, NONE, REQUEST_UNDO);
    return slice_empty(rest) ? CHOOSE(REQUEST_PAST, NONE, NONE, NONE)
                             : fail(sentence, ERROR_MISSING, "there is nothing at this path");
}

static bool below(struct slice *rest, struct slice path, const char *wanted)
{
    struct slice w = slice_text(wanted);
    if (!slice_starts(path, w) || (path.length > w.length && path.data[w.length] != '/'))
        return false;
    *rest = slice_from(path, w.length + 1);
    return true;
}

static int parse_path(
    struct request *r, struct slice method, struct slice path, struct arena *arena, struct buffer *sentence)
{
    struct slice rest;
    if (below(&rest, path, "/api/config"))
        return parse_config(r, method, rest, arena, sentence);
    if (below(&rest, path, "/api/changes"))
        return parse_changes(r, method, rest, sentence);
    if (below(&rest, path, "/api/export") && slice_empty(rest))
        return CHOOSE(REQUEST_EXPORT, NONE, NONE, NONE);
    if (below(&rest, path, "/api/import") && slice_empty(rest))
        return CHOOSE(NONE, NONE, NONE, REQUEST_IMPORT);
    return fail(sentence, ERROR_MISSING, "there is nothing at this path");
}

int request_parse(
    struct request *r, struct slice method, struct slice path, struct arena *arena, struct buffer *sentence)
{
    struct slice query = path;
    slice_cut(&query, '?', &path);
    int error = parse_path(r, method, path, arena, sentence);
    return error != 0 ? error : take_query(r, query, arena, sentence);
}

void request_keep(struct request *r, struct arena *arena)
{
    struct slice *const all[] = {
        &r->reply_to, &r->user, &r->role, &r->name, &r->after, &r->search, &r->id, &r->comment, &r->body};
    for (size_t i = 0; i < sizeof all / sizeof all[0]; i++)
        *all[i] = arena_copy(arena, *all[i]);
}
