/* The embedded store: keeps. One SQLite database, reached by named statements only (*.sql in this folder).
 *
 *     StoreRequest ──> store_run: BEGIN, its statements in order, COMMIT ──> yes  StoreAnswer
 *                                                                       ├──> no   nothing was done; error
 *                                                                       └──> unknown: COMMIT may have
 * happened
 *
 * A store belongs to one thread at a time. The real world opens two on the same path: one writes, one
 * (read_only) answers requests that only read. Open the writing one first: it brings the schema up to date.
 */
#ifndef TANDEM_ENGINE_STORE_STORE_H
#define TANDEM_ENGINE_STORE_STORE_H

#include "base/buffer.h"
#include "world/input.h"

#define STORE_STATEMENTS 4096       /* of one request */
#define STORE_STEPS 50000000        /* virtual machine steps of one request; ERROR_LIMIT past them */
#define STORE_ROWS_BYTES (3U << 20) /* of one answer; it must fit into one message */

struct store;

struct store_options {
    const char *path; /* ":memory:": nothing is kept */
    bool read_only;   /* the second connection: path exists, schema is current */
    bool full_sync; /* each commit reaches the disk before its answer; else the last ones may be lost with the
                       machine (never with the process), in order and whole */
    int busy_wait;  /* ms to wait for another process's lock; 0: 2000 */
    uint32_t pages; /* most pages of the database (4096 bytes each); 0: no limit */
};

/* What is wrong is logged in one line that names the path. ERROR_NEWER, ERROR_CORRUPT, ERROR_DISK,
 * ERROR_DENIED, ERROR_BUSY. */
int store_open(struct store **s, const struct store_options *options) __attribute__((warn_unused_result));
void store_close(struct store *s);

/* Runs a StoreRequest in one transaction; with yes a StoreAnswer is added to `bytes`. No: ERROR_EXISTS,
 * ERROR_REFERENCE, ERROR_CONFLICT (an `exactly one` statement changed nothing), ERROR_MISSING (no such
 * statement), ERROR_SYNTAX (bytes or parameters), ERROR_LIMIT, ERROR_DISK, ERROR_BUSY, ERROR_CORRUPT.
 * Unknown: ERROR_UNKNOWN. */
enum answer store_run(struct buffer *bytes, int *error, struct store *s, struct slice request);

/* Whether a request only reads, so that a read-only store can answer it. False as well when it is malformed.
 */
bool store_request_reads(struct slice request);

#endif
