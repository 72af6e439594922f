/* Questions to the store about alarms. Every request that writes first claims the location with the number of
 * the lead: one that leads no longer is refused by the store itself. */
#include "base/error.h"
#include "base/log.h"
#include "base/mem.h"
#include "roles/control/control_int.h"
#include "wire/engine.pb-c.h"
#include "wire/pack.h"

#define STATEMENTS (CONTROL_BATCH + 1)
#define PARAMETERS 10
#define OPEN_PAGE ((int64_t)CONTROL_ALARMS)

struct request {
    struct arena arena;
    Tandem__StoreStatement *list[STATEMENTS], *last;
    size_t count;
};

static void begin(struct request *r, const char *name)
{
    Tandem__StoreStatement *s = r->list[r->count++] = arena_alloc(&r->arena, sizeof *s);
    tandem__store_statement__init(s);
    s->name = (char *)(uintptr_t)name;
    s->parameters = arena_alloc(&r->arena, PARAMETERS * sizeof *s->parameters);
    r->last = s;
}

static Tandem__StoreValue *value(struct request *r)
{
    Tandem__StoreValue *v = arena_alloc(&r->arena, sizeof *v);
    tandem__store_value__init(v);
    r->last->parameters[r->last->n_parameters++] = v;
    return v;
}

static void add_text(struct request *r, const char *text)
{
    value(r)->text = arena_text(&r->arena, slice_text(text));
}

static void add_number(struct request *r, int64_t number)
{
    Tandem__StoreValue *v = value(r);
    v->has_number = true;
    v->number = number;
}

static void add_time(struct request *r, int64_t time) /* 0: NULL */
{
    if (time != 0)
        add_number(r, time);
    else
        value(r);
}

static void ask(struct control *c, struct request *r, uint64_t object, uint64_t token)
{
    Tandem__StoreRequest m = TANDEM__STORE_REQUEST__INIT;
    struct buffer bytes = {0};
    m.statements = r->list;
    m.n_statements = r->count;
    pack_add(&bytes, &m.base);
    world_ask(c->world, SERVICE_STORE, buffer_slice(&bytes), object, token,
        world_now(c->world) + timer_duration(TIMER_CONTROL_ASK));
    buffer_free(&bytes);
    arena_free(&r->arena);
}

static void ask_keep(struct control *c, struct request *r)
{
    c->asked = ++c->last_question;
    ask(c, r, OBJECT(CONTROL_OBJECT_KEEP, 0), c->asked);
}

void control__keep_answer(struct control *c, const struct input *in)
{
    if (in->token != c->asked)
        return; /* a purge's, or one of an earlier lead */
    c->asked = 0;
    control__keep_event(c, in->answer == ANSWER_YES ? KEEP_EV_YES : KEEP_EV_NO, in);
}

static void add_lead(struct request *r, const struct control *c)
{
    begin(r, "alarm_lead");
    add_text(r, c->location);
    add_number(r, (int64_t)c->lead);
}

/* ---- what is raised, for one that begins to lead ---- */

void control__ask_open(struct control *c)
{
    struct request r = {.count = 0};
    add_lead(&r, c); /* from here on an earlier one writes nothing: what is read stays true */
    begin(&r, "alarm_last");
    add_text(&r, c->location);
    begin(&r, "alarm_open");
    add_text(&r, c->location);
    add_number(&r, OPEN_PAGE);
    ask_keep(c, &r);
}

static const char *text_of(const Tandem__StoreValue *v)
{
    return v->text != NULL ? v->text : "";
}

/* Columns: id, name, object, severity, text, raised_at, cleared_at, acknowledged_at, acknowledged_by. */
static void take_row(struct control *c, Tandem__StoreValue *const *v)
{
    enum control_alarm_kind kind;
    struct control_alarm *a;
    if (control__alarm_find(&kind, text_of(v[1])) != 0)
        return; /* of another version: it stays as it is */
    a = control__alarm(c, kind, slice_text(text_of(v[2])));
    if (a == NULL)
        return;
    if (a->state == ALARM_ST_PENDING) {
        world_timer_clear(&a->timer);
        a->state = ALARM_ST_RAISED;
        control__copy(a->text, sizeof a->text, slice_text(text_of(v[4])));
    }
    a->id = (uint64_t)v[0]->number;
    a->raised_at = v[5]->number;
    if (a->acknowledged_at == 0) {
        a->acknowledged_at = v[7]->number;
        control__copy(a->acknowledged_by, sizeof a->acknowledged_by, slice_text(text_of(v[8])));
    }
    a->pass = a->pass != 0 ? a->pass : 1; /* what is right again is found by the next pass */
}

