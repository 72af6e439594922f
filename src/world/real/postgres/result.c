/* What comes back of the pipeline: rows become the answer's, the sync ends a transaction. */
#include <endian.h>

#include "base/error.h"
#include "base/log.h"
#include "wire/pack.h"
#include "world/real/postgres/postgres_int.h"

#define VALUE_OVERHEAD 12 /* bytes of a value in the packed answer beside its own, at most */

/* ---- values ---- */

static int64_t number_of(const char *bytes, int length)
{
    uint64_t wide;
    uint32_t narrow;
    if (length == sizeof wide) {
        memcpy(&wide, bytes, sizeof wide);
        return (int64_t)be64toh(wide);
    }
    if (length != sizeof narrow)
        return 0;
    memcpy(&narrow, bytes, sizeof narrow);
    return (int32_t)be32toh(narrow);
}

static Tandem__StoreValue *value_of(
    struct postgres_question *q, char type, const PGresult *result, int row, int column)
{
    Tandem__StoreValue *v = arena_alloc(&q->arena, sizeof *v);
    struct slice bytes = slice_of(PQgetvalue(result, row, column), (size_t)PQgetlength(result, row, column));
    tandem__store_value__init(v);
    q->result_bytes += VALUE_OVERHEAD + ((type | 0x20) == 'i' ? 0 : bytes.length);
    if (PQgetisnull(result, row, column))
        return v;
    switch (type | 0x20) {
    case 'i':
        v->has_number = true;
        v->number = number_of(bytes.data, (int)bytes.length);
        break;
    case 't':
        v->text = arena_text(&q->arena, bytes);
        break;
    default:
        v->has_blob = true;
        v->blob = pack_bytes(arena_copy(&q->arena, bytes));
        break;
    }
    return v;
}

/* ---- results ---- */

static Tandem__StoreResult *result_at(struct postgres_question *q)
{
    if (q->answer.n_results > q->at)
        return q->answer.results[q->at];
    Tandem__StoreResult *made = arena_alloc(&q->arena, sizeof *made);
    tandem__store_result__init(made);
    q->answer.results[q->answer.n_results++] = made;
    q->capacity = 0;
    return made;
}

static void add_row(struct postgres_question *q, Tandem__StoreResult *to, const PGresult *result, int row)
{
    const char *types = q->statements[q->at]->returns;
    if (to->n_rows == q->capacity) {
        size_t grown = q->capacity != 0 ? q->capacity * 2 : 8;
        Tandem__StoreRow **rows = arena_alloc(&q->arena, grown * sizeof(Tandem__StoreRow *));
        if (to->n_rows != 0)
            memcpy(rows, to->rows, to->n_rows * sizeof(Tandem__StoreRow *));
        to->rows = rows;
        q->capacity = grown;
    }
    Tandem__StoreRow *made = arena_alloc(&q->arena, sizeof *made);
    tandem__store_row__init(made);
    made->n_values = strlen(types);
    made->values = arena_alloc(&q->arena, made->n_values * sizeof(Tandem__StoreValue *));
    for (size_t i = 0; i < made->n_values; i++)
        made->values[i] = value_of(q, types[i], result, row, (int)i);
    to->rows[to->n_rows++] = made;
    q->result_bytes += VALUE_OVERHEAD;
}

/* Past the limit nothing is kept any more; the rest of the rows passes by. */
static void add_rows(struct postgres_question *q, PGresult *result)
{
    const struct store_statement *about = q->statements[q->at];
    Tandem__StoreResult *to = result_at(q);
    int rows = PQntuples(result);
    bool counted = about->one && about->returns[0] == '\0';
    if (!counted && rows != 0 && PQnfields(result) != (int)strlen(about->returns)) {
        q->error = ERROR_CORRUPT;
        return;
    }
    for (int i = 0; i < rows && !counted && q->error == 0; i++) {
        add_row(q, to, result, i);
        if (q->result_bytes > STORE_ROWS_BYTES)
            q->error = ERROR_LIMIT;
    }
    if (about->reads)
        return;
    struct slice said = slice_text(PQcmdTuples(result));
    to->has_changed = true;
    if (counted && rows == 1)
        to->changed = (uint64_t)number_of(PQgetvalue(result, 0, 0), PQgetlength(result, 0, 0));
    else if (slice_to_u64(&to->changed, said, UINT64_MAX) != 0)
        to->changed = 0;
}

