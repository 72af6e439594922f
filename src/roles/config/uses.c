#include "roles/config/uses.h"

#include "base/mem.h"

struct target {
    int64_t count;
    size_t length;
    char key[]; /* "kind name" */
};

static struct slice key_of(char *text, size_t size, const struct kind *k, struct slice name)
{
    struct slice kind = slice_first(slice_text(k->name), size - 1);
    name = slice_first(name, size - 1 - kind.length);
    slice_put(text, kind);
    text[kind.length] = ' ';
    slice_put(text + kind.length + 1, name);
    return slice_of(text, kind.length + 1 + name.length);
}
#define KEY 320

void uses_free(struct uses *u)
{
    struct target *t;
    map_for_each (t, &u->targets)
        mem_free(t);
    map_free(&u->targets);
}

bool uses_next_reference(struct slice *name, const json_t *body, const struct field *f, size_t *at)
{
    const json_t *value = json_object_get(body, f->name);
    if (json_is_array(value))
        value = json_array_get(value, *at);
    else if (*at != 0)
        value = NULL;
    ++*at;
    if (!json_is_string(value))
        return false;
    *name = slice_of(json_string_value(value), json_string_length(value));
    return true;
}

static void count_one(struct uses *u, const struct kind *k, struct slice name, int by)
{
    char text[KEY];
    struct slice key = key_of(text, sizeof text, k, name);
    struct target *t = map_get(&u->targets, key);
    if (t == NULL) {
        t = mem_zero(sizeof *t + key.length);
        t->length = key.length;
        slice_put(t->key, key);
        map_put(&u->targets, slice_of(t->key, t->length), t);
    }
    t->count += by;
    if (t->count == 0) {
        map_remove(&u->targets, key);
        mem_free(t);
    }
}

void uses_count_body(struct uses *u, const struct kind *k, const json_t *body, int by)
{
    for (size_t i = 0; i < k->field_count; i++) {
        const struct field *f = &k->fields[i];
        struct slice name;
        if (f->type != FIELD_REFERENCE)
            continue;
        for (size_t at = 0; uses_next_reference(&name, body, f, &at);)
            count_one(u, kind_find(slice_text(f->refers)), name, by);
    }
}

static bool refers(const struct kind *k)
{
    for (size_t i = 0; i < k->field_count; i++)
        if (k->fields[i].type == FIELD_REFERENCE)
            return true;
    return false;
}

void uses_count(struct uses *u, const struct object *o, int by)
{
    if (!refers(o->kind))
        return;
    json_t *body = json_loadb(o->body.data, o->body.length, 0, NULL);
    uses_count_body(u, o->kind, body, by);
    json_decref(body);
}

int64_t uses_of(const struct uses *u, const struct kind *k, struct slice name)
{
    char text[KEY];
    const struct target *t = map_get(&u->targets, key_of(text, sizeof text, k, name));
    return t != NULL ? t->count : 0;
}

bool uses_does(const struct object *o, const struct kind *k, struct slice name)
{
    bool does = false;
    /* Most bodies do not even contain the name. */
    if (slice_find_slice(o->body, name) < 0)
        return false;
    json_t *body = json_loadb(o->body.data, o->body.length, 0, NULL);
    for (size_t i = 0; i < o->kind->field_count && !does; i++) {
        const struct field *f = &o->kind->fields[i];
        struct slice found;
        if (f->type != FIELD_REFERENCE || strcmp(f->refers, k->name) != 0)
            continue;
        for (size_t at = 0; !does && uses_next_reference(&found, body, f, &at);)
            does = slice_equal(found, name);
    }
    json_decref(body);
    return does;
}
