#include "engine/store/statement.h"

const struct store_statement *store_statement_find(struct slice name)
{
    size_t low = 0, high = store_statement_count;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        int order = slice_compare(slice_text(store_statements[middle].name), name);
        if (order == 0)
            return &store_statements[middle];
        if (order < 0)
            low = middle + 1;
        else
            high = middle;
    }
    return NULL;
}
