#include "tools/objects.h"
#include "tools/place.h"

#include <ctype.h>

#include "base/error.h"
#include "config/object.h"
#include "config/start/toml.h"
#include "tools/dispatch.h"
#include "tools/file.h"

const struct kind *objects_kind(const char *word)
{
    const struct kind *k = kind_find(slice_text(word));
    if (k == NULL) {
        struct buffer list = {0};
        kind_list(&list);
        command_complain(
            "there is no kind of object \"%.64s\"; there are %.*s", word, SLICE_ARG(buffer_slice(&list)));
        buffer_free(&list);
    }
    return k;
}

/* ---- asking the running system ---- */

static void add_path(struct buffer *out, const struct kind *k, struct slice name, struct slice query)
{
    buffer_add_format(out, "/api/config/%s", k->name);
    if (!slice_empty(name))
        buffer_add_byte(out, '/');
    for (size_t i = 0; i < name.length; i++) {
        unsigned char byte = (unsigned char)name.data[i];
        if (isalnum(byte) || (byte != '\0' && strchr("-_.~*", byte) != NULL))
            buffer_add_byte(out, (char)byte);
        else
            buffer_add_format(out, "%%%02X", byte);
    }
    if (!slice_empty(query))
        buffer_add_format(out, "?%.*s", SLICE_ARG(query));
}

void objects_complain(const char *about, unsigned status, const json_t *answer)
{
    const json_t *error = json_object_get(answer, "error");
    const char *sentence = json_string_value(json_object_get(error, "sentence"));
    const char *path = json_string_value(json_object_get(error, "path"));
    if (status == 401)
        command_complain(
            "%s: not permitted: the operator.token of another data folder? say --data DIR", about);
    else if (sentence == NULL)
        command_complain("%s: the system answers %u", about, status);
    else
        command_complain("%s%s: %s", about, path != NULL ? path : "", sentence);
}

json_t *objects_ask(const struct options *o, const char *method, const struct kind *k, struct slice name,
    struct slice query, const json_t *content, const char *about)
{
    struct buffer path = {0};
    add_path(&path, k, name, query);
    json_t *answer = objects_rest(o, method, buffer_slice(&path), content, about);
    buffer_free(&path);
    return answer;
}

json_t *objects_send(
    unsigned *status, const struct options *o, const char *method, struct slice path, const json_t *content)
{
    struct buffer body = {0}, answer = {0}, sentence = {0};
    json_t *json = NULL;

    if (content != NULL)
        object_dump(&body, content);
    int error = place_ask(status, &answer, o, method, path, buffer_slice(&body), &sentence);
    if (error != 0)
        command_complain("%.*s", SLICE_ARG(buffer_slice(&sentence)));
    else
        json =
            json_loadb(answer.data != NULL ? answer.data : "", answer.length, JSON_REJECT_DUPLICATES, NULL);
    if (error == 0 && json == NULL) /* of an answer without a body the status says enough */
        json = json_object();
    buffer_free(&body);
    buffer_free(&answer);
    buffer_free(&sentence);
    return json;
}

json_t *objects_rest(
    const struct options *o, const char *method, struct slice path, const json_t *content, const char *about)
{
    unsigned status = 0;
    json_t *json = objects_send(&status, o, method, path, content);
    if (json != NULL && status >= 300) {
        objects_complain(about, status, json);
        json_decref(json);
        json = NULL;
    }
    return json;
}

/* ---- files of objects ---- */

static json_t *parse_toml(struct slice text, const char *path, struct buffer *complaint)
{
    struct arena arena = {0};
    struct buffer sentence = {0};
    struct toml *root;
    unsigned line;
    json_t *json = NULL;
    if (toml_parse(&root, &arena, text, &line, &sentence) == 0)
        json = toml_json(root);
    else
        buffer_add_format(complaint, "%s:%u: %.*s", path, line, SLICE_ARG(buffer_slice(&sentence)));
    buffer_free(&sentence);
    arena_free(&arena);
    return json;
}

static json_t *parse_json(struct slice text, const char *path, struct buffer *complaint)
{
    json_error_t error;
    json_t *json =
        json_loadb(text.data != NULL ? text.data : "", text.length, JSON_REJECT_DUPLICATES, &error);
    if (json == NULL)
        buffer_add_format(complaint, "%s:%d: %s", path, error.line, error.text);
    return json;
}

/* What a file of objects must look like, whichever way it is written. */
static bool check_shape(const json_t *json, const char *path, struct buffer *complaint)
{
    const char *name;
    json_t *list, *object;
    size_t at;
    if (!json_is_object(json)) {
        buffer_add_format(complaint, "%s: must be lists of objects by kind: {\"dn\": [{...}]}", path);
        return false;
    }
    json_object_foreach((json_t *)(uintptr_t)json, name, list)
    {
        if (kind_find(slice_text(name)) == NULL) {
            buffer_add_format(complaint, "%s: there is no kind of object \"%.64s\"; there are ", path, name);
            kind_list(complaint);
            return false;
        }
        if (!json_is_array(list)) {
            buffer_add_format(complaint, "%s: %s must be a list of objects", path, name);
            return false;
        }
        json_array_foreach(list, at, object)
        {
            const char *key = kind_find(slice_text(name))->fields[0].name;
            if (json_is_string(json_object_get(object, key)))
                continue;
            buffer_add_format(complaint, "%s: %s number %zu has no %s", path, name, at + 1, key);
            return false;
        }
    }
    return true;
}

json_t *objects_parse(struct slice text, const char *path, struct buffer *complaint)
{
    bool toml = slice_ends(slice_text(path), SLICE(".toml"));
    json_t *json = toml ? parse_toml(text, path, complaint) : parse_json(text, path, complaint);
    if (json != NULL && check_shape(json, path, complaint))
        return json;
    json_decref(json);
    return NULL;
}

json_t *objects_read(const char *path)
{
    struct buffer text = {0}, complaint = {0};
    json_t *json = NULL;
    if (tools_file_read(&text, path, &complaint) == 0)
        json = objects_parse(buffer_slice(&text), path, &complaint);
    if (json == NULL)
        command_complain("%.*s", SLICE_ARG(buffer_slice(&complaint)));
    buffer_free(&text);
    buffer_free(&complaint);
    return json;
}

bool objects_pages(const struct options *o, const struct kind *k, bool secrets, json_t *objects)
{
    char after[128] = "";
    bool more = true;
    while (more) {
        struct buffer query = {0};
        buffer_add_format(
            &query, "secrets=%s%s", secrets ? "true" : "false", after[0] != '\0' ? "&after=" : "");
        for (const char *byte = after; *byte != '\0'; byte++)
            buffer_add_format(&query, "%%%02X", (unsigned char)*byte);
        json_t *page = objects_ask(o, "GET", k, (struct slice){0}, buffer_slice(&query), NULL, k->name);
        buffer_free(&query);
        if (page == NULL)
            return false;
        json_array_extend(objects, json_object_get(page, "objects"));
        const char *next = json_string_value(json_object_get(page, "next"));
        more = next != NULL && strlen(next) < sizeof after;
        if (more)
            memcpy(after, next, strlen(next) + 1);
        json_decref(page);
    }
    return true;
}
