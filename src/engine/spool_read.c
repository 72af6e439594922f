/* Reading: from a number on, some records of one segment. */
#include <stdio.h>

#include "base/error.h"
#include "base/log.h"
#include "base/mem.h"
#include "engine/spool_int.h"
#include "wire/engine.pb-c.h"
#include "wire/pack.h"

#define RECORDS 8192U /* most of one answer */

static int read_failed(struct stream *t, int error)
{
    if (error == ERROR_CORRUPT)
        t->broken = error;
    return error;
}

/* The segment that has `from`, or begins behind it; count: there is none. */
static size_t segment_of(const struct stream *t, uint64_t from)
{
    size_t index = t->count;
    while (index > 0 && t->segments[index - 1].first > from)
        index--;
    if (index > 0)
        index--;
    return index;
}

static uint64_t begin_at(const struct segment *g, uint64_t from)
{
    size_t low = 0, high = g->mark_count;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (g->marks[middle].number <= from)
            low = middle + 1;
        else
            high = middle;
    }
    return low != 0 ? g->marks[low - 1].at : 0;
}

struct reading {
    struct arena *arena;
    Tandem__SpoolAnswer *answer;
    uint64_t from;
    size_t taken, limit; /* bytes */
    bool full;
};

static void take(struct reading *r, const struct record *record)
{
    r->full = r->answer->n_records == RECORDS ||
              (r->answer->n_records != 0 && r->taken + record->bytes.length > r->limit);
    if (r->full)
        return;
    Tandem__SpoolRecord *out = arena_alloc(r->arena, sizeof *out);
    tandem__spool_record__init(out);
    out->number = record->number;
    out->bytes = pack_bytes(arena_copy(r->arena, record->bytes));
    r->answer->records[r->answer->n_records++] = out;
    r->taken += record->bytes.length;
}

/* Walks the segment from `at` on until enough was found. */
static int walk(struct reading *r, struct file *file, uint64_t at, uint64_t end)
{
    size_t window = (size_t)SPOOL_INDEX + (r->limit < SPOOL_INDEX ? r->limit : (size_t)SPOOL_INDEX);
    char *data = mem_alloc(window);
    int error = 0;
    while (error == 0 && at < end && !r->full) {
        size_t got;
        error = files_read(&got, file, at, data, end - at < window ? (size_t)(end - at) : window);
        struct slice rest = slice_of(data, error == 0 ? got : 0);
        struct record record;
        int end_of_window = error;
        while (end_of_window == 0 && !r->full) {
            end_of_window = record_next(&record, &rest);
            if (end_of_window == 0 && record.number >= r->from)
                take(r, &record);
        }
        uint64_t next = error == 0 ? at + got - rest.length : at;
        if (end_of_window == ERROR_CORRUPT || (error == 0 && got == 0))
            error = ERROR_CORRUPT;
        if (error == 0 && next == at) { /* one record larger than the window */
            window = RECORD_HEAD + RECORD_BYTES;
            mem_free(data);
            data = mem_alloc(window);
        }
        at = next;
    }
    mem_free(data);
    return error;
}

/* The segment to read from: *index is t->count when there is nothing. */
static int choose(struct spool *s, struct stream *t, uint64_t from, size_t *index)
{
    *index = segment_of(t, from);
    if (*index == t->count)
        return 0;
    int error = spool__segment_scan(s, t, *index);
    if (error != 0 || t->segments[*index].last >= from)
        return error;
    ++*index; /* a jump: the number would lie between the two */
    return *index != t->count ? spool__segment_scan(s, t, *index) : 0;
}

static int collect(struct spool *s, struct stream *t, struct reading *r)
{
    size_t index;
    int error = choose(s, t, r->from, &index);
    if (error != 0 || index == t->count)
        return error;
    struct segment *g = &t->segments[index];
    bool active = index + 1 == t->count;
    struct file *file = active ? files_hold(t->file) : NULL;
    char name[FILES_NAME + 1];
    if (!active) {
        int length = snprintf(name, sizeof name, "%s.%020llu", t->name, (unsigned long long)g->first);
        error = files_open(&file, s->files, slice_of(name, (size_t)length), false);
    }
    if (error != 0)
        return error == ERROR_MISSING ? ERROR_DISK : error;
    error = walk(r, file, begin_at(g, r->from), g->size);
    if (error == ERROR_CORRUPT)
        LOG(LOG_ERROR, "spool", "%s.%020llu was damaged since it was opened; %s", t->name,
            (unsigned long long)g->first, error_sentence(error));
    files_release(file);
    return error;
}

int spool__read(
    struct buffer *bytes, struct spool *s, struct stream *t, bool wanted, uint64_t from, uint32_t limit)
{
    Tandem__SpoolAnswer answer = TANDEM__SPOOL_ANSWER__INIT;
    if (t->count != 0) {
        answer.first = t->segments[0].first;
        answer.last = t->segments[t->count - 1].last;
    }
    if (wanted && t->count != 0) {
        struct reading r = {.arena = &s->arena,
            .answer = &answer,
            .from = from < answer.first ? answer.first : from,
            .limit = limit != 0 && limit < SPOOL_READ ? limit : SPOOL_READ};
        answer.records = arena_alloc(&s->arena, RECORDS * sizeof *answer.records);
        int error = collect(s, t, &r);
        if (error != 0)
            return read_failed(t, error);
    }
    pack_add(bytes, &answer.base);
    return bytes->overflowed ? ERROR_LIMIT : 0;
}
