#include "base/measure.h"

#include "base/mem.h"

const struct measure_row measure_rows[MEASURE_COUNT] = {
#define MEASURE(symbol, name, type, label, second, text) {name, type, label, second, text},
#include "base/measure.def"
#undef MEASURE
};

void measure_add(struct measure_set *set, enum measure m, const char *of, const char *second, uint64_t value)
{
    if (set->count == MEASURE_MOST)
        return;
    if (set->count == set->room) {
        set->room = set->room != 0 ? set->room * 2 : 16;
        set->values = mem_resize(set->values, set->room * sizeof *set->values);
    }
    struct measure_value *v = &set->values[set->count++];
    *v = (struct measure_value){.measure = m, .second = second, .value = value};
    slice_put(v->of, slice_first(slice_text(of), sizeof v->of - 1));
}

void measure_clear(struct measure_set *set)
{
    set->count = 0;
}

void measure_free(struct measure_set *set)
{
    mem_free(set->values);
    *set = (struct measure_set){0};
}
