#include "sip/message.h"

#include "base/error.h"
#include "unit.h"

#define HEAD                                                                                                 \
    "Via: SIP/2.0/UDP 192.0.2.1:5062;branch=z9hG4bKabc;rport, SIP/2.0/TCP a.example;branch=z9hG4bKdef\r\n"   \
    "Max-Forwards: 69\r\n"                                                                                   \
    "From: \"A, B\" <sip:a@example.com>;tag=one\r\n"                                                         \
    "To: <sip:b@example.com>\r\n"                                                                            \
    "Call-ID: x@192.0.2.1\r\n"                                                                               \
    "CSeq: 7 INVITE\r\n"

static const char invite[] =
    "INVITE sip:b@example.com SIP/2.0\r\n" HEAD "Record-Route: <sip:p.example;lr>\r\n"
    "Contact: <sip:a@192.0.2.1:5062>\r\n"
    "Supported: 100rel, timer,, replaces\r\n"
    "Content-Type: application/sdp\r\n"
    "Content-Length: 4\r\n"
    "\r\n"
    "v=0\n";

static void assert_slice(struct slice s, const char *expected)
{
    if (!slice_equal(s, slice_text(expected)))
        fail_msg("\"%.*s\" is not \"%s\"", SLICE_ARG(s), expected);
}

/* CM-40 */
static void parses_a_request(void **state)
{
    (void)state;
    struct arena arena = {0};
    struct sip_message m;
    uint16_t status = 1;
    assert_int_equal(sip_parse(&m, SLICE(invite), &arena, &status), 0);
    assert_int_equal(status, 0);
    assert_true(m.is_request);
    assert_int_equal(m.method, SIP_INVITE);
    assert_slice(m.uri, "sip:b@example.com");
    assert_slice(m.via.host, "192.0.2.1");
    assert_int_equal(m.via.port, 5062);
    assert_true(m.via.has_rport);
    assert_int_equal(m.via.rport, 0);
    assert_slice(m.via.branch, "z9hG4bKabc");
    assert_slice(m.via.transport, "UDP");
    assert_slice(m.from_tag, "one");
    assert_slice(m.to_tag, "");
    assert_slice(m.call_id, "x@192.0.2.1");
    assert_int_equal(m.cseq, 7);
    assert_int_equal(m.max_forwards, 69);
    assert_slice(m.body, "v=0\n");
    assert_int_equal(m.header_count, 11);
    assert_true(sip_has_option(&m, SIP_HEADER_SUPPORTED, SLICE("Replaces")));
    assert_false(sip_has_option(&m, SIP_HEADER_SUPPORTED, SLICE("rep")));
    arena_free(&arena);
}

static void walks_values_over_lines_and_commas(void **state)
{
    (void)state;
    static const char text[] = "SIP/2.0 200 OK\r\n" HEAD "m: \"a,\\\"b\" <sip:a,b@c>;q=1 , <sip:d@e>\r\n"
                               "Contact : <sip:f@g>\r\n"
                               "\r\n";
    static const char *const expected[] = {"\"a,\\\"b\" <sip:a,b@c>;q=1", "<sip:d@e>", "<sip:f@g>"};
    struct arena arena = {0};
    struct sip_message m;
    struct sip_cursor at = {0};
    struct slice value;
    assert_int_equal(sip_parse(&m, SLICE(text), &arena, NULL), 0);
    assert_false(m.is_request);
    assert_int_equal(m.status, 200);
    assert_int_equal(m.method, SIP_INVITE);
    for (size_t i = 0; i < 3; i++) {
        assert_true(sip_next_value(&m, SIP_HEADER_CONTACT, &at, &value));
        assert_slice(value, expected[i]);
    }
    assert_false(sip_next_value(&m, SIP_HEADER_CONTACT, &at, &value));
    at = (struct sip_cursor){0};
    assert_true(sip_next_value(&m, SIP_HEADER_FROM, &at, &value));
    assert_slice(value, "\"A, B\" <sip:a@example.com>;tag=one");
    assert_false(sip_next_value(&m, SIP_HEADER_FROM, &at, &value));
    arena_free(&arena);
}

