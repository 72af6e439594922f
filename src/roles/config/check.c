/* Each object of a transaction for itself: is it what its kind's table says, is it still what the requester
 * has seen, does it change anything? */
#include "base/error.h"
#include "config/seal.h"
#include "roles/config/statement.h"
#include "roles/config/writer_int.h"
#include "wire/pack.h"

static int fail(struct object_complaint *c, int error, const char *path, const char *sentence)
{
    buffer_add_text(&c->path, path);
    buffer_add_text(&c->sentence, sentence);
    return error;
}

/* "kind name" */
static struct slice key_of(struct arena *arena, const struct kind *k, struct slice name)
{
    struct slice kind = slice_text(k->name);
    char *text = arena_alloc(arena, kind.length + 1 + name.length);
    slice_put(text, kind);
    text[kind.length] = ' ';
    slice_put(text + kind.length + 1, name);
    return slice_of(text, kind.length + 1 + name.length);
}

const struct item *writer__find(const struct transaction *t, const struct kind *k, struct slice name)
{
    struct arena arena = {0};
    size_t place = (size_t)(uintptr_t)map_get(&t->by_name, key_of(&arena, k, name));
    arena_free(&arena);
    return place != 0 ? &t->items[place - 1] : NULL;
}

/* ---- what an item says ---- */

static int read_kind(struct item *i, const json_t *value, struct object_complaint *c)
{
    if (!json_is_string(value))
        return fail(c, ERROR_SYNTAX, "/kind", "must be the name of a kind of objects");
    i->kind = kind_find(slice_text(json_string_value(value)));
    if (i->kind != NULL)
        return 0;
    fail(c, 0, "/kind", "there is no such kind of object; there are ");
    kind_list(&c->sentence);
    return ERROR_MISSING;
}

static int read_version(struct item *i, const json_t *value, struct object_complaint *c, const char *path)
{
    if (value == NULL)
        return 0;
    if (!json_is_integer(value) || json_integer_value(value) < 0)
        return fail(c, ERROR_SYNTAX, path, "must be a whole number");
    i->has_version = true;
    i->version = (uint64_t)json_integer_value(value);
    return 0;
}

static int check_members(const struct transaction *t, const json_t *json, struct object_complaint *c)
{
    static const char *const known[] = {"kind", "object", "version", "name", "action", NULL};
    const char *name;
    json_t *value;
    json_object_foreach((json_t *)(uintptr_t)json, name, value)
    {
        int place = field_word(known, slice_text(name));
        if (place >= 0 && (place < 3 || t->request.what == REQUEST_CHANGE))
            continue;
        buffer_add_format(&c->path, "/%.64s", name);
        buffer_add_text(&c->sentence, t->request.what == REQUEST_CHANGE
                                          ? "is no field here; there are action, kind, name, object, version"
                                          : "is no field here; there are kind, object, version");
        return ERROR_UNSUPPORTED;
    }
    return 0;
}

/* The name that the item says, or that its object has. */
static int read_name(
    struct transaction *t, struct item *i, const json_t *json, bool deletes, struct object_complaint *c)
{
    const json_t *given = json_object_get(json, "name");
    if (given == NULL && !deletes)
        given = json_object_get(json_object_get(json, "object"), i->kind->fields[0].name);
    if (!json_is_string(given) || json_string_length(given) == 0 || json_string_length(given) > 256)
        return fail(c, ERROR_SYNTAX, "/name", "must be the name of the object");
    i->name = arena_copy(&t->arena, slice_of(json_string_value(given), json_string_length(given)));
    return 0;
}

static int read_item(
    struct transaction *t, struct item *i, const json_t *json, bool *deletes, struct object_complaint *c)
{
    const json_t *action = json_object_get(json, "action");
    if (!json_is_object(json))
        return fail(c, ERROR_SYNTAX, "", "must be an object: {\"kind\": .., \"object\": {..}}");
    int error = check_members(t, json, c);
    if (error == 0)
        error = read_kind(i, json_object_get(json, "kind"), c);
    *deletes = json_is_string(action) && strcmp(json_string_value(action), "delete") == 0;
    if (error == 0 && !*deletes && action != NULL &&
        (!json_is_string(action) || strcmp(json_string_value(action), "put") != 0))
        error = fail(c, ERROR_RANGE, "/action", "must be one of put, delete");
    if (error == 0)
        error = read_name(t, i, json, *deletes, c);
    if (error == 0)
        error = read_version(i, json_object_get(json, "version"), c, "/version");
    return error;
}

