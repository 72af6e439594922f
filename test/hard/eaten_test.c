/* Test 5 of the hard parts (VC-21): a process reads an input and dies before it has committed anything of it:
 * the primary of a pair, and a proxy; for each kind of message, from phones over UDP and over TCP. The call
 * completes as if nothing had happened: where the primary dies, no call fails; where a proxy dies, its UDP
 * phones notice nothing either, and calls of its TCP phones that do not stand yet may end, in order.
 *
 * Planted: proxies that do not keep their requests toward a node until the final answer, so that nothing is
 * sent again. Seen to fail with it. */
#include "unit.h"

#include "base/hash.h"
#include "hard_fixture.h"
#include "pair/pair.h"
#include "roles/proxy/proxy.h"
#include "sip/message.h"

#define SECOND INT64_C(1000000)

enum { VICTIM_PRIMARY, VICTIM_PROXY, VICTIMS };
enum {
    EAT_INVITE,
    EAT_100,
    EAT_180,
    EAT_200,
    EAT_ACK,
    EAT_BYE,
    EAT_CANCEL,
    EAT_REINVITE,
    EAT_REGISTER,
    EAT_183,
    EAT_PRACK,
    EAT_UPDATE,
    EAT_INFO,
    EATS
};
static const char *const names[EATS] = {"INVITE", "100", "180", "200", "ACK", "BYE", "CANCEL", "re-INVITE",
    "REGISTER", "183", "PRACK", "UPDATE", "INFO"};

struct meal {
    unsigned victim, what;
    bool tcp;
    unsigned skip; /* so many of them pass before */
    /* while it runs */
    struct cluster *cluster;
    struct sim_instance *eater;
    int64_t eaten_at;
    bool back;
};

static int kind_of(struct slice bytes)
{
    struct slice text = hard_message(bytes);
    struct sip_message m;
    struct arena arena = {0};
    int kind = -1;
    if (slice_empty(text) || sip_parse(&m, text, &arena, NULL) != 0)
        ;
    else if (m.status == 100)
        kind = EAT_100;
    else if (m.status == 180)
        kind = EAT_180;
    else if (m.status == 183)
        kind = EAT_183;
    else if (m.status == 200 && m.method == SIP_INVITE)
        kind = EAT_200;
    else if (m.status == 0 && m.method == SIP_INVITE)
        kind = m.to_tag.length != 0 ? EAT_REINVITE : EAT_INVITE;
    else if (m.status == 0)
        kind = m.method == SIP_ACK        ? EAT_ACK
               : m.method == SIP_BYE      ? EAT_BYE
               : m.method == SIP_CANCEL   ? EAT_CANCEL
               : m.method == SIP_REGISTER ? EAT_REGISTER
               : m.method == SIP_PRACK    ? EAT_PRACK
               : m.method == SIP_UPDATE   ? EAT_UPDATE
               : m.method == SIP_INFO     ? EAT_INFO
                                          : -1;
    arena_free(&arena);
    return kind;
}

static bool eats_h(void *argument, struct sim_instance *i, const struct input *input)
{
    struct meal *meal = argument;
    struct cluster *c = meal->cluster;
    bool bytes = input->kind == INPUT_DATA || input->kind == INPUT_DATAGRAM;
    if (c == NULL || meal->eaten_at != 0 || !bytes)
        return false;
    if (meal->what != EAT_REGISTER && sim_now(c->sim) < c->town.begin_at)
        return false;
    struct sim_instance *backup = NULL;
    bool proxy = i == c->proxies[0] || i == c->proxies[1];
    if (meal->victim == VICTIM_PROXY ? !proxy : i != hard_primary(c, 0, &backup))
        return false;
    if (backup != NULL && (sim_self(backup) == NULL || !pair_in_step(sim_self(i), sim_self(backup))))
        return false;
    if (kind_of(input->bytes) != (int)meal->what || meal->skip-- != 0)
        return false;
    meal->eaten_at = sim_now(c->sim);
    meal->eater = i;
    return true;
}

static void step_h(void *argument, struct cluster *c)
{
    struct meal *meal = argument;
    meal->cluster = c;
    if (meal->eaten_at == 0 || meal->back || sim_now(c->sim) < meal->eaten_at + 2 * SECOND)
        return;
    meal->back = true;
    sim_restart(c->sim, meal->eater);
}

