/* Lines of a message: the only place that decides where a header begins and ends, for the parser and for the
 * framing of streams alike, so that the two can never disagree. */
#include "base/error.h"
#include "sip/lex.h"

#define EACH ((uint64_t)0x0101010101010101)

/* The first byte below 0x20 or DEL, eight bytes at a time. */
static const char *find_control(const char *p, const char *end)
{
    while (end - p >= 8) {
        uint64_t word;
        memcpy(&word, p, sizeof word);
        uint64_t del = word ^ EACH * 0x7f;
        if ((((word - EACH * 0x20) & ~word) | ((del - EACH) & ~del)) & EACH * 0x80)
            break;
        p += 8;
    }
    while (p < end && (unsigned char)*p >= 0x20 && *p != 0x7f)
        p++;
    return p;
}

/* How far the quotes of a line have been followed, so that a line full of escapes is still read once only. */
struct quotes {
    const char *at;
    bool quoted;
};

/* A quoted-pair may hold any character but CR and LF (RFC 3261 25.1; RFC 4475 3.1.1.2 does it with NUL). */
static bool is_quoted_pair(struct quotes *q, const char *at)
{
    if (*at == '\r' || *at == '\n')
        return false;
    while (q->at < at) {
        char c = *q->at++;
        if (c == '"') {
            q->quoted = !q->quoted;
        } else if (c == '\\' && q->quoted && q->at++ == at) {
            return true;
        }
    }
    return false;
}

size_t sip__line_end(struct slice text, size_t at, bool *folded, bool *bad)
{
    const char *end = text.data + text.length;
    struct quotes quotes = {text.data + at, false};
    for (const char *p = quotes.at;; p++) {
        p = find_control(p, end);
        if (p == end)
            return text.length;
        if (*p == '\t')
            continue;
        if (*p == '\r' && end - p >= 2 && p[1] == '\n') {
            if (folded == NULL || end - p < 3 || !sip__blank(p[2]))
                return (size_t)(p - text.data);
            *folded = true;
            p++;
        } else if (folded == NULL || !is_quoted_pair(&quotes, p)) {
            *bad = true;
        }
    }
}

int sip__next_line(struct sip__line *line, struct slice text, size_t *at)
{
    *line = (struct sip__line){0};
    if (text.length - *at < 2)
        return ERROR_SYNTAX;
    if (text.data[*at] == '\r' && text.data[*at + 1] == '\n') {
        *at += 2;
        return 0;
    }
    size_t end = sip__line_end(text, *at, &line->folded, &line->bad);
    if (end == text.length)
        return ERROR_SYNTAX;
    struct slice all = slice_of(text.data + *at, end - *at);
    line->name = slice_first(all, sip__span(all, SIP__TOKEN));
    struct slice rest = sip__skip_blanks(slice_from(all, line->name.length));
    if (line->name.length == 0 || rest.length == 0 || rest.data[0] != ':')
        line->bad = true;
    else
        line->value = slice_trim(slice_from(rest, 1));
    *at = end + 2;
    return 1;
}
