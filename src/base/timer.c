#include "base/timer.h"

static const struct {
    int64_t duration;
    const char *name, *text;
} timers[] = {
    {0, "NONE", ""},
#define TIMER(symbol, microseconds, text) {microseconds, #symbol, text},
#include "base/timer.def"
#undef TIMER
};

int64_t timer_duration(enum timer t)
{
    return timers[t].duration;
}

const char *timer_name(enum timer t)
{
    return timers[t].name;
}

const char *timer_text(enum timer t)
{
    return timers[t].text;
}
