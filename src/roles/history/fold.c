/* What happened becomes rows. The statements are those of engine/store/history.sql. */
#include <stdio.h>

#include "roles/history/history_int.h"
#include "wire/json.h"
#include "wire/pack.h"

#define PARAMETERS 8
#define LOST "node lost"

/* Packed messages that follow each other are one message with all of their statements. */
static void add(struct buffer *request, const char *name, Tandem__StoreValue *values, size_t count)
{
    Tandem__StoreValue *parameters[PARAMETERS];
    Tandem__StoreStatement statement = TANDEM__STORE_STATEMENT__INIT, *statements[] = {&statement};
    Tandem__StoreRequest message = TANDEM__STORE_REQUEST__INIT;
    for (size_t i = 0; i < count; i++)
        parameters[i] = &values[i];
    statement.name = (char *)(uintptr_t)name;
    statement.parameters = parameters;
    statement.n_parameters = count;
    message.statements = statements;
    message.n_statements = 1;
    pack_add(request, &message.base);
}

static Tandem__StoreValue number(uint64_t value)
{
    Tandem__StoreValue v = TANDEM__STORE_VALUE__INIT;
    v.has_number = true;
    v.number = (int64_t)value;
    return v;
}

/* NULL stays NULL. */
static Tandem__StoreValue text(const char *value)
{
    Tandem__StoreValue v = TANDEM__STORE_VALUE__INIT;
    v.text = (char *)(uintptr_t)value;
    return v;
}

static const char *or_empty(const char *value)
{
    return value != NULL ? value : "";
}

static void created(struct buffer *request, const Tandem__CallEvent *e, const char *call_id)
{
    Tandem__StoreValue values[] = {text(call_id), number(e->time), text(or_empty(e->from)),
        text(or_empty(e->to)), text(e->node), text(e->location), text(e->sip_call_id)};
    add(request, "call_created", values, 7);
}

/* A JSON object of texts: whoever shows it need not know our schema. */
static void attributes(struct buffer *request, const Tandem__CallEvent *e, const char *call_id)
{
    struct buffer object = {0};
    if (e->n_attributes == 0)
        return;
    json_add_attributes(&object, e->attributes, e->n_attributes);
    buffer_add_byte(&object, '\0');
    Tandem__StoreValue values[] = {text(call_id), text(object.data)};
    add(request, "call_attributes", values, 2);
    buffer_free(&object);
}

static void established(struct buffer *request, const Tandem__CallEvent *e, const char *call_id)
{
    Tandem__StoreValue values[] = {text(call_id), number(e->time)};
    add(request, "call_changed", values, 2);
}

static void released(struct buffer *request, const Tandem__CallEvent *e, const char *call_id)
{
    uint64_t result = e->has_result ? (uint64_t)e->result : TANDEM__CALL_RESULT__RESULT_FAILED;
    Tandem__StoreValue values[] = {text(call_id), number(e->time), number(result), text(e->cause)};
    add(request, "call_ended", values, 4);
}

static void lost(struct buffer *request, const Tandem__CallEvent *e)
{
    Tandem__StoreValue values[] = {text(e->node), number(e->time), text(LOST)};
    add(request, "calls_lost", values, 3);
}

void history__fold(struct buffer *request, const Tandem__CallEvent *e)
{
    char call_id[17];
    snprintf(call_id, sizeof call_id, "%016llx", (unsigned long long)e->call_id);
    if (e->kind == TANDEM__CALL_EVENT_KIND__STREAM_RESTARTED)
        lost(request, e);
    else if (!e->has_call_id)
        return;
    else if (e->kind == TANDEM__CALL_EVENT_KIND__CALL_CREATED) {
        created(request, e, call_id);
        attributes(request, e, call_id);
    } else if (e->kind == TANDEM__CALL_EVENT_KIND__CALL_ESTABLISHED)
        established(request, e, call_id);
    else if (e->kind == TANDEM__CALL_EVENT_KIND__CALL_RELEASED)
        released(request, e, call_id);
    /* The rest changes no row; so do kinds that only newer nodes know. */
}

void history__ask_position(struct buffer *request, const char *node)
{
    Tandem__StoreValue values[] = {text(node)};
    if (node[0] == '\0')
        add(request, "stream_position_all", NULL, 0);
    else
        add(request, "stream_position_get", values, 1);
}

void history__move_position(struct buffer *request, const char *node, uint64_t to, uint64_t expected)
{
    Tandem__StoreValue values[] = {text(node), number(to), number(expected)};
    add(request, "stream_position_set", values, 3);
}
