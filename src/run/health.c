/* What this process knows of itself: for reports, metrics and the service manager. */
#include <dirent.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <sys/statvfs.h>
#include <time.h>
#include <unistd.h>
#include <openssl/pem.h>

#include "base/mem.h"
#include "run/run_int.h"
#include "tools/certificate.h"
#include "world/world.h"

/* Who is watched over: not the main's own roles. */
static size_t list_instances(struct health_instance *list, struct real_loop *loop)
{
    size_t count = 0;
    for (struct real_instance *i = NULL;
         (i = real_next_instance(loop, i)) != NULL && count < RUN_INSTANCES;) {
        const struct role_setup *setup = real_instance_setup(i);
        if (setup->main == NULL)
            list[count++] = (struct health_instance){.name = setup->name,
                .role = slice_text(real_instance_role(i)->name),
                .location = setup->location,
                .world = real_instance_world(i)};
    }
    return count;
}

static size_t list_parts(struct health_part *list, const struct run *r)
{
    for (int p = 0; p < REAL_PARTS; p++) {
        const struct real_condition *c = real_engines_condition(r->engines, (enum real_part)p);
        list[p] = (struct health_part){
            .what = real_part_name((enum real_part)p), .away = c->away, .since = c->since, .why = c->why};
    }
    return REAL_PARTS;
}

void run__health(struct run_health *h, const struct run *r)
{
    h->member = (struct health_member){.name = run__name(r),
        .version = TANDEM_VERSION,
        .started_at = r->started_at,
        .sent_at = real_now(r->loop),
        .parts = h->parts,
        .part_count = list_parts(h->parts, r),
        .instances = h->instances,
        .instance_count = list_instances(h->instances, r->loop),
        .certificate_until = r->certificate_until,
        .configuration = config_number(r->configuration)};
}

/* ---- what the system says ---- */

void run__health_disk(struct run_health *h, const struct run *r)
{
    struct statvfs v;
    if (statvfs(r->data, &v) != 0)
        return;
    h->member.disk_size = (uint64_t)v.f_blocks * v.f_frsize;
    h->member.disk_free = (uint64_t)v.f_bavail * v.f_frsize;
}

int64_t run__certificate_until(const char *path)
{
    FILE *file = path[0] != '\0' ? fopen(path, "re") : NULL;
    X509 *x = file != NULL ? PEM_read_X509(file, NULL, NULL, NULL) : NULL;
    struct tm end;
    int64_t until = 0;
    if (x != NULL && ASN1_TIME_to_tm(X509_get0_notAfter(x), &end) == 1)
        until = (int64_t)timegm(&end) * 1000000;
    X509_free(x);
    if (file != NULL)
        fclose(file);
    return until;
}

static struct slice read_file(char *to, size_t size, const char *path)
{
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    ssize_t got = fd >= 0 ? read(fd, to, size - 1) : -1;
    if (fd >= 0)
        close(fd);
    to[got > 0 ? got : 0] = '\0';
    return slice_of(to, got > 0 ? (size_t)got : 0);
}

static void add_thread(struct health_process *p, struct slice name, double cpu)
{
    size_t at = 0;
    while (at < p->thread_count && !slice_equal(slice_text(p->threads[at].name), name))
        at++;
    if (at == HEALTH_THREADS)
        return;
    if (at == p->thread_count) {
        name = slice_first(name, sizeof p->threads[at].name - 1);
        p->threads[p->thread_count++] = (struct health_thread){.cpu = 0};
        slice_put(p->threads[at].name, name);
    }
    p->threads[at].cpu += cpu;
}

/* "PID (NAME) STATE ..." (proc(5)): the name may contain anything, so what follows is counted from the last
 * ')'. */
static void read_thread(struct health_process *p, const char *id)
{
    char path[64], text[1024];
    snprintf(path, sizeof path, "/proc/self/task/%.20s/stat", id);
    struct slice line = read_file(text, sizeof text, path);
    ptrdiff_t open = slice_find(line, '(');
    const char *close = strrchr(text, ')');
    unsigned long user, system;
    if (open < 0 || close == NULL ||
        sscanf(close + 1, " %*c %*d %*d %*d %*d %*d %*u %*u %*u %*u %*u %lu %lu", &user, &system) != 2)
        return;
    add_thread(p, slice_of(text + open + 1, (size_t)(close - text - open - 1)),
        (double)(user + system) / (double)sysconf(_SC_CLK_TCK));
}

static uint64_t read_folder(const char *path, struct health_process *p)
{
    DIR *d = opendir(path);
    const struct dirent *e;
    uint64_t count = 0;
    while (d != NULL && (e = readdir(d)) != NULL) {
        if (e->d_name[0] == '.')
            continue;
        count++;
        if (p != NULL)
            read_thread(p, e->d_name);
    }
    if (d != NULL)
        closedir(d);
    return count;
}

void run__health_process(struct health_process *p, const struct run *r)
{
    struct real_measures m;
    struct rlimit limit;
    struct rusage usage;
    char text[128];
    uint64_t pages[2] = {0};
    real_measure(r->loop, &m);
    *p = (struct health_process){.rounds = m.rounds,
        .busy = m.busy,
        .late = m.late,
        .inputs = m.inputs,
        .output = m.output,
        .flows = m.flows,
        .questions = m.questions,
        .memory = mem_live_bytes()};
    read_file(text, sizeof text, "/proc/self/statm");
    if (sscanf(text, "%lu %lu", &pages[0], &pages[1]) == 2) {
        p->virtual = pages[0] * (uint64_t)sysconf(_SC_PAGESIZE);
        p->resident = pages[1] * (uint64_t)sysconf(_SC_PAGESIZE);
    }
    p->descriptors = read_folder("/proc/self/fd", NULL);
    if (getrlimit(RLIMIT_NOFILE, &limit) == 0)
        p->descriptors_most = limit.rlim_cur;
    if (getrusage(RUSAGE_SELF, &usage) == 0)
        p->cpu = (double)(usage.ru_utime.tv_sec + usage.ru_stime.tv_sec) +
                 (double)(usage.ru_utime.tv_usec + usage.ru_stime.tv_usec) / 1000000;
    read_folder("/proc/self/task", p);
}
