/* Test 7 of the hard parts (CM-4, VC-24): much at once, counted and not timed.
 *   walk      a late joiner of a pair with 1,000 records of 60 KiB and 20,000 small ones: no step takes more
 * than 256 records or 512 KiB, no frame more than FRAME_LIMIT, no more than PAIR_WALK_AHEAD batches go ahead
 * of their receipts turn      one turn that changes 2.4 MB of records reaches the backup whole; one past
 * every bound makes it begin anew, and it gets in step again calls     the same walk with calls whose session
 * descriptions have 56 KiB, while more of them come objects   the configuration is replaced by one with
 * 100,000 more DNs while calls run: nobody does more than 256 effects or 512 KiB in a turn, and no call fails
 *
 * Planted: a step without bound. Seen to fail with it; and a pair whose walk counts records only, as it once
 * was, fails in walk and in calls. */
#include "unit.h"

#include "base/error.h"
#include "base/mem.h"
#include "config/builder.h"
#include "hard_fixture.h"
#include "wire/pack.h"
#include "wire/record.pb-c.h"
#include "world/sim/sim_int.h"

#define SECOND INT64_C(1000000)
#define LARGE ((size_t)60 << 10)
#define SMALL 64U

/* ---- what goes over the link ---- */

struct seen {
    size_t frames, most_frame, most_records, most_step, most_ahead, batches, parts;
    size_t part_bytes;
    struct cluster *cluster;
    struct sim_instance *killed;
    int64_t killed_at;
    bool back, configured;
    size_t established, turn_effects, turn_bytes, most_effects, most_bytes;
    uint64_t turn;
    struct sim_instance *turn_of;
};

static void see_batch(struct seen *s, struct slice payload)
{
    struct arena arena = {0};
    s->batches++;
    size_t bytes = payload.length + s->part_bytes;
    if (bytes > s->most_step)
        s->most_step = bytes;
    const Tandem__PairBatch *b =
        s->part_bytes == 0 ? pack_read(&tandem__pair_batch__descriptor, payload, &arena) : NULL;
    if (b != NULL && b->n_records > s->most_records)
        s->most_records = b->n_records;
    s->part_bytes = 0;
    arena_free(&arena);
}

static void see_frame(struct seen *s, struct slice bytes)
{
    if (bytes.length < FRAME_HEAD)
        return;
    const unsigned char *head = (const unsigned char *)bytes.data;
    size_t length = (size_t)head[0] << 24 | (size_t)head[1] << 16 | (size_t)head[2] << 8 | head[3];
    s->frames++;
    if (length > s->most_frame)
        s->most_frame = length;
    if (length + 4 != bytes.length)
        s->most_frame = SIZE_MAX; /* not one frame whole */
    if (head[4] == PAIR_FRAME_BATCH)
        see_batch(s, slice_from(bytes, FRAME_HEAD));
    if (head[4] == PAIR_FRAME_PART) {
        s->parts++;
        s->part_bytes += bytes.length - FRAME_HEAD;
    }
}

static void see_effect(void *argument, struct sim_instance *i, const struct effect *e)
{
    struct seen *s = argument;
    const struct pair *p = sim_self(i);
    if (e->kind != EFFECT_SEND || p == NULL || p->flow != e->flow)
        return;
    see_frame(s, e->second);
    if (p->walk != NULL && p->sent - p->received > s->most_ahead)
        s->most_ahead = p->sent - p->received;
}

/* Batches of live turns go ahead, too: `busy`. */
static bool bounded(const struct seen *s, size_t largest, bool busy)
{
    print_message("frames %zu of at most %zu; %zu batches of at most %zu records, %zu bytes; %zu ahead\n",
        s->frames, s->most_frame, s->batches, s->most_records, s->most_step, s->most_ahead);
    return s->most_frame <= FRAME_LIMIT && s->most_records <= PAIR_WALK_RECORDS &&
           s->most_step <= PAIR_BATCH_LIMIT + largest + 65536 && (busy || s->most_ahead <= PAIR_WALK_AHEAD);
}

