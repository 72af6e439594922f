/* Inside the HTTP room. */
#ifndef TANDEM_HTTP_HTTP_INT_H
#define TANDEM_HTTP_HTTP_INT_H

#include "http/http.h"

enum http_state {
    HTTP_ST_HEAD,      /* reading the head */
    HTTP_ST_BODY_NEXT, /* HTTP_GOT_HEAD was given */
    HTTP_ST_BODY,      /* of known length */
    HTTP_ST_CHUNK_SIZE,
    HTTP_ST_CHUNK,
    HTTP_ST_CHUNK_END, /* the CRLF after a chunk's data */
    HTTP_ST_TRAILERS,
    HTTP_ST_ANSWER, /* the request was given, its answer is awaited */
    HTTP_ST_END,
};

/* What of the input has not been taken yet. */
static inline struct slice http__rest(const struct http_connection *c)
{
    return slice_from(buffer_slice(&c->in), c->at);
}

bool http__is_token(struct slice s);

/* Finds the empty line that ends head (`first` = 1: a request line comes before the fields) or trailers, with
 * all limits: 0 and *length, ERROR_AGAIN, or a status. */
int http__scan(struct http_connection *c, size_t first, size_t *length);
/* Parses field lines: 0 or a status. */
int http__parse_fields(
    struct http_connection *c, struct slice lines, struct http_field **fields, size_t *count);
/* The whole head, in the arena: 0 or a status. Decides framing and persistence. */
int http__parse_head(struct http_connection *c, struct slice head);
/* Target into path, query and host: 0 or a status. */
int http__parse_target(struct http_connection *c);
bool http__is_host(struct slice host);

/* Moves on with the body in states BODY to TRAILERS: 0 at its end, ERROR_AGAIN, or a status. */
int http__read_body(struct http_connection *c);

/* The request is over: back to HEAD or to END. */
void http__finish(struct http_connection *c);

#endif
