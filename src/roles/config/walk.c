/* Requests that look at many objects: lists, searches, who refers to one, exports. Some objects a turn, and
 * as many as an answer may have; the rest is asked for by `after`. */
#include <ctype.h>

#include "base/error.h"
#include "base/log.h"
#include "base/mem.h"
#include "config/seal.h"
#include "roles/config/writer_int.h"

#define WALK_TURN 256 /* objects */

struct walk {
    struct list link;
    struct arena arena;
    struct request request;
    const struct kind *kind; /* that is walked; NULL: all were */
    size_t next_kind;
    struct buffer after; /* name of the last object looked at */
    json_t *found;
    size_t bytes;
    uint64_t number; /* of the last change at the beginning */
};

/* ---- search ---- */

static bool contains(struct slice s, struct slice wanted)
{
    for (size_t i = 0; i + wanted.length <= s.length; i++)
        if (slice_equal_nocase(slice_of(s.data + i, wanted.length), wanted))
            return true;
    return false;
}

static bool value_contains(const json_t *value, struct slice wanted)
{
    const json_t *item;
    size_t at;
    if (json_is_string(value))
        return contains(slice_of(json_string_value(value), json_string_length(value)), wanted);
    json_array_foreach(value, at, item) if (value_contains(item, wanted)) return true;
    return false;
}

/* Any text of it, but never a secret: a search must not find out what it does not show. */
static bool matches(const struct object *o, struct slice wanted)
{
    if (contains(o->name, wanted))
        return true;
    if (!contains(o->body, wanted))
        return false;
    json_t *body = json_loadb(o->body.data, o->body.length, 0, NULL);
    bool found = false;
    for (size_t i = 0; i < o->kind->field_count && !found; i++) {
        const struct field *f = &o->kind->fields[i];
        if (f->type != FIELD_PASSWORD && (f->flags & FIELD_SECRET) == 0)
            found = value_contains(json_object_get(body, f->name), wanted);
    }
    json_decref(body);
    return found;
}

/* ---- one object ---- */

/* As it may be written again elsewhere: without version and defaults, and without secrets unless wished. */
static json_t *export_one(const struct writer *w, const struct object *o, bool secrets)
{
    json_t *body = json_loadb(o->body.data, o->body.length, 0, NULL);
    for (size_t i = 0; i < o->kind->field_count; i++) {
        const struct field *f = &o->kind->fields[i];
        if (f->type == FIELD_PASSWORD || ((f->flags & FIELD_SECRET) != 0 && !secrets))
            json_object_del(body, f->name);
    }
    if (object_unseal(o->kind, body, writer__key(w)) != 0)
        LOG(LOG_ERROR, "roles/config", "a secret of %s %.*s is left out: it was sealed with another key",
            o->kind->name, SLICE_ARG(o->name));
    return json_pack("{ss, so}", "kind", o->kind->name, "object", body);
}

static json_t *look(const struct writer *w, const struct walk *k, const struct object *o)
{
    const struct request *r = &k->request;
    switch (r->what) {
    case REQUEST_LIST:
        return slice_empty(r->search) || matches(o, r->search) ? writer__show(w, o, r->secrets) : NULL;
    case REQUEST_USERS:
        return uses_does(o, r->kind, r->name) ? json_pack("{ss, so}", "kind", o->kind->name, "name",
                                                    json_stringn(o->name.data, o->name.length))
                                              : NULL;
    default:
        return export_one(w, o, r->secrets);
    }
}

/* ---- the answer ---- */

static json_t *next_of(const struct walk *k)
{
    if (k->kind == NULL)
        return NULL;
    if (k->request.what == REQUEST_LIST)
        return json_stringn(k->after.data, k->after.length);
    struct buffer text = {0};
    buffer_add_format(&text, "%s/%.*s", k->kind->name, SLICE_ARG(buffer_slice(&k->after)));
    json_t *next = json_stringn(text.data, text.length);
    buffer_free(&text);
    return next;
}

static json_t *envelope(struct writer *w, const struct walk *k)
{
    const struct request *r = &k->request;
    if (r->what == REQUEST_LIST)
        return json_pack("{ss, sO}", "kind", r->kind->name, "objects", k->found);
    if (r->what == REQUEST_USERS)
        return json_pack(
            "{sO, sI}", "users", k->found, "count", (json_int_t)uses_of(&w->uses, r->kind, r->name));
    return json_pack("{ss, si, sI, sO}", "format", "tandem-export", "revision", 1, "number",
        (json_int_t)k->number, "objects", k->found);
}

