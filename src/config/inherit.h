/* Values that an object does not say itself: they come from the object above it, from the one above that, or
 * are the default of the last one.
 *
 *     cluster ──> location ──> ...          struct kind.above; FIELD_INHERITED
 *
 * The copies that roles have hold the values that follow (config/derive.c); this is for those who show them.
 */
#ifndef TANDEM_CONFIG_INHERIT_H
#define TANDEM_CONFIG_INHERIT_H

#include "config/catalogue.h"

/* How the bodies of other objects are found: a new reference, or NULL. */
struct inherit_means {
    void *argument;
    json_t *(*find)(void *argument, const struct kind *k, struct slice name);
};

/* The value of a field of an object that does not say it: a new reference, or NULL. `from` gets where it
 * comes from: "location home", or "default". */
json_t *inherit_value(struct buffer *from, const struct kind *k, const json_t *body, const char *field,
    const struct inherit_means *means);

/* As object_show, and with what the object inherits:
 *
 *     "inherited": {"sha256": {"value": true, "from": "cluster cluster"}, ...}
 *
 * Secrets are opened with `key` when they are asked for. New reference; NULL: the body is damaged. */
json_t *catalogue_show(const struct catalogue *c, const struct object *o, struct slice key, bool secrets);

#endif