/* ---- the object ---- */

static int note_same_name(struct transaction *t, struct item *i, struct object_complaint *c)
{
    void *place = (void *)(uintptr_t)(i - t->items + 1); /* items may move */
    if (map_put(&t->by_name, key_of(&t->arena, i->kind, i->name), place) == NULL)
        return 0;
    buffer_add_format(
        &c->sentence, "%s %.*s is there twice", i->kind->name, SLICE_ARG(slice_first(i->name, 64)));
    return ERROR_EXISTS;
}

static void note_action(struct transaction *t, struct item *i)
{
    i->action = slice_empty(i->after)    ? ACTION_DELETE
                : slice_empty(i->before) ? ACTION_CREATE
                                         : ACTION_CHANGE;
    if (slice_equal(i->before, i->after))
        i->action = ACTION_SAME;
    t->writes += i->action != ACTION_SAME;
}

static void count_body(struct transaction *t, const struct kind *k, struct slice body, int by)
{
    if (!slice_empty(body))
        uses_count(&t->changed, &(struct object){k, (struct slice){0}, body, 0}, by);
}

static int keep_body(struct writer *w, struct transaction *t, struct item *i, json_t *kept)
{
    object_seal(i->kind, kept, writer__key(w));
    struct buffer text = {0};
    object_dump(&text, kept);
    i->after = arena_copy(&t->arena, buffer_slice(&text));
    buffer_free(&text);
    return 0;
}

/* A clear password stops the walk; the item is ended when its hash is there (writer__hashed). */
static int check_body(
    struct writer *w, struct transaction *t, struct item *i, const json_t *given, struct object_complaint *c)
{
    int error;
    struct slice password;
    json_t *before = slice_empty(i->before) ? NULL : json_loadb(i->before.data, i->before.length, 0, NULL);
    json_t *kept = object_check(&error, i->kind, i->name, given, before, c);
    if (error == 0 && object_password(&password, i->kind, kept) && !t->request.dry_run)
        w->hashing = json_incref(kept);
    if (error == 0)
        error = keep_body(w, t, i, kept);
    json_decref(kept);
    json_decref(before);
    return error;
}

static int check_version(struct item *i, const struct object *o)
{
    i->expected = o != NULL ? o->version : 0;
    return i->has_version && i->version != i->expected ? ERROR_CONFLICT : 0;
}

static int check_put(struct writer *w, struct transaction *t, struct item *i, const struct object *o,
    const json_t *given, struct object_complaint *c)
{
    int error = read_version(i, json_object_get(given, "version"), c, "/version");
    if (error == 0)
        error = check_version(i, o);
    return error != 0 ? error : check_body(w, t, i, given, c);
}

/* Of PUT and DELETE the body is the object; of the others it is one of its fields. */
static int check_given(struct writer *w, struct transaction *t, struct item *i, struct object_complaint *c)
{
    enum request_what what = t->request.what;
    bool deletes = what == REQUEST_DELETE || (i->verbatim && slice_empty(i->given)),
         alone = what == REQUEST_PUT;
    json_t *json = NULL, *given;
    int error = 0;
    if (!deletes && !i->verbatim && (json = object_parse(i->given, c)) == NULL)
        return ERROR_SYNTAX;
    if (!alone && json != NULL)
        error = read_item(t, i, json, &deletes, c);
    const struct object *o = error == 0 ? catalogue_get(w->catalogue, i->kind, i->name) : NULL;
    i->before = o != NULL ? arena_copy(&t->arena, o->body) : (struct slice){0};
    given = alone ? json : json_object_get(json, "object");
    if (error == 0 && (deletes || i->verbatim)) {
        error = check_version(i, o);
        i->after = (struct slice){0};
        json_t *again = i->verbatim && !deletes ? json_loadb(i->given.data, i->given.length, 0, NULL) : NULL;
        if (again != NULL) /* a body of long ago may have its secrets in clear */
            error = keep_body(w, t, i, again) != 0 ? ERROR_CORRUPT : error;
        json_decref(again);
        if (error == 0 && deletes && o == NULL && !i->verbatim)
            error = ERROR_MISSING;
    } else if (error == 0) {
        if (!alone)
            buffer_add_text(&c->path, "/object");
        error = check_put(w, t, i, o, given, c);
    }
    json_decref(json);
    return error;
}

