/* A second proxy at the other end of a stream, which falls silent. */
#include "config/builder.h"
#include "roles/proxy/proxy_fixture.h"
#include "unit.h"
#include "wire/pack.h"
#include "wire/record.pb-c.h"

static uint64_t other_flow, closed_flow;
static unsigned told_alive;
static char told[3000]; /* the last message to proxy-2 */

static void configure(struct config_builder *b)
{
    config_builder_application(b,
        &(struct config_application){
            .name = SLICE("proxy-2"), .role = CONFIG_ROLE_PROXY, .inside = SLICE("local:proxy-2")},
        SLICE("home"));
}

static void watch_effect(const struct effect *e)
{
    if (e->kind == EFFECT_OPEN && slice_find_slice(e->first, SLICE("proxy-2")) >= 0)
        other_flow = e->flow;
    else if (e->kind == EFFECT_CLOSE)
        closed_flow = e->flow;
    else if (e->kind == EFFECT_SEND && e->flow == other_flow && other_flow != 0)
        told_alive += e->second.data[FRAME_HEAD - 1] == SIP_FRAME_ALIVE;
    else if (e->kind == EFFECT_TELL && slice_equal(e->first, SLICE("proxy-2")))
        snprintf(told, sizeof told, "%.*s", SLICE_ARG(slice_from(e->second, FRAME_HEAD)));
}

static void say(uint8_t kind, struct slice payload)
{
    struct buffer frame = {0};
    frame_add(&frame, kind, payload);
    proxy_fixture_input((struct input){
        .kind = INPUT_DATA, .token = PROXY_TOKEN_INSIDE, .flow = other_flow, .bytes = buffer_slice(&frame)});
    buffer_free(&frame);
}

static void greet(void)
{
    Tandem__PeerHello hello = TANDEM__PEER_HELLO__INIT;
    struct buffer bytes = {0};
    hello.name = (char *)(uintptr_t) "proxy-2";
    hello.incarnation = 5;
    pack_add(&bytes, &hello.base);
    proxy_fixture_input(
        (struct input){.kind = INPUT_OPENED, .token = PROXY_TOKEN_INSIDE, .flow = other_flow});
    say(SIP_FRAME_HELLO, buffer_slice(&bytes));
    buffer_free(&bytes);
}

static void begin(void)
{
    other_flow = closed_flow = 0;
    told_alive = 0;
    told[0] = '\0';
    proxy_fixture_more = configure;
    proxy_fixture_begin();
    proxy_fixture.on_effect = watch_effect;
    proxy_fixture_input((struct input){.kind = INPUT_CONFIG});
    proxy_fixture_pass(10); /* the stream that the beginning opened was not watched yet */
    struct inside *i = map_get(&((struct proxy *)proxy_fixture.proxy)->insides, SLICE("proxy-2"));
    assert_non_null(i);
    other_flow = i->flow;
    greet();
}

/* The phone 1002 by a stream at proxy-2, newer than its flow here. */
static void register_there(void)
{
    Tandem__Binding b = TANDEM__BINDING__INIT, *pointer = &b;
    Tandem__BindingChange c = TANDEM__BINDING_CHANGE__INIT;
    struct address none = {.family = 0};
    b.dn = (char *)(uintptr_t) "1002";
    b.contact = (char *)(uintptr_t) "sip:b@phone.invalid";
    b.proxy = c.proxy = (char *)(uintptr_t) "proxy-2";
    b.transport = (char *)(uintptr_t) "tcp";
    b.address = pack_bytes(slice_of(&none, sizeof none));
    b.instance = (char *)(uintptr_t) "<urn:uuid:1>";
    b.has_reg_id = b.has_flow = b.has_incarnation = b.has_changed_at = true;
    b.reg_id = 1;
    b.flow = 77;
    b.incarnation = c.incarnation = 5;
    b.changed_at = (uint64_t)++proxy_fixture.now;
    b.expires_at = (uint64_t)proxy_fixture.now + 600 * (uint64_t)SECOND;
    c.number = c.n_bindings = 1;
    c.bindings = &pointer;
    proxy_fixture_change(&c);
    assert_int_equal(proxy_fixture_bindings("1002"), 2);
}

