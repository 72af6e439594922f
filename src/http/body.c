/* The body of a request: by length, or in chunks with trailers (RFC 9112 6, 7). */
#include "http/http_int.h"

#include "base/error.h"

/* Moves up to c->left bytes from the input to the body. */
static int take(struct http_connection *c)
{
    struct slice part = slice_first(http__rest(c), c->left);
    c->body.limit = c->body_limit;
    buffer_add(&c->body, part);
    c->at += part.length;
    c->left -= part.length;
    return c->left == 0 ? 0 : ERROR_AGAIN;
}

static bool is_space(char c)
{
    return c == ' ' || c == '\t';
}

static struct slice skip_space(struct slice s)
{
    while (s.length != 0 && is_space(s.data[0]))
        s = slice_from(s, 1);
    return s;
}

static struct slice skip_token(struct slice s)
{
    while (s.length != 0 && http__is_token(slice_first(s, 1)))
        s = slice_from(s, 1);
    return s;
}

/* Past the closing quote; data NULL where there is none. */
static struct slice skip_quoted(struct slice s)
{
    for (size_t i = 1; i < s.length; i++) {
        unsigned char byte = (unsigned char)s.data[i];
        if (byte == '"')
            return slice_from(s, i + 1);
        if (byte == '\\')
            byte = ++i < s.length ? (unsigned char)s.data[i] : 0;
        if ((byte < 0x20 && byte != '\t') || byte == 0x7f)
            break;
    }
    return (struct slice){0};
}

/* *( BWS ";" BWS name [ BWS "=" BWS value ] ) (RFC 9112 7.1.1); we know none, but nothing else may stand
 * there. */
static bool are_extensions(struct slice s)
{
    while (s.length != 0) {
        s = skip_space(s);
        if (s.length == 0 || s.data[0] != ';')
            return false;
        struct slice name = skip_space(slice_from(s, 1));
        s = skip_token(name);
        if (s.length == name.length)
            return false;
        struct slice equals = skip_space(s);
        if (equals.length == 0 || equals.data[0] != '=')
            continue;
        struct slice value = skip_space(slice_from(equals, 1));
        s = value.length != 0 && value.data[0] == '"' ? skip_quoted(value) : skip_token(value);
        if (s.data == NULL || s.length == value.length)
            return false;
    }
    return true;
}

static int parse_size(struct http_connection *c, struct slice line)
{
    uint64_t size = 0;
    size_t at = 0;
    for (; at < line.length; at++) {
        char byte = line.data[at] | 0x20;
        bool digit = line.data[at] >= '0' && line.data[at] <= '9';
        if (!digit && !(byte >= 'a' && byte <= 'f'))
            break;
        if (size > UINT64_MAX >> 4)
            return HTTP_STATUS_BAD_REQUEST;
        size = size << 4 | (uint64_t)(digit ? line.data[at] - '0' : byte - 'a' + 10);
    }
    struct slice extensions = slice_from(line, at);
    c->extensions += extensions.length;
    if (at == 0 || !are_extensions(extensions) || c->extensions > c->limits->chunk_extensions ||
        ++c->chunks > c->limits->chunks)
        return HTTP_STATUS_BAD_REQUEST;
    if (size > c->body_limit - c->body.length)
        return HTTP_STATUS_CONTENT_TOO_LARGE;
    c->left = size;
    return 0;
}

static int read_size(struct http_connection *c)
{
    struct slice rest = slice_first(http__rest(c), c->limits->chunk_line + 1);
    ptrdiff_t end = slice_find(rest, '\n');
    if (end < 0)
        return rest.length > c->limits->chunk_line ? HTTP_STATUS_BAD_REQUEST : ERROR_AGAIN;
    struct slice line = slice_first(rest, (size_t)end);
    if (end == 0 || slice_find(line, '\r') != end - 1)
        return HTTP_STATUS_BAD_REQUEST;
    int status = parse_size(c, slice_first(line, (size_t)end - 1));
    c->at += (size_t)end + 1;
    c->state = c->left != 0 ? HTTP_ST_CHUNK : HTTP_ST_TRAILERS;
    return status;
}

static int read_chunk_end(struct http_connection *c)
{
    struct slice end = slice_first(http__rest(c), 2);
    if (!slice_starts(SLICE("\r\n"), end))
        return HTTP_STATUS_BAD_REQUEST;
    if (end.length < 2)
        return ERROR_AGAIN;
    c->at += 2;
    c->state = HTTP_ST_CHUNK_SIZE;
    return 0;
}

static int read_trailers(struct http_connection *c)
{
    size_t length;
    int status = http__scan(c, 0, &length);
    if (status != 0)
        return status;
    struct slice lines = arena_copy(&c->arena, slice_first(http__rest(c), length));
    c->at += length;
    return http__parse_fields(c, lines, &c->request.trailers, &c->request.trailer_count);
}

int http__read_body(struct http_connection *c)
{
    for (;;) {
        int status;
        switch (c->state) {
        case HTTP_ST_BODY:
            return take(c);
        case HTTP_ST_CHUNK_SIZE:
            status = read_size(c);
            break;
        case HTTP_ST_CHUNK:
            status = take(c);
            if (status == 0)
                c->state = HTTP_ST_CHUNK_END;
            break;
        case HTTP_ST_CHUNK_END:
            status = read_chunk_end(c);
            break;
        default:
            return read_trailers(c);
        }
        if (status != 0)
            return status;
    }
}
