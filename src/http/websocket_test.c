/* RFC 6455, in the order of the public conformance suite for WebSocket servers (its sections 1 to 7 and 10).
 */
#include "http/websocket_fixture.h"

#include "unit.h"

#include "base/error.h"

/* A masked frame as clients send it; `first` is the first byte with FIN, RSV and opcode. */
static void frame(struct buffer *b, unsigned first, struct slice payload)
{
    static const unsigned char mask[4] = {0x37, 0xfa, 0x21, 0x3d};
    buffer_add_byte(b, (char)first);
    if (payload.length < 126) {
        buffer_add_byte(b, (char)(0x80 | payload.length));
    } else if (payload.length < 65536) {
        buffer_add_byte(b, (char)0xfe);
        for (int i = 1; i >= 0; i--)
            buffer_add_byte(b, (char)(payload.length >> 8 * i));
    } else {
        buffer_add_byte(b, (char)0xff);
        for (int i = 7; i >= 0; i--)
            buffer_add_byte(b, (char)((uint64_t)payload.length >> 8 * i));
    }
    buffer_add(b, slice_of(mask, 4));
    for (size_t i = 0; i < payload.length; i++)
        buffer_add_byte(b, (char)(payload.data[i] ^ (char)mask[i % 4]));
}
#define FIN 0x80U
#define TEXT 0x81U
#define BINARY 0x82U
#define CLOSE 0x88U
#define PING 0x89U
#define PONG 0x8aU

static void feed(struct websocket_drive *d, const struct buffer *in, size_t piece)
{
    *d = (struct websocket_drive){0};
    websocket_open(&d->w, NULL);
    websocket_drive_feed(d, buffer_slice(in), piece);
}

/* The input gives exactly this output, however it is cut. */
static void expect(struct buffer *in, const struct buffer *out)
{
    for (size_t piece = 1; piece < 2 * in->length + 2; piece = piece * 7 + 1) {
        struct websocket_drive d;
        feed(&d, in, piece);
        if (!slice_equal(buffer_slice(&d.out), buffer_slice(out)))
            fail_msg("in pieces of %zu: %zu bytes instead of %zu", piece, d.out.length, out->length);
        assert_int_equal(d.w.message.capacity, 0); /* nothing is held between messages */
        websocket_drive_close(&d);
    }
    buffer_free(in);
}

static void expect_failure(struct buffer *in, uint16_t code)
{
    for (size_t piece = 1; piece < 2 * in->length + 2; piece = piece * 7 + 1) {
        struct websocket_drive d;
        feed(&d, in, piece);
        if (!d.failed || d.code != code)
            fail_msg("in pieces of %zu: failed %d with %d instead of %d", piece, d.failed, d.code, code);
        char last[4] = {(char)0x88, 2, (char)(code >> 8), (char)code};
        assert_true(slice_ends(buffer_slice(&d.out), slice_of(last, 4)));
        websocket_drive_close(&d);
    }
    buffer_free(in);
}

static const size_t lengths[] = {0, 1, 125, 126, 127, 128, 65535, 65536, 1048576};

/* 1 */
static void echoes_every_length(void **state)
{
    (void)state;
    char *bytes = malloc(1048576);
    memset(bytes, '*', 1048576);
    for (size_t i = 0; i < sizeof lengths / sizeof *lengths; i++)
        for (unsigned opcode = WEBSOCKET_TEXT; opcode <= WEBSOCKET_BINARY; opcode++) {
            struct buffer in = {0}, out = {0};
            frame(&in, FIN | opcode, slice_of(bytes, lengths[i]));
            websocket_add_frame(&out, opcode, slice_of(bytes, lengths[i]));
            expect(&in, &out);
            buffer_free(&out);
        }
    free(bytes);
}

/* 2 */
static void answers_pings(void **state)
{
    (void)state;
    static const char bytes[126] = "\x00\xff\xfe binary is fine";
    struct buffer in = {0}, out = {0};
    for (size_t length = 0; length <= 125; length += 25) {
        frame(&in, PING, slice_of(bytes, length));
        websocket_add_frame(&out, WEBSOCKET_PONG, slice_of(bytes, length));
    }
    frame(&in, PONG, SLICE("unasked")); /* ignored */
    frame(&in, TEXT, SLICE("on"));
    websocket_add_frame(&out, WEBSOCKET_TEXT, SLICE("on"));
    expect(&in, &out);
    buffer_free(&out);
    frame(&in, PING, slice_of(bytes, 126));
    expect_failure(&in, 1002);
}

