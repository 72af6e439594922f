#include "sip/multipart.h"

#include "base/error.h"
#include "unit.h"

static void assert_slice(struct slice s, const char *expected)
{
    if (!slice_equal(s, slice_text(expected)))
        fail_msg("\"%.*s\" is not \"%s\"", SLICE_ARG(s), expected);
}

static void build(struct buffer *out, const char *type, const char *body)
{
    buffer_clear(out);
    buffer_add_format(out,
        "INVITE sip:b@c SIP/2.0\r\nVia: SIP/2.0/UDP a\r\nFrom: <sip:a@b>;tag=x\r\nTo: <sip:b@c>\r\n"
        "Call-ID: a\r\nCSeq: 1 INVITE\r\nc: %s\r\nContent-Length: %zu\r\n\r\n%s",
        type, strlen(body), body);
}

struct search {
    struct slice type, subtype;
    struct multipart_part *found;
};

static int look(void *user, const struct multipart_part *part)
{
    struct search *s = user;
    if (!sip_media_type_is(&part->type, s->type, s->subtype))
        return 0;
    *s->found = *part;
    return 1;
}

/* The first part of this type. */
static int find(
    struct multipart_part *part, const struct sip_message *m, struct slice type, struct slice subtype)
{
    struct search s = {type, subtype, part};
    int error = multipart_walk(m, look, &s);
    return error == 1 ? 0 : error == 0 ? ERROR_MISSING : error;
}

/* CM-41: a description among others: the preamble, the epilogue and the other parts are passed over. */
static void finds_a_part_by_its_type(void **state)
{
    (void)state;
    static const char body[] = "preamble --x\r\n"
                               "--x y \t\r\n"
                               "Content-Type: application/pidf+xml\r\n"
                               "Content-ID: <alice@atlanta.example.com>\r\n"
                               "Content-Disposition: by-reference;handling=optional\r\n"
                               "\r\n"
                               "<presence>--x y</presence>\r\n"
                               "--x yz is not the boundary\r\n"
                               "--x y\r\n"
                               "\r\n"
                               "text, as nothing is said\r\n"
                               "--x y\r\n"
                               "CONTENT-TYPE : application/SDP ; charset=\"a;b\"\r\n"
                               "\r\n"
                               "v=0\r\n"
                               "\r\n--x y--\r\nepilogue\r\n--x y\r\n";
    struct arena arena = {0};
    struct buffer text = {0};
    struct sip_message m;
    struct multipart_part part;
    build(&text, "multipart/mixed ; boundary=\"x y\"", body);
    assert_int_equal(sip_parse(&m, buffer_slice(&text), &arena, NULL), 0);
    assert_int_equal(find(&part, &m, SLICE("application"), SLICE("sdp")), 0);
    assert_slice(part.body, "v=0\r\n");
    assert_slice(part.type.parameters, "; charset=\"a;b\"");
    assert_int_equal(find(&part, &m, SLICE("Application"), SLICE("pidf+xml")), 0);
    assert_slice(part.body, "<presence>--x y</presence>\r\n--x yz is not the boundary");
    assert_slice(part.id, "<alice@atlanta.example.com>");
    assert_slice(part.disposition, "by-reference;handling=optional");
    assert_slice(part.encoding, "");
    assert_int_equal(find(&part, &m, SLICE("text"), SLICE("*")), 0);
    assert_slice(part.body, "text, as nothing is said");
    assert_slice(part.head, "\r\n");
    assert_int_equal(find(&part, &m, SLICE("image"), SLICE("*")), ERROR_MISSING);
    buffer_free(&text);
    arena_free(&arena);
}

/* CM-41 */
static void a_body_of_one_type_is_its_own_part(void **state)
{
    (void)state;
    struct arena arena = {0};
    struct buffer text = {0};
    struct sip_message m;
    struct multipart_part part;
    build(&text, "application/sdp", "v=0\r\n");
    assert_int_equal(sip_parse(&m, buffer_slice(&text), &arena, NULL), 0);
    assert_int_equal(find(&part, &m, SLICE("application"), SLICE("sdp")), 0);
    assert_slice(part.body, "v=0\r\n");
    assert_int_equal(find(&part, &m, SLICE("text"), SLICE("plain")), ERROR_MISSING);
    build(&text, "application/sdp", "");
    assert_int_equal(sip_parse(&m, buffer_slice(&text), &arena, NULL), 0);
    assert_int_equal(find(&part, &m, SLICE("application"), SLICE("sdp")), ERROR_MISSING);
    buffer_free(&text);
    arena_free(&arena);
}

