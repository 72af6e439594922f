/* The database of a cluster. */
#include <arpa/inet.h>
#include <endian.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/error.h"
#include "base/mem.h"
#include "engine/store/statement.h"
#include "tools/backup/database.h"
#include "world/real/postgres/login.h"

#define COPY_BYTES ((size_t)1 << 20) /* rows are sent in such pieces */
/* As they come back: oid of int8, text and bytea (pg_type.dat). */
enum { TYPE_BYTEA = 17, TYPE_INT8 = 20, TYPE_TEXT = 25 };

struct postgres {
    PGconn *connection;
    struct database_table table;
    bool copies;
    struct buffer rows;
};

static int failed(PGconn *c, const char *what, struct buffer *complaint)
{
    struct slice rest = slice_text(PQerrorMessage(c)), line = {0};
    if (!slice_cut(&rest, '\n', &line))
        line = SLICE("the connection was lost");
    buffer_add_format(complaint, "%s: %.*s", what, SLICE_ARG(line));
    return PQstatus(c) == CONNECTION_OK ? ERROR_CORRUPT : ERROR_UNREACHABLE;
}

/* One command, or several without results. */
static int execute(PGconn *c, const char *sql, const char *what, struct buffer *complaint)
{
    PGresult *r = PQexec(c, sql);
    ExecStatusType status = PQresultStatus(r);
    PQclear(r);
    return status == PGRES_COMMAND_OK || status == PGRES_TUPLES_OK ? 0 : failed(c, what, complaint);
}

static int number(int64_t *out, PGconn *c, const char *sql, struct buffer *complaint)
{
    PGresult *r = PQexec(c, sql);
    int error = PQresultStatus(r) == PGRES_TUPLES_OK ? 0 : failed(c, "its schema cannot be read", complaint);
    *out = error == 0 && PQntuples(r) == 1 ? strtoll(PQgetvalue(r, 0, 0), NULL, 10) : 0;
    PQclear(r);
    return error;
}

/* ---- reading ---- */

static struct database_value value_of(const PGresult *r, int column)
{
    struct database_value v = {.kind = DATABASE_NULL};
    uint64_t wide;
    if (PQgetisnull(r, 0, column))
        return v;
    v.bytes = slice_of(PQgetvalue(r, 0, column), (size_t)PQgetlength(r, 0, column));
    v.kind = PQftype(r, column) == TYPE_TEXT ? DATABASE_TEXT : DATABASE_BLOB;
    if (PQftype(r, column) == TYPE_INT8 && v.bytes.length == sizeof wide) {
        memcpy(&wide, v.bytes.data, sizeof wide);
        v = (struct database_value){.kind = DATABASE_NUMBER, .number = (int64_t)be64toh(wide)};
    }
    return v;
}

static int take_table(const PGresult *r, const char *name, const struct database_reader *reader)
{
    struct database_table table = {.count = (size_t)PQnfields(r)};
    if (table.count > DATABASE_COLUMNS)
        return ERROR_LIMIT;
    snprintf(table.name, sizeof table.name, "%s", name);
    for (size_t i = 0; i < table.count; i++)
        snprintf(table.columns[i], sizeof table.columns[i], "%s", PQfname(r, (int)i));
    return reader->table_h(reader->argument, &table);
}

static int read_table(
    PGconn *c, const char *name, const struct database_reader *reader, struct buffer *complaint)
{
    struct database_value values[DATABASE_COLUMNS];
    char sql[160];
    bool told = false;
    int error = 0;
    snprintf(sql, sizeof sql, "SELECT * FROM \"%s\"", name);
    if (!PQsendQueryParams(c, sql, 0, NULL, NULL, NULL, NULL, 1) || !PQsetSingleRowMode(c))
        return failed(c, name, complaint);
    for (PGresult *r; (r = PQgetResult(c)) != NULL; PQclear(r)) {
        ExecStatusType status = PQresultStatus(r);
        if (error != 0)
            continue; /* the rest passes by */
        if (status != PGRES_SINGLE_TUPLE && status != PGRES_TUPLES_OK) {
            error = failed(c, name, complaint);
            continue;
        }
        if (!told)
            error = take_table(r, name, reader);
        told = true;
        for (int i = 0; status == PGRES_SINGLE_TUPLE && i < PQnfields(r); i++)
            values[i] = value_of(r, i);
        if (error == 0 && status == PGRES_SINGLE_TUPLE)
            error = reader->row_h(reader->argument, values);
    }
    return error;
}

