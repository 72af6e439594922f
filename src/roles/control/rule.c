/* What each kind of alarm looks at. All of it is looked at in each pass; what is not found wrong is right. */
#include <inttypes.h>
#include <stdio.h>

#include "roles/control/control_int.h"

#define DISK_LEAST 5        /* percent of the disk that should be free */
#define WAITING_MOST 10000U /* call events that a node may have in hand */
#define SECONDS(microseconds) ((long long)((microseconds) / 1000000))

static struct control_instance *instance(const struct control *c, const struct config_application *a)
{
    return a != NULL ? map_get(&c->instances, a->name) : NULL;
}

static bool ours(const struct control *c, const struct config_location *l)
{
    return l != NULL && slice_equal(l->name, slice_text(c->location));
}

static bool member_ours(const struct control *c, const struct control_member *m)
{
    return m->location[0] == '\0' || strcmp(m->location, c->location) == 0;
}

static bool is_up(const struct control_instance *i)
{
    return i != NULL && (i->health == CONTROL_OK || i->health == CONTROL_DEGRADED);
}

/* ---- instances ---- */

/* SEC-6 */
static void one_guard(struct control *c, const struct control_instance *i)
{
    if (!is_up(i))
        return;
    if (i->guessed + i->roaming != 0)
        control__wrong(c, CONTROL_ALARM_REGISTRATION_ANOMALY, i->name,
            "%s: wrong credentials again and again for %" PRIu64 " numbers, %" PRIu64
            " register from too many addresses",
            i->name, i->guessed, i->roaming);
    if (i->dialling != 0)
        control__wrong(c, CONTROL_ALARM_DIAL_ANOMALY, i->name,
            "%s: %" PRIu64 " numbers begin very many calls", i->name, i->dialling);
}

static void one_instance(struct control *c, const struct config_application *a)
{
    const struct control_instance *i = instance(c, a);
    if (i == NULL || !ours(c, a->location))
        return;
    if (i->health == CONTROL_DOWN)
        control__wrong(c, CONTROL_ALARM_INSTANCE_DOWN, i->name, "%s %s is down: %s",
            config_role_name(a->role), i->name, i->health_why);
    else if (i->health == CONTROL_DEGRADED && a->role != CONFIG_ROLE_NODE)
        control__wrong(c, CONTROL_ALARM_INSTANCE_DEGRADED, i->name, "%s %s: %s", config_role_name(a->role),
            i->name, i->health_why);
    one_guard(c, i);
    if (is_up(i) && (i->stuck || i->waiting > WAITING_MOST))
        control__wrong(c, CONTROL_ALARM_HISTORY_BEHIND, i->name,
            i->stuck ? "%s: the store does not take call events"
                     : "%s: %" PRIu64 " call events wait to be stored",
            i->name, i->waiting);
}

static void instances(struct control *c)
{
    const struct configuration *configuration = world_configuration(c->world);
    const struct config_application *a;
    for (unsigned role = 0; role < CONFIG_ROLE_COUNT; role++)
        for (size_t at = 0;
             (a = config_next_application(configuration, (enum config_role)role, &at)) != NULL;)
            one_instance(c, a);
}

/* ---- pairs ---- */

static void pairs(struct control *c)
{
    const struct config_pair *p;
    for (size_t at = 0; (p = config_next_pair(world_configuration(c->world), &at)) != NULL;) {
        const struct control_instance *one = instance(c, p->members[0]), *other = instance(c, p->members[1]);
        char name[CONTROL_NAME];
        if (!ours(c, p->location))
            continue;
        control__copy(name, sizeof name, p->name);
        const struct control_instance *primary = is_up(one) && one->primary       ? one
                                                 : is_up(other) && other->primary ? other
                                                                                  : NULL;
        if (primary == NULL)
            control__wrong(
                c, CONTROL_ALARM_PAIR_DOWN, name, "pair %s has no primary: its numbers cannot call", name);
        else if (p->members[1] != NULL && primary->health != CONTROL_OK)
            control__wrong(c, CONTROL_ALARM_PAIR_ALONE, name, "pair %s has no backup: %s is %s", name,
                primary->name, primary->why);
    }
}

/* ---- processes ---- */

