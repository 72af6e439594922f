/* For tests and fuzzing: drives a connection, bytes cut into pieces, every request answered with an echo. */
#ifndef TANDEM_HTTP_HTTP_FIXTURE_H
#define TANDEM_HTTP_HTTP_FIXTURE_H

#include "http/http.h"

struct http_drive {
    struct http_connection c;
    struct buffer out;  /* what the client gets */
    struct buffer seen; /* a line for each request */
    unsigned requests;
    bool ended;
};

static inline void http_drive_see(struct http_drive *d)
{
    const struct http_request *r = &d->c.request;
    buffer_add_format(&d->seen, "%.*s %.*s ?%.*s @%.*s %u/%zu/%zu [", SLICE_ARG(r->method_name),
        SLICE_ARG(r->path), SLICE_ARG(r->query), SLICE_ARG(r->host), r->minor, r->field_count,
        r->trailer_count);
    for (size_t i = 0; i < r->field_count; i++)
        buffer_add_format(
            &d->seen, "%.*s=%.*s;", SLICE_ARG(r->fields[i].name), SLICE_ARG(r->fields[i].value));
    for (size_t i = 0; i < r->trailer_count; i++)
        buffer_add_format(
            &d->seen, "%.*s=%.*s;", SLICE_ARG(r->trailers[i].name), SLICE_ARG(r->trailers[i].value));
    buffer_add_text(&d->seen, "] ");
    buffer_add(&d->seen, r->body);
    buffer_add_byte(&d->seen, '\n');
}

static inline void http_drive_run(struct http_drive *d)
{
    for (;;) {
        switch (http_next(&d->c, 784111777000000, &d->out)) {
        case HTTP_MORE:
            return;
        case HTTP_ENDED:
            d->ended = true;
            return;
        case HTTP_GOT_HEAD:
            break;
        case HTTP_GOT_REQUEST: {
            d->requests++;
            http_drive_see(d);
            const struct http_answer answer = {
                .status = 200, .type = SLICE("text/plain"), .body = d->c.request.path};
            http_answer(&d->c, 784111777000000, &answer, &d->out);
        }
        }
    }
}

static inline void http_drive_feed(struct http_drive *d, struct slice bytes, size_t piece)
{
    while (bytes.length != 0 && !d->ended) {
        struct slice part = slice_first(bytes, piece);
        if (http_feed(&d->c, part) != 0)
            return;
        http_drive_run(d);
        bytes = slice_from(bytes, part.length);
    }
}

static inline void http_drive_close(struct http_drive *d)
{
    http_close(&d->c);
    buffer_free(&d->out);
    buffer_free(&d->seen);
}

#endif