/* Everything of the item but the look at the others. */
static void end_item(struct transaction *t, struct item *i)
{
    note_action(t, i);
    if (i->action == ACTION_SAME)
        return;
    count_body(t, i->kind, i->before, -1);
    count_body(t, i->kind, i->after, 1);
}

int writer__check_item(struct writer *w, struct transaction *t, struct item *i, struct object_complaint *c)
{
    int error = check_given(w, t, i, c);
    if (error == 0)
        error = note_same_name(t, i, c);
    if (error == 0 && w->hashing == NULL)
        end_item(t, i);
    if (error != 0) {
        json_decref(w->hashing);
        w->hashing = NULL;
    }
    return error;
}

int writer__hashed(struct writer *w, struct transaction *t, struct slice answer)
{
    struct arena arena = {0};
    struct item *i = &t->items[t->at];
    const Tandem__JobAnswer *a = pack_read(&tandem__job_answer__descriptor, answer, &arena);
    struct slice hash = a != NULL && a->n_results == 1 ? pack_slice(a->results[0]) : (struct slice){0};
    bool good = slice_starts(hash, SLICE("$argon2id$"));
    if (good) {
        object_set_password(i->kind, w->hashing, hash);
        keep_body(w, t, i, w->hashing);
        end_item(t, i);
        t->at++;
    }
    json_decref(w->hashing);
    w->hashing = NULL;
    arena_free(&arena);
    return good ? 0 : ERROR_UNSUPPORTED;
}

/* ---- the walk ---- */

enum work writer__refuse_item(struct writer *w, struct transaction *t, const struct item *i, int error,
    const struct object_complaint *c)
{
    struct buffer path = {0};
    struct slice sentence = buffer_slice(&c->sentence);
    if (t->request.what == REQUEST_CHANGE || t->request.what == REQUEST_IMPORT)
        buffer_add_format(
            &path, "/%s/%zu", t->request.what == REQUEST_CHANGE ? "changes" : "objects", i->place);
    buffer_add(&path, buffer_slice(&c->path));
    if (error == ERROR_CONFLICT && slice_empty(sentence))
        writer__refuse_changed(w, &t->request, buffer_slice(&path), i->kind, i->name,
            t->undoes != 0 ? "undo that first" : "read it again and repeat the change");
    else
        writer__refuse(w, &t->request, error, buffer_slice(&path), sentence);
    buffer_free(&path);
    return WORK_REFUSED;
}

void writer__again(struct transaction *t)
{
    map_free(&t->by_name);
    t->by_name = (struct map){.entries = NULL};
    uses_free(&t->changed);
    t->changed = (struct uses){.targets = {.entries = NULL}};
    while (t->count != 0 && t->request.replace && t->items[t->count - 1].verbatim)
        t->count--; /* what a replacing import would remove is found again */
    t->phase = PHASE_CHECK;
    t->at = t->writes = t->staged = 0;
    t->stage[0] = '\0';
}

static enum work check_some(struct writer *w, struct transaction *t, size_t *left)
{
    for (; t->at < t->count && *left != 0; t->at++, --*left) {
        struct object_complaint c = {0};
        struct item *i = &t->items[t->at];
        int error = writer__check_item(w, t, i, &c);
        if (error != 0)
            writer__refuse_item(w, t, i, error, &c);
        object_complaint_free(&c);
        if (error != 0)
            return WORK_REFUSED;
        if (w->hashing != NULL)
            return WORK_HASH;
    }
    if (t->at == t->count) {
        t->phase = PHASE_REPLACE;
        t->replacing = t->request.replace ? 0 : SIZE_MAX;
        t->after = (struct slice){0};
    }
    return WORK_MORE;
}

