/* tandem backup FILE: everything that cannot be made anew, while the system runs. */
#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/error.h"
#include "tools/backup/backup.h"
#include "tools/dispatch.h"
#include "tools/file.h"

bool database_leaves_out(const char *table)
{
    /* The number of who leads, a transaction that is under way, and how far the spools of nodes were stored:
     * the nodes of a restored system begin behind all of that (pair/pair_fsm.c). */
    static const char *const names[] = {"alarm_lead", "change_stage", "stream_position"};
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++)
        if (strcmp(names[i], table) == 0)
            return true;
    return false;
}

static const char *text_of(struct backup_place *p, const struct options *o, enum option option)
{
    struct slice value = options_text(o, option);
    return slice_empty(value) ? NULL : arena_text(&p->texts, value);
}

void backup__place(struct backup_place *p, const struct options *o)
{
    const struct option_value *store = &o->values[OPTION_STORE];
    *p = (struct backup_place){.kind = store->count != 0 ? &database_postgres : &database_sqlite};
    p->params = (struct real_engines_params){.data = text_of(p, o, OPTION_DATA),
        .authority = text_of(p, o, OPTION_AUTHORITY),
        .certificate = text_of(p, o, OPTION_CERTIFICATE),
        .key = text_of(p, o, OPTION_KEY),
        .store = {.addresses = store->items,
            .count = store->count,
            .user = text_of(p, o, OPTION_STORE_USER),
            .password_file = text_of(p, o, OPTION_STORE_PASSWORD_FILE),
            .database = text_of(p, o, OPTION_STORE_DATABASE)}};
}

/* ---- tables ---- */

struct writing {
    struct archive archive;
    struct buffer line;
    size_t columns;
    bool open; /* a member */
    uint64_t rows;
};

static int end_member(struct writing *w)
{
    bool was = w->open;
    w->open = false;
    return was ? archive_end(&w->archive) : 0;
}

static int add_line(struct writing *w)
{
    int error = archive_add(&w->archive, buffer_slice(&w->line));
    buffer_clear(&w->line);
    return error;
}

static int table_h(void *argument, const struct database_table *table)
{
    struct writing *w = argument;
    char name[ARCHIVE_NAME];
    int error = end_member(w);
    snprintf(name, sizeof name, "tables/%s.jsonl", table->name);
    if (error == 0)
        error = archive_begin(&w->archive, name);
    w->open = error == 0;
    w->columns = table->count;
    if (error == 0)
        error = backup__table_line(&w->line, table);
    return error == 0 ? add_line(w) : error;
}

static int row_h(void *argument, const struct database_value *values)
{
    struct writing *w = argument;
    int error = backup__row_line(&w->line, values, w->columns);
    w->rows++;
    return error == 0 ? add_line(w) : error;
}

/* ---- files of the data folder ---- */

static int add_file(struct writing *w, const char *data, const char *name, struct buffer *complaint)
{
    char path[1200], member[ARCHIVE_NAME];
    struct buffer bytes = {.data = NULL};
    snprintf(path, sizeof path, "%s/%s", data, name);
    if (snprintf(member, sizeof member, "files/%s", name) >= (int)sizeof member)
        return ERROR_LIMIT;
    int error = tools_file_read(&bytes, path, complaint);
    if (error == 0)
        error = archive_begin(&w->archive, member);
    if (error == 0)
        error = archive_add(&w->archive, buffer_slice(&bytes));
    if (error == 0)
        error = archive_end(&w->archive);
    buffer_free(&bytes);
    return error;
}

static int is_wanted(const struct dirent *e)
{
    size_t length = strlen(e->d_name);
    return length > 4 && e->d_name[0] != '.' &&
           (strcmp(e->d_name + length - 4, ".pem") == 0 || strcmp(e->d_name + length - 4, ".key") == 0);
}

static int add_files(struct writing *w, const char *data, struct buffer *complaint)
{
    static const char *const folders[] = {"certificates", "."};
    int error = 0;
    for (size_t f = 0; f < 2 && error == 0; f++) {
        char path[1200], name[512];
        struct dirent **found = NULL;
        snprintf(path, sizeof path, "%s/%s", data, folders[f]);
        int count = scandir(path, &found, is_wanted, alphasort);
        for (int i = 0; i < count; i++) {
            snprintf(name, sizeof name, f == 0 ? "certificates/%s" : "%s", found[i]->d_name);
            if (error == 0)
                error = add_file(w, data, name, complaint);
            free(found[i]);
        }
        free(found);
    }
    return error;
}

static int write_all(
    struct writing *w, const struct backup_place *p, const char *path, struct buffer *complaint)
{
    unsigned schema = 0;
    struct database_reader reader = {.argument = w, .table_h = table_h, .row_h = row_h};
    int error = archive_create(&w->archive, path, complaint);
    if (error == 0)
        error = p->kind->read(&schema, &p->params, &reader, complaint);
    if (error == 0)
        error = end_member(w);
    if (error == 0)
        error = add_files(w, p->params.data, complaint);
    if (error == 0)
        error = backup__add_manifest(&w->archive, schema, p->kind->name);
    return error == 0 ? archive_finish(&w->archive) : error;
}

int command_backup(const struct options *options)
{
    struct backup_place place;
    struct writing w = {.open = false};
    struct buffer complaint = {.data = NULL};
    backup__place(&place, options);
    int error = write_all(&w, &place, options->words[0], &complaint);
    if (error == 0)
        printf("%s: %llu rows and %zu files; it holds keys and secrets, keep it safe\n", options->words[0],
            (unsigned long long)w.rows, w.archive.count - 1);
    else if (complaint.length != 0)
        command_complain("%.*s", SLICE_ARG(buffer_slice(&complaint)));
    else
        command_complain("%s: %s", options->words[0], error_sentence(error));
    archive_close(&w.archive);
    buffer_free(&w.line);
    buffer_free(&complaint);
    arena_free(&place.texts);
    return error == 0 ? EXIT_DONE : EXIT_FAILED;
}
