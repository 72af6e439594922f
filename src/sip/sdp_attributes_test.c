#include "sip/sdp_attributes.h"

#include "base/error.h"
#include "unit.h"

static void assert_slice(struct slice s, const char *expected)
{
    if (!slice_equal(s, slice_text(expected)))
        fail_msg("\"%.*s\" is not \"%s\"", SLICE_ARG(s), expected);
}

#define KEY30 "d0RmdmcmVCspeEc3QGZiNWpVLFJhQX1cfHAwJSoj"

/* MD-5, MD-6: what browsers and phones send. */
static void candidates_are_understood(void **state)
{
    (void)state;
    struct sdp_candidate candidate;
    assert_int_equal(
        sdp_candidate_parse(&candidate,
            SLICE("842163049 1 udp 1677729535 203.0.113.9 46154 typ srflx raddr 192.0.2.1 rport 46154 "
                  "generation 0 ufrag yxb5")),
        0);
    assert_slice(candidate.type, "srflx");
    assert_int_equal(candidate.priority, 1677729535);
    assert_int_equal(candidate.port, 46154);
    assert_slice(candidate.related, "192.0.2.1");
    assert_int_equal(candidate.related_port, 46154);
    assert_slice(candidate.extensions, "generation 0 ufrag yxb5");
    assert_int_equal(
        sdp_candidate_parse(&candidate, SLICE("1 256 TCP 0 2001:db8::1 9 typ host tcptype active")), 0);
    assert_slice(candidate.extensions, "tcptype active");
    assert_int_equal(sdp_candidate_parse(&candidate, SLICE("a+/ 1 udp 1 4e1d.local 1 typ host")), 0);
}

/* MD-5, MD-6 */
static void attributes_are_understood(void **state)
{
    (void)state;
    struct sdp_fingerprint fingerprint;
    struct sdp_crypto crypto;
    struct sdp_rtcp rtcp;
    struct sdp_feedback feedback;
    struct sdp_extension extension;
    struct sdp_source source;
    enum sdp_setup setup;
    uint64_t events;
    assert_true(sdp_ice_ufrag_good(SLICE("F7gI")));
    assert_true(sdp_ice_pwd_good(SLICE("x9cml/YzichV2+XlhiMu8g")));
    assert_int_equal(sdp_fingerprint_parse(&fingerprint,
                         SLICE("SHA-1 4A:AD:B9:B1:3F:82:18:3B:54:02:12:DF:3E:5D:49:6B:19:E5:7C:ab")),
        0);
    assert_int_equal(fingerprint.length, 20);
    assert_int_equal(fingerprint.bytes[0], 0x4a);
    assert_int_equal(fingerprint.bytes[19], 0xab);
    assert_int_equal(sdp_setup_parse(&setup, SLICE("passive")), 0);
    assert_int_equal(setup, SDP_PASSIVE);
    assert_int_equal(sdp_crypto_parse(&crypto,
                         SLICE("1 AES_CM_128_HMAC_SHA1_80 inline:" KEY30 "|2^20|1:32 UNENCRYPTED_SRTCP")),
        0);
    assert_int_equal(crypto.tag, 1);
    assert_int_equal(crypto.key_length, 30);
    assert_memory_equal(crypto.key, "wDfvg&T+)xG7@fb5jU,RaA}\\|p0%*#", 30);
    assert_slice(crypto.lifetime, "2^20");
    assert_slice(crypto.mki, "1:32");
    assert_slice(crypto.parameters, "UNENCRYPTED_SRTCP");
    assert_int_equal(sdp_crypto_parse(&crypto,
                         SLICE("2 AEAD_AES_128_GCM inline:AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA==")),
        0);
    assert_int_equal(sdp_rtcp_parse(&rtcp, SLICE("53020 IN IP6 2001:db8::1")), 0);
    assert_int_equal(rtcp.port, 53020);
    assert_slice(rtcp.address, "2001:db8::1");
    assert_int_equal(sdp_feedback_parse(&feedback, SLICE("* nack pli")), 0);
    assert_int_equal(feedback.format, -1);
    assert_slice(feedback.parameters, "pli");
    assert_int_equal(sdp_extension_parse(&extension, SLICE("4096/recvonly URI:b x y")), 0);
    assert_int_equal(extension.direction, SDP_RECVONLY);
    assert_slice(extension.attributes, "x y");
    assert_int_equal(sdp_source_parse(&source, SLICE("4294967295 cname:a b")), 0);
    assert_int_equal(source.ssrc, UINT32_MAX);
    assert_slice(source.value, "a b");
    assert_int_equal(sdp_events_parse(&events, SLICE("0-15, 32,255")), 0);
    assert_true(events == 0x10000ffff);
}

