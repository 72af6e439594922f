/* The head of a request: lines, fields, framing (RFC 9112 2 to 6). */
#include "http/http_int.h"

#include "base/error.h"

/* tchar of RFC 9110 5.6.2 */
static bool is_token_byte(unsigned char byte)
{
    if ((byte >= 'a' && byte <= 'z') || (byte >= 'A' && byte <= 'Z') || (byte >= '0' && byte <= '9'))
        return true;
    return byte != 0 && strchr("!#$%&'*+-.^_`|~", byte) != NULL;
}

bool http__is_token(struct slice s)
{
    for (size_t i = 0; i < s.length; i++)
        if (!is_token_byte((unsigned char)s.data[i]))
            return false;
    return s.length != 0;
}

/* field-content (RFC 9110 5.5): visible, obs-text, space and tab */
static bool is_value(struct slice s)
{
    for (size_t i = 0; i < s.length; i++) {
        unsigned char byte = (unsigned char)s.data[i];
        if ((byte < 0x20 && byte != '\t') || byte == 0x7f)
            return false;
    }
    return true;
}

/* Too much so far? `line_length` is what the line under way has up to now, its CRLF not counted. */
static int check_limits(const struct http_connection *c, size_t first, size_t line_length)
{
    if (c->lines < first)
        return line_length > c->limits->request_line ? HTTP_STATUS_URI_TOO_LONG : 0;
    if (c->lines - first >= c->limits->header_count && line_length != 0)
        return HTTP_STATUS_REQUEST_HEADER_FIELDS_TOO_LARGE;
    if (c->line + line_length > c->left + c->limits->header_bytes)
        return HTTP_STATUS_REQUEST_HEADER_FIELDS_TOO_LARGE;
    return 0;
}

/* c->left is the length of the request line meanwhile: fields are bounded without it. A CR at the end of what
 * has come so far is not counted as part of the line, so that the outcome does not depend on how the bytes
 * were cut. */
int http__scan(struct http_connection *c, size_t first, size_t *length)
{
    struct slice rest = http__rest(c);
    while (c->scanned < rest.length) {
        const char *begin = rest.data + c->line;
        const char *end = memchr(rest.data + c->scanned, '\n', rest.length - c->scanned);
        size_t line_length = end != NULL ? (size_t)(end - begin) : rest.length - c->line;
        if (line_length != 0 && begin[line_length - 1] == '\r')
            line_length--;
        int status = check_limits(c, first, line_length);
        if (status != 0)
            return status;
        if (end == NULL) {
            c->scanned = rest.length;
            break;
        }
        if (begin + line_length == end || memchr(begin, '\r', line_length) != NULL)
            return HTTP_STATUS_BAD_REQUEST; /* bare LF, bare CR (RFC 9112 2.2) */
        c->scanned = c->line = (size_t)(end + 1 - rest.data);
        if (line_length == 0) {
            *length = c->scanned;
            c->scanned = c->line = c->lines = 0;
            c->left = 0;
            return 0;
        }
        if (++c->lines == first)
            c->left = c->line;
    }
    return ERROR_AGAIN;
}

int http__parse_fields(
    struct http_connection *c, struct slice lines, struct http_field **fields, size_t *count)
{
    size_t room = 0;
    for (size_t i = 0; i < lines.length; i++)
        room += lines.data[i] == '\n';
    *fields = arena_alloc(&c->arena, (room + 1) * sizeof **fields);
    *count = 0;
    struct slice line;
    while (slice_cut(&lines, '\n', &line) && line.length > 1) {
        line.length--; /* the CR */
        ptrdiff_t colon = slice_find(line, ':');
        if (colon < 0)
            return HTTP_STATUS_BAD_REQUEST;
        struct http_field *f = &(*fields)[(*count)++];
        f->name = slice_first(line, (size_t)colon);
        f->value = slice_trim(slice_from(line, (size_t)colon + 1));
        /* Not a token: also white space before the colon, and a folded line, which begins with some. */
        if (!http__is_token(f->name) || !is_value(f->value))
            return HTTP_STATUS_BAD_REQUEST;
    }
    return 0;
}

static int parse_version(struct http_request *r, struct slice version)
{
    if (version.length != 8 || !slice_starts(version, SLICE("HTTP/")) || version.data[6] != '.')
        return HTTP_STATUS_BAD_REQUEST;
    char major = version.data[5], minor = version.data[7];
    if (major < '0' || major > '9' || minor < '0' || minor > '9')
        return HTTP_STATUS_BAD_REQUEST;
    if (major != '1')
        return HTTP_STATUS_HTTP_VERSION_NOT_SUPPORTED;
    r->minor = minor == '0' ? 0 : 1; /* a higher minor version is spoken to as 1.1 (RFC 9110 2.5) */
    return 0;
}