/* ---- a role with records and nothing else ---- */

static struct {
    size_t large, small, turn; /* records of a new pair; so many are changed in one turn when it is told to */
} plan;

struct hoard {
    struct world *world;
    size_t count;
    struct world_timer timer;
};

static int hoard_open(void **self, struct world *w, const struct role_setup *setup)
{
    struct hoard *h = *self = mem_zero(sizeof *h);
    h->world = w;
    if (!setup->resumed)
        world_timer_set(w, &h->timer, OBJECT(1, 0), 0, world_now(w) + 1000);
    return 0;
}

static void hoard_close(void *self)
{
    struct hoard *h = self;
    world_timer_clear(&h->timer);
    mem_free(h);
}

/* A few at a time until all are there; then, when the test says so, many at once. */
static void hoard_input(void *self, const struct input *in)
{
    struct hoard *h = self;
    if (in->kind != INPUT_TIMER)
        return;
    for (size_t n = 0; n < 200 && h->count < plan.large + plan.small; n++)
        world_dirty(h->world, 2, ++h->count);
    for (size_t n = 1; n <= plan.turn; n++)
        world_dirty(h->world, 2, n);
    plan.turn = 0;
    world_timer_set(h->world, &h->timer, OBJECT(1, 0), 0, world_now(h->world) + 1000);
}

static int hoard_save(void *self, struct record_id id, struct buffer *out)
{
    size_t size = id.id <= plan.large ? LARGE : SMALL;
    (void)self;
    char *room = buffer_room(out, size);
    if (room == NULL)
        return ERROR_LIMIT;
    memset(room, (int)(id.id & 0x7f), size);
    out->length += size;
    return 0;
}

static int hoard_load(void *self, struct record_id id, struct slice bytes)
{
    struct hoard *h = self;
    (void)id;
    (void)bytes;
    h->count++;
    return 0;
}

static void hoard_resume(void *self)
{
    (void)self;
}

static const struct role hoard = {.name = "hoard",
    .open = hoard_open,
    .close = hoard_close,
    .input = hoard_input,
    .save = hoard_save,
    .load = hoard_load,
    .resume = hoard_resume};

PAIR_ROLE(hoarding, "node", hoard);

/* ---- two members ---- */

struct two {
    struct sim *sim;
    struct configuration *configuration;
    struct sim_instance *members[2];
    struct seen seen;
};

static void two_begin(struct two *t, const struct role *role)
{
    struct config_builder *b = config_builder_new();
    static const char *const names[] = {"node-1a", "node-1b"}, *const links[] = {
                                                                   "tls:10.0.1.1:7001", "tls:10.0.2.1:7001"};
    *t = (struct two){.sim = NULL};
    config_builder_location(b, &(struct config_location){.name = SLICE("home"), .realm = SLICE("x.test")});
    for (int m = 0; m < 2; m++) {
        config_builder_member(b,
            &(struct config_member){
                .name = slice_text(names[m]), .serial = SLICE("01"), .state = CONFIG_MEMBER_TRUSTED},
            SLICE("home"));
        config_builder_application(b,
            &(struct config_application){.name = slice_text(names[m]),
                .member = slice_text(names[m]),
                .pair = SLICE("node-1"),
                .role = CONFIG_ROLE_NODE,
                .link = slice_text(links[m])},
            SLICE("home"));
    }
    assert_int_equal(config_builder_end(&t->configuration, b, NULL), 0);
    assert_int_equal(
        sim_create(&t->sim, &(struct sim_params){.seed = 7, .argument = &t->seen, .effect = see_effect}), 0);
    sim_configure(t->sim, t->configuration);
    for (int m = 0; m < 2; m++)
        t->members[m] = sim_start(
            t->sim, &(struct sim_start){.role = role,
                        .name = slice_text(names[m]),
                        .pair = SLICE("node-1"),
                        .location = SLICE("home"),
                        .host = sim_host(t->sim, 0x0a000101U + ((unsigned)m << 8), 1U + (unsigned)m)});
}

