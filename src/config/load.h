/* From the store to the catalogue of the one writer, in pages, since the store bounds its answers:
 *
 *     config_load_begin(&l);
 *     do { config_load_request(&l, &request); ... ask the store ...; config_load_take(&l, answer) }
 *     while (!l.done);
 */
#ifndef TANDEM_CONFIG_LOAD_H
#define TANDEM_CONFIG_LOAD_H

#include "config/catalogue.h"

struct config_load {
    struct catalogue *catalogue;
    struct buffer kind, name; /* the last one that came */
    bool done;
};

void config_load_begin(struct config_load *l);
void config_load_end(struct config_load *l); /* frees it, the catalogue too unless it was taken out */

/* Adds a StoreRequest for the next page. */
void config_load_request(const struct config_load *l, struct buffer *out);
/* Takes the StoreAnswer. Kinds of a newer version are passed over. ERROR_CORRUPT. */
int config_load_take(struct config_load *l, struct slice answer) __attribute__((warn_unused_result));

#endif
