/* A copy of the configuration as bytes, for the last copy on disk: what a process starts with while the store
 * is away (CF-2). Everything in it but the first line is sealed (SEC-2), in pieces, so that neither who
 * writes nor who reads needs it in one piece of memory; damage, a torn end and another key are told apart.
 *
 *     tandem configuration copy 1 <check of the key>\n
 *     { length, hash, sealed { length, type, bytes } ... } ...       numbers: 4 and 8 bytes, the highest
 * first
 *
 * Kinds and members of rows that the reader does not know are passed over. */
#ifndef TANDEM_CONFIG_IMAGE_H
#define TANDEM_CONFIG_IMAGE_H

#include "config/builder.h"

/* Gives the bytes piece by piece to `put`, whose error ends it. ERROR_UNSUPPORTED: there is no key. From any
 * thread that has retained the copy. */
int config_image_write(const struct configuration *c, struct slice key,
    int (*put)(void *argument, struct slice bytes), void *argument) __attribute__((warn_unused_result));

/* ERROR_CORRUPT, ERROR_NEWER (of another version of the file), ERROR_DENIED (of another key) and a sentence
 * without the name of the file. */
int config_image_read(struct configuration **out, struct slice bytes, const struct config_local *local,
    struct buffer *complaint) __attribute__((warn_unused_result));

#endif
