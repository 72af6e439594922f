#include "sip/digest.h"

#include "base/error.h"
#include "unit.h"

/* RFC 7616 3.9.1 */
#define NONCE "7ypf/xlj9XXwfDPEoM4URrv/xwf94BcCAzFZH4GiTo0v"
#define CNONCE "f2/wE4q74E6zIJEtWaHKaf5wv/H5QzzpXusqGemxURZJ"
#define OPAQUE "FQhe/qaU925kfnzjCev0ciny7QMkPqMAFRtzCUYo5tdS"
#define MD5_RESPONSE "8ca523f5e9506fed4657c9700eebdbec"
#define SHA256_RESPONSE "753927fa0e85d155564e2e272a28d1802ca10daf4496794697cf8db5856cb6c1"
#define ANSWER(algorithm, response)                                                                          \
    "Digest username=\"Mufasa\",\r\n realm=\"http-auth@example.org\", uri=\"/dir/index.html\", "             \
    "algorithm=" algorithm ", nonce=\"" NONCE "\", nc=00000001, cnonce=\"" CNONCE "\", qop=auth, "           \
    "response=\"" response "\", opaque=\"" OPAQUE "\""

static const struct slice realm = SLICE_INIT("http-auth@example.org");
static const struct slice secret = SLICE_INIT("Circle of Life");
static struct digest_hashes hashes;

static void check_vector(const char *text, enum digest_algorithm algorithm)
{
    struct arena arena = {0};
    struct digest d;
    char ha1[DIGEST_HEX];
    assert_int_equal(digest_parse(&d, slice_text(text), &arena), 0);
    assert_int_equal(d.algorithm, algorithm);
    digest_ha1(ha1, algorithm, d.username, realm, secret);
    assert_true(digest_verify(&d, &hashes, SLICE("GET"), slice_text(ha1)));
    assert_false(digest_verify(&d, &hashes, SLICE("PUT"), slice_text(ha1)));
    d.nc = SLICE("00000002");
    assert_false(digest_verify(&d, &hashes, SLICE("GET"), slice_text(ha1)));
    d.nc = SLICE("00000001");
    d.qop = SLICE("auth-int");
    assert_false(digest_verify(&d, &hashes, SLICE("GET"), slice_text(ha1)));
    d.qop = SLICE("auth");
    d.response.length--;
    assert_false(digest_verify(&d, &hashes, SLICE("GET"), slice_text(ha1)));
    arena_free(&arena);
}

static void verifies_the_vectors_of_the_standard(void **state)
{
    (void)state;
    check_vector(ANSWER("MD5", MD5_RESPONSE), DIGEST_MD5);
    check_vector(ANSWER("SHA-256", SHA256_RESPONSE), DIGEST_SHA256);
}

static void check_answer(const char *challenge, const char *response)
{
    struct arena arena = {0};
    struct buffer out = {0};
    struct digest d, answer;
    assert_int_equal(digest_parse(&d, slice_text(challenge), &arena), 0);
    digest_add_answer(
        &out, &d, SLICE("Mufasa"), secret, SLICE("GET"), SLICE("/dir/index.html"), SLICE(CNONCE), 1);
    assert_int_equal(digest_parse(&answer, buffer_slice(&out), &arena), 0);
    assert_true(slice_equal(answer.response, slice_text(response)));
    assert_true(slice_equal(answer.opaque, SLICE(OPAQUE)));
    assert_true(slice_equal(answer.qop, SLICE("auth")));
    buffer_free(&out);
    arena_free(&arena);
}

static void answers_as_the_standard_does(void **state)
{
    (void)state;
    check_answer("Digest realm=\"http-auth@example.org\", qop=\"auth, auth-int\", algorithm=SHA-256, "
                 "nonce=\"" NONCE "\", opaque=\"" OPAQUE "\"",
        SHA256_RESPONSE);
    check_answer("digest realm=\"http-auth@example.org\", qop=\"auth-int,auth\", "
                 "nonce=\"" NONCE "\", opaque=\"" OPAQUE "\"",
        MD5_RESPONSE);
}

