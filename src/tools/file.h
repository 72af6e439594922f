/* Small files, read and written whole. */
#ifndef TANDEM_TOOLS_FILE_H
#define TANDEM_TOOLS_FILE_H

#include "base/buffer.h"

#define FILE_BYTES ((size_t)16 << 20)

/* ERROR_MISSING, ERROR_DENIED, ERROR_LIMIT or ERROR_SYSTEM and a sentence with the path. */
int tools_file_read(struct buffer *out, const char *path, struct buffer *complaint)
    __attribute__((warn_unused_result));

/* Replaces it at once or not at all; readable by nobody else. */
int tools_file_write_private(const char *path, struct slice bytes, struct buffer *complaint)
    __attribute__((warn_unused_result));

#endif
