/* Counters: one table for the program, one set of values per instance. */
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

#endif
