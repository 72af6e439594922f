/* All objects, as the one writer keeps them and as copies are made from: kind, name, version, body. It knows
 * who refers to whom. */
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

/* Does everything exist to which this body refers? ERROR_REFERENCE and a complaint. */
int catalogue_check_references(const struct catalogue *c, const struct kind *k, const json_t *body,
    struct object_complaint *complaint) __attribute__((warn_unused_result));

/* The first object that refers to this one and how many more do; NULL: none. */
const struct object *catalogue_user(
    size_t *more, const struct catalogue *c, const struct kind *k, struct slice name);

/* Would the whole fit together with this object instead of what has its name? Checks what concerns several
 * objects at once. ERROR_RANGE, ... and a complaint. */
int catalogue_check_whole(const struct catalogue *c, const struct object *changed,
    struct object_complaint *complaint) __attribute__((warn_unused_result));

/* Adds an object to a copy that is being made. ERROR_CORRUPT: the body is no JSON. */
int object_build(struct config_builder *b, const struct object *o) __attribute__((warn_unused_result));

#endif