/* RFC 2617 3.2.2.1: old phones leave qop out. */
static void answers_and_verifies_without_qop(void **state)
{
    (void)state;
    struct arena arena = {0};
    struct buffer out = {0};
    struct digest d, answer;
    char ha1[DIGEST_HEX];
    assert_int_equal(digest_parse(&d, SLICE("Digest realm=\"r\\\"q\", nonce=n"), &arena), 0);
    assert_true(slice_equal(d.realm, SLICE("r\"q")));
    digest_add_answer(&out, &d, SLICE("a\\b"), SLICE("s"), SLICE("INVITE"), SLICE("sip:x"), SLICE("c"), 1);
    assert_int_equal(digest_parse(&answer, buffer_slice(&out), &arena), 0);
    assert_true(slice_equal(answer.username, SLICE("a\\b")));
    assert_int_equal(answer.qop.length, 0);
    digest_ha1(ha1, DIGEST_MD5, SLICE("a\\b"), SLICE("r\"q"), SLICE("s"));
    assert_true(digest_verify(&answer, &hashes, SLICE("INVITE"), slice_text(ha1)));
    buffer_free(&out);
    arena_free(&arena);
}

static void a_challenge_can_be_read_again(void **state)
{
    (void)state;
    struct arena arena = {0};
    struct buffer out = {0};
    struct digest d;
    digest_add_challenge(&out, DIGEST_SHA256, SLICE("tandem"), SLICE("abc"), true);
    assert_true(slice_equal(buffer_slice(&out),
        SLICE("Digest realm=\"tandem\", nonce=\"abc\", algorithm=SHA-256, qop=\"auth\", stale=true")));
    assert_int_equal(digest_parse(&d, buffer_slice(&out), &arena), 0);
    assert_true(d.stale);
    assert_int_equal(d.algorithm, DIGEST_SHA256);
    buffer_free(&out);
    arena_free(&arena);
}

static void nonces_are_ours_and_fresh_or_not(void **state)
{
    (void)state;
    char nonce[DIGEST_NONCE];
    const struct slice key = SLICE("key"), r = SLICE("tandem");
    const int64_t now = 1700000000000;
    digest_nonce(nonce, &hashes, key, r, now);
    assert_int_equal(strlen(nonce), DIGEST_NONCE - 1);
    assert_int_equal(digest_nonce_check(slice_text(nonce), &hashes, key, r, now + 1000, 1000), 0);
    assert_int_equal(digest_nonce_check(slice_text(nonce), &hashes, key, r, now - 1000, 1000), 0);
    assert_int_equal(digest_nonce_check(slice_text(nonce), &hashes, key, r, now + 1001, 1000), ERROR_STALE);
    assert_int_equal(digest_nonce_check(slice_text(nonce), &hashes, key, r, now - 1001, 1000), ERROR_STALE);
    assert_int_equal(
        digest_nonce_check(slice_text(nonce), &hashes, SLICE("kex"), r, now, 1000), ERROR_DENIED);
    assert_int_equal(
        digest_nonce_check(slice_text(nonce), &hashes, key, SLICE("other"), now, 1000), ERROR_DENIED);
    assert_int_equal(digest_nonce_check(SLICE(""), &hashes, key, r, now, 1000), ERROR_DENIED);
    for (size_t i = 0; i < DIGEST_NONCE - 1; i++) {
        char saved = nonce[i];
        nonce[i] = saved == '0' ? '1' : '0';
        assert_int_equal(digest_nonce_check(slice_text(nonce), &hashes, key, r, now, 1000), ERROR_DENIED);
        nonce[i] = saved;
    }
}

#define JASON "J\xc3\xa4s\xc3\xb8n Doe"
#define JASON_CHALLENGE                                                                                      \
    "Digest realm=\"api@example.org\", qop=\"auth\", algorithm=SHA-512-256, "                                \
    "nonce=\"5TsQWLVdgBdmrQ0XsxbDODV+57QdFR34I9HAbC/RVvkK\", "                                               \
    "opaque=\"HRPCssKJSGjCrkzDg8OhwpzCiGPChXYjwrI2QmXDnsOS\", charset=UTF-8"
