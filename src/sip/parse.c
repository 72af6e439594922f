/* Parsing a message: one pass over its lines; errors are noted and the rest is read on, so that a request
 * that deserves an answer can get one. */
#include "base/error.h"
#include "sip/lex.h"
#include "sip/message.h"
#include "sip/uri.h"

#define FIRST_HEADERS 24U /* room for what most messages have; doubled when it is full */
#define URI_LIMIT 4096U   /* bytes of a Request-URI: 414 beyond */

/* RFC 3261 8.1.1, 20: these stand once; all but the last two must stand. */
#define REQUIRED                                                                                             \
    (SIP_HEADER_BIT(SIP_HEADER_VIA) | SIP_HEADER_BIT(SIP_HEADER_FROM) | SIP_HEADER_BIT(SIP_HEADER_TO) |      \
        SIP_HEADER_BIT(SIP_HEADER_CALL_ID) | SIP_HEADER_BIT(SIP_HEADER_CSEQ))
#define SINGLE                                                                                               \
    ((REQUIRED & ~SIP_HEADER_BIT(SIP_HEADER_VIA)) | SIP_HEADER_BIT(SIP_HEADER_MAX_FORWARDS) |                \
        SIP_HEADER_BIT(SIP_HEADER_CONTENT_LENGTH))

struct parser {
    struct sip_message *m;
    struct arena *arena;
    size_t capacity;         /* of m->headers */
    uint64_t seen;           /* SIP_HEADER_BITs */
    uint64_t content_length; /* UINT64_MAX where absent */
    struct slice cseq_method;
    int error; /* the first one */
    uint16_t status;
};

static void fail(struct parser *p, int error, uint16_t status)
{
    if (p->error == 0) {
        p->error = error;
        p->status = status;
    }
}

/* ---- the start line ---- */

static void parse_status_line(struct parser *p, struct slice line)
{
    struct slice code = slice_first(slice_from(line, 8), 3);
    uint64_t status;
    if (!slice_starts_nocase(line, SLICE("SIP/2.0 ")) || line.length < 12 || line.data[11] != ' ' ||
        slice_to_u64(&status, code, 699) != 0 || status < 100) {
        fail(p, ERROR_SYNTAX, 0);
        return;
    }
    p->m->status = (uint16_t)status;
    p->m->reason = slice_from(line, 12);
}

/* "SIP/2.0" is 0, another version 505, all else 400. */
static uint16_t check_version(struct slice version)
{
    if (slice_equal_nocase(version, SLICE("SIP/2.0")))
        return 0;
    struct slice number = slice_from(version, 4);
    size_t dot = 0;
    if (!slice_starts_nocase(version, SLICE("SIP/")))
        return 400;
    for (size_t i = 0; i < number.length; i++) {
        if (number.data[i] == '.' && dot == 0 && i != 0 && i + 1 != number.length)
            dot = i;
        else if (number.data[i] < '0' || number.data[i] > '9')
            return 400;
    }
    return dot != 0 ? 505 : 400;
}

static void parse_request_line(struct parser *p, struct slice line)
{
    struct sip_message *m = p->m;
    struct sip_uri uri;
    m->is_request = true;
    m->method_name = slice_first(line, sip__span(line, SIP__TOKEN));
    m->method = sip_method_parse(m->method_name);
    struct slice rest = slice_from(line, m->method_name.length);
    if (m->method_name.length == 0 || rest.length == 0 || rest.data[0] != ' ') {
        m->is_request = false; /* nothing that could be answered */
        fail(p, ERROR_SYNTAX, 400);
        return;
    }
    rest = slice_from(rest, 1);
    ptrdiff_t space = slice_find(rest, ' ');
    m->uri = slice_first(rest, space < 0 ? rest.length : (size_t)space);
    struct slice version = slice_from(rest, m->uri.length + 1);
    uint16_t status = check_version(version);
    int error = m->uri.length <= URI_LIMIT ? sip_uri_parse(&uri, m->uri) : 0;
    /* Headers in a Request-URI are not permitted (RFC 3261 19.1.1; RFC 4475 3.1.2.11). */
    if (status == 400 || error == ERROR_SYNTAX ||
        (error == 0 && m->uri.length <= URI_LIMIT && uri.headers.length != 0))
        fail(p, ERROR_SYNTAX, 400);
    else if (m->uri.length > URI_LIMIT)
        fail(p, ERROR_LIMIT, 414);
    else if (status != 0)
        fail(p, ERROR_SYNTAX, status);
}

