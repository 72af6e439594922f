/* What strangers, floods and guessers get, and that phones go on meanwhile. */
#include "config/builder.h"
#include "roles/proxy/guard/guard_int.h"
#include "roles/proxy/question_fixture.h"
#include "unit.h"
#include "wire/client.pb-c.h"
#include "wire/event.pb-c.h"
#include "wire/pack.h"

#define CONTACT "Contact: <sip:a@127.0.0.1:6001>\r\n"

static struct address from(uint8_t a, uint8_t b, uint16_t port)
{
    return (struct address){.ip = {10, 0, a, b}, .port = port, .family = 4};
}

static uint64_t counted(enum counter c)
{
    return proxy_fixture.world.counters.values[c];
}

static struct guard *guard(void)
{
    return ((struct proxy *)proxy_fixture.proxy)->guard;
}

static size_t transactions(void)
{
    return map_count(&((struct proxy *)proxy_fixture.proxy)->transactions.by_id);
}

static void begin(struct config_guard limits)
{
    proxy_fixture_location.guard = limits;
    proxy_fixture_begin();
}

/* A request without credentials. */
static void ask(const struct address *peer, const char *method, const char *dn, const char *more)
{
    char text[1000];
    unsigned number = ++proxy_fixture.branch;
    snprintf(text, sizeof text,
        "%s sip:%s@home SIP/2.0\r\nVia: SIP/2.0/UDP 10.9.9.9:5060;branch=z9hG4bK-q%u\r\nMax-Forwards: 70\r\n"
        "From: <sip:%s@home>;tag=q\r\nTo: <sip:%s@home>\r\nCall-ID: q%u\r\nCSeq: 1 %s\r\n%s"
        "Content-Length: 0\r\n\r\n",
        method, dn, number, dn, dn, number, method, more);
    proxy_fixture_from(peer, text);
}

static unsigned answers(uint16_t port, const char *beginning)
{
    unsigned count = 0;
    for (unsigned i = 0; i < proxy_fixture.count; i++)
        count += proxy_fixture.sent[i].port == port &&
                 strncmp(proxy_fixture.sent[i].text, beginning, strlen(beginning)) == 0;
    return count;
}

/* ---- limits ---- */

/* SEC-4: so many messages a second of one source, two seconds at once; another source does not notice. */
static void a_flood_from_one_source_is_cut(void **state)
{
    (void)state;
    begin((struct config_guard){.strangers = 10});
    struct address bad = from(1, 1, 5070), good = from(1, 2, 5071);
    for (unsigned i = 0; i < 1000; i++) {
        bad.port = (uint16_t)(5070 + i % 7); /* another port is the same source */
        ask(&bad, "REGISTER", "1001", "");
    }
    assert_int_equal(counted(COUNTER_CHALLENGES), 20);
    assert_int_equal(counted(COUNTER_GUARD_LIMITED), 980);
    ask(&good, "REGISTER", "1001", "");
    assert_int_equal(counted(COUNTER_CHALLENGES), 21);
    proxy_fixture_pass((int64_t)SECOND);
    for (unsigned i = 0; i < 100; i++)
        ask(&bad, "REGISTER", "1001", "");
    assert_int_equal(counted(COUNTER_CHALLENGES), 31);
    proxy_fixture_end();
}

/* SEC-4: a flood from very many sources leaves the phones what they need, and no memory behind. */
static void a_flood_from_many_sources_leaves_phones_alone(void **state)
{
    (void)state;
    begin((struct config_guard){.strangers = 10, .strangers_all = 100, .phone = 100});
    proxy_fixture_register(&proxy_alice, CONTACT);
    for (unsigned i = 0; i < 40000; i++) {
        struct address bad = from((uint8_t)(i >> 8), (uint8_t)i, 5070);
        ask(&bad, i % 2 == 0 ? "REGISTER" : "INVITE", "1002", "");
    }
    assert_true(counted(COUNTER_CHALLENGES) <= 102);
    assert_int_equal(map_count(&guard()->sources.by_key), GUARD_SOURCES);
    assert_true(transactions() <= 1); /* alice's */
    uint64_t registers = counted(COUNTER_REGISTERS);
    proxy_fixture_register(&proxy_alice, CONTACT);
    assert_int_equal(counted(COUNTER_REGISTERS), registers + 1);
    proxy_fixture_end();
}

