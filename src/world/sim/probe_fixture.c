#include "world/sim/probe_fixture.h"

#include <stdio.h>
#include <stdlib.h>

static void set_timer(struct probe *p)
{
    if (p->ticks)
        world_timer_set(p->world, &p->timer, OBJECT(1, 1), 1, world_now(p->world) + PROBE_TICK);
}

static int probe_open(void **self, struct world *world, const struct role_setup *setup)
{
    struct probe *p = *self;
    (void)setup;
    p->world = world;
    p->opened++;
    set_timer(p);
    if (p->act != NULL)
        p->act(p, NULL);
    return 0;
}

static void probe_close(void *self)
{
    struct probe *p = self;
    world_timer_clear(&p->timer);
    p->world = NULL;
}

static void probe_input(void *self, const struct input *input)
{
    struct probe *p = self;
    p->counts[input->kind]++;
    p->last = world_now(p->world);
    if (input->kind == INPUT_ANSWER)
        p->answers[input->answer]++;
    if (input->kind == INPUT_CLOSED)
        p->error = input->error;
    if (input->kind == INPUT_DATA || input->kind == INPUT_DATAGRAM)
        buffer_add(&p->text, input->bytes);
    if (p->act != NULL)
        p->act(p, input);
    if (input->kind == INPUT_TIMER)
        set_timer(p);
}

const struct role probe_role = {
    .name = "probe", .open = probe_open, .close = probe_close, .input = probe_input};

void probes_open(struct probes *s, struct probe *probes, size_t count, uint32_t faults, bool mortal)
{
    struct sim_params params = {.seed = 1, .faults = faults};
    *s = (struct probes){.probes = probes, .count = count};
    if (sim_create(&s->sim, &params) != 0)
        abort();
    for (size_t i = 0; i < count; i++) {
        char name[8];
        unsigned host = sim_host(s->sim, 0x0a000001 + (uint32_t)((i + 1) << 8), (unsigned)i + 1);
        struct slice text = slice_of(name, (size_t)snprintf(name, sizeof name, "p%zu", i));
        s->instances[i] = sim_start(s->sim, &(struct sim_start){.role = &probe_role,
                                                .name = text,
                                                .host = host,
                                                .self = &probes[i],
                                                .group = mortal ? text : SLICE("")});
    }
}

void probes_close(struct probes *s)
{
    sim_free(s->sim);
    for (size_t i = 0; i < s->count; i++)
        buffer_free(&s->probes[i].text);
}
