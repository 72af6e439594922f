#include "roles/node/node_int.h"
#include "unit.h"
#include "wire/event.pb-c.h"
#include "wire/pack.h"
#include "world/world_int.h"

static struct wheel wheel;
static struct world world;
static struct node node;
static const struct world_backend backend;

static void begin(void)
{
    memset(&node, 0, sizeof node);
    wheel_init(&wheel, 1000);
    world_init(&world, &backend, NULL, &wheel);
    world_turn_begin(&world, 1000);
    node.world = &world;
    node__places_open(&node);
}

static void end(void)
{
    node__places_close(&node);
    arena_free(&node.arena);
    world_turn_clear(&world);
    world_end(&world);
    wheel_close(&wheel);
}

static void tell(const char *proxy, const char *in, const char *out, bool afresh)
{
    struct buffer bytes = {0};
    Tandem__Places m = TANDEM__PLACES__INIT;
    char *ins = (char *)(uintptr_t)in, *outs = (char *)(uintptr_t)out;
    m.n_in = in != NULL;
    m.in = &ins;
    m.n_out = out != NULL;
    m.out = &outs;
    m.has_afresh = m.afresh = afresh;
    pack_add(&bytes, &m.base);
    node__places_told(&node, proxy, buffer_slice(&bytes));
    buffer_free(&bytes);
}

/* VC-9: a DN is in service while a proxy can reach it. */
static void a_dn_is_in_service_as_long_as_one_proxy_says_so(void **state)
{
    (void)state;
    begin();
    assert_false(node__place_in_service(&node, SLICE("1001")));
    tell("proxy-1", "1001", NULL, false);
    tell("proxy-2", "1001", NULL, false);
    assert_true(node__place_in_service(&node, SLICE("1001")));
    tell("proxy-1", NULL, "1001", false);
    tell("proxy-1", NULL, "1001", false);
    assert_true(node__place_in_service(&node, SLICE("1001")));
    tell("proxy-2", NULL, "1001", false);
    assert_false(node__place_in_service(&node, SLICE("1001")));
    assert_int_equal(node__places_count(&node), 0);
    end();
}

/* VC-9: what a proxy said is good as long as its stream lives, and until it begins anew. */
static void what_a_proxy_said_goes_with_it(void **state)
{
    (void)state;
    begin();
    tell("proxy-1", "1001", NULL, false);
    tell("proxy-1", "1002", NULL, false);
    tell("proxy-2", "1002", NULL, false);
    node__places_lost(&node, "proxy-1");
    assert_false(node__place_in_service(&node, SLICE("1001")));
    assert_true(node__place_in_service(&node, SLICE("1002")));
    tell("proxy-2", "1003", NULL, true);
    assert_false(node__place_in_service(&node, SLICE("1002")));
    assert_true(node__place_in_service(&node, SLICE("1003")));
    node__places_told(&node, "proxy-1", SLICE("no places"));
    assert_int_equal(node__places_count(&node), 1);
    end();
}

TESTS("node/places", cmocka_unit_test(a_dn_is_in_service_as_long_as_one_proxy_says_so),
    cmocka_unit_test(what_a_proxy_said_goes_with_it))
