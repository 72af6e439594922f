/* What the machine asks of the engines. */
#include "config/object.h"
#include "roles/config/statement.h"
#include "roles/config/writer_int.h"
#include "wire/pack.h"

static void ask(struct writer *w, enum service service, struct buffer *request, enum timer longest)
{
    world_ask(w->world, service, buffer_slice(request), OBJECT(WRITER_OBJECT_MACHINE, 0),
        w->question = ++w->tokens, world_now(w->world) + timer_duration(longest));
    buffer_free(request);
}

void writer__ask_number(struct writer *w)
{
    struct buffer request = {0};
    struct statement s;
    statement_begin(&s, &request, "change_last");
    statement_end(&s);
    ask(w, SERVICE_STORE, &request, TIMER_CONFIG_ASK);
}

void writer__ask_page(struct writer *w)
{
    struct buffer request = {0};
    config_load_request(&w->load, &request);
    ask(w, SERVICE_STORE, &request, TIMER_CONFIG_ASK);
}

static void add_changes(struct buffer *request, const struct writer_cursor *c)
{
    struct statement s;
    statement_begin(&s, request, "objects_changed_since");
    statement_number(&s, c->number);
    statement_text(&s, buffer_slice(&c->kind));
    statement_text(&s, buffer_slice(&c->name));
    statement_number(&s, c->page);
    statement_end(&s);
}

/* The number before the objects: what is newer than the number does no harm, what is missing would. */
void writer__ask_changes(struct writer *w, bool clear)
{
    struct buffer request = {0};
    struct statement s;
    if (clear) {
        statement_begin(&s, &request, "change_stage_clear_all");
        statement_end(&s);
    }
    statement_begin(&s, &request, "change_last");
    statement_end(&s);
    add_changes(&request, &w->cursor);
    ask(w, SERVICE_STORE, &request, TIMER_CONFIG_ASK);
}

void writer__ask_hash(struct writer *w)
{
    Tandem__JobRequest job = TANDEM__JOB_REQUEST__INIT;
    const struct transaction *t = writer__current(w);
    struct slice password = {0};
    if (!object_password(&password, t->items[t->at].kind, w->hashing))
        password = SLICE("");
    ProtobufCBinaryData argument = pack_bytes(password);
    struct buffer request = {0};
    job.name = (char[]){"argon2-hash"};
    job.arguments = &argument;
    job.n_arguments = 1;
    pack_add(&request, &job.base);
    ask(w, SERVICE_JOB, &request, TIMER_CONFIG_ASK);
}

/* What a transaction changed, to undo it. `after` is "kind name". */
void writer__ask_fetch(struct writer *w, struct transaction *t)
{
    struct buffer request = {0};
    struct statement s;
    struct slice name = t->after, kind;
    slice_cut(&name, ' ', &kind);
    statement_begin(&s, &request, "change_objects_of");
    statement_number(&s, t->undoes);
    statement_text(&s, slice_empty(t->after) ? SLICE("") : kind);
    statement_text(&s, name);
    statement_number(&s, WRITER_PAGE_LEAST);
    statement_end(&s);
    ask(w, SERVICE_STORE, &request, TIMER_CONFIG_ASK);
}

/* ---- writing ---- */

static void add_stage(struct buffer *request, const struct transaction *t, const struct item *i)
{
    struct statement s;
    statement_begin(&s, request, "change_stage_add");
    statement_text(&s, slice_text(t->stage));
    statement_text(&s, slice_text(i->kind->name));
    statement_text(&s, i->name);
    statement_number(&s, i->expected);
    if (slice_empty(i->after))
        statement_null(&s);
    else
        statement_text(&s, i->after);
    statement_end(&s);
}

/* From `staged` on as many as one request takes. */
static void stage(struct buffer *request, struct transaction *t)
{
    for (size_t count = 0;
         t->staged < t->count && count < TRANSACTION_STAGE && request->length < TRANSACTION_STAGE_BYTES;
         t->staged++) {
        if (t->items[t->staged].action == ACTION_SAME)
            continue;
        add_stage(request, t, &t->items[t->staged]);
        count++;
    }
}

static bool all_staged(struct transaction *t)
{
    while (t->staged < t->count && t->items[t->staged].action == ACTION_SAME)
        t->staged++;
    return t->staged == t->count;
}

static void add_numbered(struct buffer *request, const char *name, uint64_t number, struct slice text)
{
    struct statement s;
    statement_begin(&s, request, name);
    statement_number(&s, number);
    if (!slice_empty(text))
        statement_text(&s, text);
    statement_end(&s);
}

static void add_change(struct writer *w, struct buffer *request, struct slice id, const struct transaction *t)
{
    struct statement s;
    statement_begin(&s, request, "change_add");
    statement_number(&s, w->number + 1);
    statement_text(&s, id);
    statement_number(&s, (uint64_t)world_now(w->world));
    statement_text(&s, t != NULL ? t->request.user : slice_text(w->name));
    statement_text(&s, t != NULL ? t->comment : SLICE(""));
    if (t != NULL && t->undoes != 0)
        statement_number(&s, t->undoes);
    else
        statement_null(&s);
    statement_end(&s);
}

/* All steps from the number on, in one transaction of the store. */
static void add_apply(struct writer *w, struct buffer *request, struct transaction *t)
{
    struct statement s;
    t->number = w->number + 1;
    t->began = world_now(w->world);
    add_change(w, request, slice_text(t->id), t);
    add_numbered(request, "change_objects_add", t->number, slice_text(t->stage));
    statement_begin(&s, request, "change_complete");
    statement_number(&s, t->number);
    statement_number(&s, t->writes);
    statement_end(&s);
    add_numbered(request, "change_apply", t->number, (struct slice){0});
    statement_begin(&s, request, "change_stage_clear_all"); /* what earlier attempts left, too */
    statement_end(&s);
}

bool writer__ask_stage(struct writer *w, struct transaction *t)
{
    struct buffer request = {0};
    if (all_staged(t))
        return false;
    /* Under a new name each time: what an earlier attempt staged may be there, or may still come. */
    bool first = t->stage[0] == '\0';
    if (first)
        snprintf(t->stage, sizeof t->stage, "%016llx", (unsigned long long)world_random(w->world));
    stage(&request, t);
    if (first && all_staged(t)) { /* all of it in one */
        add_apply(w, &request, t);
        t->phase = PHASE_APPLY;
    }
    ask(w, SERVICE_STORE, &request, TIMER_CONFIG_ASK);
    return true;
}

void writer__ask_apply(struct writer *w, struct transaction *t)
{
    struct buffer request = {0};
    add_apply(w, &request, t);
    t->phase = PHASE_APPLY;
    ask(w, SERVICE_STORE, &request, TIMER_CONFIG_APPLY);
}

void writer__ask_settle(struct writer *w, struct transaction *t)
{
    struct buffer request = {0};
    struct statement s;
    statement_begin(&s, &request, "change_find");
    statement_text(&s, slice_text(t->id));
    statement_end(&s);
    statement_begin(&s, &request, "change_last");
    statement_end(&s);
    ask(w, SERVICE_STORE, &request, TIMER_CONFIG_ASK);
}

void writer__ask_take(struct writer *w)
{
    struct buffer request = {0}, id = {0};
    buffer_add_format(&id, "taken-%016llx", (unsigned long long)world_random(w->world));
    add_change(w, &request, buffer_slice(&id), NULL);
    ask(w, SERVICE_STORE, &request, TIMER_CONFIG_ASK);
    buffer_free(&id);
}
