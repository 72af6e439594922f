/* Which cluster of etcd is ours: its number, kept in the data folder since the first answer. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/error.h"
#include "base/log.h"
#include "world/real/etcd/etcd_int.h"

#define LINE 32 /* bytes: a number of 64 bits and a line feed */

int etcd__identity_read(uint64_t *identity, const char *path)
{
    char line[LINE];
    *identity = 0;
    FILE *file = fopen(path, "re");
    if (file == NULL && errno == ENOENT)
        return 0; /* the first start */
    size_t length = file != NULL ? fread(line, 1, sizeof line, file) : 0;
    if (file != NULL)
        fclose(file);
    struct slice text = slice_trim(slice_of(line, length));
    if (length < sizeof line && slice_to_u64(identity, text, UINT64_MAX) == 0 && *identity != 0)
        return 0;
    LOG(LOG_ERROR, "world",
        "%s is damaged: it holds the number of the registry's cluster; remove it to take the one that "
        "answers",
        path);
    return ERROR_CORRUPT;
}

static bool write_new(const char *path, uint64_t identity)
{
    char line[LINE];
    int length = snprintf(line, sizeof line, "%llu\n", (unsigned long long)identity);
    int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
    if (fd < 0)
        return false;
    bool good = write(fd, line, (size_t)length) == length && fsync(fd) == 0;
    return close(fd) == 0 && good;
}

int etcd__identity_keep(uint64_t identity, const char *path)
{
    char fresh[4096];
    if (snprintf(fresh, sizeof fresh, "%s.new", path) < (int)sizeof fresh && write_new(fresh, identity) &&
        rename(fresh, path) == 0)
        return 0;
    LOG(LOG_ERROR, "world", "%s cannot be written: %s; nothing is decided until it is", path,
        strerror(errno));
    return ERROR_DISK;
}
