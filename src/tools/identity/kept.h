/* What a machine that joined keeps in DATA/certificates, all of mode 0600:
 *
 *     member.pem       its secret key and its certificate in one file, so that they change together
 *     member.key.new   the key of a request that is not answered yet
 *     member.json      the platform's address, our name, the number of the enrolment
 *     authority.pem    who is trusted */
#ifndef TANDEM_TOOLS_IDENTITY_KEPT_H
#define TANDEM_TOOLS_IDENTITY_KEPT_H

#include <jansson.h>
#include <openssl/evp.h>

#include "base/buffer.h"
#include "tools/authority.h"
#include "tools/certificate.h"

struct kept {
    char data[AUTHORITY_PATH]; /* absolute once opened */
    char member[AUTHORITY_PATH], new_key[AUTHORITY_PATH], about[AUTHORITY_PATH], authority[AUTHORITY_PATH];
};

/* Names of the files; with `make` the folders are made. A sentence when that cannot be. */
int kept_open(struct kept *k, struct slice data, bool make, struct buffer *complaint)
    __attribute__((warn_unused_result));
bool kept_is_member(const struct kept *k);

/* The key of the request that is under way, or a new one, written down before it is used. The caller frees
 * it. */
int kept_new_key(EVP_PKEY **key, const struct kept *k, struct buffer *complaint)
    __attribute__((warn_unused_result));

/* The present key and certificate: ERROR_MISSING, ERROR_CORRUPT. */
int kept_read(struct certificate *c, const struct kept *k) __attribute__((warn_unused_result));
json_t *kept_about(const struct kept *k); /* a new reference; NULL: unreadable */
int kept_write_about(const struct kept *k, const json_t *about, struct buffer *complaint)
    __attribute__((warn_unused_result));

/* Checks what the platform has answered against the key, the name, the authorities that come with it and this
 * machine's clock (`now`: seconds). The sentence says what is wrong. */
int kept_check(EVP_PKEY *key, const char *name, const json_t *answer, int64_t now, struct buffer *complaint)
    __attribute__((warn_unused_result));
/* The same, and puts it in place. */
int kept_install(const struct kept *k, EVP_PKEY *key, const char *name, const json_t *answer, int64_t now,
    struct buffer *complaint) __attribute__((warn_unused_result));

/* The secrets of such an answer, opened with the key; a new reference. NULL and a sentence: they are not for
 * us. */
json_t *kept_secrets(EVP_PKEY *key, const json_t *answer, struct buffer *complaint);

#endif
