/* What processes and instances said last, and what follows for their health. */
#include <stdio.h>

#include "base/error.h"
#include "base/log.h"
#include "base/mem.h"
#include "roles/control/control_int.h"
#include "wire/pack.h"

const char *control__health_name(enum control_health health)
{
    static const char *const names[] = {"ok", "degraded", "down", "unknown"};
    return names[health];
}

void control__copy(char *to, size_t size, struct slice text)
{
    text = slice_first(text, size - 1);
    slice_put(to, text);
    to[text.length] = '\0';
}

static bool is_name(struct slice name)
{
    return name.length != 0 && name.length < CONTROL_NAME;
}

static struct control_member *obtain_member(struct control *c, struct slice name)
{
    struct control_member *m = map_get(&c->members, name);
    if (m != NULL || !is_name(name) || map_count(&c->members) >= CONTROL_MEMBERS)
        return m;
    m = mem_zero(sizeof *m);
    control__copy(m->name, sizeof m->name, name);
    map_put(&c->members, slice_text(m->name), m);
    return m;
}

static struct control_instance *obtain_instance(struct control *c, struct slice name)
{
    struct control_instance *i = map_get(&c->instances, name);
    if (i != NULL || !is_name(name) || map_count(&c->instances) >= CONTROL_INSTANCES)
        return i;
    i = mem_zero(sizeof *i);
    control__copy(i->name, sizeof i->name, name);
    i->silent_since = i->health_since = world_now(c->world);
    i->health = CONTROL_UNKNOWN;
    map_put(&c->instances, slice_text(i->name), i);
    return i;
}

static void free_instance(struct control *c, struct control_instance *i)
{
    map_remove(&c->instances, slice_text(i->name));
    mem_free(i);
}

/* ---- a report ---- */

static void take_parts(struct control_member *m, const Tandem__HealthReport *r)
{
    m->part_count = 0;
    for (size_t n = 0; n < r->n_parts && m->part_count < CONTROL_PARTS; n++) {
        struct control_part *p = &m->parts[m->part_count++];
        control__copy(p->what, sizeof p->what, slice_text(r->parts[n]->what));
        control__copy(p->why, sizeof p->why, slice_text(r->parts[n]->why));
        p->away = r->parts[n]->away;
        p->since = r->parts[n]->since;
    }
}

static uint64_t gauge(const Tandem__HealthInstance *h, enum gauge wanted)
{
    for (size_t n = 0; n < h->n_gauges; n++)
        if (strcmp(h->gauges[n]->name, gauge_name(wanted)) == 0)
            return h->gauges[n]->value;
    return 0;
}

static void take_instance(struct control *c, struct control_member *m, const Tandem__HealthInstance *h)
{
    struct control_instance *i = obtain_instance(c, slice_text(h->name));
    if (i == NULL)
        return;
    i->member = m;
    i->report = m->reports;
    i->silent_since = 0;
    i->since = h->since;
    control__copy(i->state, sizeof i->state, slice_text(h->state));
    control__copy(i->why, sizeof i->why, slice_text(h->why));
    i->primary = gauge(h, GAUGE_PAIR_PRIMARY) != 0;
    i->waiting = gauge(h, GAUGE_OUTBOX);
    i->stuck = gauge(h, GAUGE_HISTORY_STUCK) != 0;
    i->guessed = gauge(h, GAUGE_GUARD_GUESSED);
    i->roaming = gauge(h, GAUGE_GUARD_ROAMING);
    i->dialling = gauge(h, GAUGE_GUARD_DIALLING);
    i->change = gauge(h, GAUGE_CONFIG_CHANGE);
    if (m->location[0] == '\0')
        control__copy(m->location, sizeof m->location, slice_text(h->location));
}

/* What the process had and has no more: given to another one, or ended. */
static void drop_others(struct control *c, struct control_member *m)
{
    struct control_instance *i;
    map_for_each (i, &c->instances) {
        if (i->member != m || i->report == m->reports)
            continue;
        i->member = NULL;
        i->silent_since = world_now(c->world);
        if (!i->configured)
            free_instance(c, i);
    }
}

