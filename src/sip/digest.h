/* Digest authentication (RFC 7616, 8760): challenges and checks as a server, answers as a client. MD5,
 * SHA-256 and SHA-512-256, each with its -sess variant; qop auth, auth-int, and none as of old. Hashed user
 * names are sent where they are asked for; as a server we do not ask for them, and refuse them
 * (ERROR_UNSUPPORTED). */
#ifndef TANDEM_SIP_DIGEST_H
#define TANDEM_SIP_DIGEST_H

#include "base/arena.h"
#include "base/buffer.h"

/* From weak to strong. */
enum digest_algorithm { DIGEST_MD5, DIGEST_SHA256, DIGEST_SHA512_256, DIGEST_ALGORITHMS };

struct digest {
    enum digest_algorithm algorithm;
    struct slice username, realm, nonce, uri, response, cnonce, nc, qop, opaque;
    bool stale;
    bool session;   /* the algorithm's -sess variant */
    bool userhash;  /* challenges: user names may be hashed */
    uint32_t count; /* nc as a number; 0 where absent */
};

#define DIGEST_HEX 65   /* with the NUL */
#define DIGEST_NONCE 65 /* with the NUL */

/* The value of an Authorization or WWW-Authenticate header and of their Proxy- kin. ERROR_UNSUPPORTED:
 * another scheme or algorithm; ERROR_LIMIT: a value longer than anybody needs. Quoted values with escapes are
 * copied into the arena. */
int digest_parse(struct digest *d, struct slice value, struct arena *arena)
    __attribute__((warn_unused_result));

/* What a server hashes with, made at its first use and kept: OpenSSL looks an algorithm up by its name
 * otherwise, which takes longer than to hash. Belongs to one role; zeroed memory is good. */
struct digest_hashes {
    struct evp_md_st *types[DIGEST_ALGORITHMS];
    struct evp_md_ctx_st *context;
};
void digest_hashes_free(struct digest_hashes *h);

/* H(user:realm:password) in hexadecimal: what is stored of a secret. */
void digest_ha1(char ha1[DIGEST_HEX], enum digest_algorithm a, struct slice user, struct slice realm,
    struct slice secret);

/* Nonces need no memory: time, and a keyed hash over it and the realm, so that every proxy with the same key
 * accepts them. digest_nonce_check: 0, ERROR_STALE (ours, too old), ERROR_DENIED (not ours). */
void digest_nonce(
    char nonce[DIGEST_NONCE], struct digest_hashes *h, struct slice key, struct slice realm, int64_t now);
int digest_nonce_check(struct slice nonce, struct digest_hashes *h, struct slice key, struct slice realm,
    int64_t now, int64_t lifetime) __attribute__((warn_unused_result));

/* Adds the value of a challenge header: Digest realm="…", nonce="…", algorithm=…, qop="auth"[, stale=true].
 */
void digest_add_challenge(
    struct buffer *out, enum digest_algorithm a, struct slice realm, struct slice nonce, bool stale);

/* Is the response right for this method and stored ha1 (of d->algorithm, without session)? In constant time.
 * The nonce is checked apart. Without a body auth-int is wrong. */
bool digest_verify(const struct digest *d, struct digest_hashes *h, struct slice method, struct slice ha1);
bool digest_verify_body(const struct digest *d, struct digest_hashes *h, struct slice method,
    struct slice ha1, struct slice body);

/* ---- as a client ---- */

/* What a secret may be used for: no other realm gets an answer, and none by a weaker algorithm than that one
 * has been known to offer. */
struct digest_known {
    const struct slice *realms;
    size_t realm_count;
    enum digest_algorithm least;
};
/* Is `d` to be preferred to `best` (a zeroed one: none yet)? The stronger algorithm, the first of equal ones
 * (RFC 8760 2.4). False for realms that are not known and algorithms that are too weak. */
bool digest_preferred(const struct digest *d, const struct digest *best, const struct digest_known *known);

struct digest_answer {
    struct slice user, secret, method, uri, cnonce, body;
    uint32_t count; /* of the nonce, from 1 on */
};
/* Adds the value of the Authorization header that answers `challenge`: with qop auth where it is offered, or
 * else auth-int, or else none. */
void digest_answer(struct buffer *out, const struct digest *challenge, const struct digest_answer *a);
/* The same without a body. */
void digest_add_answer(struct buffer *out, const struct digest *challenge, struct slice user,
    struct slice secret, struct slice method, struct slice uri, struct slice cnonce, uint32_t nc);

#endif
