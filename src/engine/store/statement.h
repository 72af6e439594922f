/* The named statements and the versions of the schema, as tools/gen-sql makes them of *.sql: one source for
 * SQLite and PostgreSQL. */
#ifndef TANDEM_ENGINE_STORE_STATEMENT_H
#define TANDEM_ENGINE_STORE_STATEMENT_H

#include "base/arena.h"

/* Types are letters: i integer, t text, b blob; capital where NULL is permitted. */
struct store_statement {
    const char *name, *parameters, *returns;
    bool reads;           /* changes nothing */
    bool one;             /* refused as a conflict when it changes no row */
    const char *sql;      /* of SQLite */
    const char *postgres; /* of PostgreSQL; of one that is `one`, nothing changed raises the state TD001 */
    const char *roles;    /* whose processes run it, with spaces around each: " proxy history " */
    const char *parameter_names, *columns; /* with a space between */
};

struct store_migration {
    const char *name, *sql, *postgres;
    unsigned least; /* the oldest program (by the version of its schema) that can work on the result */
};

extern const struct store_statement store_statements[]; /* sorted by name */
extern const size_t store_statement_count;
extern const struct store_migration store_migrations[]; /* migration i leads to version i + 1 */
extern const size_t store_migration_count;
extern const char store_ground[]; /* PostgreSQL only, before the first migration; may run again */

/* NULL: there is no such statement. */
const struct store_statement *store_statement_find(struct slice name);

/* Text for the store. Phones may send bytes that are no UTF-8, and PostgreSQL takes none of them: what stands
 * for no character becomes U+FFFD, in every store. Text that is well stays where it is. */
char *store_clean(struct arena *arena, char *text);

/* What a statement touches, one after the other: rights are granted by it. */
struct store_touch {
    const char *statement, *table, *rights; /* "calls", "SELECT, INSERT" */
};
extern const struct store_touch store_touches[];
extern const size_t store_touch_count;

#endif
