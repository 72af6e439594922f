#include "config/catalogue.h"

#include "base/error.h"
#include "base/mem.h"

/* The objects of one kind in order of name. The store lists them in that order, so adding is appending. */
struct shelf {
    struct object **objects;
    size_t count, capacity;
};

struct catalogue {
    struct shelf shelves[KIND_MAX];
};

struct catalogue *catalogue_new(void)
{
    return mem_zero(sizeof(struct catalogue));
}

void catalogue_free(struct catalogue *c)
{
    for (size_t k = 0; k < KIND_MAX; k++) {
        for (size_t i = 0; i < c->shelves[k].count; i++)
            mem_free(c->shelves[k].objects[i]);
        mem_free(c->shelves[k].objects);
    }
    mem_free(c);
}

/* Where the name is, or would be. */
static size_t place(const struct shelf *s, struct slice name)
{
    size_t low = 0, high = s->count;
    if (s->count != 0 && slice_compare(s->objects[s->count - 1]->name, name) < 0)
        return s->count;
    while (low < high) {
        size_t middle = (low + high) / 2;
        if (slice_compare(s->objects[middle]->name, name) < 0)
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

static bool is_at(const struct shelf *s, size_t at, struct slice name)
{
    return at < s->count && slice_equal(s->objects[at]->name, name);
}

static struct object *copy_object(const struct object *o)
{
    struct object *copy = mem_alloc(sizeof *copy + o->name.length + o->body.length);
    char *text = (char *)(copy + 1);
    slice_put(text, o->name);
    slice_put(text + o->name.length, o->body);
    *copy = (struct object){
        o->kind, slice_of(text, o->name.length), slice_of(text + o->name.length, o->body.length), o->version};
    return copy;
}

void catalogue_put(struct catalogue *c, const struct object *o)
{
    struct shelf *s = &c->shelves[kind_number(o->kind)];
    struct object *copy = copy_object(o);
    size_t at = place(s, o->name);
    if (is_at(s, at, o->name)) {
        mem_free(s->objects[at]);
        s->objects[at] = copy;
        return;
    }
    if (s->count == s->capacity) {
        s->capacity = s->capacity != 0 ? s->capacity * 2 : 16;
        s->objects = mem_resize(s->objects, s->capacity * sizeof(struct object *));
    }
    memmove(s->objects + at + 1, s->objects + at, (s->count - at) * sizeof(struct object *));
    s->objects[at] = copy;
    s->count++;
}

void catalogue_remove(struct catalogue *c, const struct kind *k, struct slice name)
{
    struct shelf *s = &c->shelves[kind_number(k)];
    size_t at = place(s, name);
    if (!is_at(s, at, name))
        return;
    mem_free(s->objects[at]);
    s->count--;
    memmove(s->objects + at, s->objects + at + 1, (s->count - at) * sizeof(struct object *));
}

const struct object *catalogue_get(const struct catalogue *c, const struct kind *k, struct slice name)
{
    const struct shelf *s = &c->shelves[kind_number(k)];
    size_t at = place(s, name);
    return is_at(s, at, name) ? s->objects[at] : NULL;
}

size_t catalogue_count(const struct catalogue *c)
{
    size_t count = 0;
    for (size_t k = 0; k < KIND_MAX; k++)
        count += c->shelves[k].count;
    return count;
}

size_t catalogue_list(const struct object **list, size_t limit, const struct catalogue *c,
    const struct kind *k, struct slice after)
{
    const struct shelf *s = &c->shelves[kind_number(k)];
    size_t at = slice_empty(after) ? 0 : place(s, after), count = 0;
    if (!slice_empty(after) && is_at(s, at, after))
        at++;
    while (at < s->count && count < limit)
        list[count++] = s->objects[at++];
    return count;
}

/* ---- references ---- */

int catalogue_check_references(
    const struct catalogue *c, const struct kind *k, const json_t *body, struct object_complaint *complaint)
{
    for (size_t i = 0; i < k->field_count; i++) {
        const struct field *f = &k->fields[i];
        if (f->type != FIELD_REFERENCE || json_object_get(body, f->name) == NULL)
            continue;
        struct slice name = object_text(k, body, f->name);
        if (catalogue_get(c, kind_find(slice_text(f->refers)), name) != NULL)
            continue;
        buffer_add_format(&complaint->path, "/%s", f->name);
        buffer_add_format(
            &complaint->sentence, "there is no %s %.*s; create that first", f->refers, SLICE_ARG(name));
        return ERROR_REFERENCE;
    }
    return 0;
}

static bool refers_to(const struct object *o, const struct field *f, struct slice name)
{
    json_t *body = json_loadb(o->body.data, o->body.length, 0, NULL);
    bool does = slice_equal(object_text(o->kind, body, f->name), name);
    json_decref(body);
    return does;
}

const struct object *catalogue_user(
    size_t *more, const struct catalogue *c, const struct kind *k, struct slice name)
{
    const struct object *first = NULL;
    const struct kind *other;
    *more = 0;
    for (size_t at = 0; (other = kind_next(&at)) != NULL;)
        for (size_t f = 0; f < other->field_count; f++) {
            const struct shelf *s = &c->shelves[kind_number(other)];
            if (other->fields[f].type != FIELD_REFERENCE || strcmp(other->fields[f].refers, k->name) != 0)
                continue;
            for (size_t i = 0; i < s->count; i++) {
                if (!refers_to(s->objects[i], &other->fields[f], name))
                    continue;
                *more += first != NULL;
                first = first != NULL ? first : s->objects[i];
            }
        }
    return first;
}

/* Locations and applications are few, and only among them are rules that concern several at once: a trial
 * copy of them is cheap. */
int catalogue_check_whole(
    const struct catalogue *c, const struct object *changed, struct object_complaint *complaint)
{
    static const struct slice concerned[] = {SLICE_INIT("location"), SLICE_INIT("application")};
    struct config_builder *b = config_builder_new();
    struct configuration *trial;
    bool concerns = false;
    int error = 0;
    for (size_t k = 0; k < 2; k++) {
        const struct kind *kind = kind_find(concerned[k]);
        const struct shelf *s = &c->shelves[kind_number(kind)];
        bool here = changed->kind == kind;
        concerns = concerns || here;
        for (size_t i = 0; i < s->count && error == 0; i++)
            if (!here || !slice_equal(s->objects[i]->name, changed->name))
                error = object_build(b, s->objects[i]);
        if (here && error == 0)
            error = object_build(b, changed);
    }
    if (error != 0 || !concerns) {
        config_builder_free(b);
        return error;
    }
    if ((error = config_builder_end(&trial, b, &complaint->sentence)) == 0)
        config_release(trial);
    return error;
}
