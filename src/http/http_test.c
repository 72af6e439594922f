/* HTTP/1.1 by the letter of RFC 9110 and 9112. */
#include "http/http_fixture.h"

#include "unit.h"

#include "base/error.h"

#define HOST "Host: localhost\r\n"

/* The status of the last response, and whether the connection was ended. */
static int run(const char *bytes, size_t piece, struct http_drive *d)
{
    *d = (struct http_drive){0};
    http_open(&d->c, NULL);
    http_drive_feed(d, slice_text(bytes), piece);
    int status = 0;
    struct slice rest = buffer_slice(&d->out);
    for (ptrdiff_t at; (at = slice_find_slice(rest, SLICE("HTTP/1.1 "))) >= 0;) {
        rest = slice_from(rest, (size_t)at + 9);
        status = atoi(rest.data);
    }
    return status;
}

static bool out_has(const struct http_drive *d, const char *text)
{
    return slice_find_slice(buffer_slice(&d->out), slice_text(text)) >= 0;
}

static bool seen_has(const struct http_drive *d, const char *text)
{
    return slice_find_slice(buffer_slice(&d->seen), slice_text(text)) >= 0;
}

struct example {
    const char *bytes;
    int status; /* of the last response */
    bool ended;
};

static void check(const struct example *examples, size_t count)
{
    for (size_t i = 0; i < count; i++)
        for (size_t piece = 1; piece < 5000; piece = piece * 3 + 1) {
            struct http_drive d;
            int status = run(examples[i].bytes, piece, &d);
            if (status != examples[i].status || d.ended != examples[i].ended)
                fail_msg("example %zu in pieces of %zu: status %d, ended %d\n%.60s", i, piece, status,
                    d.ended, examples[i].bytes);
            http_drive_close(&d);
        }
}
#define CHECK(examples) check(examples, sizeof(examples) / sizeof *(examples))

static void keeps_connection_by_version(void **state)
{
    (void)state;
    static const struct example examples[] = {
        {"GET / HTTP/1.1\r\n" HOST "\r\n", 200, false},
        {"GET / HTTP/1.1\r\n" HOST "Connection: foo, CLOSE\r\n\r\n", 200, true},
        {"GET / HTTP/1.0\r\n\r\n", 200, true},
        {"GET / HTTP/1.0\r\nConnection: Keep-Alive\r\n\r\n", 200, false},
        {"GET / HTTP/1.0\r\nConnection: keep-alive, close\r\n\r\n", 200, true},
        {"GET / HTTP/1.7\r\n" HOST "\r\n", 200, false},
        {"\r\n\r\nGET / HTTP/1.1\r\n" HOST "\r\n", 200, false},
        {"\r\n\r\n\r\n\r\n\r\nGET / HTTP/1.1\r\n" HOST "\r\n", 400, true},
    };
    CHECK(examples);
}

static void refuses_bad_request_lines(void **state)
{
    (void)state;
    static const struct example examples[] = {
        {"GET  / HTTP/1.1\r\n" HOST "\r\n", 400, true}, {"GET / HTTP/1.1 \r\n" HOST "\r\n", 400, true},
        {"GET / HTTP/2.0\r\n" HOST "\r\n", 505, true}, {"PRI * HTTP/2.0\r\n\r\n", 505, true},
        {"GET / HTTP/11\r\n" HOST "\r\n", 400, true}, {"GET / http/1.1\r\n" HOST "\r\n", 400, true},
        {"GET /\r\n\r\n", 400, true}, {"GET\r\n\r\n", 400, true},
        {" GET / HTTP/1.1\r\n" HOST "\r\n", 400, true}, {"G(T / HTTP/1.1\r\n" HOST "\r\n", 400, true},
        {"GET / HTTP/1.1\n" HOST "\n", 400, true}, {"GET / HTTP/1.1\r\r\n" HOST "\r\n", 400, true},
        {"GET /\xc3\xa4 HTTP/1.1\r\n" HOST "\r\n", 400, true}, {"GET /# HTTP/1.1\r\n" HOST "\r\n", 400, true},
        {"GET x HTTP/1.1\r\n" HOST "\r\n", 400, true}, {"GET * HTTP/1.1\r\n" HOST "\r\n", 400, true},
        {"get / HTTP/1.1\r\n" HOST "\r\n", 200, false}, /* another method, which the caller does not know */
    };
    CHECK(examples);
}

