#include "engine/files.h"

#include <errno.h>
#include <stdlib.h>

#include "base/error.h"
#include "base/log.h"
#include "base/mem.h"
#include "engine/files_int.h"

static int failed(const char *what, const char *name, int error)
{
    if (error == ERROR_MISSING)
        return error;
    LOG(LOG_ERROR, "files", "%s of %s failed: %s; %s", what, name, strerror(errno), error_sentence(error));
    return error;
}

/* False: the name would leave the folder or is too long. */
static bool name_text(char text[FILES_NAME + 1], struct slice name)
{
    if (slice_empty(name) || name.length > FILES_NAME || name.data[0] == '.' || slice_find(name, '/') >= 0 ||
        slice_find(name, '\0') >= 0)
        return false;
    slice_put(text, name);
    text[name.length] = '\0';
    return true;
}

void files_close(struct files *f)
{
    if (f != NULL)
        f->operations->end(f);
}

int files_open(struct file **file, struct files *f, struct slice name, bool create)
{
    char text[FILES_NAME + 1];
    if (!name_text(text, name))
        return ERROR_SYNTAX;
    int error = f->operations->open(file, f, text, create);
    if (error != 0)
        return failed("opening", text, error);
    (*file)->files = f;
    (*file)->holders = 1;
    memcpy((*file)->name, text, name.length + 1);
    return 0;
}

struct file *files_hold(struct file *file)
{
    file->holders++;
    return file;
}

void files_release(struct file *file)
{
    if (file != NULL && --file->holders == 0)
        file->files->operations->close(file);
}

int files_append(struct file *file, struct slice bytes)
{
    int error = file->files->operations->append(file, bytes);
    return error == 0 ? 0 : failed("writing", file->name, error);
}

int files_read(size_t *got, struct file *file, uint64_t at, char *data, size_t length)
{
    int error = file->files->operations->read(got, file, at, data, length);
    return error == 0 ? 0 : failed("reading", file->name, error);
}

uint64_t files_size(const struct file *file)
{
    return file->size;
}

int files_sync(struct file *file)
{
    int error = file->files->operations->sync(file);
    return error == 0 ? 0 : failed("syncing", file->name, error);
}

int files_truncate(struct file *file, uint64_t size)
{
    int error = file->files->operations->truncate(file, size);
    return error == 0 ? 0 : failed("cutting", file->name, error);
}

int files_rename(struct files *f, struct slice from, struct slice to)
{
    char from_text[FILES_NAME + 1], to_text[FILES_NAME + 1];
    if (!name_text(from_text, from) || !name_text(to_text, to))
        return ERROR_SYNTAX;
    int error = f->operations->rename(f, from_text, to_text);
    return error == 0 ? 0 : failed("renaming", from_text, error);
}

int files_remove(struct files *f, struct slice name)
{
    char text[FILES_NAME + 1];
    if (!name_text(text, name))
        return ERROR_SYNTAX;
    int error = f->operations->remove(f, text);
    return error == 0 ? 0 : failed("removing", text, error);
}

static int by_bytes(const void *a, const void *b)
{
    return strcmp(*(const char *const *)a, *(const char *const *)b);
}

int files_list(struct buffer *names, struct files *f, struct slice prefix)
{
    struct buffer found = {0};
    int error = f->operations->list(&found, f, prefix);
    if (error != 0) {
        buffer_free(&found);
        return failed("listing", "the folder", error);
    }
    size_t count = 0;
    for (size_t i = 0; i < found.length; i++)
        count += found.data[i] == '\0';
    const char **sorted = mem_alloc(count * sizeof *sorted);
    const char *at = found.data;
    for (size_t i = 0; i < count; i++, at += strlen(at) + 1)
        sorted[i] = at;
    if (count != 0)
        qsort(sorted, count, sizeof *sorted, by_bytes);
    for (size_t i = 0; i < count; i++)
        buffer_add(names, slice_of(sorted[i], strlen(sorted[i]) + 1));
    mem_free(sorted);
    buffer_free(&found);
    return names->overflowed ? ERROR_LIMIT : 0;
}
