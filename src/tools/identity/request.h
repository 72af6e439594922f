/* Requests for certificates (PKCS #10, RFC 2986): what a machine that joins sends, and what is taken from
 * one: the public key, after its holder has shown that the secret one is his. Names beyond its own, uses and
 * times that a request asks for are not looked at: what a certificate says is the authority's business. */
#ifndef TANDEM_TOOLS_IDENTITY_REQUEST_H
#define TANDEM_TOOLS_IDENTITY_REQUEST_H

#include <openssl/evp.h>

#include "base/buffer.h"

#define REQUEST_BYTES 8192  /* of a request or a certificate as PEM */
#define FINGERPRINT_TEXT 65 /* SHA-256 in hexadecimal, with the NUL */

/* P-256; NULL: the library refused. */
EVP_PKEY *request_key(void);

/* Adds a request of this name, signed by the key, as PEM. */
int request_make(struct buffer *pem, EVP_PKEY *key, const char *name) __attribute__((warn_unused_result));

/* The public key of a request that comes from a stranger: the caller frees it. Its only subject must be this
 * common name, its signature must be good, and its key one that others accept: P-256, P-384, Ed25519, RSA of
 * 2048 to 4096 bits. ERROR_SYNTAX, ERROR_LIMIT, ERROR_UNSUPPORTED, ERROR_CONFLICT (another name),
 * ERROR_UNAUTHENTICATED (the signature), and a sentence. */
int request_check(EVP_PKEY **key, struct slice pem, struct slice name, struct buffer *complaint)
    __attribute__((warn_unused_result));

/* The public key of a request that was checked before, or of a certificate. NULL: it is neither. */
EVP_PKEY *request_read_key(struct slice pem);

/* SHA-256 of the public key (SubjectPublicKeyInfo, DER). */
int request_fingerprint(char text[FINGERPRINT_TEXT], EVP_PKEY *key) __attribute__((warn_unused_result));

#endif
