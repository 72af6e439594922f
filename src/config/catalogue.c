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
