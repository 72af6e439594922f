#include "base/log.h"

#include <stdarg.h>
#include <stdio.h>
#include <time.h>

#include "base/error.h"
#include "base/utf8.h"

#define LINE 2048      /* bytes: longer lines are cut */
#define PER_SECOND 20U /* lines of one place */

_Thread_local struct log_scope log_scope;
enum log_level log_threshold = LOG_NOTICE;

static void (*sink_h)(void *argument, enum log_level level, const char *line, size_t length);
static void *sink_argument;

static const char *const names[LOG_LEVELS] = {"error", "warning", "notice", "info", "debug"};

const char *log_level_name(enum log_level level)
{
    return names[level];
}

int log_level_parse(enum log_level *level, struct slice name)
{
    for (int i = 0; i < LOG_LEVELS; i++)
        if (slice_equal_nocase(name, slice_text(names[i]))) {
            *level = (enum log_level)i;
            return 0;
        }
    return ERROR_RANGE;
}

void log_set_sink(
    void (*sink)(void *argument, enum log_level level, const char *line, size_t length), void *argument)
{
    sink_h = sink;
    sink_argument = argument;
}

struct line {
    char text[LINE];
    size_t length;
};

static void add(struct line *l, int written)
{
    if (written < 0)
        return;
    l->length += (size_t)written;
    if (l->length > LINE - 1)
        l->length = LINE - 1;
}

static void add_head(struct line *l, int64_t now, enum log_level level, const char *room)
{
    time_t seconds = now / 1000000;
    struct tm utc;
    gmtime_r(&seconds, &utc);
    add(l, (int)strftime(l->text, LINE, "%Y-%m-%dT%H:%M:%S", &utc));
    add(l, snprintf(l->text + l->length, LINE - l->length, ".%06dZ %s %s", (int)(now % 1000000), names[level],
               room));
    const struct {
        const char *key;
        struct slice value;
    } scope[] = {{"at", log_scope.instance}, {"call", log_scope.call}, {"leg", log_scope.leg}};
    for (size_t i = 0; i < sizeof scope / sizeof scope[0]; i++)
        if (!slice_empty(scope[i].value))
            add(l, snprintf(l->text + l->length, LINE - l->length, " %s=%.*s", scope[i].key,
                       SLICE_ARG(scope[i].value)));
    add(l, snprintf(l->text + l->length, LINE - l->length, ": "));
}

/* What came from outside must not forge lines or reach a terminal's control codes: C0, C1 (which terminals
 * take from UTF-8 too) and what is not UTF-8 become spaces. */
static void clean(struct line *l)
{
    size_t skip = 0;
    for (size_t i = 0; i < l->length;) {
        unsigned char *byte = (unsigned char *)l->text + i;
        size_t length = utf8_character(slice_of(byte, l->length - i), &skip);
        bool control =
            byte[0] < 0x20 || byte[0] == 0x7f || (byte[0] == 0xc2 && length == 2 && byte[1] < 0xa0);
        size_t step = length != 0 ? length : skip;
        if (length == 0 || control)
            memset(byte, ' ', step);
        i += step;
    }
}

static void emit(struct line *l, enum log_level level)
{
    if (sink_h != NULL)
        sink_h(sink_argument, level, l->text, l->length);
    else
        fprintf(stderr, "%.*s\n", (int)l->length, l->text);
}

static bool admitted(struct log_site *site, int64_t now, enum log_level level, const char *room)
{
    if (now / 1000000 != site->window) {
        unsigned suppressed = site->suppressed;
        *site = (struct log_site){.window = now / 1000000};
        if (suppressed != 0) {
            struct line l = {.length = 0};
            add_head(&l, now, level, room);
            add(&l, snprintf(l.text + l.length, LINE - l.length,
                        "%u more lines like the following were left out", suppressed));
            clean(&l);
            emit(&l, level);
        }
    }
    if (site->count >= PER_SECOND) {
        site->suppressed++;
        return false;
    }
    site->count++;
    return true;
}

void log_write(struct log_site *site, enum log_level level, const char *room, const char *format, ...)
{
    int64_t now = log_scope.now;
    if (now == 0) {
        struct timespec ts;
        clock_gettime(CLOCK_REALTIME, &ts);
        now = (int64_t)ts.tv_sec * 1000000 + ts.tv_nsec / 1000;
    }
    if (!admitted(site, now, level, room))
        return;
    struct line l = {.length = 0};
    add_head(&l, now, level, room);
    va_list arguments;
    va_start(arguments, format);
    add(&l, vsnprintf(l.text + l.length, LINE - l.length, format, arguments));
    va_end(arguments);
    clean(&l);
    emit(&l, level);
}
