/* One-time enrolment codes: by one, a machine is trusted without a click. A code also says by which authority
 * the platform is known, so that it is never told to anybody else: whoever reads it checks first to whom he
 * speaks.
 *
 *     kq3v-7bfa-...   52 letters and digits (base32, RFC 4648 6): 16 bytes of the authority's fingerprint, 16
 * bytes of secret. Case, '-' and spaces do not count. */
#ifndef TANDEM_TOOLS_IDENTITY_CODE_H
#define TANDEM_TOOLS_IDENTITY_CODE_H

#include <openssl/x509.h>

#include "base/buffer.h"

#define CODE_TEXT 65      /* with its hyphens and the NUL */
#define CODE_HALF 16      /* bytes */
#define CODE_HASH_TEXT 65 /* SHA-256 of the secret in hexadecimal, with the NUL */

struct code {
    unsigned char authority[CODE_HALF], secret[CODE_HALF];
};

int code_make(struct code *c, X509 *authority) __attribute__((warn_unused_result));
void code_write(char text[CODE_TEXT], const struct code *c);
int code_read(struct code *c, struct slice text) __attribute__((warn_unused_result)); /* ERROR_SYNTAX */
/* What is kept of it. */
int code_hash(char text[CODE_HASH_TEXT], const struct code *c) __attribute__((warn_unused_result));

/* The fingerprint of a certificate as everybody writes it: SHA-256 of all of it (DER). */
int code_fingerprint(unsigned char hash[32], X509 *certificate) __attribute__((warn_unused_result));

#endif
