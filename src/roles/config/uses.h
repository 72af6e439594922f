/* How many objects refer to each object. Deletions are checked by it without a walk over all objects. */
#ifndef TANDEM_ROLES_CONFIG_USES_H
#define TANDEM_ROLES_CONFIG_USES_H

#include <jansson.h>

#include "base/map.h"
#include "config/catalogue.h"

/* Zeroed memory is an empty one. */
struct uses {
    struct map targets; /* "kind name" -> struct target */
};

void uses_free(struct uses *u);
/* The object came (by 1) or went (by -1). */
void uses_count(struct uses *u, const struct object *o, int by);

/* The same for what a body refers to. */
void uses_count_body(struct uses *u, const struct kind *k, const json_t *body, int by);
/* 0: nobody. Of differences (a `uses` of their own) it may be negative. */
int64_t uses_of(const struct uses *u, const struct kind *k, struct slice name);

/* The names that a field of type reference has in a body, one after the other: begin with *at = 0. */
bool uses_next_reference(struct slice *name, const json_t *body, const struct field *f, size_t *at);

/* Whether the object refers to that one. */
bool uses_does(const struct object *o, const struct kind *k, struct slice name);

#endif
