/* RFC 3263 and the resolver below it, with name servers of every kind. */
#include "unit.h"

#include "base/error.h"
#include "dns/dns_fixture.h"
#include "world/world_int.h"

#define SECOND INT64_C(1000000)

static const char *const zone[] = {
    "example.com 60 NAPTR 20 0 s SIP+D2U _sip._udp.example.com",
    "example.com 60 NAPTR 10 0 s SIP+D2T _sip._tcp.example.com",
    "example.com 60 NAPTR 5 0 u E2U+sip other.example.com",
    "example.com 60 NAPTR 30 0 s SIPS+D2T _sips._tcp.example.com",
    "_sip._udp.example.com 60 SRV 2 0 5060 two.example.com",
    "_sip._udp.example.com 60 SRV 1 0 5070 one.example.com",
    "_sip._tcp.example.com 60 SRV 1 0 5060 one.example.com",
    "_sips._tcp.example.com 60 SRV 1 0 5061 one.example.com",
    "one.example.com 60 A 192.0.2.1",
    "one.example.com 60 AAAA 2001:db8::1",
    "two.example.com 60 A 192.0.2.2",
    "two.example.com 60 A 192.0.2.3",
    "plain.example.com 0 A 192.0.2.4",
    "alias.example.com 60 CNAME plain.example.com",
    "loop.example.com 60 CNAME loop.example.com",
    "_sip._udp.off.example.com 60 SRV 0 0 0 .",
    "_sip._tcp.off.example.com 60 SRV 0 0 5060 plain.example.com",
    "bank.example 60 A 198.51.100.1",
    "_sip._udp.shares.example.com 60 SRV 1 30 5060 two.example.com",
    "_sip._udp.shares.example.com 60 SRV 1 10 5060 plain.example.com",
    "_sip._udp.shares.example.com 60 SRV 1 0 5060 bank.example",
    NULL,
};

static struct dns_fixture f;

static const char *locate(const char *host)
{
    return dns_fixture_locate(&f,
        &(struct locate_wish){.host = slice_text(host), .transport = LOCATE_ANY, .families = LOCATE_IPV4});
}

static void begin(uint64_t seed)
{
    dns_fixture_open(&f, seed, zone);
}

/* RFC 3263 4.1: no name server is asked. */
static void numeric_hosts_are_targets_at_once(void **state)
{
    (void)state;
    begin(1);
    assert_string_equal(locate("192.0.2.9"), "udp 192.0.2.9:5060, .");
    assert_string_equal(locate("[2001:db8::9]"), "udp [2001:db8::9]:5060, .");
    struct locate_wish wish = {.host = SLICE("192.0.2.9"), .port = 6000, .transport = TRANSPORT_TCP};
    assert_string_equal(dns_fixture_locate(&f, &wish), "tcp 192.0.2.9:6000, .");
    wish.secure = true;
    wish.port = 0;
    assert_string_equal(dns_fixture_locate(&f, &wish), "tls 192.0.2.9:5061, .");
    wish.transport = TRANSPORT_UDP; /* sips over UDP does not exist */
    assert_string_equal(dns_fixture_locate(&f, &wish), ".");
    assert_string_equal(locate(""), ".");
    assert_string_equal(locate("no host"), ".");
    assert_string_equal(locate("a..b"), ".");
    assert_int_equal(f.servers[0].asked + f.servers[1].asked, 0);
    dns_fixture_close(&f);
}

/* RFC 3263 4.1, 4.2; VC-1: NAPTR gives the transports in order, SRV the hosts and ports. */
static void a_name_leads_by_naptr_and_srv_to_targets(void **state)
{
    (void)state;
    begin(2);
    assert_string_equal(locate("Example.COM."),
        "tcp 192.0.2.1:5060, udp 192.0.2.1:5070, udp 192.0.2.2:5060, udp 192.0.2.3:5060, "
        "tls 192.0.2.1:5061 example.com, .");
    unsigned asked = f.servers[0].asked;
    assert_true(strlen(locate("example.com")) > 10); /* all of it is known now */
    assert_int_equal(f.servers[0].asked, asked);
    struct locate_wish wish = {.host = SLICE("example.com"), .transport = LOCATE_ANY};
    wish.transports = LOCATE_TRANSPORT(TRANSPORT_UDP);
    assert_string_equal(dns_fixture_locate(&f, &wish),
        "udp [2001:db8::1]:5070, udp 192.0.2.1:5070, udp 192.0.2.2:5060, udp 192.0.2.3:5060, .");
    wish = (struct locate_wish){
        .host = SLICE("example.com"), .transport = LOCATE_ANY, .secure = true, .families = LOCATE_IPV4};
    assert_string_equal(dns_fixture_locate(&f, &wish), "tls 192.0.2.1:5061 example.com, .");
    dns_fixture_close(&f);
}

