/* The embedded spool: append-only streams, one file after the other.
 *
 *     <instance>.<stream>.<first number, 20 digits>     records one after the other, a new file each 16 MiB
 *     record = crc32c (4) | length (4) | number (8) | bytes, little-endian; the sum covers all but itself
 *
 * Numbers grow. A known number is ignored, so that an append may be repeated. Numbers may jump forward (a new
 * life of the writer, a member that joined late): a new file begins there, and its name says so. But behind
 * an append that failed only its repetition is taken, so that no hole comes from a full disk. A torn tail is
 * cut when the stream is first used; damage with good records behind it is ERROR_CORRUPT, and the files stay
 * as they are. */
#ifndef TANDEM_ENGINE_SPOOL_H
#define TANDEM_ENGINE_SPOOL_H

#include "engine/files.h"
#include "world/input.h"

#define SPOOL_SEGMENT ((uint64_t)16 << 20) /* bytes */
#define SPOOL_RECORD ((size_t)1 << 20)     /* bytes of one record */
#define SPOOL_READ ((uint32_t)1 << 20)     /* most bytes of one answer, and what is read without a wish */

struct spool;

/* The files must outlive the spool. */
struct spool *spool_open(struct files *files);
void spool_close(struct spool *s); /* does not sync */
/* For a start: is the newest file of each stream good to append to? ERROR_CORRUPT, ERROR_DISK; logged. */
int spool_check(struct files *files) __attribute__((warn_unused_result));

/* ERROR_RANGE: a gap; ERROR_CORRUPT, ERROR_DISK; ERROR_LIMIT. The process may die afterwards, the machine
 * only after a sync. */
int spool_append(struct spool *s, struct slice instance, struct slice stream, uint64_t number,
    struct slice bytes) __attribute__((warn_unused_result));

/* A SpoolRequest of an instance; adds a SpoolAnswer to `bytes`. Trimming forgets whole files. trim_to beyond
 * the last number forgets everything, and the stream goes on behind trim_to. */
enum answer spool_ask(
    struct buffer *bytes, int *error, struct spool *s, struct slice instance, struct slice request);

/* Syncing in groups: begin takes what was written since the last time (NULL: nothing), run may be called by
 * another thread meanwhile, end gives it back. A failure is logged; those files are taken again next time. */
struct spool_sync *spool_sync_begin(struct spool *s);
void spool_sync_run(struct spool_sync *sync);
int spool_sync_end(struct spool *s, struct spool_sync *sync) __attribute__((warn_unused_result));

#endif
