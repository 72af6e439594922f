/* The body of POST /api/changes and of an import becomes items. */
#include "base/error.h"
#include "base/mem.h"
#include "config/object.h"
#include "roles/config/writer_int.h"

enum { FIELD_COMMENT = 1, FIELD_ITEMS = 2, FIELD_FORMAT = 4, FIELD_NUMBER = 8, FIELD_REVISION = 16 };

#define FORMAT "tandem-export"
#define REVISION 1 /* of the format */

struct item *writer__item(struct transaction *t)
{
    if (t->count == TRANSACTION_ITEMS)
        return NULL;
    if (t->count == t->capacity) {
        t->capacity = t->capacity != 0 ? t->capacity * 2 : 4;
        t->items = mem_resize(t->items, t->capacity * sizeof *t->items);
    }
    t->items[t->count] = (struct item){.place = t->count};
    return &t->items[t->count++];
}

static enum work refuse(struct writer *w, struct transaction *t, int error, const char *path, const char *why)
{
    writer__refuse(w, &t->request, error, slice_text(path), slice_text(why));
    return WORK_REFUSED;
}

static bool importing(const struct transaction *t)
{
    return t->request.what == REQUEST_IMPORT;
}

/* ---- fields of the whole ---- */

static unsigned field_bit(const struct transaction *t, struct slice key)
{
    if (slice_equal(key, SLICE("comment")))
        return FIELD_COMMENT;
    if (slice_equal(key, slice_text(t->cut.array)))
        return FIELD_ITEMS;
    if (!importing(t))
        return 0;
    if (slice_equal(key, SLICE("format")))
        return FIELD_FORMAT;
    if (slice_equal(key, SLICE("revision")))
        return FIELD_REVISION;
    return slice_equal(key, SLICE("number")) ? FIELD_NUMBER : 0;
}

static enum work take_comment(struct writer *w, struct transaction *t, const json_t *value)
{
    struct slice text = slice_of(json_string_value(value), json_string_length(value));
    if (!json_is_string(value) || text.length > TRANSACTION_COMMENT)
        return refuse(w, t, ERROR_SYNTAX, "/comment", "must be a text of at most 500 bytes");
    if (memchr(text.data, '\0', text.length) != NULL)
        return refuse(w, t, ERROR_SYNTAX, "/comment", "has a control character");
    t->comment = arena_copy(&t->arena, text);
    return WORK_MORE;
}

static enum work take_value(struct writer *w, struct transaction *t, unsigned bit, const json_t *value)
{
    if (bit == FIELD_COMMENT)
        return take_comment(w, t, value);
    if (bit == FIELD_ITEMS)
        return refuse(w, t, ERROR_SYNTAX, importing(t) ? "/objects" : "/changes", "must be a list");
    if (bit == FIELD_FORMAT && (!json_is_string(value) || strcmp(json_string_value(value), FORMAT) != 0))
        return refuse(
            w, t, ERROR_UNSUPPORTED, "/format", "is no export of this program: " FORMAT " is expected");
    if (bit == FIELD_REVISION && (!json_is_integer(value) || json_integer_value(value) < 1))
        return refuse(w, t, ERROR_SYNTAX, "/revision", "must be a whole number");
    if (bit == FIELD_REVISION && json_integer_value(value) > REVISION)
        return refuse(w, t, ERROR_NEWER, "/revision", "");
    return WORK_MORE;
}

static enum work take_field(struct writer *w, struct transaction *t)
{
    char path[96];
    const struct cut *c = &t->cut;
    unsigned bit = field_bit(t, c->key);
    struct object_complaint complaint = {0};
    snprintf(path, sizeof path, "/%.*s", SLICE_ARG(slice_first(c->key, 64)));
    if (bit == 0)
        return refuse(w, t, ERROR_UNSUPPORTED, path,
            importing(t) ? "is no field of an import; there are format, revision, comment, objects"
                         : "is no field of a change; there are comment, changes");
    if ((t->fields & bit) != 0 || (bit == FIELD_ITEMS && t->cut.entered))
        return refuse(w, t, ERROR_EXISTS, path, "is there twice");
    t->fields |= bit;
    /* One value alone is no object: it becomes one item of a list. */
    struct buffer text = {0};
    buffer_add_format(&text, "[%.*s]", SLICE_ARG(slice_first(c->value, OBJECT_BYTES)));
    json_t *list = object_parse(buffer_slice(&text), &complaint);
    enum work result = list == NULL ? refuse(w, t, ERROR_SYNTAX, path, "is not well-formed JSON")
                                    : take_value(w, t, bit, json_array_get(list, 0));
    json_decref(list);
    buffer_free(&text);
    object_complaint_free(&complaint);
    return result;
}

/* ---- one item ---- */

static enum work take_item(struct writer *w, struct transaction *t)
{
    struct item *i = writer__item(t);
    if (i == NULL)
        return refuse(w, t, ERROR_LIMIT, "", "has more than 200000 objects; make several of it");
    i->given = t->cut.value;
    return WORK_MORE;
}

static enum work bad(struct writer *w, struct transaction *t)
{
    char why[128];
    snprintf(why, sizeof why, "is not well-formed JSON: line %zu: %s", t->cut.line, t->cut.why);
    return refuse(w, t, ERROR_SYNTAX, "", why);
}

static enum work end(struct writer *w, struct transaction *t)
{
    if (importing(t) && (t->fields & FIELD_FORMAT) == 0)
        return refuse(w, t, ERROR_SYNTAX, "/format", "is missing: is this an export?");
    if (!t->cut.entered)
        return refuse(w, t, ERROR_SYNTAX, importing(t) ? "/objects" : "/changes", "is missing");
    t->phase = PHASE_CHECK;
    return WORK_MORE;
}

enum work writer__cut(struct writer *w, struct transaction *t, size_t *budget)
{
    size_t items = t->count;
    while (*budget != 0 && t->count - items < TRANSACTION_TURN * 4) {
        enum work result = WORK_MORE;
        switch (cut_next(&t->cut, budget)) {
        case CUT_MORE:
            return WORK_MORE;
        case CUT_FIELD:
            result = take_field(w, t);
            break;
        case CUT_ITEM:
            result = take_item(w, t);
            break;
        case CUT_END:
            return end(w, t);
        default:
            return bad(w, t);
        }
        if (result != WORK_MORE)
            return result;
    }
    return WORK_MORE;
}
