/* All objects, as the one writer keeps them: kind, name, version, body. */
#ifndef TANDEM_CONFIG_CATALOGUE_H
#define TANDEM_CONFIG_CATALOGUE_H

#include "config/builder.h"
#include "config/object.h"

struct catalogue;

struct object {
    const struct kind *kind;
    struct slice name;
    struct slice body; /* compact JSON, as object_check made it */
    uint64_t version;  /* grows by one with each change, from 1 */
};

struct catalogue *catalogue_new(void);
void catalogue_free(struct catalogue *c);

/* Adds or replaces; everything is copied. */
void catalogue_put(struct catalogue *c, const struct object *o);
void catalogue_remove(struct catalogue *c, const struct kind *k, struct slice name);
const struct object *catalogue_get(const struct catalogue *c, const struct kind *k, struct slice name);
size_t catalogue_count(const struct catalogue *c);

/* Objects of a kind in order of name, those behind `after` (empty: from the first), at most `limit`; returns
 * how many. */
size_t catalogue_list(const struct object **list, size_t limit, const struct catalogue *c,
    const struct kind *k, struct slice after);

/* Adds an object to a copy that is being made. ERROR_CORRUPT: the body is no JSON. */
int object_build(struct config_builder *b, const struct object *o) __attribute__((warn_unused_result));

#endif
