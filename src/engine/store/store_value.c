/* Values between messages and SQLite. */
#include <ctype.h>

#include "base/error.h"
#include "engine/store/store_int.h"
#include "wire/pack.h"

/* What a value costs in the packed answer beside its bytes, at most. */
#define VALUE_OVERHEAD 12

/* Text and blobs are bound without a copy: the request outlives the statement's run. */
static int bind_one(
    struct store *s, sqlite3_stmt *statement, int place, char type, const Tandem__StoreValue *v)
{
    int set = v->has_number + (v->text != NULL) + v->has_blob;
    if (set == 0)
        return isupper((unsigned char)type) ? sqlite3_bind_null(statement, place) : SQLITE_MISMATCH;
    if (set != 1)
        return SQLITE_MISMATCH;
    switch (tolower((unsigned char)type)) {
    case 'i':
        return v->has_number ? sqlite3_bind_int64(statement, place, v->number) : SQLITE_MISMATCH;
    case 't':
        return v->text != NULL
                   ? sqlite3_bind_text(statement, place, store_clean(&s->arena, v->text), -1, SQLITE_STATIC)
                   : SQLITE_MISMATCH;
    default:
        if (!v->has_blob)
            return SQLITE_MISMATCH;
        /* A NULL pointer would be a NULL. */
        return sqlite3_bind_blob64(
            statement, place, v->blob.len != 0 ? (void *)v->blob.data : "", v->blob.len, SQLITE_STATIC);
    }
}

int store__bind(struct store *s, sqlite3_stmt *statement, const struct store_statement *about,
    const Tandem__StoreStatement *m)
{
    if (m->n_parameters != strlen(about->parameters))
        return ERROR_SYNTAX;
    for (size_t i = 0; i < m->n_parameters; i++) {
        int code = bind_one(s, statement, (int)i + 1, about->parameters[i], m->parameters[i]);
        if (code == SQLITE_MISMATCH)
            return ERROR_SYNTAX;
        if (code != SQLITE_OK)
            return store__error(s, code);
    }
    return 0;
}

static Tandem__StoreValue *value_of(struct store *s, sqlite3_stmt *statement, int column)
{
    Tandem__StoreValue *v = arena_alloc(&s->arena, sizeof *v);
    tandem__store_value__init(v);
    int length = 0;
    switch (sqlite3_column_type(statement, column)) {
    case SQLITE_NULL:
        break;
    case SQLITE_TEXT:
        v->text = arena_text(&s->arena, slice_of(sqlite3_column_text(statement, column),
                                            (size_t)(length = sqlite3_column_bytes(statement, column))));
        break;
    case SQLITE_BLOB:
        v->has_blob = true;
        v->blob = pack_bytes(
            arena_copy(&s->arena, slice_of(sqlite3_column_blob(statement, column),
                                      (size_t)(length = sqlite3_column_bytes(statement, column)))));
        break;
    default:
        v->has_number = true;
        v->number = sqlite3_column_int64(statement, column);
        break;
    }
    s->answer_bytes += (size_t)length + VALUE_OVERHEAD;
    return v;
}

static void add_row(struct store *s, sqlite3_stmt *statement, Tandem__StoreResult *result, size_t *capacity)
{
    if (result->n_rows == *capacity) {
        size_t grown = *capacity != 0 ? *capacity * 2 : 8;
        Tandem__StoreRow **rows = arena_alloc(&s->arena, grown * sizeof(Tandem__StoreRow *));
        if (result->n_rows != 0)
            memcpy(rows, result->rows, result->n_rows * sizeof(Tandem__StoreRow *));
        result->rows = rows;
        *capacity = grown;
    }
    Tandem__StoreRow *row = arena_alloc(&s->arena, sizeof *row);
    tandem__store_row__init(row);
    row->n_values = (size_t)sqlite3_column_count(statement);
    row->values = arena_alloc(&s->arena, row->n_values * sizeof(Tandem__StoreValue *));
    for (size_t i = 0; i < row->n_values; i++)
        row->values[i] = value_of(s, statement, (int)i);
    result->rows[result->n_rows++] = row;
    s->answer_bytes += VALUE_OVERHEAD;
}

int store__rows(struct store *s, sqlite3_stmt *statement, Tandem__StoreResult *result)
{
    size_t capacity = 0;
    int code;
    while ((code = sqlite3_step(statement)) == SQLITE_ROW) {
        add_row(s, statement, result, &capacity);
        if (s->answer_bytes > STORE_ROWS_BYTES)
            return ERROR_LIMIT;
    }
    return code == SQLITE_DONE ? 0 : store__error(s, code);
}
