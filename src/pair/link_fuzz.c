/* SEC-5: any bytes on the link of a pair, in each state of the member; the first byte chooses the state, the
 * second how the bytes are cut. */
#include "base/log.h"
#include "config/builder.h"
#include "pair/pair_int.h"
#include "world/world_int.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static uint64_t random_h(void *maker)
{
    return ++*(uint64_t *)maker;
}
static void commit_h(void *maker, struct world *w)
{
    (void)maker;
    world_turn_clear(w);
}
static const struct world_backend backend = {.random = random_h, .commit = commit_h};

static int inner_open(void **self, struct world *w, const struct role_setup *setup)
{
    (void)setup;
    *self = w;
    return 0;
}
static void inner_close(void *self)
{
    (void)self;
}
static void inner_input(void *self, const struct input *in)
{
    (void)self;
    (void)in;
}
static int inner_save(void *self, struct record_id id, struct buffer *out)
{
    (void)self;
    buffer_add(out, slice_of(&id.id, sizeof id.id));
    return 0;
}
static int inner_load(void *self, struct record_id id, struct slice bytes)
{
    (void)self;
    (void)id;
    return bytes.length % 2 == 0 ? 0 : -1;
}
static const struct role inner = {.name = "inner",
    .open = inner_open,
    .close = inner_close,
    .input = inner_input,
    .save = inner_save,
    .load = inner_load,
    .resume = inner_close};

static struct configuration *configure(void)
{
    struct config_builder *b = config_builder_new();
    struct configuration *c = NULL;
    config_builder_location(b, &(struct config_location){.name = SLICE("home")});
    for (int i = 0; i < 2; i++)
        config_builder_application(b,
            &(struct config_application){.name = i == 0 ? SLICE("a") : SLICE("b"),
                .pair = SLICE("p"),
                .role = CONFIG_ROLE_NODE,
                .link = SLICE("local:link"),
                .inside = SLICE("local:inside")},
            SLICE("home"));
    (void)!config_builder_end(&c, b, NULL);
    return c;
}

static const struct role pair_role = {.name = "pair", .input = pair_input};

static void feed(struct world *w, struct pair *p, struct slice rest, size_t piece)
{
    while (rest.length != 0) {
        struct slice part = slice_first(rest, piece);
        struct input in = {.kind = INPUT_DATA, .flow = p->flow, .token = PAIR_TOKEN, .bytes = part};
        if (p->flow == 0) {
            in.kind = INPUT_ACCEPTED;
            in.flow = 7000 + rest.length;
        } else {
            rest = slice_from(rest, part.length);
        }
        world_turn(w, &pair_role, p, &in, w->now + 1000);
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static struct configuration *configuration;
    static struct wheel wheel;
    struct world w;
    uint64_t chance = 0;
    void *self;
    struct role_setup setup = {
        .name = SLICE("b"), .pair = SLICE("p"), .location = SLICE("home"), .incarnation = 1};
    if (size < 3)
        return 0;
    log_threshold = LOG_ERROR;
    if (configuration == NULL)
        configuration = configure();
    wheel_init(&wheel, 1000000000);
    world_init(&w, &backend, &chance, &wheel);
    w.configuration = configuration;
    world_turn_begin(&w, 1000000000);
    if (pair_open(&self, &w, &setup, &inner) != 0)
        __builtin_trap();
    struct pair *p = self;
    p->lease_until = INT64_MAX;
    p->record = (struct pair_fact){.view = 1, .primary = "a"};
    p->state = data[0] % 3 == 0 ? PAIR_ST_FRESH : PAIR_ST_CLAIMING;
    if (p->state == PAIR_ST_CLAIMING && data[0] % 3 == 2) {
        strcpy(p->record.primary, "b");
        pair__event(p, PAIR_EV_YES);
    }
    world_turn_end(&w);
    feed(&w, p, slice_of(data + 2, size - 2), 1 + data[1]);
    if (p->state == PAIR_ST_SHADOW ||
        p->state == PAIR_ST_SYNCING) { /* and takes over with what it was given */
        p->state = PAIR_ST_TAKING;
        world_turn_begin(&w, w.now + 1000);
        pair__event(p, PAIR_EV_YES);
        world_turn_end(&w);
    }
    w.closing = true;
    pair_close(self);
    world_end(&w);
    wheel_close(&wheel);
    return 0;
}
