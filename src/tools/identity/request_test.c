#include "tools/identity/request.h"

#include <openssl/pem.h>
#include <openssl/x509.h>

#include "base/error.h"
#include "tools/identity/code.h"
#include "tools/identity/proof.h"
#include "unit.h"

static int check(struct slice pem, const char *name, struct buffer *complaint)
{
    EVP_PKEY *key;
    buffer_clear(complaint);
    int error = request_check(&key, pem, slice_text(name), complaint);
    assert_true((error == 0) == (key != NULL));
    EVP_PKEY_free(key);
    return error;
}

/* SEC-1: what is taken from a request is its key, of a kind that others accept, for the name that was said.
 */
static void takes_a_request_for_its_own_name(void **state)
{
    (void)state;
    struct buffer pem = {0}, complaint = {0};
    char one[FINGERPRINT_TEXT], other[FINGERPRINT_TEXT];
    EVP_PKEY *key = request_key(), *read;
    assert_int_equal(request_make(&pem, key, "host-2"), 0);
    assert_int_equal(check(buffer_slice(&pem), "host-2", &complaint), 0);
    assert_int_equal(check(buffer_slice(&pem), "host-3", &complaint), ERROR_CONFLICT);
    assert_int_equal(check(buffer_slice(&pem), "", &complaint), ERROR_CONFLICT);
    read = request_read_key(buffer_slice(&pem));
    assert_non_null(read);
    assert_int_equal(request_fingerprint(one, key), 0);
    assert_int_equal(request_fingerprint(other, read), 0);
    assert_string_equal(one, other);
    EVP_PKEY_free(read);
    EVP_PKEY_free(key);
    buffer_free(&pem);
    buffer_free(&complaint);
}

static void make(struct buffer *pem, EVP_PKEY *key, EVP_PKEY *signer, const char *const *subject)
{
    X509_REQ *r = X509_REQ_new();
    BIO *out = BIO_new(BIO_s_mem());
    char *text;
    for (size_t i = 0; subject[i] != NULL; i += 2)
        X509_NAME_add_entry_by_txt(X509_REQ_get_subject_name(r), subject[i], MBSTRING_UTF8,
            (const unsigned char *)subject[i + 1], -1, -1, 0);
    X509_REQ_set_pubkey(r, key);
    X509_REQ_sign(r, signer, EVP_PKEY_get_base_id(signer) == EVP_PKEY_ED25519 ? NULL : EVP_sha256());
    PEM_write_bio_X509_REQ(out, r);
    long length = BIO_get_mem_data(out, &text);
    buffer_clear(pem);
    buffer_add(pem, slice_of(text, (size_t)length));
    BIO_free(out);
    X509_REQ_free(r);
}

/* SEC-4 */
static void refuses_what_is_doubtful(void **state)
{
    (void)state;
    static const char *const good[] = {"CN", "host-2", NULL},
                             *const two[] = {"CN", "host-2", "CN", "host-1", NULL},
                             *const other[] = {"O", "host-2", NULL}, *const none[] = {NULL};
    struct buffer pem = {0}, complaint = {0};
    EVP_PKEY *key = request_key(), *somebody = request_key(), *small = EVP_RSA_gen(1024),
             *edwards = EVP_PKEY_Q_keygen(NULL, NULL, "ED25519"), *curve = EVP_EC_gen("secp256k1");
    EVP_PKEY *const keys[] = {small, edwards, curve};
    make(&pem, key, somebody, good);
    assert_int_equal(check(buffer_slice(&pem), "host-2", &complaint), ERROR_UNAUTHENTICATED);
    const char *const *const subjects[] = {two, other, none};
    for (size_t i = 0; i < 3; i++) {
        make(&pem, key, key, subjects[i]);
        assert_int_equal(check(buffer_slice(&pem), "host-2", &complaint), ERROR_CONFLICT);
    }
    for (size_t i = 0; i < 3; i++) {
        make(&pem, keys[i], keys[i], good);
        assert_int_equal(check(buffer_slice(&pem), "host-2", &complaint), ERROR_UNSUPPORTED);
    }
    make(&pem, key, key, good);
    struct slice whole = buffer_slice(&pem);
    for (size_t length = 0; length + 1 < whole.length; length += 7)
        assert_int_equal(check(slice_first(whole, length), "host-2", &complaint), ERROR_SYNTAX);
    struct buffer twice = {0};
    buffer_add(&twice, whole);
    buffer_add(&twice, whole);
    assert_int_equal(check(buffer_slice(&twice), "host-2", &complaint), ERROR_SYNTAX);
    buffer_free(&twice);
    buffer_add_text(&pem, "behind it");
    assert_int_not_equal(check(buffer_slice(&pem), "host-2", &complaint), 0);
    while (pem.length <= REQUEST_BYTES)
        buffer_add_text(&pem, "\n\n\n\n\n\n\n\n\n\n\n\n\n\n\n\n");
    assert_int_equal(check(buffer_slice(&pem), "host-2", &complaint), ERROR_LIMIT);
    assert_null(request_read_key(SLICE("-----BEGIN CERTIFICATE-----\nxx\n")));
    EVP_PKEY_free(key);
    EVP_PKEY_free(somebody);
    EVP_PKEY_free(small);
    EVP_PKEY_free(edwards);
    EVP_PKEY_free(curve);
    buffer_free(&pem);
    buffer_free(&complaint);
}

