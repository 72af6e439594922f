#include "lead/lead_fixture.h"

#include "unit.h"

static int64_t clock_of(const struct member *m)
{
    return sim_now(m->parliament->sim) + m->skew;
}

/* Also one that stands still: it may wake up within any turn. */
static bool leads(const struct member *m)
{
    return m->world != NULL && m->lead.state == LEAD_ST_LEADING && clock_of(m) < m->lead.until;
}

struct member *parliament_leader(struct parliament *p)
{
    struct member *found = NULL;
    for (size_t i = 0; i < PARLIAMENT; i++) {
        if (!leads(&p->members[i]))
            continue;
        assert_null(found);
        found = &p->members[i];
    }
    return found;
}

/* Numbers grow with each who leads; only the same one may come back under its own. */
static void changed_h(void *argument, bool is)
{
    struct member *m = argument;
    struct parliament *p = m->parliament;
    assert_int_equal(is, lead_is(&m->lead));
    if (!is)
        return;
    assert_true(lead_number(&m->lead) > p->number || (p->last == m && lead_number(&m->lead) == p->number));
    p->elections++;
    p->turnovers += p->last != NULL && p->last != m;
    m->elections++;
    p->number = lead_number(&m->lead);
    p->last = m;
}

static int open_h(void **self, struct world *world, const struct role_setup *setup)
{
    struct member *m = *self;
    m->world = world;
    m->skew = world_now(world) - sim_now(m->parliament->sim);
    lead_open(&m->lead, world,
        &(struct lead_setup){
            .key = SLICE("lead/test"),
            .name = setup->name,
            .object = OBJECT(7, 0),
            .token = 9,
            .changed = changed_h,
            .argument = m,
        });
    return 0;
}

static void close_h(void *self)
{
    struct member *m = self;
    lead_close(&m->lead);
    m->world = NULL;
}

static void input_h(void *self, const struct input *in)
{
    struct member *m = self;
    m->skew = world_now(m->world) - sim_now(m->parliament->sim);
    assert_true(lead_input(&m->lead, in));
    if (m->resigns)
        lead_resign(&m->lead);
    m->resigns = false;
}

static const struct role role = {.name = "lead", .open = open_h, .close = close_h, .input = input_h};

static void after_turn(void *argument, struct sim_instance *i, const struct input *input)
{
    (void)i;
    (void)input;
    parliament_leader(argument);
}

void parliament_open(struct parliament *p, uint64_t seed, uint32_t faults)
{
    struct sim_params params = {.seed = seed, .faults = faults, .after_turn = after_turn, .argument = p};
    *p = (struct parliament){.number = 0};
    assert_int_equal(sim_create(&p->sim, &params), 0);
    for (unsigned i = 0; i < PARLIAMENT; i++) {
        char name[8];
        struct slice text = slice_of(name, (size_t)snprintf(name, sizeof name, "m%u", i));
        p->members[i].parliament = p;
        p->members[i].instance =
            sim_start(p->sim, &(struct sim_start){.role = &role,
                                  .name = text,
                                  .host = sim_host(p->sim, 0x0a000001 + ((i + 1) << 8), i + 1),
                                  .self = &p->members[i],
                                  .group = SLICE("all")});
    }
}

void parliament_close(struct parliament *p)
{
    sim_free(p->sim);
}

void parliament_run(struct parliament *p, int64_t microseconds)
{
    sim_run(p->sim, sim_now(p->sim) + microseconds);
}