/* VC-8: what comes from a trusted network is not limited, and not banned. */
static void trusted_networks_are_not_touched(void **state)
{
    static const struct slice networks[] = {SLICE_INIT("10.0.1.0/24")};
    (void)state;
    proxy_fixture_location.networks = (struct config_list){networks, 1};
    begin((struct config_guard){.strangers = 10, .ban_malformed = 5, .ban_seconds = 60, .silent = true});
    struct address good = from(1, 1, 5070), bad = from(2, 1, 5070);
    for (unsigned i = 0; i < 100; i++) {
        ask(&good, "REGISTER", "1001", "User-Agent: sipvicious\r\n");
        guard_blames(proxy_fixture.proxy, &good, GUARD_MALFORMED);
        ask(&bad, "REGISTER", "1001", "User-Agent: SIPVicious\r\n");
    }
    assert_int_equal(counted(COUNTER_CHALLENGES), 100);
    assert_int_equal(counted(COUNTER_GUARD_BANS), 1); /* of the other */
    proxy_fixture_end();
}

/* SEC-4: a challenge costs no memory, also where nobody comes back for it (RFC 3261 26.3.2.4). */
static void a_challenge_leaves_nothing_behind(void **state)
{
    (void)state;
    begin((struct config_guard){.strangers = 0});
    struct address peer = from(1, 1, 5070);
    for (unsigned i = 0; i < 100; i++)
        ask(&peer, i % 2 == 0 ? "INVITE" : "REGISTER", "1001", "");
    assert_int_equal(counted(COUNTER_CHALLENGES), 100);
    assert_int_equal(transactions(), 0);
    proxy_fixture_pass(5 * (int64_t)SECOND);
    assert_int_equal(counted(COUNTER_CHALLENGES), 100); /* and is not repeated to a forged address */
    proxy_fixture_end();
}

/* ---- guessers and bans ---- */

static void guess(const struct phone *as, const char *secret)
{
    struct phone guesser = *as;
    guesser.secret = secret;
    char text[3000], more[2000] = "";
    proxy_fixture_build(text, &guesser, "REGISTER", "sip:home", "");
    proxy_fixture_from_phone(guesser.port, text);
    if (proxy_fixture_find(guesser.port, "SIP/2.0 401") == NULL)
        return;
    proxy_fixture_add_credentials(more, &guesser, "REGISTER", "sip:home");
    proxy_fixture_build(text, &guesser, "REGISTER", "sip:home", more);
    proxy_fixture_from_phone(guesser.port, text);
}

static const struct config_guard banning = {.ban_credentials = 5, .ban_seconds = 60, .phone = 1000};

/* SEC-4, SEC-6: who guesses at passwords is shut out for a time, and for longer each time. */
static void a_guesser_is_banned(void **state)
{
    static const struct phone guesser = {6666, "1001", "1001", "?"};
    (void)state;
    begin(banning);
    for (unsigned i = 0; i < 50; i++)
        guess(&guesser, "wrong");
    assert_int_equal(counted(COUNTER_DENIALS), 6); /* the sixth is one too many */
    assert_int_equal(counted(COUNTER_GUARD_BANS), 1);
    assert_true(counted(COUNTER_GUARD_BANNED) >= 40);
    proxy_fixture_pass(61 * (int64_t)SECOND);
    uint64_t before = counted(COUNTER_CHALLENGES);
    guess(&guesser, "wrong");
    assert_int_equal(counted(COUNTER_CHALLENGES), before + 1); /* it is over */
    for (unsigned i = 0; i < 50; i++)
        guess(&guesser, "wrong");
    assert_int_equal(counted(COUNTER_GUARD_BANS), 2);
    proxy_fixture_pass(61 * (int64_t)SECOND);
    before = counted(COUNTER_CHALLENGES);
    guess(&guesser, "wrong");
    assert_int_equal(counted(COUNTER_CHALLENGES), before); /* twice as long now */
    proxy_fixture_pass(60 * (int64_t)SECOND);
    guess(&guesser, "wrong");
    assert_int_equal(counted(COUNTER_CHALLENGES), before + 1);
    proxy_fixture_end();
}

