/* Holds the log back until it is known whether the start succeeds. */
#include <stdarg.h>
#include <stdio.h>

#include "base/error.h"
#include "base/log.h"
#include "run/run_int.h"

static void line_h(void *argument, enum log_level level, const char *line, size_t length)
{
    struct run *r = argument;
    struct slice text = slice_of(line, length);
    struct slice begins = log_format == LOG_JSON ? SLICE("\"text\":\"") : SLICE(": ");
    ptrdiff_t head = slice_find_slice(text, begins);
    pthread_mutex_lock(&r->log.mutex);
    buffer_add(&r->log.lines, text);
    buffer_add_byte(&r->log.lines, '\n');
    if (level == LOG_ERROR && head >= 0)
        snprintf(r->log.why, sizeof r->log.why, "%.*s",
            SLICE_ARG(slice_from(
                slice_first(text, length - (log_format == LOG_JSON ? 2 : 0)), (size_t)head + begins.length)));
    pthread_mutex_unlock(&r->log.mutex);
}

void run__log_hold(struct run *r)
{
    pthread_mutex_init(&r->log.mutex, NULL);
    r->log.lines.limit = (size_t)1 << 20;
    log_set_sink(line_h, r);
}

void run__log_levels(const struct run *r)
{
    const struct config_list *log = &config_cluster(r->configuration)->log;
    log_set_modules(options_log_level(r->options), log->items, log->count);
}

void run__log_release(struct run *r, bool show)
{
    log_set_sink(NULL, NULL);
    if (show)
        fwrite(r->log.lines.data, 1, r->log.lines.length, stderr);
    buffer_free(&r->log.lines);
}

void run__complain(struct run *r, int error, const char *format, ...)
{
    char what[RUN_SENTENCE];
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(what, sizeof what, format, arguments);
    va_end(arguments);
    pthread_mutex_lock(&r->log.mutex);
    command_complain("%s: %s", what, r->log.why[0] != '\0' ? r->log.why : error_sentence(error));
    pthread_mutex_unlock(&r->log.mutex);
}
