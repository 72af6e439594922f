/* Overload, loops and forks. */
#include "roles/proxy/guard/guard_int.h"
#include "roles/proxy/guard/overload.h"
#include "roles/proxy/proxy_fixture.h"
#include "unit.h"
#include "wire/event.pb-c.h"
#include "wire/pack.h"

#define CONTACT "Contact: <sip:a@127.0.0.1:6001>\r\n"
#define LIMIT 100U

static uint64_t counted(enum counter c)
{
    return proxy_fixture.world.counters.values[c];
}

static void begin(unsigned calls)
{
    static const struct slice networks[] = {SLICE_INIT("10.0.0.0/8")};
    proxy_fixture_location.networks = proxy_fixture_location.unchallenged = (struct config_list){networks, 1};
    proxy_fixture_location.guard = (struct config_guard){.calls = calls, .strangers = 0};
    proxy_fixture_begin();
}

/* An INVITE of a source that is trusted and needs no credentials. */
static void call(unsigned number, const char *uri, const char *to_tag)
{
    struct address peer = {.ip = {10, 1, 2, 3}, .port = 5080, .family = 4};
    char text[1000];
    snprintf(text, sizeof text,
        "INVITE %s SIP/2.0\r\nVia: SIP/2.0/UDP 10.1.2.3:5080;branch=z9hG4bK-c%u\r\nMax-Forwards: 70\r\n"
        "From: <sip:1001@home>;tag=c\r\nTo: <sip:1002@home>%s\r\nCall-ID: c%u\r\nCSeq: 1 INVITE\r\n"
        "Content-Length: 0\r\n\r\n",
        uri, number, to_tag, number);
    proxy_fixture_from(&peer, text);
}

/* VC-7: at five times the limit exactly as many calls are admitted as the limit says; the others get a 503
 * with a time at which to come back, and leave nothing behind. */
static void so_many_calls_are_admitted(void **state)
{
    (void)state;
    begin(LIMIT);
    for (unsigned second = 0, number = 0; second < 10; second++)
        for (unsigned i = 0; i < 5 * LIMIT; i++) {
            call(++number, "sip:1002@home", "");
            proxy_fixture_pass(SECOND / (5 * (int64_t)LIMIT));
        }
    uint64_t admitted = counted(COUNTER_RELAYED);
    assert_in_range(admitted, 10 * LIMIT, 10 * LIMIT + LIMIT / 10 + 1);
    assert_int_equal(counted(COUNTER_GUARD_OVERLOAD) + admitted, 50 * LIMIT);
    const char *refusal = proxy_fixture_must_find(5080, "SIP/2.0 503 Service Unavailable");
    assert_non_null(strstr(refusal, "\r\nRetry-After: "));
    /* nothing but the two sides of what was admitted, while the pair says nothing */
    assert_true(map_count(&((struct proxy *)proxy_fixture.proxy)->transactions.by_id) <= 2 * admitted);
    proxy_fixture_end();
}

/* VC-7: a copy of a refused request gets the same answer, and not all are asked back at the same moment. */
static void the_time_to_come_back_is_spread(void **state)
{
    char first[3000];
    unsigned seen[64] = {0}, kinds = 0;
    (void)state;
    begin(100);
    for (unsigned number = 1; number <= 60; number++) {
        proxy_fixture.count = 0;
        call(number, "sip:1002@home", "");
        const char *refusal = proxy_fixture_find(5080, "SIP/2.0 503");
        if (refusal == NULL)
            continue;
        snprintf(first, sizeof first, "%s", refusal);
        proxy_fixture.count = 0;
        call(number, "sip:1002@home", "");
        assert_string_equal(proxy_fixture_must_find(5080, "SIP/2.0 503"), first);
        unsigned after = (unsigned)atoi(strstr(first, "Retry-After: ") + 13);
        assert_in_range(after, 2, 11);
        kinds += seen[after]++ == 0;
    }
    assert_true(kinds >= 5);
    proxy_fixture_end();
}

/* VC-7: past the limit what is in a dialog goes on, emergency calls too, and phones keep their registrations.
 */
static void what_matters_more_goes_on(void **state)
{
    (void)state;
    begin(50);
    proxy_fixture_register(&proxy_alice, CONTACT);
    for (unsigned number = 1; number <= 50; number++)
        call(number, "sip:1002@home", "");
    uint64_t refused = counted(COUNTER_GUARD_OVERLOAD), admitted = counted(COUNTER_RELAYED);
    assert_true(refused >= 30);
    call(100, "sip:1002@home", ";tag=there");
    assert_int_equal(counted(COUNTER_GUARD_OVERLOAD), refused);
    call(101, "sip:112@home", "");
    call(102, "urn:service:sos", "");
    assert_int_equal(counted(COUNTER_GUARD_OVERLOAD), refused);
    assert_true(counted(COUNTER_RELAYED) > admitted);
    uint64_t registers = counted(COUNTER_REGISTERS);
    proxy_fixture_register(&proxy_alice, CONTACT);
    assert_int_equal(counted(COUNTER_REGISTERS), registers + 1);
    call(103, "sip:1002@home", "");
    assert_int_equal(counted(COUNTER_GUARD_OVERLOAD), refused + 1);
    proxy_fixture_end();
}

