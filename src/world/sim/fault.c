/* Faults: by hand, and by a plan that is drawn from the seed in a stream of its own. */
#include "base/error.h"
#include "world/sim/sim_int.h"

#define CALM_LEAST 500000 /* µs between two faults */
#define CALM_MOST 6000000
#define REGISTRY_SETTLE 5000000 /* µs: leases are renewed again */
#define SETTLE 10000000         /* a group is spared for so long after one of its members was struck */

static const char *const names[SIM_FAULTS] = {
#define FAULT(symbol, name, text) [SIM_FAULT_##symbol] = name,
#include "world/sim/fault.def"
#undef FAULT
};

/* Those that change how everything behaves for a while. */
#define WEATHER                                                                                              \
    (SIM_FAULT_BIT(SIM_FAULT_DELAY) | SIM_FAULT_BIT(SIM_FAULT_DROP) | SIM_FAULT_BIT(SIM_FAULT_DUPLICATE) |   \
        SIM_FAULT_BIT(SIM_FAULT_REORDER) | SIM_FAULT_BIT(SIM_FAULT_SPLIT) |                                  \
        SIM_FAULT_BIT(SIM_FAULT_STORE_SLOW) | SIM_FAULT_BIT(SIM_FAULT_STORE_FAILING) |                       \
        SIM_FAULT_BIT(SIM_FAULT_STORE_DOUBTFUL) | SIM_FAULT_BIT(SIM_FAULT_REGISTRY_UNKNOWN) |                \
        SIM_FAULT_BIT(SIM_FAULT_REGISTRY_SLOW) | SIM_FAULT_BIT(SIM_FAULT_WATCH_SILENT) |                     \
        SIM_FAULT_BIT(SIM_FAULT_BUS_LOSS) | SIM_FAULT_BIT(SIM_FAULT_STORE_AWAY) |                            \
        SIM_FAULT_BIT(SIM_FAULT_REPEAT) | SIM_FAULT_BIT(SIM_FAULT_CARRIER_BUSY) |                            \
        SIM_FAULT_BIT(SIM_FAULT_CARRIER_SLOW) | SIM_FAULT_BIT(SIM_FAULT_CARRIER_SILENT))

const char *sim_fault_name(enum sim_fault fault)
{
    return names[fault];
}

int sim_fault_parse(uint32_t *bits, struct slice list)
{
    struct slice name;
    *bits = 0;
    while (slice_cut(&list, ',', &name)) {
        int fault = 0;
        while (fault < SIM_FAULTS && !slice_equal(name, slice_text(names[fault])))
            fault++;
        if (fault < SIM_FAULTS)
            *bits |= SIM_FAULT_BIT(fault);
        else if (slice_equal(name, SLICE("all")))
            *bits = SIM_FAULT_ALL;
        else if (!slice_equal(name, SLICE("none")))
            return ERROR_RANGE;
    }
    return 0;
}

uint64_t sim_fault_count(const struct sim *s, enum sim_fault fault)
{
    return s->fault_counts[fault];
}

/* ---- by hand ---- */

void sim_kill(struct sim *s, struct sim_instance *i, bool power)
{
    if (!i->alive)
        return;
    s->fault_counts[power ? SIM_FAULT_POWER : SIM_FAULT_KILL]++;
    if (!power) {
        sim__end(i, false);
        return;
    }
    for (size_t n = 0; n < s->instance_count; n++)
        if (s->instances[n]->host == i->host)
            sim__end(s->instances[n], true);
    s->hosts[i->host].dead = true;
    sim__end_disk(s, i->host, true);
}

static void start_at(struct sim *s, struct sim_instance *i, int64_t at)
{
    struct event *e = sim__event(s, EVENT_START, 0);
    e->instance = i;
    sim__push(s, e, at);
}

void sim_restart(struct sim *s, struct sim_instance *i)
{
    if (i->alive) {
        s->fault_counts[SIM_FAULT_RESTART]++;
        sim__end(i, false);
    }
    start_at(s, i, s->now);
}

