/* Objects of a file, or of all files of a folder in order of their names. */
#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>

#include "tools/changes/changes.h"
#include "tools/dispatch.h"
#include "tools/objects.h"

static int is_objects(const struct dirent *entry)
{
    struct slice name = slice_text(entry->d_name);
    return name.data[0] != '.' && (slice_ends(name, SLICE(".json")) || slice_ends(name, SLICE(".toml")));
}

/* Lists of the same kind become one. */
static void merge(json_t *all, json_t *file)
{
    const char *kind;
    json_t *list;
    json_object_foreach(file, kind, list)
    {
        json_t *known = json_object_get(all, kind);
        if (known != NULL)
            json_array_extend(known, list);
        else
            json_object_set(all, kind, list);
    }
}

static json_t *read_folder(const char *path)
{
    struct dirent **entries;
    int count = scandir(path, &entries, is_objects, alphasort);
    json_t *all = json_object();
    if (count <= 0) {
        command_complain("%s: has no files of objects, .json or .toml", path);
        json_decref(all);
        all = NULL;
    }
    for (int i = 0; i < count; i++) {
        struct buffer name = {0};
        buffer_add_format(&name, "%s/%s", path, entries[i]->d_name);
        buffer_add_byte(&name, '\0');
        json_t *file = all != NULL ? objects_read(name.data) : NULL;
        if (file != NULL)
            merge(all, file);
        if (file == NULL) {
            json_decref(all);
            all = NULL;
        }
        json_decref(file);
        buffer_free(&name);
        free(entries[i]);
    }
    if (count > 0)
        free(entries);
    return all;
}

json_t *source_read(const char *path)
{
    struct stat about;
    return stat(path, &about) == 0 && S_ISDIR(about.st_mode) ? read_folder(path) : objects_read(path);
}
