#include "tools/certificate.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/x509v3.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/error.h"
#include "base/log.h"

#define BEFORE 3600 /* seconds: clocks differ */
#define DAY 86400
#define SERIAL_BITS 127

void certificate_free(struct certificate *c)
{
    X509_free(c->x509);
    EVP_PKEY_free(c->key);
    *c = (struct certificate){NULL, NULL};
}

/* ---- making ---- */

static bool add_extension(X509 *x, X509 *issuer, int nid, const char *value)
{
    X509V3_CTX context;
    X509V3_set_ctx(&context, issuer, x, NULL, NULL, 0);
    X509_EXTENSION *e = X509V3_EXT_conf_nid(NULL, &context, nid, value);
    bool done = e != NULL && X509_add_ext(x, e, -1) == 1;
    X509_EXTENSION_free(e);
    return done;
}

static bool set_serial(X509 *x)
{
    BIGNUM *number = BN_new();
    bool done = number != NULL && BN_rand(number, SERIAL_BITS, BN_RAND_TOP_ONE, BN_RAND_BOTTOM_ANY) == 1 &&
                BN_to_ASN1_INTEGER(number, X509_get_serialNumber(x)) != NULL;
    BN_free(number);
    return done;
}

static bool set_time(X509 *x, const struct certificate_wish *wish)
{
    time_t now = (time_t)wish->now;
    return X509_time_adj_ex(X509_getm_notBefore(x), 0, -BEFORE, &now) != NULL &&
           X509_time_adj_ex(X509_getm_notAfter(x), wish->days, 0, &now) != NULL;
}

static bool set_name(X509 *x, const char *name)
{
    X509_NAME *n = X509_get_subject_name(x);
    return X509_NAME_add_entry_by_txt(n, "O", MBSTRING_UTF8, (const unsigned char *)"Tandem", -1, -1, 0) ==
               1 &&
           X509_NAME_add_entry_by_txt(n, "CN", MBSTRING_UTF8, (const unsigned char *)name, -1, -1, 0) == 1;
}

static bool set_use(X509 *x, X509 *issuer, const char *alternatives)
{
    if (!add_extension(x, issuer, NID_subject_key_identifier, "hash") ||
        !add_extension(x, issuer, NID_authority_key_identifier, "keyid:always"))
        return false;
    if (alternatives == NULL)
        return add_extension(x, issuer, NID_basic_constraints, "critical,CA:TRUE,pathlen:0") &&
               add_extension(x, issuer, NID_key_usage, "critical,keyCertSign,cRLSign");
    return add_extension(x, issuer, NID_basic_constraints, "critical,CA:FALSE") &&
           add_extension(x, issuer, NID_key_usage, "critical,digitalSignature") &&
           add_extension(x, issuer, NID_ext_key_usage, "serverAuth,clientAuth") &&
           add_extension(x, issuer, NID_subject_alt_name, alternatives);
}

/* RFC 8410 3: Ed25519 has its hash inside. */
static const EVP_MD *digest_of(EVP_PKEY *key)
{
    return EVP_PKEY_get_base_id(key) == EVP_PKEY_ED25519 ? NULL : EVP_sha256();
}

static bool fill(
    X509 *x, EVP_PKEY *key, const struct certificate_wish *wish, X509 *issuer, EVP_PKEY *issuer_key)
{
    return X509_set_version(x, X509_VERSION_3) == 1 && set_serial(x) && set_time(x, wish) &&
           set_name(x, wish->name) && X509_set_pubkey(x, key) == 1 &&
           X509_set_issuer_name(x, X509_get_subject_name(issuer)) == 1 &&
           set_use(x, issuer, wish->alternatives) && X509_sign(x, issuer_key, digest_of(issuer_key)) > 0;
}

bool certificate_make(
    struct certificate *c, const struct certificate_wish *wish, const struct certificate *issuer)
{
    const struct certificate *by = issuer != NULL ? issuer : c;
    *c = (struct certificate){EVP_EC_gen("P-256"), X509_new()};
    if (c->key != NULL && c->x509 != NULL && fill(c->x509, c->key, wish, by->x509, by->key))
        return true;
    LOG(LOG_ERROR, "tools", "cannot make a certificate: %s", ERR_reason_error_string(ERR_peek_error()));
    ERR_clear_error();
    certificate_free(c);
    return false;
}

