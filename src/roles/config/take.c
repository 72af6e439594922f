/* What the store's answers say. */
#include "base/error.h"
#include "roles/config/statement.h"
#include "roles/config/writer_int.h"

int writer__take_number(uint64_t *number, struct slice answer)
{
    struct arena arena = {0};
    const Tandem__StoreAnswer *a = statement_answer(answer, 1, &arena);
    bool good = a != NULL && a->results[0]->n_rows == 1;
    if (good)
        *number = statement_row_number(a->results[0]->rows[0], 0);
    arena_free(&arena);
    return good ? 0 : ERROR_CORRUPT;
}

/* ---- what changed ---- */

void writer__catch_up(struct writer *w)
{
    w->cursor.number = w->number + 1;
    buffer_clear(&w->cursor.kind);
    buffer_clear(&w->cursor.name);
    w->cursor.page = WRITER_PAGE;
    w->cursor.fresh = true;
    memset(w->touched, 0, sizeof w->touched);
}

static void count(struct writer *w, const struct kind *k, struct slice name, int by)
{
    const struct object *o = catalogue_get(w->catalogue, k, name);
    if (o != NULL)
        uses_count(&w->uses, o, by);
}

/* Columns: number, kind, name, version, body, deleted. */
static void take_row(struct writer *w, const Tandem__StoreRow *row)
{
    struct slice kind = statement_row_text(row, 1), name = statement_row_text(row, 2);
    const struct kind *k = kind_find(kind);
    w->cursor.number = statement_row_number(row, 0);
    buffer_clear(&w->cursor.kind);
    buffer_add(&w->cursor.kind, kind);
    buffer_clear(&w->cursor.name);
    buffer_add(&w->cursor.name, name);
    if (k == NULL) /* of a newer version */
        return;
    w->touched[kind_number(k)] = true;
    count(w, k, name, -1);
    if (statement_row_number(row, 5) != 0)
        catalogue_remove(w->catalogue, k, name);
    else
        catalogue_put(w->catalogue,
            &(struct object){k, name, statement_row_text(row, 4), statement_row_number(row, 3)});
    count(w, k, name, 1);
}

int writer__take_changes(struct writer *w, struct slice answer, bool *more)
{
    struct arena arena = {0};
    const Tandem__StoreAnswer *a = statement_answer(answer, 2, &arena);
    if (a == NULL)
        a = statement_answer(answer, 3, &arena); /* something was cleared before */
    if (a == NULL || a->results[a->n_results - 2]->n_rows != 1) {
        arena_free(&arena);
        return ERROR_CORRUPT;
    }
    const Tandem__StoreResult *r = a->results[a->n_results - 1];
    if (w->cursor.fresh)
        w->cursor.newest = statement_row_number(a->results[a->n_results - 2]->rows[0], 0);
    w->cursor.fresh = false;
    for (size_t i = 0; i < r->n_rows; i++)
        take_row(w, r->rows[i]);
    *more = r->n_rows == w->cursor.page;
    if (!*more && w->cursor.newest > w->number)
        w->number = w->cursor.newest;
    arena_free(&arena);
    return 0;
}

/* ---- what is to be undone ---- */

/* Columns: kind, name, version, body_before, body_after, whole. */
static int take_past(struct transaction *t, const Tandem__StoreRow *row)
{
    struct buffer after = {0};
    struct slice kind = statement_row_text(row, 0), name = statement_row_text(row, 1);
    const struct kind *k = kind_find(kind);
    if (k == NULL || statement_row_number(row, 5) == 0)
        return ERROR_UNSUPPORTED;
    struct item *i = writer__item(t);
    if (i == NULL)
        return ERROR_LIMIT;
    i->kind = k;
    i->name = arena_copy(&t->arena, name);
    i->given = arena_copy(&t->arena, statement_row_text(row, 3));
    i->has_version = i->verbatim = true;
    i->version = slice_empty(statement_row_text(row, 4)) ? 0 : statement_row_number(row, 2);
    buffer_add_format(&after, "%.*s %.*s", SLICE_ARG(kind), SLICE_ARG(name));
    t->after = arena_copy(&t->arena, buffer_slice(&after));
    buffer_free(&after);
    return 0;
}

int writer__take_fetch(struct writer *w, struct transaction *t, struct slice answer, bool *more)
{
    struct arena arena = {0};
    const Tandem__StoreAnswer *a = statement_answer(answer, 1, &arena);
    int error = a != NULL ? 0 : ERROR_CORRUPT;
    (void)w;
    for (size_t i = 0; error == 0 && i < a->results[0]->n_rows; i++)
        error = take_past(t, a->results[0]->rows[i]);
    *more = error == 0 && a->results[0]->n_rows == WRITER_PAGE_LEAST;
    arena_free(&arena);
    if (error == 0 && t->count == 0)
        return ERROR_MISSING;
    return error;
}

int writer__take_settle(uint64_t *number, uint64_t *last, struct slice answer)
{
    struct arena arena = {0};
    const Tandem__StoreAnswer *a = statement_answer(answer, 2, &arena);
    bool good = a != NULL && a->results[1]->n_rows == 1;
    if (good) {
        *number = a->results[0]->n_rows == 1 ? statement_row_number(a->results[0]->rows[0], 0) : 0;
        *last = statement_row_number(a->results[1]->rows[0], 0);
    }
    arena_free(&arena);
    return good ? 0 : ERROR_CORRUPT;
}