/* SEC-4: a phone that has proved itself is not shut out by somebody else behind the same address. */
static void a_ban_spares_phones_behind_the_same_address(void **state)
{
    static const struct phone guesser = {6666, "1002", "1002", "?"};
    (void)state;
    begin(banning);
    proxy_fixture_register(&proxy_alice, CONTACT);
    for (unsigned i = 0; i < 20; i++)
        guess(&guesser, "wrong");
    assert_int_equal(counted(COUNTER_GUARD_BANS), 1);
    uint64_t registers = counted(COUNTER_REGISTERS);
    proxy_fixture_register(&proxy_alice, CONTACT);
    assert_int_equal(counted(COUNTER_REGISTERS), registers + 1);
    /* but who is known and guesses does not shield itself */
    for (unsigned i = 0; i < 5; i++)
        guess(&proxy_alice, "wrong");
    proxy_fixture.count = 0;
    guess(&proxy_alice, "secret 1");
    assert_null(proxy_fixture_find(proxy_alice.port, "SIP/2.0"));
    proxy_fixture_end();
}

/* SEC-4: whether a number exists shows neither in the answers nor in what they lead to. */
static void users_cannot_be_told_apart(void **state)
{
    static const struct phone there = {6666, "1001", "1001", "?"}, nobody = {6667, "9999", "9999", "?"};
    char first[3000], second[3000];
    (void)state;
    begin((struct config_guard){.ban_credentials = 100, .ban_seconds = 60, .alarm_failures = 3});
    for (unsigned i = 0; i < 5; i++) {
        guess(&there, "wrong");
        guess(&nobody, "wrong");
        snprintf(first, sizeof first, "%s", proxy_fixture_must_find(6666, "SIP/2.0 403"));
        snprintf(second, sizeof second, "%s", proxy_fixture_must_find(6667, "SIP/2.0 403"));
        assert_int_equal(strlen(first), strlen(second));
        assert_int_equal(answers(6666, "SIP/2.0 401"), answers(6667, "SIP/2.0 401"));
    }
    assert_int_equal(answers(6666, "SIP/2.0 403"), answers(6667, "SIP/2.0 403"));
    assert_int_equal(counted(COUNTER_GUARD_CREDENTIALS), 10);
    proxy_fixture_end();
}

static uint64_t told;
static char last_ban[200];
static size_t last_length;

static void hear(struct slice subject, struct slice bytes)
{
    if (!slice_equal(subject, SLICE("guard.home")))
        return;
    told++;
    assert_true(bytes.length < sizeof last_ban);
    slice_put(last_ban, bytes);
    last_length = bytes.length;
}

static void news(const char *proxy, uint8_t last, int64_t until)
{
    Tandem__GuardBan m = TANDEM__GUARD_BAN__INIT;
    struct buffer bytes = {0};
    uint8_t ip[4] = {10, 0, 1, last};
    m.proxy = (char *)(uintptr_t)proxy;
    m.address = (ProtobufCBinaryData){sizeof ip, ip};
    m.bits = 32;
    m.until = until;
    m.why = (char *)(uintptr_t) "wrong credentials";
    pack_add(&bytes, &m.base);
    proxy_fixture_input(
        (struct input){.kind = INPUT_BUS, .token = PROXY_TOKEN_GUARD, .bytes = buffer_slice(&bytes)});
    buffer_free(&bytes);
}

