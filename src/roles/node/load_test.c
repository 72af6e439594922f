/* More calls than a pair can take. */
#include "roles/node/node_fixture.h"
#include "sip/peer.h"
#include "unit.h"
#include "wire/event.pb-c.h"
#include "wire/pack.h"

static struct {
    unsigned told, loss;
    uint64_t sequence;
} heard;

static void on_frame(uint8_t kind, struct slice payload)
{
    struct arena arena = {0};
    if (kind != SIP_FRAME_LOAD)
        return;
    const Tandem__NodeLoad *load = pack_read(&tandem__node_load__descriptor, payload, &arena);
    assert_non_null(load);
    assert_true(load->sequence > heard.sequence);
    heard.told++;
    heard.loss = load->loss;
    heard.sequence = load->sequence;
    arena_free(&arena);
}

/* So many calls of numbers that nobody has, in half a second. */
static void calls(unsigned count)
{
    char text[1000];
    static unsigned number;
    for (unsigned i = 0; i < count; i++) {
        snprintf(text, sizeof text,
            "INVITE sip:4711@home SIP/2.0\r\nVia: SIP/2.0/TCP proxy-1.proxy;branch=z9hG4bK-l%u\r\n"
            "P-Asserted-Identity: <sip:1001@home>\r\nFrom: <sip:1001@home>;tag=l\r\nTo: <sip:4711@home>\r\n"
            "Call-ID: l%u\r\nCSeq: 1 INVITE\r\nContact: <sip:a@b>\r\nContent-Length: 0\r\n\r\n",
            number, number);
        number++;
        stage_give(text);
        stage_pass(SECOND / 2 / count);
    }
}

static void begin(uint32_t most)
{
    stage_setup.node_calls = most;
    stage_begin();
    memset(&heard, 0, sizeof heard);
    stage.on_frame = on_frame;
}

/* VC-7, RFC 7339: the proxies are told which part to refuse, reckoned from what would come without that, and
 * that it is over. */
static void too_many_calls_are_said(void **state)
{
    (void)state;
    begin(20);
    calls(10);
    calls(10);
    assert_int_equal(heard.told, 0);
    calls(40);
    for (int i = 0; i < 4; i++) { /* the proxies do as they are told: as many would come as before */
        calls(10);
        assert_in_range(heard.loss, 68, 80);
    }
    assert_in_range(node__load_loss(stage.node), 68, 80);
    for (int i = 0; i < 4; i++)
        calls(1);
    assert_int_equal(heard.loss, 0);
    unsigned told = heard.told;
    calls(2);
    calls(2);
    assert_int_equal(heard.told, told);
    stage_end();
}

static void without_a_limit_nothing_is_said(void **state)
{
    (void)state;
    begin(0);
    calls(200);
    calls(200);
    assert_int_equal(heard.told, 0);
    stage_end();
}

TESTS(
    "node/load", cmocka_unit_test(too_many_calls_are_said), cmocka_unit_test(without_a_limit_nothing_is_said))