/* 3, 4 */
static void refuses_reserved_bits_and_opcodes(void **state)
{
    (void)state;
    for (unsigned bits = 1; bits < 8; bits++)
        for (unsigned opcode = 0; opcode < 16; opcode++) {
            struct buffer in = {0};
            frame(&in, TEXT, SLICE("before"));
            frame(&in, FIN | bits << 4 | opcode, SLICE(""));
            expect_failure(&in, 1002);
        }
    static const unsigned reserved[] = {3, 4, 5, 6, 7, 11, 12, 13, 14, 15};
    for (size_t i = 0; i < sizeof reserved / sizeof *reserved; i++) {
        struct buffer in = {0};
        frame(&in, FIN | reserved[i], SLICE("x"));
        expect_failure(&in, 1002);
    }
}

/* 5 */
static void joins_fragments(void **state)
{
    (void)state;
    struct buffer in = {0}, out = {0};
    frame(&in, WEBSOCKET_TEXT, SLICE("one"));
    frame(&in, PING, SLICE("ping"));
    frame(&in, WEBSOCKET_CONTINUATION, SLICE(""));
    frame(&in, PONG, SLICE("pong"));
    frame(&in, FIN | WEBSOCKET_CONTINUATION, SLICE("two"));
    websocket_add_frame(&out, WEBSOCKET_PONG, SLICE("ping"));
    websocket_add_frame(&out, WEBSOCKET_TEXT, SLICE("onetwo"));
    expect(&in, &out);
    buffer_free(&out);
}

static void refuses_bad_fragments(void **state)
{
    (void)state;
    struct buffer in = {0};
    frame(&in, WEBSOCKET_PING, SLICE("x")); /* a control frame in fragments */
    frame(&in, FIN | WEBSOCKET_CONTINUATION, SLICE("y"));
    expect_failure(&in, 1002);
    frame(&in, FIN | WEBSOCKET_CONTINUATION, SLICE("x")); /* nothing to continue */
    expect_failure(&in, 1002);
    frame(&in, WEBSOCKET_CONTINUATION, SLICE("x"));
    expect_failure(&in, 1002);
    frame(&in, WEBSOCKET_TEXT, SLICE("x")); /* another message inside */
    frame(&in, TEXT, SLICE("y"));
    expect_failure(&in, 1002);
    frame(&in, TEXT, SLICE("x"));
    frame(&in, FIN | WEBSOCKET_CONTINUATION, SLICE("y"));
    expect_failure(&in, 1002);
}