static void refuses_bad_fields(void **state)
{
    (void)state;
    static const struct example examples[] = {
        {"GET / HTTP/1.1\r\n" HOST "A : b\r\n\r\n", 400, true},
        {"GET / HTTP/1.1\r\n" HOST "A\r\n\r\n", 400, true},
        {"GET / HTTP/1.1\r\n" HOST ": b\r\n\r\n", 400, true},
        {"GET / HTTP/1.1\r\n" HOST "A: b\r\n c\r\n\r\n", 400, true}, /* obs-fold */
        {"GET / HTTP/1.1\r\n A: b\r\n" HOST "\r\n", 400, true},
        {"GET / HTTP/1.1\r\n" HOST "A: b\rc\r\n\r\n", 400, true},
        {"GET / HTTP/1.1\r\n" HOST "A: b\nC: d\r\n\r\n", 400, true},
        {"GET / HTTP/1.1\r\n" HOST "A: b\x01\r\n\r\n", 400, true},
        {"GET / HTTP/1.1\r\n" HOST "A: b\x7f\r\n\r\n", 400, true},
        {"GET / HTTP/1.1\r\n" HOST "A\xc3: b\r\n\r\n", 400, true},
        {"GET / HTTP/1.1\r\n" HOST "A:\t b\xc3 \t\r\nEmpty:\r\n\r\n", 200, false},
        {"GET / HTTP/1.1\r\n\r\n", 400, true}, /* no Host */
        {"GET / HTTP/1.1\r\n" HOST HOST "\r\n", 400, true},
        {"GET / HTTP/1.1\r\nHost: a b\r\n\r\n", 400, true},
        {"GET / HTTP/1.1\r\nHost:\r\n\r\n", 400, true},
        {"GET / HTTP/1.1\r\nHost: a@b\r\n\r\n", 400, true},
        {"GET / HTTP/1.1\r\nHost: a/b\r\n\r\n", 400, true},
        {"GET / HTTP/1.1\r\nHost: a:b\r\n\r\n", 400, true},
        {"GET / HTTP/1.1\r\nHost: a:70000\r\n\r\n", 400, true},
        {"GET / HTTP/1.1\r\nHost: [::1]:8443\r\n\r\n", 200, false},
        {"GET / HTTP/1.1\r\nHost: 127.0.0.1:8443\r\n\r\n", 200, false},
        {"GET http://[::1]/x?y HTTP/1.1\r\nHost: other\r\n\r\n", 200, false},
        {"GET http:/// HTTP/1.1\r\nHost: other\r\n\r\n", 400, true},
        {"GET ftp://a/ HTTP/1.1\r\nHost: other\r\n\r\n", 400, true},
        {"OPTIONS * HTTP/1.1\r\n" HOST "\r\n", 200, false},
        {"CONNECT a:443 HTTP/1.1\r\n" HOST "\r\n", 200, false},
        {"CONNECT / HTTP/1.1\r\n" HOST "\r\n", 400, true},
        {"POST / HTTP/1.1\r\n" HOST "Expect: magic\r\nContent-Length: 1\r\n\r\nx", 417, true},
    };
    CHECK(examples);
}