X509 *certificate_issue(EVP_PKEY *key, const struct certificate_wish *wish, const struct certificate *issuer)
{
    X509 *x = X509_new();
    if (x != NULL && fill(x, key, wish, issuer->x509, issuer->key))
        return x;
    LOG(LOG_ERROR, "tools", "cannot issue a certificate: %s", ERR_reason_error_string(ERR_peek_error()));
    ERR_clear_error();
    X509_free(x);
    return NULL;
}

/* ---- files ---- */

static bool write_pem(FILE *file, const struct certificate *c, bool key)
{
    return (key ? PEM_write_PrivateKey(file, c->key, NULL, NULL, 0, NULL, NULL)
                : PEM_write_X509(file, c->x509)) == 1;
}

static int write_file(const struct certificate *c, const char *path, bool key)
{
    char new_path[PATH_MAX];
    int length = snprintf(new_path, sizeof new_path, "%s.new", path);
    int fd = length < (int)sizeof new_path
                 ? open(new_path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW, 0600)
                 : -1;
    FILE *file = fd >= 0 ? fdopen(fd, "w") : NULL;
    bool done = file != NULL && fchmod(fd, 0600) == 0 && write_pem(file, c, key) && fflush(file) == 0 &&
                fsync(fd) == 0;
    int number = errno;
    if (file != NULL)
        fclose(file);
    if (done && rename(new_path, path) == 0)
        return 0;
    LOG(LOG_ERROR, "tools", "cannot write %s: %s", path, strerror(done ? errno : number));
    unlink(new_path);
    return ERROR_DISK;
}

int certificate_write(const struct certificate *c, const char *certificate_path, const char *key_path)
{
    int error = write_file(c, key_path, true);
    return error != 0 ? error : write_file(c, certificate_path, false);
}

int certificate_read(struct certificate *c, const char *certificate_path, const char *key_path)
{
    *c = (struct certificate){NULL, NULL};
    FILE *certificate = fopen(certificate_path, "re");
    int number = certificate == NULL ? errno : 0;
    FILE *key = fopen(key_path, "re");
    int key_number = key == NULL ? errno : 0;
    if (certificate != NULL)
        c->x509 = PEM_read_X509(certificate, NULL, NULL, NULL);
    if (key != NULL)
        c->key = PEM_read_PrivateKey(key, NULL, NULL, NULL);
    if (certificate != NULL)
        fclose(certificate);
    if (key != NULL)
        fclose(key);
    bool good = c->x509 != NULL && c->key != NULL && X509_check_private_key(c->x509, c->key) == 1;
    ERR_clear_error();
    if (good)
        return 0;
    certificate_free(c);
    if (number == EACCES || key_number == EACCES)
        return ERROR_DENIED;
    /* The key is written first: alone it is what a start left that was cut short. */
    return number == ENOENT && (key_number == 0 || key_number == ENOENT) ? ERROR_MISSING : ERROR_CORRUPT;
}

/* ---- looking ---- */

bool certificate_signed_by(const struct certificate *c, const struct certificate *issuer)
{
    bool good = X509_verify(c->x509, X509_get0_pubkey(issuer->x509)) == 1;
    ERR_clear_error();
    return good;
}

bool certificate_lasts(const struct certificate *c, int64_t now, int days)
{
    time_t until = (time_t)(now + (int64_t)days * DAY), from = (time_t)now;
    return X509_cmp_time(X509_get0_notAfter(c->x509), &until) > 0 &&
           X509_cmp_time(X509_get0_notBefore(c->x509), &from) < 0;
}

bool certificate_carries(const struct certificate *c, const char *name)
{
    return X509_check_ip_asc(c->x509, name, 0) == 1 || X509_check_host(c->x509, name, 0, 0, NULL) == 1;
}
