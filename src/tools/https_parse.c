/* An answer of HTTP/1.1 (RFC 9112), whole. */
#include <ctype.h>

#include "base/error.h"
#include "tools/https.h"

static bool take_line(struct slice *rest, struct slice *line)
{
    ptrdiff_t end = slice_find_slice(*rest, SLICE("\r\n"));
    if (end < 0)
        return false;
    *line = slice_first(*rest, (size_t)end);
    *rest = slice_from(*rest, (size_t)end + 2);
    return true;
}

static bool chunk_size(size_t *size, struct slice line)
{
    size_t digits = 0;
    *size = 0;
    for (; digits < line.length && isxdigit((unsigned char)line.data[digits]); digits++) {
        int byte = (unsigned char)line.data[digits];
        *size = *size << 4 | (size_t)(isdigit(byte) ? byte - '0' : (byte | 0x20) - 'a' + 10);
        if (*size > HTTPS_ANSWER)
            return false;
    }
    return digits > 0 && (digits == line.length || line.data[digits] == ';');
}

static int add_chunks(struct buffer *body, struct slice rest)
{
    struct slice line;
    size_t size;
    while (take_line(&rest, &line) && chunk_size(&size, line)) {
        if (size == 0)
            return 0; /* trailers do not concern us */
        if (rest.length < size + 2)
            return ERROR_SYNTAX;
        buffer_add(body, slice_first(rest, size));
        rest = slice_from(rest, size + 2);
    }
    return ERROR_SYNTAX;
}

int https_parse(unsigned *status, struct buffer *body, struct slice answer)
{
    struct slice rest = answer, line, name;
    uint64_t number, length = UINT64_MAX;
    bool chunked = false;
    if (!take_line(&rest, &line) || !slice_starts(line, SLICE("HTTP/1.1 ")) ||
        slice_to_u64(&number, slice_first(slice_from(line, 9), 3), 599) != 0 || number < 100)
        return ERROR_SYNTAX;
    *status = (unsigned)number;
    while (take_line(&rest, &line) && !slice_empty(line)) {
        struct slice value = line;
        slice_cut(&value, ':', &name);
        value = slice_trim(value);
        if (slice_equal_nocase(name, SLICE("Content-Length")) &&
            slice_to_u64(&length, value, HTTPS_ANSWER) != 0)
            return ERROR_SYNTAX;
        if (slice_equal_nocase(name, SLICE("Transfer-Encoding")))
            chunked = slice_equal_nocase(value, SLICE("chunked"));
    }
    if (!slice_empty(line))
        return ERROR_SYNTAX; /* cut off in the head */
    if (chunked)
        return add_chunks(body, rest);
    if (length != UINT64_MAX && rest.length < length)
        return ERROR_SYNTAX;
    buffer_add(body, slice_first(rest, length < rest.length ? (size_t)length : rest.length));
    return 0;
}
