#include "engine/store/store_fixture.h"

#include <stdarg.h>

#include "base/error.h"
#include "unit.h"
#include "wire/engine.pb-c.h"
#include "wire/pack.h"

enum { PARAMETERS = 16 };

static void set_value(Tandem__StoreValue *v, char type, va_list *arguments)
{
    tandem__store_value__init(v);
    if (type == 'i') {
        v->number = va_arg(*arguments, long long);
        v->has_number = v->number != NOTHING;
        return;
    }
    const char *text = va_arg(*arguments, const char *);
    if (type == 't')
        v->text = (char *)(uintptr_t)text;
    else
        v->blob = pack_bytes(slice_text(text));
    v->has_blob = type == 'b' && text != NULL;
}

void store_fixture_add(struct store_fixture *f, const char *name, const char *types, ...)
{
    Tandem__StoreValue values[PARAMETERS], *parameters[PARAMETERS];
    Tandem__StoreStatement statement = TANDEM__STORE_STATEMENT__INIT, *statements[] = {&statement};
    Tandem__StoreRequest request = TANDEM__STORE_REQUEST__INIT;
    va_list arguments;
    va_start(arguments, types);
    for (size_t i = 0; types[i] != '\0'; i++) {
        set_value(&values[i], types[i], &arguments);
        parameters[i] = &values[i];
    }
    va_end(arguments);
    statement.name = (char *)(uintptr_t)name;
    statement.parameters = parameters;
    statement.n_parameters = strlen(types);
    request.statements = statements;
    request.n_statements = 1;
    pack_add(&f->request, &request.base);
}

static void describe_value(struct buffer *out, const Tandem__StoreValue *v)
{
    if (v->has_number)
        buffer_add_format(out, "%lld", (long long)v->number);
    else if (v->text != NULL)
        buffer_add_text(out, v->text);
    else if (v->has_blob)
        buffer_add(out, pack_slice(v->blob));
    else
        buffer_add_byte(out, '-');
}

static void describe(struct buffer *out, const Tandem__StoreAnswer *answer)
{
    for (size_t i = 0; i < answer->n_results; i++) {
        const Tandem__StoreResult *result = answer->results[i];
        if (i != 0)
            buffer_add_byte(out, '|');
        if (result->has_changed)
            buffer_add_format(out, "+%llu", (unsigned long long)result->changed);
        for (size_t row = 0; row < result->n_rows; row++) {
            if (row != 0)
                buffer_add_byte(out, ';');
            for (size_t column = 0; column < result->rows[row]->n_values; column++) {
                if (column != 0)
                    buffer_add_byte(out, ' ');
                describe_value(out, result->rows[row]->values[column]);
            }
        }
    }
}

enum answer store_fixture_run(struct store_fixture *f)
{
    struct buffer bytes = {0}, text = {0};
    struct arena arena = {0};
    enum answer answer = store_run(&bytes, &f->error, f->store, buffer_slice(&f->request));
    buffer_clear(&f->request);
    f->text[0] = '\0';
    if (answer == ANSWER_YES) {
        const Tandem__StoreAnswer *a =
            pack_read(&tandem__store_answer__descriptor, buffer_slice(&bytes), &arena);
        assert_non_null(a);
        describe(&text, a);
        snprintf(f->text, sizeof f->text, "%.*s", SLICE_ARG(buffer_slice(&text)));
    } else {
        assert_int_equal(bytes.length, 0);
        assert_int_not_equal(f->error, 0);
    }
    buffer_free(&text);
    buffer_free(&bytes);
    arena_free(&arena);
    return answer;
}

const char *store_fixture_text(struct store_fixture *f)
{
    return store_fixture_run(f) == ANSWER_YES ? f->text : error_symbol(f->error);
}

void store_fixture_end(struct store_fixture *f)
{
    store_close(f->store);
    f->store = NULL;
    buffer_free(&f->request);
}
