#include "config/follow.h"

#include "base/error.h"
#include "base/log.h"
#include "config/catalogue.h"
#include "config/config_int.h"
#include "wire/engine.pb-c.h"
#include "wire/pack.h"

#define SMALL_PAGE 32U /* even with bodies of OBJECT_BYTES below what the store answers at most */

void follow_begin(struct config_follow *f, const struct config_local *local)
{
    *f = (struct config_follow){.local = *local, .page = FOLLOW_PAGE};
}

void follow_from(struct config_follow *f, const struct config_local *local, struct configuration *copy)
{
    follow_begin(f, local);
    f->copy = copy;
    f->number = config_number(copy);
}

/* What was gathered of the next copy is forgotten. */
static void restart(struct config_follow *f)
{
    if (f->builder != NULL)
        config_builder_free(f->builder);
    f->builder = NULL;
    f->loading = NULL;
    f->all = false;
}

void follow_end(struct config_follow *f)
{
    restart(f);
    config_release(f->copy);
    buffer_free(&f->kind);
    buffer_free(&f->name);
}

bool follow_refused(struct config_follow *f, int error)
{
    bool smaller = error == ERROR_LIMIT && f->page > SMALL_PAGE;
    if (smaller)
        f->page = SMALL_PAGE;
    else
        restart(f);
    return smaller;
}

/* ---- questions ---- */

struct question {
    struct arena arena;
    Tandem__StoreRequest request;
    Tandem__StoreStatement statements[2], *list[2];
};

static void add_statement(struct question *q, const char *name)
{
    Tandem__StoreStatement *s = q->list[q->request.n_statements] = &q->statements[q->request.n_statements];
    q->request.n_statements++;
    tandem__store_statement__init(s);
    s->name = (char *)(uintptr_t)name;
    s->parameters = arena_alloc(&q->arena, 4 * sizeof(Tandem__StoreValue *));
}

static Tandem__StoreValue *add_value(struct question *q)
{
    Tandem__StoreStatement *s = q->list[q->request.n_statements - 1];
    Tandem__StoreValue *v = arena_alloc(&q->arena, sizeof *v);
    tandem__store_value__init(v);
    s->parameters[s->n_parameters++] = v;
    return v;
}

static void add_text(struct question *q, struct slice text)
{
    add_value(q)->text = arena_text(&q->arena, text);
}

static void add_number(struct question *q, uint64_t number)
{
    Tandem__StoreValue *v = add_value(q);
    v->has_number = true;
    v->number = (int64_t)number;
}

/* Kinds are read in the order in which they refer to each other: the digests of a DN need its location. */
static void ask_all(struct question *q, const struct config_follow *f)
{
    size_t first = 0;
    const struct kind *k = f->loading != NULL ? f->loading : kind_next(&first);
    add_statement(q, "object_list");
    add_text(q, slice_text(k->name));
    add_text(q, slice_text(k->name));
    add_text(q, f->loading != NULL ? buffer_slice(&f->name) : SLICE(""));
}

static void ask_changes(struct question *q, const struct config_follow *f)
{
    bool begun = f->builder != NULL;
    add_statement(q, "objects_changed_since");
    add_number(q, begun ? f->cursor : f->number + 1);
    add_text(q, begun ? buffer_slice(&f->kind) : SLICE(""));
    add_text(q, begun ? buffer_slice(&f->name) : SLICE(""));
}

void follow_request(const struct config_follow *f, struct buffer *out)
{
    struct question q = {.request = TANDEM__STORE_REQUEST__INIT};
    q.request.statements = q.list;
    add_statement(&q, "change_last");
    if (f->loading != NULL || (f->copy == NULL && !f->all))
        ask_all(&q, f);
    else
        ask_changes(&q, f);
    add_number(&q, f->page);
    pack_add(out, &q.request.base);
    arena_free(&q.arena);
}

/* ---- answers ---- */

/* A row of any of the two statements. */
struct row {
    uint64_t number, version;
    struct slice kind, name, body;
    bool deleted;
};

static bool take_number(uint64_t *number, const Tandem__StoreValue *v)
{
    *number = (uint64_t)v->number;
    return v->has_number && v->number >= 0;
}

static bool take_text(struct slice *text, const Tandem__StoreValue *v)
{
    *text = slice_text(v->text);
    return v->text != NULL;
}

static bool read_row(struct row *r, const Tandem__StoreRow *from, bool loading)
{
    Tandem__StoreValue **v = from->values;
    uint64_t deleted = 0;
    *r = (struct row){0};
    if (from->n_values != 6)
        return false;
    if (loading)
        return take_text(&r->kind, v[0]) && take_text(&r->name, v[1]) && take_number(&r->version, v[2]) &&
               take_text(&r->body, v[3]);
    bool good = take_number(&r->number, v[0]) && take_text(&r->kind, v[1]) && take_text(&r->name, v[2]) &&
                take_number(&r->version, v[3]) && take_text(&r->body, v[4]) && take_number(&deleted, v[5]);
    r->deleted = deleted != 0;
    return good;
}

static void remember(struct buffer *b, struct slice s)
{
    buffer_clear(b);
    buffer_add(b, s);
}

