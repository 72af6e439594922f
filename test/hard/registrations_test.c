/* Proxies that were cut off from the bus, from each other or from both, stood still, or were killed while
 * phones registered and called know the same afterwards (VC-2): the digests of all slices are equal at all of
 * them, and every phone is known. Seen to fail where a gap in the numbers leads to no question, and where an
 * answer's later parts are not asked for.
 */
#include "unit.h"

#include <unistd.h>

#include "hard_fixture.h"
#include "roles/proxy/proxy_int.h"
#include "world/sim/sim_int.h"

#define SECOND INT64_C(1000000)
#define PROXIES 3U
#define END (150 * SECOND) /* of the faults, and a while for what must follow by itself */

enum trouble { CUT_OFF, CUT_APART, ISOLATED, STANDS_STILL, KILLED, ALL_KILLED, TROUBLES };

struct blow {
    enum trouble trouble;
    bool begun, healed, compared;
    unsigned differ; /* slices, between the first proxy and the others */
    size_t known;
};

/* From the engines, or from the other proxies. */
static void set_cut(struct cluster *c, unsigned proxy, bool bus, bool others, bool cut)
{
    unsigned site = hard_site(c, c->proxies[proxy]);
    for (unsigned i = 0; i <= PROXIES; i++) {
        unsigned other = i == PROXIES ? 0 : hard_site(c, c->proxies[i]);
        if (other == site || !(i == PROXIES ? bus : others))
            continue;
        sim_cut(c->sim, site, other, cut);
        sim_cut(c->sim, other, site, cut);
    }
}

static void strike(struct blow *b, struct cluster *c)
{
    if (b->trouble <= ISOLATED)
        set_cut(c, 0, b->trouble != CUT_APART, b->trouble != CUT_OFF, true);
    else if (b->trouble == STANDS_STILL)
        sim_pause(c->sim, c->proxies[0], sim_now(c->sim) + 40 * SECOND);
    else
        for (unsigned i = 0; i < (b->trouble == KILLED ? 2U : PROXIES); i++)
            sim_kill(c->sim, c->proxies[i], false);
}

static void heal(struct blow *b, struct cluster *c)
{
    if (b->trouble <= ISOLATED)
        set_cut(c, 0, b->trouble != CUT_APART, b->trouble != CUT_OFF, false);
    else if (b->trouble >= KILLED)
        for (unsigned i = 0; i < (b->trouble == KILLED ? 2U : PROXIES); i++)
            sim_restart(c->sim, c->proxies[i]);
}

static void compare(struct blow *b, struct cluster *c)
{
    const struct proxy *first = sim_self(c->proxies[0]);
    b->compared = first != NULL;
    b->known = first != NULL ? first->binding_count : 0;
    b->differ = 0;
    for (unsigned i = 1; i < PROXIES; i++) {
        const struct proxy *other = sim_self(c->proxies[i]);
        for (unsigned s = 0; s < PROXY_SLICES; s++)
            b->differ += first == NULL || other == NULL || first->digests[s] != other->digests[s];
    }
}

static void step_h(void *argument, struct cluster *c)
{
    struct blow *b = argument;
    int64_t now = sim_now(c->sim) - c->town.begin_at;
    if (!b->begun && now >= 20 * SECOND) {
        b->begun = true;
        strike(b, c);
    }
    int64_t lasts = b->trouble >= KILLED ? 3 * SECOND : 60 * SECOND;
    if (b->begun && !b->healed && now >= 20 * SECOND + lasts) {
        b->healed = true;
        heal(b, c);
    }
}

/* What is on its way between two of them differs for a moment: they are looked at until they are equal. */
static bool done_h(void *argument, struct cluster *c)
{
    struct blow *b = argument;
    int64_t now = sim_now(c->sim) - c->town.begin_at;
    if (now < END)
        return false;
    if (!b->compared || b->differ != 0)
        compare(b, c);
    return b->differ == 0 || now > END + 60 * SECOND;
}

/* VC-2 */
static void proxies_agree_after_trouble(void **state)
{
    static const char *const names[] = {
        "cut off", "cut apart", "isolated", "stands still", "two killed", "all killed"};
    unsigned seeds = hard_effort() > 1 ? 10 : 1, phones = hard_effort() > 1 ? 2000 : 120;
    (void)state;
    alarm(hard_effort() > 1 ? 3000 : 300);
    for (int trouble = 0; trouble < TROUBLES; trouble++)
        for (unsigned seed = 0; seed < seeds; seed++) {
            struct blow b = {.trouble = (enum trouble)trouble};
            struct cluster_hooks hooks = {.argument = &b, .step = step_h, .done = done_h};
            hard_expect_good((struct cluster_params){.seed = 700 + seed,
                                 .calls = 200,
                                 .phones = phones,
                                 .proxies = PROXIES,
                                 .udp_only = trouble != CUT_APART && trouble != ISOLATED,
                                 .lenient = true,
                                 .hooks = &hooks},
                names[trouble]);
            assert_true(b.healed && b.compared);
            if (b.differ != 0)
                fail_msg("%s (seed %u): %u slices differ", names[trouble], 700 + seed, b.differ);
            if (b.known < phones)
                fail_msg(
                    "%s (seed %u): %zu of %u phones are known", names[trouble], 700 + seed, b.known, phones);
        }
}

TESTS("hard/registrations", cmocka_unit_test(proxies_agree_after_trouble))