#define JASON_CREDENTIALS                                                                                    \
    ", realm=\"api@example.org\", uri=\"/doe.json\", algorithm=SHA-512-256, "                                \
    "nonce=\"5TsQWLVdgBdmrQ0XsxbDODV+57QdFR34I9HAbC/RVvkK\", nc=00000001, "                                  \
    "cnonce=\"NTg6RKcb9boFIAS3KrFK9BGeh+iDa/sm6jUMp2wds69v\", qop=auth, "                                    \
    "response=\"3798d4131c277846293534c3edc11bd8a5e4cdcbff78b05db9d95eeb1cec68a5\""

/* RFC 7616 3.9.2 with the values of its erratum 4897: SHA-512-256, and a user name that is hashed. */
static void hashes_the_name_where_it_is_asked_for(void **state)
{
    (void)state;
    static const struct digest_answer answer = {SLICE_INIT(JASON), SLICE_INIT("Secret, or not?"),
        SLICE_INIT("GET"), SLICE_INIT("/doe.json"),
        SLICE_INIT("NTg6RKcb9boFIAS3KrFK9BGeh+iDa/sm6jUMp2wds69v"), {0}, 1};
    struct arena arena = {0};
    struct buffer out = {0};
    struct digest d;
    char ha1[DIGEST_HEX];
    assert_int_equal(digest_parse(&d, SLICE(JASON_CHALLENGE ", userhash=true"), &arena), 0);
    assert_int_equal(d.algorithm, DIGEST_SHA512_256);
    assert_true(d.userhash);
    digest_answer(&out, &d, &answer);
    assert_true(slice_starts(buffer_slice(&out),
        SLICE("Digest username=\"793263caabb707a56211940d90411ea4a575adeccb7e360aeb624ed06ece9b0b\", ")));
    assert_true(
        slice_find_slice(buffer_slice(&out),
            SLICE("response=\"3798d4131c277846293534c3edc11bd8a5e4cdcbff78b05db9d95eeb1cec68a5\"")) > 0);
    assert_true(slice_ends(buffer_slice(&out), SLICE(", userhash=true")));
    assert_int_equal(digest_parse(&d, buffer_slice(&out), &arena), ERROR_UNSUPPORTED); /* not asked for */
    assert_int_equal(
        digest_parse(&d, SLICE("Digest username*=UTF-8''J%C3%A4s%C3%B8n%20Doe" JASON_CREDENTIALS), &arena),
        0);
    assert_true(slice_equal(d.username, SLICE(JASON)));
    digest_ha1(ha1, d.algorithm, d.username, d.realm, SLICE("Secret, or not?"));
    assert_true(digest_verify(&d, &hashes, SLICE("GET"), slice_text(ha1)));
    buffer_free(&out);
    arena_free(&arena);
}

/* What we answer we accept, for every algorithm, its -sess variant and every qop; and not for another body,
 * another count, another cnonce. */
