/* Test 2 of the hard parts (CM-40): the hash over all effects depends on the seed alone, neither on the keys
 * of hash tables nor on where memory lies. test/hard/run compares other compilers and random addresses
 * besides.
 *
 * Planted: a proxy that asks the bus in the order of a hash table, and one that does so in the order of
 * addresses. Seen to fail with both. */
#include "unit.h"

#include "base/hash.h"
#include "base/mem.h"
#include "hard_fixture.h"
#include "roles/proxy/proxy.h"
#include "world/world.h"

#define GARBAGE 600

/* Another process of the same program: other keys, and memory that was used before. */
static struct cluster_result elsewhere(struct cluster_params params, unsigned number)
{
    struct hash_key key = hash_process_key;
    void *garbage[GARBAGE];
    hash_process_key = (struct hash_key){99 * number, 7 + number};
    for (size_t i = 0; i < GARBAGE; i++) {
        size_t size = 11 + i * 61 * number % 5000;
        garbage[i] = mem_alloc(size);
        memset(garbage[i], (int)(0x5a + number), size);
    }
    for (size_t i = 0; i < GARBAGE; i += 1 + number)
        mem_free(garbage[i]);
    struct cluster_result result = hard_run(params);
    for (size_t i = 0; i < GARBAGE; i++)
        if (i % (1 + number) != 0)
            mem_free(garbage[i]);
    hash_process_key = key;
    return result;
}

static bool same(struct cluster_params params)
{
    struct cluster_result first = elsewhere(params, 1), second = elsewhere(params, 2);
    return first.hash == second.hash && first.steps == second.steps && first.violations == second.violations;
}

static void expect_same(uint32_t faults)
{
    unsigned effort = hard_effort();
    for (uint64_t seed = 41; seed < 42 + 3 * effort; seed++)
        if (!same((struct cluster_params){
                .seed = seed, .calls = effort != 0 ? 500 : 100, .phones = 60, .faults = faults}))
            fail_msg("seed %llu gives two hashes", (unsigned long long)seed);
}

static void seed_decides(void **state)
{
    (void)state;
    expect_same(0);
}

static void seed_decides_with_faults(void **state)
{
    (void)state;
    hard_be_quiet(); /* full disks are said */
    expect_same(SIM_FAULT_ALL);
}

/* ---- planted ---- */

#define TOPICS 16

static void *objects[TOPICS];
static bool by_address;

static int by_chance(const void *a, const void *b)
{
    char *const *x = a, *const *y = b;
    uint64_t p = (uint64_t)(uintptr_t)*x, q = (uint64_t)(uintptr_t)*y;
    if (!by_address) {
        p = hash_bytes(hash_process_key, slice_text(*x));
        q = hash_bytes(hash_process_key, slice_text(*y));
    }
    return (p > q) - (p < q);
}

static int careless_open(void **self, struct world *w, const struct role_setup *setup)
{
    char *topics[TOPICS];
    for (size_t i = 0; i < TOPICS; i++) {
        objects[i] = mem_alloc(24 + i * 100); /* some from lists of free pieces, some new */
        snprintf(objects[i], 24, "topic.%zu", i);
        topics[i] = objects[i];
    }
    qsort(topics, TOPICS, sizeof topics[0], by_chance);
    for (size_t i = 0; i < TOPICS; i++)
        world_publish(w, slice_text(topics[i]), SLICE("news"));
    for (size_t i = 0; i < TOPICS; i++)
        mem_free(objects[i]);
    return role_proxy.open(self, w, setup);
}

static void careless_close(void *self)
{
    role_proxy.close(self);
}

static void careless_input(void *self, const struct input *input)
{
    role_proxy.input(self, input);
}

static const struct role careless = {
    .name = "proxy", .open = careless_open, .close = careless_close, .input = careless_input};

static void order_of_a_hash_table_is_noticed(void **state)
{
    (void)state;
    by_address = false;
    assert_false(same((struct cluster_params){.seed = 43, .calls = 5, .phones = 6, .proxy = &careless}));
}

static void order_of_addresses_is_noticed(void **state)
{
    (void)state;
    by_address = true;
    assert_false(same((struct cluster_params){.seed = 43, .calls = 5, .phones = 6, .proxy = &careless}));
}

TESTS("hard/same_hash", cmocka_unit_test(seed_decides), cmocka_unit_test(seed_decides_with_faults),
    cmocka_unit_test(order_of_a_hash_table_is_noticed), cmocka_unit_test(order_of_addresses_is_noticed))
