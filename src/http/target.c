/* The request target (RFC 9112 3.2, RFC 3986): path, query, host. */
#include "http/http_int.h"

#include "base/error.h"
#include "base/utf8.h"

static int hex_value(char c)
{
    if (c >= '0' && c <= '9')
        return c - '0';
    if (c >= 'a' && c <= 'f')
        return c - 'a' + 10;
    return c >= 'A' && c <= 'F' ? c - 'A' + 10 : -1;
}

int http_decode(char *out, size_t *length, struct slice text, bool plus)
{
    size_t n = 0;
    for (size_t i = 0; i < text.length; i++) {
        char byte = text.data[i];
        if (plus && byte == '+') {
            byte = ' ';
        } else if (byte == '%') {
            int high = i + 2 < text.length ? hex_value(text.data[i + 1]) : -1;
            int low = high >= 0 ? hex_value(text.data[i + 2]) : -1;
            if (low < 0)
                return ERROR_SYNTAX;
            byte = (char)(high * 16 + low);
            i += 2;
        }
        out[n++] = byte;
    }
    *length = n;
    return 0;
}

static bool is_alphanumeric(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
}

static bool all_of(struct slice s, const char *others)
{
    for (size_t i = 0; i < s.length; i++)
        if (!is_alphanumeric(s.data[i]) && (s.data[i] == '\0' || strchr(others, s.data[i]) == NULL))
            return false;
    return true;
}

/* uri-host [ ":" port ] (RFC 3986 3.2.2), never empty. */
bool http__is_host(struct slice host)
{
    size_t end;
    if (host.length != 0 && host.data[0] == '[') {
        ptrdiff_t bracket = slice_find(host, ']');
        if (bracket < 3 || !all_of(slice_of(host.data + 1, (size_t)bracket - 1), ":.-_~!$&'()*+,;="))
            return false;
        end = (size_t)bracket + 1;
    } else {
        ptrdiff_t colon = slice_find(host, ':');
        end = colon >= 0 ? (size_t)colon : host.length;
        if (end == 0 || !all_of(slice_first(host, end), "-._~%!$&'()*+,;="))
            return false;
    }
    struct slice port = slice_from(host, end);
    if (port.length == 0)
        return true;
    uint64_t number;
    return port.data[0] == ':' &&
           (port.length == 1 || slice_to_u64(&number, slice_from(port, 1), 65535) == 0);
}

static bool has_dot_segment(struct slice path)
{
    struct slice segment;
    while (slice_cut(&path, '/', &segment))
        if (slice_equal(segment, SLICE(".")) || slice_equal(segment, SLICE("..")))
            return true;
    return false;
}

static int parse_path(struct http_connection *c, struct slice target)
{
    struct http_request *r = &c->request;
    ptrdiff_t question = slice_find(target, '?');
    r->raw_path = question >= 0 ? slice_first(target, (size_t)question) : target;
    if (question >= 0)
        r->query = slice_from(target, (size_t)question + 1);
    /* pchar; in the query also what browsers leave as it is (WHATWG URL, query state) */
    if (!all_of(r->raw_path, "/-._~%!$&'()*+,;=:@") || !all_of(r->query, "/?-._~%!$&'()*+,;=:@[]{}|\\^`"))
        return HTTP_STATUS_BAD_REQUEST;
    char *path = arena_alloc(&c->arena, r->raw_path.length + 1);
    size_t length;
    if (http_decode(path, &length, r->raw_path, false) != 0)
        return HTTP_STATUS_BAD_REQUEST;
    r->path = slice_of(path, length);
    if (memchr(path, '\0', length) != NULL || has_dot_segment(r->path) || !utf8_valid(r->path))
        return HTTP_STATUS_BAD_REQUEST;
    return 0;
}

/* http://host[:port][/path][?query]: the host counts, not the Host header (RFC 9112 3.2.2). */
static int parse_absolute(struct http_connection *c, struct slice rest)
{
    struct http_request *r = &c->request;
    size_t end = 0;
    while (end < rest.length && rest.data[end] != '/' && rest.data[end] != '?')
        end++;
    r->host = slice_first(rest, end);
    if (!http__is_host(r->host))
        return HTTP_STATUS_BAD_REQUEST;
    rest = slice_from(rest, end);
    if (rest.length != 0 && rest.data[0] == '/')
        return parse_path(c, rest);
    if (r->method == HTTP_OPTIONS && rest.length == 0) { /* RFC 9112 3.2.4 */
        r->path = r->raw_path = SLICE("*");
        return 0;
    }
    int status = parse_path(c, rest);
    r->path = r->raw_path = SLICE("/");
    return status;
}

int http__parse_target(struct http_connection *c)
{
    struct http_request *r = &c->request;
    if (r->method == HTTP_CONNECT) {
        ptrdiff_t colon = slice_find(r->target, ':');
        if (colon < 0 || !http__is_host(r->target))
            return HTTP_STATUS_BAD_REQUEST;
        r->host = r->target;
        return 0;
    }
    if (r->target.data[0] == '/')
        return parse_path(c, r->target);
    if (slice_equal(r->target, SLICE("*")) && r->method == HTTP_OPTIONS) {
        r->path = r->raw_path = r->target;
        return 0;
    }
    if (slice_starts_nocase(r->target, SLICE("http://")))
        return parse_absolute(c, slice_from(r->target, 7));
    if (slice_starts_nocase(r->target, SLICE("https://")))
        return parse_absolute(c, slice_from(r->target, 8));
    return HTTP_STATUS_BAD_REQUEST;
}
