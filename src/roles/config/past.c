/* History: what was changed, by whom, when. It lies in the store; each request asks once or twice. */
#include "base/error.h"
#include "base/mem.h"
#include "config/object.h"
#include "roles/config/statement.h"
#include "roles/config/writer_int.h"
#include "wire/pack.h"

#define SHOWN 20 /* objects of a change in a list of changes */

enum past_phase { PAST_PAGE, PAST_OBJECTS, PAST_ONE, PAST_WHO, PAST_FIND };

struct past {
    struct list link;
    struct arena arena;
    struct request request;
    uint64_t token;
    uint8_t phase;
    json_t *changes;           /* PAST_OBJECTS: without their objects */
    struct slice path, advice; /* PAST_WHO */
    const struct kind *kind;
    struct slice name;
};

/* ---- asking ---- */

static void ask(struct writer *w, struct past *p, struct buffer *request)
{
    p->token = ++w->tokens;
    world_ask(w->world, SERVICE_STORE, buffer_slice(request), OBJECT(WRITER_OBJECT_READ, 0), p->token,
        world_now(w->world) + timer_duration(TIMER_CONFIG_ASK));
    buffer_free(request);
}

static struct past *past_new(struct writer *w, const struct request *r, enum past_phase phase)
{
    if (w->read_count == WRITER_READS) {
        writer__refuse_text(w, r, ERROR_OVERLOADED, "");
        return NULL;
    }
    struct past *p = mem_zero(sizeof *p);
    p->request = *r;
    request_keep(&p->request, &p->arena);
    p->phase = (uint8_t)phase;
    list_append(&w->pasts, &p->link);
    w->read_count++;
    return p;
}

static void past_free(struct writer *w, struct past *p)
{
    list_remove(&p->link);
    w->read_count--;
    json_decref(p->changes);
    arena_free(&p->arena);
    mem_free(p);
}

static void ask_page(struct writer *w, struct past *p)
{
    const struct request *r = &p->request;
    struct buffer request = {0};
    struct statement s;
    bool one = !slice_empty(r->name);
    statement_begin(&s, &request,
        one               ? "change_page_of"
        : r->kind != NULL ? "change_page_of_kind"
                          : "change_page");
    if (r->kind != NULL)
        statement_text(&s, slice_text(r->kind->name));
    if (one)
        statement_text(&s, r->name);
    if (r->before != 0)
        statement_number(&s, r->before);
    else
        statement_null(&s);
    statement_number(&s, r->limit + 1); /* one more says whether there is another page */
    statement_end(&s);
    ask(w, p, &request);
}

static void add_objects(struct buffer *request, uint64_t number, struct slice after, uint64_t limit)
{
    struct statement s;
    struct slice name = after, kind = {0};
    slice_cut(&name, '/', &kind);
    statement_begin(&s, request, "change_objects_of");
    statement_number(&s, number);
    statement_text(&s, kind);
    statement_text(&s, slice_empty(after) ? after : name);
    statement_number(&s, limit);
    statement_end(&s);
}

static void ask_one(struct writer *w, struct past *p, uint64_t number)
{
    struct buffer request = {0};
    struct statement s;
    p->request.number = number;
    p->request.limit = p->request.limit < 100 && p->request.limit != 0 ? p->request.limit : 100;
    p->phase = PAST_ONE;
    statement_begin(&s, &request, "change_get");
    statement_number(&s, number);
    statement_end(&s);
    add_objects(&request, number, p->request.after, p->request.limit + 1);
    ask(w, p, &request);
}

static void ask_find(struct writer *w, struct past *p)
{
    struct buffer request = {0};
    struct statement s;
    statement_begin(&s, &request, "change_find");
    statement_text(&s, p->request.id);
    statement_end(&s);
    ask(w, p, &request);
}

void writer__past(struct writer *w, const struct request *r)
{
    struct past *p = past_new(w, r,
        r->what == REQUEST_PAST     ? PAST_ONE
        : r->what == REQUEST_RESULT ? PAST_FIND
                                    : PAST_PAGE);
    if (p == NULL)
        return;
    if (p->phase == PAST_ONE)
        ask_one(w, p, r->number);
    else if (p->phase == PAST_FIND)
        ask_find(w, p);
    else
        ask_page(w, p);
}

void writer__refuse_changed(struct writer *w, const struct request *r, struct slice path,
    const struct kind *k, struct slice name, const char *advice)
{
    struct buffer request = {0};
    struct statement s;
    struct past *p = past_new(w, r, PAST_WHO);
    if (p == NULL)
        return;
    p->path = arena_copy(&p->arena, path);
    p->advice = slice_text(advice);
    p->kind = k;
    p->name = arena_copy(&p->arena, name);
    statement_begin(&s, &request, "change_last_of");
    statement_text(&s, slice_text(k->name));
    statement_text(&s, name);
    statement_end(&s);
    ask(w, p, &request);
}

