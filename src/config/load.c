#include "config/load.h"

#include "base/error.h"
#include "base/log.h"
#include "wire/engine.pb-c.h"
#include "wire/pack.h"

#define PAGE 100 /* objects; with bodies of OBJECT_BYTES still below what the store answers at most */

/* Columns of object_list. */
enum { KIND_COLUMN, NAME_COLUMN, VERSION_COLUMN, COLUMNS = 6 };

static void add_request(struct buffer *out, const char *name, Tandem__StoreValue **parameters, size_t count)
{
    Tandem__StoreRequest request = TANDEM__STORE_REQUEST__INIT;
    Tandem__StoreStatement statement = TANDEM__STORE_STATEMENT__INIT, *statements = &statement;
    statement.name = (char *)(uintptr_t)name;
    statement.parameters = parameters;
    statement.n_parameters = count;
    request.statements = &statements;
    request.n_statements = 1;
    pack_add(out, &request.base);
}

static Tandem__StoreValue text_value(struct arena *arena, struct slice text)
{
    Tandem__StoreValue value = TANDEM__STORE_VALUE__INIT;
    value.text = arena_text(arena, text);
    return value;
}

void config_load_begin(struct config_load *l)
{
    *l = (struct config_load){.catalogue = catalogue_new()};
}

void config_load_end(struct config_load *l)
{
    if (l->catalogue != NULL)
        catalogue_free(l->catalogue);
    buffer_free(&l->kind);
    buffer_free(&l->name);
}

void config_load_request(const struct config_load *l, struct buffer *out)
{
    struct arena arena = {0};
    Tandem__StoreValue every = TANDEM__STORE_VALUE__INIT, limit = TANDEM__STORE_VALUE__INIT;
    Tandem__StoreValue kind = text_value(&arena, buffer_slice(&l->kind));
    Tandem__StoreValue name = text_value(&arena, buffer_slice(&l->name));
    limit.has_number = true;
    limit.number = PAGE;
    add_request(out, "object_list", (Tandem__StoreValue *[]){&every, &kind, &name, &limit}, 4);
    arena_free(&arena);
}

/* The values of a row from the version on: version, body. */
static bool put_row(struct catalogue *c, const struct kind *k, struct slice name, Tandem__StoreValue **values)
{
    if (!values[0]->has_number || values[0]->number < 1 || values[1]->text == NULL)
        return false;
    catalogue_put(c, &(struct object){k, name, slice_text(values[1]->text), (uint64_t)values[0]->number});
    return true;
}

static bool take_row(struct config_load *l, const Tandem__StoreRow *row)
{
    if (row->n_values != COLUMNS || row->values[KIND_COLUMN]->text == NULL ||
        row->values[NAME_COLUMN]->text == NULL)
        return false;
    struct slice kind = slice_text(row->values[KIND_COLUMN]->text),
                 name = slice_text(row->values[NAME_COLUMN]->text);
    const struct kind *k = kind_find(kind);
    buffer_clear(&l->kind);
    buffer_add(&l->kind, kind);
    buffer_clear(&l->name);
    buffer_add(&l->name, name);
    if (k != NULL)
        return put_row(l->catalogue, k, name, row->values + VERSION_COLUMN);
    LOG(LOG_NOTICE, "config/load", "%.*s %.*s is of a kind that this version does not know", SLICE_ARG(kind),
        SLICE_ARG(name));
    return true;
}

int config_load_take(struct config_load *l, struct slice answer)
{
    struct arena arena = {0};
    const Tandem__StoreAnswer *a = pack_read(&tandem__store_answer__descriptor, answer, &arena);
    bool good = a != NULL && a->n_results == 1;
    for (size_t i = 0; good && i < a->results[0]->n_rows; i++)
        good = take_row(l, a->results[0]->rows[i]);
    l->done = good && a->results[0]->n_rows < PAGE;
    arena_free(&arena);
    return good ? 0 : ERROR_CORRUPT;
}
