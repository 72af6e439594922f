/* From addresses to a connection that is ready: the server takes writes, its schema suits, the statements are
 * prepared. */
#include <stdio.h>
#include <stdlib.h>

#include "base/error.h"
#include "base/log.h"
#include "world/real/postgres/postgres_int.h"

/* "connection to server at ..., port 1 failed: FATAL:  no" is "no". */
void postgres__said(char *text, size_t size, const char *message)
{
    static const char *const prefixes[] = {" failed:", "ERROR:", "FATAL:", "PANIC:"};
    struct slice rest = slice_trim(slice_text(message)), line = {0};
    if (!slice_cut(&rest, '\n', &line))
        line = (struct slice){0};
    for (size_t i = 0; i < sizeof prefixes / sizeof prefixes[0]; i++) {
        ptrdiff_t at = slice_find_slice(line, slice_text(prefixes[i]));
        if (at >= 0)
            line = slice_trim(slice_from(line, (size_t)at + strlen(prefixes[i])));
    }
    snprintf(text, size, "%.*s", SLICE_ARG(slice_first(slice_trim(line), size - 1)));
}

/* ---- one question and its answer, outside of pipelines ---- */

/* True: something is there to be read by PQgetResult without waiting. */
static bool wait_for_result(struct postgres_line *line, int64_t until)
{
    for (;;) {
        int left = PQflush(line->connection);
        if (left < 0)
            return false;
        if (left == 0 && !PQisBusy(line->connection))
            return true;
        if (atomic_load(&line->of->ends) || postgres__now() >= until)
            return false;
        int events = postgres__wait(line, POSTGRES_READ | (left > 0 ? POSTGRES_WRITE : 0), until);
        if ((events & POSTGRES_READ) && !PQconsumeInput(line->connection))
            return false;
    }
}

PGresult *postgres__execute(struct postgres_line *line, const char *sql, int64_t until)
{
    PGresult *kept = NULL, *result;
    if (!PQsendQuery(line->connection, sql))
        return NULL;
    for (;;) {
        if (!wait_for_result(line, until)) {
            PQclear(kept);
            return NULL;
        }
        result = PQgetResult(line->connection);
        if (result == NULL)
            return kept;
        if (kept == NULL || PQresultStatus(kept) != PGRES_FATAL_ERROR) {
            PQclear(kept);
            kept = result;
        } else {
            PQclear(result);
        }
    }
}

/* ---- statements ---- */

static Oid type_of(char letter)
{
    switch (letter | 0x20) {
    case 'i':
        return 20; /* bigint */
    case 't':
        return 25; /* text */
    default:
        return 17; /* bytea */
    }
}

static bool send_prepare(struct postgres_line *line, const struct store_statement *s)
{
    Oid types[64];
    int count = (int)strlen(s->parameters);
    for (int i = 0; i < count && i < 64; i++)
        types[i] = type_of(s->parameters[i]);
    return count <= 64 && PQsendPrepare(line->connection, s->name, s->postgres, count, types);
}

static int prepare_failed(struct postgres_line *line, const PGresult *result, const char *name)
{
    char said[120];
    postgres__said(said, sizeof said, PQresultErrorMessage(result));
    int error = postgres__error(PQresultErrorField(result, PG_DIAG_SQLSTATE));
    postgres__away(line, error, "its schema does not suit statement %s: %s", name, said);
    return error;
}

static int prepare_results(struct postgres_line *line, int64_t until)
{
    for (size_t at = 0;;) {
        if (!wait_for_result(line, until))
            return ERROR_UNREACHABLE;
        PGresult *result = PQgetResult(line->connection);
        ExecStatusType status = PQresultStatus(result);
        int error = 0;
        if (result == NULL)
            at++;
        else if (status == PGRES_FATAL_ERROR)
            error =
                prepare_failed(line, result, at < store_statement_count ? store_statements[at].name : "?");
        PQclear(result);
        if (error != 0 || (result != NULL && status == PGRES_PIPELINE_SYNC))
            return error;
    }
}

static int prepare(struct postgres_line *line)
{
    bool sent = PQenterPipelineMode(line->connection);
    for (size_t i = 0; i < store_statement_count && sent; i++)
        sent = send_prepare(line, &store_statements[i]);
    if (!sent || !PQpipelineSync(line->connection))
        return ERROR_UNREACHABLE;
    return prepare_results(line, postgres__now() + POSTGRES_SILENT);
}

/* ---- the session ---- */

/* A transaction that was in doubt may still run in the server's process of the last connection: from here on
 * it has ended. That process has a name of ours, so nobody else's is ended. */
static int end_doubt(struct postgres_line *line)
{
    char sql[320];
    if (line->kind != POSTGRES_WRITER)
        return 0;
    if (line->backend != 0) {
        snprintf(sql, sizeof sql,
            "SELECT pg_terminate_backend(pid, 5000) FROM pg_stat_activity WHERE pid = %d AND usename = "
            "current_user "
            "AND application_name = '%s' AND pid <> pg_backend_pid()",
            line->backend, line->name);
        PGresult *result = postgres__execute(line, sql, postgres__now() + POSTGRES_SILENT);
        bool done = PQresultStatus(result) == PGRES_TUPLES_OK &&
                    (PQntuples(result) == 0 || strcmp(PQgetvalue(result, 0, 0), "t") == 0);
        PQclear(result);
        if (!done)
            return ERROR_UNREACHABLE;
    }
    line->backend = PQbackendPID(line->connection);
    atomic_store(&line->of->doubt, false);
    return 0;
}

