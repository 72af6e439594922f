/* Which pair gets a new call, and how pairs are watched; whole clusters are in test/sim/nodes_test.c. */
#include "roles/proxy/proxy_fixture.h"

#include "config/builder.h"
#include "unit.h"
#include "wire/event.pb-c.h"
#include "wire/pack.h"

static struct proxy *proxy(void)
{
    return proxy_fixture.proxy;
}

static enum node_state state_of(const char *pair)
{
    return nodes_state(proxy(), slice_text(pair));
}

/* A second pair at home, and one in another location. */
static void more(struct config_builder *b)
{
    static const char *const names[2][2] = {{"node-2a", "node-2"}, {"node-3a", "node-3"}};
    config_builder_location(b, &(struct config_location){.name = SLICE("away")});
    for (int i = 0; i < 2; i++)
        config_builder_application(b,
            &(struct config_application){.name = slice_text(names[i][0]),
                .pair = slice_text(names[i][1]),
                .role = CONFIG_ROLE_NODE,
                .link = SLICE("local:other-link"),
                .inside = SLICE("local:other")},
            i == 0 ? SLICE("home") : SLICE("away"));
}

static int begin_two(void **state)
{
    (void)state;
    proxy_fixture_more = more;
    proxy_fixture_begin();
    return 0;
}

static int begin_one(void **state)
{
    (void)state;
    proxy_fixture_begin();
    return 0;
}

static int end(void **state)
{
    (void)state;
    proxy_fixture_end();
    proxy_fixture_more = NULL;
    return 0;
}

/* As if that pair had answered its last OPTIONS with this. */
static void says(const char *pair, uint16_t status)
{
    char text[700];
    struct sip_message m;
    struct arena arena = {0};
    struct sip_target from = {.flow = 0};
    strcpy(from.name, pair);
    (void)state_of(pair); /* it is watched from now on */
    snprintf(text, sizeof text,
        "SIP/2.0 %u Said\r\nVia: SIP/2.0/TCP proxy-1.proxy;branch=z9hG4bK-watch-0\r\nFrom: "
        "<sip:a@b>;tag=1\r\n"
        "To: <sip:a@b>;tag=2\r\nCall-ID: w\r\nCSeq: 1 OPTIONS\r\nContent-Length: 0\r\n\r\n",
        status);
    assert_int_equal(sip_parse(&m, slice_text(text), &arena, NULL), 0);
    assert_true(nodes_answered(proxy(), &from, &m));
    arena_free(&arena);
}

static void tell_busy(const char *pair, const char *dn, bool begins)
{
    Tandem__BusyPlaces told = TANDEM__BUSY_PLACES__INIT;
    char *names[] = {(char *)(uintptr_t)dn};
    struct buffer bytes = {0};
    told.began = told.ended = names;
    told.n_began = begins ? 1 : 0;
    told.n_ended = begins ? 0 : 1;
    pack_add(&bytes, &told.base);
    nodes_told(proxy(), slice_text(pair), buffer_slice(&bytes));
    buffer_free(&bytes);
}

static const char *chosen(const char *dn)
{
    static struct destination to;
    const struct config_dn *caller =
        dn != NULL ? config_dn(proxy_fixture.configuration, slice_text(dn)) : NULL;
    return proxy__choose_pair(proxy(), caller, &to) ? to.target.name : "";
}

/* VC-3: asked each second; one that is silent for three is out, one that answers again is in. */
static void a_pair_is_in_service_as_long_as_it_answers(void **state)
{
    (void)state;
    assert_int_equal(state_of("node-1"), NODE_IN_SERVICE);
    unsigned before = proxy_fixture.watched;
    proxy_fixture_pass(10 * SECOND);
    assert_in_range(proxy_fixture.watched - before, 9, 11);
    proxy_fixture.watch_status = 503;
    proxy_fixture_pass(2 * SECOND);
    assert_int_equal(state_of("node-1"), NODE_DRAINING);
    proxy_fixture.watch_status = 1;
    proxy_fixture_pass(5 * SECOND);
    assert_int_equal(state_of("node-1"), NODE_OUT);
    assert_int_equal(proxy_fixture.world.counters.values[COUNTER_NODE_CHANGES], 3);
    assert_int_equal(proxy_fixture.world.gauges.values[GAUGE_NODES_OUT], 1);
    assert_int_equal(proxy_fixture.world.condition.state, WORLD_DEGRADED);
}

/* VC-3, VC-7: nobody can take the call: said at once, with the time after which it may be tried again. */
static void without_a_pair_in_service_a_call_is_refused_at_once(void **state)
{
    (void)state;
    proxy_fixture.watch_status = 1;
    proxy_fixture_pass(5 * SECOND);
    proxy_fixture_request(&proxy_alice, "INVITE", "sip:1002@home", "");
    assert_non_null(strstr(proxy_fixture_must_find(6001, "SIP/2.0 503"), "\r\nRetry-After: 5\r\n"));
    assert_null(proxy_fixture_find(0, "INVITE"));
}

