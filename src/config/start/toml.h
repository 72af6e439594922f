/* The start file's language: the part of TOML 1.0 that a start file and lists of objects need. Tables, arrays
 * of tables, basic strings with escapes, literal strings, integers, true and false, arrays over several
 * lines. Not: dotted keys, inline tables, strings over several lines, floats, dates; using one is an error
 * that says so. */
#ifndef TANDEM_CONFIG_TOML_H
#define TANDEM_CONFIG_TOML_H

#include <jansson.h>

#include "base/arena.h"
#include "base/buffer.h"

#define TOML_BYTES ((size_t)4 << 20) /* of a file */
#define TOML_DEPTH 8                 /* of tables and of arrays */
#define TOML_KEYS 256                /* of one table */

enum toml_type { TOML_TABLE, TOML_ARRAY, TOML_TEXT, TOML_INTEGER, TOML_FLAG, TOML_TYPES };

struct toml {
    enum toml_type type;
    bool of_tables; /* array: made by [[name]] */
    bool opened;    /* table: a header has named it */
    bool flag;
    unsigned line;    /* where it begins */
    struct slice key; /* in its table; empty in arrays */
    struct slice text;
    int64_t number;
    struct toml *first, *last, *next; /* children in order; the next sibling */
    size_t count;                     /* of children */
};

/* The root table, in the arena. ERROR_SYNTAX, ERROR_LIMIT or ERROR_UNSUPPORTED with the line and a sentence.
 */
int toml_parse(struct toml **root, struct arena *arena, struct slice text, unsigned *line,
    struct buffer *sentence) __attribute__((warn_unused_result));

const struct toml *toml_get(const struct toml *table, struct slice key); /* NULL: not there */
const char *toml_type_name(enum toml_type type);                         /* "a table" */

/* The same as JSON; new reference. */
json_t *toml_json(const struct toml *value);

#endif
