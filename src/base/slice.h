/* A slice: some bytes that belong to somebody else. Never NUL-terminated, never freed. */
#ifndef TANDEM_BASE_SLICE_H
#define TANDEM_BASE_SLICE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

struct slice {
    const char *data;
    size_t length;
};

/* A slice of a string literal, usable in constant tables. */
#define SLICE(literal) ((struct slice){literal, sizeof(literal) - 1})
#define SLICE_INIT(literal)                                                                                  \
    {                                                                                                        \
        literal, sizeof(literal) - 1                                                                         \
    }
/* For "%.*s". */
#define SLICE_ARG(s) (int)(s).length, (s).data

static inline struct slice slice_of(const void *data, size_t length)
{
    return (struct slice){data, length};
}

static inline struct slice slice_text(const char *text)
{
    return (struct slice){text, text != NULL ? strlen(text) : 0};
}

static inline bool slice_empty(struct slice s)
{
    return s.length == 0;
}

static inline bool slice_equal(struct slice a, struct slice b)
{
    return a.length == b.length && (a.length == 0 || memcmp(a.data, b.data, a.length) == 0);
}

/* The part from `from` on; an empty slice past the end. */
static inline struct slice slice_from(struct slice s, size_t from)
{
    if (from > s.length)
        from = s.length;
    return from == 0 ? s : (struct slice){s.data + from, s.length - from}; /* never NULL + 0 */
}

/* At most the first `length` bytes. */
static inline struct slice slice_first(struct slice s, size_t length)
{
    return (struct slice){s.data, length < s.length ? length : s.length};
}

/* The bytes of a slice put at `to`: memcpy that also takes an empty slice at NULL. Gives `to`. */
static inline void *slice_put(void *to, struct slice s)
{
    return s.length != 0 ? memcpy(to, s.data, s.length) : to;
}

bool slice_equal_nocase(struct slice a, struct slice b); /* ASCII letters only */
int slice_compare(struct slice a, struct slice b);       /* by bytes, then by length */
bool slice_starts(struct slice s, struct slice prefix);
bool slice_starts_nocase(struct slice s, struct slice prefix);
bool slice_ends(struct slice s, struct slice suffix);

/* Index of the first such byte, or -1. */
ptrdiff_t slice_find(struct slice s, char byte);
ptrdiff_t slice_find_slice(struct slice s, struct slice wanted);

/* Without spaces, tabs, CR and LF at both ends. */
struct slice slice_trim(struct slice s);

/* Takes off and returns what stands before the first `separator`; the rest (without it) stays in `*rest`.
 * Without a separator everything is taken. False once nothing was left: so a loop sees each part once. */
bool slice_cut(struct slice *rest, char separator, struct slice *part);

/* Decimal digits only, the whole slice; ERROR_SYNTAX, or ERROR_RANGE beyond the maximum. */
int slice_to_u64(uint64_t *number, struct slice s, uint64_t maximum) __attribute__((warn_unused_result));

#endif