static void two_end(struct two *t)
{
    sim_free(t->sim);
    config_release(t->configuration);
}

static void run(struct two *t, int64_t duration)
{
    sim_run(t->sim, sim_now(t->sim) + duration);
}

static bool in_step(struct two *t)
{
    return pair_in_step(sim_self(t->members[0]), sim_self(t->members[1]));
}

/* They grow together; then one dies and comes back: the walk is what is looked at. Returns the one that
 * stays. */
static struct sim_instance *walk_to_late_joiner(struct two *t)
{
    run(t, 4 * SECOND);
    assert_true(in_step(t));
    const struct pair *first = sim_self(t->members[0]);
    struct sim_instance *primary = t->members[first->inner == NULL],
                        *backup = t->members[first->inner != NULL];
    sim_kill(t->sim, backup, false);
    run(t, SECOND);
    t->seen = (struct seen){.frames = 0};
    sim_restart(t->sim, backup);
    run(t, 5 * SECOND);
    return primary;
}

static void a_walk_is_bounded(void **state)
{
    struct two t;
    struct record_id which;
    (void)state;
    plan.large = 1000;
    plan.small = hard_effort() != 0 ? 99000 : 20000;
    two_begin(&t, &hoarding);
    struct sim_instance *primary = walk_to_late_joiner(&t);
    assert_true(in_step(&t));
    assert_true(bounded(&t.seen, LARGE, false));
    assert_true(t.seen.batches > 1000 * LARGE / (PAIR_BATCH_LIMIT + LARGE));
    assert_false(pair_differs(sim_self(primary), sim_self(t.members[primary == t.members[0]]), &which));
    two_end(&t);
}

static void a_giant_turn_is_kept_whole(void **state)
{
    struct two t;
    struct record_id which;
    (void)state;
    plan.large = 100;
    plan.small = 10;
    two_begin(&t, &hoarding);
    run(&t, 4 * SECOND);
    const struct pair *first = sim_self(t.members[0]);
    unsigned m = first->inner == NULL;
    t.seen = (struct seen){.frames = 0};
    plan.turn = 40;
    run(&t, SECOND / 2);
    assert_true(in_step(&t));
    assert_true(t.seen.parts >= 4 && t.seen.most_frame <= FRAME_LIMIT);
    assert_false(pair_differs(sim_self(t.members[m]), sim_self(t.members[1 - m]), &which));
    unit_expect_error("changed more than");
    plan.turn = 100; /* 6 MB */
    run(&t, 8 * SECOND);
    assert_true(in_step(&t));
    assert_true(t.seen.most_frame <= FRAME_LIMIT);
    two_end(&t);
}

/* ---- planted ---- */

static void boundless_input(void *self, const struct input *in)
{
    struct pair *p = self;
    if (in->kind != INPUT_AGAIN || in->token != PAIR_TOKEN || p->walk == NULL) {
        pair_input(self, in);
        return;
    }
    size_t count = 0;
    struct record_id *records = mem_alloc(map_count(&p->known) * sizeof *records);
    list_for_each (link, &p->known_list)
        records[count++] = list_entry(link, struct pair_item, link)->id;
    p->walk = NULL;
    (void)pair__batch_send(p, records, count, SIZE_MAX, SLICE(""), true);
    p->walk_end = p->sent;
    mem_free(records);
}

static int boundless_open(void **self, struct world *w, const struct role_setup *setup)
{
    return hoarding.open(self, w, setup);
}

static const struct role boundless = {.name = "node",
    .open = boundless_open,
    .close = pair_close,
    .input = boundless_input,
    .audit = pair_audit};

static void a_step_without_bound_is_noticed(void **state)
{
    struct two t;
    (void)state;
    hard_be_quiet();
    plan.large = 0;
    plan.small = 2000;
    two_begin(&t, &boundless);
    (void)walk_to_late_joiner(&t);
    assert_false(bounded(&t.seen, SMALL, false));
    two_end(&t);
}