static int parse_start(struct parser *p, struct slice text, size_t *at)
{
    bool bad = false;
    while (text.length - *at >= 2 && text.data[*at] == '\r' && text.data[*at + 1] == '\n')
        *at += 2; /* RFC 3261 7.5 */
    size_t end = sip__line_end(text, *at, NULL, &bad);
    struct slice line = slice_of(text.data + *at, end - *at);
    if (end == text.length)
        return ERROR_SYNTAX;
    if (slice_starts_nocase(line, SLICE("SIP/")))
        parse_status_line(p, line);
    else
        parse_request_line(p, line);
    if (bad)
        fail(p, ERROR_SYNTAX, 400);
    *at = end + 2;
    return 0;
}

/* ---- headers ---- */

/* Every fold with the white space around it becomes one space (RFC 3261 7.3.1). */
static struct slice unfold(struct parser *p, struct slice value)
{
    char *copy = arena_alloc(p->arena, value.length);
    size_t length = 0;
    for (size_t i = 0; i < value.length; i++) {
        if (value.data[i] != '\r') {
            copy[length++] = value.data[i];
            continue;
        }
        while (length > 0 && sip__blank(copy[length - 1]))
            length--;
        while (i + 1 < value.length &&
               (sip__blank(value.data[i + 1]) || value.data[i + 1] == '\n' || value.data[i + 1] == '\r'))
            i++;
        copy[length++] = ' ';
    }
    return slice_of(copy, length);
}

static void parse_address(struct parser *p, struct slice value, struct slice *whole, struct slice *tag)
{
    struct sip_name_address address;
    struct sip__parameter parameter;
    *whole = value;
    if (sip_name_address_parse(&address, value) != 0 || address.star) {
        fail(p, ERROR_SYNTAX, 400);
        return;
    }
    while (sip__next_parameter(&parameter, &address.parameters) > 0) {
        if (!slice_equal_nocase(parameter.name, SLICE("tag")))
            continue;
        if (tag->length != 0 || parameter.quoted || !sip__all(parameter.value, SIP__TOKEN))
            fail(p, ERROR_SYNTAX, 400);
        else
            *tag = parameter.value;
    }
}

static void parse_cseq(struct parser *p, struct slice value)
{
    size_t digits = 0;
    while (digits < value.length && value.data[digits] >= '0' && value.data[digits] <= '9')
        digits++;
    uint64_t number;
    p->cseq_method = sip__skip_blanks(slice_from(value, digits));
    if (slice_to_u64(&number, slice_first(value, digits), INT32_MAX) != 0 ||
        digits + p->cseq_method.length == value.length || !sip__all(p->cseq_method, SIP__TOKEN))
        fail(p, ERROR_SYNTAX, 400);
    else
        p->m->cseq = (uint32_t)number;
}

/* One or more words: "a@b" or "a" (RFC 3261 25.1); what matters is that it is visible and in one piece. */
static bool good_call_id(struct slice value)
{
    for (size_t i = 0; i < value.length; i++)
        if ((unsigned char)value.data[i] <= 0x20 || (unsigned char)value.data[i] >= 0x7f ||
            value.data[i] == ',' || value.data[i] == ';')
            return false;
    return value.length != 0;
}

static void parse_number(struct parser *p, struct slice value, uint64_t maximum, uint64_t *number)
{
    if (slice_to_u64(number, value, maximum) != 0)
        fail(p, ERROR_SYNTAX, 400);
}

