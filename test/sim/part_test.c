/* Parts of a cluster and strangers: two proxies and a pair, each a process of its own with a certificate, in
 * the simulated world. */
#include "config/builder.h"
#include "config/part.h"
#include "pair/pair.h"
#include "roles/node/node.h"
#include "roles/proxy/proxy.h"
#include "world/sim/sim.h"
#include "world/world_int.h"

#include "unit.h"

#define SECOND 1000000
enum { PROXY_1, PROXY_2, NODE_A, NODE_B, PARTS };
static const char *const names[PARTS] = {"proxy-1", "proxy-2", "node-1a", "node-1b"};

struct setting {
    struct sim *sim;
    struct configuration *configuration;
    struct sim_instance *parts[PARTS];
    enum config_member_state states[PARTS];
    const char *serials[PARTS], *members[PARTS]; /* what the configuration says of each */
    unsigned greetings[PARTS];                   /* streams that each has come to know by name */
};

static void effect_h(void *argument, struct sim_instance *i, const struct effect *e)
{
    struct setting *s = argument;
    for (int k = 0; k < PARTS; k++)
        s->greetings[k] += e->kind == EFFECT_NAME && i == s->parts[k];
}

static void configure(struct setting *s)
{
    struct configuration *before = s->configuration;
    struct config_builder *b = config_builder_new();
    config_builder_location(b, &(struct config_location){.name = SLICE("home"), .realm = SLICE("x.test")});
    for (int k = 0; k < PARTS; k++) {
        char inside[32], link[32];
        bool node = k >= NODE_A;
        snprintf(inside, sizeof inside, "tls:10.0.%d.1:7000", k + 1);
        snprintf(link, sizeof link, "tls:10.0.%d.1:7001", k + 1);
        config_builder_member(b,
            &(struct config_member){.name = slice_text(names[k]),
                .serial = slice_text(s->serials[k]),
                .state = (uint8_t)s->states[k]},
            SLICE("home"));
        config_builder_application(b,
            &(struct config_application){.name = slice_text(names[k]),
                .member = slice_text(s->members[k]),
                .role = node ? CONFIG_ROLE_NODE : CONFIG_ROLE_PROXY,
                .pair = node ? SLICE("node-1") : SLICE(""),
                .link = node ? slice_text(link) : SLICE(""),
                .inside = slice_text(inside)},
            SLICE("home"));
    }
    assert_int_equal(config_builder_end(&s->configuration, b, NULL), 0);
    sim_configure(s->sim, s->configuration);
    config_release(before);
}

static void begin(struct setting *s)
{
    *s = (struct setting){.sim = NULL};
    for (int k = 0; k < PARTS; k++) {
        s->states[k] = CONFIG_MEMBER_TRUSTED;
        s->serials[k] = "01";
        s->members[k] = names[k];
    }
    assert_int_equal(
        sim_create(&s->sim, &(struct sim_params){.seed = 3, .argument = s, .effect = effect_h}), 0);
}

static void start(struct setting *s)
{
    configure(s);
    for (int k = 0; k < PARTS; k++)
        s->parts[k] = sim_start(
            s->sim, &(struct sim_start){.role = k >= NODE_A ? &role_node : &role_proxy,
                        .name = slice_text(names[k]),
                        .pair = k >= NODE_A ? SLICE("node-1") : SLICE(""),
                        .location = SLICE("home"),
                        .host = sim_host(s->sim, 0x0a000101U + ((unsigned)k << 8), 1U + (unsigned)k)});
    sim_run(s->sim, sim_now(s->sim) + 5 * SECOND);
}

static void end(struct setting *s)
{
    sim_free(s->sim);
    config_release(s->configuration);
}

static bool in_step(const struct setting *s)
{
    return pair_in_step(sim_self(s->parts[NODE_A]), sim_self(s->parts[NODE_B]));
}

static uint64_t refused(const struct setting *s, int part)
{
    return sim_world(s->parts[part])->counters.values[COUNTER_PART_REFUSED];
}

static uint64_t all_refused(const struct setting *s)
{
    uint64_t sum = 0;
    for (int k = 0; k < PARTS; k++)
        sum += refused(s, k);
    return sum;
}

/* SEC-1: parts of trusted members find each other. */
static void trusted_parts_speak(void **state)
{
    (void)state;
    struct setting s;
    begin(&s);
    start(&s);
    assert_true(in_step(&s));
    assert_int_equal(s.greetings[PROXY_1], 2); /* the other proxy and the pair */
    assert_int_equal(s.greetings[PROXY_2], 2);
    assert_int_equal(all_refused(&s), 0);
    end(&s);
}

/* SEC-1: a certificate that is not the member's present one is good for nothing, whoever signed it. */
static void an_old_certificate_is_refused(void **state)
{
    (void)state;
    struct setting s;
    begin(&s);
    s.serials[PROXY_2] = "02";
    start(&s);
    assert_true(in_step(&s));
    assert_int_equal(s.greetings[PROXY_1], 1);
    assert_int_equal(s.greetings[PROXY_2], 0);
    assert_true(refused(&s, PROXY_1) > 0);
    assert_int_equal(s.greetings[NODE_A] + s.greetings[NODE_B], 1); /* of the pair by the other proxy */
    end(&s);
}

/* SEC-1: a member, although trusted, speaks for its own applications only. */
static void nobody_speaks_for_another(void **state)
{
    (void)state;
    struct setting s;
    begin(&s);
    s.members[NODE_B] = "proxy-2"; /* so what calls itself node-1b is where it does not belong */
    start(&s);
    assert_false(in_step(&s));
    assert_true(refused(&s, NODE_A) + refused(&s, NODE_B) > 0 || s.greetings[PROXY_1] >= 1);
    end(&s);
}

/* SEC-1: revocation closes what is open and keeps it closed; trust opens it again. */
static void a_revoked_member_gets_nowhere(void **state)
{
    (void)state;
    struct setting s;
    begin(&s);
    start(&s);
    assert_true(in_step(&s));
    s.states[NODE_B] = CONFIG_MEMBER_REVOKED;
    configure(&s);
    sim_run(s.sim, sim_now(s.sim) + 5 * SECOND);
    assert_false(in_step(&s));
    assert_true(refused(&s, NODE_A) > 0);
    s.states[NODE_B] = CONFIG_MEMBER_TRUSTED;
    configure(&s);
    sim_run(s.sim, sim_now(s.sim) + 5 * SECOND);
    assert_true(in_step(&s));

    unsigned before = s.greetings[PROXY_1];
    s.states[PROXY_2] = CONFIG_MEMBER_REVOKED;
    configure(&s);
    sim_run(s.sim, sim_now(s.sim) + 3 * SECOND);
    assert_true(refused(&s, PROXY_1) + refused(&s, PROXY_2) > 0);
    assert_int_equal(s.greetings[PROXY_1], before);
    s.states[PROXY_2] = CONFIG_MEMBER_TRUSTED;
    configure(&s);
    sim_run(s.sim, sim_now(s.sim) + 3 * SECOND);
    assert_int_equal(s.greetings[PROXY_1], before + 1);
    end(&s);
}

TESTS("test/sim/part", cmocka_unit_test(trusted_parts_speak), cmocka_unit_test(an_old_certificate_is_refused),
    cmocka_unit_test(nobody_speaks_for_another), cmocka_unit_test(a_revoked_member_gets_nowhere))