static void a_port_or_a_transport_leaves_steps_out(void **state)
{
    (void)state;
    begin(3);
    struct locate_wish wish = {
        .host = SLICE("two.example.com"), .port = 5080, .transport = LOCATE_ANY, .families = LOCATE_IPV4};
    assert_string_equal(dns_fixture_locate(&f, &wish), "udp 192.0.2.2:5080, udp 192.0.2.3:5080, .");
    assert_int_equal(f.servers[0].kinds[DNS_TYPE_NAPTR] + f.servers[0].kinds[DNS_TYPE_SRV], 0);
    wish = (struct locate_wish){
        .host = SLICE("example.com"), .transport = TRANSPORT_UDP, .families = LOCATE_IPV4};
    assert_string_equal(
        dns_fixture_locate(&f, &wish), "udp 192.0.2.1:5070, udp 192.0.2.2:5060, udp 192.0.2.3:5060, .");
    assert_int_equal(f.servers[0].kinds[DNS_TYPE_NAPTR], 0);
    dns_fixture_close(&f);
}

static void a_name_without_services_is_a_host(void **state)
{
    (void)state;
    begin(4);
    assert_string_equal(locate("plain.example.com"), "udp 192.0.2.4:5060, .");
    assert_string_equal(locate("alias.example.com"), "udp 192.0.2.4:5060, .");
    assert_string_equal(locate("loop.example.com"), ".");
    assert_string_equal(locate("nowhere.example.com"), ".");
    assert_string_equal(
        locate("off.example.com"), "tcp 192.0.2.4:5060, ."); /* no UDP there (RFC 2782: ".") */
    dns_fixture_close(&f);
}

/* VC-5: weights are honoured: 30 to 10, and what has none has next to none. */
static void weights_share_the_load(void **state)
{
    (void)state;
    begin(5);
    unsigned first[3] = {0};
    for (unsigned i = 0; i < 4000; i++) {
        const char *found = locate("shares.example.com");
        first[strncmp(found, "udp 192.0.2.2", 13) == 0   ? 0
              : strncmp(found, "udp 192.0.2.4", 13) == 0 ? 1
                                                         : 2]++;
        assert_non_null(strstr(found, "192.0.2.4"));
        assert_non_null(strstr(found, "198.51.100.1"));
    }
    assert_in_range(first[0], 2780, 3080); /* 30/41 of 4000 = 2926 */
    assert_in_range(first[1], 850, 1100);  /* 10/41 = 975 */
    assert_in_range(first[2], 50, 150);    /* 1/41 = 97 */
    dns_fixture_close(&f);
}

/* RFC 3263 4.3: who did not answer is tried after all others, for a time. */
static void the_dead_come_last(void **state)
{
    (void)state;
    begin(6);
    struct locate_wish wish = {
        .host = SLICE("two.example.com"), .port = 5060, .transport = LOCATE_ANY, .families = LOCATE_IPV4};
    struct locate_target dead = {
        .transport = TRANSPORT_UDP, .address = {.ip = {192, 0, 2, 2}, .port = 5060, .family = 4}};
    locate_is_dead(&f.resolver, &dead);
    assert_string_equal(dns_fixture_locate(&f, &wish), "udp 192.0.2.3:5060, udp 192.0.2.2:5060, .");
    dead.address.ip[3] = 3;
    locate_is_dead(&f.resolver, &dead);
    assert_string_equal(dns_fixture_locate(&f, &wish), "udp 192.0.2.2:5060, udp 192.0.2.3:5060, .");
    locate_is_alive(&f.resolver, &dead);
    assert_string_equal(dns_fixture_locate(&f, &wish), "udp 192.0.2.3:5060, udp 192.0.2.2:5060, .");
    dns_fixture_pass(&f, 31 * SECOND);
    assert_string_equal(dns_fixture_locate(&f, &wish), "udp 192.0.2.2:5060, udp 192.0.2.3:5060, .");
    for (unsigned i = 0; i < 3 * DNS_DEAD; i++) {
        dead.address.port = (uint16_t)(i + 1);
        locate_is_dead(&f.resolver, &dead);
    }
    assert_true(map_count(&f.resolver.dead) <= DNS_DEAD);
    dns_fixture_close(&f);
}

/* ---- name servers ---- */

static void a_silent_server_is_left_for_the_next(void **state)
{
    (void)state;
    begin(7);
    f.servers[0].habit = DNS_HABIT_SILENT;
    assert_string_equal(locate("alias.example.com"), "udp 192.0.2.4:5060, .");
    assert_int_equal(f.servers[0].asked, 1);
    unsigned asked = f.servers[0].asked;
    assert_string_equal(locate("two.example.com"), "udp 192.0.2.2:5060, udp 192.0.2.3:5060, .");
    assert_int_equal(f.servers[0].asked, asked); /* the one that answers is asked first */
    dns_fixture_close(&f);
}

static void servers_that_cannot_say_are_left_for_the_next(void **state)
{
    static const enum dns_habit habits[] = {DNS_HABIT_FAILS, DNS_HABIT_SHUT, DNS_HABIT_GARBLE};
    (void)state;
    for (unsigned i = 0; i < 3; i++) {
        begin(8 + i);
        f.servers[0].habit = habits[i];
        assert_string_equal(locate("two.example.com"), "udp 192.0.2.2:5060, udp 192.0.2.3:5060, .");
        dns_fixture_close(&f);
    }
}

