#include "engine/store/store.h"

#include "base/error.h"
#include "base/log.h"
#include "engine/store/store_int.h"
#include "wire/pack.h"

/* Numbers of fields in engine.proto. */
enum { REQUEST_STATEMENT = 1, STATEMENT_NAME = 1 };

/* ---- errors ---- */

static int constraint(int code)
{
    switch (code) {
    case SQLITE_CONSTRAINT_UNIQUE:
    case SQLITE_CONSTRAINT_PRIMARYKEY:
    case SQLITE_CONSTRAINT_ROWID:
        return ERROR_EXISTS;
    case SQLITE_CONSTRAINT_FOREIGNKEY:
        return ERROR_REFERENCE;
    default:
        return ERROR_RANGE;
    }
}

static int classify(int code)
{
    switch (code & 0xff) {
    case SQLITE_CONSTRAINT:
        return constraint(code);
    case SQLITE_INTERRUPT:
    case SQLITE_TOOBIG:
        return ERROR_LIMIT;
    case SQLITE_BUSY:
    case SQLITE_LOCKED:
        return ERROR_BUSY;
    case SQLITE_CORRUPT:
    case SQLITE_NOTADB:
        return ERROR_CORRUPT;
    case SQLITE_READONLY:
        return ERROR_DENIED;
    default:
        return ERROR_DISK;
    }
}

int store__error(const struct store *s, int code)
{
    int error = classify(code);
    if (error == ERROR_CORRUPT || error == ERROR_DISK)
        LOG(LOG_ERROR, "store", "%s: %s; %s", s->path, sqlite3_errmsg(s->database), error_sentence(error));
    return error;
}

/* ---- statements ---- */

int store__prepare(sqlite3_stmt **prepared, struct store *s, const char *sql)
{
    if (*prepared != NULL)
        return 0;
    int code = sqlite3_prepare_v3(s->database, sql, -1, SQLITE_PREPARE_PERSISTENT, prepared, NULL);
    return code == SQLITE_OK ? 0 : store__error(s, code);
}

/* SQLite's code, not ours: what a failed COMMIT means depends on it. */
static int control(struct store *s, enum store_control which)
{
    static const char *const texts[] = {"BEGIN", "BEGIN IMMEDIATE", "COMMIT", "ROLLBACK"};
    if (store__prepare(&s->controls[which], s, texts[which]) != 0)
        return SQLITE_ERROR;
    int code = sqlite3_step(s->controls[which]);
    sqlite3_reset(s->controls[which]);
    return code == SQLITE_DONE ? SQLITE_OK : code;
}

static int run_one(struct store *s, const Tandem__StoreStatement *m, Tandem__StoreResult *result)
{
    const struct store_statement *about = store_statement_find(slice_text(m->name));
    if (about == NULL)
        return ERROR_MISSING;
    sqlite3_stmt **prepared = &s->prepared[about - store_statements];
    int error = store__prepare(prepared, s, about->sql);
    if (error != 0)
        return error;
    int64_t changed_before = sqlite3_total_changes64(s->database);
    error = store__bind(s, *prepared, about, m);
    if (error == 0)
        error = store__rows(s, *prepared, result);
    sqlite3_reset(*prepared);
    sqlite3_clear_bindings(*prepared);
    if (error != 0 || about->reads)
        return error;
    result->has_changed = true;
    result->changed = (uint64_t)(sqlite3_total_changes64(s->database) - changed_before);
    return about->one && result->changed == 0 ? ERROR_CONFLICT : 0;
}

static int run_all(struct store *s, const Tandem__StoreRequest *m, Tandem__StoreAnswer *answer)
{
    int error = 0;
    answer->results = arena_alloc(&s->arena, m->n_statements * sizeof(Tandem__StoreResult *));
    for (size_t i = 0; i < m->n_statements && error == 0; i++) {
        Tandem__StoreResult *result = arena_alloc(&s->arena, sizeof *result);
        tandem__store_result__init(result);
        error = run_one(s, m->statements[i], result);
        answer->results[answer->n_results++] = result;
    }
    return error;
}

