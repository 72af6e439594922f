/* Certificates of members, by the authority whose key is in DATA/certificates. */
#ifndef TANDEM_TOOLS_IDENTITY_ISSUE_H
#define TANDEM_TOOLS_IDENTITY_ISSUE_H

#include <openssl/x509.h>

#include "base/buffer.h"

#define SERIAL_TEXT 41 /* hexadecimal, with the NUL */

struct issue {
    const char *data;
    struct slice request; /* PEM; is checked */
    struct slice name;
    struct slice address; /* where it came from: another name of the certificate, when it is one */
    int days;
    int64_t now; /* seconds since the epoch */
};

struct issued {
    struct buffer certificate; /* PEM, with the authorities between it and the root; the caller frees it */
    char serial[SERIAL_TEXT];
    char fingerprint[65]; /* of the key */
    int64_t ends_at;      /* µs */
};

/* It is good for serving and for asking, for this name before all others, for the address and for the machine
 * itself; and never longer than the authority. An error and a sentence. */
int issue_certificate(struct issued *out, const struct issue *wish, struct buffer *complaint)
    __attribute__((warn_unused_result));

/* Names that would let a member pass for somebody else: the machine of the authority and each machine itself.
 */
int issue_check_name(const char *data, struct slice name, struct buffer *complaint)
    __attribute__((warn_unused_result));

/* Hexadecimal, lower case, two digits a byte: as real_tls says it of a peer, so that both can be compared. */
int issue_serial(char text[SERIAL_TEXT], const X509 *x) __attribute__((warn_unused_result));
int64_t issue_time(const ASN1_TIME *t); /* µs since the epoch; 0: unreadable */

#endif
