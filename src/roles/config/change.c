/* Changes wait here for their turn, and are checked when it comes: those before them may have changed what
 * they refer to. */
#include "base/error.h"
#include "base/mem.h"
#include "roles/config/writer_int.h"

void writer__enqueue(struct writer *w, const struct writer_request *r)
{
    if (w->waiting_count == WRITER_WAITING) {
        writer__refuse(w, r, 503, ERROR_OVERLOADED, (struct slice){0}, (struct slice){0});
        return;
    }
    struct writer_change *change = mem_zero(sizeof *change);
    struct arena *arena = &change->arena;
    change->request = *r;
    change->request.reply_to = arena_copy(arena, r->reply_to);
    change->request.user = arena_copy(arena, r->user);
    change->request.name = arena_copy(arena, r->name);
    change->request.body = arena_copy(arena, r->body);
    change->request.role = change->request.after = (struct slice){0};
    list_append(&w->waiting, &change->link);
    w->waiting_count++;
}

void writer__drop(struct writer *w, struct writer_change *change)
{
    list_remove(&change->link);
    w->waiting_count--;
    json_decref(change->body);
    buffer_free(&change->text);
    arena_free(&change->arena);
    mem_free(change);
}

static int fail(struct object_complaint *c, int error, const char *path, const char *sentence)
{
    buffer_add_text(&c->path, path);
    buffer_add_text(&c->sentence, sentence);
    return error;
}

static int check_delete(struct writer *w, struct writer_change *change, struct object_complaint *c)
{
    const struct writer_request *r = &change->request;
    const struct object *o = catalogue_get(w->catalogue, r->kind, r->name);
    size_t more;
    if (o == NULL)
        return ERROR_MISSING;
    if (r->has_version && r->version != o->version)
        return ERROR_CONFLICT;
    const struct object *user = catalogue_user(&more, w->catalogue, r->kind, r->name);
    if (user != NULL) {
        buffer_add_format(&c->sentence, "is used by %s %.*s", user->kind->name, SLICE_ARG(user->name));
        if (more != 0)
            buffer_add_format(&c->sentence, " and %zu more", more);
        buffer_add_text(&c->sentence, "; change them first");
        return ERROR_CONFLICT;
    }
    change->expected = o->version;
    return 0;
}

/* "version" in a body is what the requester has seen: 0, there was none. */
static int check_version(
    const struct writer_request *r, const json_t *given, uint64_t version, struct object_complaint *c)
{
    const json_t *seen = json_object_get(given, "version");
    if (seen != NULL && (!json_is_integer(seen) || json_integer_value(seen) < 0))
        return fail(c, ERROR_SYNTAX, "/version", "must be a whole number");
    if (seen != NULL && (uint64_t)json_integer_value(seen) != version)
        return ERROR_CONFLICT;
    return r->has_version && r->version != version ? ERROR_CONFLICT : 0;
}

static int check_put(struct writer *w, struct writer_change *change, struct object_complaint *c)
{
    const struct writer_request *r = &change->request;
    const struct object *o = catalogue_get(w->catalogue, r->kind, r->name);
    json_t *before = o != NULL ? json_loadb(o->body.data, o->body.length, 0, NULL) : NULL;
    json_t *given = object_parse(r->body, c);
    int error = given != NULL ? check_version(r, given, o != NULL ? o->version : 0, c) : ERROR_SYNTAX;
    if (error == 0)
        change->body = object_check(&error, r->kind, r->name, given, before, c);
    if (error == 0)
        error = catalogue_check_references(w->catalogue, r->kind, change->body, c);
    if (error == 0) {
        object_dump(&change->text, change->body);
        error = catalogue_check_whole(
            w->catalogue, &(struct object){r->kind, r->name, buffer_slice(&change->text), 1}, c);
    }
    change->expected = o != NULL ? o->version : 0;
    json_decref(before);
    json_decref(given);
    return error;
}

static int start(struct writer *w, struct writer_change *change)
{
    struct slice password;
    if (change->body != NULL && object_password(&password, change->request.kind, change->body)) {
        writer__ask_hash(w, password);
        return WRITER_ST_HASHING;
    }
    writer__ask_write(w, change);
    return WRITER_ST_WRITING;
}

int writer__begin(struct writer *w)
{
    while (!list_empty(&w->waiting)) {
        struct writer_change *change = writer__current(w);
        struct object_complaint c = {0};
        int error =
            change->request.method == WRITER_DELETE ? check_delete(w, change, &c) : check_put(w, change, &c);
        if (error == 0) {
            object_complaint_free(&c);
            return start(w, change);
        }
        writer__refuse(w, &change->request, writer__status(error), error, buffer_slice(&c.path),
            buffer_slice(&c.sentence));
        object_complaint_free(&c);
        writer__drop(w, change);
    }
    return WRITER_ST_READY;
}
