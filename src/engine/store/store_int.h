/* Inside the store. */
#ifndef TANDEM_ENGINE_STORE_STORE_INT_H
#define TANDEM_ENGINE_STORE_STORE_INT_H

#include <sqlite3.h>

#include "base/arena.h"
#include "engine/store/statement.h"
#include "engine/store/store.h"
#include "wire/engine.pb-c.h"

#define STORE_APPLICATION 0x54414e44 /* "TAND": told apart from databases of other programs */

enum store_control { STORE_BEGIN, STORE_BEGIN_WRITE, STORE_COMMIT, STORE_ROLLBACK, STORE_CONTROLS };

struct store {
    sqlite3 *database;
    char *path;
    bool read_only;
    int64_t steps; /* left for this request */
    sqlite3_stmt *controls[STORE_CONTROLS];
    sqlite3_stmt **prepared; /* as store_statements, each at its first use */
    struct arena arena;
    size_t answer_bytes;
    int (*before_commit)(void *argument); /* tests: what happens between the statements and COMMIT */
    void *before_commit_argument;
};

/* The code for what SQLite says; logs what somebody must look at. */
int store__error(const struct store *s, int code);

int store__prepare(sqlite3_stmt **prepared, struct store *s, const char *sql)
    __attribute__((warn_unused_result));

/* ---- store_value.c ---- */
int store__bind(struct store *s, sqlite3_stmt *statement, const struct store_statement *about,
    const Tandem__StoreStatement *m) __attribute__((warn_unused_result));
/* Steps to the end and gathers the rows. */
int store__rows(struct store *s, sqlite3_stmt *statement, Tandem__StoreResult *result)
    __attribute__((warn_unused_result));

#endif
