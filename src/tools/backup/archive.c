#include "tools/backup/archive.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/error.h"

#define BLOCK 512

/* POSIX.1-1988 ustar, as it lies in the file. */
struct header {
    char name[100], mode[8], owner[8], group[8], size[12], time[12], sum[8], kind, link[100], magic[6],
        version[2], owner_name[32], group_name[32], major[8], minor[8], prefix[155], rest[12];
};
_Static_assert(sizeof(struct header) == BLOCK, "a header is a block");

static unsigned header_sum(const struct header *h)
{
    const unsigned char *bytes = (const unsigned char *)h;
    unsigned sum = 0;
    for (size_t i = 0; i < BLOCK; i++)
        sum += i >= offsetof(struct header, sum) && i < offsetof(struct header, kind) ? ' ' : bytes[i];
    return sum;
}

static void hexadecimal(char *out, EVP_MD_CTX *digest)
{
    unsigned char bytes[EVP_MAX_MD_SIZE];
    unsigned length = 0;
    EVP_DigestFinal_ex(digest, bytes, &length);
    for (unsigned i = 0; i < length && i < (ARCHIVE_SUM - 1) / 2; i++)
        snprintf(out + 2 * i, 3, "%02x", bytes[i]);
}

/* ---- writing ---- */

static int write_header(FILE *file, const struct archive_member *m)
{
    struct header h = {.kind = '0', .magic = "ustar", .version = {'0', '0'}};
    if (m->size >= (uint64_t)1 << 33)
        return ERROR_LIMIT;
    memcpy(h.name, m->name, sizeof h.name);
    snprintf(h.mode, sizeof h.mode, "%07o", 0600U);
    snprintf(h.owner, sizeof h.owner, "%07o", 0U);
    snprintf(h.group, sizeof h.group, "%07o", 0U);
    snprintf(h.size, sizeof h.size, "%011llo", (unsigned long long)m->size);
    snprintf(h.time, sizeof h.time, "%011o", 0U);
    snprintf(h.sum, sizeof h.sum, "%06o", header_sum(&h));
    h.sum[7] = ' ';
    return fwrite(&h, sizeof h, 1, file) == 1 ? 0 : ERROR_DISK;
}

