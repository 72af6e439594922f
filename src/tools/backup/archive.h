/* A backup is a file in the format of tar (POSIX ustar), so that anybody can look into it:
 *
 *     tables/NAME.jsonl    a table: a line with its columns, then a line for each row
 *     files/PATH           a file of the data folder: certificates, keys
 *     manifest.json        the last one: who made it, of which version, and the checksum of each member
 *
 * It holds keys and secrets: it is made readable by its owner only. */
#ifndef TANDEM_TOOLS_BACKUP_ARCHIVE_H
#define TANDEM_TOOLS_BACKUP_ARCHIVE_H

#include <openssl/evp.h>
#include <stdio.h>

#include "base/buffer.h"

#define ARCHIVE_FORMAT 1
#define ARCHIVE_NAME 100 /* bytes of a member's name, with the NUL */
#define ARCHIVE_SUM 65   /* SHA-256 in hexadecimal, with the NUL */
#define ARCHIVE_MEMBERS 256
#define ARCHIVE_MANIFEST "manifest.json"

struct archive_member {
    char name[ARCHIVE_NAME], sum[ARCHIVE_SUM];
    uint64_t size;
    long at; /* of its first byte in the file */
};

struct archive {
    FILE *file;
    char path[1024], part[1040]; /* written beside, renamed when it is whole */
    struct archive_member members[ARCHIVE_MEMBERS];
    size_t count;
    EVP_MD_CTX *digest;
};

/* ---- writing ---- */
int archive_create(struct archive *a, const char *path, struct buffer *complaint)
    __attribute__((warn_unused_result));
int archive_begin(struct archive *a, const char *name) __attribute__((warn_unused_result));
int archive_add(struct archive *a, struct slice bytes) __attribute__((warn_unused_result));
int archive_end(struct archive *a) __attribute__((warn_unused_result)); /* of the member */
/* The end of the archive; everything is on the disk afterwards, under its name. */
int archive_finish(struct archive *a) __attribute__((warn_unused_result));

/* ---- reading ---- */
/* Finds the members and computes their checksums. ERROR_CORRUPT, ERROR_MISSING, ERROR_LIMIT. */
int archive_open(struct archive *a, const char *path, struct buffer *complaint)
    __attribute__((warn_unused_result));
/* The same of an open file, which is the archive's from then on. */
int archive_open_file(struct archive *a, FILE *file, const char *path, struct buffer *complaint)
    __attribute__((warn_unused_result));
const struct archive_member *archive_find(const struct archive *a, const char *name);
/* The whole member; for small ones. */
int archive_read(struct archive *a, const struct archive_member *m, struct buffer *out)
    __attribute__((warn_unused_result));
/* Line by line, without the line feed; stops at the first error. */
int archive_lines(struct archive *a, const struct archive_member *m,
    int (*line_h)(void *argument, struct slice line, uint64_t number), void *argument)
    __attribute__((warn_unused_result));

/* Closes; what was not finished is removed. */
void archive_close(struct archive *a);

#endif
