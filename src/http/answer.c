/* Building responses (RFC 9110 6, 15; RFC 9112 4, 6). */
#include "http/http_int.h"

#include "base/utf8.h"

/* What every response says to browsers: only our own code runs, nobody frames us, nothing is guessed. */
#define SECURITY_FIELDS                                                                                      \
    "Content-Security-Policy: default-src 'self'; img-src 'self' data:; object-src 'none'; base-uri "        \
    "'none'; "                                                                                               \
    "form-action 'self'; frame-ancestors 'none'\r\n"                                                         \
    "Strict-Transport-Security: max-age=31536000\r\n"                                                        \
    "X-Content-Type-Options: nosniff\r\n"                                                                    \
    "X-Frame-Options: DENY\r\n"                                                                              \
    "Cross-Origin-Opener-Policy: same-origin\r\n"                                                            \
    "Cross-Origin-Resource-Policy: same-origin\r\n"                                                          \
    "Referrer-Policy: no-referrer\r\n"

void http_add_date(struct buffer *out, int64_t now)
{
    static const char days[] = "ThuFriSatSunMonTueWed", months[] = "MarAprMayJunJulAugSepOctNovDecJanFeb";
    int64_t seconds = now / 1000000, day = seconds / 86400, second = seconds % 86400;
    /* Years that begin in March, in eras of 400 years: leap days come last. */
    int64_t shifted = day + 719468, era = shifted / 146097, of_era = shifted % 146097;
    int64_t year = (of_era - of_era / 1460 + of_era / 36524 - of_era / 146096) / 365;
    int64_t of_year = of_era - (365 * year + year / 4 - year / 100);
    int64_t month = (5 * of_year + 2) / 153, of_month = of_year - (153 * month + 2) / 5 + 1;
    year += era * 400 + (month >= 10);
    buffer_add_format(out, "%.3s, %02d %.3s %04d %02d:%02d:%02d GMT", days + day % 7 * 3, (int)of_month,
        months + month * 3, (int)year, (int)(second / 3600), (int)(second / 60 % 60), (int)(second % 60));
}

static void add_line(struct buffer *out, const char *name, struct slice value)
{
    buffer_add_text(out, name);
    buffer_add_text(out, ": ");
    buffer_add(out, value);
    buffer_add_text(out, "\r\n");
}

/* A response to an early answer cannot be followed by another one: the body was not read. */
static void decide_persistence(struct http_connection *c)
{
    if (c->state != HTTP_ST_ANSWER)
        c->keep_alive = false;
}

static void add_head(struct http_connection *c, int64_t now, const struct http_answer *a, struct buffer *out)
{
    decide_persistence(c);
    buffer_add_format(out, "HTTP/1.1 %u %s\r\nDate: ", a->status, http_reason(a->status));
    http_add_date(out, now);
    buffer_add_text(out, "\r\n");
    if (a->status == HTTP_STATUS_SWITCHING_PROTOCOLS) {
        buffer_add(out, a->fields);
        return;
    }
    if (a->type.length != 0)
        add_line(out, "Content-Type", a->type);
    if (a->coding.length != 0)
        add_line(out, "Content-Encoding", a->coding);
    add_line(out, "Cache-Control", a->cache.length != 0 ? a->cache : SLICE("no-store"));
    buffer_add_text(out, SECURITY_FIELDS);
    buffer_add(out, a->fields);
    if (!c->keep_alive)
        buffer_add_text(out, "Connection: close\r\n");
    else if (c->request.minor == 0)
        buffer_add_text(out, "Connection: keep-alive\r\n");
}

/* RFC 9110 6.4.1: never, whatever the method. */
static bool has_no_content(unsigned status)
{
    return status < 200 || status == HTTP_STATUS_NO_CONTENT || status == HTTP_STATUS_NOT_MODIFIED;
}

void http_answer(struct http_connection *c, int64_t now, const struct http_answer *a, struct buffer *out)
{
    add_head(c, now, a, out);
    if (!has_no_content(a->status)) {
        buffer_add_text(out, "Content-Length: ");
        buffer_add_u64(out, a->body.length);
        buffer_add_text(out, "\r\n");
    }
    buffer_add_text(out, "\r\n");
    if (!has_no_content(a->status) && c->request.method != HTTP_HEAD)
        buffer_add(out, a->body);
    if (a->status != HTTP_STATUS_SWITCHING_PROTOCOLS)
        http__finish(c);
}