enum kind { CANDIDATE, FINGERPRINT, SETUP, CRYPTO, RTCP, FEEDBACK, EXTENSION, SOURCE, EVENTS };

static const struct {
    enum kind kind;
    const char *text;
} bad[] = {
    {CANDIDATE, ""},
    {CANDIDATE, "1 1 udp 1 192.0.2.1 1 typ"},
    {CANDIDATE, "1 0 udp 1 192.0.2.1 1 typ host"},
    {CANDIDATE, "1 257 udp 1 192.0.2.1 1 typ host"},
    {CANDIDATE, "1 1 udp 4294967296 192.0.2.1 1 typ host"},
    {CANDIDATE, "1 1 udp 1 192.0.2.1 65536 typ host"},
    {CANDIDATE, "1 1 udp 1 <x> 1 typ host"},
    {CANDIDATE, "1 1 udp -1 192.0.2.1 1 typ host"},
    {CANDIDATE, "1 1 udp 1 192.0.2.1 1 type host"},
    {CANDIDATE, "123456789012345678901234567890123 1 udp 1 192.0.2.1 1 typ host"},
    {CANDIDATE, "1 1 udp 1 192.0.2.1 1 typ srflx raddr"},
    {CANDIDATE, "1 1 udp 1 192.0.2.1 1 typ srflx raddr x rport 65536"},
    {CANDIDATE, "1 1 udp 1 192.0.2.1 1 typ host generation"},
    {CANDIDATE, "1 1  udp 1 192.0.2.1 1 typ host"},
    {FINGERPRINT, ""},
    {FINGERPRINT, "sha-1"},
    {FINGERPRINT, "md5 4A:AD:B9:B1:3F:82:18:3B:54:02:12:DF:3E:5D:49:6B"},
    {FINGERPRINT, "sha-256 4A:AD:B9:B1:3F:82:18:3B:54:02:12:DF:3E:5D:49:6B:19:E5:7C:AB"},
    {FINGERPRINT, "sha-1 4A:AD:B9:B1:3F:82:18:3B:54:02:12:DF:3E:5D:49:6B:19:E5:7C:AG"},
    {FINGERPRINT, "sha-1 4A-AD-B9-B1-3F-82-18-3B-54-02-12-DF-3E-5D-49-6B-19-E5-7C-AB"},
    {FINGERPRINT, "sha-1 4A:AD:B9:B1:3F:82:18:3B:54:02:12:DF:3E:5D:49:6B:19:E5:7C:AB:"},
    {SETUP, ""},
    {SETUP, "none"},
    {CRYPTO, ""},
    {CRYPTO, "1 AES_CM_128_HMAC_SHA1_80"},
    {CRYPTO, "0 AES_CM_128_HMAC_SHA1_80 inline:" KEY30},
    {CRYPTO, "9999999999 AES_CM_128_HMAC_SHA1_80 inline:" KEY30},
    {CRYPTO, "1 AES_CM_128_HMAC_SHA1_80 " KEY30},
    {CRYPTO, "1 AES_CM_128_HMAC_SHA1_80 inline:"},
    {CRYPTO, "1 AES_CM_128_HMAC_SHA1_80 inline:" KEY30 "A"},
    {CRYPTO, "1 AES_CM_128_HMAC_SHA1_80 inline:" KEY30 KEY30},
    {CRYPTO, "1 AES_CM_128_HMAC_SHA1_80 inline:" KEY30 "|"},
    {CRYPTO, "1 AES_CM_128_HMAC_SHA1_80 inline:" KEY30 "|2^20|2^20"},
    {CRYPTO, "1 AES_CM_128_HMAC_SHA1_80 inline:" KEY30 "|1:1|1:1"},
    {CRYPTO, "1 AES_256_CM_HMAC_SHA1_80 inline:" KEY30},
    {CRYPTO, "1 AEAD_AES_128_GCM inline:AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAB=="},
    {RTCP, ""},
    {RTCP, "65536"},
    {RTCP, "1 IN IP4"},
    {RTCP, "1 OUT IP4 1.1.1.1"},
    {RTCP, "1 IN IP4 1.1.1.1 x"},
    {FEEDBACK, ""},
    {FEEDBACK, "*"},
    {FEEDBACK, "128 nack"},
    {FEEDBACK, "x nack"},
    {EXTENSION, ""},
    {EXTENSION, "1"},
    {EXTENSION, "0 URI:x"},
    {EXTENSION, "15 URI:x"},
    {EXTENSION, "256 URI:x"},
    {EXTENSION, "4352 URI:x"},
    {EXTENSION, "1/both URI:x"},
    {EXTENSION, "1 x"},
    {SOURCE, ""},
    {SOURCE, "1"},
    {SOURCE, "4294967296 cname:x"},
    {SOURCE, "-1 cname:x"},
    {EVENTS, ""},
    {EVENTS, "256"},
    {EVENTS, "15-0"},
    {EVENTS, "0-"},
    {EVENTS, "0,,1"},
    {EVENTS, "-1"},
};

