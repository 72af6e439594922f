/* Secrets at rest (SEC-2): in the store, in its history and in the last copy on disk a secret is AES-256-GCM
 * (NIST SP 800-38D) under the key of the cluster, which is in DATA/secret.key and nowhere else.
 *
 *     "secret": "n5Qw8rYt2LkJ"   ── object_seal ──>  "secret": {"sealed": "AUZ..."}  ── object_unseal ──> ...
 *
 * What is sealed belongs to one field of one object, and is nothing in another. The same text there is sealed
 * to the same bytes, since the nonce is a keyed hash of it: no chance is needed, what did not change compares
 * equal, and no nonce is used for two texts. Passwords are hashed and never sealed. */
#ifndef TANDEM_CONFIG_SEAL_H
#define TANDEM_CONFIG_SEAL_H

#include "config/object.h"

#define SEAL_KEY 32  /* bytes of the key; an empty slice: nothing is sealed, and nothing opened */
#define SEAL_MORE 28 /* bytes that a sealed text is longer */

/* Replaces the secrets of a checked body, in place. What is sealed already stays. */
void object_seal(const struct kind *k, json_t *body, struct slice key);
/* Makes them readable again, in place; bodies of earlier versions may have them in clear. What cannot be
 * opened is taken out: ERROR_DENIED, it is of another key or damaged. */
int object_unseal(const struct kind *k, json_t *body, struct slice key) __attribute__((warn_unused_result));
bool object_is_sealed(const json_t *value);

/* The same for any bytes, adding to `out`; `place` is what they belong to. */
int seal_add(struct buffer *out, struct slice key, struct slice place, struct slice clear)
    __attribute__((warn_unused_result));
int seal_open(struct buffer *out, struct slice key, struct slice place, struct slice sealed)
    __attribute__((warn_unused_result));

#endif
