/* Test 7 of the hard parts with registrations (VC-2): very many phones come back after a power cut while
 * others call; then one proxy dies, or all do, and know everything again by a snapshot or from the store.
 * Nobody leaves or takes more in a turn than a bound, whatever there is to be told. The unit run has 1,500
 * phones, the suite 10,000, TANDEM_HARD=20 half a million; what it costs is printed. */
#include "unit.h"

#include <unistd.h>

#include "hard_fixture.h"
#include "roles/proxy/proxy_int.h"

#define SECOND INT64_C(1000000)
#define PROXIES 2U
#define INPUT_MOST ((size_t)512 << 10)
#define AWAY (2 * SECOND)
#define BACK (600 * SECOND) /* until it must know everything again */

struct storm {
    unsigned victims;
    int64_t killed_at, known_at;
    bool restarted;
    size_t most_input;
};

static void strike(struct storm *s, struct cluster *c)
{
    s->killed_at = sim_now(c->sim);
    for (unsigned k = 0; k < s->victims; k++)
        sim_kill(c->sim, c->proxies[k], false);
}

static bool knows(struct cluster *c, unsigned proxy)
{
    const struct proxy *p = sim_self(c->proxies[proxy]);
    return p != NULL && p->listening && p->binding_count >= c->params->storm;
}

static void step_h(void *argument, struct cluster *c)
{
    struct storm *s = argument;
    if (s->killed_at == 0 || s->known_at != 0)
        return;
    if (!s->restarted && sim_now(c->sim) > s->killed_at + AWAY) {
        s->restarted = true;
        for (unsigned k = 0; k < s->victims; k++)
            sim_restart(c->sim, c->proxies[k]);
    }
    bool all = s->restarted;
    for (unsigned k = 0; k < PROXIES; k++)
        all = all && knows(c, k);
    if (all)
        s->known_at = sim_now(c->sim);
}

static void after_turn_h(void *argument, struct sim_instance *i, const struct input *input)
{
    struct storm *s = argument;
    if (input != NULL && slice_starts(sim_name(i), SLICE("proxy-")) && input->bytes.length > s->most_input)
        s->most_input = input->bytes.length;
}

static bool done_h(void *argument, struct cluster *c)
{
    struct storm *s = argument;
    size_t registered;
    if (s->killed_at == 0 && storm_over(c, &registered) && c->bindings_equal)
        strike(s, c);
    if (s->killed_at == 0)
        (void)invariants_settled(c, false);
    return s->known_at != 0 || (s->killed_at != 0 && sim_now(c->sim) > s->killed_at + BACK);
}

/* VC-2 */
static void storms_and_deaths_are_survived(void **state)
{
    unsigned effort = hard_effort(), phones = effort == 0 ? 1500 : effort < 20 ? 10000 : 500000;
    (void)state;
    alarm(effort < 20 ? 300 : 3000);
    for (unsigned victims = 1; victims <= PROXIES; victims++) {
        struct storm s = {.victims = victims};
        struct cluster_hooks hooks = {
            .argument = &s, .step = step_h, .after_turn = after_turn_h, .done = done_h};
        struct cluster_result r = hard_expect_good((struct cluster_params){.seed = 60 + victims,
                                                       .calls = 50,
                                                       .phones = 20,
                                                       .proxies = PROXIES,
                                                       .storm = phones,
                                                       .within = phones > 10000 ? 600 : 60,
                                                       .lenient = true,
                                                       .hooks = &hooks},
            "storm");
        assert_int_equal(r.storm.registered, phones);
        assert_int_not_equal(s.known_at, 0);
        print_message("%u phones, %u proxies die: known again after %.1f s; %zu bytes each, %zu at the worst "
                      "moment; a turn left at most %zu and took at most %zu bytes; %.1f CPU s\n",
            phones, victims, (double)(s.known_at - s.killed_at - AWAY) / 1e6, r.storm.each, r.storm.most,
            r.storm.most_effects, s.most_input, r.cpu_seconds);
        assert_true(s.most_input <= INPUT_MOST);
    }
}

TESTS("hard/storm", cmocka_unit_test(storms_and_deaths_are_survived))