static int parse(enum kind kind, struct slice text)
{
    union {
        struct sdp_candidate candidate;
        struct sdp_fingerprint fingerprint;
        enum sdp_setup setup;
        struct sdp_crypto crypto;
        struct sdp_rtcp rtcp;
        struct sdp_feedback feedback;
        struct sdp_extension extension;
        struct sdp_source source;
        uint64_t events;
    } v;
    switch (kind) {
    case CANDIDATE:
        return sdp_candidate_parse(&v.candidate, text);
    case FINGERPRINT:
        return sdp_fingerprint_parse(&v.fingerprint, text);
    case SETUP:
        return sdp_setup_parse(&v.setup, text);
    case CRYPTO:
        return sdp_crypto_parse(&v.crypto, text);
    case RTCP:
        return sdp_rtcp_parse(&v.rtcp, text);
    case FEEDBACK:
        return sdp_feedback_parse(&v.feedback, text);
    case EXTENSION:
        return sdp_extension_parse(&v.extension, text);
    case SOURCE:
        return sdp_source_parse(&v.source, text);
    default:
        return sdp_events_parse(&v.events, text);
    }
}

/* SEC-5, SEC-7 */
static void broken_attributes_are_refused(void **state)
{
    (void)state;
    struct sdp_crypto crypto;
    char long_word[258];
    memset(long_word, 'a', sizeof long_word);
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
        if (parse(bad[i].kind, slice_text(bad[i].text)) != ERROR_SYNTAX)
            fail_msg("row %zu: \"%s\" is accepted", i, bad[i].text);
    assert_int_equal(
        sdp_crypto_parse(&crypto, SLICE("1 F8_128_HMAC_SHA1_80 inline:" KEY30)), ERROR_UNSUPPORTED);
    assert_int_equal(sdp_crypto_parse(&crypto, SLICE("1 AES_CM_128_HMAC_SHA1_80 inline:" KEY30
                                                     "|2^20|1:4;inline:" KEY30 "|2^20|2:4")),
        ERROR_UNSUPPORTED);
    assert_false(sdp_ice_ufrag_good(SLICE("abc")));
    assert_false(sdp_ice_ufrag_good(slice_of(long_word, 257)));
    assert_false(sdp_ice_ufrag_good(SLICE("ab c")));
    assert_false(sdp_ice_pwd_good(slice_of(long_word, 21)));
    assert_true(sdp_ice_pwd_good(slice_of(long_word, 256)));
}

/* ---- offer and answer ---- */

#define SESSION(version) "v=0\r\no=- 1 " version " IN IP4 192.0.2.1\r\ns=-\r\nc=IN IP4 192.0.2.1\r\nt=0 0\r\n"
#define AUDIO "m=audio 4000 RTP/AVP 0 8 101\r\na=rtpmap:101 telephone-event/8000\r\n"