static bool has_kind(const struct transaction *t, const struct kind *k)
{
    for (size_t n = 0; n < t->count; n++)
        if (t->items[n].kind == k)
            return true;
    return false;
}

/* One object that is there and not in the import goes. */
static enum work remove_one(struct writer *w, struct transaction *t, const struct object *o)
{
    struct item *i = writer__item(t);
    if (i == NULL) {
        writer__refuse_text(w, &t->request, ERROR_LIMIT, "would remove too many objects");
        return WORK_REFUSED;
    }
    i->kind = o->kind;
    i->name = arena_copy(&t->arena, o->name);
    i->verbatim = true;
    struct object_complaint c = {0};
    int error = writer__check_item(w, t, i, &c);
    t->at = t->count;
    if (error != 0)
        writer__refuse_item(w, t, i, error, &c);
    object_complaint_free(&c);
    return error != 0 ? WORK_REFUSED : WORK_MORE;
}

/* An import that replaces: of the kinds that it has, nothing else stays. */
static enum work replace_some(struct writer *w, struct transaction *t, size_t *left)
{
    const struct object *list[TRANSACTION_TURN];
    size_t at = t->replacing;
    const struct kind *k = at != SIZE_MAX ? kind_next(&at) : NULL;
    if (k == NULL) {
        t->phase = PHASE_TOGETHER;
        t->at = 0;
        return WORK_MORE;
    }
    size_t count = has_kind(t, k) ? catalogue_list(list, TRANSACTION_TURN, w->catalogue, k, t->after) : 0;
    for (size_t n = 0; n < count; n++) {
        enum work result = writer__find(t, k, list[n]->name) == NULL ? remove_one(w, t, list[n]) : WORK_MORE;
        if (result != WORK_MORE)
            return result;
    }
    *left = count < *left ? *left - count : 0;
    if (count == TRANSACTION_TURN) {
        t->after = arena_copy(&t->arena, list[count - 1]->name);
    } else {
        t->after = (struct slice){0};
        t->replacing = at;
    }
    return WORK_MORE;
}

static enum work together_some(struct writer *w, struct transaction *t, size_t *left)
{
    struct object_complaint c = {0};
    int error = 0;
    const struct item *i = t->items;
    for (; error == 0 && t->at < t->count && *left != 0; --*left) {
        i = &t->items[t->at++];
        error = i->action != ACTION_SAME ? writer__check_together(w, t, i, &c) : 0;
    }
    if (error == 0 && t->at == t->count) {
        t->phase = PHASE_STAGE;
        error = writer__check_whole(w, t, &c);
        i = t->items;
        if (error != 0 && t->count > 1) {
            writer__refuse(w, &t->request, error, (struct slice){0}, buffer_slice(&c.sentence));
            object_complaint_free(&c);
            return WORK_REFUSED;
        }
    }
    if (error != 0)
        writer__refuse_item(w, t, i, error, &c);
    object_complaint_free(&c);
    return error != 0 ? WORK_REFUSED : WORK_MORE;
}

enum work writer__work(struct writer *w, struct transaction *t)
{
    size_t bytes = TRANSACTION_BYTES, left = TRANSACTION_TURN;
    enum work result = t->request.repeated ? WORK_LOOK : WORK_MORE;
    while (result == WORK_MORE && left != 0 && bytes != 0) {
        switch (t->phase) {
        case PHASE_CUT:
            result = writer__cut(w, t, &bytes);
            if (t->phase == PHASE_CUT && result == WORK_MORE)
                return result;
            break;
        case PHASE_FETCH:
            return WORK_FETCH;
        case PHASE_CHECK:
            result = check_some(w, t, &left);
            break;
        case PHASE_REPLACE:
            result = replace_some(w, t, &left);
            break;
        case PHASE_TOGETHER:
            result = together_some(w, t, &left);
            break;
        default:
            if (t->writes != 0 && !t->request.dry_run)
                return WORK_WRITE;
            writer__settle(w, t);
            return WORK_DONE;
        }
    }
    return result;
}