/* The INVITE that proxy-2 got, answered so. */
static void answer(const char *invite, uint16_t status)
{
    struct sip_message m;
    struct arena arena = {0};
    struct buffer out = {0};
    assert_int_equal(sip_parse(&m, slice_text(invite), &arena, NULL), 0);
    sip_add_response_head(&out, &m, status, SLICE(""), SLICE("late"));
    sip_add_body(&out, SLICE(""), SLICE(""));
    say(SIP_FRAME_MESSAGE, buffer_slice(&out));
    buffer_free(&out);
    arena_free(&arena);
}

static void stay_silent(unsigned seconds)
{
    say(SIP_FRAME_ALIVE, SLICE(""));
    for (unsigned i = 0; i < seconds; i++)
        proxy_fixture_pass(SECOND);
}

/* VC-2: a stopped process keeps its streams; the phone is called by its other flow, and does not ring on by
 * the first one when that process goes on. */
static void a_silent_proxy_is_left(void **state)
{
    char invite[3000];
    (void)state;
    begin();
    uint64_t first = other_flow;
    proxy_fixture_register(
        &proxy_bob, "Contact: <sip:b@phone.invalid>;reg-id=2;+sip.instance=\"<urn:uuid:1>\"\r\n");
    register_there();
    proxy_fixture.count = 0;
    stay_silent(1);
    proxy_fixture_from_pair(NODE_INVITE);
    assert_memory_equal(told, "INVITE sip:b@phone.invalid ", 27);
    strcpy(invite, told);
    assert_null(proxy_fixture_find(6002, "INVITE"));
    stay_silent(5);
    assert_int_equal(closed_flow, first);
    proxy_fixture_must_find(6002, "INVITE sip:b@phone.invalid");
    assert_int_not_equal(other_flow, first); /* it is called again */
    greet();
    answer(invite, 180);
    assert_memory_equal(told, "CANCEL sip:b@phone.invalid ", 27);
    assert_null(proxy_fixture_find(0, "SIP/2.0 180"));
    answer(invite, 487);
    assert_null(proxy_fixture_find(0, "SIP/2.0 487"));
    proxy_fixture_end();
}

/* VC-2: nor is it waited for when its stream ends. */
static void a_proxy_whose_stream_ends_is_left(void **state)
{
    (void)state;
    begin();
    proxy_fixture_register(
        &proxy_bob, "Contact: <sip:b@phone.invalid>;reg-id=2;+sip.instance=\"<urn:uuid:1>\"\r\n");
    register_there();
    proxy_fixture.count = 0;
    proxy_fixture_from_pair(NODE_INVITE);
    assert_memory_equal(told, "INVITE ", 7);
    proxy_fixture_input(
        (struct input){.kind = INPUT_CLOSED, .token = PROXY_TOKEN_INSIDE, .flow = other_flow});
    proxy_fixture_must_find(6002, "INVITE sip:b@phone.invalid");
    proxy_fixture_end();
}

static void who_lives_is_not_left(void **state)
{
    (void)state;
    begin();
    proxy_fixture_pass(6 * (int64_t)SECOND); /* one that never says that it lives, as older ones do */
    assert_int_equal(closed_flow, 0);
    assert_in_range(told_alive, 5, 6);
    for (unsigned i = 0; i < 8; i++)
        stay_silent(1);
    assert_int_equal(closed_flow, 0);
    proxy_fixture.now += 60 * (int64_t)SECOND; /* we stand still: what came is not read yet */
    proxy_fixture_pass(1);
    assert_int_equal(closed_flow, 0);
    stay_silent(2);
    assert_int_equal(closed_flow, 0);
    proxy_fixture_end();
}

TESTS("proxy/inside", cmocka_unit_test(a_silent_proxy_is_left),
    cmocka_unit_test(a_proxy_whose_stream_ends_is_left), cmocka_unit_test(who_lives_is_not_left))
