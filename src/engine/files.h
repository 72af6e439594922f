/* Files of one folder, as the engines use them: append-only ones that are replaced whole or cut at the end.
 *
 *     registry ── journal ──┐             ┌── real:   a folder of the disk (O_APPEND, fsync, folder fsync)
 *     spool ────────────────┴── files ────┤
 *                                         └── memory: for the simulator and tests; crashes tear what was not
 *                                                     synced, the disk gets full, operations fail on demand
 *
 * Names have no slash. Whatever fails is ERROR_DISK (ERROR_MISSING: no such file), and is logged with the
 * name. */
#ifndef TANDEM_ENGINE_FILES_H
#define TANDEM_ENGINE_FILES_H

#include "base/buffer.h"

#define FILES_NAME 240 /* bytes of a name */

struct files;
struct file; /* an open one; counted: closed when the last holder lets go */

/* The folder is made when it is missing (its parent is not). */
int files_open_real(struct files **f, const char *folder) __attribute__((warn_unused_result));
struct files *files_open_memory(void);
void files_close(struct files *f); /* after all of its files */

/* For appending and reading; made when it is missing and `create`. */
int files_open(struct file **file, struct files *f, struct slice name, bool create)
    __attribute__((warn_unused_result));
struct file *files_hold(struct file *file);
void files_release(struct file *file);

/* All or nothing: what was written in part is cut off again. */
int files_append(struct file *file, struct slice bytes) __attribute__((warn_unused_result));
/* Up to `length` bytes from `at` on; *got is less only at the end. */
int files_read(size_t *got, struct file *file, uint64_t at, char *data, size_t length)
    __attribute__((warn_unused_result));
uint64_t files_size(const struct file *file);
/* The only operation that another thread may carry out, on a file that it (or its asker) holds. */
int files_sync(struct file *file) __attribute__((warn_unused_result));
int files_truncate(struct file *file, uint64_t size) __attribute__((warn_unused_result)); /* and syncs */

/* `to` is replaced at once or not at all; on disk when it returns. */
int files_rename(struct files *f, struct slice from, struct slice to) __attribute__((warn_unused_result));
int files_remove(struct files *f, struct slice name) __attribute__((warn_unused_result));
/* The names that begin so, sorted by bytes, each ended by a NUL. */
int files_list(struct buffer *names, struct files *f, struct slice prefix)
    __attribute__((warn_unused_result));

/* ---- memory only ---- */

enum files_fault {
    FILES_FAULT_OPEN,
    FILES_FAULT_APPEND,
    FILES_FAULT_READ,
    FILES_FAULT_SYNC,
    FILES_FAULT_REST
};

/* The machine stopped: of each file what was synced stays, of the rest a part that `random` chooses, perhaps
 * with rubbish at its end. Close all files first (what had them open died). */
void files_memory_crash(struct files *f, uint64_t random);
void files_memory_limit(struct files *f, uint64_t bytes); /* of all files; 0: no limit */
/* The next `count` operations of this kind fail. */
void files_memory_fail(struct files *f, enum files_fault fault, unsigned count);
/* The bytes of a file, to damage them; NULL when there is none. */
char *files_memory_bytes(struct files *f, struct slice name, size_t *length);

#endif
