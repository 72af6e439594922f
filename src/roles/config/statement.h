/* Requests to the store, statement by statement: packed messages simply follow each other. */
#ifndef TANDEM_ROLES_CONFIG_STATEMENT_H
#define TANDEM_ROLES_CONFIG_STATEMENT_H

#include "base/arena.h"
#include "base/buffer.h"
#include "wire/engine.pb-c.h"

#define STATEMENT_PARAMETERS 8

struct statement {
    Tandem__StoreStatement message;
    Tandem__StoreValue values[STATEMENT_PARAMETERS], *parameters[STATEMENT_PARAMETERS];
    struct arena arena;
    struct buffer *out;
};

void statement_begin(struct statement *s, struct buffer *out, const char *name);
void statement_text(struct statement *s, struct slice text);
void statement_number(struct statement *s, uint64_t number);
void statement_null(struct statement *s);
void statement_end(struct statement *s); /* adds it to the request */

/* The results of an answer, `count` of them; NULL: it is none such. */
const Tandem__StoreAnswer *statement_answer(struct slice bytes, size_t count, struct arena *arena);
/* Values of a row; absent is 0 or empty. */
uint64_t statement_row_number(const Tandem__StoreRow *row, size_t column);
struct slice statement_row_text(const Tandem__StoreRow *row, size_t column);

#endif
