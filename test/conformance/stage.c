#include <dirent.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/mem.h"
#include "conformance.h"

struct real_engines_params stage_params;
const char *stage_implementation = "embedded";
jmp_buf stage__out;
char stage__why[512];

static struct stage *first; /* of the running test */

bool stage_is(const char *implementation)
{
    return strcmp(stage_implementation, implementation) == 0;
}

void stage_not_here(const char *why)
{
    snprintf(stage__why, sizeof stage__why, "%s", why);
    longjmp(stage__out, STAGE_NOT_HERE);
}

void stage_fail(const char *file, int line, const char *format, ...)
{
    va_list arguments;
    int length = snprintf(stage__why, sizeof stage__why, "%s:%d: ", file, line);
    va_start(arguments, format);
    vsnprintf(stage__why + length, sizeof stage__why - (size_t)length, format, arguments);
    va_end(arguments);
    longjmp(stage__out, STAGE_FAILED);
}

bool stage_fault(const char *format, ...)
{
    char line[256];
    va_list arguments;
    va_start(arguments, format);
    printf("fault ");
    vprintf(format, arguments);
    printf("\n");
    va_end(arguments);
    fflush(stdout);
    if (fgets(line, sizeof line, stdin) == NULL || strncmp(line, "failed", 6) == 0)
        stage_fail(__FILE__, __LINE__, "the runner could not do the fault \"%s\"", format);
    return strcmp(line, "done\n") == 0;
}

static void open_engines(struct stage *s)
{
    static const struct real_params none;
    struct real_engines_params params = stage_params;
    params.data = s->data;
    CHECK_SAME(real_open(&s->loop, &none), 0);
    CHECK_SAME(real_engines_open(&s->engines, s->loop, &params), 0);
}

static void close_engines(struct stage *s)
{
    while (s->seat_count > 0)
        seat_close(s->seats[0]);
    if (s->engines != NULL)
        real_engines_close(s->engines);
    if (s->loop != NULL)
        real_close(s->loop);
    s->engines = NULL;
    s->loop = NULL;
}

static struct stage *stage_new(void)
{
    struct stage *s = mem_zero(sizeof *s);
    const char *folder = getenv("TMPDIR");
    snprintf(s->data, sizeof s->data, "%s/tandem-stage-XXXXXX", folder != NULL ? folder : P_tmpdir);
    if (mkdtemp(s->data) == NULL) {
        fprintf(stderr, "conformance: cannot make a folder for data\n");
        exit(2);
    }
    return s;
}

struct stage *stage__begin(void)
{
    first = stage_new();
    open_engines(first);
    return first;
}

struct stage *stage_another(struct stage *s)
{
    struct stage *another = stage_new();
    another->others = s->others;
    s->others = another;
    open_engines(another);
    return another;
}

void stage_restart(struct stage *s)
{
    close_engines(s);
    open_engines(s);
}

void stage_run(struct stage *s, int64_t milliseconds)
{
    int64_t end = real_now(s->loop) + milliseconds * 1000;
    do {
        for (struct stage *each = first; each != NULL; each = each->others)
            if (each->loop != NULL)
                real__round(each->loop, 1000);
    } while (real_now(s->loop) < end);
}

static void empty(const char *folder)
{
    DIR *d = opendir(folder);
    char path[600];
    for (struct dirent *e; d != NULL && (e = readdir(d)) != NULL;) {
        snprintf(path, sizeof path, "%s/%s", folder, e->d_name);
        if (strcmp(e->d_name, ".") == 0 || strcmp(e->d_name, "..") == 0)
            continue;
        if (e->d_type == DT_DIR)
            empty(path);
        else
            unlink(path);
    }
    if (d != NULL)
        closedir(d);
    rmdir(folder);
}

void stage__end(void)
{
    for (struct stage *next, *s = first; s != NULL; s = next) {
        next = s->others;
        close_engines(s);
        empty(s->data);
        arena_free(&s->arena);
        mem_free(s);
    }
    first = NULL;
}
