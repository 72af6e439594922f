/* Messages that want to break, confuse or pass: each line of the table replaces parts of a good message.
 * SEC-5. */
#include "base/error.h"
#include "sip/message.h"
#include "unit.h"

struct row {
    const char *start, *via, *from, *to, *call_id, *cseq, *more,
        *end;        /* NULL: as in the good message; "": absent */
    uint16_t status; /* what it is refused with; 1: it is accepted; 0: it is refused without an answer */
};

enum { GOOD = 1, SILENT = 0 };

#define START(text) .start = text "\r\n"
#define VIA(text) .via = text "\r\n"
#define FROM(text) .from = text "\r\n"
#define TO(text) .to = text "\r\n"
#define CALL_ID(text) .call_id = text "\r\n"
#define CSEQ(text) .cseq = text "\r\n"
#define MORE(text) .more = text "\r\n"
#define END(text) .end = text

static const struct row rows[] = {
    {.status = GOOD},
    /* start lines */
    {START("BYE sip:b@c SIP/2.0"), .status = 400}, /* CSeq says OPTIONS */
    {START(""), .status = SILENT},
    {START(" "), .status = SILENT},
    {START("OPTIONS"), .status = SILENT},
    {START("OPTIONS "), .status = 400},
    {START("OPTIONS sip:b@c"), .status = 400},
    {START("OPTIONS sip:b@c "), .status = 400},
    {START("OPTIONS sip:b@c SIP/2.0 "), .status = 400},
    {START(" OPTIONS sip:b@c SIP/2.0"), .status = SILENT},
    {START("OPTIONS\tsip:b@c SIP/2.0"), .status = SILENT},
    {START("OPTIONS sip:b@c\tSIP/2.0"), .status = 400},
    {START("OPTIONS sip:b@c SIP/2.0\r\n folded"), .status = 400},
    {START("OPTIONS sip:b@c SIP/2.00"), .status = 505},
    {START("OPTIONS sip:b@c SIP/3.0"), .status = 505},
    {START("OPTIONS sip:b@c SIP/2.0.0"), .status = 400},
    {START("OPTIONS sip:b@c SIP/.0"), .status = 400},
    {START("OPTIONS sip:b@c SIP/2."), .status = 400},
    {START("OPTIONS sip:b@c SIP/"), .status = 400},
    {START("OPTIONS sip:b@c HTTP/1.1"), .status = 400},
    {START("OPTIONS sip:b@c sip/2.0"), .status = GOOD},
    {START("OPTIONS sip: SIP/2.0"), .status = 400},
    {START("OPTIONS sip:b@c@d SIP/2.0"), .status = 400},
    {START("OPTIONS sip:b%0@c SIP/2.0"), .status = 400},
    {START("OPTIONS sip:\x80@c SIP/2.0"), .status = 400},
    {START("OPTIONS sip:b\"@c SIP/2.0"), .status = 400},
    {START("OPTIONS sip:b@c:99999 SIP/2.0"), .status = 400},
    {START("OPTIONS \" sip:b@c SIP/2.0"), .status = 400},
    {START("OPTI{ONS sip:b@c SIP/2.0"), .status = SILENT},
    {START("GET / HTTP/1.1"), .status = 400},
    {START("SIP/2.0 200 OK"), .status = GOOD},
    {START("SIP/2.0 099 Low"), .status = SILENT},
    {START("SIP/2.0 700 High"), .status = SILENT},
    {START("SIP/2.0 2000 Long"), .status = SILENT},
    {START("SIP/2.0 20 Short"), .status = SILENT},
    {START("SIP/2.0  200 OK"), .status = SILENT},
    {START("SIP/2.0 +20 OK"), .status = SILENT},
    {START("SIP/2.0 200"), .status = SILENT},
    {START("SIP/3.0 200 OK"), .status = SILENT},
    {START("SIP/2.0 200 O\x01K"), .status = SILENT},
    /* Via */
    {VIA(""), .status = SILENT}, /* that ends the head at once */
    {.via = "", .status = SILENT},
    {VIA("Via:"), .status = SILENT},
    {VIA("Via: SIP/2.0/UDP"), .status = SILENT},
    {VIA("Via: SIP/2.0/UDP "), .status = SILENT},
    {VIA("Via: SIP/2.0 UDP a;branch=z9hG4bKx"), .status = SILENT},
    {VIA("Via: /2.0/UDP a;branch=z9hG4bKx"), .status = SILENT},
    {VIA("Via: SIP/2.0/UDP a:0;branch=z9hG4bKx"), .status = SILENT},
    {VIA("Via: SIP/2.0/UDP a:65536;branch=z9hG4bKx"), .status = SILENT},
    {VIA("Via: SIP/2.0/UDP a:;branch=z9hG4bKx"), .status = SILENT},
    {VIA("Via: SIP/2.0/UDP [::1;branch=z9hG4bKx"), .status = SILENT},
    {VIA("Via: SIP/2.0/UDP a b;branch=z9hG4bKx"), .status = 400},
    {VIA("Via: SIP/2.0/UDP a;branch=z9hG4bKx;branch=z9hG4bKy"), .status = 400},
    {VIA("Via: SIP/2.0/UDP a;branch="), .status = 400},
    {VIA("Via: SIP/2.0/UDP a;branch=z9hG4bK\"x\""), .status = 400},
    {VIA("Via: SIP/2.0/UDP a;branch=z9h@G"), .status = 400},
    {VIA("Via: SIP/2.0/UDP a;rport;rport"), .status = 400},
    {VIA("Via: SIP/2.0/UDP a;rport=70000"), .status = 400},
    {VIA("Via: SIP/2.0/UDP a;rport=x"), .status = 400},
    {VIA("Via: SIP/2.0/UDP a;received=b;received=c"), .status = 400},
    {VIA("Via: SIP/2.0/UDP a;received=\"<x>\""), .status = 400},
    {VIA("Via: SIP/2.0/UDP a;;x"), .status = 400},
    {VIA("Via: SIP/2.0/UDP a;x=\"y"), .status = 400},
    {VIA("Via: SIP/2.0/UDP a;x=\",SIP/2.0/UDP b\";branch=z9hG4bKx"), .status = GOOD},
    {VIA("V : SIP/2.0/UDP a:5060 ; branch = z9hG4bKx ; rport = 5"), .status = GOOD},
    /* From, To */
    {.from = "", .status = 400},
    {.to = "", .status = 400},
    {FROM("From:"), .status = 400},
    {FROM("From: *"), .status = 400},
    {FROM("From: <sip:a@b>;tag=x;tag=y"), .status = 400},
    {FROM("From: <sip:a@b>;tag=x;TAG=x"), .status = 400},
    {FROM("From: <sip:a@b>;tag="), .status = 400},
    {FROM("From: <sip:a@b>;tag=\"x\""), .status = 400},
    {FROM("From: <sip:a@b>;tag=x y"), .status = 400},
    {FROM("From: <sip:a@b>;tag=x@y"), .status = 400},
    {FROM("From: <sip:a@b>, <sip:c@d>;tag=x"), .status = 400},
    {FROM("From: <sip:a@b;tag=inside>"), .status = GOOD},
    {FROM("From: <sip:a@b>;tag=x\r\nf: <sip:a@b>;tag=x"), .status = 400},
    {FROM("From: \"a\" b <sip:a@b>;tag=x"), .status = 400},
    {FROM("From: \"a\\\" <sip:a@b>;tag=x"), .status = 400},
    {FROM("From: \"a\\\r\n b\" <sip:a@b>;tag=x"), .status = GOOD},
    {FROM("From: <sip:a@b>;tag=x;"), .status = 400},
    {FROM("From: a@b;tag=x"), .status = 400},
    {TO("To: <sip:b@c\x01>"), .status = 400},
    {TO("To: \"\x01\" <sip:b@c>"), .status = 400},
    {TO("To: \"\\\x01\" <sip:b@c>"), .status = GOOD},
    {TO("To: \\\x01 <sip:b@c>"), .status = 400},
    {TO("To: \"\x7f\" <sip:b@c>"), .status = 400},
    {TO("To: <sip:b@c>\r\nTo : <sip:evil@c>"), .status = 400},
    {TO("To: <sip:b@c>\r\nt\t: <sip:evil@c>"), .status = 400},
    {TO("To: <sip:b@c>\r\nTo\r\n : <sip:evil@c>"), .status = 400},
    /* Call-ID */
    {.call_id = "", .status = 400},
    {CALL_ID("Call-ID:"), .status = 400},
    {CALL_ID("Call-ID: "), .status = 400},
    {CALL_ID("Call-ID: a b"), .status = 400},
    {CALL_ID("Call-ID: a\r\n b"), .status = 400},
    {CALL_ID("Call-ID: a\r\ni: a"), .status = 400},
    {CALL_ID("Call-ID: \x80"), .status = 400},
    {CALL_ID("Call-ID:\r\n a"), .status = GOOD},
    /* CSeq */
    {.cseq = "", .status = 400},
    {CSEQ("CSeq:"), .status = 400},
    {CSEQ("CSeq: 1"), .status = 400},
    {CSEQ("CSeq: OPTIONS"), .status = 400},
    {CSEQ("CSeq: 1OPTIONS"), .status = 400},
    {CSEQ("CSeq: -1 OPTIONS"), .status = 400},
    {CSEQ("CSeq: 1 options"), .status = 400},
    {CSEQ("CSeq: 1 OPTIONS x"), .status = 400},
    {CSEQ("CSeq: 2147483647 OPTIONS"), .status = GOOD},
    {CSEQ("CSeq: 2147483648 OPTIONS"), .status = 400},
    {CSEQ("CSeq: 4294967297 OPTIONS"), .status = 400},
    {CSEQ("CSeq: 18446744073709551617 OPTIONS"), .status = 400},
    {CSEQ("CSeq: 1 OPTIONS\r\ncseq: 1 OPTIONS"), .status = 400},
    /* other headers */
    {MORE("Max-Forwards: 0"), .status = GOOD},
    {MORE("Max-Forwards: 256"), .status = 400},
    {MORE("Max-Forwards: -1"), .status = 400},
    {MORE("Max-Forwards:"), .status = 400},
    {MORE("Max-Forwards: 5\r\nMax-Forwards: 5"), .status = 400},
    {MORE("Content-Length: 1"), .status = 400},
    {MORE("Content-Length: 4294967295"), .status = 400},
    {MORE("Content-Length: 4294967296"), .status = 400},
    {MORE("Content-Length: 18446744073709551616"), .status = 400},
    {MORE("Content-Length: 0, 0"), .status = 400},
    {MORE("Content-Length: 0\r\nl: 0"), .status = 400},
    {MORE("Content-Length: 0\r\nContent-Length\t : 0"), .status = 400},
    {MORE("Content-Length : 00000000000000000000000"), .status = GOOD},
    {MORE("no colon"), .status = 400},
    {MORE(": no name"), .status = 400},
    {MORE("na me: x"), .status = 400},
    {MORE("n@me: x"), .status = 400},
    {MORE("X: a\nRoute: <sip:evil>"), .status = 400},
    {MORE("X: a\rRoute: <sip:evil>"), .status = 400},
    {MORE("X: a\r\r\nRoute: <sip:evil>"), .status = 400},
    {MORE("X: a\x0b"), .status = 400},
    {MORE("X: a\x1b[2J"), .status = 400},
    {MORE("X: a\x7f"), .status = 400},
    {MORE("X: \"\\\n\""), .status = 400},
    {MORE("X: \"\\\r\""), .status = 400},
    {MORE("X: a\tb \xc3\xa4\xff"), .status = GOOD},
    {MORE("X:"), .status = GOOD},
    {MORE("X:\r\n \r\n\t"), .status = GOOD},
    {MORE("X-\xc3\xa4: y"), .status = 400},
    /* ends */
    {END(""), .status = 400},
    {END("\r"), .status = 400},
    {END("\n"), .status = 400},
    {END(" \r\n"), .status = 400}, /* a fold of the last header, and then nothing */
    {END("X: y"), .status = 400},
    {END("\r\nbody without a length"), .status = GOOD},
};

