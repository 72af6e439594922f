#include "engine/spool.h"

#include "base/error.h"
#include "base/mem.h"
#include "engine/spool_int.h"
#include "wire/engine.pb-c.h"
#include "wire/pack.h"

struct spool *spool_open(struct files *files)
{
    struct spool *s = mem_zero(sizeof *s);
    s->files = files;
    list_init(&s->pending);
    return s;
}

static void forget_pending(struct list *pending)
{
    list_for_each_safe (link, next, pending) {
        struct pending *p = list_entry(link, struct pending, link);
        list_remove(link);
        files_release(p->file);
        mem_free(p);
    }
}

void spool_close(struct spool *s)
{
    if (s == NULL)
        return;
    struct stream *t;
    forget_pending(&s->pending);
    map_for_each (t, &s->streams)
        spool__stream_free(t);
    map_free(&s->streams);
    buffer_free(&s->scratch);
    arena_free(&s->arena);
    mem_free(s);
}

/* ---- appending ---- */

static void want_sync(struct spool *s, struct stream *t)
{
    if (t->pending != NULL)
        return;
    t->pending = mem_zero(sizeof *t->pending);
    t->pending->file = files_hold(t->file);
    list_append(&s->pending, &t->pending->link);
}

static bool begins_segment(const struct stream *t, uint64_t number, size_t size)
{
    if (t->count == 0)
        return true;
    const struct segment *g = &t->segments[t->count - 1];
    return number != g->last + 1 || (g->size != 0 && g->size + size > SPOOL_SEGMENT);
}

static int append(struct spool *s, struct stream *t, uint64_t number, struct slice bytes)
{
    size_t size = RECORD_HEAD + bytes.length;
    int error = begins_segment(t, number, size) ? spool__segment_add(s, t, number) : 0;
    if (error != 0)
        return error;
    struct segment *g = &t->segments[t->count - 1];
    buffer_clear(&s->scratch);
    record_add(&s->scratch, number, bytes);
    error = files_append(t->file, buffer_slice(&s->scratch));
    if (error != 0)
        return error;
    spool__segment_note(g, number, g->size);
    g->size += size;
    want_sync(s, t);
    return 0;
}

int spool_append(
    struct spool *s, struct slice instance, struct slice stream, uint64_t number, struct slice bytes)
{
    struct stream *t;
    if (bytes.length > SPOOL_RECORD)
        return ERROR_LIMIT;
    if (number == 0 || number == UINT64_MAX)
        return ERROR_RANGE;
    int error = spool__stream(&t, s, instance, stream);
    if (error != 0)
        return error;
    if (t->count != 0 && number <= t->segments[t->count - 1].last)
        return 0;
    if (t->failed != 0 && number > t->failed)
        return ERROR_RANGE;
    error = append(s, t, number, bytes);
    t->failed = error == 0 ? 0 : number;
    return error;
}

/* ---- trimming and reading ---- */

static int trim(struct spool *s, struct stream *t, uint64_t to)
{
    if (to == UINT64_MAX)
        return ERROR_RANGE;
    if (t->count != 0 && to > t->segments[t->count - 1].last) {
        /* The stream goes on behind it; the name of a new file says where, also after a restart. What is left
         * of the old files by a death in between goes with the next trimming. */
        int error = spool__segment_add(s, t, to + 1);
        if (error != 0)
            return error;
        want_sync(s, t);
        return spool__segments_drop(s, t, t->count - 1);
    }
    size_t whole = 0;
    while (whole + 1 < t->count && t->segments[whole + 1].first - 1 <= to)
        whole++;
    return whole != 0 ? spool__segments_drop(s, t, whole) : 0;
}

static int carry_out(struct buffer *bytes, struct spool *s, struct slice instance, struct slice request)
{
    struct stream *t;
    const Tandem__SpoolRequest *m = pack_read(&tandem__spool_request__descriptor, request, &s->arena);
    if (m == NULL)
        return ERROR_SYNTAX;
    int error = spool__stream(&t, s, instance, slice_text(m->stream));
    if (error == 0 && m->has_trim_to)
        error = trim(s, t, m->trim_to);
    if (error == 0)
        error = spool__read(
            bytes, s, t, m->has_read_from, m->read_from, m->has_read_bytes ? m->read_bytes : SPOOL_READ);
    return error;
}

enum answer spool_ask(
    struct buffer *bytes, int *error, struct spool *s, struct slice instance, struct slice request)
{
    *error = carry_out(bytes, s, instance, request);
    arena_reset(&s->arena);
    return *error == 0 ? ANSWER_YES : ANSWER_NO;
}

/* ---- syncing ---- */

struct spool_sync *spool_sync_begin(struct spool *s)
{
    if (list_empty(&s->pending))
        return NULL;
    struct spool_sync *sync = mem_zero(sizeof *sync);
    list_init(&sync->files);
    list_for_each_safe (link, next, &s->pending) {
        list_remove(link);
        list_append(&sync->files, link);
    }
    struct stream *t;
    map_for_each (t, &s->streams)
        t->pending = NULL;
    return sync;
}

void spool_sync_run(struct spool_sync *sync)
{
    list_for_each (link, &sync->files) {
        struct pending *p = list_entry(link, struct pending, link);
        p->error = files_sync(p->file);
    }
}

int spool_sync_end(struct spool *s, struct spool_sync *sync)
{
    int error = 0;
    list_for_each_safe (link, next, &sync->files) {
        struct pending *p = list_entry(link, struct pending, link);
        if (p->error == 0)
            continue;
        error = p->error;
        p->error = 0;
        list_remove(link);
        list_append(&s->pending, link);
    }
    forget_pending(&sync->files);
    mem_free(sync);
    return error;
}