static void parse_known(struct parser *p, const struct sip_header *h)
{
    struct sip_message *m = p->m;
    struct slice first;
    uint64_t bit = SIP_HEADER_BIT(h->id), number;
    if (p->seen & bit) {
        m->one_via = m->one_via && h->id != SIP_HEADER_VIA;
        if (bit & SINGLE)
            fail(p, ERROR_SYNTAX, 400);
        return;
    }
    p->seen |= bit;
    switch (h->id) {
    case SIP_HEADER_VIA:
        first = sip__first_element(h->value);
        m->one_via = first.length == h->value.length;
        if (sip_via_parse(&m->via, first) != 0)
            fail(p, ERROR_SYNTAX, 400);
        break;
    case SIP_HEADER_FROM:
        parse_address(p, h->value, &m->from, &m->from_tag);
        break;
    case SIP_HEADER_TO:
        parse_address(p, h->value, &m->to, &m->to_tag);
        break;
    case SIP_HEADER_CALL_ID:
        m->call_id = h->value;
        if (!good_call_id(h->value))
            fail(p, ERROR_SYNTAX, 400);
        break;
    case SIP_HEADER_CSEQ:
        parse_cseq(p, h->value);
        break;
    case SIP_HEADER_MAX_FORWARDS:
        number = m->max_forwards;
        parse_number(p, h->value, UINT8_MAX, &number);
        m->max_forwards = (uint16_t)number;
        break;
    case SIP_HEADER_CONTENT_LENGTH:
        parse_number(p, h->value, UINT32_MAX, &p->content_length);
        break;
    default:
        break;
    }
}

static bool grow(struct parser *p)
{
    struct sip_message *m = p->m;
    if (m->header_count == SIP_HEADERS_LIMIT) {
        fail(p, ERROR_LIMIT, 400);
        return false;
    }
    p->capacity = p->capacity != 0 ? p->capacity * 2 : FIRST_HEADERS;
    struct sip_header *more = arena_alloc(p->arena, p->capacity * sizeof *more);
    if (m->header_count != 0)
        memcpy(more, m->headers, m->header_count * sizeof *more);
    m->headers = more;
    return true;
}

static void take_line(struct parser *p, const struct sip__line *line)
{
    struct sip_message *m = p->m;
    if (line->bad) {
        fail(p, ERROR_SYNTAX, 400);
        return;
    }
    if ((m->header_count == p->capacity || m->header_count == SIP_HEADERS_LIMIT) && !grow(p))
        return;
    struct sip_header *h = &m->headers[m->header_count++];
    h->id = sip_header_find(line->name);
    h->name = line->name;
    h->value = line->folded ? unfold(p, line->value) : line->value;
    if (h->id != SIP_HEADER_OTHER)
        parse_known(p, h);
}

/* ---- the whole ---- */

static void check_whole(struct parser *p)
{
    struct sip_message *m = p->m;
    if ((p->seen & REQUIRED) != REQUIRED)
        fail(p, ERROR_SYNTAX, 400);
    if (!m->is_request) {
        m->method_name = p->cseq_method;
        m->method = sip_method_parse(m->method_name);
    } else if (!slice_equal(m->method_name, p->cseq_method)) {
        fail(p, ERROR_SYNTAX, 400);
    }
}

int sip_parse(struct sip_message *m, struct slice text, struct arena *arena, uint16_t *status)
{
    struct parser p = {.m = m, .arena = arena, .content_length = UINT64_MAX};
    struct sip__line line;
    size_t at = 0;
    int more = 1;
    if (text.length == 0)
        text = SLICE(""); /* not NULL, in which nothing can be pointed at */
    *m = (struct sip_message){.text = text, .max_forwards = 70};
    if (text.length > SIP_MESSAGE_LIMIT) {
        fail(&p, ERROR_LIMIT, 413);
        text = slice_first(text, SIP_MESSAGE_LIMIT);
    }
    if (parse_start(&p, text, &at) != 0)
        more = ERROR_SYNTAX;
    while (more > 0 && (more = sip__next_line(&line, text, &at)) > 0)
        take_line(&p, &line);
    if (more < 0)
        fail(&p, ERROR_SYNTAX, 400);
    check_whole(&p);
    m->body = slice_from(text, at);
    if (p.content_length != UINT64_MAX) {
        if (p.content_length > m->body.length)
            fail(&p, ERROR_SYNTAX, 400);
        m->body = slice_first(m->body, (size_t)p.content_length);
    }
    /* An ACK is never answered, and without a Via nobody knows the way back. */
    bool can = m->is_request && m->method != SIP_ACK && m->via.host.length != 0;
    if (status != NULL)
        *status = p.error != 0 && can ? p.status : 0;
    return p.error;
}
