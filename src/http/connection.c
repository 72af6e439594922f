/* The course of a connection: head, body, answer, next. */
#include "http/http_int.h"

#include "base/error.h"

const struct http_limits http_limits_default = {
#define LIMIT(field, value, text) .field = (value),
#include "http/limit.def"
#undef LIMIT
};

void http_open(struct http_connection *c, const struct http_limits *limits)
{
    *c = (struct http_connection){.limits = limits != NULL ? limits : &http_limits_default};
}

void http_close(struct http_connection *c)
{
    buffer_free(&c->in);
    buffer_free(&c->body);
    arena_free(&c->arena);
    c->state = HTTP_ST_END;
}

/* Once for each piece that comes, not for each part that is taken: many small chunks would cost a move each.
 */
static void compact(struct http_connection *c)
{
    buffer_consume(&c->in, c->at);
    c->at = 0;
    if (c->in.length == 0)
        buffer_free(&c->in);
}

int http_feed(struct http_connection *c, struct slice bytes)
{
    if (c->state == HTTP_ST_END)
        return 0;
    if (c->in.length - c->at + bytes.length > c->limits->pipelined + c->limits->overrun)
        return ERROR_LIMIT;
    compact(c);
    buffer_add(&c->in, bytes);
    return 0;
}

bool http_full(const struct http_connection *c)
{
    return c->state == HTTP_ST_ANSWER && c->in.length - c->at > c->limits->pipelined;
}

bool http_idle(const struct http_connection *c)
{
    return c->state == HTTP_ST_HEAD && c->in.length == c->at;
}

void http_allow(struct http_connection *c, size_t body_limit)
{
    c->body_limit = body_limit;
}

void http_last(struct http_connection *c)
{
    c->keep_alive = false;
}

void http__finish(struct http_connection *c)
{
    bool whole = c->state == HTTP_ST_ANSWER;
    arena_free(&c->arena);
    buffer_free(&c->body);
    c->request = (struct http_request){0};
    c->scanned = c->line = c->lines = 0;
    c->extensions = c->chunks = 0;
    c->left = 0;
    c->blanks = 0;
    c->chunked = c->expects = c->answered_part = c->chunked_answer = false;
    c->state = whole && c->keep_alive ? HTTP_ST_HEAD : HTTP_ST_END;
    if (c->state == HTTP_ST_END) {
        buffer_free(&c->in);
        c->at = 0;
    }
}

void http_upgraded(struct http_connection *c, struct buffer *rest)
{
    compact(c);
    *rest = c->in;
    c->in = (struct buffer){0};
    http_close(c);
}

/* Takes the head off the input, which moves while the body comes, into the arena. */
static int begin_request(struct http_connection *c)
{
    while (c->line == 0 && slice_starts(http__rest(c), SLICE("\r\n"))) { /* RFC 9112 2.2 */
        if (c->blanks++ == c->limits->blank_lines)
            return HTTP_STATUS_BAD_REQUEST;
        c->at += 2;
        c->scanned = 0;
    }
    size_t length;
    int status = http__scan(c, 1, &length);
    if (status != 0)
        return status;
    struct slice head = arena_copy(&c->arena, slice_first(http__rest(c), length));
    c->at += length;
    c->body_limit = c->limits->body;
    return http__parse_head(c, head);
}

/* What is wrong with the request ends the connection. */
static enum http_event refuse(struct http_connection *c, int status, int64_t now, struct buffer *out)
{
    c->keep_alive = false;
    struct slice none = {0};
    http_answer_error(c, now, (uint16_t)status, none, none, none, out);
    return HTTP_ENDED;
}

static enum http_event complete(struct http_connection *c)
{
    c->state = HTTP_ST_ANSWER;
    c->request.body = buffer_slice(&c->body);
    compact(c);
    return HTTP_GOT_REQUEST;
}

enum http_event http_next(struct http_connection *c, int64_t now, struct buffer *out)
{
    int status = 0;
    switch (c->state) {
    case HTTP_ST_END:
        return HTTP_ENDED;
    case HTTP_ST_ANSWER:
        return HTTP_MORE;
    case HTTP_ST_HEAD:
        status = begin_request(c);
        if (status == ERROR_AGAIN)
            break;
        if (status != 0)
            return refuse(c, status, now, out);
        if (!c->chunked && c->left == 0)
            return complete(c);
        c->state = HTTP_ST_BODY_NEXT;
        return HTTP_GOT_HEAD;
    case HTTP_ST_BODY_NEXT:
        c->state = c->chunked ? HTTP_ST_CHUNK_SIZE : HTTP_ST_BODY;
        if (!c->chunked && c->left > c->body_limit)
            return refuse(c, HTTP_STATUS_CONTENT_TOO_LARGE, now, out);
        if (c->expects)
            buffer_add_text(out, "HTTP/1.1 100 Continue\r\n\r\n");
        break;
    }
    if (c->state != HTTP_ST_HEAD) {
        status = http__read_body(c);
        if (status == 0)
            return complete(c);
        if (status != ERROR_AGAIN)
            return refuse(c, status, now, out);
    }
    compact(c);
    return HTTP_MORE;
}