void control__take_open(struct control *c, struct slice bytes)
{
    const Tandem__StoreAnswer *a = pack_read(&tandem__store_answer__descriptor, bytes, &c->arena);
    struct control_alarm *alarm;
    if (a == NULL || a->n_results != 3 || a->results[1]->n_rows != 1 || a->results[1]->rows[0]->n_values != 1)
        return;
    uint64_t last = (uint64_t)a->results[1]->rows[0]->values[0]->number;
    /* Numbers that were given while the store could not be asked are given anew where they are taken. */
    list_for_each (link, &c->unsaved) {
        alarm = list_entry(link, struct control_alarm, unsaved);
        alarm->id = alarm->id <= last ? 0 : alarm->id;
    }
    c->last_id = last > c->last_id ? last : c->last_id;
    for (size_t i = 0; i < a->results[2]->n_rows; i++)
        if (a->results[2]->rows[i]->n_values == 9)
            take_row(c, a->results[2]->rows[i]->values);
    list_for_each (link, &c->unsaved) {
        alarm = list_entry(link, struct control_alarm, unsaved);
        alarm->id = alarm->id == 0 ? ++c->last_id : alarm->id;
    }
    map_for_each (alarm, &c->alarms) { /* raised while nobody led */
        if (alarm->id != 0 || alarm->state == ALARM_ST_PENDING)
            continue;
        alarm->id = ++c->last_id;
        list_append(&c->unsaved, &alarm->unsaved);
    }
    control__tell(c, NULL);
}

/* ---- writing ---- */

static void add_put(struct request *r, const struct control *c, const struct control_alarm *a)
{
    const struct control_alarm_row *row = &control__alarm_rows[a->kind];
    begin(r, "alarm_put");
    add_text(r, c->location);
    add_number(r, (int64_t)a->id);
    add_text(r, row->name);
    add_text(r, a->object);
    add_text(r, control__severity_name(row->severity));
    add_text(r, a->text);
    add_number(r, a->raised_at);
    add_time(r, a->cleared_at);
    add_time(r, a->acknowledged_at);
    if (a->acknowledged_at != 0)
        add_text(r, a->acknowledged_by);
    else
        value(r);
}

void control__ask_write(struct control *c)
{
    struct request r = {.count = 0};
    add_lead(&r, c);
    list_for_each (link, &c->unsaved) {
        struct control_alarm *a = list_entry(link, struct control_alarm, unsaved);
        if (r.count == STATEMENTS)
            break;
        a->writing = true;
        add_put(&r, c, a);
    }
    ask_keep(c, &r);
}

void control__written(struct control *c)
{
    list_for_each_safe (link, next, &c->unsaved) {
        struct control_alarm *a = list_entry(link, struct control_alarm, unsaved);
        if (!a->writing)
            continue;
        a->writing = false;
        list_remove(link);
        if (a->state != ALARM_ST_GONE)
            continue;
        c->ended--;
        mem_free(a);
    }
}

void control__ask_purge(struct control *c)
{
    struct request r = {.count = 0};
    if (c->keep != KEEP_ST_IDLE)
        return;
    add_lead(&r, c);
    begin(&r, "alarm_purge");
    add_text(&r, c->location);
    add_number(&r, world_now(c->world) - timer_duration(TIMER_ALARM_KEEP));
    ask(c, &r, OBJECT(CONTROL_OBJECT_KEEP, 0), ++c->last_question);
}

/* ---- history ---- */

void control__ask_page(struct control *c, struct control_question *q, uint64_t before)
{
    struct request r = {.count = 0};
    begin(&r, "alarm_page");
    add_text(&r, c->location);
    add_time(&r, (int64_t)before);
    add_number(&r, (int64_t)q->limit + 1); /* one more says whether there is another page */
    ask(c, &r, OBJECT(CONTROL_OBJECT_QUESTION, 0), q->token);
}