/* SEC-5: a request that two parties could frame differently is refused and nothing behind it is read. */
static void refuses_smuggling(void **state)
{
    (void)state;
#define POST "POST / HTTP/1.1\r\n" HOST
#define NEXT "GET /next HTTP/1.1\r\n" HOST "\r\n"
    static const struct example examples[] = {
        {POST "Content-Length: 3\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n" NEXT, 400, true},
        {POST "Content-Length: 3\r\nContent-Length: 4\r\n\r\nabcd" NEXT, 400, true},
        {POST "Content-Length: 3\r\nContent-Length: 3\r\n\r\nabc" NEXT, 400, true},
        {POST "Content-Length: 3, 3\r\n\r\nabc" NEXT, 400, true},
        {POST "Content-Length: +3\r\n\r\nabc" NEXT, 400, true},
        {POST "Content-Length: -3\r\n\r\nabc" NEXT, 400, true},
        {POST "Content-Length: 0x3\r\n\r\nabc" NEXT, 400, true},
        {POST "Content-Length: 3 3\r\n\r\nabc" NEXT, 400, true},
        {POST "Content-Length:\r\n\r\nabc" NEXT, 400, true},
        {POST "Content-Length: 99999999999999999999\r\n\r\nabc" NEXT, 413, true},
        {POST "Content-Length: 1048577\r\n\r\nabc" NEXT, 413, true},
        {POST "Transfer-Encoding: gzip\r\n\r\nabc" NEXT, 400, true},
        {POST "Transfer-Encoding: gzip, chunked\r\n\r\n0\r\n\r\n" NEXT, 501, true},
        {POST "Transfer-Encoding: chunked, gzip\r\n\r\n0\r\n\r\n" NEXT, 400, true},
        {POST "Transfer-Encoding: chunked, chunked\r\n\r\n0\r\n\r\n" NEXT, 400, true},
        {POST "Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n" NEXT, 400, true},
        {POST "Transfer-Encoding: xchunked\r\n\r\n0\r\n\r\n" NEXT, 400, true},
        {POST "Transfer-Encoding: \x0b"
              "chunked\r\n\r\n0\r\n\r\n" NEXT,
            400, true},
        {POST "Transfer-Encoding:\r\n\r\n0\r\n\r\n" NEXT, 400, true},
        {POST "Transfer-Encoding : chunked\r\n\r\n0\r\n\r\n" NEXT, 400, true},
        {"POST / HTTP/1.0\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n" NEXT, 400, true},
    };
    CHECK(examples);
}

static void reads_and_refuses_chunks(void **state)
{
    (void)state;
#define CHUNKED POST "Transfer-Encoding: Chunked\r\n\r\n"
    static const struct example examples[] = {
        {CHUNKED "3\r\nabc\r\n0\r\n\r\n", 200, false},
        {CHUNKED "3;a;b=c;d = \"e\\\"\" \t;f\r\nabc\r\n000\r\nT: x\r\n\r\n", 200, false},
        {CHUNKED "0A\r\n0123456789\r\n0\r\n\r\n", 200, false},
        {CHUNKED "\r\nabc\r\n0\r\n\r\n", 400, true},
        {CHUNKED "0x3\r\nabc\r\n0\r\n\r\n", 400, true},
        {CHUNKED "+3\r\nabc\r\n0\r\n\r\n", 400, true},
        {CHUNKED " 3\r\nabc\r\n0\r\n\r\n", 400, true},
        {CHUNKED "3 \r\nabc\r\n0\r\n\r\n", 400, true},
        {CHUNKED "3;\r\nabc\r\n0\r\n\r\n", 400, true},
        {CHUNKED "3;a=\r\nabc\r\n0\r\n\r\n", 400, true},
        {CHUNKED "3;a=\"b\r\nabc\r\n0\r\n\r\n", 400, true},
        {CHUNKED "3\nabc\r\n0\r\n\r\n", 400, true},
        {CHUNKED "3\r\nabcd\r\n0\r\n\r\n", 400, true},
        {CHUNKED "3\r\nabc\n0\r\n\r\n", 400, true},
        {CHUNKED "3\r\nabc0\r\n\r\n", 400, true},
        {CHUNKED "10000000000000003\r\nabc\r\n0\r\n\r\n", 400, true},
        {CHUNKED "fffffffffffffffff\r\nabc\r\n0\r\n\r\n", 400, true},
        {CHUNKED "ffffffffffffffff\r\nabc\r\n0\r\n\r\n", 413, true},
        {CHUNKED "100001\r\nabc\r\n0\r\n\r\n", 413, true},
        {CHUNKED "0\r\nT : x\r\n\r\n", 400, true},
        {CHUNKED "0\r\nT: x\n\r\n", 400, true},
        {CHUNKED "0\r\n\r\n" NEXT, 200, false},
    };
    CHECK(examples);
    struct http_drive d;
    assert_int_equal(run(CHUNKED "3\r\nabc\r\n4;x\r\ndefg\r\n0\r\nSum: 7\r\n\r\n" NEXT, 2, &d), 200);
    assert_true(seen_has(&d, "Sum=7;] abcdefg\n"));
    assert_int_equal(d.requests, 2);
    http_drive_close(&d);
}

static char *repeat(const char *before, const char *text, size_t count, const char *after)
{
    size_t length = strlen(text);
    char *all = malloc(strlen(before) + length * count + strlen(after) + 1);
    strcpy(all, before);
    char *at = all + strlen(before);
    for (size_t i = 0; i < count; i++, at += length)
        memcpy(at, text, length);
    strcpy(at, after);
    return all;
}