static void every_variant_is_answered_and_verified(void **state)
{
    (void)state;
    static const char *const algorithms[] = {
        "MD5", "md5-SESS", "SHA-256", "SHA-256-sess", "SHA-512-256", "SHA-512-256-sess"};
    static const char *const qops[] = {"", ", qop=\"auth\"", ", qop=\"auth-int\"", ", qop=\"auth-int,auth\""};
    struct buffer text = {0}, out = {0};
    for (unsigned i = 0; i < 6 * 4; i++) {
        struct arena arena = {0};
        struct digest d, mine;
        char ha1[DIGEST_HEX];
        struct digest_answer a = {
            SLICE("u"), SLICE("s"), SLICE("INVITE"), SLICE("sip:x"), SLICE("c"), SLICE("v=0"), 255};
        buffer_clear(&text);
        buffer_clear(&out);
        buffer_add_format(
            &text, "Digest realm=\"r\", nonce=\"n\", algorithm=%s%s", algorithms[i / 4], qops[i % 4]);
        assert_int_equal(digest_parse(&d, buffer_slice(&text), &arena), 0);
        assert_int_equal(d.algorithm, i / 8);
        assert_int_equal(d.session, i / 4 % 2);
        digest_answer(&out, &d, &a);
        assert_int_equal(digest_parse(&mine, buffer_slice(&out), &arena), 0);
        assert_int_equal(mine.count, i % 4 != 0 ? 255 : 0);
        digest_ha1(ha1, mine.algorithm, SLICE("u"), SLICE("r"), SLICE("s"));
        struct slice stored = slice_text(ha1);
        bool integrity = i % 4 == 2;
        assert_true(digest_verify_body(&mine, &hashes, SLICE("INVITE"), stored, SLICE("v=0")));
        assert_int_equal(digest_verify(&mine, &hashes, SLICE("INVITE"), stored), !integrity);
        assert_int_equal(
            digest_verify_body(&mine, &hashes, SLICE("INVITE"), stored, SLICE("v=1")), !integrity);
        struct digest other = mine;
        other.session = !mine.session;
        other.cnonce = SLICE("c");
        assert_false(digest_verify_body(&other, &hashes, SLICE("INVITE"), stored, SLICE("v=0")));
        other = mine;
        other.cnonce = SLICE("d");
        if (i != 0 && i != 8 && i != 16) /* of those without qop and session it is no part */
            assert_false(digest_verify_body(&other, &hashes, SLICE("INVITE"), stored, SLICE("v=0")));
        arena_free(&arena);
    }
    buffer_free(&out);
    buffer_free(&text);
}

/* SEC-5: the strongest, of the realms that are known, and never a weaker one than was known before. */
static void a_secret_is_for_known_realms_only(void **state)
{
    (void)state;
    static const struct slice realms[] = {SLICE_INIT("a"), SLICE_INIT("b")};
    struct digest_known known = {realms, 2, DIGEST_MD5};
    struct digest none = {0}, weak = {.realm = SLICE_INIT("a"), .nonce = SLICE_INIT("n")}, strong = weak,
                  foreign = {
                      .realm = SLICE_INIT("evil"), .nonce = SLICE_INIT("n"), .algorithm = DIGEST_SHA512_256};
    strong.algorithm = DIGEST_SHA256;
    assert_true(digest_preferred(&weak, &none, &known));
    assert_true(digest_preferred(&strong, &weak, &known));
    assert_false(digest_preferred(&weak, &weak, &known)); /* the first one stays */
    assert_false(digest_preferred(&weak, &strong, &known));
    assert_false(digest_preferred(&foreign, &none, &known));
    known.least = DIGEST_SHA256;
    assert_false(digest_preferred(&weak, &none, &known));
    assert_true(digest_preferred(&strong, &none, &known));
    known.realm_count = 0;
    assert_false(digest_preferred(&strong, &none, &known));
}