/* VC-7: far beyond the limit even answers cost too much. */
static void far_beyond_there_is_silence(void **state)
{
    (void)state;
    begin(10);
    for (unsigned number = 1; number <= 1000; number++)
        call(number, "sip:1002@home", "");
    assert_true(counted(COUNTER_GUARD_OVERLOAD) <= 11);
    assert_true(counted(COUNTER_GUARD_OVERLOAD_DROPPED) >= 970);
    proxy_fixture_end();
}

/* The ACK of an answer without state ends here. */
static void the_ack_of_a_refusal_is_dropped(void **state)
{
    (void)state;
    begin(10);
    proxy_fixture_from_phone(6001,
        "ACK sip:1002@home SIP/2.0\r\nVia: SIP/2.0/UDP 127.0.0.1:6001;branch=z9hG4bK-a\r\nMax-Forwards: "
        "70\r\n"
        "From: <sip:1001@home>;tag=c\r\nTo: <sip:1002@home>;tag=guard\r\nCall-ID: a\r\nCSeq: 1 ACK\r\n"
        "Content-Length: 0\r\n\r\n");
    assert_int_equal(counted(COUNTER_UNROUTABLE), 0);
    proxy_fixture_end();
}

/* ---- loops ---- */

/* RFC 5393: what comes back as it was is a loop; with another Request-URI it is a spiral. */
static void a_loop_is_not_a_spiral(void **state)
{
    struct sip_message m;
    struct arena arena = {0};
    char text[2000], via[100];
    (void)state;
    begin(0);
    const char *form =
        "OPTIONS sip:%s@home SIP/2.0\r\n%sVia: SIP/2.0/UDP 127.0.0.1:7000;branch=z9hG4bK-l1\r\n"
        "Max-Forwards: 60\r\nFrom: <sip:1001@home>;tag=l\r\nTo: <sip:1002@home>\r\n"
        "Call-ID: l\r\nCSeq: 1 OPTIONS\r\nContent-Length: 0\r\n\r\n";
    snprintf(text, sizeof text, form, "1002", "");
    assert_int_equal(sip_parse(&m, slice_text(text), &arena, NULL), 0);
    snprintf(via, sizeof via,
        "Via: SIP/2.0/UDP 127.0.0.1:5060;branch=z9hG4bK-proxy-1-0123456789abcdef-%08x\r\n",
        guard_loop_mark(&m));
    snprintf(text, sizeof text, form, "1002", via);
    proxy_fixture_from_phone(7000, text);
    proxy_fixture_must_find(5060, "SIP/2.0 482 Loop Detected"); /* the port of the Via: no rport */
    assert_int_equal(counted(COUNTER_GUARD_LOOPS), 1);
    snprintf(text, sizeof text, form, "1003", via);
    text[strlen("OPTIONS sip:1003@home SIP/2.0\r\nVia: SIP/2.0/UDP 127.0.0.1:5060;branch=z9hG4bK-proxy-1-")] =
        '9';
    proxy_fixture_from_phone(7000, text);
    proxy_fixture_must_find(5060, "SIP/2.0 200");
    assert_int_equal(counted(COUNTER_GUARD_LOOPS), 1);
    arena_free(&arena);
    proxy_fixture_end();
}

/* RFC 5393 5.3.3: the breadth is shared by the branches; where it does not suffice, there is no fork. */
static void the_breadth_of_a_fork_is_bounded(void **state)
{
    (void)state;
    begin(0);
    for (uint16_t port = 7001; port <= 7003; port++) {
        struct phone p = proxy_bob;
        char contact[100];
        p.port = port;
        snprintf(contact, sizeof contact, "Contact: <sip:x@127.0.0.1:%u>\r\n", port);
        proxy_fixture_register(&p, contact);
    }
    proxy_fixture.count = 0;
    proxy_fixture_from_pair(NODE_INVITE);
    for (uint16_t port = 7001; port <= 7003; port++)
        assert_non_null(strstr(proxy_fixture_must_find(port, "INVITE"), "\r\nMax-Breadth: 20\r\n"));
    proxy_fixture.count = 0;
    char text[1000] = NODE_INVITE;
    const char *at = strstr(NODE_INVITE, "Contact:");
    snprintf(text + (at - NODE_INVITE), 500, "Max-Breadth: 2\r\n%s", at);
    memcpy(strstr(text, "-n1"), "-n2", 3);
    proxy_fixture_from_pair(text);
    proxy_fixture_must_find(0, "SIP/2.0 440 Max-Breadth Exceeded");
    assert_int_equal(counted(COUNTER_GUARD_BREADTH), 1);
    assert_null(proxy_fixture_find(7001, "INVITE"));
    proxy_fixture_end();
}