/* SEC-5 */
static void bounds_everything(void **state)
{
    (void)state;
    struct {
        const char *before, *text;
        size_t count;
        const char *after;
        int status;
    } const examples[] = {
        {"GET /", "x", 8192 - 14, " HTTP/1.1\r\n" HOST "\r\n", 200},
        {"GET /", "x", 8192 - 13, " HTTP/1.1\r\n" HOST "\r\n", 414},
        {"GET /", "x", 20000, "", 414},
        {"GET / HTTP/1.1\r\n" HOST, "A: b\r\n", 99, "\r\n", 200},
        {"GET / HTTP/1.1\r\n" HOST, "A: b\r\n", 100, "\r\n", 431},
        {"GET / HTTP/1.1\r\n" HOST "A: ", "x", 32000, "\r\n\r\n", 200},
        {"GET / HTTP/1.1\r\n" HOST "A: ", "x", 33000, "", 431},
        {POST "Content-Length: 1048576\r\n\r\n", "x", 1048576, "", 200},
        {CHUNKED "1", "0", 20, "\r\n", 400},
        {CHUNKED, "1;a=b\r\nx\r\n", 1000, "0\r\n\r\n", 200},
        {CHUNKED, "1;a=b\r\nx\r\n", 1100, "0\r\n\r\n", 400},
        {CHUNKED "1;", "x", 300, "", 400},
        {CHUNKED "0\r\n", "A: b\r\n", 101, "\r\n", 431},
        {CHUNKED "0\r\nA: ", "x", 33000, "", 431},
    };
    for (size_t i = 0; i < sizeof examples / sizeof *examples; i++)
        for (size_t piece = 1; piece < 100000; piece = piece * 60 + 1) {
            struct http_drive d;
            char *bytes = repeat(examples[i].before, examples[i].text, examples[i].count, examples[i].after);
            int status = run(bytes, piece, &d);
            if (status != examples[i].status)
                fail_msg("example %zu in pieces of %zu: %d", i, piece, status);
            http_drive_close(&d);
            free(bytes);
        }
}

static void decodes_paths(void **state)
{
    (void)state;
    static const struct example examples[] = {
        {"GET /a/../b HTTP/1.1\r\n" HOST "\r\n", 400, true},
        {"GET /a/%2e%2E/b HTTP/1.1\r\n" HOST "\r\n", 400, true},
        {"GET /. HTTP/1.1\r\n" HOST "\r\n", 400, true},
        {"GET /a%00b HTTP/1.1\r\n" HOST "\r\n", 400, true},
        {"GET /a%2 HTTP/1.1\r\n" HOST "\r\n", 400, true},
        {"GET /a%zz HTTP/1.1\r\n" HOST "\r\n", 400, true},
        {"GET /%ff HTTP/1.1\r\n" HOST "\r\n", 400, true},
        {"GET /..a/.b HTTP/1.1\r\n" HOST "\r\n", 200, false},
    };
    CHECK(examples);
    struct http_drive d;
    run("GET /a%20b/%C3%a4?x=%20&[y]=+1 HTTP/1.1\r\n" HOST "\r\n", 100, &d);
    assert_true(seen_has(&d, "GET /a b/\xc3\xa4 ?x=%20&[y]=+1 @localhost 1/1/0"));
    http_drive_close(&d);
    run("GET HTTP://example:80/p?q HTTP/1.1\r\n" HOST "\r\n", 100, &d);
    assert_true(seen_has(&d, "GET /p ?q @example:80 "));
    http_drive_close(&d);
}

static void answers_pipelined_requests_in_order(void **state)
{
    (void)state;
    struct http_connection c;
    struct buffer out = {0};
    http_open(&c, NULL);
    const struct http_answer answer = {.status = 200, .body = SLICE("one")};
    static const char filler[1000];
    assert_int_equal(
        http_feed(&c, SLICE("GET /1 HTTP/1.1\r\n" HOST "\r\nGET /2 HTTP/1.1\r\n" HOST "\r\n")), 0);
    assert_int_equal(http_next(&c, 0, &out), HTTP_GOT_REQUEST);
    assert_true(slice_equal(c.request.path, SLICE("/1")));
    assert_int_equal(http_next(&c, 0, &out), HTTP_MORE); /* the second waits */
    assert_false(http_full(&c));
    for (int i = 0; i < 100; i++)
        assert_int_equal(http_feed(&c, slice_of(filler, sizeof filler)), 0);
    assert_true(http_full(&c));
    http_answer(&c, 0, &answer, &out);
    assert_int_equal(http_next(&c, 0, &out), HTTP_GOT_REQUEST);
    assert_true(slice_equal(c.request.path, SLICE("/2")));
    http_close(&c);
    buffer_free(&out);
}

