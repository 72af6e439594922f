#include "sip/sdp.h"

#include "base/error.h"
#include "unit.h"

static const char offer[] = "v=0\r\n"
                            "o=alice 2890844526 2890844527 IN IP4 host.example\r\n"
                            "s=-\r\n"
                            "c=IN IP4 192.0.2.1\r\n"
                            "t=0 0\r\n"
                            "a=recvonly\r\n"
                            "m=audio 49170/2 RTP/AVP 0 8 97 101\r\n"
                            "a=rtpmap:97 opus/48000/2\r\n"
                            "a=rtpmap:101 telephone-event/8000\r\n"
                            "a=fmtp:101 0-15\r\n"
                            "a=ptime:20\r\n"
                            "a=mid:one\r\n"
                            "a=candidate:1 1 UDP 2130706431 192.0.2.1 49170 typ host\r\n"
                            "a=sendonly\r\n"
                            "m=video 51372 RTP/AVP 31\r\n"
                            "c=IN IP6 2001:db8::1\r\n"
                            "a=rtcp:53020\r\n";

static void assert_slice(struct slice s, const char *expected)
{
    if (!slice_equal(s, slice_text(expected)))
        fail_msg("\"%.*s\" is not \"%s\"", SLICE_ARG(s), expected);
}

/* CM-40: RFC 4566 */
static void takes_a_description_apart(void **state)
{
    (void)state;
    struct arena arena = {0};
    struct sdp s;
    struct sdp_codec codec;
    struct slice value;
    assert_int_equal(sdp_parse(&s, SLICE(offer), &arena), 0);
    assert_slice(s.origin.user, "alice");
    assert_slice(s.origin.address, "host.example");
    assert_int_equal(s.origin.id, 2890844526);
    assert_int_equal(s.origin.version, 2890844527);
    assert_int_equal(s.media_count, 2);
    assert_int_equal(s.attribute_count, 1);
    const struct sdp_media *audio = &s.media[0], *video = &s.media[1];
    assert_slice(audio->type, "audio");
    assert_slice(audio->protocol, "RTP/AVP");
    assert_slice(audio->formats, "0 8 97 101");
    assert_int_equal(audio->port, 49170);
    assert_int_equal(audio->ports, 2);
    assert_slice(audio->connection, "192.0.2.1");
    assert_int_equal(audio->direction, SDP_SENDONLY);
    assert_int_equal(audio->ptime, 20);
    assert_int_equal(audio->attribute_count, 7);
    assert_slice(video->connection, "2001:db8::1");
    assert_int_equal(video->direction, SDP_RECVONLY);
    assert_true(sdp_codec(audio, 97, &codec));
    assert_slice(codec.name, "opus");
    assert_int_equal(codec.rate, 48000);
    assert_int_equal(codec.channels, 2);
    assert_true(sdp_codec(audio, 8, &codec));
    assert_slice(codec.name, "PCMA");
    assert_false(sdp_codec(audio, 98, &codec));
    assert_true(sdp_fmtp(audio, 101, &value));
    assert_slice(value, "0-15");
    assert_false(sdp_fmtp(audio, 97, &value));
    assert_true(sdp_attribute(video, SLICE("rtcp"), &value));
    assert_slice(value, "53020");
    assert_false(sdp_attribute(video, SLICE("ptime"), &value));
    arena_free(&arena);
}

