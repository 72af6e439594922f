/* From the store to a copy. Main asks the store with config_load_request at its start, and again when
 * something is heard on cfg.>; what comes back makes the new copy that every instance gets. */
#ifndef TANDEM_CONFIG_LOAD_H
#define TANDEM_CONFIG_LOAD_H

#include "config/catalogue.h"

/* Adds a StoreRequest for all objects. */
void config_load_request(struct buffer *out);

/* Takes the objects of a StoreAnswer. Kinds of a newer version are passed over. ERROR_CORRUPT. */
int catalogue_load(struct catalogue *c, struct slice answer) __attribute__((warn_unused_result));

/* The copy that follows from all objects of a catalogue, and from what only this process knows (NULL:
 * nothing). */
int catalogue_build(struct configuration **out, const struct catalogue *c, const struct config_local *local,
    struct buffer *complaint) __attribute__((warn_unused_result));

/* Both at once. */
int config_load_all(struct configuration **out, struct slice answer, const struct config_local *local,
    struct buffer *complaint) __attribute__((warn_unused_result));

#endif
