/* The schema of the database: ours, of a version that this program can work on, brought up to date by whoever
 * comes first and may. */
#include <stdio.h>
#include <stdlib.h>

#include "base/error.h"
#include "base/log.h"
#include "world/real/postgres/postgres_int.h"

#define LOCK "1413566020" /* "TAND": of the advisory lock around a change of the schema */

struct version {
    long long version, least;
    bool ours;    /* the table that says so is there */
    bool foreign; /* tables of another program are */
};

static int64_t number_at(const PGresult *result, int column)
{
    return PQntuples(result) == 1 ? strtoll(PQgetvalue(result, 0, column), NULL, 10) : 0;
}

/* Runs it; what the server says against it becomes the reason for being away. */
static int run(struct postgres_line *line, PGresult **out, const char *sql, const char *what, int64_t longest)
{
    char said[120];
    PGresult *result = postgres__execute(line, sql, postgres__now() + longest);
    ExecStatusType status = PQresultStatus(result);
    int error = 0;
    if (status != PGRES_TUPLES_OK && status != PGRES_COMMAND_OK) {
        error =
            result != NULL ? postgres__error(PQresultErrorField(result, PG_DIAG_SQLSTATE)) : ERROR_TIMEOUT;
        postgres__said(said, sizeof said, result != NULL ? PQresultErrorMessage(result) : "");
        postgres__away(line, error, "%s: %s", what, said[0] != '\0' ? said : error_sentence(error));
    }
    if (out != NULL && error == 0)
        *out = result;
    else
        PQclear(result);
    return error;
}

static int read_version(struct postgres_line *line, struct version *v)
{
    PGresult *result;
    *v = (struct version){.version = 0};
    int error = run(line, &result,
        "SELECT (to_regclass('public.tandem_schema') IS NOT NULL)::int, count(*) FROM pg_class c "
        "JOIN pg_namespace n ON n.oid = c.relnamespace WHERE n.nspname = 'public' AND c.relkind IN ('r', "
        "'p')",
        "its schema cannot be read", POSTGRES_SILENT);
    if (error != 0)
        return error;
    v->ours = number_at(result, 0) == 1;
    v->foreign = !v->ours && number_at(result, 1) != 0;
    PQclear(result);
    if (!v->ours)
        return 0;
    error = run(line, &result, "SELECT version, least FROM public.tandem_schema",
        "its version cannot be read", POSTGRES_SILENT);
    if (error != 0)
        return error;
    v->version = number_at(result, 0);
    v->least = number_at(result, 1);
    PQclear(result);
    return 0;
}

static int check_version(struct postgres_line *line, const struct version *v)
{
    if (v->foreign) {
        postgres__away(line, ERROR_CORRUPT, "is the database of another program; name one of Tandem's own");
        return ERROR_CORRUPT;
    }
    if (v->version <= (long long)store_migration_count || v->least <= (long long)store_migration_count)
        return 0;
    postgres__away(line, ERROR_NEWER, "has version %lld, this program knows %zu; %s", v->version,
        store_migration_count, error_sentence(ERROR_NEWER));
    return ERROR_NEWER;
}

static int step(struct postgres_line *line, size_t i)
{
    char sql[160], what[80];
    snprintf(what, sizeof what, "the change of its schema (%.40s) was refused", store_migrations[i].name);
    int error = run(line, NULL, store_migrations[i].postgres, what, POSTGRES_MIGRATION);
    snprintf(sql, sizeof sql, "UPDATE tandem_schema SET version = %zu, least = %u", i + 1,
        store_migrations[i].least);
    if (error == 0)
        error = run(line, NULL, sql, what, POSTGRES_SILENT);
    if (error == 0)
        LOG(LOG_NOTICE, "world", "store: brought to version %zu (%s)", i + 1, store_migrations[i].name);
    return error;
}

/* All or nothing, and one at a time over all processes: the next one finds it done. */
static int migrate(struct postgres_line *line)
{
    static const char *const refused = "its schema cannot be brought up to date";
    struct version v;
    int error = run(line, NULL,
        "SET statement_timeout = 0; SET lock_timeout = 0; SET idle_in_transaction_session_timeout = 0; "
        "BEGIN; SELECT pg_advisory_xact_lock(" LOCK "); SET LOCAL lock_timeout = 5000",
        refused, POSTGRES_MIGRATION);
    if (error == 0)
        error = read_version(line, &v);
    if (error == 0)
        error = check_version(line, &v);
    if (error == 0 && v.version < (long long)store_migration_count)
        error = run(line, NULL, store_ground, refused, POSTGRES_SILENT);
    for (size_t i = (size_t)v.version; i < store_migration_count && error == 0; i++)
        error = step(line, i);
    if (error == 0)
        error = run(line, NULL, "COMMIT", refused, POSTGRES_SILENT);
    return error; /* without COMMIT the connection is closed, and nothing was done */
}

/* Partitions of the months to come, by those who may. Others have made them then, or calls_rest takes it. */
static int make_partitions(struct postgres_line *line)
{
    PGresult *result = postgres__execute(line,
        "SELECT CASE WHEN has_function_privilege('tandem_partitions()', 'EXECUTE') THEN "
        "tandem_partitions()::text END",
        postgres__now() + POSTGRES_SILENT);
    bool alive = result != NULL;
    if (PQresultStatus(result) != PGRES_TUPLES_OK && alive)
        LOG(LOG_NOTICE, "world", "store: partitions were not made now: %s", PQresultErrorMessage(result));
    PQclear(result);
    return alive ? 0 : ERROR_UNREACHABLE;
}

int postgres__schema(struct postgres_line *line)
{
    struct version v;
    int error = read_version(line, &v);
    if (error == 0)
        error = check_version(line, &v);
    if (error != 0 || line->kind == POSTGRES_READER)
        return error;
    if (v.version < (long long)store_migration_count) {
        error = migrate(line);
        if (error == 0)
            error = postgres__session(line);
    } else if (v.version > (long long)store_migration_count) {
        LOG(LOG_NOTICE, "world",
            "store: has version %lld, of a newer program; this one (version %zu) can use it", v.version,
            store_migration_count);
    }
    return error == 0 ? make_partitions(line) : error;
}
