/* Transactions wait here for their turn. What is told to their requesters meanwhile. */
#include "base/error.h"
#include "base/mem.h"
#include "roles/config/writer_int.h"

static void begin_items(struct transaction *t)
{
    const struct request *r = &t->request;
    t->comment = r->comment;
    switch (r->what) {
    case REQUEST_CHANGE:
        t->phase = PHASE_CUT;
        cut_begin(&t->cut, r->body, "changes");
        break;
    case REQUEST_IMPORT:
        t->phase = PHASE_CUT;
        cut_begin(&t->cut, r->body, "objects");
        break;
    case REQUEST_UNDO:
        t->phase = PHASE_FETCH;
        t->undoes = r->number;
        break;
    default: {
        struct item *i = writer__item(t);
        i->kind = r->kind;
        i->name = r->name;
        i->given = r->body;
        i->has_version = r->has_version;
        i->version = r->version;
        t->phase = PHASE_CHECK;
        break;
    }
    }
}

void writer__enqueue(struct writer *w, const struct request *r)
{
    if (w->waiting_count == WRITER_WAITING || w->waiting_bytes + r->body.length > WRITER_WAITING_BYTES) {
        writer__refuse_text(w, r, ERROR_OVERLOADED, "");
        return;
    }
    struct transaction *t = mem_zero(sizeof *t);
    t->request = *r;
    request_keep(&t->request, &t->arena);
    if (slice_empty(r->id))
        snprintf(t->id, sizeof t->id, "%016llx", (unsigned long long)world_random(w->world));
    else
        snprintf(t->id, sizeof t->id, "%.*s", SLICE_ARG(r->id));
    begin_items(t);
    t->serial = ++w->tokens;
    list_append(&w->waiting, &t->link);
    w->waiting_count++;
    w->waiting_bytes += r->body.length;
    world_timer_set(w->world, &t->timer, OBJECT(WRITER_OBJECT_TRANSACTION, t->serial), 0,
        world_now(w->world) + timer_duration(TIMER_CONFIG_PROGRESS));
}

void writer__drop(struct writer *w, struct transaction *t)
{
    list_remove(&t->link);
    w->waiting_count--;
    w->waiting_bytes -= t->request.body.length;
    world_timer_clear(&t->timer);
    map_free(&t->by_name);
    uses_free(&t->changed);
    mem_free(t->items);
    arena_free(&t->arena);
    mem_free(t);
}

void writer__drop_all(struct writer *w, int error, const char *sentence)
{
    json_decref(w->hashing);
    w->hashing = NULL;
    while (!list_empty(&w->waiting)) {
        struct transaction *t = writer__current(w);
        if (error != 0)
            writer__refuse_text(w, &t->request, error, sentence);
        writer__drop(w, t);
    }
}

/* ---- those that take longer than a requester waits ---- */

static const char *progress(const struct writer *w, const struct transaction *t)
{
    if (t != writer__current((struct writer *)(uintptr_t)w))
        return "waiting";
    return t->phase >= PHASE_STAGE ? "writing" : "checking";
}

static json_t *describe(const struct writer *w, const struct transaction *t)
{
    size_t done = t->phase >= PHASE_STAGE ? t->staged : t->at;
    return json_pack("{ss, ss, sI, sI}", "request", t->id, "state", progress(w, t), "done", (json_int_t)done,
        "of", (json_int_t)t->count);
}

void writer__takes_longer(struct writer *w, uint64_t serial)
{
    list_for_each (link, &w->waiting) {
        struct transaction *t = list_entry(link, struct transaction, link);
        if (OBJECT_INDEX(t->serial) != serial)
            continue;
        json_t *body = describe(w, t);
        writer__answer(w, &t->request, 202, body);
        json_decref(body);
        t->told = true;
        return;
    }
}

bool writer__progress(struct writer *w, const struct request *r)
{
    list_for_each (link, &w->waiting) {
        struct transaction *t = list_entry(link, struct transaction, link);
        if (!slice_equal(r->id, slice_text(t->id)))
            continue;
        json_t *body = describe(w, t);
        writer__answer(w, r, 202, body);
        json_decref(body);
        return true;
    }
    return false;
}
