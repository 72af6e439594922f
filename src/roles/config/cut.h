/* Takes a large JSON object apart without a tree of it: its fields one by one, and of one array each element,
 * some bytes at a time. What it gives is found by brackets and quotes only; whether a piece is well-formed is
 * for who reads it.
 *
 *     {"comment": "..", "changes": [ {..}, {..} ]}   ──>  FIELD comment ".."   ITEM {..}   ITEM {..}   END */
#ifndef TANDEM_ROLES_CONFIG_CUT_H
#define TANDEM_ROLES_CONFIG_CUT_H

#include "base/slice.h"

#define CUT_DEPTH 16 /* of brackets inside each other, in one piece */

enum cut_result {
    CUT_MORE,  /* the budget is used up; go on */
    CUT_FIELD, /* `key` without its quotes, and `value` */
    CUT_ITEM,  /* `value`: an element of the array */
    CUT_END,   /* of the text */
    CUT_BAD    /* no such object; at `line` */
};

struct cut {
    struct slice text;
    const char *array; /* name of the field whose elements come one by one */
    struct slice key, value;
    size_t at, start, line;
    uint8_t state, depth;
    bool quoted, escaped, inside, entered; /* inside the array; it was there */
    const char *why;                       /* CUT_BAD */
};

void cut_begin(struct cut *c, struct slice text, const char *array);
/* The next piece. `budget` is how many bytes may be looked at; it shrinks. */
enum cut_result cut_next(struct cut *c, size_t *budget);

#endif
