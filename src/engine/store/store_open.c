/* Opening: is it ours, whole, not newer than we are; then up to the newest version. */
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>

#include "base/error.h"
#include "base/log.h"
#include "base/mem.h"
#include "engine/store/store_int.h"

#define BUSY_WAIT 2000 /* ms */
#define STEPS_AT_ONCE 1000

static int refuse(const struct store *s, int error, const char *what)
{
    LOG(LOG_ERROR, "store", "%s: %s; %s", s->path, what, error_sentence(error));
    return error;
}

/* What SQLite says while opening. */
static int refuse_code(const struct store *s, int code)
{
    char what[256];
    int error = ERROR_DISK;
    snprintf(what, sizeof what, "%s", sqlite3_errmsg(s->database));
    switch (code & 0xff) {
    case SQLITE_NOTADB:
        return refuse(s, ERROR_CORRUPT, "is no database");
    case SQLITE_CORRUPT:
        error = ERROR_CORRUPT;
        break;
    case SQLITE_BUSY:
    case SQLITE_LOCKED:
        error = ERROR_BUSY;
        break;
    default:
        break;
    }
    return refuse(s, error, what);
}

static int execute(struct store *s, const char *sql)
{
    int code = sqlite3_exec(s->database, sql, NULL, NULL, NULL);
    return code == SQLITE_OK ? 0 : refuse_code(s, code);
}

static int first_text(struct store *s, const char *sql, char *text, size_t size)
{
    sqlite3_stmt *statement;
    int code = sqlite3_prepare_v2(s->database, sql, -1, &statement, NULL);
    if (code != SQLITE_OK)
        return refuse_code(s, code);
    code = sqlite3_step(statement);
    const char *found = code == SQLITE_ROW ? (const char *)sqlite3_column_text(statement, 0) : NULL;
    snprintf(text, size, "%s", found != NULL ? found : "");
    int error = code == SQLITE_ROW || code == SQLITE_DONE ? 0 : refuse_code(s, code);
    sqlite3_finalize(statement);
    return error;
}

static int first_number(struct store *s, const char *sql, int64_t *number)
{
    char text[32];
    int error = first_text(s, sql, text, sizeof text);
    *number = error == 0 ? strtoll(text, NULL, 10) : 0;
    return error;
}

/* A log that was not emptied: whoever had it open did not come to its end. */
static bool ended_uncleanly(const char *path)
{
    struct stat about;
    struct buffer name = {0};
    buffer_add_format(&name, "%s-wal", path);
    bool left = !name.overflowed && stat(name.data, &about) == 0 && about.st_size > 0;
    buffer_free(&name);
    return left;
}

static int check_whole(struct store *s)
{
    char text[200], what[256];
    int error = first_text(s, "PRAGMA quick_check(1)", text, sizeof text);
    if (error != 0 || strcmp(text, "ok") == 0)
        return error;
    snprintf(what, sizeof what, "the check after an unclean end found: %s", text);
    return refuse(s, ERROR_CORRUPT, what);
}

/* Whose it is, and which version. */
static int check_origin(struct store *s, int64_t *version)
{
    int64_t application, tables;
    int error = first_number(s, "PRAGMA application_id", &application);
    if (error == 0)
        error = first_number(s, "PRAGMA user_version", version);
    if (error == 0)
        error = first_number(s, "SELECT count(*) FROM sqlite_schema", &tables);
    if (error != 0)
        return error;
    if (application != STORE_APPLICATION && (application != 0 || tables != 0 || *version != 0))
        return refuse(s, ERROR_CORRUPT, "is the database of another program");
    if (*version < 0 || *version > (int64_t)store_migration_count) {
        char what[80];
        snprintf(what, sizeof what, "has version %lld, this program knows %zu", (long long)*version,
            store_migration_count);
        return refuse(s, ERROR_NEWER, what);
    }
    return 0;
}

