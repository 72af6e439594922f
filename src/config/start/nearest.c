#include "config/start/option.h"

#define LONGEST 32

/* Edits between two words (Levenshtein), by one row of the table. */
static size_t distance(struct slice a, struct slice b)
{
    size_t row[LONGEST + 1];
    for (size_t j = 0; j <= b.length; j++)
        row[j] = j;
    for (size_t i = 1; i <= a.length; i++) {
        size_t diagonal = row[0];
        row[0] = i;
        for (size_t j = 1; j <= b.length; j++) {
            size_t best = diagonal + (a.data[i - 1] != b.data[j - 1]);
            diagonal = row[j];
            if (row[j - 1] + 1 < best)
                best = row[j - 1] + 1;
            if (row[j] + 1 < best)
                best = row[j] + 1;
            row[j] = best;
        }
    }
    return row[b.length];
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