/* 6 */
static void checks_utf8_as_it_comes(void **state)
{
    (void)state;
    static const struct {
        struct slice text;
        bool valid;
    } examples[] = {
        {SLICE_INIT("Hello-\xc2\xb5@\xc3\x9f\xc3\xb6\xc3\xa4\xc3\xbc\xc3\xa0\xc3\xa1-UTF-8!!"), true},
        {SLICE_INIT("\xce\xba\xe1\xbd\xb9\xcf\x83\xce\xbc\xce\xb5"), true},
        {SLICE_INIT("\xce\xba\xe1\xbd\xb9\xcf\x83\xce\xbc\xce\xb5\xed\xa0\x80"
                    "edited"),
            false},
        {SLICE_INIT("\xce\xba\xe1\xbd\xb9\xcf\x83\xce\xbc\xce"), false},
        {SLICE_INIT("\x00"), true},
        {SLICE_INIT("\xc2\x80"), true},
        {SLICE_INIT("\xe0\xa0\x80"), true},
        {SLICE_INIT("\xf0\x90\x80\x80"), true},
        {SLICE_INIT("\xf8\x88\x80\x80\x80"), false},
        {SLICE_INIT("\xfc\x84\x80\x80\x80\x80"), false},
        {SLICE_INIT("\x7f"), true},
        {SLICE_INIT("\xdf\xbf"), true},
        {SLICE_INIT("\xef\xbf\xbf"), true},
        {SLICE_INIT("\xf4\x8f\xbf\xbf"), true},
        {SLICE_INIT("\xf7\xbf\xbf\xbf"), false},
        {SLICE_INIT("\xfb\xbf\xbf\xbf\xbf"), false},
        {SLICE_INIT("\xed\x9f\xbf"), true},
        {SLICE_INIT("\xee\x80\x80"), true},
        {SLICE_INIT("\xef\xbf\xbd"), true},
        {SLICE_INIT("\xf4\x90\x80\x80"), false},
        {SLICE_INIT("\x80"), false},
        {SLICE_INIT("\xbf"), false},
        {SLICE_INIT("\x80\xbf\x80"), false},
        {SLICE_INIT("\xc0 "), false},
        {SLICE_INIT("\xe0"), false},
        {SLICE_INIT("\xf0\x90\x80"), false},
        {SLICE_INIT("\xfe"), false},
        {SLICE_INIT("\xff"), false},
        {SLICE_INIT("\xc0\xaf"), false},
        {SLICE_INIT("\xe0\x80\xaf"), false},
        {SLICE_INIT("\xe0\x9f\xbf"), false},
        {SLICE_INIT("\xf0\x80\x80\xaf"), false},
        {SLICE_INIT("\xf0\x8f\xbf\xbf"), false},
        {SLICE_INIT("\xc1\xbf"), false},
        {SLICE_INIT("\xed\xa0\x80"), false},
        {SLICE_INIT("\xed\xbf\xbf"), false},
        {SLICE_INIT("\xed\xa0\x80\xed\xb0\x80"), false},
    };
    for (size_t i = 0; i < sizeof examples / sizeof *examples; i++)
        for (size_t cut = 0; cut <= examples[i].text.length; cut++) {
            struct buffer in = {0}, out = {0};
            frame(&in, WEBSOCKET_TEXT, slice_first(examples[i].text, cut));
            frame(&in, FIN | WEBSOCKET_CONTINUATION, slice_from(examples[i].text, cut));
            websocket_add_frame(&out, WEBSOCKET_TEXT, examples[i].text);
            if (examples[i].valid)
                expect(&in, &out);
            else
                expect_failure(&in, 1007);
            buffer_free(&out);
        }
}

/* 6.4: the byte that makes it invalid is enough. */
static void fails_fast(void **state)
{
    (void)state;
    struct buffer in = {0};
    frame(&in, WEBSOCKET_TEXT, SLICE("\xce\xba\xe1\xbd\xb9\xcf\x83\xce\xbc\xce\xb5\xf4"));
    struct websocket_drive d;
    feed(&d, &in, 1000);
    assert_false(d.failed);
    buffer_clear(&in);
    frame(&in, WEBSOCKET_CONTINUATION, SLICE("\x90 and more"));
    websocket_drive_feed(&d, slice_first(buffer_slice(&in), 6), 1000);
    assert_false(d.failed);
    websocket_drive_feed(&d, slice_of(in.data + 6, 1), 1000);
    assert_true(d.failed);
    websocket_drive_close(&d);
    buffer_free(&in);
}

/* 7 */
static void closes(void **state)
{
    (void)state;
    struct buffer in = {0}, out = {0};
    frame(&in, TEXT, SLICE("last"));
    frame(&in, CLOSE, SLICE("\x03\xe8 bye"));
    frame(&in, PING, SLICE("late"));
    frame(&in, CLOSE, SLICE("\x03\xe8"));
    websocket_add_frame(&out, WEBSOCKET_TEXT, SLICE("last"));
    websocket_add_frame(&out, WEBSOCKET_CLOSE, SLICE("\x03\xe8"));
    expect(&in, &out);
    buffer_clear(&out);
    frame(&in, WEBSOCKET_TEXT, SLICE("half")); /* a message that is open is lost */
    frame(&in, CLOSE, SLICE("\x03\xe8"));
    websocket_add_frame(&out, WEBSOCKET_CLOSE, SLICE("\x03\xe8"));
    expect(&in, &out);
    buffer_clear(&out);
    frame(&in, CLOSE, SLICE("")); /* no code: none back */
    websocket_add_frame(&out, WEBSOCKET_CLOSE, SLICE(""));
    expect(&in, &out);
    buffer_free(&out);
    frame(&in, CLOSE, SLICE("\x03"));
    expect_failure(&in, 1002);
    frame(&in, CLOSE, SLICE("\x03\xe8\xce\xba\xe1\xbd\xb9\xcf\x83\xce\xbc\xce\xb5\xed\xa0\x80"));
    expect_failure(&in, 1007);
    char reason[126] = {3, (char)0xe8};
    memset(reason + 2, '*', 124);
    frame(&in, CLOSE, slice_of(reason, 125));
    struct websocket_drive d;
    feed(&d, &in, 3);
    assert_true(d.closed && d.code == 1000);
    websocket_drive_close(&d);
    buffer_clear(&in);
    frame(&in, CLOSE, slice_of(reason, 126));
    expect_failure(&in, 1002);
}