static void add(struct buffer *out, const char *text, const char *usual)
{
    buffer_add_text(out, text != NULL ? text : usual);
}

static void build(struct buffer *out, const struct row *r)
{
    add(out, r->start, "OPTIONS sip:b@c SIP/2.0\r\n");
    add(out, r->via, "Via: SIP/2.0/UDP 192.0.2.1;branch=z9hG4bKx\r\n");
    add(out, r->from, "From: <sip:a@b>;tag=x\r\n");
    add(out, r->to, "To: <sip:b@c>\r\n");
    add(out, r->call_id, "Call-ID: a\r\n");
    add(out, r->cseq, "CSeq: 1 OPTIONS\r\n");
    add(out, r->more, "");
    add(out, r->end, "\r\n");
}

static void hostile_messages_have_their_outcome(void **state)
{
    (void)state;
    struct buffer out = {0};
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct arena arena = {0};
        struct sip_message m;
        uint16_t status = 7;
        buffer_clear(&out);
        build(&out, &rows[i]);
        int error = sip_parse(&m, buffer_slice(&out), &arena, &status);
        bool good = rows[i].status == GOOD ? error == 0 && status == 0
                                           : error == ERROR_SYNTAX && status == rows[i].status;
        if (!good)
            fail_msg("row %zu: %s %u, expected %u:\n%.*s", i, error_symbol(error), status, rows[i].status,
                SLICE_ARG(buffer_slice(&out)));
        arena_free(&arena);
    }
    buffer_free(&out);
}

