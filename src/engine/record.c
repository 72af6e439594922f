#include "engine/record.h"

#include <endian.h>

#include "base/error.h"
#include "base/log.h"
#include "base/mem.h"
#include "engine/crc32c.h"

#define WINDOW ((size_t)256 << 10) /* bytes read at a time */
/* How far numbers can go on behind damage: keeps chance from making a record out of rubbish. */
#define JUMP ((uint64_t)1 << 24)

static uint32_t u32(const char *at)
{
    uint32_t value;
    memcpy(&value, at, sizeof value);
    return le32toh(value);
}

static uint64_t u64(const char *at)
{
    uint64_t value;
    memcpy(&value, at, sizeof value);
    return le64toh(value);
}

void record_add(struct buffer *out, uint64_t number, struct slice bytes)
{
    char *at = buffer_room(out, RECORD_HEAD + bytes.length);
    if (at == NULL)
        return;
    uint32_t length = htole32((uint32_t)bytes.length);
    uint64_t wire_number = htole64(number);
    memcpy(at + 4, &length, sizeof length);
    memcpy(at + 8, &wire_number, sizeof wire_number);
    slice_put(at + RECORD_HEAD, bytes);
    uint32_t sum = htole32(crc32c(slice_of(at + 4, RECORD_HEAD - 4 + bytes.length)));
    memcpy(at, &sum, sizeof sum);
    out->length += RECORD_HEAD + bytes.length;
}

int record_next(struct record *record, struct slice *rest)
{
    if (rest->length < RECORD_HEAD)
        return ERROR_AGAIN;
    size_t length = u32(rest->data + 4);
    if (length > RECORD_BYTES)
        return ERROR_CORRUPT;
    if (length > rest->length - RECORD_HEAD)
        return ERROR_AGAIN;
    if (u32(rest->data) != crc32c(slice_of(rest->data + 4, RECORD_HEAD - 4 + length)))
        return ERROR_CORRUPT;
    *record = (struct record){u64(rest->data + 8), slice_of(rest->data + RECORD_HEAD, length)};
    *rest = slice_from(*rest, RECORD_HEAD + length);
    return 0;
}

/* Part of a file in memory. */
struct window {
    struct file *file;
    char *data;
    uint64_t at; /* where data begins in the file */
    size_t length, capacity;
};

/* Makes at least `length` bytes from `at` on available, or all up to the end of the file. */
static int window_move(struct window *w, uint64_t at, size_t length, struct slice *bytes)
{
    if (at >= w->at && at + length <= w->at + w->length) {
        *bytes = slice_of(w->data + (at - w->at), w->length - (size_t)(at - w->at));
        return 0;
    }
    if (w->capacity < length) {
        w->data = mem_resize(w->data, length);
        w->capacity = length;
    }
    int error = files_read(&w->length, w->file, at, w->data, w->capacity);
    w->at = at;
    *bytes = slice_of(w->data, w->length);
    return error;
}

/* The record at `at`. */
static int window_record(struct window *w, uint64_t at, struct record *record)
{
    struct slice bytes;
    int error = window_move(w, at, RECORD_HEAD, &bytes);
    if (error != 0)
        return error;
    if (bytes.length >= RECORD_HEAD && u32(bytes.data + 4) <= RECORD_BYTES) {
        error = window_move(w, at, RECORD_HEAD + u32(bytes.data + 4), &bytes);
        if (error != 0)
            return error;
    }
    return record_next(record, &bytes);
}

/* Whether a good record with a later number lies anywhere behind `from`: then what is before it is damaged
 * and not merely torn. */
static int good_behind(struct window *w, uint64_t from, uint64_t last, bool *found)
{
    uint64_t size = files_size(w->file);
    *found = false;
    for (uint64_t at = from + 1; at + RECORD_HEAD <= size; at++) {
        struct slice bytes;
        int error = window_move(w, at, RECORD_HEAD, &bytes);
        if (error != 0)
            return error;
        if (bytes.length < RECORD_HEAD)
            return 0;
        uint64_t number = u64(bytes.data + 8);
        if (number <= last || number - last > JUMP || u32(bytes.data + 4) > size - at - RECORD_HEAD)
            continue;
        struct record record;
        error = window_record(w, at, &record);
        if (error == ERROR_DISK)
            return error;
        if (error == 0) {
            *found = true;
            return 0;
        }
    }
    return 0;
}

/* What ended the walk at scan->good: a tail to be cut (0), or damage in the middle. */
static int judge(struct window *w, const struct record_scan *scan, const char *name)
{
    bool found;
    int error = good_behind(w, scan->good, scan->last, &found);
    if (error != 0 || !found)
        return error;
    LOG(LOG_ERROR, "files",
        "%s is damaged at byte %llu, and good records follow; nothing was changed; restore the file from a "
        "backup or move it away to begin afresh",
        name, (unsigned long long)scan->good);
    return ERROR_CORRUPT;
}

int record_scan_file(struct record_scan *scan, struct file *file, const char *name, uint64_t expected,
    void (*each)(void *argument, const struct record *record, uint64_t at), void *argument)
{
    struct window w = {.file = file, .data = mem_alloc(WINDOW), .capacity = WINDOW};
    struct record record;
    int error = 0;
    *scan = (struct record_scan){.last = expected - 1};
    while (scan->good < files_size(file)) {
        error = window_record(&w, scan->good, &record);
        if (error == 0 && record.number != scan->last + 1)
            error = ERROR_CORRUPT;
        if (error != 0)
            break;
        if (each != NULL)
            each(argument, &record, scan->good);
        scan->count++;
        scan->last = record.number;
        scan->good += RECORD_HEAD + record.bytes.length;
    }
    if (error == ERROR_AGAIN || error == ERROR_CORRUPT)
        error = judge(&w, scan, name);
    mem_free(w.data);
    return error;
}