void sim_pause(struct sim *s, struct sim_instance *i, int64_t until)
{
    /* A whole millisecond, as timers have: what waited comes then, in whatever way it was set. */
    until = (until + 999) / 1000 * 1000;
    if (!i->alive || until <= s->now || until <= i->paused_until)
        return;
    s->fault_counts[SIM_FAULT_PAUSE]++;
    i->paused_until = until;
    struct event *e = sim__event(s, EVENT_RESUME, 0);
    e->instance = i;
    e->incarnation = i->incarnation;
    sim__push(s, e, until);
}

void sim_pause_unsent(struct sim_instance *i, int64_t until)
{
    if (i->alive)
        i->stop_until = until;
}

void sim_cut(struct sim *s, unsigned from, unsigned to, bool cut)
{
    s->cut[from % SIM_SITES][to % SIM_SITES] = cut;
}

void sim_stall(struct sim *s, unsigned site, unsigned other, int64_t until)
{
    s->fault_counts[SIM_FAULT_STALL]++;
    s->stalled_until[site % SIM_SITES][other % SIM_SITES] = until;
    s->stalled_until[other % SIM_SITES][site % SIM_SITES] = until;
}

void sim_weather(struct sim *s, enum sim_fault fault, int64_t until)
{
    if (until > s->weather[fault])
        s->weather[fault] = until;
    if (until > s->weather_until)
        s->weather_until = until;
}

bool sim_weather_strikes(struct sim *s, enum sim_fault fault, unsigned index, unsigned count)
{
    int64_t until = s->weather[fault];
    bool strikes = until > s->now && (uint64_t)until / 1000 % count == index;
    s->fault_counts[fault] += strikes;
    return strikes;
}

/* ---- the plan ---- */

static void next_fault(struct sim *s)
{
    if (s->now < s->plan_until)
        sim__push(
            s, sim__event(s, EVENT_PLAN, 0), s->now + chance_between(&s->faults, CALM_LEAST, CALM_MOST));
}

void sim_plan(struct sim *s, int64_t until)
{
    s->plan_until = until;
    next_fault(s);
}

static bool spared(struct sim *s, struct sim_instance *i)
{
    if (i->group[0] == '\0' || !i->alive)
        return true;
    if (s->params.may_strike != NULL && !s->params.may_strike(s->params.argument, i))
        return true;
    for (size_t n = 0; n < s->instance_count; n++) {
        const struct sim_instance *other = s->instances[n];
        if (strcmp(other->group, i->group) == 0 && (other->busy_until > s->now || !other->alive))
            return true;
    }
    return false;
}

/* One whose group is calm, or NULL. */
static struct sim_instance *victim(struct sim *s)
{
    for (int tries = 0; tries < 16; tries++) {
        struct sim_instance *i = s->instances[chance_below(&s->faults, (uint32_t)s->instance_count)];
        if (!spared(s, i))
            return i;
    }
    for (size_t n = 0; n < s->instance_count; n++) /* few among many phones */
        if (!spared(s, s->instances[n]))
            return s->instances[n];
    return NULL;
}

static bool group_site(const struct sim *s, unsigned site)
{
    if (site == 0)
        return true;
    for (size_t n = 0; n < s->instance_count; n++)
        if (s->instances[n]->group[0] != '\0' && s->hosts[s->instances[n]->host].site == site)
            return true;
    return false;
}

/* Cuts the victim's site off from all others that matter, from one of them, or (half) in one direction. */
static void cut_off(struct sim *s, struct sim_instance *i, bool one_way, int64_t until)
{
    unsigned site = s->hosts[i->host].site;
    bool all = chance_happens(&s->faults, 500000), inward = chance_happens(&s->faults, 500000);
    bool any = false;
    for (unsigned other = 0; other < SIM_SITES; other++) {
        if (other == site || !group_site(s, other) || (!all && chance_happens(&s->faults, 500000)))
            continue;
        any = true;
        for (int direction = 0; direction < 2; direction++) {
            if (one_way && direction != inward)
                continue;
            unsigned from = direction == 0 ? site : other, to = direction == 0 ? other : site;
            s->cut[from][to] = true;
            struct event *e = sim__event(s, EVENT_HEAL, 0);
            e->from = (uint16_t)from;
            e->to = (uint16_t)to;
            sim__push(s, e, until);
        }
    }
    s->fault_counts[one_way ? SIM_FAULT_ONEWAY : SIM_FAULT_PARTITION] += any;
}