static void continues_only_when_wanted(void **state)
{
    (void)state;
    struct http_connection c;
    struct buffer out = {0};
    struct slice none = {0};
    http_open(&c, NULL);
    struct slice head = SLICE(POST "Expect: 100-Continue\r\nContent-Length: 2000000\r\n\r\n");
    assert_int_equal(http_feed(&c, head), 0);
    assert_int_equal(http_next(&c, 0, &out), HTTP_GOT_HEAD);
    assert_int_equal(out.length, 0);
    http_allow(&c, 3000000); /* this call takes more */
    assert_int_equal(http_next(&c, 0, &out), HTTP_MORE);
    assert_true(slice_equal(buffer_slice(&out), SLICE("HTTP/1.1 100 Continue\r\n\r\n")));
    http_close(&c);
    buffer_clear(&out);
    http_open(&c, NULL); /* an early answer ends the connection, as the body will not be read */
    assert_int_equal(http_feed(&c, head), 0);
    assert_int_equal(http_next(&c, 0, &out), HTTP_GOT_HEAD);
    http_answer_error(&c, 0, 401, none, none, none, &out);
    assert_true(slice_starts(buffer_slice(&out), SLICE("HTTP/1.1 401 ")));
    assert_true(slice_find_slice(buffer_slice(&out), SLICE("Connection: close\r\n")) > 0);
    assert_int_equal(http_next(&c, 0, &out), HTTP_ENDED);
    http_close(&c);
    buffer_free(&out);
    struct http_drive d; /* HTTP/1.0 does not know it */
    run("POST / HTTP/1.0\r\nExpect: 100-continue\r\nContent-Length: 1\r\n\r\nx", 1, &d);
    assert_false(out_has(&d, "100 Continue"));
    http_drive_close(&d);
}

static void answers_carry_what_they_must(void **state)
{
    (void)state;
    struct http_drive d;
    run("GET /path HTTP/1.1\r\n" HOST "\r\n", 100, &d);
    assert_true(out_has(&d, "Date: Sun, 06 Nov 1994 08:49:37 GMT\r\n"));
    assert_true(out_has(&d, "Content-Length: 5\r\n"));
    assert_true(out_has(&d, "frame-ancestors 'none'"));
    assert_true(out_has(&d, "Strict-Transport-Security: max-age="));
    assert_true(out_has(&d, "X-Content-Type-Options: nosniff\r\n"));
    assert_true(out_has(&d, "\r\n\r\n/path"));
    http_drive_close(&d);
    run("HEAD /path HTTP/1.1\r\n" HOST "\r\n", 100, &d);
    assert_true(out_has(&d, "Content-Length: 5\r\n"));
    assert_true(slice_ends(buffer_slice(&d.out), SLICE("\r\n\r\n")));
    http_drive_close(&d);
}

static struct slice answered(struct http_drive *d, const char *request, void (*answer)(struct http_drive *d))
{
    *d = (struct http_drive){0};
    http_open(&d->c, NULL);
    assert_int_equal(http_feed(&d->c, slice_text(request)), 0);
    assert_int_equal(http_next(&d->c, 0, &d->out), HTTP_GOT_REQUEST);
    answer(d);
    return buffer_slice(&d->out);
}

static void methods_h(struct http_drive *d)
{
    http_answer_methods(&d->c, 0, HTTP_BIT(HTTP_GET) | HTTP_BIT(HTTP_HEAD), &d->out);
}