/* SEC-4: proxies of a location share their bans, and tell them again to who comes later. */
static void bans_are_shared(void **state)
{
    struct address peer = from(1, 7, 5070), other = from(1, 8, 5070);
    (void)state;
    begin(banning);
    proxy_fixture.on_publish = hear;
    told = 0;
    for (unsigned i = 0; i < 6; i++)
        guard_blames(proxy_fixture.proxy, &other, GUARD_CREDENTIALS);
    proxy_fixture_pass(100000); /* what was published outside a turn leaves with the next */
    news("proxy-2", 7, proxy_fixture.now + 60 * (int64_t)SECOND);
    assert_int_equal(told, 1);
    ask(&peer, "REGISTER", "1001", "");
    ask(&other, "REGISTER", "1001", "");
    assert_int_equal(counted(COUNTER_GUARD_BANNED), 2);
    proxy_fixture_pass(11 * (int64_t)SECOND);
    assert_int_equal(told, 2); /* its own again, not the other's */
    news("proxy-2", 7, 0);
    ask(&peer, "REGISTER", "1001", "");
    assert_int_equal(counted(COUNTER_CHALLENGES), 1);
    proxy_fixture_input(
        (struct input){.kind = INPUT_BUS, .token = PROXY_TOKEN_GUARD, .bytes = SLICE("\377garbage")});
    proxy_fixture_end();
}

/* ---- by hand ---- */

static void configure_ban(const char *network, int64_t until)
{
    struct config_builder *b = config_builder_from(proxy_fixture.configuration);
    struct configuration *before = proxy_fixture.configuration;
    config_builder_ban(
        b, &(struct config_ban){
               .name = SLICE("x"), .network = slice_text(network), .why = SLICE("a test"), .until = until});
    assert_int_equal(config_builder_end(&proxy_fixture.configuration, b, NULL), 0);
    proxy_fixture.world.configuration = proxy_fixture.configuration;
    proxy_fixture_input((struct input){.kind = INPUT_CONFIG});
    config_release(before);
}

/* SEC-4: a ban by hand holds for all from there, phones too, at once and until it ends or is changed. */
static void a_ban_by_hand_holds_for_phones_too(void **state)
{
    struct address peer = from(1, 1, 5070), other = from(2, 1, 5070);
    (void)state;
    begin((struct config_guard){.phone = 1000});
    guard_praises(proxy_fixture.proxy, &peer);
    configure_ban("10.0.1.0/24", proxy_fixture.now + 60 * (int64_t)SECOND);
    ask(&peer, "REGISTER", "1001", "");
    assert_int_equal(counted(COUNTER_GUARD_BANNED), 1);
    ask(&other, "REGISTER", "1001", "");
    assert_int_equal(counted(COUNTER_CHALLENGES), 1);
    proxy_fixture_pass(60 * (int64_t)SECOND);
    ask(&peer, "REGISTER", "1001", "");
    assert_int_equal(counted(COUNTER_CHALLENGES), 2);
    configure_ban("10.0.2.1", 0); /* the object names another one now */
    ask(&other, "REGISTER", "1001", "");
    ask(&peer, "REGISTER", "1001", "");
    assert_int_equal(counted(COUNTER_CHALLENGES), 3);
    proxy_fixture_end();
}