static struct cluster_result run_meal(struct meal *meal, uint64_t seed, const struct role *proxy)
{
    struct cluster_hooks hooks = {.argument = meal, .step = step_h, .eats = eats_h};
    return hard_run((struct cluster_params){.seed = seed,
        .calls = 60,
        .phones = 14,
        .pairs = 1,
        .proxy = proxy,
        .udp_only = !meal->tcp,
        .tcp_only = meal->tcp,
        .lenient = meal->victim == VICTIM_PROXY && meal->tcp,
        .hooks = &hooks});
}

static void expect_completed(unsigned victim, bool tcp)
{
    unsigned rounds = hard_effort() == 0 ? 1 : 3 * hard_effort();
    for (unsigned what = 0; what < EATS; what++) {
        unsigned eaten = 0;
        if (victim == VICTIM_PRIMARY && what == EAT_REGISTER)
            continue; /* proxies keep registrations */
        for (unsigned round = 0; round < rounds; round++) {
            struct meal meal = {.victim = victim, .what = what, .tcp = tcp, .skip = round * 2 % 5};
            uint64_t seed = 3000 + what + EATS * round;
            struct cluster_result r = run_meal(&meal, seed, NULL);
            eaten += meal.eaten_at != 0;
            if (r.violations != 0)
                fail_msg("%s eaten by the %s over %s, seed %llu, number %u: %s", names[what],
                    victim == VICTIM_PROXY ? "proxy" : "primary", tcp ? "TCP" : "UDP",
                    (unsigned long long)seed, round * 2 % 5, r.first);
        }
        if (eaten == 0)
            fail_msg("nobody was given %s to eat", names[what]);
    }
}

static void the_primary_eats_what_came_by_udp(void **state)
{
    (void)state;
    expect_completed(VICTIM_PRIMARY, false);
}

static void the_primary_eats_what_came_by_tcp(void **state)
{
    (void)state;
    expect_completed(VICTIM_PRIMARY, true);
}

static void a_proxy_eats_what_came_by_udp(void **state)
{
    (void)state;
    expect_completed(VICTIM_PROXY, false);
}

static void a_proxy_eats_what_came_by_tcp(void **state)
{
    (void)state;
    expect_completed(VICTIM_PROXY, true);
}

/* ---- planted ---- */

static struct {
    void *self;
    struct world *world;
} worlds[4];
static size_t known_worlds;
static struct map sent;

static int forgetful_open(void **self, struct world *w, const struct role_setup *setup)
{
    int error = role_proxy.open(self, w, setup);
    if (error == 0 && known_worlds < 4) {
        worlds[known_worlds].self = *self;
        worlds[known_worlds++].world = w;
    }
    return error;
}

static void forgetful_close(void *self)
{
    role_proxy.close(self);
}

/* What went to a node once does not go again. */
static bool is_new(void *argument, const struct effect *e)
{
    (void)argument;
    if (e->kind != EFFECT_TELL || slice_empty(hard_message(e->second)))
        return true;
    return map_put_number(&sent, hash_stable_add(hash_stable_add(0, e->first), e->second), &sent) == NULL;
}

static void forgetful_input(void *self, const struct input *input)
{
    role_proxy.input(self, input);
    for (size_t i = 0; i < known_worlds; i++)
        if (worlds[i].self == self)
            hard_filter(worlds[i].world, is_new, NULL);
}

static const struct role forgetful = {
    .name = "proxy", .open = forgetful_open, .close = forgetful_close, .input = forgetful_input};

static void a_proxy_that_keeps_nothing_is_noticed(void **state)
{
    static const unsigned kinds[] = {EAT_INVITE, EAT_BYE, EAT_CANCEL};
    (void)state;
    hard_be_quiet();
    for (size_t k = 0; k < 3; k++) {
        struct meal meal = {.victim = VICTIM_PRIMARY, .what = kinds[k]};
        struct cluster_result r = run_meal(&meal, 3000 + kinds[k], &forgetful);
        map_free(&sent);
        known_worlds = 0;
        if (meal.eaten_at == 0 || r.violations == 0)
            fail_msg("nobody misses the %s", names[kinds[k]]);
    }
}

TESTS("hard/eaten", cmocka_unit_test(the_primary_eats_what_came_by_udp),
    cmocka_unit_test(the_primary_eats_what_came_by_tcp), cmocka_unit_test(a_proxy_eats_what_came_by_udp),
    cmocka_unit_test(a_proxy_eats_what_came_by_tcp), cmocka_unit_test(a_proxy_that_keeps_nothing_is_noticed))
