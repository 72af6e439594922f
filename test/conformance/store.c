#include "store.h"

#include "base/mem.h"

#define PARAMETERS 16

static struct buffer request; /* packed messages that follow each other are one */

struct stage *store_stage(struct stage *given)
{
    static unsigned number;
    static char name[64];
    static struct real_server right;
    if (right.count == 0)
        right = stage_params.store;
    stage_params.store = right; /* whatever the test before tried */
    if (stage_is("embedded"))
        return given;
    snprintf(name, sizeof name, "conformance-%u", number++);
    CHECK(stage_fault("database %s", name));
    stage_params.store.database = name;
    return stage_another(given);
}

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

void store_add(struct seat *s, const char *name, const char *types, ...)
{
    Tandem__StoreValue values[PARAMETERS], *parameters[PARAMETERS];
    Tandem__StoreStatement statement = TANDEM__STORE_STATEMENT__INIT, *statements[] = {&statement};
    Tandem__StoreRequest m = TANDEM__STORE_REQUEST__INIT;
    va_list arguments;
    (void)s;
    va_start(arguments, types);
    for (size_t i = 0; types[i] != '\0'; i++) {
        set_value(&values[i], types[i], &arguments);
        parameters[i] = &values[i];
    }
    va_end(arguments);
    statement.name = (char *)(uintptr_t)name;
    statement.parameters = parameters;
    statement.n_parameters = strlen(types);
    m.statements = statements;
    m.n_statements = 1;
    pack_add(&request, &m.base);
}

struct buffer store_taken(void)
{
    struct buffer taken = request;
    request = (struct buffer){.data = NULL};
    return taken;
}

uint64_t store_send(struct seat *s, int64_t milliseconds)
{
    struct arena arena = {0};
    const Tandem__StoreRequest *m =
        pack_read(&tandem__store_request__descriptor, buffer_slice(&request), &arena);
    CHECK(m != NULL);
    uint64_t token = seat_send(s, SERVICE_STORE, &m->base, milliseconds);
    arena_free(&arena);
    buffer_free(&request);
    return token;
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

static void describe(struct buffer *out, const Tandem__StoreResult *result)
{
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

const char *store_reply_text(struct seat *s, const struct reply *r)
{
    static char text[8192];
    struct buffer out = {.data = NULL};
    if (r->answer != ANSWER_YES) {
        CHECK(r->error != 0);
        snprintf(text, sizeof text, "%s%s", r->answer == ANSWER_UNKNOWN ? "?" : "", error_symbol(r->error));
        return text;
    }
    arena_reset(&s->stage->arena);
    const Tandem__StoreAnswer *a = pack_read(&tandem__store_answer__descriptor, r->bytes, &s->stage->arena);
    CHECK(a != NULL);
    for (size_t i = 0; i < a->n_results; i++) {
        if (i != 0)
            buffer_add_byte(&out, '|');
        describe(&out, a->results[i]);
    }
    snprintf(text, sizeof text, "%.*s", SLICE_ARG(buffer_slice(&out)));
    buffer_free(&out);
    return text;
}

const char *store_text(struct seat *s)
{
    uint64_t token = store_send(s, STORE_WAIT);
    STAGE_UNTIL(s->stage, seat_reply(s, token) != NULL, STORE_WAIT + STAGE_PATIENCE);
    return store_reply_text(s, seat_reply(s, token));
}

void store_until(struct seat *s, const char *expected, int64_t milliseconds, const char *name,
    const char *types, const char *text)
{
    int64_t until = real_now(s->stage->loop) + milliseconds * 1000;
    const char *said;
    for (;;) {
        said = STORE_ASK(s, name, types, text);
        if (strcmp(said, expected) == 0)
            return;
        if (real_now(s->stage->loop) > until)
            stage_fail(__FILE__, __LINE__, "%s(%s) said \"%s\" in the end, not \"%s\"", name,
                text != NULL ? text : "", said, expected);
        stage_run(s->stage, 50);
    }
}

const struct real_condition *store_condition(struct stage *s)
{
    return real_engines_condition(s->engines, REAL_PART_STORE);
}
