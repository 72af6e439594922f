/* Streams as files: finding, checking, adding and removing segments. */
#include <stdio.h>

#include "base/error.h"
#include "base/log.h"
#include "base/mem.h"
#include "engine/spool_int.h"

#define DIGITS 20

/* ---- names ---- */

static bool plain(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' || c == '_';
}

/* Letters, digits, - and _ as they are, the rest as %XX: two different streams never share a name. */
static size_t add_encoded(char *out, size_t at, struct slice text)
{
    static const char hex[] = "0123456789abcdef";
    for (size_t i = 0; i < text.length && at + 3 <= SPOOL_NAME; i++) {
        unsigned char c = (unsigned char)text.data[i];
        if (plain(text.data[i])) {
            out[at++] = text.data[i];
        } else {
            out[at++] = '%';
            out[at++] = hex[c >> 4];
            out[at++] = hex[c & 15];
        }
    }
    return at;
}

struct file_name {
    char text[FILES_NAME + 1];
};

static struct slice segment_name(struct file_name *name, const struct stream *t, uint64_t first)
{
    int length = snprintf(name->text, sizeof name->text, "%s.%020llu", t->name, (unsigned long long)first);
    return slice_of(name->text, (size_t)length);
}

/* ---- segments ---- */

void spool__segment_note(struct segment *g, uint64_t number, uint64_t at)
{
    g->last = number;
    if (g->mark_count != 0 && at - g->marks[g->mark_count - 1].at < SPOOL_INDEX)
        return;
    if (g->mark_count == g->mark_capacity) {
        g->mark_capacity = g->mark_capacity != 0 ? g->mark_capacity * 2 : 8;
        g->marks = mem_resize(g->marks, g->mark_capacity * sizeof *g->marks);
    }
    g->marks[g->mark_count++] = (struct mark){number, at};
}

static struct segment *list_segment(struct stream *t, uint64_t first)
{
    if (t->count == t->capacity) {
        t->capacity = t->capacity != 0 ? t->capacity * 2 : 4;
        t->segments = mem_resize(t->segments, t->capacity * sizeof *t->segments);
    }
    t->segments[t->count] = (struct segment){.first = first, .last = first - 1};
    return &t->segments[t->count++];
}

int spool__segment_add(struct spool *s, struct stream *t, uint64_t first)
{
    struct file_name name;
    struct file *file;
    int error = files_open(&file, s->files, segment_name(&name, t, first), true);
    if (error != 0)
        return error;
    files_release(t->file);
    t->file = file;
    t->pending = NULL; /* the older file stays in the list of those to be synced */
    list_segment(t, first)->scanned = true;
    return 0;
}

static void each(void *argument, const struct record *record, uint64_t at)
{
    spool__segment_note(argument, record->number, at);
}

static int scan(struct segment *g, struct file *file, const char *name)
{
    struct record_scan found;
    g->mark_count = 0;
    int error = record_scan_file(&found, file, name, g->first, each, g);
    g->last = found.last;
    g->size = found.good;
    g->scanned = error == 0;
    return error;
}

int spool__segment_scan(struct spool *s, struct stream *t, size_t index)
{
    struct segment *g = &t->segments[index];
    struct file_name name;
    struct file *file;
    if (g->scanned)
        return 0;
    int error = files_open(&file, s->files, segment_name(&name, t, g->first), false);
    if (error != 0)
        return error == ERROR_MISSING ? ERROR_DISK : error;
    error = scan(g, file, name.text);
    if (error == 0 && (g->size != files_size(file) || g->last >= t->segments[index + 1].first)) {
        /* It was full when the next one was begun. */
        LOG(LOG_ERROR, "spool",
            "%s is damaged at byte %llu, and later files exist; nothing was changed; restore the file from a "
            "backup or move the stream's files away to begin afresh",
            name.text, (unsigned long long)g->size);
        g->scanned = false;
        error = ERROR_CORRUPT;
    }
    files_release(file);
    return error;
}

int spool__segments_drop(struct spool *s, struct stream *t, size_t count)
{
    struct file_name name;
    size_t dropped = 0;
    int error = 0;
    while (dropped < count && error == 0) {
        error = files_remove(s->files, segment_name(&name, t, t->segments[dropped].first));
        if (error == ERROR_MISSING)
            error = 0;
        if (error == 0)
            mem_free(t->segments[dropped++].marks);
    }
    t->count -= dropped;
    memmove(t->segments, t->segments + dropped, t->count * sizeof *t->segments);
    return error;
}

/* ---- streams ---- */

