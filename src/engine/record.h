/* Numbered records in an append-only file, as spool and journal write them:
 *
 *     crc32c (4) | length (4) | number (8) | bytes          little-endian; the sum covers all but itself */
#ifndef TANDEM_ENGINE_RECORD_H
#define TANDEM_ENGINE_RECORD_H

#include "engine/files.h"

#define RECORD_HEAD ((size_t)16)
#define RECORD_BYTES ((size_t)1 << 20) /* most bytes of one record, without its head */

struct record {
    uint64_t number;
    struct slice bytes;
};

void record_add(struct buffer *out, uint64_t number, struct slice bytes);

/* Takes the first record off `*rest`. ERROR_AGAIN: it goes on behind these bytes (or claims to);
 * ERROR_CORRUPT: it is none. */
int record_next(struct record *record, struct slice *rest) __attribute__((warn_unused_result));

/* What a walk through a whole file found. */
struct record_scan {
    uint64_t count, last; /* good records, and the number of the last one (or `expected` - 1) */
    uint64_t good;        /* bytes up to the end of the last good one */
};

/* Walks through all records of a file; the first has the number `expected`, each next one more. `each` (may
 * be NULL) gets each good record and where it begins. A torn or damaged tail ends the walk: good <
 * files_size. ERROR_CORRUPT: there are good records behind damaged ones; the log names file and place.
 * ERROR_DISK. */
int record_scan_file(struct record_scan *scan, struct file *file, const char *name, uint64_t expected,
    void (*each)(void *argument, const struct record *record, uint64_t at), void *argument)
    __attribute__((warn_unused_result));

#endif
