/* The scheduler and the hash of a run: everything follows from the seed. */
#include "unit.h"

#include "base/hash.h"
#include "base/mem.h"
#include "world/sim/echo_fixture.h"
#include "world/sim/sim.h"

#define SECOND INT64_C(1000000)

struct outcome {
    uint64_t hash, tape, steps;
    unsigned done;
    int64_t now;
};

static struct outcome echo_run(uint64_t seed, uint32_t faults, unsigned rounds)
{
    struct sim *s;
    struct sim_params params = {.seed = seed, .faults = faults};
    echo_tape =
        (struct echo_tape){.rounds = rounds, .chance = true, .server = "10.0.1.1", .client = "10.0.2.1"};
    assert_int_equal(sim_create(&s, &params), 0);
    unsigned one = sim_host(s, 0x0a000101, 1), two = sim_host(s, 0x0a000201, 2);
    sim_start(s, &(struct sim_start){.role = &echo_server, .name = SLICE("server"), .host = one});
    sim_start(s, &(struct sim_start){.role = &echo_client, .name = SLICE("client"), .host = two});
    int64_t end = sim_now(s) + 20 * SECOND;
    for (int f = 0; f < SIM_FAULTS; f++)
        if ((faults & SIM_FAULT_BIT(f)) != 0)
            sim_weather(s, (enum sim_fault)f, end);
    sim_run(s, end);
    struct outcome o = {.hash = sim_hash(s),
        .tape = hash_stable(buffer_slice(&echo_tape.text)),
        .steps = sim_steps(s),
        .done = echo_tape.done,
        .now = sim_now(s)};
    assert_int_equal(sim_waiting(s), 0);
    sim_free(s);
    buffer_free(&echo_tape.text);
    return o;
}

static void echoes_every_number(void **state)
{
    (void)state;
    struct outcome o = echo_run(1, 0, 100);
    assert_int_equal(o.done, 100);
    assert_true(o.steps > 200);
}

static void same_seed_gives_same_hash(void **state)
{
    (void)state;
    struct outcome first = echo_run(7, SIM_FAULT_BIT(SIM_FAULT_SPLIT), 300),
                   second = echo_run(7, SIM_FAULT_BIT(SIM_FAULT_SPLIT), 300);
    assert_int_equal(first.done, 300);
    assert_true(first.hash == second.hash);
    assert_true(first.tape == second.tape);
    assert_true(first.steps == second.steps);
}

static void another_seed_gives_another_hash(void **state)
{
    (void)state;
    assert_true(echo_run(7, 0, 30).hash != echo_run(8, 0, 30).hash);
}

static void hash_depends_on_neither_table_keys_nor_addresses(void **state)
{
    (void)state;
    struct outcome first = echo_run(9, 0, 200);
    struct hash_key key = hash_process_key;
    hash_process_key = (struct hash_key){0x1234, 0x9876};
    void *garbage[200];
    for (size_t i = 0; i < 200; i++) {
        garbage[i] = mem_alloc(17 + i * 131);
        memset(garbage[i], 0xa5, 17 + i * 131);
    }
    for (size_t i = 0; i < 200; i += 2)
        mem_free(garbage[i]);
    struct outcome second = echo_run(9, 0, 200);
    for (size_t i = 1; i < 200; i += 2)
        mem_free(garbage[i]);
    hash_process_key = key;
    assert_true(first.hash == second.hash);
    assert_true(first.steps == second.steps);
}

TESTS("world/sim", cmocka_unit_test(echoes_every_number), cmocka_unit_test(same_seed_gives_same_hash),
    cmocka_unit_test(another_seed_gives_another_hash),
    cmocka_unit_test(hash_depends_on_neither_table_keys_nor_addresses))
