#include "base/counter.h"

static const struct {
    const char *name, *text;
} counters[] = {
#define COUNTER(symbol, name, text) {name, text},
#include "base/counter.def"
#undef COUNTER
};

const char *counter_name(enum counter c)
{
    return counters[c].name;
}

const char *counter_text(enum counter c)
{
    return counters[c].text;
}

static const struct {
    const char *name, *text;
} gauges[] = {
#define GAUGE(symbol, name, text) {name, text},
#include "base/gauge.def"
#undef GAUGE
};

const char *gauge_name(enum gauge g)
{
    return gauges[g].name;
}

const char *gauge_text(enum gauge g)
{
    return gauges[g].text;
}
