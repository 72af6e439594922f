/* The database in the data folder; it may be in use while it is read. */
#include <sqlite3.h>
#include <stdio.h>
#include <unistd.h>

#include "base/error.h"
#include "base/mem.h"
#include "engine/store/statement.h"
#include "tools/backup/database.h"

#define APPLICATION 0x54414e44 /* "TAND" */
#define BUSY_WAIT 5000         /* ms */

struct sqlite {
    sqlite3 *database;
    sqlite3_stmt *insert;
    size_t columns;
    char path[1024], part[1040];
};

static int failed(sqlite3 *database, const char *what, struct buffer *complaint)
{
    buffer_add_format(complaint, "%s: %s", what, sqlite3_errmsg(database));
    switch (sqlite3_errcode(database) & 0xff) {
    case SQLITE_CORRUPT:
    case SQLITE_NOTADB:
        return ERROR_CORRUPT;
    case SQLITE_CONSTRAINT:
    case SQLITE_ERROR:
        return ERROR_CORRUPT; /* rows that the schema does not take */
    default:
        return ERROR_DISK;
    }
}

static int first_number(sqlite3 *database, const char *sql)
{
    sqlite3_stmt *s;
    int number = -1;
    if (sqlite3_prepare_v2(database, sql, -1, &s, NULL) == SQLITE_OK && sqlite3_step(s) == SQLITE_ROW)
        number = sqlite3_column_int(s, 0);
    sqlite3_finalize(s);
    return number;
}

/* ---- reading ---- */

static struct database_value value_of(sqlite3_stmt *s, int column)
{
    struct database_value v = {.kind = DATABASE_NULL};
    switch (sqlite3_column_type(s, column)) {
    case SQLITE_NULL:
        return v;
    case SQLITE_INTEGER:
        v.kind = DATABASE_NUMBER;
        v.number = sqlite3_column_int64(s, column);
        return v;
    case SQLITE_BLOB:
        v.kind = DATABASE_BLOB;
        v.bytes = slice_of(sqlite3_column_blob(s, column), (size_t)sqlite3_column_bytes(s, column));
        return v;
    default:
        v.kind = DATABASE_TEXT;
        v.bytes = slice_of(sqlite3_column_text(s, column), (size_t)sqlite3_column_bytes(s, column));
        return v;
    }
}

static int read_table(
    sqlite3 *database, const char *name, const struct database_reader *reader, struct buffer *complaint)
{
    struct database_table table = {.count = 0};
    struct database_value values[DATABASE_COLUMNS];
    char sql[160];
    sqlite3_stmt *s;
    snprintf(table.name, sizeof table.name, "%s", name);
    snprintf(sql, sizeof sql, "SELECT * FROM \"%s\"", name);
    if (sqlite3_prepare_v2(database, sql, -1, &s, NULL) != SQLITE_OK)
        return failed(database, name, complaint);
    table.count = (size_t)sqlite3_column_count(s);
    int error = table.count > DATABASE_COLUMNS ? ERROR_LIMIT : 0, code = SQLITE_DONE;
    for (size_t i = 0; i < table.count && error == 0; i++)
        snprintf(table.columns[i], sizeof table.columns[i], "%s", sqlite3_column_name(s, (int)i));
    if (error == 0)
        error = reader->table_h(reader->argument, &table);
    while (error == 0 && (code = sqlite3_step(s)) == SQLITE_ROW) {
        for (size_t i = 0; i < table.count; i++)
            values[i] = value_of(s, (int)i);
        error = reader->row_h(reader->argument, values);
    }
    if (error == 0 && code != SQLITE_DONE)
        error = failed(database, name, complaint);
    sqlite3_finalize(s);
    return error;
}

static int read_tables(sqlite3 *database, const struct database_reader *reader, struct buffer *complaint)
{
    sqlite3_stmt *names;
    int error = 0;
    if (sqlite3_prepare_v2(database,
            "SELECT name FROM sqlite_schema WHERE type = 'table' AND name NOT LIKE 'sqlite_%' ORDER BY name",
            -1, &names, NULL) != SQLITE_OK)
        return failed(database, "its tables cannot be read", complaint);
    while (error == 0 && sqlite3_step(names) == SQLITE_ROW) {
        const char *name = (const char *)sqlite3_column_text(names, 0);
        if (!database_leaves_out(name))
            error = read_table(database, name, reader, complaint);
    }
    sqlite3_finalize(names);
    return error;
}

static int read_h(unsigned *schema, const struct real_engines_params *params,
    const struct database_reader *reader, struct buffer *complaint)
{
    char path[1024];
    sqlite3 *database = NULL;
    int error = 0;
    snprintf(path, sizeof path, "%s/store.db", params->data);
    if (access(path, F_OK) != 0) {
        buffer_add_format(complaint, "there is no database in %s; name the folder with --data", params->data);
        return ERROR_MISSING;
    }
    if (sqlite3_open_v2(path, &database, SQLITE_OPEN_READONLY, NULL) != SQLITE_OK ||
        sqlite3_busy_timeout(database, BUSY_WAIT) != SQLITE_OK ||
        sqlite3_exec(database, "BEGIN", NULL, NULL, NULL) != SQLITE_OK)
        error = failed(database, path, complaint);
    int version = error == 0 ? first_number(database, "PRAGMA user_version") : 0;
    if (error == 0 && (first_number(database, "PRAGMA application_id") != APPLICATION || version <= 0)) {
        buffer_add_format(complaint, "%s is the database of another program", path);
        error = ERROR_CORRUPT;
    } else if (error == 0 && (unsigned)version > store_migration_count) {
        buffer_add_format(complaint, "%s %s", path, error_sentence(ERROR_NEWER));
        error = ERROR_NEWER;
    }
    *schema = (unsigned)version;
    if (error == 0)
        error = read_tables(database, reader, complaint);
    sqlite3_close(database);
    return error;
}