/* VC-3: trunks in turn over the own location; another one only without any of the own (GEO-1). */
static void new_calls_go_in_turn_the_own_location_first(void **state)
{
    (void)state;
    says("node-1", 200);
    says("node-2", 200);
    says("node-3", 200);
    char first[PROXY_NAME];
    strcpy(first, chosen(NULL));
    for (int i = 0; i < 10; i++) {
        const char *other = chosen(NULL);
        assert_string_not_equal(other, first);
        assert_string_not_equal(other, "node-3");
        strcpy(first, other);
    }
    says("node-2", 503);
    assert_string_equal(chosen(NULL), "node-1");
    assert_string_equal(chosen(NULL), "node-1");
    says("node-1", 503);
    assert_int_equal(proxy_fixture.world.counters.values[COUNTER_NODE_ELSEWHERE], 0);
    assert_string_equal(chosen(NULL), "node-3");
    assert_int_equal(proxy_fixture.world.counters.values[COUNTER_NODE_ELSEWHERE], 1);
    says("node-3", 503);
    assert_string_equal(chosen(NULL), "");
    says("node-1", 200);
    assert_string_equal(chosen(NULL), "node-1");
}

/* A phone's calls meet: where it is busy, before where it belongs. */
static void a_phone_goes_where_it_has_calls_or_belongs(void **state)
{
    (void)state;
    says("node-1", 200);
    says("node-2", 200);
    const struct config_dn *dn = config_dn(proxy_fixture.configuration, SLICE("1001"));
    const struct config_pair *pair = config_dn_pair(proxy_fixture.configuration, dn);
    const char *own = slice_equal(pair->name, SLICE("node-1")) ? "node-1" : "node-2";
    const char *other = strcmp(own, "node-1") == 0 ? "node-2" : "node-1";
    for (int i = 0; i < 3; i++)
        assert_string_equal(chosen("1001"), own);
    tell_busy(other, "1001", true);
    assert_string_equal(chosen("1001"), other);
    says(other, 503); /* drained: still where its calls are */
    assert_string_equal(chosen("1001"), other);
    tell_busy(other, "1001", false);
    assert_string_equal(chosen("1001"), own);
    says(other, 200);
    says(own, 503);
    assert_string_equal(chosen("1001"), other);
    tell_busy(other, "7777", true); /* no DN of ours: not kept */
    assert_false(slice_empty(slice_text(chosen("1001"))));
}

/* Answers of phones to what they were never asked change nothing. */
static void strangers_cannot_speak_for_a_pair(void **state)
{
    (void)state;
    proxy_fixture.watch_status = 503;
    proxy_fixture_pass(2 * SECOND);
    assert_int_equal(state_of("node-1"), NODE_DRAINING);
    proxy_fixture_from_phone(6001,
        "SIP/2.0 200 OK\r\nVia: SIP/2.0/TCP proxy-1.proxy;branch=z9hG4bK-watch-3\r\nFrom: <sip:a@b>;tag=1\r\n"
        "To: <sip:a@b>;tag=2\r\nCall-ID: w\r\nCSeq: 1 OPTIONS\r\nContent-Length: 0\r\n\r\n");
    assert_int_equal(state_of("node-1"), NODE_DRAINING);
}

/* What a pair sends on goes there once; the second pair keeps it (no circles). */
static void a_call_that_is_sent_on_is_followed_once(void **state)
{
    (void)state;
    char answer[3000];
    says("node-2", 503); /* as we see it the other one takes nothing: it comes back, to stay */
    proxy_fixture_request(&proxy_alice, "INVITE", "sip:1002@home", "");
    for (int i = 0; i < 2; i++) {
        const char *invite = proxy_fixture_must_find(0, "INVITE");
        assert_non_null(
            strstr(invite, i == 0 ? "Route: <sip:node-1.pair;why=" : "Route: <sip:node-1.pair;why=sent;lr>"));
        const char *own = strstr(invite, "Via:"), *phones = strstr(own + 4, "Via:");
        snprintf(answer, sizeof answer,
            "SIP/2.0 302 Moved\r\n%.*s\r\n%.*s\r\nFrom: <sip:1001@home>;tag=f1001\r\nTo: "
            "<sip:1002@home>;tag=x\r\n"
            "Call-ID: call-6001\r\nCSeq: %u INVITE\r\nContact: <sip:1001@home;pair=node-2>\r\n"
            "Content-Length: 0\r\n\r\n",
            (int)strcspn(own, "\r"), own, (int)strcspn(phones, "\r"), phones, proxy_fixture.cseq);
        proxy_fixture.count = 0;
        proxy_fixture_from_pair(answer);
        assert_true((proxy_fixture_find(6001, "SIP/2.0 302") != NULL) == (i == 1));
    }
    assert_int_equal(proxy_fixture.world.counters.values[COUNTER_NODE_BOUNCES], 1);
}

#define WITH(begin, test) cmocka_unit_test_setup_teardown(test, begin, end)
TESTS("proxy/nodes", WITH(begin_one, a_pair_is_in_service_as_long_as_it_answers),
    WITH(begin_one, without_a_pair_in_service_a_call_is_refused_at_once),
    WITH(begin_two, new_calls_go_in_turn_the_own_location_first),
    WITH(begin_two, a_phone_goes_where_it_has_calls_or_belongs),
    WITH(begin_one, strangers_cannot_speak_for_a_pair),
    WITH(begin_two, a_call_that_is_sent_on_is_followed_once));