/* SEC-5 */
static void refuses_bad_descriptions(void **state)
{
    (void)state;
#define BEGIN "v=0\no=- 1 1 IN IP4 a\ns=-\n"
    static const struct {
        const char *text;
        int error;
    } table[] = {
        {BEGIN, 0},
        {BEGIN "\r\n\n", 0},
        {BEGIN "c=IN IP4 1.2.3.4\nm=audio 1 RTP/AVP 0", 0},
        {BEGIN "m=audio 0 RTP/AVP 0", 0},
        {"", ERROR_SYNTAX},
        {"\n", ERROR_SYNTAX},
        {"v=1\no=- 1 1 IN IP4 a\n", ERROR_SYNTAX},
        {"o=- 1 1 IN IP4 a\nv=0\n", ERROR_SYNTAX},
        {"v=0\ns=-\n", ERROR_SYNTAX},
        {BEGIN "o=- 1 1 IN IP4 a\n", ERROR_SYNTAX},
        {"v=0\no=- x 1 IN IP4 a\n", ERROR_SYNTAX},
        {"v=0\no=- 1 -1 IN IP4 a\n", ERROR_SYNTAX},
        {"v=0\no=- 1 18446744073709551616 IN IP4 a\n", ERROR_SYNTAX},
        {"v=0\no=- 1 1 IN IP4\n", ERROR_SYNTAX},
        {"v=0\no=- 1 1 IN IP4 a b\n", ERROR_SYNTAX},
        {"v=0\no=-  1 1 IN IP4 a\n", ERROR_SYNTAX},
        {BEGIN "m=audio 1 RTP/AVP 0\n", ERROR_SYNTAX}, /* no connection */
        {BEGIN "c=IN IP5 1\n", ERROR_SYNTAX},
        {BEGIN "c=IN IP4 \n", ERROR_SYNTAX},
        {BEGIN "m=audio 65536 RTP/AVP 0\n", ERROR_SYNTAX},
        {BEGIN "m=audio -1 RTP/AVP 0\n", ERROR_SYNTAX},
        {BEGIN "m=audio 0/0 RTP/AVP 0\n", ERROR_SYNTAX},
        {BEGIN "m=audio 0 RTP/AVP\n", ERROR_SYNTAX},
        {BEGIN "m=audio\n", ERROR_SYNTAX},
        {BEGIN "a=\n", ERROR_SYNTAX},
        {BEGIN "a=:x\n", ERROR_SYNTAX},
        {BEGIN "x=1\n", ERROR_SYNTAX},
        {BEGIN "a\n", ERROR_SYNTAX},
        {BEGIN " a=x\n", ERROR_SYNTAX},
        {BEGIN "\na=x\n", ERROR_SYNTAX},
        {BEGIN "a=x\ry\n", ERROR_SYNTAX},
        {BEGIN "m=audio 0 RTP/AVP 0\ns=late\n", ERROR_SYNTAX},
    };
    struct arena arena = {0};
    struct sdp s;
    for (size_t i = 0; i < sizeof table / sizeof *table; i++) {
        int error = sdp_parse(&s, slice_text(table[i].text), &arena);
        if (error != table[i].error)
            fail_msg("row %zu: %s: %s", i, table[i].text, error_symbol(error));
    }
    arena_free(&arena);
}

/* SEC-5 */
static void refuses_too_large_descriptions(void **state)
{
    (void)state;
    struct arena arena = {0};
    struct sdp s;
    struct buffer many = {0};
    buffer_add_text(&many, BEGIN);
    for (unsigned i = 0; i < SDP_MEDIA_LIMIT; i++)
        buffer_add_text(&many, "m=audio 0 RTP/AVP 0\n");
    assert_int_equal(sdp_parse(&s, buffer_slice(&many), &arena), 0);
    assert_int_equal(s.media_count, SDP_MEDIA_LIMIT);
    buffer_add_text(&many, "m=audio 0 RTP/AVP 0\n");
    assert_int_equal(sdp_parse(&s, buffer_slice(&many), &arena), ERROR_LIMIT);
    buffer_clear(&many);
    buffer_add_text(&many, BEGIN);
    while (many.length <= SDP_LIMIT)
        buffer_add_text(&many, "a=xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx\n");
    assert_int_equal(sdp_parse(&s, buffer_slice(&many), &arena), ERROR_LIMIT);
    buffer_clear(&many);
    buffer_add_text(&many, BEGIN);
    for (unsigned i = 0; i < SDP_LINES_LIMIT; i++)
        buffer_add_text(&many, "a=x\n");
    assert_int_equal(sdp_parse(&s, buffer_slice(&many), &arena), ERROR_LIMIT);
    buffer_free(&many);
    arena_free(&arena);
}

static void only_the_origin_is_replaced(void **state)
{
    (void)state;
    struct arena arena = {0};
    struct buffer out = {0};
    struct sdp a, b;
    sdp_add_with_origin(&out, SLICE(offer), 7, 8);
    assert_int_equal(sdp_parse(&a, SLICE(offer), &arena), 0);
    assert_int_equal(sdp_parse(&b, buffer_slice(&out), &arena), 0);
    assert_int_equal(b.origin.id, 7);
    assert_int_equal(b.origin.version, 8);
    assert_slice(b.origin.user, "alice");
    assert_slice(b.origin.address, "host.example");
    assert_true(sdp_equal_media(&a, &b));
    assert_true(sdp_equal_media(&b, &a));
    assert_true(sdp_answer_fits(&a, &b));
    buffer_free(&out);
    arena_free(&arena);
}