static const struct {
    const char *type, *body;
    int error; /* of looking for text/plain */
    const char *found;
} rows[] = {
    {"multipart/mixed;boundary=x", "--x\r\n\r\na\r\n--x--", 0, "a"},
    {"multipart/mixed;boundary=x", "--x\r\n\r\n--x--", 0, ""},
    {"multipart/mixed;boundary=x", "--x\r\n\r\n\r\n--x--", 0, ""},
    {"multipart/mixed;boundary=x", "--x\r\nX: y\r\n\r\n\r\n\r\n--x--\r\n", 0, "\r\n"},
    {"multipart/mixed;boundary=x", "--x\r\n\r\na\n--x--\r\nb\r\n--x--", 0, "a\n--x--\r\nb"},
    {"multipart/mixed;boundary=x", "--x\r\n\r\na\r\n--X\r\n--x--", 0, "a\r\n--X"},
    {"multipart/alternative;boundary=x",
        "--x\r\nContent-Type: multipart/mixed;boundary=y\r\n\r\n--y\r\n\r\na\r\n--y--\r\n--x--", 0, "a"},
    {"multipart/mixed;boundary=x", "--x\r\nContent-Type: a/b\r\n\r\na\r\n--x--", ERROR_MISSING, NULL},
    /* no boundary, or none that is one */
    {"multipart/mixed", "--x\r\n\r\na\r\n--x--", ERROR_SYNTAX, NULL},
    {"multipart/mixed;boundary=", "--\r\n\r\na\r\n----", ERROR_SYNTAX, NULL},
    {"multipart/mixed;boundary=\"x \"", "--x \r\n\r\na\r\n--x --", ERROR_SYNTAX, NULL},
    {"multipart/mixed;boundary=\"x*\"", "--x*\r\n\r\na\r\n--x*--", ERROR_SYNTAX, NULL},
    {"multipart/mixed;boundary=x;boundary=y", "--x\r\n\r\na\r\n--x--", ERROR_SYNTAX, NULL},
    {"multipart/mixed;boundary=1234567890123456789012345678901234567890123456789012345678901234567890a",
        "--1234567890123456789012345678901234567890123456789012345678901234567890a\r\n\r\na", ERROR_SYNTAX,
        NULL},
    {"multipart/mixed;boundary=x;y=\"", "--x\r\n\r\na\r\n--x--", ERROR_SYNTAX, NULL},
    {"multipart;boundary=x", "--x\r\n\r\na\r\n--x--", ERROR_SYNTAX, NULL},
    {"/mixed;boundary=x", "--x\r\n\r\na\r\n--x--", ERROR_SYNTAX, NULL},
    {"", "--x\r\n\r\na\r\n--x--", ERROR_SYNTAX, NULL},
    /* never begun, never ended */
    {"multipart/mixed;boundary=x", "nothing", ERROR_SYNTAX, NULL},
    {"multipart/mixed;boundary=x", "--x--", ERROR_SYNTAX, NULL},
    {"multipart/mixed;boundary=x", "--x", ERROR_SYNTAX, NULL},
    {"multipart/mixed;boundary=x", "--x\r\n\r\na", ERROR_SYNTAX, NULL},
    {"multipart/mixed;boundary=x", "--x\r\n\r\na\r\n--x", ERROR_SYNTAX, NULL},
    {"multipart/mixed;boundary=x", "--x\r\n\r\na\r\n--x-", ERROR_SYNTAX, NULL},
    {"multipart/mixed;boundary=x", "--x\r\nC: d\r\n\r\na\n--x--\n", ERROR_SYNTAX, NULL},
    /* heads that are none */
    {"multipart/mixed;boundary=x", "--x\r\na\r\n--x--", ERROR_SYNTAX, NULL},
    {"multipart/mixed;boundary=x", "--x\r\nno colon\r\n\r\na\r\n--x--", ERROR_SYNTAX, NULL},
    {"multipart/mixed;boundary=x", "--x\r\nContent-Type: a\r\n\r\na\r\n--x--", ERROR_SYNTAX, NULL},
    {"multipart/mixed;boundary=x", "--x\r\nContent-Type: a/b\r\ncontent-type : text/plain\r\n\r\na\r\n--x--",
        ERROR_SYNTAX, NULL},
    {"multipart/mixed;boundary=x", "--x\r\nX: \x01\r\n\r\na\r\n--x--", ERROR_SYNTAX, NULL},
};

