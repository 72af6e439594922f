/* Lists of effects come from the other member of a pair: any bytes end somewhere, and what was read is
 * written back as it was. */
#include "world/effect.h"

#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct slice rest = slice_of(data, size);
    struct buffer again = {0}, text = {0};
    struct effect e, same;
    while (effect_next(&rest, &e)) {
        effect_describe(&text, &e);
        buffer_clear(&again);
        effect_add(&again, &e);
        struct slice list = buffer_slice(&again);
        if (!effect_next(&list, &same) || list.length != 0 || same.kind != e.kind || same.flow != e.flow ||
            !slice_equal(same.first, e.first) || !slice_equal(same.second, e.second))
            abort();
    }
    buffer_free(&again);
    buffer_free(&text);
    return 0;
}
