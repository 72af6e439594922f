#include <jansson.h>
#include <stdlib.h>
#include <time.h>

#include "base/error.h"
#include "engine/store/statement.h"
#include "tools/backup/backup.h"

int backup__add_manifest(struct archive *a, unsigned schema, const char *engine)
{
    char now[32];
    time_t seconds = time(NULL);
    struct tm broken;
    strftime(now, sizeof now, "%Y-%m-%dT%H:%M:%SZ", gmtime_r(&seconds, &broken));
    json_t *members = json_array();
    for (size_t i = 0; i < a->count; i++)
        json_array_append_new(members, json_pack("{sssIss}", "name", a->members[i].name, "bytes",
                                           (json_int_t)a->members[i].size, "sha256", a->members[i].sum));
    json_t *manifest = json_pack("{sisssisssssO}", "format", ARCHIVE_FORMAT, "program", TANDEM_VERSION,
        "schema", (int)schema, "engine", engine, "made_at", now, "members", members);
    char *text = json_dumps(manifest, JSON_INDENT(2));
    int error = text != NULL ? archive_begin(a, ARCHIVE_MANIFEST) : ERROR_LIMIT;
    if (error == 0)
        error = archive_add(a, slice_text(text));
    if (error == 0)
        error = archive_end(a);
    free(text);
    json_decref(members);
    json_decref(manifest);
    return error;
}

static json_t *read_manifest(struct archive *a)
{
    struct buffer text = {.data = NULL};
    json_error_t error;
    json_t *manifest = NULL;
    const struct archive_member *m = archive_find(a, ARCHIVE_MANIFEST);
    if (m != NULL && m == &a->members[a->count - 1] && archive_read(a, m, &text) == 0)
        manifest = json_loadb(text.data, text.length, 0, &error);
    buffer_free(&text);
    return manifest;
}

/* Each member, in order, is as it was. */
static bool members_agree(const struct archive *a, const json_t *members)
{
    if (json_array_size(members) != a->count - 1)
        return false;
    for (size_t i = 0; i + 1 < a->count; i++) {
        const json_t *said = json_array_get(members, i);
        const char *name = json_string_value(json_object_get(said, "name"));
        const char *sum = json_string_value(json_object_get(said, "sha256"));
        if (name == NULL || sum == NULL || strcmp(name, a->members[i].name) != 0 ||
            strcmp(sum, a->members[i].sum) != 0)
            return false;
    }
    return true;
}

int backup__check_manifest(struct archive *a, unsigned *schema, const char *path, struct buffer *complaint)
{
    json_t *manifest = read_manifest(a);
    json_int_t format = json_integer_value(json_object_get(manifest, "format"));
    json_int_t version = json_integer_value(json_object_get(manifest, "schema"));
    const char *program = json_string_value(json_object_get(manifest, "program"));
    int error = 0;
    if (manifest == NULL || format <= 0 || program == NULL) {
        buffer_add_format(complaint, "%s is no backup, or a damaged one: it has no manifest", path);
        error = ERROR_CORRUPT;
    } else if (format > ARCHIVE_FORMAT || version > (json_int_t)store_migration_count) {
        buffer_add_format(
            complaint, "%s was made by a newer version (%.32s); restore it with that one", path, program);
        error = ERROR_NEWER;
    } else if (version <= 0 || !members_agree(a, json_object_get(manifest, "members"))) {
        buffer_add_format(
            complaint, "%s is damaged: its parts are not as its manifest says; use another backup", path);
        error = ERROR_CORRUPT;
    }
    *schema = (unsigned)version;
    json_decref(manifest);
    return error;
}