static void stall(struct sim *s, struct sim_instance *i, int64_t until)
{
    unsigned site = s->hosts[i->host].site;
    unsigned other = s->hosts[chance_below(&s->faults, (uint32_t)s->host_count)].site;
    if (other != site)
        sim_stall(s, site, other, until);
}

/* Mostly short, sometimes long. */
static int64_t lasting(struct sim *s, int64_t least, int64_t most)
{
    int64_t length = most - least;
    return s->now + least + chance_between(&s->faults, 0, length) / (1 + chance_below(&s->faults, 8));
}

static void strike(struct sim *s, enum sim_fault fault, struct sim_instance *i)
{
    int64_t until = s->now;
    switch (fault) {
    case SIM_FAULT_KILL:
    case SIM_FAULT_POWER:
        until = lasting(s, 200000, 8000000);
        sim_kill(s, i, fault == SIM_FAULT_POWER);
        start_at(s, i, until);
        break;
    case SIM_FAULT_RESTART:
        until = lasting(s, 20000, 1000000);
        s->fault_counts[SIM_FAULT_RESTART]++;
        sim__end(i, false);
        start_at(s, i, until);
        break;
    case SIM_FAULT_PAUSE:
        until = lasting(s, 5000, 8000000);
        sim_pause(s, i, until);
        break;
    case SIM_FAULT_PARTITION:
    case SIM_FAULT_ONEWAY:
        until = lasting(s, 50000, 8000000);
        cut_off(s, i, fault == SIM_FAULT_ONEWAY, until);
        break;
    case SIM_FAULT_STALL:
        until = lasting(s, 50000, 10000000);
        stall(s, i, until);
        break;
    case SIM_FAULT_DISK_FULL:
        until = lasting(s, 100000, 5000000);
        sim_disk_full(s, i, until);
        break;
    default:
        break;
    }
    i->busy_until = until + SETTLE;
}

/* What must survive is one failure at a time. Whoever has lost its partner, or hears it late, needs the
 * registry; so the registry is well while a member is struck or the network slow, and the reverse. */
static bool too_much(const struct sim *s, enum sim_fault fault)
{
    bool registry = fault == SIM_FAULT_REGISTRY_UNKNOWN || fault == SIM_FAULT_REGISTRY_SLOW;
    if (!registry && fault != SIM_FAULT_DELAY && (WEATHER & SIM_FAULT_BIT(fault)) != 0)
        return false;
    if (!registry)
        return s->weather[SIM_FAULT_REGISTRY_UNKNOWN] + REGISTRY_SETTLE > s->now ||
               s->weather[SIM_FAULT_REGISTRY_SLOW] + REGISTRY_SETTLE > s->now;
    bool struck = s->weather[SIM_FAULT_DELAY] + REGISTRY_SETTLE > s->now;
    for (size_t n = 0; n < s->instance_count; n++)
        struck = struck || s->instances[n]->busy_until - SETTLE / 2 > s->now;
    return struck;
}

static void plan(struct sim *s)
{
    if (s->now >= s->plan_until)
        return;
    next_fault(s);
    uint32_t bits = s->params.faults & ~SIM_FAULT_BIT(SIM_FAULT_SKEW);
    if (bits == 0)
        return;
    enum sim_fault fault;
    do
        fault = (enum sim_fault)chance_below(&s->faults, SIM_FAULTS);
    while ((bits & SIM_FAULT_BIT(fault)) == 0);
    if (too_much(s, fault))
        return;
    if ((WEATHER & SIM_FAULT_BIT(fault)) != 0) {
        sim_weather(s, fault, s->now + chance_between(&s->faults, 1000000, 10000000));
        return;
    }
    struct sim_instance *i = victim(s);
    if (i != NULL)
        strike(s, fault, i);
}

void sim__plan_event(struct sim *s, struct event *e)
{
    if (e->kind == EVENT_PLAN)
        plan(s);
    else
        s->cut[e->from][e->to] = false;
    sim__event_free(s, e);
}
