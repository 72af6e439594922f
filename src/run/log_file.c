#include "run/log_file.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdio.h>
#include <sys/stat.h>
#include <sys/uio.h>
#include <time.h>
#include <unistd.h>

#include "base/error.h"
#include "base/mem.h"

#define ROOM "{room}"
#define ROOMS 64
#define NAME 32 /* bytes of a room's name */
#define DAY 86400
#define STAMP (sizeof "20260301T170405Z" - 1)

/* The file of one room, or of all. */
struct part {
    char room[NAME], *path;
    int fd; /* -1: not open */
    uint64_t size;
    int64_t day;    /* days since the epoch when it was begun */
    int64_t failed; /* when it was found not to open; it is tried again a minute later */
};

struct log_file {
    pthread_mutex_t lock;
    char *path;
    uint64_t size;
    int days;
    struct part parts[ROOMS];
    size_t part_count;
};

/* ---- rooms ---- */

/* The third word of a plain line, or the member "room" of a structured one. */
static struct slice room_of(struct slice line)
{
    struct slice word = {0};
    if (slice_starts(line, SLICE("{"))) {
        ptrdiff_t at = slice_find_slice(line, SLICE("\"room\":\""));
        line = slice_from(line, at >= 0 ? (size_t)at + sizeof "\"room\":\"" - 1 : line.length);
        slice_cut(&line, '"', &word);
        return word;
    }
    for (int i = 0; i < 3; i++)
        slice_cut(&line, ' ', &word);
    return slice_ends(word, SLICE(":")) ? slice_first(word, word.length - 1) : word;
}

static char *path_of(const struct log_file *f, struct slice room)
{
    struct slice path = slice_text(f->path);
    ptrdiff_t at = slice_find_slice(path, SLICE(ROOM));
    struct buffer out = {0};
    buffer_add(&out, at >= 0 ? slice_first(path, (size_t)at) : path);
    if (at >= 0) {
        size_t begin = out.length;
        buffer_add(&out, room);
        for (size_t i = begin; i < out.length; i++)
            if (out.data[i] == '/' || out.data[i] == '.')
                out.data[i] = '-';
        buffer_add(&out, slice_from(path, (size_t)at + sizeof ROOM - 1));
    }
    buffer_add_byte(&out, '\0');
    return out.data;
}

static struct part *part_of(struct log_file *f, struct slice line)
{
    bool split = slice_find_slice(slice_text(f->path), SLICE(ROOM)) >= 0;
    struct slice room = split ? slice_first(room_of(line), NAME - 1) : (struct slice){0};
    if (split && slice_empty(room))
        room = SLICE("other");
    for (size_t i = 0; i < f->part_count; i++)
        if (slice_equal(slice_text(f->parts[i].room), room))
            return &f->parts[i];
    if (f->part_count == ROOMS)
        return &f->parts[0];
    struct part *p = &f->parts[f->part_count++];
    *p = (struct part){.fd = -1, .path = path_of(f, room)};
    slice_put(p->room, room);
    return p;
}

/* ---- old files ---- */

static bool is_stamp(const char *text)
{
    static const char pattern[] = "00000000T000000Z";
    for (size_t i = 0; i < STAMP; i++)
        if (pattern[i] == '0' ? text[i] < '0' || text[i] > '9' : text[i] != pattern[i])
            return false;
    return text[STAMP] == '\0';
}

static void stamp(char out[STAMP + 1], int64_t now)
{
    time_t seconds = (time_t)now;
    struct tm utc;
    gmtime_r(&seconds, &utc);
    strftime(out, STAMP + 1, "%Y%m%dT%H%M%SZ", &utc);
}

/* Stamps sort as their times do. */
static void remove_old(const struct log_file *f, const struct part *p, int64_t now)
{
    char oldest[STAMP + 1];
    struct buffer path = {0};
    const char *name = strrchr(p->path, '/');
    name = name != NULL ? name + 1 : p->path;
    size_t length = strlen(name);
    buffer_add(&path, slice_of(p->path, (size_t)(name - p->path)));
    buffer_add_text(&path, path.length == 0 ? "./" : "");
    size_t folder = path.length;
    buffer_add_byte(&path, '\0');
    stamp(oldest, now - (int64_t)f->days * DAY);
    DIR *d = opendir(path.data);
    const struct dirent *e;
    while (d != NULL && (e = readdir(d)) != NULL) {
        const char *rest = e->d_name + length;
        if (strncmp(e->d_name, name, length) != 0 || rest[0] != '.' || !is_stamp(rest + 1) ||
            strcmp(rest + 1, oldest) >= 0)
            continue;
        path.length = folder;
        buffer_add_format(&path, "%s", e->d_name);
        buffer_add_byte(&path, '\0');
        unlink(path.data);
    }
    if (d != NULL)
        closedir(d);
    buffer_free(&path);
}