static void checks_close_codes(void **state)
{
    (void)state;
    static const unsigned valid[] = {
        1000, 1001, 1002, 1003, 1007, 1008, 1009, 1010, 1011, 3000, 3999, 4000, 4999};
    static const unsigned invalid[] = {
        0, 999, 1004, 1005, 1006, 1012, 1013, 1014, 1015, 1016, 1100, 2000, 2999, 5000, 65535};
    for (size_t i = 0; i < sizeof valid / sizeof *valid; i++) {
        char code[2] = {(char)(valid[i] >> 8), (char)valid[i]};
        struct buffer in = {0}, out = {0};
        frame(&in, CLOSE, slice_of(code, 2));
        websocket_add_frame(&out, WEBSOCKET_CLOSE, slice_of(code, 2));
        expect(&in, &out);
        buffer_free(&out);
    }
    for (size_t i = 0; i < sizeof invalid / sizeof *invalid; i++) {
        char code[2] = {(char)(invalid[i] >> 8), (char)invalid[i]};
        struct buffer in = {0};
        frame(&in, CLOSE, slice_of(code, 2));
        expect_failure(&in, 1002);
    }
}

/* 10 */
static void joins_many_fragments(void **state)
{
    (void)state;
    struct buffer in = {0}, out = {0};
    char *bytes = malloc(65536);
    memset(bytes, '*', 65536);
    for (size_t at = 0; at < 65536; at += 1300) {
        size_t length = 65536 - at < 1300 ? 65536 - at : 1300;
        frame(&in, (at == 0 ? WEBSOCKET_TEXT : 0U) | (at + length == 65536 ? FIN : 0U),
            slice_of(bytes + at, length));
    }
    websocket_add_frame(&out, WEBSOCKET_TEXT, slice_of(bytes, 65536));
    expect(&in, &out);
    buffer_free(&out);
    free(bytes);
}

/* SEC-5 */
static void bounds_messages_and_fragments(void **state)
{
    (void)state;
    static const struct websocket_limits limits = {.message = 100, .fragments = 3};
    static const char bytes[101];
    struct buffer in = {0};
    struct websocket_drive d = {0};
    websocket_open(&d.w, &limits);
    frame(&in, BINARY, slice_of(bytes, 100));
    frame(&in, WEBSOCKET_BINARY, slice_of(bytes, 60));
    frame(&in, PING, slice_of(bytes, 100)); /* does not count */
    websocket_drive_feed(&d, buffer_slice(&in), 10);
    assert_int_equal(d.messages, 1);
    buffer_clear(&in);
    frame(&in, FIN, slice_of(bytes, 41));
    websocket_drive_feed(&d, slice_first(buffer_slice(&in), 6), 10); /* the header says enough */
    assert_true(d.failed);
    assert_int_equal(d.code, 1009);
    websocket_drive_close(&d);
    buffer_clear(&in);
    d = (struct websocket_drive){0};
    websocket_open(&d.w, &limits);
    for (int i = 0; i < 4; i++)
        frame(&in, i == 0 ? WEBSOCKET_BINARY : 0, SLICE(""));
    websocket_drive_feed(&d, buffer_slice(&in), 10);
    assert_int_equal(d.code, 1008);
    websocket_drive_close(&d);
    buffer_free(&in);
}

