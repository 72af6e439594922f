/* SEC-4, VC-7: strangers flood the proxies of a cluster while its phones call. Nobody notices. */
#include "base/mem.h"
#include "config/builder.h"
#include "sim/cluster_int.h"
#include "unit.h"
#include "world/world_int.h"

#define ATTACKERS 12
#define PORT 5060
#define TICK 20000              /* µs */
#define AT_ONCE 4U              /* messages: 200 a second of each */
#define FIRST INT64_C(20000000) /* µs after the start: phones are registered */
#define LAST INT64_C(80000000)

struct attacker {
    struct world *world;
    struct world_timer timer;
    uint64_t socket, sent;
    unsigned index;
    char name[16];
    int64_t began;
};

static struct flood {
    struct attacker given[ATTACKERS];
    uint64_t sent, limited, banned, challenges, bans;
    int64_t started;
} flood;

static int attacker_open(void **self, struct world *world, const struct role_setup *setup)
{
    struct attacker *a = mem_zero(sizeof *a);
    char text[40];
    (void)setup;
    *a = *(const struct attacker *)*self;
    *self = a;
    a->world = world;
    a->began = world_now(world);
    int length = snprintf(text, sizeof text, "udp:10.200.0.%u:%u", a->index + 1, PORT);
    a->socket = world_listen(world, slice_of(text, (size_t)length), 1);
    world_timer_set(world, &a->timer, 1, 0, a->began + FIRST);
    return 0;
}

static void attacker_close(void *self)
{
    struct attacker *a = self;
    world_timer_clear(&a->timer);
    mem_free(a);
}

static void strike(struct attacker *a)
{
    static const char *const methods[] = {"REGISTER", "INVITE", "OPTIONS", "SUBSCRIBE"};
    struct address proxy = {.ip = {10, 0, (uint8_t)(1 + a->sent % 2), 1}, .port = PORT, .family = 4};
    char text[600];
    const char *method = methods[a->sent % 4];
    int length = snprintf(text, sizeof text,
        "%s sip:%04llu@tandem.test SIP/2.0\r\nVia: SIP/2.0/UDP 10.200.0.%u:5060;branch=z9hG4bK-a%u-%llu\r\n"
        "Max-Forwards: 70\r\nFrom: <sip:x@tandem.test>;tag=x\r\nTo: <sip:%04llu@tandem.test>\r\n"
        "Call-ID: a%u-%llu\r\nCSeq: 1 %s\r\nContent-Length: 0\r\n\r\n",
        method, (unsigned long long)a->sent % 10000, a->index + 1, a->index, (unsigned long long)a->sent,
        (unsigned long long)a->sent % 10000, a->index, (unsigned long long)a->sent, method);
    if (a->sent % 50 == 49)
        length = snprintf(text, sizeof text, "INVITE garbage\r\n\r\n");
    a->sent++;
    flood.sent++;
    world_send_to(a->world, a->socket, &proxy, slice_of(text, (size_t)length));
}

static void attacker_input(void *self, const struct input *in)
{
    struct attacker *a = self;
    if (in->kind != INPUT_TIMER)
        return;
    for (unsigned i = 0; i < AT_ONCE; i++)
        strike(a);
    if (world_now(a->world) < a->began + LAST)
        world_timer_set(a->world, &a->timer, 1, 0, world_now(a->world) + TICK);
}

static const struct role attacker_role = {
    .name = "attacker", .open = attacker_open, .close = attacker_close, .input = attacker_input};

static void built(void *argument, struct cluster *c)
{
    struct config_builder *b = config_builder_from(c->configuration);
    struct configuration *before = c->configuration;
    (void)argument;
    config_builder_location(b, &(struct config_location){.name = SLICE("home"),
                                   .realm = SLICE("tandem.test"),
                                   .guard = {.strangers = 20,
                                       .phone = 200,
                                       .unanswered = 2000,
                                       .ban_malformed = 10,
                                       .ban_seconds = 20,
                                       .ban_credentials = 20,
                                       .calls = 500,
                                       .transactions = 20000,
                                       .silent = true}});
    assert_int_equal(config_builder_end(&c->configuration, b, NULL), 0);
    sim_configure(c->sim, c->configuration);
    config_release(before);
    for (unsigned i = 0; i < ATTACKERS; i++) {
        flood.given[i].index = i;
        snprintf(flood.given[i].name, sizeof flood.given[i].name, "attacker-%u", i + 1);
        (void)sim_start(c->sim, &(struct sim_start){.role = &attacker_role,
                                    .name = slice_text(flood.given[i].name),
                                    .host = sim_host(c->sim, 0x0ac80001U + i, 40),
                                    .self = &flood.given[i]});
    }
}

/* When all is quiet. */
static bool done(void *argument, struct cluster *c)
{
    (void)argument;
    flood.limited = flood.banned = flood.challenges = flood.bans = 0;
    for (unsigned i = 0; i < c->params->proxies; i++) {
        const uint64_t *counted = sim_world(c->proxies[i])->counters.values;
        flood.limited += counted[COUNTER_GUARD_LIMITED];
        flood.banned += counted[COUNTER_GUARD_BANNED];
        flood.challenges += counted[COUNTER_CHALLENGES];
        flood.bans += counted[COUNTER_GUARD_BANS];
    }
    return true;
}

static struct flood run(struct cluster_result *result)
{
    static const struct cluster_hooks hooks = {.built = built, .done = done};
    memset(&flood, 0, sizeof flood);
    assert_int_equal(
        cluster_run(result,
            &(struct cluster_params){
                .seed = 77, .calls = 150, .phones = 40, .proxies = 2, .pairs = 1, .hooks = &hooks}),
        0);
    return flood;
}

/* The calls are as they are without: no violation (each phone is strict about its calls), nothing is left
 * over. Most of the flood is dropped before it is parsed, and what happens is the same each time. */
static void calls_do_not_notice_a_flood(void **state)
{
    struct cluster_result first, second;
    (void)state;
    struct flood one = run(&first), other = run(&second);
    assert_string_equal(first.first, "");
    assert_int_equal(first.violations, 0);
    assert_int_equal(first.calls, 150);
    assert_true(one.sent > 100000);
    assert_true(one.limited + one.banned > one.sent / 10 * 7);
    assert_true(one.challenges < one.sent / 10 * 3);
    assert_true(first.hash == second.hash);
    assert_int_equal(one.limited, other.limited);
    assert_int_equal(one.banned, other.banned);
}

TESTS("sim/flood", cmocka_unit_test(calls_do_not_notice_a_flood))