/* SEC-1: a code says for whom it is; one letter more or less is another code. */
static void codes_are_read_as_they_are_written(void **state)
{
    (void)state;
    struct code c = {{1, 2, 3, 255}, {9, 0, 0, 128}}, read;
    char text[CODE_TEXT], spelled[CODE_TEXT + 2], one[CODE_HASH_TEXT], other[CODE_HASH_TEXT];
    code_write(text, &c);
    assert_int_equal(strlen(text), CODE_TEXT - 1);
    assert_int_equal(code_read(&read, slice_text(text)), 0);
    assert_memory_equal(&c, &read, sizeof c);
    snprintf(spelled, sizeof spelled, " %s ", text);
    for (char *at = spelled; *at != '\0'; at++)
        *at = *at >= 'a' && *at <= 'z' ? (char)(*at - 32) : *at == '-' ? ' ' : *at;
    assert_int_equal(code_read(&read, slice_text(spelled)), 0);
    assert_memory_equal(&c, &read, sizeof c);
    assert_int_equal(code_read(&read, slice_first(slice_text(text), CODE_TEXT - 2)), ERROR_SYNTAX);
    text[0] = '1';
    assert_int_equal(code_read(&read, slice_text(text)), ERROR_SYNTAX);
    assert_int_equal(code_read(&read, SLICE("")), ERROR_SYNTAX);
    assert_int_equal(code_hash(one, &c), 0);
    c.secret[15] ^= 1;
    assert_int_equal(code_hash(other, &c), 0);
    assert_string_not_equal(one, other);
}

/* SEC-1: a signature is for one thing, one enrolment, one time. */
static void a_signature_is_for_one_thing(void **state)
{
    (void)state;
    EVP_PKEY *key = request_key(), *other = request_key();
    struct buffer text = {0}, signature = {0}, elsewhere = {0};
    proof_text(&text, SLICE("id"), 5, (struct slice){0});
    assert_int_equal(proof_sign(&signature, key, buffer_slice(&text)), 0);
    assert_int_equal(proof_check(key, buffer_slice(&text), buffer_slice(&signature)), 0);
    assert_int_equal(
        proof_check(other, buffer_slice(&text), buffer_slice(&signature)), ERROR_UNAUTHENTICATED);
    proof_text(&elsewhere, SLICE("id"), 6, (struct slice){0});
    assert_int_equal(
        proof_check(key, buffer_slice(&elsewhere), buffer_slice(&signature)), ERROR_UNAUTHENTICATED);
    buffer_clear(&elsewhere);
    proof_text(&elsewhere, SLICE("id"), 5, SLICE("request"));
    assert_int_equal(
        proof_check(key, buffer_slice(&elsewhere), buffer_slice(&signature)), ERROR_UNAUTHENTICATED);
    assert_int_equal(proof_check(key, buffer_slice(&text), SLICE("")), ERROR_UNAUTHENTICATED);
    assert_int_equal(proof_check(key, buffer_slice(&text), SLICE("zz")), ERROR_UNAUTHENTICATED);
    assert_int_equal(proof_check(key, buffer_slice(&text), slice_first(buffer_slice(&signature), 30)),
        ERROR_UNAUTHENTICATED);
    buffer_free(&text);
    buffer_free(&elsewhere);
    buffer_free(&signature);
    EVP_PKEY_free(key);
    EVP_PKEY_free(other);
}

TESTS("tools/identity/request", cmocka_unit_test(takes_a_request_for_its_own_name),
    cmocka_unit_test(refuses_what_is_doubtful), cmocka_unit_test(codes_are_read_as_they_are_written),
    cmocka_unit_test(a_signature_is_for_one_thing))
