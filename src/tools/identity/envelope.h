/* What only one member may read, although it goes by way of others (sessions, bus): CMS, encrypted to the key
 * of its certificate (RFC 5652, RFC 5753), as base64. Kinds of keys that cannot do that are not accepted in
 * requests. */
#ifndef TANDEM_TOOLS_IDENTITY_ENVELOPE_H
#define TANDEM_TOOLS_IDENTITY_ENVELOPE_H

#include <openssl/x509.h>

#include "base/buffer.h"

#define ENVELOPE_BYTES ((size_t)64 << 10) /* of the text */

int envelope_close(struct buffer *text, X509 *to, struct slice content) __attribute__((warn_unused_result));
/* ERROR_SYNTAX: it is none; ERROR_DENIED: it is for somebody else, or was changed. */
int envelope_open(struct buffer *content, X509 *certificate, EVP_PKEY *key, struct slice text)
    __attribute__((warn_unused_result));

#endif