/* ---- answers ---- */

/* Columns: number, changed_at, changed_by, comment, objects, undoes. */
static json_t *show_row(const Tandem__StoreRow *row)
{
    char at[24];
    struct slice by = statement_row_text(row, 2), comment = statement_row_text(row, 3);
    uint64_t undoes = statement_row_number(row, 5);
    snprintf(at, sizeof at, "%llu", (unsigned long long)statement_row_number(row, 1));
    json_t *change = json_pack("{sI, ss, ss, ss, sI, so}", "number", (json_int_t)statement_row_number(row, 0),
        "at", at, "by", by.data != NULL ? by.data : "", "comment", comment.data != NULL ? comment.data : "",
        "count", (json_int_t)statement_row_number(row, 4), "changes", json_array());
    if (undoes != 0)
        json_object_set_new(change, "undoes", json_integer((json_int_t)undoes));
    return change;
}

/* Columns: kind, name, version, body_before, body_after, whole. The last shown object, or NULL. */
static const Tandem__StoreRow *add_shown(json_t *change, const Tandem__StoreResult *r, size_t limit)
{
    json_t *list = json_object_get(change, "changes");
    const Tandem__StoreRow *last = NULL;
    for (size_t i = 0; i < r->n_rows && i < limit; i++) {
        last = r->rows[i];
        const struct kind *k = kind_find(statement_row_text(last, 0));
        struct slice name = statement_row_text(last, 1);
        uint64_t version = statement_row_number(last, 2);
        if (k == NULL) {
            json_array_append_new(list, json_pack("{ss, ss, sI}", "kind", statement_row_text(last, 0).data,
                                            "name", name.data, "version", (json_int_t)version));
            continue;
        }
        bool whole = statement_row_number(last, 5) != 0;
        struct slice before = statement_row_text(last, 3), after = statement_row_text(last, 4);
        const char *action = whole || slice_empty(after) ? NULL : version == 1 ? "create" : "change";
        json_array_append_new(list, writer__show_change(k, name, action, before, after, version));
    }
    return last;
}

static void answer_page(struct writer *w, struct past *p, const Tandem__StoreAnswer *a)
{
    const Tandem__StoreResult *r = a->results[0];
    struct buffer request = {0};
    size_t count = r->n_rows < p->request.limit ? r->n_rows : p->request.limit;
    json_t *list = json_array();
    for (size_t i = 0; i < count; i++) {
        json_array_append_new(list, show_row(r->rows[i]));
        add_objects(&request, statement_row_number(r->rows[i], 0), (struct slice){0}, SHOWN);
    }
    p->changes = json_pack("{so, so}", "changes", list, "next",
        r->n_rows > count && count != 0
            ? json_integer((json_int_t)statement_row_number(r->rows[count - 1], 0))
            : json_null());
    p->phase = PAST_OBJECTS;
    if (count != 0) {
        ask(w, p, &request);
        return;
    }
    writer__answer(w, &p->request, 200, p->changes);
    past_free(w, p);
}

/* As many changes as an answer takes; the rest is the next page. */
static void answer_objects(struct writer *w, struct past *p, const Tandem__StoreAnswer *a)
{
    json_t *list = json_object_get(p->changes, "changes");
    size_t bytes = 0, at = 0;
    for (; at < a->n_results && at < json_array_size(list) && (at == 0 || bytes < WRITER_ANSWER / 2); at++) {
        json_t *change = json_array_get(list, at);
        json_int_t count = json_integer_value(json_object_get(change, "count"));
        add_shown(change, a->results[at], SHOWN);
        json_int_t more = count - (json_int_t)json_array_size(json_object_get(change, "changes"));
        if (more > 0)
            json_object_set_new(change, "more", json_integer(more));
        for (size_t row = 0; row < a->results[at]->n_rows; row++)
            bytes += 200 + statement_row_text(a->results[at]->rows[row], 3).length +
                     statement_row_text(a->results[at]->rows[row], 4).length;
    }
    if (at < json_array_size(list)) {
        json_object_set(p->changes, "next", json_object_get(json_array_get(list, at - 1), "number"));
        while (json_array_size(list) > at)
            json_array_remove(list, json_array_size(list) - 1);
    }
    writer__answer(w, &p->request, 200, p->changes);
    past_free(w, p);
}

static void answer_one(struct writer *w, struct past *p, const Tandem__StoreAnswer *a)
{
    if (a->results[0]->n_rows != 1) {
        writer__refuse_text(w, &p->request, ERROR_MISSING, "there is no change of this number");
        past_free(w, p);
        return;
    }
    json_t *change = show_row(a->results[0]->rows[0]);
    const Tandem__StoreRow *last = add_shown(change, a->results[1], p->request.limit);
    if (a->results[1]->n_rows > p->request.limit && last != NULL) {
        struct buffer next = {0};
        buffer_add_format(&next, "%.*s/%.*s", SLICE_ARG(statement_row_text(last, 0)),
            SLICE_ARG(statement_row_text(last, 1)));
        json_object_set_new(change, "next", json_stringn(next.data, next.length));
        buffer_free(&next);
    }
    if (p->request.what == REQUEST_RESULT)
        json_object_set_new(change, "applied", json_true());
    writer__answer(w, &p->request, 200, change);
    json_decref(change);
    past_free(w, p);
}