static void methods_are_refused_with_allow(void **state)
{
    (void)state;
    struct http_drive d;
    struct slice out = answered(&d, "DELETE / HTTP/1.1\r\n" HOST "\r\n", methods_h);
    assert_true(slice_starts(out, SLICE("HTTP/1.1 405 Method Not Allowed\r\n")));
    assert_true(out_has(&d, "Allow: GET, HEAD, OPTIONS\r\n"));
    http_drive_close(&d);
    out = answered(&d, "OPTIONS / HTTP/1.1\r\n" HOST "\r\n", methods_h);
    assert_true(slice_starts(out, SLICE("HTTP/1.1 204 ")));
    assert_true(out_has(&d, "Allow: GET, HEAD, OPTIONS\r\n"));
    assert_false(out_has(&d, "Content-Length"));
    http_drive_close(&d);
    out = answered(&d, "BREW / HTTP/1.1\r\n" HOST "\r\n", methods_h);
    assert_true(slice_starts(out, SLICE("HTTP/1.1 501 ")));
    http_drive_close(&d);
}

static void parts_h(struct http_drive *d)
{
    const struct http_answer answer = {.status = 200};
    http_answer_begin(&d->c, 0, &answer, &d->out);
    http_answer_part(&d->c, SLICE("0123456789abcdefX"), &d->out);
    http_answer_part(&d->c, SLICE(""), &d->out);
    http_answer_end(&d->c, &d->out);
}

static void answers_in_parts(void **state)
{
    (void)state;
    struct http_drive d;
    struct slice out = answered(&d, "GET / HTTP/1.1\r\n" HOST "\r\n", parts_h);
    assert_true(out_has(&d, "Transfer-Encoding: chunked\r\n\r\n"));
    assert_true(slice_ends(out, SLICE("\r\n\r\n11\r\n0123456789abcdefX\r\n0\r\n\r\n")));
    http_drive_close(&d);
    out = answered(&d, "GET / HTTP/1.0\r\nConnection: keep-alive\r\n\r\n", parts_h);
    assert_false(out_has(&d, "Transfer-Encoding"));
    assert_true(out_has(&d, "Connection: close\r\n"));
    assert_true(slice_ends(out, SLICE("\r\n\r\n0123456789abcdefX")));
    http_drive_close(&d);
    out = answered(&d, "HEAD / HTTP/1.1\r\n" HOST "\r\n", parts_h);
    assert_true(slice_ends(out, SLICE("chunked\r\n\r\n")));
    http_drive_close(&d);
}

static void file_h(struct http_drive *d)
{
    const struct http_answer answer = {.status = 200,
        .type = SLICE("text/css"),
        .coding = SLICE("gzip"),
        .fields = SLICE("Vary: Accept-Encoding\r\n"),
        .body = SLICE("0123456789")};
    http_answer_file(&d->c, 0, &answer, SLICE("\"tag\""), &d->out);
}

static void files_obey_conditions_and_ranges(void **state)
{
    (void)state;
    static const struct {
        const char *fields, *status, *has, *end;
    } examples[] = {
        {"", "200", "ETag: \"tag\"\r\n", "\r\n\r\n0123456789"},
        {"If-None-Match: \"x\", W/\"tag\"\r\n", "304", "ETag: \"tag\"\r\n", "\r\n\r\n"},
        {"If-None-Match: *\r\n", "304", "ETag", "\r\n\r\n"},
        {"If-None-Match: \"other\"\r\n", "200", "ETag", "0123456789"},
        {"If-Match: \"other\"\r\n", "412", "ETag", "}}"},
        {"If-Match: W/\"tag\"\r\n", "412", "ETag", "}}"},
        {"If-Match: \"tag\"\r\n", "200", "ETag", "0123456789"},
        {"Range: bytes=2-4\r\n", "206", "Content-Range: bytes 2-4/10\r\n", "\r\n\r\n234"},
        {"Range: bytes=8-99\r\n", "206", "Content-Range: bytes 8-9/10\r\n", "\r\n\r\n89"},
        {"Range: bytes=7-\r\n", "206", "Content-Range: bytes 7-9/10\r\n", "\r\n\r\n789"},
        {"Range: bytes=-3\r\n", "206", "Content-Range: bytes 7-9/10\r\n", "\r\n\r\n789"},
        {"Range: bytes=-30\r\n", "206", "Content-Range: bytes 0-9/10\r\n", "\r\n\r\n0123456789"},
        {"Range: bytes=10-\r\n", "416", "Content-Range: bytes */10\r\n", "}}"},
        {"Range: bytes=-0\r\n", "416", "Content-Range: bytes */10\r\n", "}}"},
        {"Range: bytes=4-2\r\n", "200", "ETag", "0123456789"},
        {"Range: bytes=0-1,3-4\r\n", "200", "ETag", "0123456789"},
        {"Range: lines=0-1\r\n", "200", "ETag", "0123456789"},
        {"Range: bytes=x\r\n", "200", "ETag", "0123456789"},
        {"Range: bytes=0-1\r\nIf-Range: \"tag\"\r\n", "206", "ETag", "\r\n\r\n01"},
        {"Range: bytes=0-1\r\nIf-Range: \"old\"\r\n", "200", "ETag", "0123456789"},
        {"Range: bytes=0-1\r\nIf-None-Match: \"tag\"\r\n", "304", "ETag", "\r\n\r\n"},
    };
    for (size_t i = 0; i < sizeof examples / sizeof *examples; i++) {
        struct http_drive d;
        char request[256];
        snprintf(request, sizeof request, "GET /f HTTP/1.1\r\n" HOST "%s\r\n", examples[i].fields);
        struct slice out = answered(&d, request, file_h);
        if (strncmp(out.data + 9, examples[i].status, 3) != 0 || !out_has(&d, examples[i].has) ||
            !slice_ends(out, slice_text(examples[i].end)) || !out_has(&d, "Vary: ") ||
            out_has(&d, "Content-Encoding: gzip") != (examples[i].status[0] == '2'))
            fail_msg("example %zu: %.*s", i, SLICE_ARG(out));
        http_drive_close(&d);
    }
}