static void refuses_doubtful_headers(void **state)
{
    (void)state;
    static const struct slice examples[] = {
        SLICE_INIT("\x81\x02hi"),                            /* not masked */
        SLICE_INIT("\x81\xfe\x00\x05\x00\x00\x00\x00hello"), /* not the shortest length */
        SLICE_INIT("\x82\xff\x00\x00\x00\x00\x00\x00\xff\xff\x00\x00\x00\x00"),
        SLICE_INIT("\x82\xff\x80\x00\x00\x00\x00\x00\x00\x01\x00\x00\x00\x00"), /* top bit */
        SLICE_INIT("\x89\xfe\x00\x7e\x00\x00\x00\x00"),                         /* a long ping */
    };
    for (size_t i = 0; i < sizeof examples / sizeof *examples; i++) {
        struct buffer in = {0};
        buffer_add(&in, examples[i]);
        expect_failure(&in, 1002);
    }
}

static void idle_connection_costs_little(void **state)
{
    (void)state;
    assert_true(sizeof(struct websocket) < 200);
}

static void waits_for_the_peers_close(void **state)
{
    (void)state;
    struct websocket_drive d = {0};
    struct buffer in = {0};
    websocket_open(&d.w, NULL);
    websocket_send_close(&d.w, 4401, SLICE("signed out"), &d.out);
    assert_true(slice_equal(buffer_slice(&d.out), SLICE("\x88\x0c\x11\x31signed out")));
    frame(&in, TEXT, SLICE("dropped"));
    frame(&in, PING, SLICE("unanswered"));
    frame(&in, CLOSE, SLICE("\x11\x31"));
    websocket_drive_feed(&d, buffer_slice(&in), 4);
    assert_true(d.closed);
    assert_int_equal(d.messages, 0);
    assert_int_equal(d.out.length, 14);
    websocket_drive_close(&d);
    buffer_free(&in);
}

static void client_and_server_understand_each_other(void **state)
{
    (void)state;
    struct websocket client, server;
    struct buffer there = {0}, back = {0}, none = {0};
    struct websocket_message m;
    websocket_open_client(&client, NULL, 1);
    websocket_open(&server, NULL);
    websocket_send(&client, WEBSOCKET_TEXT, SLICE("question, long enough to be masked in words"), &there);
    websocket_send(&client, WEBSOCKET_PING, SLICE("x"), &there);
    struct slice bytes = buffer_slice(&there);
    assert_int_equal(websocket_next(&server, &bytes, &m, &back), WEBSOCKET_MESSAGE);
    assert_true(slice_equal(m.bytes, SLICE("question, long enough to be masked in words")));
    websocket_send(&server, WEBSOCKET_BINARY, SLICE("answer"), &back);
    assert_int_equal(websocket_next(&server, &bytes, &m, &back), WEBSOCKET_PINGED);
    assert_int_equal(websocket_next(&server, &bytes, &m, &back), WEBSOCKET_MORE);
    websocket_send_close(&server, 1001, SLICE("going"), &back);
    bytes = buffer_slice(&back);
    buffer_clear(&there);
    assert_int_equal(websocket_next(&client, &bytes, &m, &there), WEBSOCKET_MESSAGE);
    assert_true(slice_equal(m.bytes, SLICE("answer")));
    assert_int_equal(websocket_next(&client, &bytes, &m, &there), WEBSOCKET_PONGED);
    assert_int_equal(websocket_next(&client, &bytes, &m, &there), WEBSOCKET_CLOSED);
    assert_true(m.code == 1001 && slice_equal(m.bytes, SLICE("going")));
    bytes = buffer_slice(&there);
    assert_int_equal(websocket_next(&server, &bytes, &m, &none), WEBSOCKET_CLOSED);
    assert_int_equal(none.length, 0);
    websocket_close(&client);
    websocket_close(&server);
    buffer_free(&there);
    buffer_free(&back);
}

static const struct slice protocols[] = {SLICE_INIT("tandem.v2"), SLICE_INIT("tandem.v1")};
static const struct websocket_rules rules = {true, protocols, 2};

static int handshake(const char *fields, struct slice *protocol, struct buffer *out)
{
    struct http_connection c;
    struct buffer request = {0};
    http_open(&c, NULL);
    buffer_add_format(&request, "GET /ws HTTP/1.1\r\nHost: a:8443\r\n%s\r\n", fields);
    assert_int_equal(http_feed(&c, buffer_slice(&request)), 0);
    assert_int_equal(http_next(&c, 0, out), HTTP_GOT_REQUEST);
    int error = websocket_handshake(&c, 0, &rules, protocol, out);
    http_close(&c);
    buffer_free(&request);
    return error;
}

