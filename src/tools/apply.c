/* tandem apply -f FILE, tandem delete KIND NAME */
#include <stdio.h>

#include "tools/dispatch.h"
#include "tools/objects.h"

static bool apply_one(const struct options *o, const struct kind *k, json_t *object)
{
    const json_t *key = json_object_get(object, k->fields[0].name);
    struct slice name = slice_of(json_string_value(key), json_string_length(key));
    struct buffer about = {0};
    buffer_add_format(&about, "%s %.*s", k->name, SLICE_ARG(name));
    buffer_add_byte(&about, '\0');
    json_t *answer = objects_ask(o, "PUT", k, name, (struct slice){0}, object, about.data);
    if (answer != NULL)
        printf("%s: version %lld\n", about.data,
            (long long)json_integer_value(json_object_get(answer, "version")));
    buffer_free(&about);
    json_decref(answer);
    return answer != NULL;
}

int command_apply(const struct options *o)
{
    const struct kind *k;
    json_t *object;
    size_t failed = 0, item;
    if (!o->values[OPTION_FILE].given) {
        command_complain("say which file: tandem apply -f FILE");
        return EXIT_USAGE;
    }
    char *path = strndup(options_text(o, OPTION_FILE).data, options_text(o, OPTION_FILE).length);
    json_t *all = objects_read(path);
    free(path);
    if (all == NULL)
        return EXIT_FAILED;
    /* In the order in which kinds refer to each other, so that a file may come in any. */
    for (size_t at = 0; (k = kind_next(&at)) != NULL;)
        json_array_foreach(json_object_get(all, k->name), item, object) failed += !apply_one(o, k, object);
    json_decref(all);
    return failed == 0 ? EXIT_DONE : EXIT_FAILED;
}

int command_delete(const struct options *o)
{
    const struct kind *k = objects_kind(o->words[0]);
    struct buffer about = {0};
    if (k == NULL)
        return EXIT_USAGE;
    buffer_add_format(&about, "%s %s", k->name, o->words[1]);
    buffer_add_byte(&about, '\0');
    json_t *answer =
        objects_ask(o, "DELETE", k, slice_text(o->words[1]), (struct slice){0}, NULL, about.data);
    if (answer != NULL)
        printf("%s: deleted\n", about.data);
    buffer_free(&about);
    json_decref(answer);
    return answer != NULL ? EXIT_DONE : EXIT_FAILED;
}
