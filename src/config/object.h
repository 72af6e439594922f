/* One object as JSON: checked against the description of its kind, printed, and read. Bodies are kept with
 * their fields in the order of the table and without what was not given, so that defaults stay defaults. */
#ifndef TANDEM_CONFIG_OBJECT_H
#define TANDEM_CONFIG_OBJECT_H

#include <jansson.h>

#include "base/buffer.h"
#include "config/kind.h"

#define OBJECT_BYTES ((size_t)64 << 10) /* of one body */
#define OBJECT_DEPTH 8                  /* of nested arrays and objects */

/* What is wrong, and where in the body: "/listen/0" (RFC 6901); empty: the whole. */
struct object_complaint {
    struct buffer path, sentence;
};
void object_complaint_free(struct object_complaint *c);

/* JSON of any shape within the limits. NULL and a complaint: it is none. The caller frees it by json_decref.
 */
json_t *object_parse(struct slice text, struct object_complaint *c);

/* Checks a body from outside under the name that was asked for (empty: its key field says it), and makes the
 * one that is kept. Secrets that it leaves out are taken from `before` (NULL: there was none); null removes
 * them. Passwords in it are still in clear: object_password. Returns a new reference, or NULL with an error
 * and a complaint. */
json_t *object_check(int *error, const struct kind *k, struct slice name, const json_t *body,
    const json_t *before, struct object_complaint *c);

/* The clear password of a checked body that has to be hashed before the body may be kept; false: none. */
bool object_password(struct slice *password, const struct kind *k, const json_t *body);
void object_set_password(const struct kind *k, json_t *body, struct slice encoded);

/* A value of a kept body, or its default; empty, 0, false or NULL when there is none. */
struct slice object_text(const struct kind *k, const json_t *body, const char *field);
bool object_flag(const struct kind *k, const json_t *body, const char *field);
int64_t object_integer(const struct kind *k, const json_t *body, const char *field);
const json_t *object_list(const json_t *body, const char *field);
struct slice object_name(const struct kind *k, const json_t *body);

/* As REST shows it: defaults filled in, "version" in front; passwords never, secrets only when asked for, in
 * clear if the body has them in clear (seal.h). Inherited values are not in it (inherit.h). New reference. */
json_t *object_show(const struct kind *k, const json_t *body, uint64_t version, bool secrets);

/* Compact JSON. */
void object_dump(struct buffer *out, const json_t *json);

#endif