static void one_via_is_told_from_several(void **state)
{
    static const struct {
        const char *lines;
        bool one;
    } rows[] = {{"Via: SIP/2.0/UDP a;branch=z9hG4bK1\r\n", true},
        {"v: SIP/2.0/UDP a;branch=z9hG4bK1 , SIP/2.0/UDP b\r\n", false},
        {"Via: SIP/2.0/UDP a;x=\"1,2\"\r\n", true}, {"Via: SIP/2.0/UDP a\r\nVia: SIP/2.0/UDP b\r\n", false}};
    struct sip_message m;
    struct arena arena = {0};
    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct buffer text = {0};
        buffer_add_format(&text,
            "OPTIONS sip:a SIP/2.0\r\n%sFrom: <sip:a>;tag=1\r\nTo: <sip:b>\r\nCall-ID: c\r\nCSeq: 1 "
            "OPTIONS\r\n\r\n",
            rows[i].lines);
        assert_int_equal(sip_parse(&m, buffer_slice(&text), &arena, NULL), 0);
        assert_int_equal(m.one_via, rows[i].one);
        buffer_free(&text);
    }
    arena_free(&arena);
}

static void every_name_is_found(void **state)
{
    (void)state;
    for (int i = 1; i < SIP_HEADERS; i++) {
        char name[64];
        const char *known = sip_header_name((enum sip_header_id)i);
        assert_int_equal(sip_header_find(slice_text(known)), i);
        for (size_t k = 0; k <= strlen(known); k++)
            name[k] = known[k] >= 'a' && known[k] <= 'z' ? (char)(known[k] - 32) : known[k];
        assert_int_equal(sip_header_find(slice_text(name)), i);
        name[strlen(known) - 1] = '~';
        assert_int_equal(sip_header_find(slice_text(name)), SIP_HEADER_OTHER);
    }
    for (int i = 1; i < SIP_METHODS; i++)
        assert_int_equal(sip_method_parse(slice_text(sip_method_name((enum sip_method)i))), i);
    assert_int_equal(sip_method_parse(SLICE("invite")), SIP_UNKNOWN);
    assert_int_equal(sip_header_find(SLICE("V")), SIP_HEADER_VIA);
    assert_int_equal(sip_header_find(SLICE("q")), SIP_HEADER_OTHER);
    assert_int_equal(sip_header_find(SLICE("")), SIP_HEADER_OTHER);
    assert_string_equal(sip_reason(486), "Busy Here");
    assert_string_equal(sip_reason(499), "Bad Request");
}

static void builds_a_response(void **state)
{
    (void)state;
    struct arena arena = {0};
    struct sip_message m, r;
    struct buffer out = {0};
    assert_int_equal(sip_parse(&m, SLICE(invite), &arena, NULL), 0);
    sip_add_response_head(&out, &m, 180, (struct slice){0}, SLICE("two"));
    sip_add_header(&out, SIP_HEADER_CONTACT, SLICE("<sip:b@c>\r\nEvil: 1"));
    sip_add_body(&out, SLICE("application/sdp"), SLICE("v=0\r\n"));
    assert_slice(buffer_slice(&out), "SIP/2.0 180 Ringing\r\n"
                                     "Via: SIP/2.0/UDP 192.0.2.1:5062;branch=z9hG4bKabc;rport, SIP/2.0/TCP "
                                     "a.example;branch=z9hG4bKdef\r\n"
                                     "From: \"A, B\" <sip:a@example.com>;tag=one\r\n"
                                     "To: <sip:b@example.com>;tag=two\r\n"
                                     "Call-ID: x@192.0.2.1\r\n"
                                     "CSeq: 7 INVITE\r\n"
                                     "Record-Route: <sip:p.example;lr>\r\n"
                                     "Contact: <sip:b@c>  Evil: 1\r\n"
                                     "Content-Type: application/sdp\r\n"
                                     "Content-Length: 5\r\n"
                                     "\r\n"
                                     "v=0\r\n");
    assert_int_equal(sip_parse(&r, buffer_slice(&out), &arena, NULL), 0);
    assert_slice(r.to_tag, "two");
    buffer_clear(&out);
    sip_add_response_head(&out, &m, 100, (struct slice){0}, SLICE("two"));
    assert_true(slice_find_slice(buffer_slice(&out), SLICE("two")) < 0);
    assert_true(slice_find_slice(buffer_slice(&out), SLICE("Record-Route")) < 0);
    buffer_free(&out);
    arena_free(&arena);
}

