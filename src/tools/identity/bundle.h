/* Certificates in one PEM file: authorities that are trusted. In DATA/certificates/authority.pem the first
 * one is the platform's present authority; others are those before it, the next one, and those above it. */
#ifndef TANDEM_TOOLS_IDENTITY_BUNDLE_H
#define TANDEM_TOOLS_IDENTITY_BUNDLE_H

#include <openssl/x509.h>

#include "base/buffer.h"

#define BUNDLE_MOST 16 /* certificates */
#define BUNDLE_BYTES ((size_t)64 << 10)

struct bundle {
    X509 *items[BUNDLE_MOST];
    size_t count;
};

/* ERROR_SYNTAX: no certificate in it, or something else; ERROR_LIMIT. */
int bundle_parse(struct bundle *b, struct slice pem) __attribute__((warn_unused_result));
int bundle_read(struct bundle *b, const char *path)
    __attribute__((warn_unused_result)); /* ERROR_MISSING too */
void bundle_free(struct bundle *b);

/* Takes a reference; one that is there already is not added again. ERROR_LIMIT. */
int bundle_add(struct bundle *b, X509 *x) __attribute__((warn_unused_result));
/* One certificate, and all of them, as PEM. */
void bundle_write_one(struct buffer *out, X509 *x);
void bundle_write(struct buffer *out, const struct bundle *b);

/* Who has signed this one, among them; NULL: nobody, or itself. */
X509 *bundle_issuer(const struct bundle *b, X509 *x);
bool bundle_is_root(X509 *x); /* signed by itself */

#endif