/* A FATAL one says that the connection ends, not what became of the transaction. */
static bool take_error(struct postgres_line *line, struct postgres_question *q, const PGresult *result)
{
    const char *severity = PQresultErrorField(result, PG_DIAG_SEVERITY_NONLOCALIZED);
    const char *state = PQresultErrorField(result, PG_DIAG_SQLSTATE);
    char said[200];
    if (state == NULL || (severity != NULL && strcmp(severity, "ERROR") != 0))
        return false;
    if (strcmp(state, "25006") == 0)
        line->again_elsewhere = true;
    if (q->error == 0)
        q->error = postgres__error(state);
    if (q->error == ERROR_CORRUPT || q->error == ERROR_DISK) {
        postgres__said(said, sizeof said, PQresultErrorMessage(result));
        LOG(LOG_ERROR, "store", "statement %s: %s (state %s)",
            q->at < q->request->n_statements ? q->statements[q->at]->name : "COMMIT", said, state);
    }
    return true;
}

/* ---- the end of a transaction ---- */

static void complete(struct postgres_line *line, struct postgres_question *q)
{
    list_remove(&q->link);
    line->flight_count--;
    line->flight_bytes -= q->length;
    if (q->error == 0) {
        buffer_clear(&line->answer);
        pack_add(&line->answer, &q->answer.base);
        if (line->answer.overflowed)
            q->error =
                ERROR_LIMIT; /* not reached: rows are counted, and results without rows are few bytes */
    }
    if (q->error == 0)
        postgres__answer(line, q, ANSWER_YES, 0, buffer_slice(&line->answer));
    else
        postgres__answer(line, q, ANSWER_NO, q->error, (struct slice){0});
}

static bool take_sync(struct postgres_line *line, struct postgres_question *q)
{
    if (q->guarded && !q->committing) {
        q->committing = true;
        q->at = q->request->n_statements;
        return postgres__send_end(line, q->error == 0);
    }
    complete(line, q);
    return true;
}

/* Each statement gives results and then NULL; the sync gives one result. BEGIN of a guarded transaction is
 * statement -1, which the counter is not moved by. */
static bool take_result(struct postgres_line *line, struct postgres_question *q, PGresult *result)
{
    switch (PQresultStatus(result)) {
    case PGRES_PIPELINE_SYNC:
        return take_sync(line, q);
    case PGRES_SINGLE_TUPLE:
    case PGRES_TUPLES_OK:
        if (q->at < q->request->n_statements)
            add_rows(q, result);
        return true;
    case PGRES_COMMAND_OK:
        if (q->at < q->request->n_statements && strcmp(PQcmdStatus(result), "BEGIN") != 0)
            add_rows(q, result);
        return true;
    case PGRES_PIPELINE_ABORTED:
        return true;
    case PGRES_FATAL_ERROR:
        return take_error(line, q, result);
    default:
        return false;
    }
}

bool postgres__results(struct postgres_line *line)
{
    PGconn *c = line->connection;
    bool well = true;
    while (well && !list_empty(&line->flight) && !PQisBusy(c)) {
        struct postgres_question *q = list_entry(list_first(&line->flight), struct postgres_question, link);
        PGresult *result = PQgetResult(c);
        line->heard = postgres__now();
        if (result != NULL)
            well = take_result(line, q, result);
        else if (q->began || !q->guarded)
            q->at++;
        else
            q->began = true;
        if (line->kind == POSTGRES_READER)
            PQsetSingleRowMode(c);
        PQclear(result);
    }
    return well;
}
