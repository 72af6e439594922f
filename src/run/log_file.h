/* The log in files of our own (OPS-20): each is begun anew when it is too large or the day is over, and old
 * ones are removed.
 *
 *     PATH                       the newest lines; "{room}" in it: one file for each room, '/' written as '-'
 *     PATH.20260301T170405Z      earlier ones, by when they ended (UTC)
 *
 * Lines that cannot be written go to standard error, so that none is lost. */
#ifndef TANDEM_RUN_LOG_FILE_H
#define TANDEM_RUN_LOG_FILE_H

#include "base/buffer.h"
#include "base/log.h"

struct log_file;

struct log_file_params {
    struct slice path;
    uint64_t size; /* bytes of one file; 0: LOG_FILE_SIZE */
    int days;      /* that earlier files stay; 0: LOG_FILE_DAYS */
};
#define LOG_FILE_SIZE ((uint64_t)64 << 20)
#define LOG_FILE_DAYS 14

/* ERROR_DISK: the file cannot be written; said in `why`. */
int log_file_open(struct log_file **out, const struct log_file_params *params, struct buffer *why)
    __attribute__((warn_unused_result));
void log_file_close(struct log_file *f); /* NULL is fine */

/* A sink for log_set_sink; from any thread. */
void log_file_line(void *log_file, enum log_level level, const char *line, size_t length);

/* With the time given (seconds since the epoch), for tests. */
void log_file_write(struct log_file *f, int64_t now, struct slice line);

#endif
