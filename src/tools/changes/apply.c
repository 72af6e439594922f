/* tandem apply -f FILE, tandem delete KIND NAME */
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "tools/changes/changes.h"
#include "tools/dispatch.h"
#include "tools/objects.h"

#define SECONDS_BETWEEN 1 /* questions how far a long change is */

/* ---- one change ---- */

void change_query(struct buffer *path, const struct options *o, bool comment)
{
    struct slice text = options_text(o, OPTION_COMMENT);
    buffer_add_format(path, "?dry_run=%s", options_flag(o, OPTION_DRY_RUN) ? "true" : "false");
    if (!comment || slice_empty(text))
        return;
    buffer_add_text(path, "&comment=");
    for (size_t i = 0; i < text.length; i++)
        buffer_add_format(path, "%%%02X", (unsigned char)text.data[i]);
}

static json_t *ask_again(const struct options *o, unsigned *status, const json_t *progress)
{
    char path[96];
    const char *id = json_string_value(json_object_get(progress, "request"));
    if (id == NULL)
        return NULL;
    fprintf(stderr, "tandem: %s, %lld of %lld objects\n",
        json_string_value(json_object_get(progress, "state")),
        (long long)json_integer_value(json_object_get(progress, "done")),
        (long long)json_integer_value(json_object_get(progress, "of")));
    snprintf(path, sizeof path, "/api/changes/requests/%.32s", id);
    sleep(SECONDS_BETWEEN);
    return objects_send(status, o, "GET", slice_text(path), NULL);
}

json_t *change_send(const struct options *o, struct slice path, const json_t *content,
    void (*complain)(void *argument, unsigned status, const json_t *answer), void *argument)
{
    unsigned status = 0;
    json_t *answer = objects_send(&status, o, "POST", path, content);
    while (answer != NULL && status == 202) {
        json_t *next = ask_again(o, &status, answer);
        json_decref(answer);
        answer = next;
    }
    if (answer == NULL || status < 300)
        return answer;
    complain(argument, status, answer);
    json_decref(answer);
    return NULL;
}

/* ---- apply ---- */

/* "/objects/3/object/secret" is "dn 1001/secret" for who wrote the file. */
static void complain_h(void *argument, unsigned status, const json_t *answer)
{
    const json_t *objects = argument, *error = json_object_get(answer, "error");
    const char *path = json_string_value(json_object_get(error, "path"));
    const char *sentence = json_string_value(json_object_get(error, "sentence"));
    unsigned long place;
    char *rest;
    if (path == NULL || strncmp(path, "/objects/", 9) != 0 || sentence == NULL) {
        objects_complain("apply", status, answer);
        return;
    }
    place = strtoul(path + 9, &rest, 10);
    const json_t *item = json_array_get(objects, place), *object = json_object_get(item, "object");
    const char *kind = json_string_value(json_object_get(item, "kind"));
    const struct kind *k = kind != NULL ? kind_find(slice_text(kind)) : NULL;
    const char *name = k != NULL ? json_string_value(json_object_get(object, k->fields[0].name)) : NULL;
    rest += strncmp(rest, "/object", 7) == 0 ? 7 : 0;
    command_complain("%s %.64s%s: %s; nothing was changed", kind != NULL ? kind : "object",
        name != NULL ? name : "?", rest, sentence);
}

/* In the order in which kinds refer to each other, so that the difference reads well. */
static json_t *list_objects(const json_t *all)
{
    const struct kind *k;
    json_t *list = json_array(), *object;
    size_t item;
    for (size_t at = 0; (k = kind_next(&at)) != NULL;)
        json_array_foreach(json_object_get(all, k->name), item, object)
            json_array_append_new(list, json_pack("{ss, sO}", "kind", k->name, "object", object));
    return list;
}

static bool apply(const struct options *o, const json_t *all)
{
    struct slice comment = options_text(o, OPTION_COMMENT);
    struct buffer path = {0};
    json_t *objects = list_objects(all);
    json_t *content = json_pack("{ss, si, so, sO}", "format", "tandem-export", "revision", 1, "comment",
        slice_empty(comment) ? json_string("") : json_stringn(comment.data, comment.length), "objects",
        objects);
    buffer_add_text(&path, "/api/import");
    change_query(&path, o, false);
    if (options_flag(o, OPTION_REPLACE))
        buffer_add_text(&path, "&replace=true");
    json_t *answer = change_send(o, buffer_slice(&path), content, complain_h, objects);
    if (answer != NULL)
        difference_print(answer, options_flag(o, OPTION_DRY_RUN));
    buffer_free(&path);
    json_decref(answer);
    json_decref(content);
    json_decref(objects);
    return answer != NULL;
}

int command_apply(const struct options *o)
{
    if (!o->values[OPTION_FILE].given) {
        command_complain("say which file: tandem apply -f FILE");
        return EXIT_USAGE;
    }
    char *path = strndup(options_text(o, OPTION_FILE).data, options_text(o, OPTION_FILE).length);
    json_t *all = source_read(path);
    free(path);
    if (all == NULL)
        return EXIT_FAILED;
    bool done = apply(o, all);
    json_decref(all);
    return done ? EXIT_DONE : EXIT_FAILED;
}

/* ---- delete ---- */

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
