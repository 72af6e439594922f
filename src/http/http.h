/* HTTP/1.1 for servers (RFC 9110, RFC 9112): bytes in, whole requests out, one at a time; answers are added
 * to a buffer. No sockets and no clock, so it is the same in every world.
 *
 *     bytes ──> http_feed ──> http_next ──> HTTP_GOT_HEAD (a body follows: http_allow, or answer at once)
 *                               │    └────> HTTP_GOT_REQUEST ──> http_answer… ──> out ──> the flow
 *                               └─────────> HTTP_ENDED: send what is in out, then close
 *
 * A request that is framed doubtfully is answered here and ends the connection: what follows it cannot be
 * told apart from an attack (RFC 9112 11.2). A pipelined request waits until the one before it is answered.
 */
#ifndef TANDEM_HTTP_HTTP_H
#define TANDEM_HTTP_HTTP_H

#include "base/arena.h"
#include "base/buffer.h"

enum http_method {
    HTTP_OTHER, /* a token that we do not know: deserves 501 */
#define METHOD(name) HTTP_##name,
#include "http/method.def"
#undef METHOD
    HTTP_METHODS
};
#define HTTP_BIT(method) (1U << (method)) /* for sets: HTTP_BIT(HTTP_GET) | HTTP_BIT(HTTP_HEAD) */

enum http_status {
#define STATUS(number, symbol, reason) HTTP_STATUS_##symbol = (number),
#include "http/status.def"
#undef STATUS
};

struct http_limits {
#define LIMIT(field, value, text) size_t field;
#include "http/limit.def"
#undef LIMIT
};
extern const struct http_limits http_limits_default;

struct http_field {
    struct slice name, value; /* the value without white space around */
};

/* All slices live until the request is answered. */
struct http_request {
    enum http_method method;
    struct slice method_name, target;
    struct slice path; /* percent-decoded, valid UTF-8 without NUL and dot segments, begins with '/'; "*" of
                          OPTIONS; empty for CONNECT */
    struct slice raw_path; /* as it came */
    struct slice query;    /* as it came, without '?'; see http_query */
    struct slice
        host;       /* of the target where it has one, else the Host header; with port; empty only in 1.0 */
    unsigned minor; /* HTTP/1.minor */
    struct http_field *fields, *trailers;
    size_t field_count, trailer_count;
    struct slice body;
};

struct http_connection {
    const struct http_limits *limits;
    struct buffer in;   /* as it came; up to `at` taken */
    struct buffer body; /* of the request being read */
    struct arena arena; /* of the request */
    struct http_request request;
    size_t at;
    size_t scanned, line,
        lines; /* of the head or trailers, from `at`: looked at, begun line, complete lines */
    size_t body_limit, extensions, chunks;
    uint64_t left; /* of the body or chunk */
    uint8_t state, blanks;
    bool keep_alive, chunked, expects, answered_part, chunked_answer;
};

enum http_event { HTTP_MORE, HTTP_GOT_HEAD, HTTP_GOT_REQUEST, HTTP_ENDED };

void http_open(struct http_connection *c, const struct http_limits *limits); /* limits NULL: the default */
void http_close(struct http_connection *c);                                  /* frees all */

/* ERROR_LIMIT: the peer goes on although reading is paused; close. */
int http_feed(struct http_connection *c, struct slice bytes) __attribute__((warn_unused_result));
/* True while more waits than should: stop reading until it is false again. */
bool http_full(const struct http_connection *c);
/* True when nothing has begun: the connection may be closed without harm. */
bool http_idle(const struct http_connection *c);

/* Call until HTTP_MORE or HTTP_ENDED; after HTTP_GOT_REQUEST it gives HTTP_MORE until the request is
 * answered. `now` in µs, for Date. After HTTP_GOT_HEAD the request has no body yet; it may be answered at
 * once (the connection then ends), or its limit changed; 100 (Continue) goes out with the next call. */
enum http_event http_next(struct http_connection *c, int64_t now, struct buffer *out);
void http_allow(struct http_connection *c, size_t body_limit);

/* Ends it after the answer to come. */
void http_last(struct http_connection *c);

/* After the answer 101: takes the bytes that follow the request into *rest (the caller frees them) and closes
 * the connection's own state. */
void http_upgraded(struct http_connection *c, struct buffer *rest);

/* ---- looking at a request ---- */
/* The value of the only such field; of the first where there are several; empty where there is none. */
struct slice http_field(const struct http_request *r, struct slice name);
bool http_has_field(const struct http_request *r, struct slice name);
/* Is the token an element of the comma-separated field, in any of its lines? Case does not count. */
bool http_has_token(const struct http_request *r, struct slice name, struct slice token);
/* The value of a cookie (RFC 6265 4.2.1), as it came. */
bool http_cookie(const struct http_request *r, struct slice name, struct slice *value);
/* A parameter of the query, decoded into the arena; ERROR_MISSING, ERROR_SYNTAX. */
int http_query(const struct http_request *r, struct slice name, struct arena *arena, struct slice *value)
    __attribute__((warn_unused_result));
/* Accept-Encoding permits it (RFC 9110 12.5.3). */
bool http_accepts_coding(const struct http_request *r, struct slice coding);
/* Percent-decoding (`plus`: '+' is a space): room for text.length bytes is needed. ERROR_SYNTAX. */
int http_decode(char *out, size_t *length, struct slice text, bool plus) __attribute__((warn_unused_result));

/* ---- answering: adds to out, security headers included, and makes way for the next request ---- */
struct http_answer {
    uint16_t status;
    struct slice type;   /* Content-Type; empty: none */
    struct slice cache;  /* Cache-Control; empty: no-store */
    struct slice coding; /* Content-Encoding; empty: none */
    struct slice fields; /* more header lines, each ended by CRLF */
    struct slice body;   /* a HEAD request gets its length only */
};
void http_answer(struct http_connection *c, int64_t now, const struct http_answer *a, struct buffer *out);
/* {"error":{"code","symbol","sentence"}}; an empty symbol or sentence: those of the status. */
void http_answer_error(struct http_connection *c, int64_t now, uint16_t status, struct slice symbol,
    struct slice sentence, struct slice fields, struct buffer *out);
/* 405 with Allow, 501 for unknown methods, 204 with Allow for OPTIONS: for a resource that permits this set.
 */
void http_answer_methods(struct http_connection *c, int64_t now, unsigned allowed, struct buffer *out);

/* Without knowing the length: begin (a->body is not used), parts, end. */
void http_answer_begin(
    struct http_connection *c, int64_t now, const struct http_answer *a, struct buffer *out);
void http_answer_part(struct http_connection *c, struct slice bytes, struct buffer *out);
void http_answer_end(struct http_connection *c, struct buffer *out);

/* A static file, GET or HEAD: If-Match, If-None-Match, Range, If-Range (RFC 9110 13, 14). `etag` with quotes.
 */
void http_answer_file(struct http_connection *c, int64_t now, const struct http_answer *a, struct slice etag,
    struct buffer *out);

const char *http_reason(unsigned status);
const char *http_method_name(enum http_method m);
void http_add_date(struct buffer *out, int64_t now); /* IMF-fixdate (RFC 9110 5.6.7) */

#endif