static void forwards_headers_but_skipped_ones(void **state)
{
    (void)state;
    struct arena arena = {0};
    struct sip_message m, f;
    struct buffer out = {0};
    assert_int_equal(sip_parse(&m, SLICE(invite), &arena, NULL), 0);
    sip_add_request_line(&out, m.method_name, SLICE("sip:b@192.0.2.9"));
    sip_add_header(&out, SIP_HEADER_VIA, SLICE("SIP/2.0/UDP p.example;branch=z9hG4bKp"));
    sip_add_headers_of(
        &out, &m, SIP_HEADER_BIT(SIP_HEADER_MAX_FORWARDS) | SIP_HEADER_BIT(SIP_HEADER_CONTACT));
    sip_add_body(&out, (struct slice){0}, m.body);
    assert_int_equal(sip_parse(&f, buffer_slice(&out), &arena, NULL), 0);
    assert_slice(f.uri, "sip:b@192.0.2.9");
    assert_slice(f.via.host, "p.example");
    assert_slice(f.body, "v=0\n");
    assert_null(sip_header(&f, SIP_HEADER_CONTACT));
    assert_null(sip_header(&f, SIP_HEADER_MAX_FORWARDS));
    assert_int_equal(f.max_forwards, 70);
    assert_int_equal(f.header_count, m.header_count + 1 - 2);
    buffer_free(&out);
    arena_free(&arena);
}

/* SEC-5: limits of number and size. */
static void too_much_is_refused_with_an_answer(void **state)
{
    (void)state;
    struct arena arena = {0};
    struct sip_message m;
    struct buffer out = {0};
    uint16_t status;
    buffer_add_text(&out, "INVITE sip:b@example.com SIP/2.0\r\n" HEAD);
    for (unsigned i = 0; i < SIP_HEADERS_LIMIT - 6; i++)
        buffer_add_text(&out, "X: y\r\n");
    size_t good = out.length;
    buffer_add_text(&out, "\r\n");
    assert_int_equal(sip_parse(&m, buffer_slice(&out), &arena, &status), 0);
    assert_int_equal(m.header_count, SIP_HEADERS_LIMIT);
    out.length = good;
    buffer_add_text(&out, "X: y\r\n\r\n");
    assert_int_equal(sip_parse(&m, buffer_slice(&out), &arena, &status), ERROR_LIMIT);
    assert_int_equal(status, 400);
    out.length = good;
    buffer_add_text(&out, "\r\n");
    while (out.length <= SIP_MESSAGE_LIMIT)
        buffer_add_byte(&out, 'b');
    assert_int_equal(sip_parse(&m, buffer_slice(&out), &arena, &status), ERROR_LIMIT);
    assert_int_equal(status, 413);
    buffer_clear(&out);
    buffer_add_text(&out, "INVITE sip:");
    for (unsigned i = 0; i < 5000; i++)
        buffer_add_byte(&out, 'a');
    buffer_add_text(&out, "@example.com SIP/2.0\r\n" HEAD "\r\n");
    assert_int_equal(sip_parse(&m, buffer_slice(&out), &arena, &status), ERROR_LIMIT);
    assert_int_equal(status, 414);
    buffer_free(&out);
    arena_free(&arena);
}

/* ---- streams ---- */

static int frame(const char *text, size_t *length, size_t *skip, unsigned *pings)
{
    return sip_stream_length(length, skip, pings, slice_text(text));
}

static void a_stream_is_framed_at_every_split(void **state)
{
    (void)state;
    struct buffer out = {0};
    size_t length, skip;
    unsigned pings;
    buffer_add_text(&out, "\r\n\r\n\r\n\r\n\r\n");
    buffer_add(&out, SLICE(invite));
    size_t whole = out.length;
    buffer_add_text(&out, "BYE ");
    for (size_t i = 0; i < whole; i++)
        assert_int_equal(
            sip_stream_length(&length, &skip, &pings, slice_first(buffer_slice(&out), i)), ERROR_AGAIN);
    for (size_t i = whole; i <= out.length; i++) {
        assert_int_equal(sip_stream_length(&length, &skip, &pings, slice_first(buffer_slice(&out), i)), 0);
        assert_int_equal(length, sizeof invite - 1);
        assert_int_equal(skip, 10);
        assert_int_equal(pings, 2);
    }
    buffer_free(&out);
}

/* RFC 5626 4.4.1 */
static void pings_are_counted_once(void **state)
{
    (void)state;
    size_t length, skip;
    unsigned pings;
    assert_int_equal(frame("", &length, &skip, &pings), ERROR_AGAIN);
    assert_int_equal(frame("\r\n\r", &length, &skip, &pings), ERROR_AGAIN);
    assert_int_equal(skip, 0);
    assert_int_equal(pings, 0);
    assert_int_equal(frame("\r\n\r\n\r\n", &length, &skip, &pings), ERROR_AGAIN);
    assert_int_equal(skip, 4);
    assert_int_equal(pings, 1);
}

