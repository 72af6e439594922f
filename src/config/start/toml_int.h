/* Between the two files of the parser: where it stands. */
#ifndef TANDEM_CONFIG_TOML_INT_H
#define TANDEM_CONFIG_TOML_INT_H

#include "config/start/toml.h"

struct toml_parser {
    struct slice rest;
    unsigned line;
    struct arena *arena;
    struct buffer *sentence;
    int error;
};

bool toml__fail(struct toml_parser *p, int error, const char *format, ...)
    __attribute__((format(printf, 3, 4)));
int toml__peek(const struct toml_parser *p); /* the next byte, or -1 */
void toml__skip_blanks(struct toml_parser *p);
/* Blanks, comments and line ends: false where a comment is malformed. */
bool toml__skip_lines(struct toml_parser *p);
struct toml *toml__add(struct toml_parser *p, struct toml *parent, enum toml_type type, struct slice key);
bool toml__text(struct toml_parser *p, struct slice *text);
bool toml__bare(struct toml_parser *p, struct slice *key);
bool toml__value(struct toml_parser *p, struct toml *parent, struct slice key, unsigned depth);

#endif
