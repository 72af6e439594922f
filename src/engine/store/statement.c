#include "engine/store/statement.h"

#include "base/buffer.h"
#include "base/utf8.h"

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

char *store_clean(struct arena *arena, char *text)
{
    struct slice rest = slice_text(text);
    struct buffer out = {.data = NULL};
    if (utf8_valid(rest))
        return text;
    while (!slice_empty(rest)) {
        size_t skip, length = utf8_character(rest, &skip);
        buffer_add(&out, length != 0 ? slice_first(rest, length) : SLICE("\xef\xbf\xbd"));
        rest = slice_from(rest, length != 0 ? length : skip);
    }
    char *clean = arena_text(arena, buffer_slice(&out));
    buffer_free(&out);
    return clean;
}
