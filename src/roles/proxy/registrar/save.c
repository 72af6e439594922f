/* Registrations outlive all proxies in the store. Nobody waits for it: bindings that changed are marked, and
 * written together, one request at a time, until the store has them. */
#include "base/error.h"
#include "base/log.h"
#include "roles/proxy/proxy_int.h"
#include "wire/engine.pb-c.h"
#include "wire/pack.h"

#define AT_ONCE 256U   /* changes of one request */
#define TOKEN_PURGE 0U /* changes have tokens from 1 on */

static void later(struct proxy *p)
{
    enum timer wait = p->save_waits ? TIMER_BINDINGS_AGAIN : TIMER_BINDINGS_SAVE;
    if (!wheel_runs(&p->save_timer.wheel) && list_empty(&p->saving))
        proxy__registrar_timer(p, &p->save_timer, REGISTRAR_TIMER_SAVE, timer_duration(wait));
}

void proxy__save_later(struct proxy *p, struct binding *b)
{
    if (b->written == BINDING_UNSAVED)
        return;
    if (b->written == BINDING_WRITTEN)
        p->unsaved_count++;
    list_remove(&b->unsaved); /* what is being written is older */
    list_append(&p->unsaved, &b->unsaved);
    b->written = BINDING_UNSAVED;
    later(p);
}

void proxy__save_forget(struct proxy *p, struct binding *b)
{
    if (b->written != BINDING_WRITTEN)
        p->unsaved_count--;
    list_remove(&b->unsaved);
    b->written = BINDING_WRITTEN;
}

void proxy__save_moved(struct proxy *p, struct binding *to, struct binding *from)
{
    (void)p;
    if (from->written == BINDING_WRITTEN)
        return;
    list_insert(&from->unsaved, &to->unsaved);
    list_remove(&from->unsaved);
}

/* ---- writing ---- */

static Tandem__StoreValue *value(struct arena *arena, const char *text)
{
    Tandem__StoreValue *v = arena_alloc(arena, sizeof *v);
    tandem__store_value__init(v);
    v->text = (char *)(uintptr_t)text;
    return v;
}

/* What tells it from the DN's others in the store: the contact, and behind it the number of the flow. */
static const char *key(struct arena *arena, const struct binding *b)
{
    if (b->reg_id == 0)
        return b->texts;
    struct buffer text = {0};
    buffer_add_format(&text, "%s %u", b->texts, b->reg_id);
    const char *copy = arena_text(arena, buffer_slice(&text));
    buffer_free(&text);
    return copy;
}

static Tandem__StoreStatement *statement(struct arena *arena, const struct binding *b)
{
    Tandem__StoreStatement *s = arena_alloc(arena, sizeof *s);
    Tandem__Binding message;
    tandem__store_statement__init(s);
    s->parameters = arena_alloc(arena, 5 * sizeof *s->parameters);
    s->parameters[s->n_parameters++] = value(arena, b->aor->dn);
    s->parameters[s->n_parameters++] = value(arena, key(arena, b));
    s->name = (char *)(uintptr_t) "binding_delete";
    if (b->gone)
        return s;
    s->name = (char *)(uintptr_t) "binding_put";
    s->parameters[s->n_parameters++] = value(arena, b->origin->name);
    Tandem__StoreValue *bytes = s->parameters[s->n_parameters++] = value(arena, NULL);
    proxy__binding_pack(b, &message);
    bytes->has_blob = true;
    bytes->blob = pack_bytes(pack_in(arena, &message.base));
    Tandem__StoreValue *expires = s->parameters[s->n_parameters++] = value(arena, NULL);
    expires->has_number = true;
    expires->number = b->expires_at;
    return s;
}

