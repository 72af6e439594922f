#include "base/slice.h"

#include "base/error.h"

static char lower(char c)
{
    return c >= 'A' && c <= 'Z' ? (char)(c + ('a' - 'A')) : c;
}

bool slice_equal_nocase(struct slice a, struct slice b)
{
    return a.length == b.length && slice_starts_nocase(a, b);
}

int slice_compare(struct slice a, struct slice b)
{
    size_t shorter = a.length < b.length ? a.length : b.length;
    int order = shorter != 0 ? memcmp(a.data, b.data, shorter) : 0;
    if (order != 0)
        return order;
    return (a.length > b.length) - (a.length < b.length);
}

bool slice_starts(struct slice s, struct slice prefix)
{
    return slice_equal(slice_first(s, prefix.length), prefix);
}

bool slice_starts_nocase(struct slice s, struct slice prefix)
{
    if (s.length < prefix.length)
        return false;
    for (size_t i = 0; i < prefix.length; i++)
        if (lower(s.data[i]) != lower(prefix.data[i]))
            return false;
    return true;
}

bool slice_ends(struct slice s, struct slice suffix)
{
    return s.length >= suffix.length && slice_equal(slice_from(s, s.length - suffix.length), suffix);
}

ptrdiff_t slice_find(struct slice s, char byte)
{
    const char *at = s.length != 0 ? memchr(s.data, byte, s.length) : NULL;
    return at != NULL ? at - s.data : -1;
}

ptrdiff_t slice_find_slice(struct slice s, struct slice wanted)
{
    if (wanted.length == 0)
        return 0;
    const char *at = s.length != 0 ? memmem(s.data, s.length, wanted.data, wanted.length) : NULL;
    return at != NULL ? at - s.data : -1;
}

static bool is_space(char c)
{
    return c == ' ' || c == '\t' || c == '\r' || c == '\n';
}

struct slice slice_trim(struct slice s)
{
    while (s.length != 0 && is_space(s.data[0]))
        s = slice_from(s, 1);
    while (s.length != 0 && is_space(s.data[s.length - 1]))
        s.length--;
    return s;
}

bool slice_cut(struct slice *rest, char separator, struct slice *part)
{
    if (rest->data == NULL)
        return false;
    ptrdiff_t at = slice_find(*rest, separator);
    if (at < 0) {
        *part = *rest;
        *rest = (struct slice){NULL, 0};
        return true;
    }
    *part = slice_first(*rest, (size_t)at);
    *rest = slice_from(*rest, (size_t)at + 1);
    return true;
}

int slice_to_u64(uint64_t *number, struct slice s, uint64_t maximum)
{
    uint64_t value = 0;
    if (s.length == 0)
        return ERROR_SYNTAX;
    for (size_t i = 0; i < s.length; i++) {
        if (s.data[i] < '0' || s.data[i] > '9')
            return ERROR_SYNTAX;
        unsigned digit = (unsigned)(s.data[i] - '0');
        if (value > maximum / 10 || (value == maximum / 10 && digit > maximum % 10))
            return ERROR_RANGE;
        value = value * 10 + digit;
    }
    *number = value;
    return 0;
}