static void finds_tokens_cookies_and_parameters(void **state)
{
    (void)state;
    struct http_connection c;
    struct buffer out = {0};
    struct arena arena = {0};
    struct slice value;
    http_open(&c, NULL);
    assert_int_equal(http_feed(&c, SLICE("GET /?a=1&b=x+y%26&c&%64=4&e=%zz HTTP/1.1\r\n" HOST
                                         "Cookie: a=1; tandem_session=abc=d\r\nCookie: z=\r\n"
                                         "Accept-Encoding: br;q=1.0, gzip;q=0.5, zip;q=0.000\r\n\r\n")),
        0);
    assert_int_equal(http_next(&c, 0, &out), HTTP_GOT_REQUEST);
    const struct http_request *r = &c.request;
    assert_true(http_cookie(r, SLICE("tandem_session"), &value) && slice_equal(value, SLICE("abc=d")));
    assert_true(http_cookie(r, SLICE("z"), &value) && value.length == 0);
    assert_false(http_cookie(r, SLICE("session"), &value));
    assert_int_equal(http_query(r, SLICE("b"), &arena, &value), 0);
    assert_true(slice_equal(value, SLICE("x y&")));
    assert_int_equal(http_query(r, SLICE("c"), &arena, &value), 0);
    assert_int_equal(value.length, 0);
    assert_int_equal(http_query(r, SLICE("d"), &arena, &value), 0);
    assert_true(slice_equal(value, SLICE("4")));
    assert_int_equal(http_query(r, SLICE("e"), &arena, &value), ERROR_SYNTAX);
    assert_int_equal(http_query(r, SLICE("f"), &arena, &value), ERROR_MISSING);
    assert_true(http_accepts_coding(r, SLICE("gzip")));
    assert_false(http_accepts_coding(r, SLICE("zip")));
    assert_false(http_accepts_coding(r, SLICE("deflate")));
    http_close(&c);
    arena_free(&arena);
    buffer_free(&out);
}

TESTS("http/http", cmocka_unit_test(keeps_connection_by_version), cmocka_unit_test(refuses_bad_request_lines),
    cmocka_unit_test(refuses_bad_fields), cmocka_unit_test(refuses_smuggling),
    cmocka_unit_test(reads_and_refuses_chunks), cmocka_unit_test(bounds_everything),
    cmocka_unit_test(decodes_paths), cmocka_unit_test(answers_pipelined_requests_in_order),
    cmocka_unit_test(continues_only_when_wanted), cmocka_unit_test(answers_carry_what_they_must),
    cmocka_unit_test(methods_are_refused_with_allow), cmocka_unit_test(answers_in_parts),
    cmocka_unit_test(files_obey_conditions_and_ranges), cmocka_unit_test(finds_tokens_cookies_and_parameters))
