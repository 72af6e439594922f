/* The store cannot be reached for 60 s while phones make 500 calls a second (TANDEM_HARD=20; otherwise 20 s
 * and 25 calls; RP-1, CF-5). Calls are untouched: nobody fails that would not have failed (the cluster is
 * strict: what only faults excuse is a violation), as many calls are set up as before, none of them later;
 * nodes ask the store nothing. The history learns every call afterwards, each exactly once (the invariants
 * count the rows).
 */
#include "unit.h"

#include <unistd.h>

#include "hard_fixture.h"
#include "roles/node/node.h"
#include "roles/proxy/proxy.h"
#include "world/sim/sim_int.h"

#define SECOND INT64_C(1000000)
#define BEFORE (8 * SECOND) /* of calls, to compare with; phones begin by and by */
#define RAMP (10 * SECOND)

struct away {
    int64_t lasts;
    bool began, over;
    int64_t since;
    size_t calls[3], set_up[3]; /* before, when it began, when it was over */
    uint64_t asked;             /* by nodes, of the store */
    size_t rows_missing;
};

static void note(struct away *a, const struct cluster *c, int at)
{
    a->calls[at] = c->town.ledger.count;
    a->set_up[at] = c->town.ledger.established;
}

static void step_h(void *argument, struct cluster *c)
{
    struct away *a = argument;
    int64_t now = sim_now(c->sim) - c->town.begin_at;
    if (a->calls[0] == 0 && now >= RAMP)
        note(a, c, 0);
    if (!a->began && now >= RAMP + BEFORE) {
        a->began = true;
        a->since = sim_now(c->sim);
        note(a, c, 1);
        sim_weather(c->sim, SIM_FAULT_STORE_AWAY, a->since + a->lasts);
    } else if (a->began && !a->over && sim_now(c->sim) >= a->since + a->lasts) {
        a->over = true;
        note(a, c, 2);
    }
}

static void effect_h(void *argument, struct sim_instance *i, const struct effect *e)
{
    struct away *a = argument;
    if (e->kind == EFFECT_ASK && e->service == SERVICE_STORE && sim_role(i)->open == role_node.open)
        a->asked++;
}

static bool done_h(void *argument, struct cluster *c)
{
    (void)c;
    return ((const struct away *)argument)->over;
}

static double rate(const size_t *counts, int from, double seconds)
{
    return (double)(counts[from + 1] - counts[from]) / seconds;
}

/* VC-24, RP-1 */
static void calls_do_not_notice_that_the_store_is_away(void **state)
{
    bool full = hard_effort() > 1;
    struct away a = {.lasts = (full ? 60 : 20) * SECOND};
    struct cluster_hooks hooks = {.argument = &a, .step = step_h, .effect = effect_h, .done = done_h};
    (void)state;
    if (full)
        alarm(600); /* 40,000 calls take a minute of a machine that does nothing else */
    struct cluster_result r = hard_expect_good((struct cluster_params){.seed = 60,
                                                   .calls = full ? 70000 : 2600,
                                                   .phones = full ? 4000 : 220,
                                                   .proxies = full ? 4 : 2,
                                                   .pairs = full ? 4 : 2,
                                                   .rest_most = full ? 550000 : 2 * SECOND,
                                                   .hooks = &hooks},
        "the store is away");
    assert_true(a.over);
    assert_true(r.faults[SIM_FAULT_STORE_AWAY] > 0);
    assert_int_equal(a.asked, 0);
    double before = rate(a.set_up, 0, (double)BEFORE / SECOND),
           during = rate(a.set_up, 1, (double)a.lasts / SECOND),
           tried = rate(a.calls, 1, (double)a.lasts / SECOND);
    print_message("%.0f calls a second, set up %.1f a second before, %.1f while the store was away\n", tried,
        before, during);
    assert_true(tried > (full ? 450 : 15));
    assert_true(during > before * 0.8); /* chance; what fails is a violation */
}

TESTS("hard/store_away", cmocka_unit_test(calls_do_not_notice_that_the_store_is_away))
