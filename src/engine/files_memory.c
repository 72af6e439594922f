/* Files in memory: a disk that loses what was not synced, gets full, and fails on demand. */
#include <errno.h>

#include "base/error.h"
#include "base/hash.h"
#include "base/map.h"
#include "base/mem.h"
#include "engine/files_int.h"

#define RUBBISH 64 /* most bytes at the end of a torn file that hold anything but what was written */

struct content {
    struct buffer data;
    size_t synced;  /* bytes that survive a crash */
    bool named;     /* its name survives as well */
    bool removed;   /* goes with its last handle */
    unsigned opens; /* handles */
    size_t name_length;
    char name[FILES_NAME + 1];
};

struct memory_files {
    struct files base;
    struct map contents; /* by name */
    uint64_t limit, used;
    unsigned faults[FILES_FAULT_REST + 1];
};

struct memory_file {
    struct file base;
    struct content *content;
};

static struct memory_files *memory(struct files *f)
{
    return (struct memory_files *)(void *)f;
}

static struct content *content(struct file *file)
{
    return ((struct memory_file *)(void *)file)->content;
}

static struct slice name_of(const struct content *c)
{
    return slice_of(c->name, c->name_length);
}

static bool faulty(struct memory_files *m, enum files_fault fault)
{
    if (m->faults[fault] == 0)
        return false;
    m->faults[fault]--;
    errno = EIO;
    return true;
}

static void drop(struct memory_files *m, struct content *c)
{
    m->used -= c->data.length;
    buffer_free(&c->data);
    mem_free(c);
}

/* Takes the name away; the content stays while somebody has it open. */
static void unlink_content(struct memory_files *m, struct content *c)
{
    map_remove(&m->contents, name_of(c));
    c->removed = true;
    if (c->opens == 0)
        drop(m, c);
}

struct files *files_open_memory(void)
{
    struct memory_files *m = mem_zero(sizeof *m);
    m->base.operations = &files__memory;
    return &m->base;
}

static void end_h(struct files *f)
{
    struct memory_files *m = memory(f);
    struct content *c;
    map_for_each (c, &m->contents)
        drop(m, c);
    map_free(&m->contents);
    mem_free(m);
}

static int open_h(struct file **file, struct files *f, const char *name, bool create)
{
    struct memory_files *m = memory(f);
    struct content *c = map_get(&m->contents, slice_text(name));
    if (faulty(m, FILES_FAULT_OPEN))
        return ERROR_DISK;
    if (c == NULL && !create)
        return ERROR_MISSING;
    if (c == NULL) {
        c = mem_zero(sizeof *c);
        c->data.limit = SIZE_MAX / 2;
        c->name_length = strlen(name);
        memcpy(c->name, name, c->name_length + 1);
        map_put(&m->contents, name_of(c), c);
    }
    struct memory_file *opened = mem_zero(sizeof *opened);
    opened->content = c;
    opened->base.size = c->data.length;
    c->opens++;
    *file = &opened->base;
    return 0;
}

static void close_h(struct file *file)
{
    struct content *c = content(file);
    if (--c->opens == 0 && c->removed)
        drop(memory(file->files), c);
    mem_free(file);
}

static int append_h(struct file *file, struct slice bytes)
{
    struct memory_files *m = memory(file->files);
    if (faulty(m, FILES_FAULT_APPEND))
        return ERROR_DISK;
    if (m->limit != 0 && bytes.length > (m->used < m->limit ? m->limit - m->used : 0)) {
        errno = ENOSPC;
        return ERROR_DISK;
    }
    buffer_add(&content(file)->data, bytes);
    m->used += bytes.length;
    file->size += bytes.length;
    return 0;
}

static int read_h(size_t *got, struct file *file, uint64_t at, char *data, size_t length)
{
    if (faulty(memory(file->files), FILES_FAULT_READ))
        return ERROR_DISK;
    struct slice rest = slice_first(slice_from(buffer_slice(&content(file)->data), at), length);
    slice_put(data, rest);
    *got = rest.length;
    return 0;
}

static int sync_h(struct file *file)
{
    if (faulty(memory(file->files), FILES_FAULT_SYNC))
        return ERROR_DISK;
    struct content *c = content(file);
    c->synced = c->data.length;
    c->named = true;
    return 0;
}

static int truncate_h(struct file *file, uint64_t size)
{
    struct memory_files *m = memory(file->files);
    struct content *c = content(file);
    if (faulty(m, FILES_FAULT_REST))
        return ERROR_DISK;
    if (size < c->data.length) {
        m->used -= c->data.length - size;
        c->data.length = size;
    }
    file->size = size;
    return sync_h(file);
}

static int rename_h(struct files *f, const char *from, const char *to)
{
    struct memory_files *m = memory(f);
    struct content *c = map_get(&m->contents, slice_text(from));
    struct content *old = map_get(&m->contents, slice_text(to));
    if (faulty(m, FILES_FAULT_REST))
        return ERROR_DISK;
    if (c == NULL)
        return ERROR_MISSING;
    if (old != NULL && old != c)
        unlink_content(m, old);
    map_remove(&m->contents, name_of(c));
    c->name_length = strlen(to);
    memcpy(c->name, to, c->name_length + 1);
    c->named = true;
    map_put(&m->contents, name_of(c), c);
    return 0;
}

static int remove_h(struct files *f, const char *name)
{
    struct memory_files *m = memory(f);
    struct content *c = map_get(&m->contents, slice_text(name));
    if (faulty(m, FILES_FAULT_REST))
        return ERROR_DISK;
    if (c == NULL)
        return ERROR_MISSING;
    unlink_content(m, c);
    return 0;
}

static int list_h(struct buffer *names, struct files *f, struct slice prefix)
{
    struct memory_files *m = memory(f);
    struct content *c;
    if (faulty(m, FILES_FAULT_REST))
        return ERROR_DISK;
    map_for_each (c, &m->contents)
        if (slice_starts(name_of(c), prefix))
            buffer_add(names, slice_of(c->name, c->name_length + 1));
    return 0;
}

const struct files_operations files__memory = {
    end_h, open_h, close_h, append_h, read_h, sync_h, truncate_h, rename_h, remove_h, list_h};

/* ---- faults ---- */

static void tear(struct memory_files *m, struct content *c, uint64_t random)
{
    size_t loose = c->data.length - c->synced;
    size_t kept = hash_number(random) % (loose + 1);
    size_t rubbish = random % 4 == 0 ? hash_number(random + 1) % (RUBBISH + 1) : 0;
    if (rubbish > kept)
        rubbish = kept;
    m->used -= loose - kept;
    c->data.length = c->synced + kept;
    for (size_t i = 0; i < rubbish; i++)
        c->data.data[c->data.length - rubbish + i] = (char)hash_number(random + 2 + i);
}

void files_memory_crash(struct files *f, uint64_t random)
{
    struct memory_files *m = memory(f);
    struct content *c;
    uint64_t number = 0;
    map_for_each (c, &m->contents) {
        random = hash_number(random + ++number);
        if (!c->named && random % 8 == 1)
            unlink_content(m, c);
        else
            tear(m, c, random);
    }
}

void files_memory_limit(struct files *f, uint64_t bytes)
{
    memory(f)->limit = bytes;
}

void files_memory_fail(struct files *f, enum files_fault fault, unsigned count)
{
    memory(f)->faults[fault] = count;
}

char *files_memory_bytes(struct files *f, struct slice name, size_t *length)
{
    struct content *c = map_get(&memory(f)->contents, name);
    if (c == NULL)
        return NULL;
    *length = c->data.length;
    return c->data.data;
}