/* SEC-4: people see who is shut out and which numbers are odd, and administrators let in again. */
static void people_see_and_lift_bans(void **state)
{
    struct address peer = from(1, 7, 5070);
    (void)state;
    begin((struct config_guard){.ban_credentials = 2, .ban_seconds = 60, .alarm_addresses = 1});
    for (unsigned i = 0; i < 3; i++)
        guard_blames(proxy_fixture.proxy, &peer, GUARD_CREDENTIALS);
    guard__number_saw(proxy_fixture.proxy, SLICE("1001"), GUARD_ROAMING, &peer);
    peer.ip[3]++;
    guard__number_saw(proxy_fixture.proxy, SLICE("1001"), GUARD_ROAMING, &peer);
    configure_ban("2001:db8::/32", 0);
    proxy_fixture_ask("GET", "/api/bans", "agent");
    assert_int_equal(proxy_told.status, 200);
    assert_non_null(strstr(proxy_told.text, "{\"network\":\"10.0.1.7/32\",\"by\":\"program\""));
    assert_non_null(
        strstr(proxy_told.text, "{\"network\":\"2001:db8::/32\",\"by\":\"hand\",\"until\":\"0\""));
    assert_non_null(
        strstr(proxy_told.text, "{\"number\":\"1001\",\"what\":\"registers from many addresses\""));
    proxy_fixture_ask("DELETE", "/api/bans/10.0.1.7", "agent");
    assert_int_equal(proxy_told.status, 403);
    proxy_fixture_ask("DELETE", "/api/bans/10.0.1.777", "administrator");
    assert_int_equal(proxy_told.status, 400);
    proxy_fixture_ask("DELETE", "/api/bans/10.0.1.7", "administrator");
    assert_int_equal(proxy_told.status, 200);
    /* who knows nothing of it waits: another proxy may, and the first answer counts */
    static const char *const unknown[] = {"/api/bans/10.0.1.7", "/api/bans/2001:db8::%2F32" /* an object */};
    for (size_t i = 0; i < 2; i++) {
        unsigned before = proxy_told.count;
        proxy_fixture_ask("DELETE", unknown[i], "administrator");
        assert_int_equal(proxy_told.count, before);
        proxy_fixture_pass(timer_duration(TIMER_GUARD_LATE) + 1000);
        assert_int_equal(proxy_told.count, before + 1);
        assert_int_equal(proxy_told.status, 404);
    }
    proxy_fixture_ask("DELETE", unknown[0], "administrator"); /* and what waits at the end is no leak */
    peer = from(1, 7, 5070);
    ask(&peer, "REGISTER", "1001", "");
    assert_int_equal(counted(COUNTER_CHALLENGES), 1);
    proxy_fixture_end();
}

/* ---- scanners ---- */

/* SEC-4: tools that look for victims get no answer, whatever they ask. */
static void scanners_get_no_answer(void **state)
{
    static const struct slice more[] = {SLICE_INIT("my-tool")};
    struct address peer = from(1, 1, 5070);
    (void)state;
    proxy_fixture_location.scanners = (struct config_list){more, 1};
    begin((struct config_guard){.silent = true, .ban_malformed = 1000, .ban_seconds = 60});
    ask(&peer, "OPTIONS", "100", "User-Agent: friendly-scanner\r\n");
    ask(&peer, "INVITE", "100", "User-Agent: sipcli/v1.8\r\n");
    ask(&peer, "REGISTER", "100", "user-agent: My-Tool 3\r\n");
    assert_int_equal(proxy_fixture.count, 0);
    assert_int_equal(counted(COUNTER_GUARD_SILENT), 3);
    ask(&peer, "OPTIONS", "100", "User-Agent: Yealink SIP-T46\r\n");
    assert_int_equal(answers(5070, "SIP/2.0 200"), 1);
    proxy_fixture_end();
}

/* SEC-4: who asks and asks and never proves himself gets silence after a while. */
static void strangers_that_only_ask_get_silence(void **state)
{
    struct address peer = from(1, 1, 5070);
    (void)state;
    begin((struct config_guard){.silent = true, .unanswered = 30});
    for (unsigned i = 0; i < 200; i++)
        ask(&peer, "REGISTER", "1001", "");
    assert_int_equal(counted(COUNTER_CHALLENGES), 30);
    assert_int_equal(counted(COUNTER_GUARD_SILENT), 170);
    guard_praises(proxy_fixture.proxy, &peer); /* somebody there has logged in */
    peer.port++;
    ask(&peer, "REGISTER", "1001", "");
    assert_int_equal(counted(COUNTER_CHALLENGES), 31);
    proxy_fixture_end();
}

/* SEC-4: strangers that ask for other domains get no answer where the location says its own. */
static void foreign_domains_get_no_answer(void **state)
{
    static const struct slice names[] = {SLICE_INIT("phones.example.com")};
    struct address peer = from(1, 1, 5070);
    (void)state;
    proxy_fixture_location.domains = (struct config_list){names, 1};
    begin((struct config_guard){.silent = true});
    ask(&peer, "REGISTER", "1001", ""); /* sip:1001@home is the realm */
    proxy_fixture_from(&peer,
        "INVITE sip:00441234@voip.example.org SIP/2.0\r\nVia: SIP/2.0/UDP 10.9.9.9:5060;branch=z9hG4bK-f\r\n"
        "Max-Forwards: 70\r\nFrom: <sip:a@b>;tag=q\r\nTo: <sip:c@d>\r\nCall-ID: f\r\nCSeq: 1 INVITE\r\n"
        "Content-Length: 0\r\n\r\n");
    assert_int_equal(counted(COUNTER_CHALLENGES), 1);
    assert_int_equal(counted(COUNTER_GUARD_FOREIGN), 1);
    proxy_fixture_end();
}