static int read_tables(PGconn *c, const struct database_reader *reader, struct buffer *complaint)
{
    PGresult *names = PQexec(c,
        "SELECT c.relname FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace WHERE n.nspname = "
        "'public' "
        "AND c.relkind IN ('r', 'p') AND NOT c.relispartition AND c.relname <> 'tandem_schema' ORDER BY 1");
    int error =
        PQresultStatus(names) == PGRES_TUPLES_OK ? 0 : failed(c, "its tables cannot be read", complaint);
    for (int i = 0; error == 0 && i < PQntuples(names); i++)
        if (!database_leaves_out(PQgetvalue(names, i, 0)))
            error = read_table(c, PQgetvalue(names, i, 0), reader, complaint);
    PQclear(names);
    return error;
}

static int read_h(unsigned *schema, const struct real_engines_params *params,
    const struct database_reader *reader, struct buffer *complaint)
{
    PGconn *c;
    int64_t version = 0;
    int error = postgres_log_in(&c, params, complaint);
    if (error == 0)
        error = execute(c, "BEGIN ISOLATION LEVEL REPEATABLE READ, READ ONLY", "the store", complaint);
    if (error == 0)
        error = number(&version, c, "SELECT version FROM public.tandem_schema", complaint);
    if (error == 0 && version > (int64_t)store_migration_count) {
        buffer_add_format(complaint, "the store %s", error_sentence(ERROR_NEWER));
        error = ERROR_NEWER;
    }
    *schema = (unsigned)version;
    if (error == 0)
        error = read_tables(c, reader, complaint);
    PQfinish(c);
    return error;
}

/* ---- writing ---- */

static int make_schema(PGconn *c, unsigned schema, struct buffer *complaint)
{
    static const char what[] = "the schema cannot be made";
    char sql[120];
    int error = execute(c, store_ground, what, complaint);
    for (unsigned i = 0; i < schema && error == 0; i++)
        error = execute(c, store_migrations[i].postgres, what, complaint);
    snprintf(sql, sizeof sql, "UPDATE tandem_schema SET version = %u, least = %u", schema,
        store_migrations[schema - 1].least);
    if (error == 0)
        error = execute(c, sql, what, complaint);
    return error == 0 ? execute(c, "SELECT tandem_partitions()", what, complaint) : error;
}

static int begin_h(
    void **self, const struct real_engines_params *params, unsigned schema, struct buffer *complaint)
{
    struct postgres *p = *self = mem_zero(sizeof *p);
    int64_t tables = 0;
    p->rows.limit = 4 * COPY_BYTES;
    int error = postgres_log_in(&p->connection, params, complaint);
    if (error == 0)
        error =
            execute(p->connection, "BEGIN; SELECT pg_advisory_xact_lock(1413566020)", "the store", complaint);
    if (error == 0)
        error = number(&tables, p->connection,
            "SELECT count(*) FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace WHERE n.nspname = "
            "'public' AND c.relkind IN ('r', 'p')",
            complaint);
    if (error == 0 && tables != 0) {
        buffer_add_text(complaint, "the database of the store is not empty; restore into an empty one");
        error = ERROR_EXISTS;
    }
    return error == 0 ? make_schema(p->connection, schema, complaint) : error;
}

static int flush(struct postgres *p, struct buffer *complaint)
{
    int sent = p->rows.length == 0 ? 1 : PQputCopyData(p->connection, p->rows.data, (int)p->rows.length);
    buffer_clear(&p->rows);
    return sent == 1 ? 0 : failed(p->connection, p->table.name, complaint);
}