static void walk_free(struct writer *w, struct walk *k)
{
    list_remove(&k->link);
    w->read_count--;
    json_decref(k->found);
    buffer_free(&k->after);
    arena_free(&k->arena);
    mem_free(k);
}

static void finish(struct writer *w, struct walk *k)
{
    json_t *body = envelope(w, k);
    json_t *next = next_of(k);
    if (next != NULL)
        json_object_set_new(body, "next", next);
    writer__answer(w, &k->request, 200, body);
    json_decref(body);
    walk_free(w, k);
}

/* ---- the walk ---- */

/* Only kinds that the request wants, or (users) that can refer to the one. */
static bool concerns(const struct walk *k, const struct kind *kind)
{
    const struct request *r = &k->request;
    if (r->what != REQUEST_USERS)
        return r->kind == NULL || r->kind == kind;
    for (size_t i = 0; i < kind->field_count; i++)
        if (kind->fields[i].type == FIELD_REFERENCE && strcmp(kind->fields[i].refers, r->kind->name) == 0)
            return true;
    return false;
}

static void next_kind(struct walk *k)
{
    do
        k->kind = kind_next(&k->next_kind);
    while (k->kind != NULL && !concerns(k, k->kind));
    buffer_clear(&k->after);
}

static bool is_full(const struct walk *k)
{
    return json_array_size(k->found) >= k->request.limit || k->bytes >= WRITER_ANSWER;
}

static void look_at_some(struct writer *w, struct walk *k)
{
    const struct object *list[WALK_TURN + 1];
    size_t left = WALK_TURN;
    while (k->kind != NULL && left != 0 && !is_full(k)) {
        size_t count = catalogue_list(list, left + 1, w->catalogue, k->kind, buffer_slice(&k->after)), at = 0;
        for (; at < count && at < left && !is_full(k); at++) {
            json_t *found = look(w, k, list[at]);
            buffer_clear(&k->after);
            buffer_add(&k->after, list[at]->name);
            if (found == NULL)
                continue;
            k->bytes += list[at]->body.length + 64;
            json_array_append_new(k->found, found);
        }
        left -= at;
        if (at == count)
            next_kind(k);
    }
}

static bool step(struct writer *w, struct walk *k)
{
    look_at_some(w, k);
    if (k->kind != NULL && !is_full(k))
        return false;
    finish(w, k);
    return true;
}

void writer__walk(struct writer *w)
{
    struct list *link = list_first(&w->walks);
    if (link == NULL)
        return;
    struct walk *k = list_entry(link, struct walk, link);
    if (!step(w, k)) { /* the others come first */
        list_remove(&k->link);
        list_append(&w->walks, &k->link);
    }
    if (!list_empty(&w->walks))
        world_again(w->world, WRITER_AGAIN_WALK);
}

/* From behind `after`: a name, or KIND/NAME where several kinds are walked. */
static bool begin(struct walk *k)
{
    struct slice name = k->request.after, kind;
    next_kind(k);
    if (slice_empty(name))
        return true;
    if (k->request.what != REQUEST_LIST) {
        slice_cut(&name, '/', &kind);
        while (k->kind != NULL && !slice_equal(slice_text(k->kind->name), kind))
            next_kind(k);
    }
    buffer_add(&k->after, name);
    return k->kind != NULL;
}

void writer__walk_start(struct writer *w, const struct request *r)
{
    if (w->read_count == WRITER_READS) {
        writer__refuse_text(w, r, ERROR_OVERLOADED, "");
        return;
    }
    struct walk *k = mem_zero(sizeof *k);
    k->request = *r;
    request_keep(&k->request, &k->arena);
    k->found = json_array();
    k->number = w->number;
    w->read_count++;
    bool first = list_empty(&w->walks);
    list_append(&w->walks, &k->link);
    if (!begin(k)) {
        writer__refuse_text(w, r, ERROR_SYNTAX, "after must be what `next` said");
        walk_free(w, k);
        return;
    }
    if (!step(w, k) && first)
        world_again(w->world, WRITER_AGAIN_WALK);
}

void writer__walks_free(struct writer *w)
{
    while (!list_empty(&w->walks))
        walk_free(w, list_entry(list_first(&w->walks), struct walk, link));
}