#define UPGRADE "Upgrade: WebSocket\r\nConnection: keep-alive, Upgrade\r\n"
#define KEY "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n"
#define VERSION "Sec-WebSocket-Version: 13\r\n"

static void shakes_hands(void **state)
{
    (void)state;
    struct buffer out = {0};
    struct slice protocol;
    assert_int_equal(handshake(UPGRADE KEY VERSION "Origin: https://A:8443\r\n"
                                                   "Sec-WebSocket-Protocol: chat, tandem.v1\r\n",
                         &protocol, &out),
        0);
    assert_true(slice_starts(buffer_slice(&out), SLICE("HTTP/1.1 101 Switching Protocols\r\n")));
    assert_true(slice_find_slice(buffer_slice(&out),
                    SLICE("Sec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\n")) > 0); /* RFC 6455 1.3 */
    assert_true(slice_ends(buffer_slice(&out), SLICE("Sec-WebSocket-Protocol: tandem.v1\r\n\r\n")));
    assert_false(slice_find_slice(buffer_slice(&out), SLICE("Content-Length")) > 0);
    uint8_t random[16];
    memcpy(random, "the sample nonce", 16);
    assert_int_equal(websocket_check_answer(buffer_slice(&out), random), 0);
    random[0] = 'T';
    assert_int_equal(websocket_check_answer(buffer_slice(&out), random), ERROR_SYNTAX);
    buffer_clear(&out);
    assert_int_equal(handshake(UPGRADE KEY VERSION, &protocol, &out), 0); /* not a browser: no Origin */
    assert_int_equal(protocol.length, 0);
    buffer_free(&out);
}

static void refuses_bad_handshakes(void **state)
{
    (void)state;
    static const struct {
        const char *fields, *status;
        int error;
    } examples[] = {
        {KEY VERSION, "426", ERROR_UNSUPPORTED},
        {"Upgrade: websocket\r\n" KEY VERSION, "426", ERROR_UNSUPPORTED},
        {UPGRADE KEY "Sec-WebSocket-Version: 8\r\n", "426", ERROR_UNSUPPORTED},
        {UPGRADE KEY, "400", ERROR_SYNTAX},
        {UPGRADE VERSION, "400", ERROR_SYNTAX},
        {UPGRADE KEY KEY VERSION, "400", ERROR_SYNTAX},
        {UPGRADE VERSION "Sec-WebSocket-Key: short\r\n", "400", ERROR_SYNTAX},
        {UPGRADE VERSION "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ=A\r\n", "400", ERROR_SYNTAX},
        {UPGRADE KEY VERSION "Origin: https://evil:8443\r\n", "403", ERROR_DENIED},
        {UPGRADE KEY VERSION "Origin: null\r\n", "403", ERROR_DENIED},
        {UPGRADE KEY VERSION "Origin: http://a:8443\r\n", "403", ERROR_DENIED},
    };
    for (size_t i = 0; i < sizeof examples / sizeof *examples; i++) {
        struct buffer out = {0};
        struct slice protocol;
        assert_int_equal(handshake(examples[i].fields, &protocol, &out), examples[i].error);
        assert_memory_equal(out.data + 9, examples[i].status, 3);
        if (examples[i].error == ERROR_UNSUPPORTED)
            assert_true(slice_find_slice(buffer_slice(&out), SLICE("Sec-WebSocket-Version: 13\r\n")) > 0);
        buffer_free(&out);
    }
}

TESTS("http/websocket", cmocka_unit_test(echoes_every_length), cmocka_unit_test(answers_pings),
    cmocka_unit_test(refuses_reserved_bits_and_opcodes), cmocka_unit_test(joins_fragments),
    cmocka_unit_test(refuses_bad_fragments), cmocka_unit_test(checks_utf8_as_it_comes),
    cmocka_unit_test(fails_fast), cmocka_unit_test(closes), cmocka_unit_test(checks_close_codes),
    cmocka_unit_test(joins_many_fragments), cmocka_unit_test(bounds_messages_and_fragments),
    cmocka_unit_test(refuses_doubtful_headers), cmocka_unit_test(idle_connection_costs_little),
    cmocka_unit_test(waits_for_the_peers_close), cmocka_unit_test(client_and_server_understand_each_other),
    cmocka_unit_test(shakes_hands), cmocka_unit_test(refuses_bad_handshakes))
