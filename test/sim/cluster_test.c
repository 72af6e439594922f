/* Whole clusters: same seed, same hash; roulette; and the invariants notice what is planted. */
#include "unit.h"

#include "base/hash.h"
#include "base/mem.h"
#include "roles/history/history.h"
#include "pair/pair.h"
#include "roles/node/node.h"
#include "sim/cluster.h"
#include "world/world_int.h"

static struct cluster_result run(struct cluster_params params)
{
    struct cluster_result result;
    params.seed = params.seed != 0 ? params.seed : 1;
    params.calls = params.calls != 0 ? params.calls : 200;
    params.phones = params.phones != 0 ? params.phones : 60;
    params.proxies = 2;
    params.pairs = 2;
    assert_int_equal(cluster_run(&result, &params), 0);
    return result;
}

static void calls_live_without_faults(void **state)
{
    (void)state;
    struct cluster_result r = run((struct cluster_params){.seed = 11});
    assert_string_equal(r.first, "");
    assert_int_equal(r.violations, 0);
    assert_int_equal(r.calls, 200);
    assert_true(r.established > 60);
}

/* Test 2 of the hard parts: neither hash keys nor addresses matter. */
static void same_seed_same_hash(void **state)
{
    (void)state;
    struct cluster_params params = {
        .seed = 12, .calls = 100, .faults = SIM_FAULT_BIT(SIM_FAULT_KILL) | SIM_FAULT_BIT(SIM_FAULT_DROP)};
    struct cluster_result first = run(params);
    struct hash_key key = hash_process_key;
    void *garbage[300];
    hash_process_key = (struct hash_key){99, 7};
    for (size_t i = 0; i < 300; i++) {
        garbage[i] = mem_alloc(11 + i * 97);
        memset(garbage[i], 0x5a, 11 + i * 97);
    }
    for (size_t i = 0; i < 300; i += 3)
        mem_free(garbage[i]);
    struct cluster_result second = run(params);
    for (size_t i = 0; i < 300; i++)
        if (i % 3 != 0)
            mem_free(garbage[i]);
    hash_process_key = key;
    assert_true(first.hash == second.hash);
    assert_true(first.steps == second.steps);
    assert_true(first.hash != run((struct cluster_params){.seed = 13, .calls = 100}).hash);
}

/* Test 1 of the hard parts; VC-20. */
static void roulette_gives_the_hash_of_the_undisturbed_run(void **state)
{
    (void)state;
    struct cluster_result undisturbed = run((struct cluster_params){.seed = 14, .calls = 60, .phones = 30}),
                          roulette = run((struct cluster_params){
                              .seed = 14, .calls = 60, .phones = 30, .roulette = true});
    assert_string_equal(roulette.first, "");
    assert_true(undisturbed.hash == roulette.hash);
}

/* VC-21, for what is asked so far: a killed primary loses no call. */
static void calls_survive_killed_primaries(void **state)
{
    (void)state;
    struct cluster_result r =
        run((struct cluster_params){.seed = 15, .calls = 400, .faults = SIM_FAULT_BIT(SIM_FAULT_KILL)});
    assert_string_equal(r.first, "");
    assert_true(r.faults[SIM_FAULT_KILL] > 3);
}

/* ---- planted ---- */

#define WORLDS 8

static struct {
    void *self;
    struct world *world;
} worlds[WORLDS]; /* of the instances with a planted fault */
static size_t planted_count;
static unsigned sent;

static int planted_open(const struct role *role, void **self, struct world *w, const struct role_setup *setup)
{
    int error = role->open(self, w, setup);
    if (error == 0 && planted_count < WORLDS) {
        worlds[planted_count].self = *self;
        worlds[planted_count++].world = w;
    }
    return error;
}

static struct world *world_of(void *self)
{
    for (size_t i = 0; i < planted_count; i++)
        if (worlds[i].self == self)
            return worlds[i].world;
    return NULL;
}

static int altering_open(void **self, struct world *w, const struct role_setup *setup)
{
    return planted_open(&role_node, self, w, setup);
}

/* Each fifth answer that establishes a call goes out twice, the second time with another word in it. */
static void altering_input(void *self, const struct input *input)
{
    role_node.input(self, input);
    struct world *w = world_of(self);
    struct slice rest = buffer_slice(&w->effects);
    struct effect e;
    while (effect_next(&rest, &e)) {
        ptrdiff_t at = slice_find_slice(e.second, SLICE("Allow: INVITE"));
        if (e.kind != EFFECT_TELL || slice_find_slice(e.second, SLICE("SIP/2.0 200 OK")) < 0 || at < 0 ||
            ++sent % 5 != 0)
            continue;
        char *copy = mem_copy(e.second.data, e.second.length);
        memcpy(copy + at, "Allow: INVENT", 13);
        struct slice name = slice_of(mem_copy(e.first.data, e.first.length), e.first.length);
        world_tell(w, name, slice_of(copy, e.second.length));
        mem_free((void *)(uintptr_t)name.data);
        mem_free(copy);
        return;
    }
}

static const struct role altering = {.name = "altering",
    .open = altering_open,
    .close = pair_close,
    .input = altering_input,
    .audit = pair_audit};

static void two_different_answers_are_noticed(void **state)
{
    (void)state;
    planted_count = 0;
    sent = 0;
    struct cluster_result r = run((struct cluster_params){.seed = 16, .node = &altering});
    assert_true(r.violations > 0);
    assert_non_null(strstr(r.first, "two different messages"));
}

static unsigned events;

/* Hears nothing any more after some events. */
static void deaf_input(void *self, const struct input *input)
{
    if (input->kind != INPUT_BUS || ++events < 100)
        history_role.input(self, input);
}

static int deaf_open(void **self, struct world *w, const struct role_setup *setup)
{
    return history_role.open(self, w, setup);
}

static void deaf_close(void *self)
{
    history_role.close(self);
}

static const struct role deaf = {.name = "deaf", .open = deaf_open, .close = deaf_close, .input = deaf_input};

static void a_missing_row_is_noticed(void **state)
{
    (void)state;
    events = 0;
    struct cluster_result r = run((struct cluster_params){.seed = 17, .calls = 60, .history = &deaf});
    assert_true(r.violations > 0);
    assert_non_null(strstr(r.first, "outbox"));
}

TESTS("sim/cluster", cmocka_unit_test(calls_live_without_faults), cmocka_unit_test(same_seed_same_hash),
    cmocka_unit_test(roulette_gives_the_hash_of_the_undisturbed_run),
    cmocka_unit_test(calls_survive_killed_primaries), cmocka_unit_test(two_different_answers_are_noticed),
    cmocka_unit_test(a_missing_row_is_noticed))
