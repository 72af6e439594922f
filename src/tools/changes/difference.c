/* What a change does to each object, like a unified difference of its fields. */
#include <stdio.h>

#include "config/object.h"
#include "tools/changes/changes.h"

static void add_value(struct buffer *out, const char *sign, const char *name, const json_t *value)
{
    buffer_add_format(out, "  %s %s = ", sign, name);
    object_dump(out, value);
    buffer_add_byte(out, '\n');
}

static void add_field(struct buffer *out, const char *name, const json_t *before, const json_t *after)
{
    if (before != NULL && after != NULL && json_equal(before, after))
        return;
    if (before != NULL)
        add_value(out, "-", name, before);
    if (after != NULL)
        add_value(out, "+", name, after);
}

/* Fields of the one, in its order; those of the other that the first does not have come behind. */
static void add_fields(struct buffer *out, const json_t *before, const json_t *after)
{
    const char *name;
    json_t *value;
    json_object_foreach((json_t *)(uintptr_t)(before != NULL ? before : after), name, value)
    {
        if (strcmp(name, "version") != 0)
            add_field(out, name, json_object_get(before, name), json_object_get(after, name));
    }
    json_object_foreach((json_t *)(uintptr_t)(before != NULL ? after : NULL), name, value)
    {
        if (strcmp(name, "version") != 0 && json_object_get(before, name) == NULL)
            add_field(out, name, NULL, value);
    }
}

void difference_object(struct buffer *out, const json_t *changed)
{
    const char *action = json_string_value(json_object_get(changed, "action"));
    const json_t *before = json_object_get(changed, "before"), *after = json_object_get(changed, "after");
    const json_t *secret;
    size_t at;
    if (action == NULL || strcmp(action, "same") == 0)
        return;
    buffer_add_format(out, "%s %s %s\n",
        strcmp(action, "create") == 0   ? "+"
        : strcmp(action, "delete") == 0 ? "-"
                                        : "~",
        json_string_value(json_object_get(changed, "kind")),
        json_string_value(json_object_get(changed, "name")));
    add_fields(out, json_is_object(before) ? before : NULL, json_is_object(after) ? after : NULL);
    json_array_foreach(json_object_get(changed, "changed_secrets"), at, secret)
        buffer_add_format(out, "  ~ %s: another one\n", json_string_value(secret));
}

static long long count_of(const json_t *change, const char *action)
{
    const json_t *counts = json_object_get(change, "counts"), *object;
    long long count = 0;
    size_t at;
    if (counts != NULL)
        return (long long)json_integer_value(json_object_get(counts, action));
    json_array_foreach(json_object_get(change, "changes"), at, object)
    {
        const char *its = json_string_value(json_object_get(object, "action"));
        count += its != NULL && strcmp(its, action) == 0;
    }
    return count;
}

void difference_print(const json_t *change, bool dry)
{
    struct buffer out = {0};
    const json_t *object;
    size_t at;
    long long more = (long long)json_integer_value(json_object_get(change, "more"));
    json_array_foreach(json_object_get(change, "changes"), at, object) difference_object(&out, object);
    if (more != 0)
        buffer_add_format(&out, "... and %lld objects more\n", more);
    long long made = count_of(change, "create"), changed = count_of(change, "change"),
              removed = count_of(change, "delete"), same = count_of(change, "same");
    if (!json_is_true(json_object_get(change, "applied")))
        buffer_add_format(&out, "%s", dry ? "nothing was changed; it would be: " : "nothing to change: ");
    else
        buffer_add_format(
            &out, "change %lld: ", (long long)json_integer_value(json_object_get(change, "number")));
    buffer_add_format(
        &out, "%lld made, %lld changed, %lld removed, %lld as they were\n", made, changed, removed, same);
    fwrite(out.data, 1, out.length, stdout);
    buffer_free(&out);
}
