/* What the role asks of the engines. */
#include "base/error.h"
#include "config/load.h"
#include "roles/config/writer_int.h"
#include "wire/engine.pb-c.h"
#include "wire/pack.h"

#define PARAMETERS 8

struct statement {
    Tandem__StoreStatement message;
    Tandem__StoreValue values[PARAMETERS], *parameters[PARAMETERS];
};

static void begin(struct statement *s, const char *name)
{
    tandem__store_statement__init(&s->message);
    s->message.name = (char *)(uintptr_t)name;
    s->message.parameters = s->parameters;
}

static Tandem__StoreValue *add(struct statement *s)
{
    Tandem__StoreValue *v = &s->values[s->message.n_parameters];
    tandem__store_value__init(v);
    s->parameters[s->message.n_parameters++] = v;
    return v;
}

static void add_text(struct statement *s, struct arena *arena, struct slice text)
{
    add(s)->text = arena_text(arena, text);
}

static void add_number(struct statement *s, uint64_t number)
{
    Tandem__StoreValue *v = add(s);
    v->has_number = true;
    v->number = (int64_t)number;
}

static void ask_bytes(struct writer *w, enum service service, struct buffer *request)
{
    world_ask(w->world, service, buffer_slice(request), 0, ++w->question,
        world_now(w->world) + timer_duration(TIMER_CONFIG_ASK));
    buffer_free(request);
}

static void ask(struct writer *w, enum service service, const ProtobufCMessage *message)
{
    struct buffer request = {0};
    pack_add(&request, message);
    ask_bytes(w, service, &request);
}

static void ask_store(struct writer *w, struct statement *statements, size_t count)
{
    Tandem__StoreStatement *list[2] = {&statements[0].message, count > 1 ? &statements[1].message : NULL};
    Tandem__StoreRequest request = TANDEM__STORE_REQUEST__INIT;
    request.statements = list;
    request.n_statements = count;
    ask(w, SERVICE_STORE, &request.base);
}

void writer__ask_page(struct writer *w)
{
    struct buffer request = {0};
    config_load_request(&w->load, &request);
    ask_bytes(w, SERVICE_STORE, &request);
}

void writer__ask_hash(struct writer *w, struct slice password)
{
    Tandem__JobRequest request = TANDEM__JOB_REQUEST__INIT;
    ProtobufCBinaryData argument = pack_bytes(password);
    request.name = (char[]){"argon2-hash"};
    request.arguments = &argument;
    request.n_arguments = 1;
    ask(w, SERVICE_JOB, &request.base);
}

/* Who, when, what (CF-3). Without secrets: the log is read by more people than may see those. */
static void add_audit(
    struct statement *s, struct writer *w, const struct writer_change *change, struct arena *arena)
{
    const struct writer_request *r = &change->request;
    begin(s, "object_audit_add");
    add_number(s, (uint64_t)world_now(w->world));
    add_text(s, arena, r->user);
    add_text(s, arena, slice_text(change->body != NULL ? "put" : "delete"));
    add_text(s, arena, slice_text(r->kind->name));
    add_text(s, arena, r->name);
    add_number(s, change->body != NULL ? change->expected + 1 : change->expected);
    if (change->body == NULL) {
        add(s);
        return;
    }
    struct buffer text = {0};
    json_t *shown = object_show(r->kind, change->body, change->expected + 1, false);
    object_dump(&text, shown);
    add_text(s, arena, buffer_slice(&text));
    json_decref(shown);
    buffer_free(&text);
}

void writer__ask_write(struct writer *w, const struct writer_change *change)
{
    const struct writer_request *r = &change->request;
    struct arena arena = {0};
    struct statement statements[2];
    begin(&statements[0], change->body != NULL ? "object_put" : "object_delete");
    add_text(&statements[0], &arena, slice_text(r->kind->name));
    add_text(&statements[0], &arena, r->name);
    if (change->body != NULL)
        add_text(&statements[0], &arena, buffer_slice(&change->text));
    add_number(&statements[0], change->expected);
    if (change->body != NULL) {
        add_number(&statements[0], (uint64_t)world_now(w->world));
        add_text(&statements[0], &arena, r->user);
    }
    add_audit(&statements[1], w, change, &arena);
    ask_store(w, statements, 2);
    arena_free(&arena);
}

void writer__ask_object(struct writer *w, const struct writer_change *change)
{
    struct buffer request = {0};
    config_load_one_request(&request, change->request.kind, change->request.name);
    ask_bytes(w, SERVICE_STORE, &request);
}

struct slice writer__hash(struct slice answer, struct arena *arena)
{
    const Tandem__JobAnswer *a = pack_read(&tandem__job_answer__descriptor, answer, arena);
    struct slice hash = a != NULL && a->n_results == 1 ? pack_slice(a->results[0]) : (struct slice){0};
    return slice_starts(hash, SLICE("$argon2id$")) ? hash : (struct slice){0};
}