static void a_nul_is_found_wherever_it_is(void **state)
{
    (void)state;
    struct arena arena = {0};
    struct buffer out = {0};
    struct sip_message m;
    build(&out, &rows[0]);
    for (size_t i = 0; i < out.length; i++) {
        char saved = out.data[i];
        out.data[i] = '\0';
        if (sip_parse(&m, buffer_slice(&out), &arena, NULL) != ERROR_SYNTAX)
            fail_msg("a NUL at %zu is accepted", i);
        out.data[i] = saved;
    }
    for (size_t i = 0; i < out.length; i++)
        assert_int_equal(sip_parse(&m, slice_first(buffer_slice(&out), i), &arena, NULL), ERROR_SYNTAX);
    buffer_free(&out);
    arena_free(&arena);
}

/* An ACK is never answered, however bad it is (RFC 3261 17). */
static void a_bad_ack_is_not_answered(void **state)
{
    (void)state;
    struct arena arena = {0};
    struct buffer out = {0};
    struct sip_message m;
    uint16_t status = 7;
    build(&out, &(struct row){START("ACK sip:b@c SIP/2.0")});
    assert_int_equal(sip_parse(&m, buffer_slice(&out), &arena, &status), ERROR_SYNTAX);
    assert_int_equal(status, 0);
    buffer_free(&out);
    arena_free(&arena);
}

