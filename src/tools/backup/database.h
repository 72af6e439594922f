/* A database that is copied: rows out of one, rows into an empty one, whichever it is. */
#ifndef TANDEM_TOOLS_BACKUP_DATABASE_H
#define TANDEM_TOOLS_BACKUP_DATABASE_H

#include "base/buffer.h"
#include "world/real/engines.h"

#define DATABASE_COLUMNS 64
#define DATABASE_TABLES 64
#define DATABASE_NAME 64

struct database_value {
    enum { DATABASE_NULL, DATABASE_NUMBER, DATABASE_TEXT, DATABASE_BLOB } kind;
    int64_t number;
    struct slice bytes;
};

struct database_table {
    char name[DATABASE_NAME];
    char columns[DATABASE_COLUMNS][DATABASE_NAME];
    size_t count;
};

/* Told of a table, then of each of its rows. */
struct database_reader {
    void *argument;
    int (*table_h)(void *argument, const struct database_table *table);
    int (*row_h)(void *argument, const struct database_value *values);
};

struct database_kind {
    const char *name; /* "sqlite", "postgresql" */
    /* What there is at one moment. */
    int (*read)(unsigned *schema, const struct real_engines_params *params,
        const struct database_reader *reader, struct buffer *complaint);
    /* An empty one of that version of the schema; ERROR_EXISTS: there is something. */
    int (*begin)(
        void **self, const struct real_engines_params *params, unsigned schema, struct buffer *complaint);
    int (*table)(void *self, const struct database_table *table, struct buffer *complaint);
    int (*row)(void *self, const struct database_value *values, struct buffer *complaint);
    /* Everything becomes true at once; or nothing of it, when `keep` is false. Frees. */
    int (*end)(void *self, bool keep, struct buffer *complaint);
};

extern const struct database_kind database_sqlite, database_postgres;

/* What is not copied: it speaks of a moment that is over. */
bool database_leaves_out(const char *table);

#endif