/* "BAD_REQUEST" */
static struct slice status_symbol(unsigned status)
{
    switch (status) {
#define STATUS(number, symbol, reason)                                                                       \
    case number:                                                                                             \
        return SLICE(#symbol);
#include "http/status.def"
#undef STATUS
    }
    return SLICE("ERROR");
}

void http_answer_error(struct http_connection *c, int64_t now, uint16_t status, struct slice symbol,
    struct slice sentence, struct slice fields, struct buffer *out)
{
    struct buffer body = {0};
    buffer_add_format(&body, "{\"error\":{\"code\":%u,\"symbol\":\"", status);
    buffer_add(&body, symbol.length != 0 ? symbol : status_symbol(status));
    buffer_add_text(&body, "\",\"sentence\":\"");
    /* Sentences are our own text, but they may quote: what JSON cannot carry as it is becomes a space. */
    struct slice text =
        sentence.length != 0 && utf8_valid(sentence) ? sentence : slice_text(http_reason(status));
    for (size_t i = 0; i < text.length; i++) {
        unsigned char byte = (unsigned char)text.data[i];
        if (byte == '"' || byte == '\\')
            buffer_add_byte(&body, '\\');
        buffer_add_byte(&body, byte < 0x20 ? ' ' : (char)byte);
    }
    buffer_add_text(&body, "\"}}");
    const struct http_answer answer = {
        .status = status, .type = SLICE("application/json"), .fields = fields, .body = buffer_slice(&body)};
    http_answer(c, now, &answer, out);
    buffer_free(&body);
}

void http_answer_methods(struct http_connection *c, int64_t now, unsigned allowed, struct buffer *out)
{
    if (c->request.method == HTTP_OTHER) {
        struct slice none = {0};
        http_answer_error(c, now, HTTP_STATUS_NOT_IMPLEMENTED, none, none, none, out);
        return;
    }
    struct buffer fields = {0};
    const char *before = "Allow: ";
    for (int m = HTTP_OTHER + 1; m < HTTP_METHODS; m++) {
        if (!((allowed | HTTP_BIT(HTTP_OPTIONS)) & HTTP_BIT(m)))
            continue;
        buffer_add_text(&fields, before);
        buffer_add_text(&fields, http_method_name(m));
        before = ", ";
    }
    buffer_add_text(&fields, "\r\n");
    struct slice none = {0};
    const struct http_answer empty = {.status = HTTP_STATUS_NO_CONTENT, .fields = buffer_slice(&fields)};
    if (c->request.method == HTTP_OPTIONS)
        http_answer(c, now, &empty, out);
    else
        http_answer_error(c, now, HTTP_STATUS_METHOD_NOT_ALLOWED, none, none, buffer_slice(&fields), out);
    buffer_free(&fields);
}

void http_answer_begin(
    struct http_connection *c, int64_t now, const struct http_answer *a, struct buffer *out)
{
    c->answered_part = true;
    c->chunked_answer = c->request.minor != 0;
    if (!c->chunked_answer)
        c->keep_alive = false; /* the end of the connection is the end of the body */
    add_head(c, now, a, out);
    buffer_add_text(out, c->chunked_answer ? "Transfer-Encoding: chunked\r\n\r\n" : "\r\n");
}

void http_answer_part(struct http_connection *c, struct slice bytes, struct buffer *out)
{
    if (bytes.length == 0 || c->request.method == HTTP_HEAD)
        return;
    if (c->chunked_answer)
        buffer_add_format(out, "%zx\r\n", bytes.length);
    buffer_add(out, bytes);
    if (c->chunked_answer)
        buffer_add_text(out, "\r\n");
}

void http_answer_end(struct http_connection *c, struct buffer *out)
{
    if (c->chunked_answer && c->request.method != HTTP_HEAD)
        buffer_add_text(out, "0\r\n\r\n");
    http__finish(c);
}
