/* SEC-5: whatever records a node is given at a takeover, it resumes, lets time pass, and closes.
 *
 * The input is a list of: kind, id, length (two bytes), record. */
#include "pair/pair_int.h"
#include "roles/node/node_fixture.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define TURNS 300

static uint64_t random_h(void *maker)
{
    return ++*(uint64_t *)maker;
}
static const struct world_backend backend = {.random = random_h, .commit = stage_discard};

/* The role inside of the pair. */
static const struct role *inner_role(struct world *w, const struct role_setup *setup)
{
    void *pair;
    if (role_node.open(&pair, w, setup) != 0)
        return NULL;
    const struct role *role = ((struct pair *)pair)->role;
    role_node.close(pair);
    world_turn_clear(w);
    return role;
}

static void load_all(const struct role *role, void *self, struct slice rest)
{
    while (rest.length >= 4) {
        const unsigned char *head = (const unsigned char *)rest.data;
        size_t length = (size_t)head[2] << 8 | head[3];
        struct record_id id = {head[0], head[1]};
        struct slice bytes = slice_first(slice_from(rest, 4), length);
        (void)!role->load(self, id, bytes);
        rest = slice_from(rest, 4 + length);
    }
}

static void pass_time(struct world *w, const struct role *role, void *self)
{
    for (int turn = 0; turn < TURNS; turn++) {
        int64_t next = wheel_next(w->wheel);
        if (next == WHEEL_NEVER || next > (int64_t)1 << 50)
            return;
        int64_t now = next > w->now ? next : w->now + 1000;
        struct wheel_timer *due = wheel_due(w->wheel, now);
        world_turn_begin(w, now);
        if (due != NULL) {
            struct world *owner;
            struct input in = world_timer_input(due, &owner);
            role->input(self, &in);
        }
        world_turn_end(w);
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static struct configuration *configuration;
    static struct wheel wheel;
    struct world w;
    uint64_t chance = 0;
    void *self;
    struct role_setup setup = {.name = SLICE("node-1a"),
        .pair = SLICE("node-1"),
        .location = SLICE("home"),
        .incarnation = 2,
        .resumed = true};
    if (configuration == NULL)
        configuration = stage_configuration(&(struct stage_setup){.node_calls = 0});
    wheel_init(&wheel, 1000000000);
    world_init(&w, &backend, &chance, &wheel);
    w.configuration = configuration;
    world_turn_begin(&w, 1000000000);
    const struct role *role = inner_role(&w, &setup);
    if (role == NULL || role->open(&self, &w, &setup) != 0)
        __builtin_trap();
    load_all(role, self, slice_of(data, size));
    role->resume(self);
    world_turn_end(&w);
    pass_time(&w, role, self);
    w.closing = true;
    role->close(self);
    world_end(&w);
    wheel_close(&wheel);
    return 0;
}
