/* Registrations outlive all proxies in the store. Nobody waits for it: what changed is written together, one
 * request at a time, and again until it was. */
#include "base/error.h"
#include "base/log.h"
#include "base/mem.h"
#include "roles/proxy/proxy_int.h"
#include "wire/engine.pb-c.h"
#include "wire/pack.h"

enum { TIMER_SAVE = 2 };
#define AT_ONCE 256U     /* changes of one request */
#define WAITING 1000000U /* changes that may wait; past that the oldest gives way */

struct unsaved {
    struct list link;
    struct buffer body; /* the binding, packed */
};

static void save_later(struct proxy *p)
{
    if (wheel_runs(&p->save_timer.wheel) || p->saving != 0)
        return;
    world_timer_set(p->world, &p->save_timer, OBJECT(PROXY_OBJECT_BINDINGS, 0), TIMER_SAVE,
        world_now(p->world) + timer_duration(TIMER_BINDINGS_SAVE));
}

static void forget_first(struct proxy *p)
{
    struct unsaved *u = list_entry(p->unsaved.next, struct unsaved, link);
    list_remove(&u->link);
    p->unsaved_count--;
    buffer_free(&u->body);
    mem_free(u);
}

void proxy__save_later(struct proxy *p, const Tandem__Binding *b)
{
    struct unsaved *u = mem_zero(sizeof *u);
    pack_add(&u->body, &b->base);
    list_append(&p->unsaved, &u->link);
    if (++p->unsaved_count > WAITING && p->saving == 0)
        forget_first(p);
    save_later(p);
}

static Tandem__StoreValue *text_value(struct arena *arena, char *text)
{
    Tandem__StoreValue *v = arena_alloc(arena, sizeof *v);
    tandem__store_value__init(v);
    v->text = text;
    return v;
}

static Tandem__StoreStatement *statement(struct arena *arena, const struct unsaved *u)
{
    Tandem__StoreStatement *s = arena_alloc(arena, sizeof *s);
    const Tandem__Binding *b = pack_read(&tandem__binding__descriptor, buffer_slice(&u->body), arena);
    tandem__store_statement__init(s);
    s->parameters = arena_alloc(arena, 5 * sizeof *s->parameters);
    s->parameters[s->n_parameters++] = text_value(arena, b->dn);
    s->parameters[s->n_parameters++] = text_value(arena, b->contact);
    s->name = (char *)(uintptr_t) "binding_delete";
    if (b->expires_at == 0)
        return s;
    s->name = (char *)(uintptr_t) "binding_put";
    s->parameters[s->n_parameters++] = text_value(arena, b->proxy);
    Tandem__StoreValue *body = s->parameters[s->n_parameters++] = text_value(arena, NULL);
    body->has_blob = true;
    body->blob = pack_bytes(buffer_slice(&u->body));
    Tandem__StoreValue *expires = s->parameters[s->n_parameters++] = text_value(arena, NULL);
    expires->has_number = true;
    expires->number = (int64_t)b->expires_at;
    return s;
}

static void save(struct proxy *p)
{
    Tandem__StoreStatement *statements[AT_ONCE];
    Tandem__StoreRequest request = TANDEM__STORE_REQUEST__INIT;
    struct buffer bytes = {0};
    list_for_each (link, &p->unsaved) {
        if (request.n_statements == AT_ONCE)
            break;
        statements[request.n_statements++] = statement(&p->arena, list_entry(link, struct unsaved, link));
    }
    if (request.n_statements == 0)
        return;
    request.statements = statements;
    p->saving = request.n_statements;
    pack_add(&bytes, &request.base);
    world_ask(p->world, SERVICE_STORE, buffer_slice(&bytes), OBJECT(PROXY_OBJECT_BINDINGS, 0), 0,
        world_now(p->world) + timer_duration(TIMER_PROXY_ASK));
    buffer_free(&bytes);
}

/* Errors of what is written, not of the store: the same again would be refused again. */
static bool is_refused(const struct input *in)
{
    static const int errors[] = {ERROR_SYNTAX, ERROR_RANGE, ERROR_LIMIT, ERROR_EXISTS, ERROR_MISSING,
        ERROR_CONFLICT, ERROR_REFERENCE, ERROR_UNSUPPORTED};
    for (size_t i = 0; in->answer == ANSWER_NO && i < sizeof errors / sizeof errors[0]; i++)
        if (in->error == errors[i])
            return true;
    return false;
}

/* Unknown is written again, as is what a store that is away has refused: putting the same twice is harmless.
 */
static void saved(struct proxy *p, const struct input *in)
{
    size_t count = p->saving;
    bool refused = is_refused(in);
    p->saving = 0;
    if (refused)
        LOG(LOG_ERROR, "proxy",
            "the store does not take %zu registrations (%s); a restart will not know them", count,
            error_symbol(in->error));
    else if (in->answer != ANSWER_YES)
        LOG(LOG_WARNING, "proxy", "registrations are not written to the store (%s); they wait",
            error_symbol(in->error));
    if (in->answer == ANSWER_YES || refused)
        while (count-- != 0)
            forget_first(p);
    if (!list_empty(&p->unsaved))
        save_later(p);
}

bool proxy__save_input(struct proxy *p, const struct input *in)
{
    if (OBJECT_KIND(in->object) != PROXY_OBJECT_BINDINGS)
        return false;
    if (in->kind == INPUT_TIMER && in->timer == TIMER_SAVE)
        save(p);
    else if (in->kind == INPUT_ANSWER)
        saved(p, in);
    else
        return false;
    return true;
}

void proxy__save_close(struct proxy *p)
{
    world_timer_clear(&p->save_timer);
    while (!list_empty(&p->unsaved))
        forget_first(p);
}