/* ---- what pairs say ---- */

static void hear(const char *status, const char *oc, const char *more)
{
    struct sip_message m;
    struct arena arena = {0};
    char text[1000];
    snprintf(text, sizeof text,
        "SIP/2.0 %s x\r\nVia: SIP/2.0/TCP proxy-1.proxy;branch=z9hG4bK-x%s\r\nFrom: <sip:a@home>;tag=1\r\n"
        "To: <sip:b@home>;tag=2\r\nCall-ID: x\r\nCSeq: 1 INVITE\r\n%sContent-Length: 0\r\n\r\n",
        status, oc, more);
    assert_int_equal(sip_parse(&m, slice_text(text), &arena, NULL), 0);
    guard_hears(proxy_fixture.proxy, SLICE("node-1"), &m);
    arena_free(&arena);
}

static unsigned passing(void)
{
    unsigned count = 0;
    for (unsigned i = 0; i < 1000; i++) {
        char id[16];
        snprintf(id, sizeof id, "id-%u", i);
        struct sip_message m = {.is_request = true, .method = SIP_INVITE, .call_id = slice_text(id)};
        count += guard_lets_through(proxy_fixture.proxy, SLICE("node-1"), &m);
    }
    return count;
}

/* VC-7: RFC 7339, loss-based: the part that the pair does not want is not sent, until what it said is over.
 */
static void pairs_get_what_they_ask_for(void **state)
{
    (void)state;
    begin(0);
    assert_int_equal(passing(), 1000);
    hear("180", ";oc=40;oc-algo=\"loss\";oc-validity=2000;oc-seq=10.5", "");
    assert_in_range(passing(), 540, 660);
    hear("180", ";oc=90;oc-seq=10.4", ""); /* an older one */
    assert_in_range(passing(), 540, 660);
    hear("180", ";oc=100;oc-seq=10.6", "");
    assert_int_equal(passing(), 0);
    proxy_fixture_pass(3 * (int64_t)SECOND);
    assert_int_equal(passing(), 1000);
    hear("503", "", "Retry-After: 3 (too much)\r\n");
    assert_int_equal(passing(), 0);
    proxy_fixture_pass(3 * (int64_t)SECOND);
    assert_int_equal(passing(), 1000);
    hear("503", "", ""); /* of this request only */
    assert_int_equal(passing(), 1000);
    proxy_fixture_end();
}

/* VC-7: the same by a frame of the pair; an emergency call is never refused. */
static void a_loaded_pair_is_heard_by_its_frame(void **state)
{
    Tandem__NodeLoad load = TANDEM__NODE_LOAD__INIT;
    struct buffer bytes = {0};
    struct sip_message urgent = {
        .is_request = true, .method = SIP_INVITE, .call_id = SLICE("e"), .uri = SLICE("sip:112@home")};
    (void)state;
    begin(0);
    load.loss = 100;
    load.validity = 2000;
    load.sequence = 7;
    pack_add(&bytes, &load.base);
    guard_told(proxy_fixture.proxy, SLICE("node-1"), buffer_slice(&bytes));
    assert_int_equal(passing(), 0);
    assert_true(guard_lets_through(proxy_fixture.proxy, SLICE("node-1"), &urgent));
    proxy_fixture_pass(2 * (int64_t)SECOND + 1);
    assert_int_equal(passing(), 1000);
    load.loss = 101; /* that is no part */
    load.sequence = 8;
    buffer_clear(&bytes);
    pack_add(&bytes, &load.base);
    guard_told(proxy_fixture.proxy, SLICE("node-1"), buffer_slice(&bytes));
    guard_told(proxy_fixture.proxy, SLICE("node-1"), SLICE("x"));
    assert_int_equal(passing(), 1000);
    buffer_free(&bytes);
    proxy_fixture_end();
}