void control__report(struct control *c, struct slice bytes)
{
    const Tandem__HealthReport *r = pack_read(&tandem__health_report__descriptor, bytes, &c->arena);
    struct control_member *m = r != NULL ? obtain_member(c, slice_text(r->member)) : NULL;
    int64_t now = world_now(c->world);
    if (m == NULL) {
        LOG(LOG_WARNING, "roles/control",
            "a health report is not well-formed, or there are too many processes");
        return;
    }
    if (r->started_at == m->started_at && r->sent_at <= m->sent_at)
        return; /* an older one */
    if (m->started_at != 0 && r->started_at > m->started_at)
        m->restarted_at = now;
    m->reports++;
    m->heard_at = now;
    m->sent_at = r->sent_at;
    m->started_at = r->started_at;
    m->clock = now - r->sent_at;
    control__copy(m->version, sizeof m->version, slice_text(r->version));
    m->disk_size = r->disk_size;
    m->disk_free = r->disk_free;
    m->certificate_until = r->certificate_until;
    m->configuration = r->configuration;
    take_parts(m, r);
    for (size_t n = 0; n < r->n_instances; n++)
        take_instance(c, m, r->instances[n]);
    drop_others(c, m);
}

/* ---- what should be there ---- */

void control__configured(struct control *c)
{
    const struct configuration *configuration = world_configuration(c->world);
    const struct config_application *a;
    struct control_instance *i;
    map_for_each (i, &c->instances)
        i->configured = false;
    for (unsigned role = 0; role < CONFIG_ROLE_COUNT; role++)
        for (size_t at = 0;
             (a = config_next_application(configuration, (enum config_role)role, &at)) != NULL;)
            if ((i = obtain_instance(c, a->name)) != NULL)
                i->configured = true;
    map_for_each (i, &c->instances)
        if (!i->configured && i->member == NULL)
            free_instance(c, i);
}

/* ---- judging ---- */

bool control__silent(const struct control *c, const struct control_member *m)
{
    return world_now(c->world) - m->heard_at > timer_duration(TIMER_CONTROL_SILENT);
}

static void set_health(struct control_instance *i, enum control_health health, int64_t since, const char *why)
{
    i->health = health;
    i->health_since = since;
    control__copy(i->health_why, sizeof i->health_why, slice_text(why));
}

static void judge_silent(struct control *c, struct control_instance *i)
{
    char why[CONTROL_TEXT];
    if (c->deaf || world_now(c->world) < c->judges_from)
        set_health(i, CONTROL_UNKNOWN, c->judges_from,
            c->deaf ? "the control hears nobody: its bus is away" : "the control has not listened for long");
    else if (i->member == NULL)
        set_health(i, CONTROL_DOWN, i->silent_since, "no process runs it");
    else {
        snprintf(why, sizeof why, "%s is not heard any more%s", i->member->name,
            strcmp(i->state, "draining") == 0 ? "; it was told to end" : "");
        set_health(i, CONTROL_DOWN, i->member->heard_at, why);
    }
}

static void judge(struct control *c, struct control_instance *i)
{
    if (i->member == NULL || control__silent(c, i->member))
        judge_silent(c, i);
    else if (strcmp(i->state, "ready") == 0)
        set_health(i, CONTROL_OK, i->since, i->why);
    else
        set_health(i, CONTROL_DEGRADED, i->since, i->why[0] != '\0' ? i->why : i->state);
}

static bool runs_configured(const struct control *c, const struct control_member *m)
{
    const struct control_instance *i;
    map_for_each (i, &c->instances)
        if (i->member == m && i->configured)
            return true;
    return false;
}

static void forget_member(struct control *c, struct control_member *m)
{
    struct control_instance *i;
    map_for_each (i, &c->instances)
        if (i->member == m)
            free_instance(c, i);
    map_remove(&c->members, slice_text(m->name));
    mem_free(m);
}

static void forget_members(struct control *c)
{
    struct control_member *m;
    map_for_each (m, &c->members)
        if (world_now(c->world) - m->heard_at > timer_duration(TIMER_CONTROL_FORGET) &&
            !runs_configured(c, m))
            forget_member(c, m);
}

/* Somebody who does not hear his own process hears nobody, and must not judge others. Nor one who has slept:
 * what they said meanwhile is still on its way. */
void control__judge(struct control *c)
{
    const struct control_instance *own = map_get(&c->instances, slice_text(c->name));
    struct control_instance *i;
    int64_t now = world_now(c->world);
    if (now - c->ticked_at > timer_duration(TIMER_CONTROL_SILENT) / 2)
        c->judges_from = now + timer_duration(TIMER_CONTROL_SILENT);
    c->ticked_at = now;
    c->deaf =
        now >= c->judges_from && (own == NULL || own->member == NULL || control__silent(c, own->member));
    forget_members(c);
    map_for_each (i, &c->instances)
        judge(c, i);
    world_gauge(c->world, GAUGE_MEMBERS, map_count(&c->members));
}

void control__members_free(struct control *c)
{
    struct control_member *m;
    struct control_instance *i;
    map_for_each (m, &c->members)
        mem_free(m);
    map_for_each (i, &c->instances)
        mem_free(i);
    map_free(&c->members);
    map_free(&c->instances);
}