/* SEC-5: what makes it doubtful where a message ends ends the stream. */
static void doubtful_streams_are_refused(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        int error;
    } table[] = {
        {"\x16\x03\x01", ERROR_SYNTAX},
        {"\n", ERROR_SYNTAX},
        {"\rX", ERROR_SYNTAX},
        {"BYE sip:a SIP/2.0\r\n\r\n", ERROR_SYNTAX},
        {"BYE sip:a SIP/2.0\r\nl: 1\r\nl: 1\r\n\r\n", ERROR_SYNTAX},
        {"BYE sip:a SIP/2.0\r\nl: 1\r\nContent-Length : 2\r\n\r\n", ERROR_SYNTAX},
        {"BYE sip:a SIP/2.0\r\nl: -1\r\n\r\n", ERROR_SYNTAX},
        {"BYE sip:a SIP/2.0\r\nl: +1\r\n\r\n", ERROR_SYNTAX},
        {"BYE sip:a SIP/2.0\r\nl: 1 1\r\n\r\n", ERROR_SYNTAX},
        {"BYE sip:a SIP/2.0\r\nl: 0x10\r\n\r\n", ERROR_SYNTAX},
        {"BYE sip:a SIP/2.0\r\nl:\r\n\r\n", ERROR_SYNTAX},
        {"BYE sip:a SIP/2.0\r\nl: 4294967296\r\n\r\n", ERROR_SYNTAX},
        {"BYE sip:a SIP/2.0\r\nl: 4294967295\r\n\r\n", ERROR_LIMIT},
        {"BYE sip:a SIP/2.0\r\nl: 65536\r\n\r\n", ERROR_LIMIT},
        {"BYE sip:a SIP/2.0\r\nX: a\nl: 5\r\nl: 0\r\n\r\n", ERROR_SYNTAX},
        {"BYE sip:a SIP/2.0\r\nX: a\rl: 5\r\nl: 0\r\n\r\n", ERROR_SYNTAX},
        {"BYE sip:a SIP/2.0\r\nX l: 5\r\nl: 0\r\n\r\n", ERROR_SYNTAX},
        {"BYE sip:a SIP/2.0\r\n l: 5\r\nl: 0\r\n\r\n", ERROR_SYNTAX},
        {"BYE sip:a SIP/2.0\r\nl: 0\r\n \r\n\r\n", 0},
        {"BYE sip:a SIP/2.0\r\nl\t:\r\n\t3\r\n\r\nab", ERROR_AGAIN},
        {"BYE sip:a SIP/2.0\r\nl\t:\r\n\t3\r\n\r\nabc", 0},
    };
    for (size_t i = 0; i < sizeof table / sizeof *table; i++) {
        size_t length, skip;
        unsigned pings;
        int error = frame(table[i].text, &length, &skip, &pings);
        if (error != table[i].error)
            fail_msg("row %zu: %s, expected %s", i, error_symbol(error), error_symbol(table[i].error));
        if (error == 0)
            assert_int_equal(length, strlen(table[i].text));
    }
}

static void an_endless_head_is_refused(void **state)
{
    (void)state;
    struct buffer out = {0};
    size_t length, skip;
    unsigned pings;
    buffer_add_text(&out, "BYE sip:a SIP/2.0\r\nX: ");
    while (out.length < SIP_MESSAGE_LIMIT - 1)
        buffer_add_byte(&out, 'x');
    assert_int_equal(sip_stream_length(&length, &skip, &pings, buffer_slice(&out)), ERROR_AGAIN);
    buffer_add_byte(&out, 'x');
    assert_int_equal(sip_stream_length(&length, &skip, &pings, buffer_slice(&out)), ERROR_LIMIT);
    buffer_free(&out);
}

TESTS("sip/message", cmocka_unit_test(parses_a_request), cmocka_unit_test(walks_values_over_lines_and_commas),
    cmocka_unit_test(every_name_is_found), cmocka_unit_test(one_via_is_told_from_several),
    cmocka_unit_test(builds_a_response), cmocka_unit_test(forwards_headers_but_skipped_ones),
    cmocka_unit_test(too_much_is_refused_with_an_answer), cmocka_unit_test(a_stream_is_framed_at_every_split),
    cmocka_unit_test(pings_are_counted_once), cmocka_unit_test(doubtful_streams_are_refused),
    cmocka_unit_test(an_endless_head_is_refused))
