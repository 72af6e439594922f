/* The inside of the room: how a copy lies in memory. */
#ifndef TANDEM_CONFIG_CONFIG_INT_H
#define TANDEM_CONFIG_CONFIG_INT_H

#include "base/arena.h"
#include "config/config.h"

/* Rows of one kind in order of name, and an index of their hashes. Each row begins with its name. */
struct config_table {
    char *rows;
    size_t size; /* bytes of a row */
    size_t count;
    uint32_t *index; /* number of the row + 1; 0: free. Open addressing, at most half full */
    size_t mask;
};

struct configuration {
    uint32_t references;
    struct arena arena; /* all text and lists */
    struct config_table locations, members, dns, persons, applications, pairs;
    struct slice operator_token_sha256;
};

/* Makes the index of rows that are sorted already. */
void config__index(struct config_table *t);
void *config__find(const struct config_table *t, struct slice name);
void config__free(struct configuration *c);

static inline void *config__row(const struct config_table *t, size_t number)
{
    return t->rows + number * t->size;
}

#endif