/* ---- transactions ---- */

static enum answer refuse(struct store *s, int *error, int why)
{
    *error = why;
    if (sqlite3_get_autocommit(s->database) || control(s, STORE_ROLLBACK) == SQLITE_OK ||
        sqlite3_get_autocommit(s->database))
        return ANSWER_NO;
    /* Still open: nothing of it can become durable, but no later request may run inside it either. */
    LOG(LOG_ERROR, "store", "%s: a transaction cannot be undone: %s; start the program anew", s->path,
        sqlite3_errmsg(s->database));
    return ANSWER_NO;
}

static enum answer commit(struct store *s, int *error)
{
    int code = s->before_commit != NULL ? s->before_commit(s->before_commit_argument) : SQLITE_OK;
    if (code == SQLITE_OK)
        code = control(s, STORE_COMMIT);
    *error = 0;
    if (code == SQLITE_OK)
        return ANSWER_YES;
    int why = store__error(s, code);
    /* A lock, or no space for the log: the commit mark was not written. After any other failure (a sync that
     * came back with an error) the mark may be on the disk, and count after the next start. */
    if ((code & 0xff) == SQLITE_BUSY || (code & 0xff) == SQLITE_FULL || (code & 0xff) == SQLITE_CONSTRAINT)
        return refuse(s, error, why);
    (void)refuse(s, error, why);
    *error = ERROR_UNKNOWN;
    return ANSWER_UNKNOWN;
}

static bool only_reads(const Tandem__StoreRequest *m)
{
    for (size_t i = 0; i < m->n_statements; i++) {
        const struct store_statement *about = store_statement_find(slice_text(m->statements[i]->name));
        if (about == NULL || !about->reads)
            return false;
    }
    return true;
}

static enum answer run(struct buffer *bytes, int *error, struct store *s, const Tandem__StoreRequest *m)
{
    Tandem__StoreAnswer answer = TANDEM__STORE_ANSWER__INIT;
    bool reads = only_reads(m);
    size_t length = bytes->length;
    s->steps = STORE_STEPS;
    s->answer_bytes = 0;
    if (!sqlite3_get_autocommit(s->database))
        return refuse(s, error, ERROR_DISK); /* what could not be undone before */
    int code = control(s, reads ? STORE_BEGIN : STORE_BEGIN_WRITE);
    if (code != SQLITE_OK)
        return refuse(s, error, store__error(s, code));
    *error = run_all(s, m, &answer);
    if (*error != 0)
        return refuse(s, error, *error);
    /* Packed before the commit: an answer that is too large is a no, and nothing was done. */
    pack_add(bytes, &answer.base);
    if (bytes->overflowed)
        return refuse(s, error, ERROR_LIMIT);
    enum answer done = commit(s, error);
    if (done != ANSWER_YES)
        bytes->length = length;
    return done;
}

enum answer store_run(struct buffer *bytes, int *error, struct store *s, struct slice request)
{
    arena_reset(&s->arena);
    const Tandem__StoreRequest *m = pack_read(&tandem__store_request__descriptor, request, &s->arena);
    *error = m == NULL || m->n_statements == 0 ? ERROR_SYNTAX : 0;
    if (*error == 0 && m->n_statements > STORE_STATEMENTS)
        *error = ERROR_LIMIT;
    return *error == 0 ? run(bytes, error, s, m) : ANSWER_NO;
}

/* The name of a statement as it lies there: who only asks where a request goes needs no copy of its values.
 */
static const struct store_statement *named(struct slice statement)
{
    struct pack_field f;
    struct slice name = SLICE("");
    while (pack_next(&f, &statement))
        if (f.number == STATEMENT_NAME)
            name = f.bytes;
    return slice_empty(statement) ? store_statement_find(name) : NULL;
}

bool store_request_reads(struct slice request)
{
    struct pack_field f;
    while (pack_next(&f, &request)) {
        const struct store_statement *about = f.number == REQUEST_STATEMENT ? named(f.bytes) : NULL;
        if (about == NULL || !about->reads)
            return false;
    }
    return slice_empty(request);
}
