/* UTF-8 (RFC 3629, Unicode table 3-7), checked piece by piece and as early as possible: a byte that cannot
 * continue what came before fails at once. Zeroed memory is the beginning of a text. */
#ifndef TANDEM_BASE_UTF8_H
#define TANDEM_BASE_UTF8_H

#include "base/slice.h"

struct utf8 {
    uint8_t needed;    /* bytes that the character under way still lacks; 0: between characters */
    uint8_t low, high; /* what the next one of them may be */
};

/* False when the text can never become valid any more. */
bool utf8_feed(struct utf8 *u, struct slice bytes);

static inline bool utf8_complete(const struct utf8 *u)
{
    return u->needed == 0;
}

bool utf8_valid(struct slice text);

/* How many bytes at the beginning of the (not empty) text are one character; 0 where it is not a valid one,
 * then *skip says how many bytes stand for one U+FFFD (Unicode 3.9, the maximal part). */
size_t utf8_character(struct slice text, size_t *skip);

#endif
