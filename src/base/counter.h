/* Counters and gauges: one table of each for the program, one set of values per instance. */
#ifndef TANDEM_BASE_COUNTER_H
#define TANDEM_BASE_COUNTER_H

#include <stdint.h>

enum counter {
#define COUNTER(symbol, name, text) COUNTER_##symbol,
#include "base/counter.def"
#undef COUNTER
    COUNTER_COUNT
};

struct counter_set {
    uint64_t values[COUNTER_COUNT];
};

const char *counter_name(enum counter c);
const char *counter_text(enum counter c);

/* ---- what is there at the moment ---- */

enum gauge {
#define GAUGE(symbol, name, text) GAUGE_##symbol,
#include "base/gauge.def"
#undef GAUGE
    GAUGE_COUNT
};

struct gauge_set {
    uint64_t values[GAUGE_COUNT];
};

const char *gauge_name(enum gauge g);
const char *gauge_text(enum gauge g);

#endif
