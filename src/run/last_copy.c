/* The last copy of the configuration on disk, DATA/configuration.copy: what a process starts with while the
 * store is away (CF-2). A thread of its own writes it, whole or not at all, some time after a change, so that
 * neither the loop nor the disk is kept busy by many changes. It needs no lock on the copy, which never
 * changes. */
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdio.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "base/error.h"
#include "base/log.h"
#include "base/mem.h"
#include "config/image.h"
#include "run/run_int.h"

#define PAUSES 10 /* it rests so many times as long as writing took */

struct last_copy {
    const struct run *run;
    pthread_t thread;
    pthread_mutex_t mutex;
    pthread_cond_t changed;
    struct configuration *next; /* to be written; NULL: none */
    bool stopping;
};

static void path_of(char path[AUTHORITY_PATH + 32], const struct run *r, const char *end)
{
    snprintf(path, AUTHORITY_PATH + 32, "%s/configuration.copy%s", r->data, end);
}

/* ---- writing ---- */

static int put_h(void *argument, struct slice bytes)
{
    const int *file = argument;
    while (bytes.length != 0) {
        ssize_t done = write(*file, bytes.data, bytes.length);
        if (done < 0 && errno == EINTR)
            continue;
        if (done <= 0)
            return ERROR_DISK;
        bytes = slice_from(bytes, (size_t)done);
    }
    return 0;
}

/* The name of a file lasts when its folder is on the disk. */
static int sync_folder(const char *folder)
{
    int descriptor = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    int error = descriptor >= 0 && fsync(descriptor) == 0 ? 0 : ERROR_DISK;
    if (descriptor >= 0)
        close(descriptor);
    return error;
}

static int write_copy(const struct run *r, const struct configuration *c)
{
    char path[AUTHORITY_PATH + 32], new[AUTHORITY_PATH + 32];
    path_of(path, r, "");
    path_of(new, r, ".new");
    int file = open(new, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
    int error = file < 0 ? ERROR_DISK : config_image_write(c, r->local.secret_key, put_h, &file);
    if (error == 0 && fsync(file) != 0)
        error = ERROR_DISK;
    int number = errno;
    if (file >= 0)
        close(file);
    if (error == 0 && rename(new, path) != 0)
        error = ERROR_DISK;
    if (error == 0)
        return sync_folder(r->data);
    LOG(LOG_WARNING, "run", "%s cannot be written: %s; the next change tries again", path,
        error == ERROR_DISK ? strerror(number) : error_sentence(error));
    unlink(new);
    return error;
}

static int64_t now(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (int64_t)t.tv_sec * 1000000 + t.tv_nsec / 1000;
}

/* With the mutex. True: it is time to end. */
static bool rest(struct last_copy *l, int64_t microseconds)
{
    int64_t until = now() + microseconds;
    struct timespec t = {until / 1000000, until % 1000000 * 1000};
    while (!l->stopping && pthread_cond_timedwait(&l->changed, &l->mutex, &t) == 0)
        ;
    return l->stopping;
}

static void *work(void *argument)
{
    struct last_copy *l = argument;
    pthread_setname_np(pthread_self(), "copy");
    pthread_mutex_lock(&l->mutex);
    while (l->next != NULL || !l->stopping) {
        if (l->next == NULL) {
            pthread_cond_wait(&l->changed, &l->mutex);
            continue;
        }
        rest(l, timer_duration(TIMER_COPY_GATHER)); /* others may follow */
        struct configuration *c = l->next;
        l->next = NULL;
        pthread_mutex_unlock(&l->mutex);
        int64_t begun = now();
        int error = write_copy(l->run, c); /* which has said what is wrong */
        (void)error;
        config_release(c);
        begun = now() - begun;
        pthread_mutex_lock(&l->mutex);
        rest(l, begun * PAUSES);
    }
    pthread_mutex_unlock(&l->mutex);
    return NULL;
}

int run__copy_open(struct run *r)
{
    struct last_copy *l = mem_zero(sizeof *l);
    pthread_condattr_t monotonic;
    l->run = r;
    pthread_mutex_init(&l->mutex, NULL);
    pthread_condattr_init(&monotonic);
    pthread_condattr_setclock(&monotonic, CLOCK_MONOTONIC);
    pthread_cond_init(&l->changed, &monotonic);
    pthread_condattr_destroy(&monotonic);
    if (pthread_create(&l->thread, NULL, work, l) != 0) {
        mem_free(l);
        return ERROR_SYSTEM;
    }
    r->copy = l;
    run__copy_changed(r);
    return 0;
}

void run__copy_changed(struct run *r)
{
    struct last_copy *l = r->copy;
    if (l == NULL)
        return;
    pthread_mutex_lock(&l->mutex);
    config_release(l->next);
    l->next = config_retain(r->configuration);
    pthread_cond_signal(&l->changed);
    pthread_mutex_unlock(&l->mutex);
}

void run__copy_close(struct run *r)
{
    struct last_copy *l = r->copy;
    if (l == NULL)
        return;
    pthread_mutex_lock(&l->mutex);
    l->stopping = true;
    pthread_cond_signal(&l->changed);
    pthread_mutex_unlock(&l->mutex);
    pthread_join(l->thread, NULL);
    pthread_cond_destroy(&l->changed);
    pthread_mutex_destroy(&l->mutex);
    mem_free(l);
    r->copy = NULL;
}

/* ---- reading ---- */

int run__copy_read(const struct run *r, struct configuration **out, struct buffer *complaint)
{
    char path[AUTHORITY_PATH + 32];
    struct stat about;
    path_of(path, r, "");
    int file = open(path, O_RDONLY | O_CLOEXEC);
    if (file < 0 && errno == ENOENT)
        return ERROR_MISSING;
    buffer_add_format(complaint, "%s ", path);
    size_t length = file >= 0 && fstat(file, &about) == 0 ? (size_t)about.st_size : 0;
    void *bytes = length != 0 ? mmap(NULL, length, PROT_READ, MAP_PRIVATE, file, 0) : MAP_FAILED;
    int error = ERROR_CORRUPT;
    if (bytes != MAP_FAILED)
        error = config_image_read(out, slice_of(bytes, length), &r->local, complaint);
    else if (file >= 0 && length == 0)
        buffer_add_text(complaint, "is empty");
    else
        buffer_add_format(complaint, "cannot be read: %s", strerror(errno));
    if (bytes != MAP_FAILED)
        munmap(bytes, length);
    if (file >= 0)
        close(file);
    return error;
}
