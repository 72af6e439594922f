#include "tools/file.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/error.h"

#define PIECE 65536

static int failed(struct buffer *complaint, const char *path, int number)
{
    buffer_add_format(complaint, "%s: %s", path, strerror(number));
    return number == ENOENT                      ? ERROR_MISSING
           : number == EACCES || number == EPERM ? ERROR_DENIED
                                                 : ERROR_SYSTEM;
}

static int read_all(struct buffer *out, int file)
{
    for (;;) {
        char *room = buffer_room(out, PIECE);
        if (room == NULL)
            return EFBIG;
        ssize_t got = read(file, room, PIECE);
        if (got <= 0)
            return got == 0 ? 0 : errno;
        out->length += (size_t)got;
    }
}

int tools_file_read(struct buffer *out, const char *path, struct buffer *complaint)
{
    int file = open(path, O_RDONLY | O_CLOEXEC);
    if (file < 0)
        return failed(complaint, path, errno);
    out->limit = FILE_BYTES;
    int number = read_all(out, file);
    close(file);
    return number != 0 ? failed(complaint, path, number) : 0;
}

static int write_all(int file, struct slice bytes)
{
    while (!slice_empty(bytes)) {
        ssize_t done = write(file, bytes.data, bytes.length);
        if (done < 0)
            return errno;
        bytes = slice_from(bytes, (size_t)done);
    }
    return fsync(file) == 0 ? 0 : errno;
}

int tools_file_write_private(const char *path, struct slice bytes, struct buffer *complaint)
{
    struct buffer new = {0};
    buffer_add_format(&new, "%s.new", path);
    buffer_add_byte(&new, '\0');
    unlink(new.data); /* of a start that was cut short */
    int file = open(new.data, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600), number = 0;
    if (file < 0) {
        number = errno;
    } else {
        number = write_all(file, bytes);
        close(file);
        if (number == 0 && rename(new.data, path) != 0)
            number = errno;
        if (number != 0)
            unlink(new.data);
    }
    buffer_free(&new);
    return number != 0 ? failed(complaint, path, number) : 0;
}