/* RFC 3264 8.4 */
static void hold_sets_every_direction(void **state)
{
    (void)state;
    struct arena arena = {0};
    struct buffer held = {0}, back = {0};
    struct sdp a, b;
    assert_int_equal(sdp_parse(&a, SLICE(offer), &arena), 0);
    assert_false(sdp_is_hold(&a));
    sdp_add_with_direction(&held, SLICE(offer), SDP_SENDONLY);
    assert_int_equal(sdp_parse(&b, buffer_slice(&held), &arena), 0);
    assert_int_equal(b.media[0].direction, SDP_SENDONLY);
    assert_int_equal(b.media[1].direction, SDP_SENDONLY);
    assert_int_equal(b.attribute_count, 0);
    assert_true(sdp_is_hold(&b));
    assert_false(sdp_equal_media(&a, &b));
    sdp_add_with_direction(&back, buffer_slice(&held), SDP_SENDRECV);
    assert_int_equal(sdp_parse(&b, buffer_slice(&back), &arena), 0);
    assert_int_equal(b.media[0].direction, SDP_SENDRECV);
    assert_false(sdp_is_hold(&b));
    /* Said or left out: the same. */
    struct buffer bare = {0};
    sdp_add_with_direction(
        &bare, SLICE("v=0\no=- 1 1 IN IP4 a\nc=IN IP4 1.2.3.4\nm=audio 1 RTP/AVP 0\n"), SDP_SENDRECV);
    assert_int_equal(
        sdp_parse(&a, SLICE("v=0\no=- 2 2 IN IP4 a\nc=IN IP4 1.2.3.4\nm=audio 1 RTP/AVP 0\n"), &arena), 0);
    assert_int_equal(sdp_parse(&b, buffer_slice(&bare), &arena), 0);
    assert_true(sdp_equal_media(&a, &b));
    /* RFC 2543's way. */
    assert_int_equal(
        sdp_parse(&a, SLICE("v=0\no=- 2 2 IN IP4 a\nc=IN IP4 0.0.0.0\nm=audio 1 RTP/AVP 0\n"), &arena), 0);
    assert_true(sdp_is_hold(&a));
    assert_int_equal(sdp_direction_reverse(SDP_SENDONLY), SDP_RECVONLY);
    assert_int_equal(sdp_direction_reverse(SDP_INACTIVE), SDP_INACTIVE);
    buffer_free(&bare);
    buffer_free(&held);
    buffer_free(&back);
    arena_free(&arena);
}

/* RFC 3264 6 */
static void an_answer_fits_or_not(void **state)
{
    (void)state;
    struct arena arena = {0};
    struct buffer out = {0};
    struct sdp a, b;
    assert_int_equal(sdp_parse(&a, SLICE(offer), &arena), 0);
    sdp_add_with_rejected(&out, SLICE(offer), 1);
    assert_int_equal(sdp_parse(&b, buffer_slice(&out), &arena), 0);
    assert_int_equal(b.media[0].port, 0);
    assert_slice(b.media[0].formats, "0 8 97 101");
    assert_int_equal(b.media[0].attribute_count, 1);
    assert_int_equal(b.media[1].port, 51372);
    assert_true(sdp_answer_fits(&a, &b));
    assert_false(sdp_answer_fits(&b, &a)); /* what was offered with port 0 cannot come alive in the answer */
    assert_int_equal(
        sdp_parse(&b, SLICE("v=0\no=- 2 2 IN IP4 a\nc=IN IP4 1.2.3.4\nm=audio 1 RTP/AVP 0\n"), &arena), 0);
    assert_false(sdp_answer_fits(&a, &b));
    assert_int_equal(
        sdp_parse(&b,
            SLICE("v=0\no=- 2 2 IN IP4 a\nc=IN IP4 1.2.3.4\nm=video 1 RTP/AVP 0\nm=audio 1 RTP/AVP 0\n"),
            &arena),
        0);
    assert_false(sdp_answer_fits(&a, &b));
    buffer_free(&out);
    arena_free(&arena);
}

TESTS("sip/sdp", cmocka_unit_test(takes_a_description_apart), cmocka_unit_test(refuses_bad_descriptions),
    cmocka_unit_test(refuses_too_large_descriptions), cmocka_unit_test(only_the_origin_is_replaced),
    cmocka_unit_test(hold_sets_every_direction), cmocka_unit_test(an_answer_fits_or_not))