/* ---- streams ---- */

static void streams_of_one_source_are_counted(void **state)
{
    struct address peer = from(1, 1, 5070), other = from(1, 2, 5070);
    (void)state;
    begin((struct config_guard){.streams = 3});
    struct proxy *p = proxy_fixture.proxy;
    for (unsigned i = 0; i < 3; i++)
        assert_true(guard_accepts(p, &peer));
    assert_false(guard_accepts(p, &peer));
    assert_true(guard_accepts(p, &other));
    guard_closed(p, &peer);
    assert_true(guard_accepts(p, &peer));
    assert_false(guard_accepts(p, &peer));
    proxy_fixture_end();
}

/* ---- odd numbers ---- */

/* SEC-6: guessing at one number, registering from many places and dialling without end are told. */
static void odd_numbers_are_told(void **state)
{
    static const struct phone guesser = {6666, "1002", "1002", "?"};
    struct proxy *p;
    (void)state;
    begin((struct config_guard){.alarm_failures = 5, .alarm_addresses = 3, .alarm_calls = 4});
    p = proxy_fixture.proxy;
    const uint64_t *gauges = proxy_fixture.world.gauges.values;
    for (unsigned i = 0; i < 5; i++)
        guess(&guesser, "wrong");
    assert_int_equal(gauges[GAUGE_GUARD_GUESSED], 0);
    guess(&guesser, "wrong");
    assert_int_equal(gauges[GAUGE_GUARD_GUESSED], 1);
    for (uint8_t i = 0; i < 4; i++) {
        struct address peer = from(3, i, 5060);
        assert_int_equal(gauges[GAUGE_GUARD_ROAMING], 0);
        guard__number_saw(p, SLICE("1001"), GUARD_ROAMING, &peer);
    }
    assert_int_equal(gauges[GAUGE_GUARD_ROAMING], 1);
    for (unsigned i = 0; i < 5; i++) {
        assert_int_equal(gauges[GAUGE_GUARD_DIALLING], 0);
        proxy_fixture_request(&proxy_alice, "INVITE", "sip:1002@home", CONTACT);
    }
    assert_int_equal(gauges[GAUGE_GUARD_DIALLING], 1);
    proxy_fixture_pass(320 * (int64_t)SECOND);
    assert_int_equal(gauges[GAUGE_GUARD_DIALLING], 0); /* it has calmed down */
    assert_int_equal(gauges[GAUGE_GUARD_GUESSED], 0);
    proxy_fixture_end();
}

TESTS("roles/proxy/guard", cmocka_unit_test(a_flood_from_one_source_is_cut),
    cmocka_unit_test(a_flood_from_many_sources_leaves_phones_alone),
    cmocka_unit_test(trusted_networks_are_not_touched), cmocka_unit_test(a_challenge_leaves_nothing_behind),
    cmocka_unit_test(a_guesser_is_banned), cmocka_unit_test(a_ban_spares_phones_behind_the_same_address),
    cmocka_unit_test(users_cannot_be_told_apart), cmocka_unit_test(bans_are_shared),
    cmocka_unit_test(a_ban_by_hand_holds_for_phones_too), cmocka_unit_test(people_see_and_lift_bans),
    cmocka_unit_test(scanners_get_no_answer), cmocka_unit_test(strangers_that_only_ask_get_silence),
    cmocka_unit_test(foreign_domains_get_no_answer), cmocka_unit_test(streams_of_one_source_are_counted),
    cmocka_unit_test(odd_numbers_are_told))
