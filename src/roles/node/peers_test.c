#include "roles/node/node_fixture.h"
#include "sip/peer.h"
#include "unit.h"
#include "wire/pack.h"
#include "wire/record.pb-c.h"

#define PROXIES 2

static struct wheel wheel;
static struct world world;
static struct node node;
static struct configuration *configuration;
static const struct world_backend backend;
static const char *const proxies[PROXIES] = {"proxy-1", "proxy-2"};

static void say(unsigned proxy, uint8_t kind, struct slice payload)
{
    struct buffer frame = {0};
    frame_add(&frame, kind, payload);
    (void)node__peers_input(
        &node, &(struct input){.kind = INPUT_DATA, .flow = proxy + 1, .bytes = buffer_slice(&frame)});
    buffer_free(&frame);
}

static void connect(unsigned proxy)
{
    Tandem__PeerHello hello = TANDEM__PEER_HELLO__INIT;
    struct buffer bytes = {0};
    hello.name = (char *)(uintptr_t)proxies[proxy];
    pack_add(&bytes, &hello.base);
    (void)node__peers_input(&node, &(struct input){.kind = INPUT_ACCEPTED, .flow = proxy + 1});
    say(proxy, SIP_FRAME_HELLO, buffer_slice(&bytes));
    buffer_free(&bytes);
}

static void begin(void)
{
    struct configuration *home = stage_configuration(&(struct stage_setup){.node_calls = 0});
    struct config_builder *b = config_builder_from(home);
    for (unsigned i = 0; i < PROXIES; i++)
        config_builder_application(b,
            &(struct config_application){
                .name = slice_text(proxies[i]), .role = CONFIG_ROLE_PROXY, .inside = SLICE("local:proxy")},
            SLICE("home"));
    assert_int_equal(config_builder_end(&configuration, b, NULL), 0);
    config_release(home);
    memset(&node, 0, sizeof node);
    wheel_init(&wheel, SECOND);
    world_init(&world, &backend, NULL, &wheel);
    world.configuration = configuration;
    world_turn_begin(&world, SECOND);
    node.world = &world;
    strcpy(node.name, "node-1a");
    strcpy(node.pair, "node-1");
    node__peers_open(&node);
    node__places_open(&node);
    node__load_open(&node);
    for (unsigned i = 0; i < PROXIES; i++)
        connect(i);
}

static void end(void)
{
    node__places_close(&node);
    node__load_close(&node);
    node__peers_close(&node);
    arena_free(&node.arena);
    world_turn_clear(&world);
    world_end(&world);
    wheel_close(&wheel);
    config_release(configuration);
}

/* It asks whether we are in service, at that second. */
static void ask(unsigned proxy, int64_t second)
{
    char text[400];
    world.now = second * SECOND;
    snprintf(text, sizeof text,
        "OPTIONS sip:node-1.pair SIP/2.0\r\nVia: SIP/2.0/TCP %s.proxy;branch=" SIP_WATCH_BRANCH "1\r\n"
        "Max-Forwards: 0\r\nFrom: <sip:p>;tag=w\r\nTo: <sip:n>\r\nCall-ID: w\r\nCSeq: 1 OPTIONS\r\n"
        "Content-Length: 0\r\n\r\n",
        proxies[proxy]);
    say(proxy, SIP_FRAME_MESSAGE, slice_text(text));
    world_turn_clear(&world);
}

static bool is_there(unsigned proxy)
{
    char name[SIP_TARGET_NAME];
    return node__peers_pick(&node, proxies[proxy], name) && strcmp(name, proxies[proxy]) == 0;
}

/* VC-2: its process is stopped, and its stream stays open. */
static void a_silent_proxy_is_left_for_another(void **state)
{
    (void)state;
    begin();
    for (int64_t second = 2; second <= 4; second++)
        for (unsigned i = 0; i < PROXIES; i++)
            ask(i, second);
    for (int64_t second = 5; second <= 7; second++)
        ask(1, second);
    assert_true(is_there(0));
    ask(1, 8);
    ask(1, 9);
    assert_false(is_there(0));
    assert_true(is_there(1));
    connect(0);
    ask(0, 10);
    assert_true(is_there(0));
    end();
}

static void nobody_is_left_after_a_pause_of_our_own(void **state)
{
    (void)state;
    begin();
    for (int64_t second = 2; second <= 4; second++)
        for (unsigned i = 0; i < PROXIES; i++)
            ask(i, second);
    ask(1, 60);
    assert_true(is_there(0));
    ask(0, 60);
    ask(1, 61);
    assert_true(is_there(0));
    end();
}

TESTS("node/peers", cmocka_unit_test(a_silent_proxy_is_left_for_another),
    cmocka_unit_test(nobody_is_left_after_a_pause_of_our_own))
