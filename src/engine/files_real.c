/* Files of a folder on the disk. */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdatomic.h>
#include <stdio.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/error.h"
#include "base/log.h"
#include "base/mem.h"
#include "engine/files_int.h"

struct real_files {
    struct files base;
    int folder;
};

struct real_file {
    struct file base;
    int handle;
    bool torn;         /* a failed write left something behind that could not be cut off yet */
    atomic_bool fresh; /* its name may not be on the disk yet */
};

static struct real_files *real(struct files *f)
{
    return (struct real_files *)(void *)f;
}

static struct real_file *real_file(struct file *file)
{
    return (struct real_file *)(void *)file;
}

int files_open_real(struct files **f, const char *folder)
{
    if (mkdir(folder, 0700) != 0 && errno != EEXIST) {
        LOG(LOG_ERROR, "files", "folder %s cannot be made: %s; check the path and its permissions", folder,
            strerror(errno));
        return ERROR_DISK;
    }
    int handle = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (handle < 0 || faccessat(handle, ".", R_OK | W_OK | X_OK, AT_EACCESS) != 0) {
        LOG(LOG_ERROR, "files", "folder %s cannot be used: %s; check the path and its permissions", folder,
            strerror(errno));
        if (handle >= 0)
            close(handle);
        return ERROR_DISK;
    }
    /* Two processes that append to the same files would destroy them. */
    if (flock(handle, LOCK_EX | LOCK_NB) != 0) {
        LOG(LOG_ERROR, "files",
            "folder %s is in use by another process; stop that one or choose another folder", folder);
        close(handle);
        return ERROR_BUSY;
    }
    struct real_files *r = mem_alloc(sizeof *r);
    *r = (struct real_files){{&files__real}, handle};
    *f = &r->base;
    return 0;
}

static void end_h(struct files *f)
{
    close(real(f)->folder);
    mem_free(f);
}

static int open_h(struct file **file, struct files *f, const char *name, bool create)
{
    int folder = real(f)->folder;
    int handle = openat(folder, name, O_RDWR | O_APPEND | O_CLOEXEC);
    bool fresh = handle < 0 && errno == ENOENT;
    if (fresh && !create)
        return ERROR_MISSING;
    if (fresh)
        handle = openat(folder, name, O_RDWR | O_APPEND | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
    struct stat about;
    if (handle < 0)
        return ERROR_DISK;
    if (fstat(handle, &about) != 0) {
        close(handle);
        return ERROR_DISK;
    }
    struct real_file *r = mem_zero(sizeof *r);
    r->base.size = (uint64_t)about.st_size;
    r->handle = handle;
    atomic_init(&r->fresh, fresh);
    *file = &r->base;
    return 0;
}

static void close_h(struct file *file)
{
    close(real_file(file)->handle);
    mem_free(file);
}

/* Cuts off what a failed write left; it is tried again before the next one when that fails too. */
static bool mend(struct real_file *r)
{
    r->torn = ftruncate(r->handle, (off_t)r->base.size) != 0;
    return !r->torn;
}

static int append_h(struct file *file, struct slice bytes)
{
    struct real_file *r = real_file(file);
    if (r->torn && !mend(r))
        return ERROR_DISK;
    size_t written = 0;
    while (written < bytes.length) {
        ssize_t count = write(r->handle, bytes.data + written, bytes.length - written);
        if (count < 0 && errno == EINTR)
            continue;
        if (count <= 0) {
            int why = count == 0 ? ENOSPC : errno;
            if (written != 0)
                mend(r);
            errno = why;
            return ERROR_DISK;
        }
        written += (size_t)count;
    }
    file->size += bytes.length;
    return 0;
}

static int read_h(size_t *got, struct file *file, uint64_t at, char *data, size_t length)
{
    *got = 0;
    while (*got < length) {
        ssize_t count = pread(real_file(file)->handle, data + *got, length - *got, (off_t)(at + *got));
        if (count < 0 && errno == EINTR)
            continue;
        if (count < 0)
            return ERROR_DISK;
        if (count == 0)
            break;
        *got += (size_t)count;
    }
    return 0;
}

static int sync_h(struct file *file)
{
    struct real_file *r = real_file(file);
    if (fdatasync(r->handle) != 0)
        return ERROR_DISK;
    if (atomic_exchange(&r->fresh, false) && fsync(real(file->files)->folder) != 0) {
        atomic_store(&r->fresh, true);
        return ERROR_DISK;
    }
    return 0;
}

static int truncate_h(struct file *file, uint64_t size)
{
    struct real_file *r = real_file(file);
    if (ftruncate(r->handle, (off_t)size) != 0)
        return ERROR_DISK;
    file->size = size;
    r->torn = false;
    return sync_h(file);
}

static int rename_h(struct files *f, const char *from, const char *to)
{
    int folder = real(f)->folder;
    if (renameat(folder, from, folder, to) != 0)
        return errno == ENOENT ? ERROR_MISSING : ERROR_DISK;
    return fsync(folder) == 0 ? 0 : ERROR_DISK;
}

static int remove_h(struct files *f, const char *name)
{
    if (unlinkat(real(f)->folder, name, 0) != 0)
        return errno == ENOENT ? ERROR_MISSING : ERROR_DISK;
    return 0;
}

static int list_h(struct buffer *names, struct files *f, struct slice prefix)
{
    int handle = openat(real(f)->folder, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    DIR *folder = handle >= 0 ? fdopendir(handle) : NULL;
    if (folder == NULL) {
        if (handle >= 0)
            close(handle);
        return ERROR_DISK;
    }
    struct dirent *entry;
    errno = 0;
    while ((entry = readdir(folder)) != NULL) {
        struct slice name = slice_text(entry->d_name);
        if (entry->d_name[0] != '.' && slice_starts(name, prefix))
            buffer_add(names, slice_of(name.data, name.length + 1));
    }
    int error = errno != 0 ? ERROR_DISK : 0;
    closedir(folder);
    return error;
}

const struct files_operations files__real = {
    end_h, open_h, close_h, append_h, read_h, sync_h, truncate_h, rename_h, remove_h, list_h};