static void answer_find(struct writer *w, struct past *p, const Tandem__StoreAnswer *a)
{
    if (a->results[0]->n_rows == 1) {
        ask_one(w, p, statement_row_number(a->results[0]->rows[0], 0));
        return;
    }
    writer__refuse_text(w, &p->request, ERROR_MISSING,
        "no such request was applied; one whose writer has gone was not made, and may be sent again");
    past_free(w, p);
}

/* ---- who was faster ---- */

/* "2026-03-01 12:30:05 UTC" (civil from days, by the 400-year cycle of the Gregorian calendar). */
static void add_time(struct buffer *out, uint64_t microseconds)
{
    uint64_t seconds = microseconds / 1000000, days = seconds / 86400 + 719468, rest = seconds % 86400;
    uint64_t era = days / 146097, day = days % 146097;
    uint64_t year = (day - day / 1460 + day / 36524 - day / 146096) / 365;
    uint64_t of_year = day - (365 * year + year / 4 - year / 100), month = (5 * of_year + 2) / 153;
    uint64_t civil = month < 10 ? month + 3 : month - 9;
    buffer_add_format(out, "%04llu-%02llu-%02llu %02llu:%02llu:%02llu UTC",
        (unsigned long long)(year + era * 400 + (civil <= 2)), (unsigned long long)civil,
        (unsigned long long)(of_year - (153 * month + 2) / 5 + 1), (unsigned long long)(rest / 3600),
        (unsigned long long)(rest / 60 % 60), (unsigned long long)(rest % 60));
}

static void answer_who(struct writer *w, struct past *p, const Tandem__StoreRow *row)
{
    struct buffer sentence = {0};
    buffer_add_format(&sentence, "%s %.*s", p->kind->name, SLICE_ARG(p->name));
    if (row != NULL) {
        struct slice comment = statement_row_text(row, 3);
        buffer_add_format(&sentence, " was changed by %.*s at ", SLICE_ARG(statement_row_text(row, 2)));
        add_time(&sentence, statement_row_number(row, 1));
        buffer_add_format(&sentence, " (change %llu%s%.*s)", (unsigned long long)statement_row_number(row, 0),
            slice_empty(comment) ? "" : ": ", SLICE_ARG(comment));
    } else {
        buffer_add_text(&sentence, " is not as you have seen it");
    }
    buffer_add_format(&sentence, "; %.*s", SLICE_ARG(p->advice));
    writer__refuse(w, &p->request, ERROR_CONFLICT, p->path, buffer_slice(&sentence));
    buffer_free(&sentence);
    past_free(w, p);
}

/* ---- all of it ---- */

static void answered(struct writer *w, struct past *p, const Tandem__StoreAnswer *a)
{
    static const size_t results[] = {
        [PAST_PAGE] = 1, [PAST_OBJECTS] = 0, [PAST_ONE] = 2, [PAST_WHO] = 1, [PAST_FIND] = 1};
    if (p->phase == PAST_WHO && (a == NULL || a->n_results != 1)) {
        answer_who(w, p, NULL);
        return;
    }
    if (a == NULL || (results[p->phase] != 0 && a->n_results != results[p->phase])) {
        writer__refuse_text(
            w, &p->request, ERROR_TIMEOUT, "the history cannot be read at the moment; try again");
        past_free(w, p);
        return;
    }
    switch (p->phase) {
    case PAST_PAGE:
        answer_page(w, p, a);
        break;
    case PAST_OBJECTS:
        answer_objects(w, p, a);
        break;
    case PAST_ONE:
        answer_one(w, p, a);
        break;
    case PAST_FIND:
        answer_find(w, p, a);
        break;
    default:
        answer_who(w, p, a->results[0]->n_rows == 1 ? a->results[0]->rows[0] : NULL);
        break;
    }
}

void writer__past_answer(struct writer *w, const struct input *in)
{
    struct arena arena = {0};
    list_for_each (link, &w->pasts) {
        struct past *p = list_entry(link, struct past, link);
        if (p->token != in->token)
            continue;
        const Tandem__StoreAnswer *a =
            in->answer == ANSWER_YES ? pack_read(&tandem__store_answer__descriptor, in->bytes, &arena) : NULL;
        answered(w, p, a);
        break;
    }
    arena_free(&arena);
}

void writer__past_free(struct writer *w)
{
    while (!list_empty(&w->pasts))
        past_free(w, list_entry(list_first(&w->pasts), struct past, link));
}
