/* The conversation of a machine with the platform: who are you, I ask, what became of it, and the next one.
 */
#ifndef TANDEM_TOOLS_IDENTITY_CLIENT_H
#define TANDEM_TOOLS_IDENTITY_CLIENT_H

#include <openssl/evp.h>

#include "tools/identity/code.h"
#include "tools/identity/remote.h"

/* How the platform's authority is known. */
struct client_trust {
    struct slice fingerprint; /* 64 hexadecimal digits, colons between them or not; empty: not said */
    const struct code *code;  /* NULL: none */
    bool ask;                 /* a person is there to be asked */
};

/* Asks the platform who it is, without believing it, and compares; from then on `r` believes that authority
 * alone. Nothing else has been sent when this fails: ERROR_UNAUTHENTICATED, and a sentence. */
int client_authenticate(struct remote *r, const struct client_trust *how, struct buffer *complaint)
    __attribute__((warn_unused_result));

struct client_request {
    const char *name;
    struct slice request; /* PEM */
    struct slice code, location;
};
/* The platform's answer in *answer, with instance_id and now; else a sentence. */
int client_enrol(const struct remote *r, json_t **answer, const struct client_request *request,
    struct buffer *complaint) __attribute__((warn_unused_result));

/* An enrolment under way. */
struct client_enrolment {
    char id[33];
    int64_t ahead; /* µs: the platform's clock minus ours */
};
/* 0: it is trusted, and *answer has all; ERROR_AGAIN: not yet, ask later; else it will never be, and a
 * sentence. */
int client_fetch(const struct remote *r, json_t **answer, struct client_enrolment *e, EVP_PKEY *key,
    struct buffer *complaint) __attribute__((warn_unused_result));

/* Asks for the next certificate: `request` for a new key, signed by the present one. */
int client_renew(const struct remote *r, struct client_enrolment *e, EVP_PKEY *present, struct slice request,
    struct buffer *complaint) __attribute__((warn_unused_result));

#endif