static void overload_parameters_are_read(void **state)
{
    struct overload o;
    (void)state;
    assert_true(overload_parse(&o, SLICE(";branch=x;oc=20;oc-algo=\"loss\";oc-seq=1282321615.782")));
    assert_int_equal(o.loss, 20);
    assert_int_equal(o.validity, 500);
    assert_true(o.sequence == 128232161578200);
    assert_false(overload_parse(&o, SLICE("")));
    assert_false(overload_parse(&o, SLICE(";oc")));
    assert_false(overload_parse(&o, SLICE(";oc=101")));
    assert_false(overload_parse(&o, SLICE(";oc=-1")));
    assert_false(overload_parse(&o, SLICE(";oc=20;oc-algo=\"rate\"")));
    assert_false(overload_parse(&o, SLICE(";oc=20;oc-validity=99999999999999999999")));
    assert_false(overload_parse(&o, SLICE(";oc=20;oc-seq=x")));
    assert_true(overload_parse(&o, SLICE(";oc=0;oc-validity=4000000000")));
    assert_int_equal(o.validity, 60000);
}

/* ---- buckets and tables ---- */

static void a_bucket_gives_what_it_holds(void **state)
{
    int64_t paid = 0, now = 1700000000 * INT64_C(1000000);
    struct bucket_rate r = bucket_rate(3, 1000000, 6);
    unsigned taken = 0;
    (void)state;
    for (unsigned i = 0; i < 100; i++)
        taken += bucket_takes(&paid, r, now);
    assert_int_equal(taken, 6);
    for (unsigned i = 0; i < 100; i++)
        taken += bucket_takes(&paid, r, now + 10 * 1000000);
    assert_int_equal(taken, 12); /* it does not become more than full */
    for (unsigned i = 0; i < 1000; i++)
        assert_true(bucket_takes(&paid, bucket_rate(0, 1000000, 0), now));
}

static void bans_are_found_by_network(void **state)
{
    struct guard_bans b = {0};
    struct network n;
    struct address a;
    (void)state;
    guard__bans_open(&b);
    assert_int_equal(network_parse(&n, SLICE("192.0.2.0/25")), 0);
    assert_non_null(guard__ban_put(&b, &n, true, 0, SLICE("by hand")));
    assert_int_equal(network_parse(&n, SLICE("2001:db8::/32")), 0);
    assert_non_null(guard__ban_put(&b, &n, false, 50, SLICE("x")));
    assert_int_equal(address_parse_ip(&a, SLICE("192.0.2.127")), 0);
    assert_string_equal(guard__banned(&b, &a, 100)->why, "by hand");
    assert_int_equal(address_parse_ip(&a, SLICE("192.0.2.128")), 0);
    assert_null(guard__banned(&b, &a, 100));
    assert_int_equal(address_parse_ip(&a, SLICE("2001:db8:1::7")), 0);
    assert_non_null(guard__banned(&b, &a, 49));
    assert_null(guard__banned(&b, &a, 50));
    for (uint32_t i = 0; i < GUARD_BANS + 100; i++) { /* the automatic ones give way */
        n = (struct network){
            .address = {.family = 4, .ip = {10, (uint8_t)(i >> 16), (uint8_t)(i >> 8), (uint8_t)i}},
            .bits = 32};
        assert_non_null(guard__ban_put(&b, &n, false, 1000, SLICE("x")));
    }
    assert_int_equal(map_count(&b.by_key), GUARD_BANS);
    assert_int_equal(address_parse_ip(&a, SLICE("192.0.2.1")), 0);
    assert_non_null(guard__banned(&b, &a, 100));
    guard__bans_close(&b);
}

static void sources_are_addresses_and_networks(void **state)
{
    struct address a, b;
    (void)state;
    assert_int_equal(address_parse(&a, SLICE("[2001:db8:1:2:3::4]:5060")), 0);
    assert_int_equal(address_parse(&b, SLICE("[2001:db8:1:2:9::9]:7000")), 0);
    a = guard__source_key(&a);
    b = guard__source_key(&b);
    assert_true(address_equal(&a, &b));
    assert_int_equal(address_parse(&a, SLICE("[::ffff:192.0.2.1]:5060")), 0);
    assert_int_equal(address_parse(&b, SLICE("192.0.2.1:5061")), 0);
    a = guard__source_key(&a);
    b = guard__source_key(&b);
    assert_true(address_equal(&a, &b));
}

TESTS("roles/proxy/guard/admit", cmocka_unit_test(so_many_calls_are_admitted),
    cmocka_unit_test(the_time_to_come_back_is_spread), cmocka_unit_test(what_matters_more_goes_on),
    cmocka_unit_test(far_beyond_there_is_silence), cmocka_unit_test(the_ack_of_a_refusal_is_dropped),
    cmocka_unit_test(a_loop_is_not_a_spiral), cmocka_unit_test(the_breadth_of_a_fork_is_bounded),
    cmocka_unit_test(pairs_get_what_they_ask_for), cmocka_unit_test(a_loaded_pair_is_heard_by_its_frame),
    cmocka_unit_test(overload_parameters_are_read), cmocka_unit_test(a_bucket_gives_what_it_holds),
    cmocka_unit_test(bans_are_found_by_network), cmocka_unit_test(sources_are_addresses_and_networks))