static int parse_request_line(struct http_connection *c, struct slice line)
{
    struct http_request *r = &c->request;
    ptrdiff_t space = slice_find(line, ' ');
    if (space <= 0)
        return HTTP_STATUS_BAD_REQUEST;
    r->method_name = slice_first(line, (size_t)space);
    line = slice_from(line, (size_t)space + 1);
    space = slice_find(line, ' ');
    if (space <= 0 || !http__is_token(r->method_name))
        return HTTP_STATUS_BAD_REQUEST;
    r->target = slice_first(line, (size_t)space);
    for (int m = HTTP_OTHER + 1; m < HTTP_METHODS; m++)
        if (slice_equal(r->method_name, slice_text(http_method_name(m))))
            r->method = m;
    return parse_version(r, slice_from(line, (size_t)space + 1));
}

/* Transfer-Encoding (RFC 9112 6.1, 6.3): only chunked, last and once. */
static int transfer_coding(struct http_connection *c)
{
    bool chunked = false, unknown = false;
    for (size_t i = 0; i < c->request.field_count; i++) {
        const struct http_field *f = &c->request.fields[i];
        if (!slice_equal_nocase(f->name, SLICE("Transfer-Encoding")))
            continue;
        struct slice rest = f->value, coding;
        while (slice_cut(&rest, ',', &coding)) {
            if (chunked)
                return HTTP_STATUS_BAD_REQUEST; /* something is applied after chunked */
            chunked = slice_equal_nocase(slice_trim(coding), SLICE("chunked"));
            unknown = unknown || !chunked;
        }
    }
    if (!chunked || c->request.minor == 0)
        return HTTP_STATUS_BAD_REQUEST;
    c->chunked = true;
    return unknown ? HTTP_STATUS_NOT_IMPLEMENTED : 0;
}

static int parse_framing(struct http_connection *c)
{
    struct slice length = {0};
    unsigned lengths = 0, codings = 0;
    for (size_t i = 0; i < c->request.field_count; i++) {
        const struct http_field *f = &c->request.fields[i];
        codings += slice_equal_nocase(f->name, SLICE("Transfer-Encoding"));
        if (slice_equal_nocase(f->name, SLICE("Content-Length"))) {
            length = f->value;
            lengths++;
        }
    }
    c->left = 0;
    if (lengths > 1 || (lengths != 0 && codings != 0))
        return HTTP_STATUS_BAD_REQUEST; /* RFC 9112 6.3: smuggling */
    if (codings != 0)
        return transfer_coding(c);
    if (lengths == 0)
        return 0;
    int error = slice_to_u64(&c->left, length, INT64_MAX);
    if (error == ERROR_RANGE)
        return HTTP_STATUS_CONTENT_TOO_LARGE;
    return error != 0 ? HTTP_STATUS_BAD_REQUEST : 0;
}

/* RFC 9110 10.1.1. In HTTP/1.0 an expectation means nothing. */
static int parse_expect(struct http_connection *c)
{
    struct slice expect = http_field(&c->request, SLICE("Expect"));
    if (expect.length == 0 || c->request.minor == 0)
        return 0;
    if (!slice_equal_nocase(expect, SLICE("100-continue")))
        return HTTP_STATUS_EXPECTATION_FAILED;
    c->expects = true;
    return 0;
}

static int parse_host(struct http_connection *c)
{
    struct http_request *r = &c->request;
    unsigned hosts = 0;
    for (size_t i = 0; i < r->field_count; i++)
        if (slice_equal_nocase(r->fields[i].name, SLICE("Host"))) {
            r->host = r->fields[i].value;
            hosts++;
        }
    if (hosts > 1 || (hosts == 0 && r->minor != 0) || (hosts == 1 && !http__is_host(r->host)))
        return HTTP_STATUS_BAD_REQUEST;
    return 0;
}

int http__parse_head(struct http_connection *c, struct slice head)
{
    struct http_request *r = &c->request;
    c->keep_alive = false;
    size_t end = (size_t)slice_find(head, '\n');
    int status = parse_request_line(c, slice_first(head, end - 1));
    if (status == 0)
        status = http__parse_fields(c, slice_from(head, end + 1), &r->fields, &r->field_count);
    if (status == 0)
        status = parse_host(c);
    if (status == 0)
        status = parse_framing(c);
    if (status == 0)
        status = http__parse_target(c);
    if (status == 0)
        status = parse_expect(c);
    /* RFC 9112 9.3 */
    if (r->minor != 0)
        c->keep_alive = !http_has_token(r, SLICE("Connection"), SLICE("close"));
    else
        c->keep_alive = http_has_token(r, SLICE("Connection"), SLICE("keep-alive")) &&
                        !http_has_token(r, SLICE("Connection"), SLICE("close"));
    return status;
}
