#include "config/inherit.h"

#include "base/log.h"
#include "config/seal.h"

/* The name of the object above; empty: it does not say. */
static struct slice name_above(const struct kind *k, const json_t *body)
{
    if (k->above->single != NULL)
        return slice_text(k->above->single);
    for (size_t i = 0; i < k->field_count; i++)
        if (k->fields[i].refers != NULL && strcmp(k->fields[i].refers, k->above->name) == 0)
            return object_text(k, body, k->fields[i].name);
    return (struct slice){0};
}

static json_t *standard(struct buffer *from, const struct field *f)
{
    buffer_add_text(from, "default");
    return f->standard != NULL ? json_loads(f->standard, JSON_DECODE_ANY, NULL) : NULL;
}

json_t *inherit_value(struct buffer *from, const struct kind *k, const json_t *body, const char *field,
    const struct inherit_means *means)
{
    json_t *at = json_incref((json_t *)(uintptr_t)body), *value = NULL;
    const struct field *f = field_find(k, slice_text(field));
    buffer_clear(from);
    while (value == NULL && f != NULL && (f->flags & FIELD_INHERITED) != 0 && k->above != NULL) {
        struct slice name = name_above(k, at);
        json_t *above = slice_empty(name) ? NULL : means->find(means->argument, k->above, name);
        value = json_incref(json_object_get(above, field));
        k = k->above;
        f = field_find(k, slice_text(field));
        if (value != NULL)
            buffer_add_format(from, "%s %.*s", k->name, SLICE_ARG(name));
        json_decref(at);
        at = above;
    }
    if (value == NULL && f != NULL)
        value = standard(from, f);
    json_decref(at);
    return value;
}

static json_t *find_h(void *argument, const struct kind *k, struct slice name)
{
    const struct object *o = catalogue_get(argument, k, name);
    return o != NULL ? json_loadb(o->body.data, o->body.length, 0, NULL) : NULL;
}

static json_t *show_inherited(const struct catalogue *c, const struct kind *k, const json_t *body)
{
    const struct inherit_means means = {(void *)(uintptr_t)c, find_h};
    json_t *all = json_object();
    struct buffer from = {0};
    struct slice role = object_text(k, body, "role");
    for (size_t i = 0; i < k->field_count; i++) {
        const struct field *f = &k->fields[i];
        if ((f->flags & FIELD_INHERITED) == 0 || !field_applies(f, role) ||
            json_object_get(body, f->name) != NULL)
            continue;
        json_t *value = inherit_value(&from, k, body, f->name, &means);
        if (value != NULL)
            json_object_set_new(
                all, f->name, json_pack("{so, ss%}", "value", value, "from", from.data, from.length));
    }
    buffer_free(&from);
    return all;
}

json_t *catalogue_show(const struct catalogue *c, const struct object *o, struct slice key, bool secrets)
{
    json_t *body = json_loadb(o->body.data, o->body.length, 0, NULL);
    if (!json_is_object(body)) {
        json_decref(body);
        return NULL;
    }
    int error = secrets ? object_unseal(o->kind, body, key) : 0;
    if (error != 0)
        LOG(LOG_ERROR, "config", "a secret of %s %.*s cannot be shown: it was sealed with another key",
            o->kind->name, SLICE_ARG(o->name));
    json_t *shown = object_show(o->kind, body, o->version, secrets);
    json_t *inherited = show_inherited(c, o->kind, body);
    if (json_object_size(inherited) != 0)
        json_object_set(shown, "inherited", inherited);
    json_decref(inherited);
    json_decref(body);
    return shown;
}