static void without_any_answer_it_says_so(void **state)
{
    static const enum dns_habit habits[] = {DNS_HABIT_SILENT, DNS_HABIT_FAILS, DNS_HABIT_GARBLE};
    (void)state;
    for (unsigned i = 0; i < 3; i++) {
        begin(11 + i);
        f.servers[0].habit = f.servers[1].habit = habits[i];
        assert_string_equal(locate("example.com"), "TIMEOUT");
        f.servers[0].habit = DNS_HABIT_GOOD;
        dns_fixture_pass(&f, (DNS_FAILED_FOR + 1) * SECOND);
        assert_int_equal(strncmp(locate("example.com"), "tcp 192.0.2.1:5060, ", 20), 0);
        assert_int_equal(map_count(&f.resolver.questions), 0);
        dns_fixture_close(&f);
    }
}

/* RFC 7766: what does not fit into a datagram comes over TCP. */
static void a_cut_answer_is_asked_for_over_tcp(void **state)
{
    (void)state;
    begin(14);
    f.servers[0].habit = DNS_HABIT_CUTS;
    assert_string_equal(locate("two.example.com"), "udp 192.0.2.2:5060, udp 192.0.2.3:5060, .");
    assert_true(f.servers[0].streams >= 4);
    assert_int_equal(f.servers[1].asked, 0);
    dns_fixture_close(&f);
}

/* Numbers, questions and letters that do not fit are nobody's answer (RFC 5452). */
static void forged_answers_are_counted_and_waited_past(void **state)
{
    (void)state;
    begin(15);
    f.servers[0].habit = DNS_HABIT_WRONG;
    assert_string_equal(locate("two.example.com"), "udp 192.0.2.2:5060, udp 192.0.2.3:5060, .");
    assert_true(f.resolver.world->counters.values[COUNTER_DNS_FORGED] >= 10);
    dns_fixture_close(&f);
}

static void what_nobody_asked_for_is_not_believed(void **state)
{
    (void)state;
    begin(16);
    f.servers[0].habit = DNS_HABIT_POISON;
    assert_string_equal(locate("two.example.com"), "udp 192.0.2.2:5060, udp 192.0.2.3:5060, .");
    f.servers[0].habit = DNS_HABIT_GOOD;
    assert_string_equal(locate("bank.example"), "udp 198.51.100.1:5060, .");
    dns_fixture_close(&f);
}

static void a_server_that_changes_letters_is_understood(void **state)
{
    (void)state;
    begin(17);
    f.servers[0].habit = f.servers[1].habit = DNS_HABIT_LOWERS;
    assert_string_equal(locate("two.example.com"), "udp 192.0.2.2:5060, udp 192.0.2.3:5060, .");
    dns_fixture_close(&f);
}

/* Negative answers are kept too; what may not be kept is used once. */
static void answers_are_kept_as_long_as_they_are_good(void **state)
{
    (void)state;
    begin(18);
    locate("two.example.com");
    unsigned asked = f.servers[0].asked;
    locate("two.example.com");
    assert_int_equal(f.servers[0].asked, asked);
    dns_fixture_pass(&f, 61 * SECOND);
    locate("two.example.com");
    assert_true(f.servers[0].asked > asked);
    assert_string_equal(locate("plain.example.com"), "udp 192.0.2.4:5060, .");
    unsigned plain = f.servers[0].kinds[DNS_TYPE_A];
    dns_fixture_pass(&f, 1);
    assert_string_equal(locate("plain.example.com"), "udp 192.0.2.4:5060, .");
    assert_int_equal(f.servers[0].kinds[DNS_TYPE_A], plain + 1);
    dns_fixture_close(&f);
}

static void without_servers_names_fail_at_once(void **state)
{
    (void)state;
    begin(19);
    assert_int_equal(dns_resolver_servers(&f.resolver, NULL, 0), 0);
    assert_string_equal(locate("example.com"), "TIMEOUT");
    assert_string_equal(locate("192.0.2.9"), "udp 192.0.2.9:5060, .");
    dns_fixture_close(&f);
}

TESTS("dns/locate", cmocka_unit_test(numeric_hosts_are_targets_at_once),
    cmocka_unit_test(a_name_leads_by_naptr_and_srv_to_targets),
    cmocka_unit_test(a_port_or_a_transport_leaves_steps_out),
    cmocka_unit_test(a_name_without_services_is_a_host), cmocka_unit_test(weights_share_the_load),
    cmocka_unit_test(the_dead_come_last), cmocka_unit_test(a_silent_server_is_left_for_the_next),
    cmocka_unit_test(servers_that_cannot_say_are_left_for_the_next),
    cmocka_unit_test(without_any_answer_it_says_so), cmocka_unit_test(a_cut_answer_is_asked_for_over_tcp),
    cmocka_unit_test(forged_answers_are_counted_and_waited_past),
    cmocka_unit_test(what_nobody_asked_for_is_not_believed),
    cmocka_unit_test(a_server_that_changes_letters_is_understood),
    cmocka_unit_test(answers_are_kept_as_long_as_they_are_good),
    cmocka_unit_test(without_servers_names_fail_at_once));