int archive_create(struct archive *a, const char *path, struct buffer *complaint)
{
    *a = (struct archive){.digest = EVP_MD_CTX_new()};
    if ((size_t)snprintf(a->path, sizeof a->path, "%s", path) >= sizeof a->path) {
        buffer_add_text(complaint, "the name of the file is too long");
        return ERROR_LIMIT;
    }
    if (access(path, F_OK) == 0) {
        buffer_add_format(complaint, "%s exists already; choose another name", path);
        return ERROR_EXISTS;
    }
    snprintf(a->part, sizeof a->part, "%s.part", path);
    int handle = open(a->part, O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
    a->file = handle >= 0 ? fdopen(handle, "w+") : NULL;
    if (a->file != NULL)
        return 0;
    buffer_add_format(complaint, "%s cannot be written: %s", a->part, strerror(errno));
    if (handle >= 0)
        close(handle);
    a->part[0] = '\0';
    return ERROR_DISK;
}

int archive_begin(struct archive *a, const char *name)
{
    if (a->count == ARCHIVE_MEMBERS || strlen(name) >= ARCHIVE_NAME)
        return ERROR_LIMIT;
    struct archive_member *m = &a->members[a->count++];
    *m = (struct archive_member){.size = 0};
    snprintf(m->name, sizeof m->name, "%s", name);
    EVP_DigestInit_ex(a->digest, EVP_sha256(), NULL);
    int error = write_header(a->file, m); /* its size is put in at the end */
    m->at = ftell(a->file);
    return m->at < 0 ? ERROR_DISK : error;
}

int archive_add(struct archive *a, struct slice bytes)
{
    a->members[a->count - 1].size += bytes.length;
    EVP_DigestUpdate(a->digest, bytes.data, bytes.length);
    return bytes.length == 0 || fwrite(bytes.data, bytes.length, 1, a->file) == 1 ? 0 : ERROR_DISK;
}

int archive_end(struct archive *a)
{
    static const char zeros[BLOCK];
    struct archive_member *m = &a->members[a->count - 1];
    size_t filling = (BLOCK - m->size % BLOCK) % BLOCK;
    hexadecimal(m->sum, a->digest);
    if (filling != 0 && fwrite(zeros, filling, 1, a->file) != 1)
        return ERROR_DISK;
    long end = ftell(a->file);
    if (end < 0 || fseek(a->file, m->at - BLOCK, SEEK_SET) != 0)
        return ERROR_DISK;
    int error = write_header(a->file, m);
    return error == 0 && fseek(a->file, end, SEEK_SET) != 0 ? ERROR_DISK : error;
}

int archive_finish(struct archive *a)
{
    static const char zeros[2 * BLOCK];
    bool well =
        fwrite(zeros, sizeof zeros, 1, a->file) == 1 && fflush(a->file) == 0 && fsync(fileno(a->file)) == 0;
    if (!well || rename(a->part, a->path) != 0)
        return ERROR_DISK;
    a->part[0] = '\0';
    return 0;
}

/* ---- reading ---- */

static int take_header(struct archive_member *m, const struct header *h)
{
    char *end;
    char size[13] = "", sum[9] = "";
    memcpy(size, h->size, sizeof h->size);
    memcpy(sum, h->sum, sizeof h->sum);
    if (memcmp(h->magic, "ustar", 5) != 0 || strtoul(sum, NULL, 8) != header_sum(h) ||
        memchr(h->name, '\0', sizeof h->name) == NULL || h->name[0] == '\0')
        return ERROR_CORRUPT;
    memcpy(m->name, h->name, sizeof m->name);
    m->size = strtoull(size, &end, 8);
    return *end == '\0' || *end == ' ' ? 0 : ERROR_CORRUPT;
}

static int digest_member(struct archive *a, struct archive_member *m)
{
    char bytes[65536];
    EVP_DigestInit_ex(a->digest, EVP_sha256(), NULL);
    for (uint64_t left = m->size; left != 0;) {
        size_t wanted = left < sizeof bytes ? (size_t)left : sizeof bytes;
        if (fread(bytes, 1, wanted, a->file) != wanted)
            return ERROR_CORRUPT;
        EVP_DigestUpdate(a->digest, bytes, wanted);
        left -= wanted;
    }
    hexadecimal(m->sum, a->digest);
    return fseek(a->file, (long)((BLOCK - m->size % BLOCK) % BLOCK), SEEK_CUR) == 0 ? 0 : ERROR_CORRUPT;
}

static int read_members(struct archive *a)
{
    static const struct header none;
    struct header h;
    int error = 0;
    for (;;) {
        if (fread(&h, sizeof h, 1, a->file) != 1)
            return ERROR_CORRUPT; /* cut off: the end is two empty blocks */
        if (memcmp(&h, &none, sizeof h) == 0)
            return 0;
        if (a->count == ARCHIVE_MEMBERS)
            return ERROR_LIMIT;
        struct archive_member *m = &a->members[a->count];
        error = take_header(m, &h);
        m->at = ftell(a->file);
        if (error == 0)
            error = digest_member(a, m);
        if (error != 0)
            return error;
        a->count++;
    }
}

int archive_open_file(struct archive *a, FILE *file, const char *path, struct buffer *complaint)
{
    *a = (struct archive){.file = file, .digest = EVP_MD_CTX_new()};
    int error = read_members(a);
    if (error != 0)
        buffer_add_format(complaint, "%s is no backup, or a damaged one", path);
    return error;
}

int archive_open(struct archive *a, const char *path, struct buffer *complaint)
{
    FILE *file = fopen(path, "re");
    if (file != NULL)
        return archive_open_file(a, file, path, complaint);
    *a = (struct archive){.file = NULL};
    buffer_add_format(complaint, "%s cannot be read: %s", path, strerror(errno));
    return ERROR_MISSING;
}

const struct archive_member *archive_find(const struct archive *a, const char *name)
{
    for (size_t i = 0; i < a->count; i++)
        if (strcmp(a->members[i].name, name) == 0)
            return &a->members[i];
    return NULL;
}

int archive_read(struct archive *a, const struct archive_member *m, struct buffer *out)
{
    char *room = m->size <= BUFFER_LIMIT ? buffer_room(out, (size_t)m->size + 1) : NULL;
    if (room == NULL)
        return ERROR_LIMIT;
    if (fseek(a->file, m->at, SEEK_SET) != 0 || fread(room, 1, (size_t)m->size, a->file) != m->size)
        return ERROR_CORRUPT;
    out->length += (size_t)m->size;
    return 0;
}

int archive_lines(struct archive *a, const struct archive_member *m,
    int (*line_h)(void *argument, struct slice line, uint64_t number), void *argument)
{
    char *line = NULL;
    size_t room = 0;
    uint64_t left = m->size, number = 0;
    int error = fseek(a->file, m->at, SEEK_SET) == 0 ? 0 : ERROR_CORRUPT;
    while (error == 0 && left != 0) {
        ssize_t length = getline(&line, &room, a->file);
        if (length <= 0 || (uint64_t)length > left || line[length - 1] != '\n') {
            error = ERROR_CORRUPT;
            break;
        }
        left -= (uint64_t)length;
        error = line_h(argument, slice_of(line, (size_t)length - 1), number++);
    }
    free(line);
    return error;
}

void archive_close(struct archive *a)
{
    if (a->file != NULL)
        fclose(a->file);
    if (a->part[0] != '\0')
        unlink(a->part);
    EVP_MD_CTX_free(a->digest);
    *a = (struct archive){.file = NULL};
}
