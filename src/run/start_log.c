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
    bool structured = log_format == LOG_JSON;
    struct slice mark = structured ? SLICE("\"text\":\"") : SLICE(": ");
    ptrdiff_t head = slice_find_slice(text, mark);
    pthread_mutex_lock(&r->log.mutex);
    buffer_add(&r->log.lines, text);
    buffer_add_byte(&r->log.lines, '\n');
    if (level == LOG_ERROR && head >= 0) {
        text = slice_from(text, (size_t)head + mark.length);
        snprintf(r->log.why, sizeof r->log.why, "%.*s",
            SLICE_ARG(slice_first(text, text.length - (structured ? 2 : 0))));
    }
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

static void show_lines(struct run *r)
{
    struct slice lines = buffer_slice(&r->log.lines), line;
    if (r->log_file == NULL)
        fwrite(r->log.lines.data, 1, r->log.lines.length, stderr);
    while (r->log_file != NULL && slice_cut(&lines, '\n', &line))
        if (!slice_empty(line))
            log_file_line(r->log_file, LOG_NOTICE, line.data, line.length);
}

void run__log_release(struct run *r, bool show)
{
    if (r->log_file != NULL)
        log_set_sink(log_file_line, r->log_file);
    else
        log_set_sink(NULL, NULL);
    if (show)
        show_lines(r);
    buffer_free(&r->log.lines);
}

int run__log_open(struct run *r)
{
    const struct options *o = r->options;
    struct buffer why = {0};
    log_threshold = options_log_level(o);
    log_format = slice_equal(options_text(o, OPTION_LOG_FORMAT), SLICE("json")) ? LOG_JSON : LOG_PLAIN;
    run__log_hold(r);
    if (slice_empty(options_text(o, OPTION_LOG_FILE)))
        return 0;
    int error = log_file_open(&r->log_file,
        &(struct log_file_params){.path = options_text(o, OPTION_LOG_FILE),
            .size = options_number(o, OPTION_LOG_SIZE) << 20,
            .days = (int)options_number(o, OPTION_LOG_DAYS)},
        &why);
    if (error != 0)
        command_complain("%.*s", SLICE_ARG(buffer_slice(&why)));
    buffer_free(&why);
    return error;
}

void run__log_close(struct run *r)
{
    log_set_sink(NULL, NULL);
    log_file_close(r->log_file);
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