/* ---- calls and objects ---- */

static void effect_h(void *argument, struct sim_instance *i, const struct effect *e)
{
    struct seen *s = argument;
    if (s->cluster == NULL)
        return;
    if (sim_role(i) == s->cluster->node)
        see_effect(s, i, e);
    if (!s->configured)
        return;
    uint64_t turn = sim_steps(s->cluster->sim);
    if (turn != s->turn || i != s->turn_of)
        s->turn_effects = s->turn_bytes = 0;
    s->turn = turn;
    s->turn_of = i;
    s->turn_bytes += e->second.length;
    if (++s->turn_effects > s->most_effects)
        s->most_effects = s->turn_effects;
    if (s->turn_bytes > s->most_bytes)
        s->most_bytes = s->turn_bytes;
}

static void joiner_step_h(void *argument, struct cluster *c)
{
    struct seen *s = argument;
    s->cluster = c;
    if (s->killed_at == 0 && c->town.ledger.count >= c->params->calls * 6 / 10) {
        struct sim_instance *primary = hard_primary(c, 0, &s->killed);
        if (primary == NULL || !pair_in_step(sim_self(primary), sim_self(s->killed)))
            return;
        s->killed_at = sim_now(c->sim);
        sim_kill(c->sim, s->killed, false);
    } else if (s->killed_at != 0 && !s->back && sim_now(c->sim) > s->killed_at + SECOND) {
        s->back = true;
        sim_restart(c->sim, s->killed);
    }
}

static bool joined_h(void *argument, struct cluster *c)
{
    const struct seen *s = argument;
    return s->back && pair_in_step(sim_self(c->members[0].instance), sim_self(c->members[1].instance));
}

static void calls_with_much_in_them_are_walked(void **state)
{
    bool much = hard_effort() != 0;
    struct seen s = {.frames = 0};
    struct cluster_hooks hooks = {
        .argument = &s, .step = joiner_step_h, .effect = effect_h, .done = joined_h};
    (void)state;
    struct cluster_result r = hard_expect_good((struct cluster_params){.seed = 71,
                                                   .calls = much ? 1000 : 100,
                                                   .phones = much ? 1600 : 150,
                                                   .pairs = 1,
                                                   .udp_only = true,
                                                   .description = 56 << 10,
                                                   .hooks = &hooks},
        "calls of 56 KiB");
    assert_true(s.back && r.established > 0);
    assert_true(bounded(&s, 4 * LARGE, true));
}

static void objects_step_h(void *argument, struct cluster *c)
{
    struct seen *s = argument;
    s->cluster = c;
    if (s->configured || c->town.ledger.count < c->params->calls / 2)
        return;
    s->configured = true;
    if (cluster__configure(c, 100000) != 0)
        cluster__violation(c, SLICE(""), SLICE(""), "the new configuration was not taken");
}

static void a_hundred_thousand_objects_change_at_once(void **state)
{
    struct seen s = {.frames = 0};
    struct cluster_hooks hooks = {.argument = &s, .step = objects_step_h, .effect = effect_h};
    (void)state;
    (void)hard_expect_good((struct cluster_params){.seed = 72, .calls = 100, .phones = 40, .hooks = &hooks},
        "a new configuration");
    print_message("at most %zu effects, %zu bytes a turn\n", s.most_effects, s.most_bytes);
    assert_true(s.configured);
    assert_true(s.most_effects <= 256 && s.most_bytes <= PAIR_BATCH_LIMIT);
}

TESTS("hard/giant", cmocka_unit_test(a_walk_is_bounded), cmocka_unit_test(a_giant_turn_is_kept_whole),
    cmocka_unit_test(a_step_without_bound_is_noticed), cmocka_unit_test(calls_with_much_in_them_are_walked),
    cmocka_unit_test(a_hundred_thousand_objects_change_at_once))
