#include "base/log_int.h"

#include <stdarg.h>
#include <stdio.h>
#include <time.h>

#include "base/error.h"
#include "base/utf8.h"

#define LINE 2048      /* bytes: longer lines are cut */
#define PER_SECOND 20U /* lines of one place */

_Thread_local struct log_scope log_scope;
enum log_level log_threshold = LOG_NOTICE;
enum log_format log_format = LOG_PLAIN;

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

static void add_time(struct line *l, int64_t now)
{
    time_t seconds = now / 1000000;
    struct tm utc;
    gmtime_r(&seconds, &utc);
    add(l, (int)strftime(l->text + l->length, LINE - l->length, "%Y-%m-%dT%H:%M:%S", &utc));
    add(l, snprintf(l->text + l->length, LINE - l->length, ".%06dZ", (int)(now % 1000000)));
}

/* What came from outside must not forge lines or reach a terminal's control codes: C0, C1 (which terminals
 * take from UTF-8 too) and what is not UTF-8 become spaces. */
static void clean(char *text, size_t length)
{
    size_t skip = 0;
    for (size_t i = 0; i < length;) {
        unsigned char *byte = (unsigned char *)text + i;
        size_t width = utf8_character(slice_of(byte, length - i), &skip);
        bool control = byte[0] < 0x20 || byte[0] == 0x7f || (byte[0] == 0xc2 && width == 2 && byte[1] < 0xa0);
        size_t step = width != 0 ? width : skip;
        if (width == 0 || control)
            memset(byte, ' ', step);
        i += step;
    }
}

/* ---- the two ways to write a line ---- */

static void write_plain(
    struct line *l, int64_t now, enum log_level level, const char *room, struct slice text)
{
    const struct {
        const char *key;
        struct slice value;
    } scope[] = {{"at", log_scope.instance}, {"call", log_scope.call}, {"leg", log_scope.leg}};
    add_time(l, now);
    add(l, snprintf(l->text + l->length, LINE - l->length, " %s %s", names[level], room));
    for (size_t i = 0; i < sizeof scope / sizeof scope[0]; i++)
        if (!slice_empty(scope[i].value))
            add(l, snprintf(l->text + l->length, LINE - l->length, " %s=%.*s", scope[i].key,
                       SLICE_ARG(scope[i].value)));
    add(l, snprintf(l->text + l->length, LINE - l->length, ": %.*s", SLICE_ARG(text)));
    clean(l->text, l->length);
}

/* The value of a member; it is cut where the line would be too long to be closed (RFC 8259 7: only quotes and
 * backslashes are left to be escaped in what is clean). */
static void add_member(struct line *l, const char *key, struct slice value)
{
    const size_t end = sizeof "\"}";
    char copy[LINE];
    if (slice_empty(value) || l->length + strlen(key) + sizeof ",\"\":\"\"" + end > LINE)
        return;
    value = slice_first(value, sizeof copy);
    slice_put(copy, value);
    clean(copy, value.length);
    add(l, snprintf(l->text + l->length, LINE - l->length, "%s\"%s\":\"", l->length == 0 ? "{" : ",", key));
    for (size_t i = 0; i < value.length;) {
        size_t skip, width = utf8_character(slice_of(copy + i, value.length - i), &skip);
        if (width == 0 || l->length + width + 1 + end > LINE)
            break;
        if (copy[i] == '"' || copy[i] == '\\')
            l->text[l->length++] = '\\';
        memcpy(l->text + l->length, copy + i, width);
        l->length += width;
        i += width;
    }
    l->text[l->length++] = '"';
}

static void write_json(struct line *l, int64_t now, enum log_level level, const char *room, struct slice text)
{
    struct line time = {.length = 0};
    add_time(&time, now);
    add_member(l, "time", slice_of(time.text, time.length));
    add_member(l, "level", slice_text(names[level]));
    add_member(l, "room", slice_text(room));
    add_member(l, "at", log_scope.instance);
    add_member(l, "call", log_scope.call);
    add_member(l, "leg", log_scope.leg);
    add_member(l, "text", text);
    l->text[l->length++] = '}';
}

static void emit(struct line *l, enum log_level level)
{
    if (sink_h != NULL)
        sink_h(sink_argument, level, l->text, l->length);
    else
        fprintf(stderr, "%.*s\n", (int)l->length, l->text);
}

static void write_line(int64_t now, enum log_level level, const char *room, struct slice text)
{
    struct line l;
    l.length = 0;
    (log_format == LOG_JSON ? write_json : write_plain)(&l, now, level, room, text);
    emit(&l, level);
}

static bool admitted(struct log_site *site, int64_t now, enum log_level level, const char *room)
{
    if (now / 1000000 != site->window) {
        unsigned suppressed = site->suppressed;
        *site = (struct log_site){.window = now / 1000000};
        if (suppressed != 0) {
            char text[64];
            int length =
                snprintf(text, sizeof text, "%u more lines like the following were left out", suppressed);
            write_line(now, level, room, slice_of(text, (size_t)length));
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
    char text[LINE];
    if (!log__module_logs(room, level))
        return;
    if (now == 0) {
        struct timespec ts;
        clock_gettime(CLOCK_REALTIME, &ts);
        now = (int64_t)ts.tv_sec * 1000000 + ts.tv_nsec / 1000;
    }
    if (!admitted(site, now, level, room))
        return;
    va_list arguments;
    va_start(arguments, format);
    int length = vsnprintf(text, sizeof text, format, arguments);
    va_end(arguments);
    if (length >= 0)
        write_line(now, level, room, slice_of(text, (size_t)length < LINE ? (size_t)length : LINE - 1));
}
