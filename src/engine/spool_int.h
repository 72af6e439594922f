/* Inside the spool: streams and their segments. */
#ifndef TANDEM_ENGINE_SPOOL_INT_H
#define TANDEM_ENGINE_SPOOL_INT_H

#include "base/arena.h"
#include "base/list.h"
#include "base/map.h"
#include "engine/record.h"
#include "engine/spool.h"

#define SPOOL_INDEX ((uint64_t)64 << 10) /* bytes between two marks */
#define SPOOL_NAME 200                   /* bytes of "<instance>.<stream>" as it is in file names */

struct mark {
    uint64_t number, at;
};

struct segment {
    uint64_t first, last; /* last = first - 1: empty */
    uint64_t size;
    struct mark *marks; /* where records begin, every SPOOL_INDEX bytes */
    size_t mark_count, mark_capacity;
    bool scanned; /* marks, last and size are known from its content */
};

struct stream {
    struct segment *segments; /* oldest first; appended to the last */
    size_t count, capacity;
    struct file *file;       /* of the last segment; NULL: there is none */
    struct pending *pending; /* the file waits for a sync */
    uint64_t failed;         /* lowest number whose append failed and was not repeated yet; 0: none */
    bool opened;
    int broken; /* ERROR_CORRUPT: found damaged, nothing works until it is mended and the program started anew
                 */
    size_t key_length;
    char name[SPOOL_NAME + 1]; /* as in file names */
    char key[];
};

/* A file that was written since its last sync. */
struct pending {
    struct list link;
    struct file *file;
    int error;
};

struct spool_sync {
    struct list files;
};

struct spool {
    struct files *files;
    struct map streams; /* by instance, NUL, stream */
    struct list pending;
    struct buffer scratch;
    struct arena arena;
};

/* ---- spool_stream.c: opening, damage, segments ---- */
/* The stream, opened: its segments listed, the torn tail of the last one cut. */
int spool__stream(struct stream **found, struct spool *s, struct slice instance, struct slice stream)
    __attribute__((warn_unused_result));
int spool__segment_add(struct spool *s, struct stream *t, uint64_t first) __attribute__((warn_unused_result));
/* Goes through an older segment at its first use. */
int spool__segment_scan(struct spool *s, struct stream *t, size_t index) __attribute__((warn_unused_result));
void spool__segment_note(struct segment *g, uint64_t number, uint64_t at);
/* Removes the oldest segments, `count` of them. */
int spool__segments_drop(struct spool *s, struct stream *t, size_t count) __attribute__((warn_unused_result));
void spool__stream_free(struct stream *t);

/* ---- spool_read.c ---- */
int spool__read(struct buffer *bytes, struct spool *s, struct stream *t, bool wanted, uint64_t from,
    uint32_t limit) __attribute__((warn_unused_result));

#endif