static const struct {
    const char *offer, *answer;
    enum sdp_misfit misfit;
} pairs[] = {
    {AUDIO, AUDIO, SDP_FITS},
    {AUDIO, "m=audio 1 RTP/AVP 8\r\n", SDP_FITS},
    {AUDIO, "m=audio 1 RTP/AVP 96\r\na=rtpmap:96 pcma/8000/1\r\n", SDP_FITS}, /* the same by another number */
    {AUDIO, "m=audio 0 RTP/AVP 18\r\n", SDP_FITS},
    {"m=audio 1 RTP/AVP 101\r\na=rtpmap:101 telephone-event/8000\r\n",
        "m=audio 1 RTP/AVP 101\r\na=rtpmap:101 telephone-event/8000\r\n", SDP_FITS},
    {"m=image 1 udptl t38\r\n", "m=image 1 udptl t38\r\n", SDP_FITS},
    {AUDIO, "", SDP_MISFIT_COUNT},
    {AUDIO, AUDIO AUDIO, SDP_MISFIT_COUNT},
    {AUDIO, "m=video 1 RTP/AVP 0\r\n", SDP_MISFIT_TYPE},
    {AUDIO, "m=audio 1 RTP/SAVP 0\r\n", SDP_MISFIT_TYPE},
    {"m=audio 0 RTP/AVP 0\r\n", AUDIO, SDP_MISFIT_REVIVED},
    {"m=audio 0 RTP/AVP 0\r\na=bundle-only\r\n", AUDIO, SDP_FITS},
    {AUDIO "a=sendonly\r\n", AUDIO "a=recvonly\r\n", SDP_FITS},
    {AUDIO "a=sendonly\r\n", AUDIO "a=inactive\r\n", SDP_FITS},
    {AUDIO "a=sendonly\r\n", AUDIO, SDP_MISFIT_DIRECTION},
    {AUDIO "a=sendonly\r\n", AUDIO "a=sendonly\r\n", SDP_MISFIT_DIRECTION},
    {AUDIO "a=recvonly\r\n", AUDIO "a=recvonly\r\n", SDP_MISFIT_DIRECTION},
    {AUDIO "a=inactive\r\n", AUDIO "a=recvonly\r\n", SDP_MISFIT_DIRECTION},
    {AUDIO, AUDIO "a=sendonly\r\n", SDP_FITS},
    {AUDIO, "m=audio 1 RTP/AVP 18\r\n", SDP_MISFIT_FORMAT},
    {AUDIO, "m=audio 1 RTP/AVP 101\r\na=rtpmap:101 telephone-event/8000\r\n",
        SDP_MISFIT_FORMAT}, /* events are no speech */
    {AUDIO, "m=audio 1 RTP/AVP 96\r\na=rtpmap:96 PCMA/16000\r\n", SDP_MISFIT_FORMAT},
    {AUDIO "a=mid:a\r\n", AUDIO "a=mid:a\r\n", SDP_FITS},
    {AUDIO "a=mid:a\r\n", AUDIO, SDP_FITS},
    {AUDIO "a=mid:a\r\n", AUDIO "a=mid:b\r\n", SDP_MISFIT_MID},
    {AUDIO, AUDIO "a=mid:a\r\n", SDP_MISFIT_MID},
    {AUDIO "a=setup:actpass\r\n", AUDIO "a=setup:active\r\n", SDP_FITS},
    {AUDIO "a=setup:active\r\n", AUDIO "a=setup:passive\r\n", SDP_FITS},
    {AUDIO "a=setup:active\r\n", AUDIO "a=setup:active\r\n", SDP_MISFIT_SETUP},
    {AUDIO "a=setup:actpass\r\n", AUDIO "a=setup:actpass\r\n", SDP_MISFIT_SETUP},
};

