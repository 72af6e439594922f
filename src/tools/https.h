/* A small HTTPS client that waits for its answer, for sub-commands on the machine of the system they speak
 * to. It trusts that system's own authority, DATA/certificates/authority.pem, and nobody else, unless the
 * target names others. */
#ifndef TANDEM_TOOLS_HTTPS_H
#define TANDEM_TOOLS_HTTPS_H

#include <openssl/x509.h>

#include "base/buffer.h"

#define HTTPS_ANSWER ((size_t)8 << 20) /* bytes of an answer */
#define HTTPS_SECONDS 15               /* of silence */

struct https_target {
    struct slice web;   /* endpoint, tls:ADDRESS:PORT */
    struct slice data;  /* folder */
    const char *token;  /* of the operator; NULL: none is sent */
    const char *host;   /* the name that its certificate must carry; NULL: the address of `web` */
    X509 *const *trust; /* these instead of the file; a certificate that leads to one of them is good */
    size_t trust_count;
    bool blind; /* whoever answers is believed: only for what is compared afterwards */
};

/* One request. 0 with the status and body of the answer, whatever the status; or ERROR_UNREACHABLE, ... and
 * one sentence. */
int https_ask(unsigned *status, struct buffer *body, const struct https_target *target, const char *method,
    struct slice path, struct slice content, struct buffer *complaint) __attribute__((warn_unused_result));

/* Takes a whole answer apart: a body with Content-Length, chunked, or up to the end. ERROR_SYNTAX. */
int https_parse(unsigned *status, struct buffer *body, struct slice answer)
    __attribute__((warn_unused_result));

#endif
