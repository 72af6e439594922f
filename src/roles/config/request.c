/* Understanding a request, and answering those that only read. */
#include <ctype.h>

#include "base/error.h"
#include "base/log.h"
#include "roles/config/writer_int.h"
#include "wire/client.pb-c.h"
#include "wire/pack.h"

static bool refuse(struct writer *w, const struct writer_request *r, int error, const char *sentence)
{
    writer__refuse(w, r, writer__status(error), error, (struct slice){0}, slice_text(sentence));
    return false;
}

static int digit(char byte)
{
    return isdigit((unsigned char)byte)    ? byte - '0'
           : isxdigit((unsigned char)byte) ? (byte | 0x20) - 'a' + 10
                                           : -1;
}

/* %HH (RFC 3986 2.1). */
static bool decode(struct slice *out, struct slice s, struct arena *arena)
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
        text[length++] = (char)byte;
    }
    *out = slice_of(text, length);
    return true;
}

/* ---- path and query ---- */

static bool parse_parameter(struct writer_request *r, struct slice parameter, struct arena *arena)
{
    struct slice name, value = {0}, rest = parameter;
    uint64_t number;
    if (!slice_cut(&rest, '=', &name) || !decode(&value, rest, arena))
        return false;
    if (slice_equal(name, SLICE("after"))) {
        r->after = value;
        return true;
    }
    if (slice_equal(name, SLICE("secrets"))) {
        r->secrets = slice_equal(value, SLICE("true"));
        return r->secrets || slice_equal(value, SLICE("false"));
    }
    if (slice_equal(name, SLICE("limit")) && slice_to_u64(&number, value, WRITER_LIST) == 0 && number > 0) {
        r->limit = number;
        return true;
    }
    r->has_version = slice_equal(name, SLICE("version")) && slice_to_u64(&r->version, value, INT64_MAX) == 0;
    return r->has_version;
}

static bool parse_path(struct writer *w, struct writer_request *r, struct slice path, struct arena *arena)
{
    struct slice query = path, rest, parameter, kind;
    slice_cut(&query, '?', &path);
    if (!slice_starts(path, SLICE("/api/config")))
        return refuse(w, r, ERROR_MISSING, "there is nothing at this path");
    rest = slice_from(path, sizeof "/api/config" - 1);
    if (slice_starts(rest, SLICE("/")))
        rest = slice_from(rest, 1);
    while (slice_cut(&query, '&', &parameter))
        if (!parse_parameter(r, parameter, arena))
            return refuse(
                w, r, ERROR_SYNTAX, "the query takes after=NAME, limit=1..1000, secrets=true, version=N");
    if (slice_empty(rest))
        return true;
    slice_cut(&rest, '/', &kind);
    r->kind = kind_find(kind);
    if (r->kind == NULL) {
        struct buffer sentence = {0};
        buffer_add_text(&sentence, "there is no such kind of object; there are ");
        kind_list(&sentence);
        writer__refuse(w, r, 404, ERROR_MISSING, (struct slice){0}, buffer_slice(&sentence));
        buffer_free(&sentence);
        return false;
    }
    return decode(&r->name, rest, arena) ||
           refuse(w, r, ERROR_SYNTAX, "the name in the path is not well-formed");
}

/* ---- who may do what (SEC-3) ---- */

static bool permitted(struct writer *w, const struct writer_request *r)
{
    bool administrator = slice_equal(r->role, SLICE("administrator"));
    bool supervisor = slice_equal(r->role, SLICE("supervisor"));
    if (administrator || (supervisor && r->method == WRITER_GET && !r->secrets))
        return true;
    LOG(LOG_NOTICE, "roles/config", "refused: %.*s, %.*s, may not %s", SLICE_ARG(slice_first(r->user, 64)),
        SLICE_ARG(slice_first(r->role, 32)),
        r->method == WRITER_GET ? "read this" : "change the configuration");
    return refuse(w, r, ERROR_DENIED, "");
}

static bool parse_method(struct writer *w, struct writer_request *r, const char *method)
{
    if (strcmp(method, "GET") == 0)
        r->method = WRITER_GET;
    else if (strcmp(method, "PUT") == 0)
        r->method = WRITER_PUT;
    else if (strcmp(method, "DELETE") == 0)
        r->method = WRITER_DELETE;
    else {
        writer__refuse(
            w, r, 405, ERROR_UNSUPPORTED, (struct slice){0}, SLICE("GET, PUT and DELETE are possible here"));
        return false;
    }
    return true;
}

bool writer__parse(struct writer_request *r, struct writer *w, struct slice bytes, struct arena *arena)
{
    const Tandem__ConfigRequest *m = pack_read(&tandem__config_request__descriptor, bytes, arena);
    if (m == NULL) {
        LOG(LOG_WARNING, "roles/config", "a request on ctl.config is not well-formed");
        return false;
    }
    *r = (struct writer_request){
        .reply_to = slice_text(m->reply_to),
        .token = m->token,
        .user = slice_text(m->user),
        .role = slice_text(m->role),
        .limit = WRITER_LIST,
        .body = m->has_body ? pack_slice(m->body) : (struct slice){0},
    };
    if (!parse_method(w, r, m->method) || !parse_path(w, r, slice_text(m->path), arena) || !permitted(w, r))
        return false;
    if (r->method != WRITER_GET && slice_empty(r->name))
        return refuse(w, r, ERROR_SYNTAX, "the path must name one object: /api/config/KIND/NAME");
    return w->state != WRITER_ST_LOADING ||
           refuse(w, r, ERROR_OVERLOADED, "the configuration is still being read; try again");
}

/* ---- reading ---- */

static json_t *show(const struct writer_request *r, const struct object *o)
{
    json_t *body = json_loadb(o->body.data, o->body.length, 0, NULL);
    json_t *shown = object_show(o->kind, body, o->version, r->secrets);
    json_decref(body);
    return shown;
}

static void get_list(struct writer *w, const struct writer_request *r)
{
    const struct object *list[WRITER_LIST];
    size_t count = catalogue_list(list, r->limit, w->catalogue, r->kind, r->after);
    size_t bytes = 0, shown = 0;
    json_t *objects = json_array();
    for (; shown < count && bytes < WRITER_ANSWER; shown++) {
        bytes += list[shown]->body.length;
        json_array_append_new(objects, show(r, list[shown]));
    }
    json_t *body = json_pack("{ss, so}", "kind", r->kind->name, "objects", objects);
    const struct object *following;
    if (shown != 0 && catalogue_list(&following, 1, w->catalogue, r->kind, list[shown - 1]->name) != 0)
        json_object_set_new(
            body, "next", json_stringn(list[shown - 1]->name.data, list[shown - 1]->name.length));
    writer__answer(w, r, 200, body);
    json_decref(body);
}

void writer__get(struct writer *w, const struct writer_request *r)
{
    json_t *body;
    if (r->kind == NULL) {
        struct buffer text = {0};
        kind_describe(&text);
        body = json_loadb(text.data, text.length, 0, NULL);
        buffer_free(&text);
    } else if (slice_empty(r->name)) {
        get_list(w, r);
        return;
    } else {
        const struct object *o = catalogue_get(w->catalogue, r->kind, r->name);
        if (o == NULL) {
            refuse(w, r, ERROR_MISSING, "");
            return;
        }
        body = show(r, o);
    }
    writer__answer(w, r, 200, body);
    json_decref(body);
}
