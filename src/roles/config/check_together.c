/* The objects of a transaction together with all others: as if it were made already. */
#include "base/error.h"
#include "config/object.h"
#include "roles/config/writer_int.h"

#define TOGETHER 64

static bool will_exist(struct writer *w, const struct transaction *t, const struct kind *k, struct slice name)
{
    const struct item *i = writer__find(t, k, name);
    return i != NULL ? !slice_empty(i->after) : catalogue_get(w->catalogue, k, name) != NULL;
}

static int check_references(
    struct writer *w, const struct transaction *t, const struct item *i, struct object_complaint *c)
{
    json_t *body = json_loadb(i->after.data, i->after.length, 0, NULL);
    int error = 0;
    for (size_t f = 0; error == 0 && f < i->kind->field_count; f++) {
        const struct field *field = &i->kind->fields[f];
        struct slice name;
        if (field->type != FIELD_REFERENCE)
            continue;
        for (size_t at = 0; error == 0 && uses_next_reference(&name, body, field, &at);) {
            if (will_exist(w, t, kind_find(slice_text(field->refers)), name))
                continue;
            error = ERROR_REFERENCE;
            buffer_add_format(&c->path, "%s/%s",
                t->request.what == REQUEST_PUT || i->verbatim ? "" : "/object", field->name);
            buffer_add_format(
                &c->sentence, "there is no %s %.*s; create that first", field->refers, SLICE_ARG(name));
        }
    }
    json_decref(body);
    return error;
}

/* ---- who still refers to what is to be deleted ---- */

static bool refers_after(const struct item *user, const struct item *i)
{
    return !slice_empty(user->after) &&
           uses_does(&(struct object){user->kind, user->name, user->after, 0}, i->kind, i->name);
}

static bool name_user(struct object_complaint *c, const struct kind *k, struct slice name)
{
    buffer_add_format(&c->sentence, "is used by %s %.*s", k->name, SLICE_ARG(name));
    return true;
}

static bool find_user(
    struct writer *w, const struct transaction *t, const struct item *i, struct object_complaint *c)
{
    const struct object *list[TOGETHER];
    const struct kind *k;
    for (size_t n = 0; n < t->count; n++)
        if (refers_after(&t->items[n], i))
            return name_user(c, t->items[n].kind, t->items[n].name);
    for (size_t at = 0; (k = kind_next(&at)) != NULL;) {
        struct slice after = {0};
        size_t count;
        do {
            count = catalogue_list(list, TOGETHER, w->catalogue, k, after);
            for (size_t n = 0; n < count; n++)
                if (uses_does(list[n], i->kind, i->name) && writer__find(t, k, list[n]->name) == NULL)
                    return name_user(c, k, list[n]->name);
            after = count != 0 ? list[count - 1]->name : after;
        } while (count == TOGETHER);
    }
    return false;
}

static int check_users(
    struct writer *w, const struct transaction *t, const struct item *i, struct object_complaint *c)
{
    int64_t users = uses_of(&w->uses, i->kind, i->name) + uses_of(&t->changed, i->kind, i->name);
    if (users <= 0 || !find_user(w, t, i, c))
        return 0;
    if (users > 1)
        buffer_add_format(&c->sentence, " and %lld more", (long long)users - 1);
    buffer_add_text(&c->sentence, "; change them first");
    return ERROR_CONFLICT;
}

int writer__check_together(
    struct writer *w, struct transaction *t, const struct item *i, struct object_complaint *c)
{
    return slice_empty(i->after) ? check_users(w, t, i, c) : check_references(w, t, i, c);
}

/* ---- what concerns several objects at once ---- */

/* Kinds of which there are few, and only among which there are such rules: a trial copy of them is cheap. */
static const struct slice concerned[] = {
    SLICE_INIT("location"), SLICE_INIT("member"), SLICE_INIT("application")};
#define CONCERNED (sizeof concerned / sizeof concerned[0])

static bool concerns(const struct transaction *t)
{
    for (size_t k = 0; k < CONCERNED; k++) {
        const struct kind *kind = kind_find(concerned[k]);
        for (size_t n = 0; n < t->count; n++)
            if (t->items[n].action != ACTION_SAME && t->items[n].kind == kind)
                return true;
    }
    return false;
}

static int build_kept(
    struct writer *w, const struct transaction *t, const struct kind *k, struct config_builder *b)
{
    const struct object *list[TOGETHER];
    struct slice after = {0};
    size_t count;
    do {
        count = catalogue_list(list, TOGETHER, w->catalogue, k, after);
        for (size_t n = 0; n < count; n++) {
            int error = writer__find(t, k, list[n]->name) == NULL ? object_build(b, list[n]) : 0;
            if (error != 0)
                return error;
        }
        after = count != 0 ? list[count - 1]->name : after;
    } while (count == TOGETHER);
    return 0;
}

static int build_all(struct writer *w, const struct transaction *t, struct config_builder *b)
{
    int error = 0;
    for (size_t k = 0; k < CONCERNED && error == 0; k++) {
        const struct kind *kind = kind_find(concerned[k]);
        if (kind == NULL)
            continue;
        error = build_kept(w, t, kind, b);
        for (size_t n = 0; error == 0 && n < t->count; n++) {
            const struct item *i = &t->items[n];
            if (i->kind == kind && !slice_empty(i->after))
                error = object_build(b, &(struct object){i->kind, i->name, i->after, 1});
        }
    }
    return error;
}

int writer__check_whole(struct writer *w, struct transaction *t, struct object_complaint *c)
{
    struct configuration *trial;
    if (!concerns(t))
        return 0;
    struct config_builder *b = config_builder_new();
    config_builder_local(b, &(struct config_local){.secret_key = writer__key(w)});
    int error = build_all(w, t, b);
    if (error != 0) {
        config_builder_free(b);
        return error;
    }
    if ((error = config_builder_end(&trial, b, &c->sentence)) == 0)
        config_release(trial);
    return error;
}