/* Numbers that the database gives go on behind the last one. */
static int end_table(struct postgres *p, struct buffer *complaint)
{
    char sql[400];
    if (!p->copies)
        return 0;
    p->copies = false;
    int error = flush(p, complaint);
    if (PQputCopyEnd(p->connection, NULL) != 1 && error == 0)
        error = failed(p->connection, p->table.name, complaint);
    for (PGresult *r; (r = PQgetResult(p->connection)) != NULL; PQclear(r))
        if (error == 0 && PQresultStatus(r) != PGRES_COMMAND_OK)
            error = failed(p->connection, p->table.name, complaint);
    for (size_t i = 0; i < p->table.count && error == 0; i++) {
        if (strcmp(p->table.columns[i], "id") != 0)
            continue;
        snprintf(sql, sizeof sql,
            "SELECT setval(s, (SELECT coalesce(max(id), 0) + 1 FROM \"%s\"), false) FROM "
            "pg_get_serial_sequence('\"%s\"', 'id') AS s WHERE s IS NOT NULL",
            p->table.name, p->table.name);
        error = execute(p->connection, sql, p->table.name, complaint);
    }
    return error;
}

static int table_h(void *self, const struct database_table *table, struct buffer *complaint)
{
    struct postgres *p = self;
    struct buffer sql = {.data = NULL};
    int error = end_table(p, complaint);
    p->table = *table;
    buffer_add_format(&sql, "DELETE FROM \"%s\"; COPY \"%s\" (", table->name, table->name);
    for (size_t i = 0; i < table->count; i++)
        buffer_add_format(&sql, "%s\"%s\"", i != 0 ? ", " : "", table->columns[i]);
    buffer_add_format(&sql, ") FROM STDIN%c", '\0');
    PGresult *r = error == 0 ? PQexec(p->connection, sql.data) : NULL;
    if (error == 0 && PQresultStatus(r) != PGRES_COPY_IN)
        error = failed(p->connection, table->name, complaint);
    p->copies = error == 0;
    PQclear(r);
    buffer_free(&sql);
    return error;
}

/* The text format of COPY. */
static void add_value(struct buffer *out, const struct database_value *v)
{
    if (v->kind == DATABASE_NULL)
        buffer_add_text(out, "\\N");
    else if (v->kind == DATABASE_NUMBER)
        buffer_add_format(out, "%lld", (long long)v->number);
    else if (v->kind == DATABASE_BLOB)
        buffer_add_text(out, "\\\\x");
    for (size_t i = 0; i < v->bytes.length && v->kind == DATABASE_BLOB; i++)
        buffer_add_format(out, "%02x", (unsigned char)v->bytes.data[i]);
    for (size_t i = 0; i < v->bytes.length && v->kind == DATABASE_TEXT; i++) {
        char c = v->bytes.data[i];
        char escaped = c == '\n' ? 'n' : c == '\r' ? 'r' : c == '\t' ? 't' : c == '\\' ? '\\' : '\0';
        if (escaped != '\0')
            buffer_add_byte(out, '\\');
        buffer_add_byte(out, escaped != '\0' ? escaped : c);
    }
}

static int row_h(void *self, const struct database_value *values, struct buffer *complaint)
{
    struct postgres *p = self;
    for (size_t i = 0; i < p->table.count; i++) {
        if (i != 0)
            buffer_add_byte(&p->rows, '\t');
        add_value(&p->rows, &values[i]);
    }
    buffer_add_byte(&p->rows, '\n');
    if (p->rows.overflowed)
        return ERROR_LIMIT;
    return p->rows.length > COPY_BYTES ? flush(p, complaint) : 0;
}

static int end_h(void *self, bool keep, struct buffer *complaint)
{
    struct postgres *p = self;
    int error = keep ? end_table(p, complaint) : 0;
    if (keep && error == 0)
        error = execute(p->connection, "COMMIT", "the store", complaint);
    PQfinish(p->connection); /* without COMMIT nothing was done */
    buffer_free(&p->rows);
    mem_free(p);
    return error;
}

const struct database_kind database_postgres = {
    .name = "postgresql", .read = read_h, .begin = begin_h, .table = table_h, .row = row_h, .end = end_h};
