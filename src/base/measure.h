/* Numbers with a name of their own: of each trunk, and the like. A set belongs to an instance; it is bounded,
 * and what finds no room is left out. */
#ifndef TANDEM_BASE_MEASURE_H
#define TANDEM_BASE_MEASURE_H

#include "base/slice.h"

enum measure {
#define MEASURE(symbol, ...) MEASURE_##symbol,
#include "base/measure.def"
#undef MEASURE
    MEASURE_COUNT
};

#define MEASURE_MOST 8192U /* values of one set */
#define MEASURE_NAME 40

struct measure_row {
    const char *name, *type, *label, *second, *text;
};
extern const struct measure_row measure_rows[MEASURE_COUNT];

struct measure_value {
    enum measure measure;
    char of[MEASURE_NAME];
    const char *second; /* of a table; NULL: none */
    uint64_t value;
};

struct measure_set {
    struct measure_value *values;
    size_t count, room;
};

/* `second` is not copied. */
void measure_add(struct measure_set *set, enum measure m, const char *of, const char *second, uint64_t value);
void measure_clear(struct measure_set *set); /* to be filled anew */
void measure_free(struct measure_set *set);

#endif
