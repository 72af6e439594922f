/* A private key and its certificate: made, kept in two files, checked. */
#ifndef TANDEM_TOOLS_CERTIFICATE_H
#define TANDEM_TOOLS_CERTIFICATE_H

#include <openssl/x509.h>
#include <stdbool.h>
#include <stdint.h>

struct certificate {
    EVP_PKEY *key;
    X509 *x509;
};

struct certificate_wish {
    const char *name; /* common name */
    const char
        *alternatives; /* as OpenSSL writes them: "DNS:localhost,IP:127.0.0.1"; NULL: it is an authority */
    int64_t now;       /* seconds since the epoch: begins a little before */
    int days;
};

/* Signed by the issuer, or by itself when that is NULL. False: the library refused, which is logged. */
bool certificate_make(
    struct certificate *c, const struct certificate_wish *wish, const struct certificate *issuer);
/* For a key that somebody else keeps. NULL: the library refused, which is logged. */
X509 *certificate_issue(EVP_PKEY *key, const struct certificate_wish *wish, const struct certificate *issuer);
void certificate_free(struct certificate *c);

/* Mode 0600, whole or not at all, on disk when it returns. 0 or ERROR_DISK, logged. */
int certificate_write(const struct certificate *c, const char *certificate_path, const char *key_path)
    __attribute__((warn_unused_result));

/* ERROR_MISSING: neither file is there. ERROR_CORRUPT: one is missing, damaged or belongs to another.
 * ERROR_DENIED. Logs nothing. */
int certificate_read(struct certificate *c, const char *certificate_path, const char *key_path)
    __attribute__((warn_unused_result));

bool certificate_signed_by(const struct certificate *c, const struct certificate *issuer);
bool certificate_lasts(const struct certificate *c, int64_t now, int days);
bool certificate_carries(const struct certificate *c, const char *name); /* a host name or an address */

#endif
