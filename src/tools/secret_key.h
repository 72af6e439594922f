/* The key of the secrets at rest (config/seal.h): DATA/secret.key, readable by the owner of the data only.
 * All members of a cluster have the same one: the first makes it, the others get it when they join. Whoever
 * has a copy of the database has no secrets without it, so it belongs into another backup than the database.
 */
#ifndef TANDEM_TOOLS_SECRET_KEY_H
#define TANDEM_TOOLS_SECRET_KEY_H

#include "base/buffer.h"

#define SECRET_KEY 32 /* bytes */

/* Reads it, or makes it when there is none (`random` fills it). One that is damaged is never made anew, since
 * everything that it sealed would be lost: ERROR_SYNTAX. ERROR_DENIED: others may read it. */
int secret_key_prepare(uint8_t key[SECRET_KEY], struct slice data, void (*random)(void *bytes, size_t length),
    struct buffer *complaint) __attribute__((warn_unused_result));

/* ERROR_MISSING: there is none. */
int secret_key_read(uint8_t key[SECRET_KEY], struct slice data, struct buffer *complaint)
    __attribute__((warn_unused_result));

/* For one that joins: ERROR_EXISTS when there is another one already. */
int secret_key_write(const uint8_t key[SECRET_KEY], struct slice data, struct buffer *complaint)
    __attribute__((warn_unused_result));

#endif