/* Several in one second take a later one's name. */
static void put_aside(const struct part *p, int64_t now)
{
    char text[STAMP + 1];
    struct buffer to = {0};
    for (int i = 0; i < 1000; i++) {
        stamp(text, now + i);
        buffer_clear(&to);
        buffer_add_format(&to, "%s.%s", p->path, text);
        buffer_add_byte(&to, '\0');
        if (access(to.data, F_OK) == 0)
            continue;
        if (rename(p->path, to.data) != 0)
            fprintf(stderr, "tandem: %s cannot be put aside: %s\n", p->path, strerror(errno));
        break;
    }
    buffer_free(&to);
}

/* ---- writing ---- */

static bool begin(struct part *p, int64_t now)
{
    struct stat about;
    p->fd = open(p->path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
    if (p->fd < 0) {
        p->failed = now;
        return false;
    }
    bool known = fstat(p->fd, &about) == 0;
    p->size = known ? (uint64_t)about.st_size : 0;
    /* One of an earlier life: it is of the day of its last line. */
    p->day = (known && about.st_size != 0 ? about.st_mtim.tv_sec : now) / DAY;
    p->failed = 0;
    return true;
}

static bool ready(struct log_file *f, struct part *p, int64_t now, size_t length)
{
    bool opened = p->fd < 0 && now - p->failed >= 60 && begin(p, now);
    if (p->fd < 0)
        return false;
    if (p->size == 0)
        p->day = now / DAY;
    bool over = p->size != 0 && (p->size + length > f->size || p->day != now / DAY);
    if (over) {
        close(p->fd);
        put_aside(p, now);
        if (!begin(p, now))
            return false;
    }
    if (over || opened)
        remove_old(f, p, now);
    return true;
}

void log_file_write(struct log_file *f, int64_t now, struct slice line)
{
    pthread_mutex_lock(&f->lock);
    struct part *p = part_of(f, line);
    struct iovec pieces[] = {{(void *)(uintptr_t)line.data, line.length}, {(char[]){"\n"}, 1}};
    ssize_t wanted = (ssize_t)line.length + 1;
    if (ready(f, p, now, line.length + 1) && writev(p->fd, pieces, 2) == wanted)
        p->size += (uint64_t)wanted;
    else
        fprintf(stderr, "%.*s\n", SLICE_ARG(line));
    pthread_mutex_unlock(&f->lock);
}

void log_file_line(void *log_file, enum log_level level, const char *line, size_t length)
{
    (void)level;
    log_file_write(log_file, (int64_t)time(NULL), slice_of(line, length));
}

int log_file_open(struct log_file **out, const struct log_file_params *params, struct buffer *why)
{
    struct log_file *f = mem_zero(sizeof *f);
    pthread_mutex_init(&f->lock, NULL);
    f->path = mem_zero(params->path.length + 1);
    slice_put(f->path, params->path);
    f->size = params->size != 0 ? params->size : LOG_FILE_SIZE;
    f->days = params->days != 0 ? params->days : LOG_FILE_DAYS;
    struct part *p = part_of(f, SLICE("- - run:"));
    if (!begin(p, (int64_t)time(NULL))) {
        buffer_add_format(why, "the log file %s cannot be written: %s", p->path, strerror(errno));
        log_file_close(f);
        return ERROR_DISK;
    }
    remove_old(f, p, (int64_t)time(NULL));
    *out = f;
    return 0;
}

void log_file_close(struct log_file *f)
{
    if (f == NULL)
        return;
    for (size_t i = 0; i < f->part_count; i++) {
        if (f->parts[i].fd >= 0)
            close(f->parts[i].fd);
        mem_free(f->parts[i].path);
    }
    pthread_mutex_destroy(&f->lock);
    mem_free(f->path);
    mem_free(f);
}
