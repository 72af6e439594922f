/* The platform as a machine sees it that joins: an address, and an authority that is believed or not yet. */
#ifndef TANDEM_TOOLS_IDENTITY_REMOTE_H
#define TANDEM_TOOLS_IDENTITY_REMOTE_H

#include <jansson.h>

#include "tools/identity/bundle.h"

struct remote {
    struct buffer web; /* endpoint */
    char host[256];    /* the name that was asked for; empty: an address was */
    struct bundle trust;
    bool blind; /* only to ask who it is */
};

/* "https://core.example.com", "https://192.0.2.1:8443", "https://[2001:db8::1]"; the port is 8443 unless it
 * says another. Looks the name up. ERROR_SYNTAX, ERROR_MISSING (no such name) and a sentence. */
int remote_open(struct remote *r, struct slice url, struct buffer *complaint)
    __attribute__((warn_unused_result));
void remote_close(struct remote *r);

/* One request. 0 with the status and the answer's JSON (a new reference, or NULL when it is none); else a
 * sentence. */
int remote_ask(const struct remote *r, unsigned *status, json_t **answer, const char *method,
    struct slice path, const json_t *content, struct buffer *complaint) __attribute__((warn_unused_result));

/* Takes it apart; what is not there is NULL or empty. */
const char *remote_sentence(const json_t *answer); /* of an error */

#endif
