/* Alarms by kind and object. One that is new begins as pending; one that is gone is freed when the store has
 * it. */
#include <stdarg.h>
#include <stdio.h>

#include "base/error.h"
#include "base/log.h"
#include "base/mem.h"
#include "roles/control/control_int.h"

const struct control_alarm_row control__alarm_rows[CONTROL_ALARM_KINDS] = {
#define ALARM(symbol, name, severity, raise, clear, text, advice)                                            \
    {name, CONTROL_##severity, TIMER_##raise, TIMER_##clear, text, advice},
#include "roles/control/alarm.def"
#undef ALARM
};

const char *control__severity_name(enum control_severity severity)
{
    static const char *const names[] = {"critical", "major", "minor"};
    return names[severity];
}

void control_reference(struct buffer *out)
{
    buffer_add_text(out,
        "# Alarms\n\nAn alarm is raised when something is wrong for the time that its kind has, and cleared "
        "when it "
        "has been well for a while (the timers are in [timers](timers.md)). `tandem alarms` shows them.\n\n"
        "| alarm | severity | raised after | cleared after | meaning | what to do |\n"
        "| --- | --- | --- | --- | --- | --- |\n");
    for (unsigned k = 0; k < CONTROL_ALARM_KINDS; k++) {
        const struct control_alarm_row *r = &control__alarm_rows[k];
        buffer_add_format(out, "| `%s` | %s | %s | %s | %s | %s |\n", r->name,
            control__severity_name(r->severity), timer_name(r->raise), timer_name(r->clear), r->text,
            r->advice);
    }
}

int control__alarm_find(enum control_alarm_kind *kind, const char *name)
{
    for (unsigned k = 0; k < CONTROL_ALARM_KINDS; k++)
        if (strcmp(control__alarm_rows[k].name, name) == 0) {
            *kind = (enum control_alarm_kind)k;
            return 0;
        }
    return ERROR_MISSING;
}

static void make_key(char key[CONTROL_NAME * 2], enum control_alarm_kind kind, struct slice object)
{
    snprintf(key, CONTROL_NAME * 2, "%s %.*s", control__alarm_rows[kind].name,
        SLICE_ARG(slice_first(object, CONTROL_NAME - 1)));
}

struct control_alarm *control__alarm(struct control *c, enum control_alarm_kind kind, struct slice object)
{
    char key[CONTROL_NAME * 2];
    make_key(key, kind, object);
    struct control_alarm *a = map_get(&c->alarms, slice_text(key));
    if (a != NULL)
        return a;
    if (map_count(&c->alarms) >= CONTROL_ALARMS) {
        LOG(LOG_WARNING, "roles/control", "more than %u things are wrong; left out: %s", CONTROL_ALARMS, key);
        return NULL;
    }
    a = mem_zero(sizeof *a);
    a->control = c;
    a->kind = kind;
    a->index = ++c->last_index;
    control__copy(a->object, sizeof a->object, object);
    memcpy(a->key, key, sizeof key);
    map_put(&c->alarms, slice_text(a->key), a);
    map_put_number(&c->alarms_by_index, a->index, a);
    return a;
}

static void forget(struct control_alarm *a)
{
    if (map_get(&a->control->alarms, slice_text(a->key)) == a)
        map_remove(&a->control->alarms, slice_text(a->key));
    map_remove_number(&a->control->alarms_by_index, a->index);
    world_timer_clear(&a->timer);
}

void control__alarm_free(struct control_alarm *a)
{
    forget(a);
    if (list_linked(&a->unsaved))
        list_remove(&a->unsaved);
    mem_free(a);
}

void control__alarms_free(struct control *c)
{
    list_for_each_safe (link, next, &c->unsaved)
        control__alarm_free(list_entry(link, struct control_alarm, unsaved));
    struct control_alarm *a;
    map_for_each (a, &c->alarms)
        control__alarm_free(a);
    map_free(&c->alarms);
    map_free(&c->alarms_by_index);
    c->ended = 0;
}

/* ---- what the rules found ---- */

/* After an event: one that is gone leaves the maps, so that the same thing can go wrong anew. */
static void settle(struct control_alarm *a)
{
    if (a->state != ALARM_ST_GONE)
        return;
    forget(a);
    if (!list_linked(&a->unsaved))
        mem_free(a);
}

void control__wrong(
    struct control *c, enum control_alarm_kind kind, const char *object, const char *format, ...)
{
    struct control_alarm *a = control__alarm(c, kind, slice_text(object));
    va_list arguments;
    if (a == NULL)
        return;
    bool fresh = a->pass == 0;
    if (a->state != ALARM_ST_RAISED || a->text[0] == '\0') {
        va_start(arguments, format);
        vsnprintf(a->text, sizeof a->text, format, arguments);
        va_end(arguments);
    }
    a->pass = c->pass;
    if (fresh && a->state == ALARM_ST_PENDING)
        control_alarm_machine.states[ALARM_ST_PENDING].enter(a);
    else
        control__alarm_event(a, ALARM_EV_WRONG);
}

void control__rules_done(struct control *c)
{
    struct control_alarm *a;
    size_t raised = 0;
    map_for_each (a, &c->alarms) {
        raised += a->state == ALARM_ST_RAISED || a->state == ALARM_ST_CLEARING;
        if (a->pass == c->pass)
            continue;
        control__alarm_event(a, ALARM_EV_RIGHT);
        settle(a);
    }
    world_gauge(c->world, GAUGE_ALARMS, raised);
}

void control__alarm_due(struct control *c, uint64_t index)
{
    struct control_alarm *a = map_get_number(&c->alarms_by_index, index);
    if (a == NULL)
        return;
    control__alarm_event(a, ALARM_EV_DUE);
    settle(a);
}

/* ---- what follows ---- */

/* While the store is away cleared alarms wait for it; the oldest give way. */
static void bound_ended(struct control *c)
{
    if (c->ended <= CONTROL_ENDED)
        return;
    list_for_each_safe (link, next, &c->unsaved) {
        struct control_alarm *a = list_entry(link, struct control_alarm, unsaved);
        if (a->writing || a->cleared_at == 0)
            continue;
        LOG(LOG_WARNING, "roles/control", "the store is away for too long: alarm %s of %s is not kept",
            control__alarm_rows[a->kind].name, a->object);
        c->ended--;
        control__alarm_free(a);
        return;
    }
}

void control__alarm_changed(struct control_alarm *a)
{
    struct control *c = a->control;
    if (!c->leads)
        return;
    if (a->id == 0)
        a->id = ++c->last_id;
    if (a->cleared_at != 0)
        c->ended++;
    a->writing = false; /* what is being written is not this any more: once more */
    if (!list_linked(&a->unsaved))
        list_append(&c->unsaved, &a->unsaved);
    bound_ended(c);
    control__tell(c, a);
    control__keep_event(c, KEEP_EV_WORK, NULL);
}

Tandem__Alarm *control__alarm_message(const struct control_alarm *a, struct arena *arena)
{
    Tandem__Alarm *m = arena_alloc(arena, sizeof *m);
    const struct control_alarm_row *row = &control__alarm_rows[a->kind];
    tandem__alarm__init(m);
    m->id = a->id;
    m->name = (char *)(uintptr_t)row->name;
    m->object = arena_text(arena, slice_text(a->object));
    m->severity = (char *)(uintptr_t)control__severity_name(row->severity);
    m->text = arena_text(arena, slice_text(a->text));
    m->raised_at = a->raised_at;
    m->has_cleared_at = a->cleared_at != 0;
    m->cleared_at = a->cleared_at;
    m->has_acknowledged_at = a->acknowledged_at != 0;
    m->acknowledged_at = a->acknowledged_at;
    m->acknowledged_by = a->acknowledged_at != 0 ? arena_text(arena, slice_text(a->acknowledged_by)) : NULL;
    return m;
}
