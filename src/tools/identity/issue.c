#include "tools/identity/issue.h"

#include <arpa/inet.h>
#include <openssl/err.h>
#include <time.h>

#include "base/error.h"
#include "tools/authority.h"
#include "tools/certificate.h"
#include "tools/identity/bundle.h"
#include "tools/identity/request.h"

#define DAY 86400
#define CHAIN_MOST 4 /* authorities between a member and the root */

struct own {
    struct certificate authority;
    struct bundle bundle;
};

static void own_free(struct own *o)
{
    certificate_free(&o->authority);
    bundle_free(&o->bundle);
}

static int own_read(struct own *o, const char *data, struct buffer *complaint)
{
    char path[AUTHORITY_PATH], key[AUTHORITY_PATH];
    *o = (struct own){.bundle = {.count = 0}};
    if (snprintf(path, sizeof path, "%s/certificates/authority.pem", data) >= (int)sizeof path ||
        snprintf(key, sizeof key, "%s/certificates/authority.key", data) >= (int)sizeof key)
        return ERROR_LIMIT;
    int error = certificate_read(&o->authority, path, key);
    if (error == 0)
        error = bundle_read(&o->bundle, path);
    if (error == 0)
        return 0;
    buffer_add_format(complaint, "the authority in %s/certificates: %s", data, error_sentence(error));
    own_free(o);
    return error;
}

int64_t issue_time(const ASN1_TIME *t)
{
    struct tm parts = {0};
    return t != NULL && ASN1_TIME_to_tm(t, &parts) == 1 ? (int64_t)timegm(&parts) * 1000000 : 0;
}

int issue_serial(char text[SERIAL_TEXT], const X509 *x)
{
    BIGNUM *number = ASN1_INTEGER_to_BN(X509_get0_serialNumber(x), NULL);
    char *digits = number != NULL ? BN_bn2hex(number) : NULL;
    const char *from = digits != NULL ? digits : "";
    size_t length = strlen(from);
    bool good = length != 0 && length < SERIAL_TEXT;
    for (size_t i = 0; good && i <= length; i++)
        text[i] = from[i] >= 'A' && from[i] <= 'F' ? (char)(from[i] | 0x20) : from[i];
    OPENSSL_free(digits);
    BN_free(number);
    return good ? 0 : ERROR_RANGE;
}

/* ---- names ---- */

int issue_check_name(const char *data, struct slice name, struct buffer *complaint)
{
    char path[AUTHORITY_PATH], text[65];
    struct bundle server;
    if (name.length == 0 || name.length >= sizeof text || slice_equal_nocase(name, SLICE("localhost"))) {
        buffer_add_text(complaint, "no member can have this name");
        return ERROR_RANGE;
    }
    snprintf(text, sizeof text, "%.*s", SLICE_ARG(name));
    snprintf(path, sizeof path, "%s/certificates/server.pem", data);
    if (bundle_read(&server, path) != 0)
        return 0;
    struct certificate c = {.x509 = server.items[0]};
    bool taken = certificate_carries(&c, text);
    bundle_free(&server);
    if (!taken)
        return 0;
    buffer_add_format(
        complaint, "%s is a name of the platform's first machine; choose another with --name", text);
    return ERROR_CONFLICT;
}

static void add_names(struct buffer *out, struct slice name, struct slice address)
{
    char text[64];
    unsigned char bytes[16];
    buffer_add_format(out, "DNS:%.*s,DNS:localhost,IP:127.0.0.1,IP:::1", SLICE_ARG(name));
    snprintf(text, sizeof text, "%.*s", SLICE_ARG(address));
    if ((inet_pton(AF_INET, text, bytes) == 1 || inet_pton(AF_INET6, text, bytes) == 1) &&
        strcmp(text, "127.0.0.1") != 0 && strcmp(text, "::1") != 0)
        buffer_add_format(out, ",IP:%s", text);
    buffer_add_byte(out, '\0');
}

/* ---- signing ---- */

/* Not longer than who signs it. */
static int days_of(const struct issue *wish, const struct own *o)
{
    int64_t end = issue_time(X509_get0_notAfter(o->authority.x509)) / 1000000;
    int64_t left = (end - wish->now) / DAY;
    return left < wish->days ? (int)left : wish->days;
}

static int describe(struct issued *out, X509 *x, EVP_PKEY *key, const struct own *o)
{
    bundle_write_one(&out->certificate, x);
    X509 *above = o->authority.x509;
    for (size_t i = 0; i < CHAIN_MOST && above != NULL && !bundle_is_root(above); i++) {
        bundle_write_one(&out->certificate, above);
        above = bundle_issuer(&o->bundle, above);
    }
    out->ends_at = issue_time(X509_get0_notAfter(x));
    int error = issue_serial(out->serial, x);
    return error != 0 ? error : request_fingerprint(out->fingerprint, key);
}

static int sign(struct issued *out, const struct issue *wish, EVP_PKEY *key, const struct own *o,
    struct buffer *complaint)
{
    char name[65];
    struct buffer names = {0};
    int days = days_of(wish, o);
    if (days < 1) {
        buffer_add_text(complaint, "the authority has come to its end, or this machine's clock is wrong");
        return ERROR_STALE;
    }
    snprintf(name, sizeof name, "%.*s", SLICE_ARG(wish->name));
    add_names(&names, wish->name, wish->address);
    X509 *x = certificate_issue(key,
        &(struct certificate_wish){.name = name, .alternatives = names.data, .now = wish->now, .days = days},
        &o->authority);
    int error = x != NULL ? describe(out, x, key, o) : ERROR_SYSTEM;
    if (x == NULL)
        buffer_add_text(complaint, "the certificate cannot be signed; the log says why");
    X509_free(x);
    buffer_free(&names);
    return error;
}

int issue_certificate(struct issued *out, const struct issue *wish, struct buffer *complaint)
{
    EVP_PKEY *key = NULL;
    struct own o;
    *out = (struct issued){.ends_at = 0};
    int error = issue_check_name(wish->data, wish->name, complaint);
    if (error == 0)
        error = request_check(&key, wish->request, wish->name, complaint);
    if (error != 0)
        return error;
    error = own_read(&o, wish->data, complaint);
    if (error == 0) {
        error = sign(out, wish, key, &o, complaint);
        own_free(&o);
    }
    EVP_PKEY_free(key);
    if (error != 0)
        buffer_free(&out->certificate);
    return error;
}
