/* Where one message ends in a stream (RFC 3261 18.3). The lines are read by the parser's own reader. */
#include "base/error.h"
#include "sip/lex.h"
#include "sip/message.h"

/* CRLF CRLF is a ping and may go; a single CRLF may be the first half of one, so it stays until it is known
 * what follows. */
static int skip_pings(size_t *skip, unsigned *pings, struct slice stream)
{
    size_t at = 0;
    *pings = 0;
    *skip = 0;
    while (stream.length - at >= 2 && stream.data[at] == '\r' && stream.data[at + 1] == '\n') {
        at += 2;
        if (at % 4 == 0) {
            *skip = at;
            ++*pings;
        }
    }
    if (at == stream.length || (stream.data[at] == '\r' && stream.length - at == 1))
        return ERROR_AGAIN;
    *skip = at;
    return sip__is(stream.data[at], SIP__TOKEN) ? 0 : ERROR_SYNTAX;
}

static int find_content_length(uint64_t *content_length, struct slice head)
{
    struct sip__line line;
    bool bad = false, found = false;
    size_t at = sip__line_end(head, 0, NULL, &bad) + 2;
    int more;
    if (bad || at > head.length)
        return ERROR_SYNTAX;
    while ((more = sip__next_line(&line, head, &at)) > 0) {
        if (line.bad)
            return ERROR_SYNTAX;
        if (sip_header_find(line.name) != SIP_HEADER_CONTENT_LENGTH)
            continue;
        if (found || slice_to_u64(content_length, line.value, UINT32_MAX) != 0)
            return ERROR_SYNTAX;
        found = true;
    }
    return more == 0 && at == head.length && found ? 0 : ERROR_SYNTAX;
}

int sip_stream_length(size_t *length, size_t *skip, unsigned *pings, struct slice stream)
{
    int error = skip_pings(skip, pings, stream);
    if (error != 0)
        return error;
    struct slice rest = slice_from(stream, *skip);
    ptrdiff_t end = slice_find_slice(slice_first(rest, SIP_MESSAGE_LIMIT), SLICE("\r\n\r\n"));
    if (end < 0)
        return rest.length >= SIP_MESSAGE_LIMIT ? ERROR_LIMIT : ERROR_AGAIN;
    uint64_t content_length = 0;
    size_t head = (size_t)end + 4;
    error = find_content_length(&content_length, slice_first(rest, head));
    if (error != 0)
        return error;
    if (content_length > SIP_MESSAGE_LIMIT - head)
        return ERROR_LIMIT;
    if (rest.length < head + content_length)
        return ERROR_AGAIN;
    *length = head + (size_t)content_length;
    return 0;
}
