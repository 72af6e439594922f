/* Durations: one table for the program. Code names a timer, never a number. */
#ifndef TANDEM_BASE_TIMER_H
#define TANDEM_BASE_TIMER_H

#include <stdint.h>

enum timer {
    TIMER_NONE,
#define TIMER(symbol, microseconds, text) TIMER_##symbol,
#include "base/timer.def"
#undef TIMER
    TIMER_COUNT
};

int64_t timer_duration(enum timer t); /* µs */
const char *timer_name(enum timer t);
const char *timer_text(enum timer t);

#endif
