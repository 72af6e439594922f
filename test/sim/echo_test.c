/* The same roles ask for the same in both worlds. */
#include "unit.h"

#include "world/real/real.h"
#include "world/sim/echo_fixture.h"
#include "world/sim/sim.h"

#define ROUNDS 60
#define SECOND INT64_C(1000000)

static void begin_tape(void)
{
    echo_tape = (struct echo_tape){.rounds = ROUNDS, .server = "127.0.0.1", .client = "127.0.0.1"};
}

static void stop(void *loop)
{
    real_stop(loop);
}

static void in_real_time(void)
{
    struct real_loop *loop;
    struct real_instance *server, *client;
    struct role_setup one = {.name = SLICE("server"), .incarnation = 1},
                      two = {.name = SLICE("client"), .incarnation = 1};
    begin_tape();
    assert_int_equal(real_open(&loop, &(struct real_params){0}), 0);
    echo_tape.finished = stop;
    echo_tape.argument = loop;
    assert_int_equal(real_add_instance(&server, loop, &echo_server, &one, NULL), 0);
    assert_int_equal(real_add_instance(&client, loop, &echo_client, &two, NULL), 0);
    real_run(loop);
    real_close(loop);
}

static void in_simulated_time(void)
{
    struct sim *s;
    begin_tape();
    assert_int_equal(sim_create(&s, &(struct sim_params){.seed = 5}), 0);
    unsigned host = sim_host(s, 0x7f000001, 1);
    sim_start(s, &(struct sim_start){.role = &echo_server, .name = SLICE("server"), .host = host});
    sim_start(s, &(struct sim_start){.role = &echo_client, .name = SLICE("client"), .host = host});
    sim_run(s, sim_now(s) + 10 * SECOND);
    sim_free(s);
}

static void both_worlds_give_the_same_effects(void **state)
{
    (void)state;
    in_simulated_time();
    struct buffer simulated = echo_tape.text;
    assert_int_equal(echo_tape.done, ROUNDS);
    in_real_time();
    struct buffer real = echo_tape.text;
    assert_int_equal(echo_tape.done, ROUNDS);
    assert_int_equal(real.length, simulated.length);
    assert_memory_equal(real.data, simulated.data, real.length);
    buffer_free(&simulated);
    buffer_free(&real);
}

TESTS("world/echo", cmocka_unit_test(both_worlds_give_the_same_effects))
