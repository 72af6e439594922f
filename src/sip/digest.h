/* Digest authentication (RFC 7616, 8760; MD5 and SHA-256): challenges and checks as a server, answers as a
 * client. */
#ifndef TANDEM_SIP_DIGEST_H
#define TANDEM_SIP_DIGEST_H

#include "base/arena.h"
#include "base/buffer.h"

enum digest_algorithm { DIGEST_MD5, DIGEST_SHA256, DIGEST_ALGORITHMS };

struct digest {
    enum digest_algorithm algorithm;
    struct slice username, realm, nonce, uri, response, cnonce, nc, qop, opaque;
    bool stale;
};

#define DIGEST_HEX 65   /* with the NUL */
#define DIGEST_NONCE 65 /* with the NUL */

/* The value of an Authorization or WWW-Authenticate header and of their Proxy- kin. ERROR_UNSUPPORTED:
 * another scheme or algorithm. Quoted values with escapes are copied into the arena. */
int digest_parse(struct digest *d, struct slice value, struct arena *arena)
    __attribute__((warn_unused_result));

/* H(user:realm:password) in hexadecimal: what is stored of a secret. */
void digest_ha1(char ha1[DIGEST_HEX], enum digest_algorithm a, struct slice user, struct slice realm,
    struct slice secret);

/* Nonces need no memory: time, and a keyed hash over it and the realm, so that every proxy with the same key
 * accepts them. digest_nonce_check: 0, ERROR_STALE (ours, too old), ERROR_DENIED (not ours). */
void digest_nonce(char nonce[DIGEST_NONCE], struct slice key, struct slice realm, int64_t now);
int digest_nonce_check(struct slice nonce, struct slice key, struct slice realm, int64_t now,
    int64_t lifetime) __attribute__((warn_unused_result));

/* Adds the value of a challenge header: Digest realm="…", nonce="…", algorithm=…, qop="auth"[, stale=true].
 */
void digest_add_challenge(
    struct buffer *out, enum digest_algorithm a, struct slice realm, struct slice nonce, bool stale);

/* Is the response right for this method and stored ha1? In constant time. The nonce is checked apart. */
bool digest_verify(const struct digest *d, struct slice method, struct slice ha1);

/* As a client: adds the value of the Authorization header that answers `challenge`. */
void digest_add_answer(struct buffer *out, const struct digest *challenge, struct slice user,
    struct slice secret, struct slice method, struct slice uri, struct slice cnonce, uint32_t nc);

#endif
