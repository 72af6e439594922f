#include "health/report.h"

#include "base/arena.h"
#include "wire/health.pb-c.h"
#include "wire/pack.h"
#include "world/world_int.h"

/* A table's name: protobuf-c only reads it. */
static char *constant(const char *text)
{
    return (char *)(uintptr_t)text;
}

static size_t add_numbers(
    Tandem__HealthNumber ***out, const uint64_t *values, size_t count, bool gauges, struct arena *arena)
{
    size_t used = 0;
    *out = arena_alloc(arena, count * sizeof **out);
    for (size_t i = 0; i < count; i++) {
        if (values[i] == 0)
            continue;
        Tandem__HealthNumber *n = (*out)[used++] = arena_alloc(arena, sizeof *n);
        tandem__health_number__init(n);
        n->name = constant(gauges ? gauge_name((enum gauge)i) : counter_name((enum counter)i));
        n->value = values[i];
    }
    return used;
}

static Tandem__HealthInstance *instance(
    const struct health_instance *i, const struct health_member *m, struct arena *arena)
{
    const struct world *w = i->world;
    Tandem__HealthInstance *out = arena_alloc(arena, sizeof *out);
    tandem__health_instance__init(out);
    out->name = arena_text(arena, i->name);
    out->role = arena_text(arena, i->role);
    out->location = arena_text(arena, i->location);
    out->state = constant(world_state_name(w->condition.state));
    out->why = constant(w->condition.why);
    out->has_since = true;
    out->since = w->condition.since != 0 ? w->condition.since : m->started_at;
    out->n_counters = add_numbers(&out->counters, w->counters.values, COUNTER_COUNT, false, arena);
    out->n_gauges = add_numbers(&out->gauges, w->gauges.values, GAUGE_COUNT, true, arena);
    return out;
}

static Tandem__HealthPart *part(const struct health_part *p, struct arena *arena)
{
    Tandem__HealthPart *out = arena_alloc(arena, sizeof *out);
    tandem__health_part__init(out);
    out->what = constant(p->what);
    out->has_away = true;
    out->away = p->away;
    out->has_since = p->since != 0;
    out->since = p->since;
    out->why = constant(p->why);
    return out;
}

void health_report(struct buffer *out, const struct health_member *m)
{
    struct arena arena = {0};
    Tandem__HealthReport r = TANDEM__HEALTH_REPORT__INIT;
    r.member = arena_text(&arena, m->name);
    r.version = constant(m->version);
    r.started_at = m->started_at;
    r.sent_at = m->sent_at;
    r.parts = arena_alloc(&arena, (m->part_count + 1) * sizeof *r.parts);
    for (size_t i = 0; i < m->part_count; i++)
        r.parts[r.n_parts++] = part(&m->parts[i], &arena);
    r.instances = arena_alloc(&arena, (m->instance_count + 1) * sizeof *r.instances);
    for (size_t i = 0; i < m->instance_count; i++)
        r.instances[r.n_instances++] = instance(&m->instances[i], m, &arena);
    r.has_disk_size = r.has_disk_free = m->disk_size != 0;
    r.disk_size = m->disk_size;
    r.disk_free = m->disk_free;
    r.has_certificate_until = m->certificate_until != 0;
    r.certificate_until = m->certificate_until;
    r.has_configuration = m->configuration != 0;
    r.configuration = m->configuration;
    pack_add(out, &r.base);
    arena_free(&arena);
}

uint64_t health_changes(const struct health_member *m)
{
    uint64_t changes = 0;
    for (size_t i = 0; i < m->instance_count; i++)
        changes += m->instances[i].world->condition.changes;
    for (size_t i = 0; i < m->part_count; i++)
        changes = changes * 31 + (uint64_t)m->parts[i].since + m->parts[i].away;
    return changes + ((uint64_t)m->instance_count << 32);
}

bool health_ready(const struct health_member *m)
{
    for (size_t i = 0; i < m->instance_count; i++)
        if (m->instances[i].world->condition.state == WORLD_STARTING)
            return false;
    return true;
}
