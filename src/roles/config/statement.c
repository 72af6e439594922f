#include "roles/config/statement.h"

#include "wire/pack.h"

void statement_begin(struct statement *s, struct buffer *out, const char *name)
{
    tandem__store_statement__init(&s->message);
    s->message.name = (char *)(uintptr_t)name;
    s->message.parameters = s->parameters;
    s->arena = (struct arena){0};
    s->out = out;
}

static Tandem__StoreValue *add(struct statement *s)
{
    Tandem__StoreValue *v = &s->values[s->message.n_parameters];
    tandem__store_value__init(v);
    s->parameters[s->message.n_parameters++] = v;
    return v;
}

void statement_text(struct statement *s, struct slice text)
{
    add(s)->text = arena_text(&s->arena, text);
}

void statement_number(struct statement *s, uint64_t number)
{
    Tandem__StoreValue *v = add(s);
    v->has_number = true;
    v->number = (int64_t)number;
}

void statement_null(struct statement *s)
{
    add(s);
}

void statement_end(struct statement *s)
{
    Tandem__StoreRequest request = TANDEM__STORE_REQUEST__INIT;
    Tandem__StoreStatement *list[1] = {&s->message};
    request.statements = list;
    request.n_statements = 1;
    pack_add(s->out, &request.base);
    arena_free(&s->arena);
}

const Tandem__StoreAnswer *statement_answer(struct slice bytes, size_t count, struct arena *arena)
{
    const Tandem__StoreAnswer *a = pack_read(&tandem__store_answer__descriptor, bytes, arena);
    return a != NULL && a->n_results == count ? a : NULL;
}

uint64_t statement_row_number(const Tandem__StoreRow *row, size_t column)
{
    const Tandem__StoreValue *v = column < row->n_values ? row->values[column] : NULL;
    return v != NULL && v->has_number && v->number > 0 ? (uint64_t)v->number : 0;
}

struct slice statement_row_text(const Tandem__StoreRow *row, size_t column)
{
    const Tandem__StoreValue *v = column < row->n_values ? row->values[column] : NULL;
    return v != NULL ? slice_text(v->text) : (struct slice){0};
}
