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

static void check_vector(const char *text, enum digest_algorithm algorithm)
{
    struct arena arena = {0};
    struct digest d;
    char ha1[DIGEST_HEX];
    assert_int_equal(digest_parse(&d, slice_text(text), &arena), 0);
    assert_int_equal(d.algorithm, algorithm);
    digest_ha1(ha1, algorithm, d.username, realm, secret);
    assert_true(digest_verify(&d, SLICE("GET"), slice_text(ha1)));
    assert_false(digest_verify(&d, SLICE("PUT"), slice_text(ha1)));
    d.nc = SLICE("00000002");
    assert_false(digest_verify(&d, SLICE("GET"), slice_text(ha1)));
    d.nc = SLICE("00000001");
    d.qop = SLICE("auth-int");
    assert_false(digest_verify(&d, SLICE("GET"), slice_text(ha1)));
    d.qop = SLICE("auth");
    d.response.length--;
    assert_false(digest_verify(&d, SLICE("GET"), slice_text(ha1)));
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
    assert_true(digest_verify(&answer, SLICE("INVITE"), slice_text(ha1)));
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
    digest_nonce(nonce, key, r, now);
    assert_int_equal(strlen(nonce), DIGEST_NONCE - 1);
    assert_int_equal(digest_nonce_check(slice_text(nonce), key, r, now + 1000, 1000), 0);
    assert_int_equal(digest_nonce_check(slice_text(nonce), key, r, now - 1000, 1000), 0);
    assert_int_equal(digest_nonce_check(slice_text(nonce), key, r, now + 1001, 1000), ERROR_STALE);
    assert_int_equal(digest_nonce_check(slice_text(nonce), key, r, now - 1001, 1000), ERROR_STALE);
    assert_int_equal(digest_nonce_check(slice_text(nonce), SLICE("kex"), r, now, 1000), ERROR_DENIED);
    assert_int_equal(digest_nonce_check(slice_text(nonce), key, SLICE("other"), now, 1000), ERROR_DENIED);
    assert_int_equal(digest_nonce_check(SLICE(""), key, r, now, 1000), ERROR_DENIED);
    for (size_t i = 0; i < DIGEST_NONCE - 1; i++) {
        char saved = nonce[i];
        nonce[i] = saved == '0' ? '1' : '0';
        assert_int_equal(digest_nonce_check(slice_text(nonce), key, r, now, 1000), ERROR_DENIED);
        nonce[i] = saved;
    }
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
        {"Digest realm=\"r\", nonce=\"n\", algorithm=MD5-sess", ERROR_UNSUPPORTED},
        {"Digest realm=\"r\", nonce=\"n\", algorithm=SHA-512-256", ERROR_UNSUPPORTED},
        {"Digest realm=\"r\", nonce=\"n\", userhash=true", ERROR_UNSUPPORTED},
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

TESTS("sip/digest", cmocka_unit_test(verifies_the_vectors_of_the_standard),
    cmocka_unit_test(answers_as_the_standard_does), cmocka_unit_test(answers_and_verifies_without_qop),
    cmocka_unit_test(a_challenge_can_be_read_again), cmocka_unit_test(nonces_are_ours_and_fresh_or_not),
    cmocka_unit_test(refuses_bad_values))