/* CM-40: RFC 3264 6. */
static void an_answer_fits_its_offer_or_not(void **state)
{
    (void)state;
    struct buffer left = {0}, right = {0};
    for (size_t i = 0; i < sizeof pairs / sizeof *pairs; i++) {
        struct arena arena = {0};
        struct sdp offer, answer;
        size_t medium = 7;
        buffer_clear(&left);
        buffer_clear(&right);
        buffer_add_format(&left, SESSION("1") "%s", pairs[i].offer);
        buffer_add_format(&right, SESSION("9") "%s", pairs[i].answer);
        assert_int_equal(sdp_parse(&offer, buffer_slice(&left), &arena), 0);
        assert_int_equal(sdp_parse(&answer, buffer_slice(&right), &arena), 0);
        enum sdp_misfit misfit = sdp_check_answer(&offer, &answer, &medium);
        if (misfit != pairs[i].misfit)
            fail_msg(
                "row %zu: %s, expected: %s", i, sdp_misfit_text(misfit), sdp_misfit_text(pairs[i].misfit));
        assert_int_equal(medium, misfit == SDP_FITS || misfit == SDP_MISFIT_COUNT ? 7 : 0);
        arena_free(&arena);
    }
    buffer_free(&left);
    buffer_free(&right);
}

static enum sdp_misfit follow(const char *before, const char *next)
{
    struct arena arena = {0};
    struct sdp a, b;
    assert_int_equal(sdp_parse(&a, slice_text(before), &arena), 0);
    assert_int_equal(sdp_parse(&b, slice_text(next), &arena), 0);
    enum sdp_misfit misfit = sdp_check_next(&a, &b);
    arena_free(&arena);
    return misfit;
}

/* CM-40: RFC 3264 8. */
static void a_description_follows_another_or_not(void **state)
{
    (void)state;
    assert_int_equal(follow(SESSION("1") AUDIO, SESSION("1") AUDIO), SDP_FITS);
    assert_int_equal(follow(SESSION("1") AUDIO, SESSION("2") AUDIO "a=sendonly\r\n"), SDP_FITS);
    assert_int_equal(follow(SESSION("1") AUDIO, SESSION("2") AUDIO AUDIO), SDP_FITS);
    assert_int_equal(follow(SESSION("1") AUDIO, SESSION("1") AUDIO "a=sendonly\r\n"), SDP_MISFIT_ORIGIN);
    assert_int_equal(follow(SESSION("1") AUDIO, SESSION("3") AUDIO), SDP_MISFIT_ORIGIN);
    assert_int_equal(follow(SESSION("2") AUDIO, SESSION("1") AUDIO), SDP_MISFIT_ORIGIN);
    assert_int_equal(follow(SESSION("1") AUDIO AUDIO, SESSION("2") AUDIO), SDP_MISFIT_COUNT);
    assert_int_equal(
        follow(SESSION("1") AUDIO, "v=0\no=- 2 1 IN IP4 x\nc=IN IP4 x\n" AUDIO), SDP_MISFIT_ORIGIN);
}

static void formats_and_groups_are_found(void **state)
{
    (void)state;
    struct arena arena = {0};
    struct sdp s;
    assert_int_equal(
        sdp_parse(
            &s, SLICE(SESSION("1") "a=group:LS x y\r\na=group:BUNDLE a b\r\n" AUDIO "a=mid:b\r\n"), &arena),
        0);
    assert_int_equal(sdp_format_named(&s.media[0], SLICE("Telephone-Event"), 8000), 101);
    assert_int_equal(sdp_format_named(&s.media[0], SLICE("telephone-event"), 48000), -1);
    assert_int_equal(sdp_format_named(&s.media[0], SLICE("pcma"), 8000), 8);
    assert_int_equal(sdp_group_place(&s, SLICE("BUNDLE"), SLICE("b")), 1);
    assert_int_equal(sdp_group_place(&s, SLICE("BUNDLE"), SLICE("x")), -1);
    assert_int_equal(sdp_group_place(&s, SLICE("LS"), SLICE("x")), 0);
    arena_free(&arena);
}

TESTS("sip/sdp/attributes", cmocka_unit_test(candidates_are_understood),
    cmocka_unit_test(attributes_are_understood), cmocka_unit_test(broken_attributes_are_refused),
    cmocka_unit_test(an_answer_fits_its_offer_or_not), cmocka_unit_test(a_description_follows_another_or_not),
    cmocka_unit_test(formats_and_groups_are_found))