static int take_row(struct config_follow *f, const struct row *r, struct buffer *complaint)
{
    const struct kind *k = kind_find(r->kind);
    f->cursor = r->number;
    remember(&f->kind, r->kind);
    remember(&f->name, r->name);
    if (f->builder == NULL)
        f->builder = config_builder_from(f->copy);
    if (k == NULL)
        LOG(LOG_NOTICE, "config/follow", "%.*s %.*s is of a kind that this version does not know",
            SLICE_ARG(r->kind), SLICE_ARG(r->name));
    else if (r->deleted)
        config_builder_remove(f->builder, k, r->name);
    else if (object_build(f->builder, &(struct object){k, r->name, r->body, r->version}) != 0) {
        if (complaint != NULL)
            buffer_add_format(
                complaint, "%.*s %.*s in the store is damaged", SLICE_ARG(r->kind), SLICE_ARG(r->name));
        return ERROR_CORRUPT;
    }
    return 0;
}

/* Everything is read again: there is no copy, its digests are of no use, or it is of a database that is not
 * this one. */
static void load_all(struct config_follow *f, uint64_t last)
{
    size_t first = 0;
    restart(f);
    f->builder = config_builder_empty();
    config_builder_local(f->builder, &f->local);
    f->loading = kind_next(&first);
    f->all = true;
    f->loaded_from = last;
    buffer_clear(&f->name);
}

/* The last page of a kind: the next one, or what changed meanwhile. */
static void next_kind(struct config_follow *f)
{
    size_t next = kind_number(f->loading) + 1;
    f->loading = kind_next(&next);
    buffer_clear(&f->name);
    buffer_clear(&f->kind);
    f->cursor = f->loaded_from + 1;
}

static int give(enum follow_result *result, struct config_follow *f, struct buffer *complaint)
{
    struct configuration *next;
    if (f->builder == NULL) {
        *result = FOLLOW_SAME;
        return 0;
    }
    if (config_builder_stale(f->builder)) {
        LOG(LOG_NOTICE, "config/follow", "the realm of a location changed; all objects are read again");
        load_all(f, f->number);
        *result = FOLLOW_MORE;
        return 0;
    }
    config_builder_number(f->builder, f->number);
    int error = config_builder_end(&next, f->builder, complaint);
    f->builder = NULL;
    restart(f);
    if (error != 0)
        return error;
    config_release(f->copy);
    f->copy = next;
    *result = FOLLOW_CHANGED;
    return 0;
}

/* A database that knows less than we do was put back, or is another one. */
static bool is_older(const struct config_follow *f, uint64_t last)
{
    if (f->all || last >= f->number)
        return false;
    LOG(LOG_WARNING, "config/follow",
        "the store ends with change %llu and the copy with %llu: an older database was restored, all objects "
        "are read again",
        (unsigned long long)last, (unsigned long long)f->number);
    return true;
}

static int take(enum follow_result *result, struct config_follow *f, const Tandem__StoreAnswer *a,
    struct buffer *complaint)
{
    const Tandem__StoreResult *rows = a->results[1];
    uint64_t last;
    struct row row;
    *result = FOLLOW_MORE;
    if (a->results[0]->n_rows != 1 || a->results[0]->rows[0]->n_values != 1 ||
        !take_number(&last, a->results[0]->rows[0]->values[0]))
        return ERROR_CORRUPT;
    if (!f->all && (f->copy == NULL || config_lacks_digests(f->copy))) {
        load_all(f, last);
    } else if (is_older(f, last)) {
        load_all(f, last);
        return 0;
    }
    for (size_t i = 0; i < rows->n_rows; i++) {
        if (!read_row(&row, rows->rows[i], f->loading != NULL))
            return ERROR_CORRUPT;
        int error = take_row(f, &row, complaint);
        if (error != 0)
            return error;
    }
    if (rows->n_rows >= f->page)
        return 0;
    if (f->loading != NULL) {
        next_kind(f);
        return 0;
    }
    f->number = last;
    return give(result, f, complaint);
}

int follow_take(
    enum follow_result *result, struct config_follow *f, struct slice answer, struct buffer *complaint)
{
    struct arena arena = {0};
    const Tandem__StoreAnswer *a = pack_read(&tandem__store_answer__descriptor, answer, &arena);
    int error = a != NULL && a->n_results == 2 ? take(result, f, a, complaint) : ERROR_CORRUPT;
    if (error != 0) {
        if (complaint != NULL && complaint->length == 0)
            buffer_add_text(complaint, "the store's answer is no list of objects");
        restart(f);
    }
    arena_free(&arena);
    return error;
}

int follow_all(struct config_follow *f,
    int (*ask)(void *argument, struct slice request, struct buffer *answer), void *argument,
    struct buffer *complaint)
{
    struct buffer request = {0}, answer = {0};
    enum follow_result result = FOLLOW_MORE;
    int error = 0;
    while (error == 0 && result == FOLLOW_MORE) {
        buffer_clear(&request);
        buffer_clear(&answer);
        follow_request(f, &request);
        error = ask(argument, buffer_slice(&request), &answer);
        if (error == 0)
            error = follow_take(&result, f, buffer_slice(&answer), complaint);
        else if (follow_refused(f, error))
            error = 0;
    }
    buffer_free(&request);
    buffer_free(&answer);
    return error;
}