static int count_alternatives(void *user, const struct multipart_part *part)
{
    unsigned *count = user;
    *count += part->alternative ? 1 : 0;
    return 0;
}

/* RFC 2046 5.1.4: who looks knows which parts say the same. */
static void alternatives_are_marked(void **state)
{
    (void)state;
    static const char body[] =
        "--x\r\nContent-Type: "
        "multipart/alternative;boundary=y\r\n\r\n--y\r\n\r\na\r\n--y\r\n\r\nb\r\n--y--\r\n"
        "--x\r\n\r\nc\r\n--x--";
    struct arena arena = {0};
    struct buffer text = {0};
    struct sip_message m;
    unsigned count = 0;
    build(&text, "multipart/mixed;boundary=x", body);
    assert_int_equal(sip_parse(&m, buffer_slice(&text), &arena, NULL), 0);
    assert_int_equal(multipart_walk(&m, count_alternatives, &count), 0);
    assert_int_equal(count, 2);
    buffer_free(&text);
    arena_free(&arena);
}

/* CM-41, SEC-5 */
static void broken_bodies_are_refused(void **state)
{
    (void)state;
    struct buffer text = {0};
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct arena arena = {0};
        struct sip_message m;
        struct multipart_part part;
        build(&text, rows[i].type, rows[i].body);
        assert_int_equal(sip_parse(&m, buffer_slice(&text), &arena, NULL), 0);
        int error = find(&part, &m, SLICE("text"), SLICE("plain"));
        if (error != rows[i].error)
            fail_msg("row %zu: %s", i, error_symbol(error));
        if (error == 0)
            assert_slice(part.body, rows[i].found);
        arena_free(&arena);
    }
    buffer_free(&text);
}

/* SEC-5: depth, count and headers are bounded. */
static void much_of_it_is_refused(void **state)
{
    (void)state;
    struct buffer body = {0}, text = {0};
    struct arena arena = {0};
    struct sip_message m;
    struct multipart_part part;
    for (unsigned i = 0; i < 100; i++)
        buffer_add_format(&body, "--%u\r\nContent-Type: multipart/mixed;boundary=%u\r\n\r\n", i, i + 1);
    for (unsigned i = 100; i-- > 0;)
        buffer_add_format(&body, "\r\n--%u--", i);
    buffer_add_byte(&body, '\0');
    build(&text, "multipart/mixed;boundary=0", body.data);
    assert_int_equal(sip_parse(&m, buffer_slice(&text), &arena, NULL), 0);
    assert_int_equal(find(&part, &m, SLICE("text"), SLICE("plain")), ERROR_LIMIT);
    buffer_clear(&body);
    for (unsigned i = 0; i < 100; i++)
        buffer_add_text(&body, "--x\r\nContent-Type: a/b\r\n\r\n\r\n");
    buffer_add(&body, slice_of("--x--", 6));
    build(&text, "multipart/mixed;boundary=x", body.data);
    assert_int_equal(sip_parse(&m, buffer_slice(&text), &arena, NULL), 0);
    assert_int_equal(find(&part, &m, SLICE("text"), SLICE("plain")), ERROR_LIMIT);
    buffer_clear(&body);
    buffer_add_text(&body, "--x\r\n");
    for (unsigned i = 0; i < 40; i++)
        buffer_add_text(&body, "A: b\r\n");
    buffer_add(&body, slice_of("\r\na\r\n--x--", 11));
    build(&text, "multipart/mixed;boundary=x", body.data);
    assert_int_equal(sip_parse(&m, buffer_slice(&text), &arena, NULL), 0);
    assert_int_equal(find(&part, &m, SLICE("text"), SLICE("plain")), ERROR_LIMIT);
    buffer_free(&body);
    buffer_free(&text);
    arena_free(&arena);
}

TESTS("sip/multipart", cmocka_unit_test(finds_a_part_by_its_type),
    cmocka_unit_test(a_body_of_one_type_is_its_own_part), cmocka_unit_test(alternatives_are_marked),
    cmocka_unit_test(broken_bodies_are_refused), cmocka_unit_test(much_of_it_is_refused))
