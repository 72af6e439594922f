#include "roles/config/cut.h"

#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* What it gives lies in the text, pieces follow each other, and the budget does not change the result. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct cut whole, parts;
    enum cut_result one, other;
    size_t end = 0;
    cut_begin(&whole, slice_of(data, size), "changes");
    cut_begin(&parts, slice_of(data, size), "changes");
    do {
        size_t all = size + 1;
        one = cut_next(&whole, &all);
        do {
            size_t some = 3;
            other = cut_next(&parts, &some);
        } while (other == CUT_MORE);
        if (one != other || whole.at != parts.at)
            abort();
        if (one != CUT_ITEM && one != CUT_FIELD)
            continue;
        size_t start = (size_t)(whole.value.data - (const char *)data);
        if (start < end || whole.value.length == 0 || start + whole.value.length > size)
            abort();
        end = start + whole.value.length;
    } while (one != CUT_END && one != CUT_BAD);
    return 0;
}
