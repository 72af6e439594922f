#include "engine/journal.h"

#include <stdio.h>

#include "base/error.h"
#include "base/log.h"
#include "base/mem.h"
#include "engine/record.h"

#define PIECE ((size_t)256 << 10) /* bytes written at a time when everything is written anew */

struct journal {
    struct files *files;
    struct file *file;
    struct buffer scratch;
    uint64_t last; /* number of the last entry */
    char name[FILES_NAME - 3], new_name[FILES_NAME + 1];
};

struct journal_writer {
    struct file *file;
    struct buffer piece;
    uint64_t last;
    int error;
};

struct telling {
    void (*told)(void *argument, struct slice entry);
    void *argument;
};

static void tell(void *argument, const struct record *record, uint64_t at)
{
    const struct telling *t = argument;
    (void)at;
    t->told(t->argument, record->bytes);
}

/* Cuts what a crash left behind the last good entry. */
static int cut(struct journal *j, const struct record_scan *scan)
{
    if (scan->good == files_size(j->file))
        return 0;
    LOG(LOG_WARNING, "journal", "%s: cut %llu bytes of a torn tail at byte %llu", j->name,
        (unsigned long long)(files_size(j->file) - scan->good), (unsigned long long)scan->good);
    return files_truncate(j->file, scan->good);
}

int journal_open(struct journal **j, struct files *files, const char *name,
    void (*told)(void *argument, struct slice entry), void *argument)
{
    struct journal *made = mem_zero(sizeof *made);
    struct telling telling = {told, argument};
    struct record_scan scan;
    made->files = files;
    snprintf(made->name, sizeof made->name, "%s", name);
    snprintf(made->new_name, sizeof made->new_name, "%s.new", made->name);
    int error = files_remove(files, slice_text(made->new_name)); /* of a rewriting that was interrupted */
    if (error == ERROR_MISSING)
        error = 0;
    if (error == 0)
        error = files_open(&made->file, files, slice_text(made->name), true);
    if (error == 0)
        error = record_scan_file(&scan, made->file, made->name, 1, tell, &telling);
    if (error == 0)
        error = cut(made, &scan);
    if (error != 0) {
        journal_close(made);
        return error;
    }
    made->last = scan.last;
    *j = made;
    return 0;
}

void journal_close(struct journal *j)
{
    if (j == NULL)
        return;
    files_release(j->file);
    buffer_free(&j->scratch);
    mem_free(j);
}

int journal_append(struct journal *j, struct slice entry)
{
    if (entry.length > RECORD_BYTES)
        return ERROR_LIMIT;
    buffer_clear(&j->scratch);
    record_add(&j->scratch, j->last + 1, entry);
    int error = files_append(j->file, buffer_slice(&j->scratch));
    if (error == 0)
        j->last++;
    return error;
}

int journal_sync(struct journal *j)
{
    return files_sync(j->file);
}

uint64_t journal_size(const struct journal *j)
{
    return files_size(j->file);
}

static void write_piece(struct journal_writer *w)
{
    if (w->error == 0)
        w->error = files_append(w->file, buffer_slice(&w->piece));
    buffer_clear(&w->piece);
}

void journal_entry(struct journal_writer *w, struct slice entry)
{
    record_add(&w->piece, ++w->last, entry);
    if (w->piece.length >= PIECE)
        write_piece(w);
}

int journal_rewrite(
    struct journal *j, void (*entries)(void *argument, struct journal_writer *w), void *argument)
{
    struct journal_writer w = {0};
    w.error = files_open(&w.file, j->files, slice_text(j->new_name), true);
    if (w.error == 0)
        w.error = files_truncate(w.file, 0); /* of an earlier attempt */
    if (w.error == 0)
        entries(argument, &w);
    write_piece(&w);
    if (w.error == 0)
        w.error = files_sync(w.file);
    if (w.error == 0)
        w.error = files_rename(j->files, slice_text(j->new_name), slice_text(j->name));
    buffer_free(&w.piece);
    if (w.error != 0) {
        files_release(w.file);
        return w.error;
    }
    /* Opened by its new name, which log lines shall give; the old handle serves as well. */
    struct file *renamed = NULL;
    if (files_open(&renamed, j->files, slice_text(j->name), false) == 0) {
        files_release(w.file);
        w.file = renamed;
    }
    files_release(j->file);
    j->file = w.file;
    j->last = w.last;
    return 0;
}