static int migrate(struct store *s, int64_t from)
{
    for (size_t i = (size_t)from; i < store_migration_count; i++) {
        char end[120];
        snprintf(end, sizeof end, "PRAGMA application_id = %d; PRAGMA user_version = %zu; COMMIT",
            STORE_APPLICATION, i + 1);
        int error = execute(s, "BEGIN IMMEDIATE");
        if (error == 0)
            error = execute(s, store_migrations[i].sql);
        if (error == 0)
            error = execute(s, end);
        if (error != 0) {
            if (!sqlite3_get_autocommit(s->database))
                sqlite3_exec(s->database, "ROLLBACK", NULL, NULL, NULL);
            return error;
        }
        LOG(LOG_NOTICE, "store", "%s: brought to version %zu (%s)", s->path, i + 1, store_migrations[i].name);
    }
    return 0;
}

static int step_h(void *argument)
{
    struct store *s = argument;
    s->steps -= STEPS_AT_ONCE;
    return s->steps < 0;
}

static int configure(struct store *s, const struct store_options *o)
{
    char text[120];
    sqlite3_extended_result_codes(s->database, 1);
    sqlite3_busy_timeout(s->database, o->busy_wait != 0 ? o->busy_wait : BUSY_WAIT);
    sqlite3_db_config(s->database, SQLITE_DBCONFIG_DEFENSIVE, 1, NULL);
    sqlite3_db_config(s->database, SQLITE_DBCONFIG_TRUSTED_SCHEMA, 0, NULL);
    int error = o->read_only ? 0 : first_text(s, "PRAGMA journal_mode = WAL", text, sizeof text);
    if (error == 0)
        error = execute(s, "PRAGMA foreign_keys = ON; PRAGMA temp_store = MEMORY; PRAGMA cache_size = -8192; "
                           "PRAGMA journal_size_limit = 67108864");
    snprintf(text, sizeof text, "PRAGMA synchronous = %s", o->full_sync ? "FULL" : "NORMAL");
    if (error == 0)
        error = execute(s, text);
    snprintf(text, sizeof text, "PRAGMA max_page_count = %u", o->pages);
    if (error == 0 && o->pages != 0)
        error = execute(s, text);
    return error;
}

static int open_database(struct store *s, const struct store_options *o)
{
    bool check = !o->read_only && ended_uncleanly(o->path);
    int flags = o->read_only ? SQLITE_OPEN_READONLY : SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE;
    int64_t version;
    int code = sqlite3_open_v2(o->path, &s->database, flags | SQLITE_OPEN_NOMUTEX, NULL);
    if (code != SQLITE_OK)
        return refuse_code(s, code);
    /* Writable for us and not for SQLite: it falls back to reading by itself. */
    if (!o->read_only && sqlite3_db_readonly(s->database, "main") == 1)
        return refuse(s, ERROR_DISK, "is not writable");
    int error = configure(s, o);
    if (error == 0)
        error = check_origin(s, &version);
    if (error == 0 && check)
        error = check_whole(s);
    if (error == 0 && !o->read_only)
        error = migrate(s, version);
    sqlite3_progress_handler(s->database, STEPS_AT_ONCE, step_h, s);
    return error;
}

int store_open(struct store **s, const struct store_options *options)
{
    struct store *made = mem_zero(sizeof *made);
    made->path = mem_copy(options->path, strlen(options->path) + 1);
    made->read_only = options->read_only;
    made->prepared = mem_zero(store_statement_count * sizeof(sqlite3_stmt *));
    int error = open_database(made, options);
    if (error != 0) {
        store_close(made);
        return error;
    }
    *s = made;
    return 0;
}

void store_close(struct store *s)
{
    if (s == NULL)
        return;
    for (size_t i = 0; i < store_statement_count; i++)
        sqlite3_finalize(s->prepared[i]);
    for (size_t i = 0; i < STORE_CONTROLS; i++)
        sqlite3_finalize(s->controls[i]);
    sqlite3_close(s->database);
    mem_free(s->prepared);
    mem_free(s->path);
    arena_free(&s->arena);
    mem_free(s);
}
