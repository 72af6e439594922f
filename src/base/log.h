/* One line per event. Every line carries what it belongs to (instance, call, leg) by itself: the loop and the
 * machines set the scope, writers only say what happened. Levels: error: someone must act; warning: look at
 * it some time; notice: normal but worth keeping; info: the course of things; debug: each step. */
#ifndef TANDEM_BASE_LOG_H
#define TANDEM_BASE_LOG_H

#include "base/slice.h"

enum log_level { LOG_ERROR, LOG_WARNING, LOG_NOTICE, LOG_INFO, LOG_DEBUG, LOG_LEVELS };

/* What the thread works on at the moment. The slices must outlive the scope. */
struct log_scope {
    struct slice instance, call, leg;
    int64_t now; /* µs since the epoch, of the world in which this happens; 0: the real clock */
};
extern _Thread_local struct log_scope log_scope;

/* A place that writes: lets only so many lines a second through and says how many it kept back. */
struct log_site {
    int64_t window;
    unsigned count, suppressed;
};

/* What is let through at all: what is logged in general, or the most that a module logs. */
extern enum log_level log_threshold;

/* Other levels for some modules: texts MODULE=LEVEL; wrong ones are passed over. A module is what LOG names,
 * or the beginning or end of that: "roles/proxy" and "proxy" are the same, "world" is all below it. From any
 * thread, at any time; the texts are copied. */
#define LOG_MODULES 64
void log_set_modules(enum log_level general, const struct slice *items, size_t count);

/* JSON: an object a line,
 * {"time":"...","level":"notice","room":"run","at":"node-1a","call":"...","text":"..."}. Set while nothing
 * runs. */
enum log_format { LOG_PLAIN, LOG_JSON };
extern enum log_format log_format;

void log_write(struct log_site *site, enum log_level level, const char *room, const char *format, ...)
    __attribute__((format(printf, 4, 5)));

#define LOG(level, room, ...)                                                                                \
    do {                                                                                                     \
        static _Thread_local struct log_site log_site_here;                                                  \
        if ((level) <= log_threshold)                                                                        \
            log_write(&log_site_here, level, room, __VA_ARGS__);                                             \
    } while (0)

/* Where lines go; without a sink to standard error. The line has no line feed. */
void log_set_sink(
    void (*sink)(void *argument, enum log_level level, const char *line, size_t length), void *argument);

const char *log_level_name(enum log_level level);
int log_level_parse(enum log_level *level, struct slice name) __attribute__((warn_unused_result));

#endif