/* A refused request keeps what its answer needs. */
static void what_an_answer_needs_survives(void **state)
{
    (void)state;
    struct arena arena = {0};
    struct buffer out = {0}, answer = {0};
    struct sip_message m, r;
    uint16_t status = 0;
    build(&out, &(struct row){MORE("Content-Length: 9")});
    assert_int_equal(sip_parse(&m, buffer_slice(&out), &arena, &status), ERROR_SYNTAX);
    assert_true(slice_equal(m.via.branch, SLICE("z9hG4bKx")));
    sip_add_response_head(&answer, &m, status, (struct slice){0}, SLICE("t"));
    sip_add_body(&answer, (struct slice){0}, (struct slice){0});
    assert_int_equal(sip_parse(&r, buffer_slice(&answer), &arena, NULL), 0);
    assert_int_equal(r.status, 400);
    assert_true(slice_equal(r.via.branch, SLICE("z9hG4bKx")));
    buffer_free(&answer);
    buffer_free(&out);
    arena_free(&arena);
}

/* RFC 5118: IPv6 in all the places where it can stand. */
static void ipv6_is_understood(void **state)
{
    (void)state;
    static const struct {
        const char *start, *via;
        uint16_t status;
        const char *host;
        uint16_t port;
        const char *received;
    } table[] = {
        {"OPTIONS sip:[2001:db8::10] SIP/2.0\r\n",
            "Via: SIP/2.0/UDP [2001:db8::9:1];branch=z9hG4bKas3-111\r\n", GOOD, "[2001:db8::9:1]", 0,
            ""}, /* 4.1 */
        {"OPTIONS sip:2001:db8::10 SIP/2.0\r\n", "Via: SIP/2.0/UDP [2001:db8::9:1];branch=z9hG4bKas3\r\n",
            400, "[2001:db8::9:1]", 0, ""}, /* 4.2 */
        {"OPTIONS sip:[2001:db8::10:5070] SIP/2.0\r\n",
            "Via: SIP/2.0/UDP [2001:db8::9:1];branch=z9hG4bKas3\r\n", GOOD, "[2001:db8::9:1]", 0,
            ""}, /* 4.3: odd, but that is one address */
        {"OPTIONS sip:[2001:db8::10]:5070 SIP/2.0\r\n",
            "Via: SIP/2.0/UDP [2001:db8::9:1]:5061;branch=z9hG4bKas3\r\n", GOOD, "[2001:db8::9:1]", 5061,
            ""}, /* 4.4 */
        {"OPTIONS sip:[2001:db8::9:1] SIP/2.0\r\n",
            "Via: SIP/2.0/UDP [2001:db8::9:1];received=[2001:db8::9:255];branch=z9hG4bKas3\r\n", GOOD,
            "[2001:db8::9:1]", 0, "[2001:db8::9:255]"}, /* 4.5 */
        {"OPTIONS sip:[2001:db8::9:1] SIP/2.0\r\n",
            "Via: SIP/2.0/UDP [2001:db8::9:1];received=2001:db8::9:255;branch=z9hG4bKas3\r\n", GOOD,
            "[2001:db8::9:1]", 0, "2001:db8::9:255"}, /* 4.5, without brackets */
        {"OPTIONS sip:user@[::ffff:192.0.2.10] SIP/2.0\r\n",
            "Via: SIP/2.0/UDP [::ffff:192.0.2.2]:5060;branch=z9hG4bKas3\r\n", GOOD, "[::ffff:192.0.2.2]",
            5060, ""}, /* 4.9 */
        {"OPTIONS sip:user@[:::ffff:192.0.2.10] SIP/2.0\r\n",
            "Via: SIP/2.0/UDP [::ffff:192.0.2.2];branch=z9hG4bKas3\r\n", 400, "[::ffff:192.0.2.2]", 0,
            ""}, /* three colons somewhere else */
        {"OPTIONS sip:user@[2001:db8:::192.0.2.1] SIP/2.0\r\n",
            "Via: SIP/2.0/UDP [2001:db8::1];branch=z9hG4bKas3\r\n", GOOD, "[2001:db8::1]", 0,
            ""}, /* 4.10: three colons, tolerated */
        {"OPTIONS sip:user@[2001:db8:::1] SIP/2.0\r\n",
            "Via: SIP/2.0/UDP [2001:db8::1];branch=z9hG4bKas3\r\n", 400, "[2001:db8::1]", 0, ""},
    };
    struct buffer out = {0};
    for (size_t i = 0; i < sizeof table / sizeof *table; i++) {
        struct arena arena = {0};
        struct sip_message m;
        uint16_t status;
        buffer_clear(&out);
        build(&out, &(struct row){.start = table[i].start, .via = table[i].via});
        int error = sip_parse(&m, buffer_slice(&out), &arena, &status);
        if ((table[i].status == GOOD) != (error == 0) || (error != 0 && status != table[i].status))
            fail_msg("row %zu: %s %u", i, error_symbol(error), status);
        assert_true(slice_equal(m.via.host, slice_text(table[i].host)));
        assert_int_equal(m.via.port, table[i].port);
        assert_true(slice_equal(m.via.received, slice_text(table[i].received)));
        arena_free(&arena);
    }
    buffer_free(&out);
}

TESTS("sip/hostile", cmocka_unit_test(hostile_messages_have_their_outcome),
    cmocka_unit_test(a_nul_is_found_wherever_it_is), cmocka_unit_test(a_bad_ack_is_not_answered),
    cmocka_unit_test(what_an_answer_needs_survives), cmocka_unit_test(ipv6_is_understood))
