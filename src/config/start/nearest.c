#include "config/start/option.h"

#define LONGEST 32

/* Edits between two words: a letter more, less or other, or two neighbours exchanged (optimal string
 * alignment). */
static size_t distance(struct slice a, struct slice b)
{
    size_t rows[3][LONGEST + 1], *before = rows[0], *above = rows[1], *row = rows[2];
    for (size_t j = 0; j <= b.length; j++)
        above[j] = j;
    for (size_t i = 1; i <= a.length; i++) {
        row[0] = i;
        for (size_t j = 1; j <= b.length; j++) {
            size_t best = above[j - 1] + (a.data[i - 1] != b.data[j - 1]);
            best = row[j - 1] + 1 < best ? row[j - 1] + 1 : best;
            best = above[j] + 1 < best ? above[j] + 1 : best;
            bool exchanged =
                i > 1 && j > 1 && a.data[i - 1] == b.data[j - 2] && a.data[i - 2] == b.data[j - 1];
            row[j] = exchanged && before[j - 2] + 1 < best ? before[j - 2] + 1 : best;
        }
        size_t *oldest = before;
        before = above;
        above = row;
        row = oldest;
    }
    return above[b.length];
}

int word_nearest(struct slice word, const char *const *words, size_t count)
{
    int nearest = -1;
    size_t least = word.length / 2 + 1; /* half of it may be wrong */
    if (word.length > LONGEST)
        return -1;
    for (size_t i = 0; i < count; i++) {
        struct slice known = slice_text(words[i]);
        size_t edits = known.length <= LONGEST ? distance(word, known) : SIZE_MAX;
        if (edits < least) {
            least = edits;
            nearest = (int)i;
        }
    }
    return nearest;
}
