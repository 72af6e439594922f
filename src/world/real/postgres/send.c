/* Requests: read, checked, and put into the pipeline. */
#include <ctype.h>
#include <endian.h>

#include "base/error.h"
#include "wire/pack.h"
#include "world/real/postgres/postgres_int.h"

#define PARAMETERS 64 /* most of a statement */

/* ---- checking ---- */

static bool fits(char type, const Tandem__StoreValue *v)
{
    int set = v->has_number + (v->text != NULL) + v->has_blob;
    if (set == 0)
        return isupper((unsigned char)type);
    switch (set == 1 ? tolower((unsigned char)type) : 0) {
    case 'i':
        return v->has_number;
    case 't':
        return v->text != NULL;
    case 'b':
        return v->has_blob;
    default:
        return false;
    }
}

static int check(struct arena *arena, const Tandem__StoreStatement *m, const struct store_statement *about)
{
    if (about == NULL)
        return ERROR_MISSING;
    if (m->n_parameters != strlen(about->parameters) || m->n_parameters > PARAMETERS)
        return ERROR_SYNTAX;
    for (size_t i = 0; i < m->n_parameters; i++) {
        Tandem__StoreValue *v = m->parameters[i];
        if (!fits(about->parameters[i], v))
            return ERROR_SYNTAX;
        if (v->text != NULL)
            v->text = store_clean(arena, v->text);
    }
    return 0;
}

/* A request that changes something and also returns rows: what is too large must not have been done, and it
 * is known only when the rows are there. */
static bool needs_guard(const struct postgres_question *q)
{
    bool writes = false, returns = false;
    for (size_t i = 0; i < q->request->n_statements; i++) {
        writes = writes || !q->statements[i]->reads;
        returns = returns || q->statements[i]->returns[0] != '\0';
    }
    return writes && returns;
}

int postgres__read(struct postgres_question *q)
{
    const Tandem__StoreRequest *m =
        pack_read(&tandem__store_request__descriptor, slice_of(q->bytes, q->length), &q->arena);
    int error = m == NULL || m->n_statements == 0 ? ERROR_SYNTAX : 0;
    if (error == 0 && m->n_statements > STORE_STATEMENTS)
        error = ERROR_LIMIT;
    if (error != 0)
        return error;
    q->request = m;
    q->statements = arena_alloc(&q->arena, m->n_statements * sizeof(struct store_statement *));
    for (size_t i = 0; i < m->n_statements && error == 0; i++) {
        q->statements[i] = store_statement_find(slice_text(m->statements[i]->name));
        error = check(&q->arena, m->statements[i], q->statements[i]);
    }
    tandem__store_answer__init(&q->answer);
    if (error != 0)
        return error;
    q->answer.results = arena_alloc(&q->arena, m->n_statements * sizeof(Tandem__StoreResult *));
    q->guarded = needs_guard(q);
    return 0;
}

/* ---- sending ---- */

static bool send_one(PGconn *c, const Tandem__StoreStatement *m, const struct store_statement *about)
{
    const char *values[PARAMETERS];
    int lengths[PARAMETERS], formats[PARAMETERS];
    uint64_t numbers[PARAMETERS];
    for (size_t i = 0; i < m->n_parameters; i++) {
        const Tandem__StoreValue *v = m->parameters[i];
        values[i] = v->text;
        lengths[i] = 0;
        formats[i] = v->text == NULL;
        if (v->has_number) {
            numbers[i] = htobe64((uint64_t)v->number);
            values[i] = (const char *)&numbers[i];
            lengths[i] = sizeof numbers[i];
        } else if (v->has_blob) {
            values[i] = v->blob.len != 0 ? (const char *)v->blob.data : "";
            lengths[i] = (int)v->blob.len;
        }
    }
    return PQsendQueryPrepared(c, about->name, (int)m->n_parameters, values, lengths, formats, 1) == 1;
}

bool postgres__send(struct postgres_line *line, struct postgres_question *q)
{
    PGconn *c = line->connection;
    if (q->guarded && PQsendQueryParams(c, "BEGIN", 0, NULL, NULL, NULL, NULL, 1) != 1)
        return false;
    for (size_t i = 0; i < q->request->n_statements; i++)
        if (!send_one(c, q->request->statements[i], q->statements[i]))
            return false;
    if (line->kind == POSTGRES_READER)
        PQsetSingleRowMode(c); /* where it is the first one; the others get it as their turn comes */
    q->committing = !q->guarded;
    return PQpipelineSync(c) == 1;
}

bool postgres__send_end(struct postgres_line *line, bool commit)
{
    return PQsendQueryParams(
               line->connection, commit ? "COMMIT" : "ROLLBACK", 0, NULL, NULL, NULL, NULL, 1) == 1 &&
           PQpipelineSync(line->connection) == 1;
}