static void save(struct proxy *p)
{
    Tandem__StoreStatement *statements[AT_ONCE];
    Tandem__StoreRequest request = TANDEM__STORE_REQUEST__INIT;
    struct buffer bytes = {0};
    size_t most = p->save_most != 0 ? p->save_most : AT_ONCE;
    struct list *link;
    while (request.n_statements < most && (link = list_first(&p->unsaved)) != NULL) {
        struct binding *b = list_entry(link, struct binding, unsaved);
        list_remove(link);
        list_append(&p->saving, link);
        b->written = BINDING_SAVING;
        statements[request.n_statements++] = statement(&p->arena, b);
    }
    if (request.n_statements == 0)
        return;
    if (list_empty(&p->unsaved))
        p->save_mark = world_now(p->world);
    request.statements = statements;
    pack_add(&bytes, &request.base);
    p->asked_count = request.n_statements;
    world_ask(p->world, SERVICE_STORE, buffer_slice(&bytes), OBJECT(PROXY_OBJECT_BINDINGS, 0),
        ++p->save_token, world_now(p->world) + timer_duration(TIMER_PROXY_ASK));
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

/* Those that were being written are written, or go back to where they were: before all others. */
static void settle(struct proxy *p, bool done)
{
    while (!list_empty(&p->saving)) {
        struct binding *b = list_entry(p->saving.previous, struct binding, unsaved);
        list_remove(&b->unsaved);
        b->written = done ? BINDING_WRITTEN : BINDING_UNSAVED;
        if (done)
            p->unsaved_count--;
        else
            list_prepend(&p->unsaved, &b->unsaved);
    }
}

/* One of many that is bad is found by writing ever fewer at once. */
static bool narrow(struct proxy *p)
{
    if (p->asked_count > 1) {
        p->save_most = p->asked_count / 2;
        return false;
    }
    struct list *link = list_first(&p->saving);
    if (link != NULL)
        LOG(LOG_ERROR, "proxy", "the store does not take the registration of %s; a restart will not know it",
            list_entry(link, struct binding, unsaved)->aor->dn);
    return true;
}

/* Unknown is written again, as is what a store that is away has refused: putting the same twice is harmless.
 */
static void saved(struct proxy *p, const struct input *in)
{
    if (in->token != p->save_token)
        return;
    if (in->answer == ANSWER_YES) {
        if (p->save_waits)
            LOG(LOG_NOTICE, "proxy", "registrations are written to the store again");
        p->save_waits = false;
        settle(p, true);
        p->save_most = p->save_most < AT_ONCE / 2 && p->save_most != 0 ? 2 * p->save_most : 0;
        p->saved_at = p->save_mark;
    } else if (is_refused(in)) {
        settle(p, narrow(p));
    } else {
        if (!p->save_waits) /* said once, until it is over */
            LOG(LOG_WARNING, "proxy", "registrations are not written to the store (%s); they wait",
                error_symbol(in->error));
        p->save_waits = true;
        settle(p, false);
        if (!list_empty(&p->unsaved))
            later(p);
        return;
    }
    if (p->unsaved_count >= AT_ONCE && list_empty(&p->saving))
        save(p);
    else if (!list_empty(&p->unsaved))
        later(p);
}

/* Those that ran out while nobody looked, and of phones that come back from another port each time. */
static void purge(struct proxy *p)
{
    Tandem__StoreRequest request = TANDEM__STORE_REQUEST__INIT;
    Tandem__StoreStatement statement = TANDEM__STORE_STATEMENT__INIT, *statements = &statement;
    Tandem__StoreValue now = TANDEM__STORE_VALUE__INIT, *parameters = &now;
    struct buffer bytes = {0};
    now.has_number = true;
    now.number = world_now(p->world);
    statement.name = (char *)(uintptr_t) "binding_purge";
    statement.n_parameters = 1;
    statement.parameters = &parameters;
    request.n_statements = 1;
    request.statements = &statements;
    pack_add(&bytes, &request.base);
    world_ask(p->world, SERVICE_STORE, buffer_slice(&bytes), OBJECT(PROXY_OBJECT_BINDINGS, 0), TOKEN_PURGE,
        world_now(p->world) + timer_duration(TIMER_PROXY_ASK));
    buffer_free(&bytes);
    proxy__save_open(p);
}

void proxy__save_open(struct proxy *p)
{
    proxy__registrar_timer(p, &p->purge_timer, REGISTRAR_TIMER_PURGE, timer_duration(TIMER_BINDINGS_PURGE));
}

bool proxy__save_input(struct proxy *p, const struct input *in)
{
    if (OBJECT_KIND(in->object) != PROXY_OBJECT_BINDINGS)
        return false;
    if (in->kind == INPUT_TIMER && in->timer == REGISTRAR_TIMER_SAVE)
        save(p);
    else if (in->kind == INPUT_TIMER && in->timer == REGISTRAR_TIMER_PURGE)
        purge(p);
    else if (in->kind == INPUT_ANSWER && in->token != TOKEN_PURGE) /* without an answer: the next one */
        saved(p, in);
    else
        return false;
    return true;
}

void proxy__save_close(struct proxy *p)
{
    world_timer_clear(&p->save_timer);
    world_timer_clear(&p->purge_timer);
}
