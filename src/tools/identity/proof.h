/* That somebody holds a key: a text signed by it, in hexadecimal. The texts begin with what they are for, so
 * that a signature made for one thing is good for nothing else. */
#ifndef TANDEM_TOOLS_IDENTITY_PROOF_H
#define TANDEM_TOOLS_IDENTITY_PROOF_H

#include <openssl/evp.h>

#include "base/buffer.h"

#define PROOF_TEXT 2048 /* bytes of a signature as text, at most */

int proof_sign(struct buffer *signature, EVP_PKEY *key, struct slice text)
    __attribute__((warn_unused_result));
/* ERROR_UNAUTHENTICATED */
int proof_check(EVP_PKEY *key, struct slice text, struct slice signature) __attribute__((warn_unused_result));

/* What is signed to fetch a certificate, and to ask for the next one (then with the new request). `at`: µs,
 * as the server's clock has it. */
void proof_text(struct buffer *out, struct slice instance_id, int64_t at, struct slice request);

#endif
