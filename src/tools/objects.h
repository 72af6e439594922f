/* What the sub-commands about objects share: how they ask the running system. */
#ifndef TANDEM_TOOLS_OBJECTS_H
#define TANDEM_TOOLS_OBJECTS_H

#include <jansson.h>

#include "config/kind.h"
#include "config/start/option.h"

/* Which kind a word names; complains with a list of all, and NULL, when it is none. */
const struct kind *objects_kind(const char *word);

/* One request about an object (empty name: its kind) as the operator. The answer's JSON, a new reference; or
 * NULL, and what is wrong has been said in one line beginning with `about`. */
json_t *objects_ask(const struct options *o, const char *method, const struct kind *k, struct slice name,
    struct slice query, const json_t *content, const char *about);

/* All objects of a kind, page by page, are appended to an array; false: that failed, and it has been said. */
bool objects_pages(const struct options *o, const struct kind *k, bool secrets, json_t *objects);

/* The same for any path of the REST interface. */
json_t *objects_rest(
    const struct options *o, const char *method, struct slice path, const json_t *content, const char *about);

/* The same, whatever the status; NULL: there was no answer, and that has been said. */
json_t *objects_send(
    unsigned *status, const struct options *o, const char *method, struct slice path, const json_t *content);
/* Says in one line what an answer that is no success says. */
void objects_complain(const char *about, unsigned status, const json_t *answer);

/* The objects of a file, .json or .toml: { kind: [ object, ... ], ... }. Complains and gives NULL. */
json_t *objects_read(const char *path);
json_t *objects_parse(struct slice text, const char *path, struct buffer *complaint);

#endif