int postgres__session(struct postgres_line *line)
{
    char sql[320];
    snprintf(sql, sizeof sql,
        "SET statement_timeout = %d; SET lock_timeout = %d; SET jit = off; SET search_path = public; "
        "SET idle_in_transaction_session_timeout = %d%s",
        POSTGRES_STATEMENT / 1000, POSTGRES_LOCK / 1000, POSTGRES_SILENT / 1000,
        line->kind == POSTGRES_READER
            ? "; SET SESSION CHARACTERISTICS AS TRANSACTION ISOLATION LEVEL REPEATABLE READ, READ ONLY"
            : "");
    PGresult *result = postgres__execute(line, sql, postgres__now() + POSTGRES_CONNECT);
    bool done = PQresultStatus(result) == PGRES_COMMAND_OK;
    PQclear(result);
    return done ? 0 : ERROR_UNREACHABLE;
}

static int set_up(struct postgres_line *line)
{
    int error = postgres__session(line);
    if (error == 0)
        error = end_doubt(line);
    if (error == 0)
        error = postgres__schema(line);
    if (error == 0)
        error = prepare(line);
    return error;
}

/* ---- the connection ---- */

static int poll_connection(struct postgres_line *line, int64_t until)
{
    int events = POSTGRES_WRITE;
    for (;;) {
        if (postgres__wait(line, events, until) != 0) {
            PostgresPollingStatusType status = PQconnectPoll(line->connection);
            if (status == PGRES_POLLING_OK)
                return 0;
            if (status == PGRES_POLLING_FAILED)
                return ERROR_UNREACHABLE;
            events = status == PGRES_POLLING_READING ? POSTGRES_READ : POSTGRES_WRITE;
        }
        if (postgres__now() >= until || atomic_load(&line->of->ends))
            return ERROR_TIMEOUT;
    }
}

static void drop(struct postgres_line *line)
{
    PQfinish(line->connection);
    line->connection = NULL;
}

/* What went wrong, if nobody has said it yet. */
static int refused(struct postgres_line *line, const struct postgres_place *place, int error)
{
    char said[120];
    postgres__said(said, sizeof said, PQerrorMessage(line->connection));
    if (said[0] == '\0')
        snprintf(said, sizeof said, "%.100s", error_sentence(ERROR_TIMEOUT));
    if (error != ERROR_TIMEOUT)
        error = postgres__refusal(said);
    postgres__away(line, error, "%s:%s: %s", place->host, place->port, said);
    return error;
}

void postgres__notice_h(void *line, const char *message)
{
    char said[200];
    (void)line;
    postgres__said(said, sizeof said, message);
    LOG(LOG_DEBUG, "world", "store: the server says: %s", said);
}

static int check_server(struct postgres_line *line)
{
    const char *encoding = PQparameterStatus(line->connection, "server_encoding");
    if (PQserverVersion(line->connection) < 140000) {
        postgres__away(line, ERROR_UNSUPPORTED, "the server is older than PostgreSQL 14");
        return ERROR_UNSUPPORTED;
    }
    if (encoding != NULL && strcmp(encoding, "UTF8") == 0)
        return 0;
    postgres__away(line, ERROR_UNSUPPORTED, "the database's encoding is not UTF8; make one that has it");
    return ERROR_UNSUPPORTED;
}

static int try_place(struct postgres_line *line, const struct postgres_place *place)
{
    int gathered, error = postgres__start(&line->connection, &line->of->login, place, line->name, false);
    if (error != 0) {
        postgres__away(line, error, "the file with the password of the store cannot be read");
        return error;
    }
    error = line->connection == NULL || PQstatus(line->connection) == CONNECTION_BAD
                ? ERROR_UNREACHABLE
                : poll_connection(line, postgres__now() + POSTGRES_CONNECT);
    if (error != 0) {
        error = refused(line, place, error);
        drop(line);
        return error;
    }
    PQsetnonblocking(line->connection, 1);
    PQsetNoticeProcessor(line->connection, postgres__notice_h, line);
    gathered = line->gathered;
    error = check_server(line);
    if (error == 0)
        error = set_up(line);
    if (error != 0 && line->gathered == gathered)
        error = refused(line, place, error);
    if (error != 0)
        drop(line);
    return error;
}

/* True: connected. */
static bool try_places(struct postgres_line *line)
{
    struct postgres *p = line->of;
    unsigned first = atomic_load(&p->place);
    unsigned count = line->kind == POSTGRES_WRITER ? p->place_count : 1;
    for (unsigned i = 0; i < count && !atomic_load(&p->ends); i++) {
        line->at_place = (first + i) % p->place_count;
        if (try_place(line, &p->places[line->at_place]) == 0)
            return true;
    }
    return false;
}

int postgres__connect(struct postgres_line *line)
{
    struct postgres *p = line->of;
    int writer = atomic_load(&p->writer);
    if (line->kind == POSTGRES_READER && writer != 0)
        return writer; /* it has said why */
    line->gathers = true;
    line->gathered = -1;
    bool done = try_places(line);
    line->gathers = false;
    if (!done && line->gathered >= 0)
        postgres__away(line, line->reason_error, "%s", line->reason);
    else if (done && line->kind == POSTGRES_WRITER)
        atomic_store(&p->place, line->at_place);
    return done ? 0 : ERROR_UNREACHABLE;
}
