/* tandem restore FILE: into an empty data folder and an empty database, as a whole or not at all. */
#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/error.h"
#include "tools/backup/backup.h"
#include "tools/dispatch.h"
#include "tools/file.h"

struct reading {
    struct archive archive;
    const struct backup_place *place;
    void *target; /* of place->kind */
    struct database_table table;
    struct database_value values[DATABASE_COLUMNS];
    struct arena row;
    struct buffer *complaint;
    uint64_t rows;
};

static bool is_table(const char *name, struct database_table *table)
{
    struct slice rest = slice_text(name);
    if (!slice_starts(rest, SLICE("tables/")) || !slice_ends(rest, SLICE(".jsonl")))
        return false;
    rest = slice_from(rest, 7);
    rest.length -= 6;
    *table = (struct database_table){.count = 0};
    slice_put(table->name, slice_first(rest, DATABASE_NAME - 1));
    return true;
}

/* Where a member that is a file goes; nothing outside of the folder. */
static const char *file_of(const char *name)
{
    struct slice rest = slice_text(name);
    if (!slice_starts(rest, SLICE("files/")))
        return NULL;
    rest = slice_from(rest, 6);
    if (slice_starts(rest, SLICE("certificates/")))
        rest = slice_from(rest, 13);
    bool plain = !slice_empty(rest) && slice_find(rest, '/') < 0 && rest.data[0] != '.';
    return plain ? name + 6 : NULL;
}

static int line_h(void *argument, struct slice line, uint64_t number)
{
    struct reading *r = argument;
    const struct database_kind *kind = r->place->kind;
    if (number == 0) {
        int error = backup__read_table(&r->table, line);
        return error == 0 ? kind->table(r->target, &r->table, r->complaint) : error;
    }
    arena_reset(&r->row);
    int error = backup__read_row(r->values, r->table.count, line, &r->row);
    if (error != 0)
        return error;
    r->rows++;
    return kind->row(r->target, r->values, r->complaint);
}

/* ---- the data folder ---- */

static int check_folder(const char *data, struct buffer *complaint)
{
    DIR *folder = opendir(data);
    if (folder == NULL && errno == ENOENT)
        return 0;
    int error = folder == NULL ? ERROR_DISK : 0;
    if (error != 0)
        buffer_add_format(complaint, "the data folder %s cannot be read: %s", data, strerror(errno));
    for (struct dirent *e; folder != NULL && (e = readdir(folder)) != NULL && error == 0;) {
        if (strcmp(e->d_name, ".") == 0 || strcmp(e->d_name, "..") == 0 || strcmp(e->d_name, "lock") == 0)
            continue;
        buffer_add_format(complaint,
            "the data folder %s is not empty; restore into a new one with --data, or move it away first",
            data);
        error = ERROR_EXISTS;
    }
    if (folder != NULL)
        closedir(folder);
    return error;
}

static int make_folders(const char *data, struct buffer *complaint)
{
    char path[1200];
    snprintf(path, sizeof path, "%s/certificates", data);
    if ((mkdir(data, 0700) == 0 || errno == EEXIST) && (mkdir(path, 0700) == 0 || errno == EEXIST))
        return 0;
    buffer_add_format(complaint, "the data folder %s cannot be made: %s", data, strerror(errno));
    return ERROR_DISK;
}

static int write_file(struct reading *r, const struct archive_member *m, const char *name)
{
    char path[1200];
    struct buffer bytes = {.data = NULL};
    snprintf(path, sizeof path, "%s/%s", r->place->params.data, name);
    int error = archive_read(&r->archive, m, &bytes);
    if (error == 0)
        error = tools_file_write_private(path, buffer_slice(&bytes), r->complaint);
    buffer_free(&bytes);
    return error;
}

static void remove_files(const struct reading *r)
{
    char path[1200];
    for (size_t i = 0; i < r->archive.count; i++) {
        const char *name = file_of(r->archive.members[i].name);
        snprintf(path, sizeof path, "%s/%s", r->place->params.data, name != NULL ? name : "-");
        if (name != NULL)
            unlink(path);
    }
    snprintf(path, sizeof path, "%s/certificates", r->place->params.data);
    rmdir(path);
}

/* ---- all of it ---- */

static int restore_members(struct reading *r)
{
    int error = 0;
    for (size_t i = 0; i + 1 < r->archive.count && error == 0; i++) {
        const struct archive_member *m = &r->archive.members[i];
        const char *file = file_of(m->name);
        if (is_table(m->name, &r->table))
            error = database_leaves_out(r->table.name) ? 0 : archive_lines(&r->archive, m, line_h, r);
        else if (file != NULL)
            error = write_file(r, m, file);
        else
            error = ERROR_CORRUPT;
    }
    if (error != 0 && r->complaint->length == 0)
        buffer_add_format(r->complaint, "the backup does not suit its schema: %s", error_sentence(error));
    return error;
}

static int restore(struct reading *r, const char *path)
{
    const struct database_kind *kind = r->place->kind;
    unsigned schema;
    int error = archive_open(&r->archive, path, r->complaint);
    if (error == 0)
        error = backup__check_manifest(&r->archive, &schema, path, r->complaint);
    if (error == 0)
        error = check_folder(r->place->params.data, r->complaint);
    if (error == 0)
        error = make_folders(r->place->params.data, r->complaint);
    if (error != 0)
        return error;
    error = kind->begin(&r->target, &r->place->params, schema, r->complaint);
    if (error == 0)
        error = restore_members(r);
    int end = kind->end(r->target, error == 0, r->complaint);
    error = error != 0 ? error : end;
    if (error != 0)
        remove_files(r);
    return error;
}

int command_restore(const struct options *options)
{
    struct backup_place place;
    struct buffer complaint = {.data = NULL};
    struct reading r = {.place = &place, .complaint = &complaint};
    backup__place(&place, options);
    int error = restore(&r, options->words[0]);
    if (error == 0)
        printf("%llu rows are restored from %s; start tandem run\n", (unsigned long long)r.rows,
            options->words[0]);
    else if (complaint.length != 0)
        command_complain("%.*s", SLICE_ARG(buffer_slice(&complaint)));
    else
        command_complain("%s: %s", options->words[0], error_sentence(error));
    archive_close(&r.archive);
    arena_free(&r.row);
    arena_free(&place.texts);
    buffer_free(&complaint);
    return error == 0 ? EXIT_DONE : EXIT_FAILED;
}
