#include "web/assets_int.h"

const struct asset *asset_find(struct slice path)
{
    size_t low = 0;
    size_t high = web__asset_count;

    while (low < high) {
        size_t middle = low + (high - low) / 2;
        int order = slice_compare(path, slice_text(web__assets[middle].path));

        if (order == 0)
            return &web__assets[middle];
        if (order < 0)
            high = middle;
        else
            low = middle + 1;
    }
    return NULL;
}