static void certificate(struct control *c, const struct control_member *m)
{
    int64_t left = m->certificate_until - world_now(c->world);
    if (m->certificate_until == 0)
        return;
    if (left <= 0)
        control__wrong(c, CONTROL_ALARM_CERTIFICATE_OVER, m->name, "the certificate of %s ended %lld s ago",
            m->name, SECONDS(-left));
    else if (left < timer_duration(TIMER_ALARM_CERTIFICATE))
        control__wrong(c, CONTROL_ALARM_CERTIFICATE_SOON, m->name, "the certificate of %s ends in %lld hours",
            m->name, SECONDS(left) / 3600);
}

static void one_member(struct control *c, const struct control_member *m, uint64_t newest)
{
    int64_t clock = m->clock < 0 ? -m->clock : m->clock;
    certificate(c, m);
    if (clock > timer_duration(TIMER_ALARM_CLOCK))
        control__wrong(c, CONTROL_ALARM_CLOCK_DIFFERS, m->name, "the clock of %s is %lld.%03lld s %s",
            m->name, SECONDS(clock), (long long)(clock / 1000 % 1000), m->clock > 0 ? "behind" : "ahead");
    if (m->disk_size != 0 && m->disk_free < m->disk_size / 100 * DISK_LEAST)
        control__wrong(c, CONTROL_ALARM_DISK_FULL, m->name,
            "the disk of %s has %" PRIu64 " of %" PRIu64 " MiB left", m->name, m->disk_free >> 20,
            m->disk_size >> 20);
    if (m->configuration != 0 && m->configuration < newest)
        control__wrong(c, CONTROL_ALARM_CONFIGURATION_OLD, m->name,
            "%s has the configuration of change %" PRIu64 ", the writer is at %" PRIu64, m->name,
            m->configuration, newest);
    if (m->restarted_at != 0 && world_now(c->world) - m->restarted_at < timer_duration(TIMER_ALARM_RESTART))
        control__wrong(c, CONTROL_ALARM_RESTARTED, m->name, "%s was started anew", m->name);
}

static void members(struct control *c)
{
    const struct control_instance *i;
    const struct control_member *m;
    uint64_t newest = 0;
    map_for_each (i, &c->instances)
        newest = is_up(i) && i->change > newest ? i->change : newest;
    map_for_each (m, &c->members)
        if (!control__silent(c, m) && member_ours(c, m))
            one_member(c, m, newest);
}

/* One alarm an engine, not one for each process that misses it. */
static void engines(struct control *c)
{
    static const char *const parts[] = {"registry", "bus", "store"};
    for (size_t n = 0; n < sizeof parts / sizeof parts[0]; n++) {
        const struct control_member *m, *first = NULL;
        const struct control_part *what = NULL;
        unsigned count = 0, all = 0;
        map_for_each (m, &c->members) {
            if (control__silent(c, m) || !member_ours(c, m))
                continue;
            all++;
            for (unsigned p = 0; p < m->part_count; p++) {
                if (!m->parts[p].away || strcmp(m->parts[p].what, parts[n]) != 0)
                    continue;
                count++;
                if (first == NULL) {
                    first = m;
                    what = &m->parts[p];
                }
            }
        }
        if (first != NULL)
            control__wrong(c, CONTROL_ALARM_ENGINE_AWAY, parts[n],
                "the %s is away for %u of %u processes, such as %s: %.100s", parts[n], count, all,
                first->name, what->why);
    }
}

static void versions(struct control *c)
{
    const struct control_member *m, *first = NULL;
    map_for_each (m, &c->members) {
        if (control__silent(c, m))
            continue;
        if (first == NULL)
            first = m;
        else if (strcmp(first->version, m->version) != 0) {
            control__wrong(c, CONTROL_ALARM_VERSIONS_DIFFER, c->location,
                "%s is version %s, %s is version %s", first->name, first->version, m->name, m->version);
            return;
        }
    }
}

void control__rules(struct control *c)
{
    if (world_now(c->world) < c->judges_from || c->deaf)
        return; /* what was wrong before stays so, what is new waits */
    c->pass++;
    instances(c);
    pairs(c);
    members(c);
    engines(c);
    versions(c);
    control__trunk_rules(c);
    control__rules_done(c);
}
