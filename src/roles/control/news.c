/* What the control that leads tells, and what the others keep of it: they know the same alarms by the same
 * numbers. */
#include "base/error.h"
#include "base/log.h"
#include "roles/control/control_int.h"
#include "wire/pack.h"

void control__tell(struct control *c, struct control_alarm *only)
{
    Tandem__AlarmNews news = TANDEM__ALARM_NEWS__INIT;
    struct buffer subject = {0}, bytes = {0};
    struct control_alarm *a;
    if (!c->leads)
        return;
    news.location = c->location;
    news.control = c->name;
    news.lead = c->lead;
    news.has_all = news.all = only == NULL;
    news.alarms = arena_alloc(&c->arena, (map_count(&c->alarms) + 1) * sizeof *news.alarms);
    if (only != NULL)
        news.alarms[news.n_alarms++] = control__alarm_message(only, &c->arena);
    else
        map_for_each (a, &c->alarms)
            if (a->id != 0)
                news.alarms[news.n_alarms++] = control__alarm_message(a, &c->arena);
    buffer_add_format(&subject, "alarm.%s", c->location);
    pack_add(&bytes, &news.base);
    world_publish(c->world, buffer_slice(&subject), buffer_slice(&bytes));
    buffer_free(&subject);
    buffer_free(&bytes);
}

/* Whoever leads has found it so; whether it still is, the own rules say. */
static void take(struct control *c, const Tandem__Alarm *m)
{
    enum control_alarm_kind kind;
    struct control_alarm *a;
    if (control__alarm_find(&kind, m->name) != 0)
        return; /* of a newer version */
    if (m->id > c->last_id)
        c->last_id = m->id;
    if (m->has_cleared_at)
        return;
    a = control__alarm(c, kind, slice_text(m->object));
    if (a == NULL)
        return;
    if (a->state == ALARM_ST_PENDING) {
        world_timer_clear(&a->timer);
        a->state = ALARM_ST_RAISED;
        a->pass = a->pass != 0 ? a->pass : c->pass;
    }
    a->id = m->id;
    a->raised_at = m->raised_at;
    a->acknowledged_at = m->acknowledged_at;
    control__copy(a->acknowledged_by, sizeof a->acknowledged_by, slice_text(m->acknowledged_by));
    control__copy(a->text, sizeof a->text, slice_text(m->text));
}

void control__hear(struct control *c, struct slice bytes)
{
    const Tandem__AlarmNews *news = pack_read(&tandem__alarm_news__descriptor, bytes, &c->arena);
    if (news == NULL || strcmp(news->location, c->location) != 0 || strcmp(news->control, c->name) == 0 ||
        news->lead < c->lead || c->leads)
        return;
    c->lead = news->lead;
    for (size_t i = 0; i < news->n_alarms; i++)
        take(c, news->alarms[i]);
}
