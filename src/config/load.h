/* From the store to a copy, in pages, since the store bounds its answers.
 *
 *     struct config_load l;                          at the start; main keeps l.catalogue
 *     config_load_begin(&l);
 *     do { config_load_request(&l, &request); ... ask the store ...; config_load_take(&l, answer) } while
 * (!l.done); catalogue_build(&configuration, l.catalogue, &local, &complaint);
 *
 * When cfg.<kind> says that an object changed, main asks for that one (config_load_one_request), puts it into
 * its catalogue (config_load_one) and builds the next copy. */
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

/* The same for one object, which may be gone. */
void config_load_one_request(struct buffer *out, const struct kind *k, struct slice name);
int config_load_one(struct catalogue *c, const struct kind *k, struct slice name, struct slice answer)
    __attribute__((warn_unused_result));

/* All pages, where the store can be asked at once: `ask` adds the StoreAnswer, or returns an error. */
int config_load_all(struct config_load *l,
    int (*ask)(void *argument, struct slice request, struct buffer *answer), void *argument)
    __attribute__((warn_unused_result));

/* The copy that follows from all objects, and from what only this process knows (NULL: nothing). Errors as of
 * config_builder_end. */
int catalogue_build(struct configuration **out, const struct catalogue *c, const struct config_local *local,
    struct buffer *complaint) __attribute__((warn_unused_result));

#endif