static int list_segments(struct spool *s, struct stream *t)
{
    struct buffer names = {0};
    char prefix[SPOOL_NAME + 2];
    size_t length = (size_t)snprintf(prefix, sizeof prefix, "%s.", t->name);
    int error = files_list(&names, s->files, slice_of(prefix, length));
    for (size_t at = 0; error == 0 && at < names.length; at += strlen(names.data + at) + 1) {
        uint64_t first;
        struct slice digits = slice_from(slice_text(names.data + at), length);
        if (digits.length != DIGITS || slice_to_u64(&first, digits, UINT64_MAX) != 0 || first == 0)
            LOG(LOG_WARNING, "spool", "%s is no file of the spool; ignored", names.data + at);
        else
            list_segment(t, first);
    }
    buffer_free(&names);
    return error;
}

static int cut_tail(struct stream *t, struct segment *g, const char *name)
{
    if (g->size == files_size(t->file))
        return 0;
    LOG(LOG_WARNING, "spool", "%s: cut %llu bytes of a torn tail at byte %llu, behind number %llu", name,
        (unsigned long long)(files_size(t->file) - g->size), (unsigned long long)g->size,
        (unsigned long long)g->last);
    return files_truncate(t->file, g->size);
}

static void forget_segments(struct stream *t)
{
    for (size_t i = 0; i < t->count; i++)
        mem_free(t->segments[i].marks);
    t->count = 0;
    files_release(t->file);
    t->file = NULL;
}

static int open_stream(struct spool *s, struct stream *t)
{
    struct file_name name;
    forget_segments(t); /* of an attempt that failed */
    int error = list_segments(s, t);
    if (error != 0 || t->count == 0)
        return error;
    struct segment *last = &t->segments[t->count - 1];
    error = files_open(&t->file, s->files, segment_name(&name, t, last->first), false);
    if (error == 0)
        error = scan(last, t->file, name.text);
    if (error == 0)
        error = cut_tail(t, last, name.text);
    return error;
}

static struct stream *obtain(struct spool *s, struct slice instance, struct slice stream)
{
    char key[SPOOL_NAME + 1];
    size_t length = instance.length + 1 + stream.length;
    if (length > SPOOL_NAME / 3 || slice_empty(instance) || slice_empty(stream) ||
        slice_find(instance, '\0') >= 0)
        return NULL;
    slice_put(key, instance);
    key[instance.length] = '\0';
    slice_put(key + instance.length + 1, stream);
    struct stream *t = map_get(&s->streams, slice_of(key, length));
    if (t != NULL)
        return t;
    t = mem_zero(sizeof *t + length);
    memcpy(t->key, key, length);
    t->key_length = length;
    size_t at = add_encoded(t->name, 0, instance);
    t->name[at++] = '.';
    add_encoded(t->name, at, stream);
    map_put(&s->streams, slice_of(t->key, length), t);
    return t;
}

int spool__stream(struct stream **found, struct spool *s, struct slice instance, struct slice stream)
{
    struct stream *t = obtain(s, instance, stream);
    if (t == NULL)
        return ERROR_LIMIT;
    *found = t;
    if (t->opened || t->broken != 0)
        return t->broken;
    int error = open_stream(s, t);
    t->opened = error == 0;
    if (error == ERROR_CORRUPT)
        t->broken = error; /* said once, not at each append */
    return error;
}

void spool__stream_free(struct stream *t)
{
    forget_segments(t);
    mem_free(t->segments);
    mem_free(t);
}

/* ---- at a start ---- */

static bool same_stream(struct slice a, struct slice b)
{
    return a.length == b.length && a.length > DIGITS &&
           slice_equal(slice_first(a, a.length - DIGITS), slice_first(b, b.length - DIGITS));
}

int spool_check(struct files *files)
{
    struct buffer names = {0};
    int error = files_list(&names, files, SLICE(""));
    for (size_t at = 0, next; error == 0 && at < names.length; at = next) {
        struct slice name = slice_text(names.data + at);
        next = at + name.length + 1;
        uint64_t first;
        struct record_scan found;
        struct file *file;
        if ((next < names.length && same_stream(name, slice_text(names.data + next))) ||
            name.length <= DIGITS ||
            slice_to_u64(&first, slice_from(name, name.length - DIGITS), UINT64_MAX) != 0)
            continue;
        error = files_open(&file, files, name, false);
        if (error == 0) {
            error = record_scan_file(&found, file, name.data, first, NULL, NULL);
            files_release(file);
        }
    }
    buffer_free(&names);
    return error;
}