/* SEC-5 */
static void refuses_bad_values(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        int error;
    } table[] = {
        {"", ERROR_SYNTAX},
        {"Digest", ERROR_SYNTAX},
        {"Digest ", ERROR_SYNTAX},
        {"Basic YTpi", ERROR_UNSUPPORTED},
        {"Digest realm=\"r\", nonce=\"n\", algorithm=MD4", ERROR_UNSUPPORTED},
        {"Digest realm=\"r\", nonce=\"n\", algorithm=-sess", ERROR_UNSUPPORTED},
        {"Digest realm=\"r\", nonce=\"n\", algorithm=\"\"", ERROR_UNSUPPORTED},
        {"Digest realm=\"r\", nonce=\"n\", algorithm=MD5, algorithm=SHA-256", ERROR_SYNTAX},
        {"Digest realm=\"r\", nonce=\"n\", stale=true, stale=false", ERROR_SYNTAX},
        {"Digest realm=\"r\", nonce=\"n\", userhash=true, userhash=true", ERROR_SYNTAX},
        {"Digest realm=\"r\", nonce=\"n\", response=\"x\", userhash=true", ERROR_UNSUPPORTED},
        {"Digest realm=\"r\", nonce=\"n\", nc=1", ERROR_SYNTAX},
        {"Digest realm=\"r\", nonce=\"n\", nc=00000000", ERROR_SYNTAX},
        {"Digest realm=\"r\", nonce=\"n\", nc=0000000g", ERROR_SYNTAX},
        {"Digest realm=\"r\", nonce=\"n\", nc=000000001", ERROR_SYNTAX},
        {"Digest realm=\"r\", nonce=\"n\", nc=-0000001", ERROR_SYNTAX},
        {"Digest realm=\"r\", nonce=\"n\", username=\"\xc3\x28\"", ERROR_SYNTAX},
        {"Digest realm=\"\xff\", nonce=\"n\"", ERROR_SYNTAX},
        {"Digest realm=\"r\", nonce=\"n\", username*=x", ERROR_SYNTAX},
        {"Digest realm=\"r\", nonce=\"n\", username*=UTF-8''%", ERROR_SYNTAX},
        {"Digest realm=\"r\", nonce=\"n\", username*=UTF-8''%00", ERROR_SYNTAX},
        {"Digest realm=\"r\", nonce=\"n\", username*=UTF-8''%FF", ERROR_SYNTAX},
        {"Digest realm=\"r\", nonce=\"n\", username=\"a\", username*=UTF-8''b", ERROR_SYNTAX},
        {"Digest realm=\"r\"", ERROR_SYNTAX},
        {"Digest realm=\"r\" nonce=\"n\"", ERROR_SYNTAX},
        {"Digest realm=\"r\", nonce=\"n\",", ERROR_SYNTAX},
        {"Digest realm=\"r\",, nonce=\"n\"", ERROR_SYNTAX},
        {"Digest realm=\"r\", nonce=\"n", ERROR_SYNTAX},
        {"Digest realm=\"r\", nonce=\"n\\", ERROR_SYNTAX},
        {"Digest realm=\"r\", nonce=", ERROR_SYNTAX},
        {"Digest realm=\"r\", nonce=\"n\", nonce=\"m\"", ERROR_SYNTAX},
        {"Digest realm=\"r\", =\"n\"", ERROR_SYNTAX},
        {"Digest realm", ERROR_SYNTAX},
    };
    struct arena arena = {0};
    for (size_t i = 0; i < sizeof table / sizeof *table; i++) {
        struct digest d;
        int error = digest_parse(&d, slice_text(table[i].text), &arena);
        if (error != table[i].error)
            fail_msg("%s: %s", table[i].text, error_symbol(error));
    }
    arena_free(&arena);
}

/* One after the other with the same context, also after it was given back. */
static void hashes_are_made_again_when_they_are_needed(void **state)
{
    char one[DIGEST_NONCE], two[DIGEST_NONCE];
    (void)state;
    digest_nonce(one, &hashes, SLICE("key"), realm, 77);
    digest_hashes_free(&hashes);
    assert_null(hashes.context);
    digest_nonce(two, &hashes, SLICE("key"), realm, 77);
    assert_string_equal(one, two);
    digest_nonce(two, &hashes, SLICE("key"), realm, 78);
    assert_string_not_equal(one, two);
    digest_hashes_free(&hashes);
}

TESTS("sip/digest", cmocka_unit_test(verifies_the_vectors_of_the_standard),
    cmocka_unit_test(answers_as_the_standard_does), cmocka_unit_test(answers_and_verifies_without_qop),
    cmocka_unit_test(a_challenge_can_be_read_again), cmocka_unit_test(nonces_are_ours_and_fresh_or_not),
    cmocka_unit_test(hashes_the_name_where_it_is_asked_for),
    cmocka_unit_test(every_variant_is_answered_and_verified),
    cmocka_unit_test(a_secret_is_for_known_realms_only), cmocka_unit_test(refuses_bad_values),
    cmocka_unit_test(hashes_are_made_again_when_they_are_needed))