/* ---- writing ---- */

static int execute(struct sqlite *s, const char *sql, struct buffer *complaint)
{
    return sqlite3_exec(s->database, sql, NULL, NULL, NULL) == SQLITE_OK
               ? 0
               : failed(s->database, s->path, complaint);
}

static int make_schema(struct sqlite *s, unsigned schema, struct buffer *complaint)
{
    char sql[120];
    int error = execute(s, "PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL; BEGIN", complaint);
    for (unsigned i = 0; i < schema && error == 0; i++)
        error = execute(s, store_migrations[i].sql, complaint);
    snprintf(sql, sizeof sql, "PRAGMA application_id = %d; PRAGMA user_version = %u", APPLICATION, schema);
    return error == 0 ? execute(s, sql, complaint) : error;
}

static int begin_h(
    void **self, const struct real_engines_params *params, unsigned schema, struct buffer *complaint)
{
    struct sqlite *s = *self = mem_zero(sizeof *s);
    snprintf(s->path, sizeof s->path, "%s/store.db", params->data);
    snprintf(s->part, sizeof s->part, "%s.part", s->path);
    if (access(s->path, F_OK) == 0) {
        buffer_add_format(complaint, "%s exists already; restore into an empty folder", s->path);
        return ERROR_EXISTS;
    }
    unlink(s->part);
    if (sqlite3_open_v2(s->part, &s->database, SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE, NULL) != SQLITE_OK)
        return failed(s->database, s->path, complaint);
    return make_schema(s, schema, complaint);
}

static int table_h(void *self, const struct database_table *table, struct buffer *complaint)
{
    struct sqlite *s = self;
    struct buffer sql = {.data = NULL};
    sqlite3_finalize(s->insert);
    s->insert = NULL;
    s->columns = table->count;
    buffer_add_format(&sql, "DELETE FROM \"%s\";%c", table->name, '\0');
    int error = execute(s, sql.data, complaint);
    buffer_clear(&sql);
    buffer_add_format(&sql, "INSERT INTO \"%s\" (", table->name);
    for (size_t i = 0; i < table->count; i++)
        buffer_add_format(&sql, "%s\"%s\"", i != 0 ? ", " : "", table->columns[i]);
    buffer_add_text(&sql, ") VALUES (");
    for (size_t i = 0; i < table->count; i++)
        buffer_add_text(&sql, i != 0 ? ", ?" : "?");
    buffer_add_text(&sql, ")");
    if (error == 0 &&
        sqlite3_prepare_v2(s->database, sql.data, (int)sql.length, &s->insert, NULL) != SQLITE_OK)
        error = failed(s->database, table->name, complaint);
    buffer_free(&sql);
    return error;
}

static int row_h(void *self, const struct database_value *values, struct buffer *complaint)
{
    struct sqlite *s = self;
    for (size_t i = 0; i < s->columns; i++) {
        const struct database_value *v = &values[i];
        const char *bytes = v->bytes.length != 0 ? v->bytes.data : "";
        int at = (int)i + 1;
        if (v->kind == DATABASE_NUMBER)
            sqlite3_bind_int64(s->insert, at, v->number);
        else if (v->kind == DATABASE_TEXT)
            sqlite3_bind_text(s->insert, at, bytes, (int)v->bytes.length, SQLITE_STATIC);
        else if (v->kind == DATABASE_BLOB)
            sqlite3_bind_blob(s->insert, at, bytes, (int)v->bytes.length, SQLITE_STATIC);
        else
            sqlite3_bind_null(s->insert, at);
    }
    int error = sqlite3_step(s->insert) == SQLITE_DONE ? 0 : failed(s->database, s->path, complaint);
    sqlite3_reset(s->insert);
    return error;
}

static int end_h(void *self, bool keep, struct buffer *complaint)
{
    static const char *const rests[] = {"", "-wal", "-shm"};
    struct sqlite *s = self;
    char name[1100];
    sqlite3_finalize(s->insert);
    int error = keep ? execute(s, "COMMIT; PRAGMA wal_checkpoint(TRUNCATE)", complaint) : 0;
    sqlite3_close(s->database);
    if (keep && error == 0 && rename(s->part, s->path) != 0)
        error = ERROR_DISK;
    for (size_t i = 0; i < 3 && s->part[0] != '\0' && (!keep || error != 0); i++) {
        snprintf(name, sizeof name, "%s%s", s->part, rests[i]);
        unlink(name);
    }
    mem_free(s);
    return error;
}

const struct database_kind database_sqlite = {
    .name = "sqlite", .read = read_h, .begin = begin_h, .table = table_h, .row = row_h, .end = end_h};
