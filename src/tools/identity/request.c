#include "tools/identity/request.h"

#include <openssl/bio.h>
#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/rsa.h>
#include <openssl/x509.h>

#include "base/error.h"

#define BEGIN "-----BEGIN CERTIFICATE REQUEST-----\n"
#define END "-----END CERTIFICATE REQUEST-----"
#define RSA_LEAST 2048
#define RSA_MOST 4096    /* more costs the checker too much */
#define EXPONENT_MOST 64 /* bits */
#define NAME_MOST 64     /* ub-common-name, RFC 5280 appendix A.1 */

static int complain(struct buffer *complaint, int error, const char *sentence)
{
    ERR_clear_error();
    buffer_add_text(complaint, sentence);
    return error;
}

/* A locked PEM file is none that we can use; without this the library would ask on the terminal. */
static int no_password_h(char *to, int size, int writing, void *argument)
{
    (void)to, (void)size, (void)writing, (void)argument;
    return -1;
}

/* ---- making ---- */

EVP_PKEY *request_key(void)
{
    return EVP_EC_gen("P-256");
}

static bool fill(X509_REQ *r, EVP_PKEY *key, const char *name)
{
    X509_NAME *subject = X509_REQ_get_subject_name(r);
    return X509_REQ_set_version(r, X509_REQ_VERSION_1) == 1 &&
           X509_NAME_add_entry_by_txt(subject, "CN", MBSTRING_UTF8, (const unsigned char *)name, -1, -1, 0) ==
               1 &&
           X509_REQ_set_pubkey(r, key) == 1 && X509_REQ_sign(r, key, EVP_sha256()) > 0;
}

int request_make(struct buffer *pem, EVP_PKEY *key, const char *name)
{
    X509_REQ *r = X509_REQ_new();
    BIO *out = BIO_new(BIO_s_mem());
    char *text = NULL;
    long length = 0;
    bool done = r != NULL && out != NULL && fill(r, key, name) && PEM_write_bio_X509_REQ(out, r) == 1;
    if (done)
        length = BIO_get_mem_data(out, &text);
    buffer_add(pem, slice_of(text, (size_t)length));
    ERR_clear_error();
    BIO_free(out);
    X509_REQ_free(r);
    return done ? 0 : ERROR_SYSTEM;
}

/* ---- checking ---- */

/* One block and nothing around it, so that what is kept is what was checked. */
static bool is_one_block(struct slice pem)
{
    struct slice rest = slice_trim(pem);
    return slice_starts(rest, SLICE(BEGIN)) && slice_ends(rest, SLICE(END)) &&
           slice_find_slice(slice_from(rest, 1), SLICE("-----BEGIN")) < 0;
}

static X509_REQ *parse(struct slice pem)
{
    BIO *in = BIO_new_mem_buf(pem.data, (int)pem.length);
    X509_REQ *r = in != NULL ? PEM_read_bio_X509_REQ(in, NULL, no_password_h, NULL) : NULL;
    BIO_free(in);
    return r;
}

static bool is_rsa(EVP_PKEY *key)
{
    BIGNUM *exponent = NULL;
    int bits = EVP_PKEY_get_bits(key);
    bool good = bits >= RSA_LEAST && bits <= RSA_MOST && EVP_PKEY_get_bn_param(key, "e", &exponent) == 1 &&
                BN_num_bits(exponent) <= EXPONENT_MOST;
    BN_free(exponent);
    return good;
}

static bool is_curve(EVP_PKEY *key)
{
    char group[32] = "";
    size_t length;
    return EVP_PKEY_get_group_name(key, group, sizeof group, &length) == 1 &&
           (strcmp(group, "prime256v1") == 0 || strcmp(group, "secp384r1") == 0);
}

static bool key_is_accepted(EVP_PKEY *key)
{
    switch (EVP_PKEY_get_base_id(key)) {
    case EVP_PKEY_EC:
        return is_curve(key);
    case EVP_PKEY_RSA:
        return is_rsa(key);
    default:
        return false;
    }
}

/* Its subject is this common name and nothing else. */
static bool is_named(X509_REQ *r, struct slice name)
{
    X509_NAME *subject = X509_REQ_get_subject_name(r);
    X509_NAME_ENTRY *entry = X509_NAME_entry_count(subject) == 1 ? X509_NAME_get_entry(subject, 0) : NULL;
    if (entry == NULL || OBJ_obj2nid(X509_NAME_ENTRY_get_object(entry)) != NID_commonName)
        return false;
    unsigned char *text = NULL;
    int length = ASN1_STRING_to_UTF8(&text, X509_NAME_ENTRY_get_data(entry));
    bool same = length > 0 && length <= NAME_MOST && slice_equal(slice_of(text, (size_t)length), name);
    OPENSSL_free(text);
    return same;
}

static int check(EVP_PKEY **key, X509_REQ *r, struct slice name, struct buffer *complaint)
{
    *key = X509_REQ_get_pubkey(r);
    if (*key == NULL || !key_is_accepted(*key))
        return complain(complaint, ERROR_UNSUPPORTED,
            "the key of the request is of no kind that is accepted: P-256, P-384, or RSA of 2048 to "
            "4096 "
            "bits");
    if (!is_named(r, name))
        return complain(complaint, ERROR_CONFLICT, "the request is made out for another name");
    if (X509_REQ_verify(r, *key) != 1)
        return complain(
            complaint, ERROR_UNAUTHENTICATED, "the request is not signed by the key that it asks for");
    return 0;
}

int request_check(EVP_PKEY **key, struct slice pem, struct slice name, struct buffer *complaint)
{
    *key = NULL;
    if (pem.length > REQUEST_BYTES)
        return complain(complaint, ERROR_LIMIT, "the request has more than 8192 bytes");
    X509_REQ *r = is_one_block(pem) ? parse(pem) : NULL;
    if (r == NULL)
        return complain(complaint, ERROR_SYNTAX, "the request is no certificate request (PKCS #10) as PEM");
    int error = check(key, r, name, complaint);
    X509_REQ_free(r);
    if (error != 0) {
        EVP_PKEY_free(*key);
        *key = NULL;
    }
    ERR_clear_error();
    return error;
}

EVP_PKEY *request_read_key(struct slice pem)
{
    if (pem.length > REQUEST_BYTES)
        return NULL;
    X509_REQ *r = parse(pem);
    EVP_PKEY *key = r != NULL ? X509_REQ_get_pubkey(r) : NULL;
    X509_REQ_free(r);
    if (key == NULL) {
        BIO *in = BIO_new_mem_buf(pem.data, (int)pem.length);
        X509 *x = in != NULL ? PEM_read_bio_X509(in, NULL, no_password_h, NULL) : NULL;
        key = x != NULL ? X509_get_pubkey(x) : NULL;
        X509_free(x);
        BIO_free(in);
    }
    ERR_clear_error();
    return key;
}

int request_fingerprint(char text[FINGERPRINT_TEXT], EVP_PKEY *key)
{
    unsigned char *bytes = NULL, hash[32];
    int length = i2d_PUBKEY(key, &bytes);
    bool done = length > 0 && EVP_Digest(bytes, (size_t)length, hash, NULL, EVP_sha256(), NULL) == 1;
    OPENSSL_free(bytes);
    for (size_t i = 0; done && i < sizeof hash; i++)
        snprintf(text + 2 * i, 3, "%02x", hash[i]);
    return done ? 0 : ERROR_SYSTEM;
}
