/* What a proxy keeps of the messages that it sees, and tells. */
#include "roles/proxy/trace/trace.h"

#include "base/hash.h"
#include "roles/proxy/question_fixture.h"
#include "unit.h"

#define CALL "00c0ffee00000007"
#define NODE_TAG "2a-11223344-" CALL
/* The pair's answer to the INVITE of 1001, in which its tag names the call. */
#define FIND "GET", "/api/trace/dialogs?call=" CALL
#define READ_SIP "/api/trace/messages?sip="

static struct address collector = {.family = 0};
static char packets[8][2000];
static size_t lengths[8], packet_count;

static void begin(void)
{
    proxy_fixture_location.trace.memory = 1;
    proxy_fixture_begin();
    proxy_fixture_register(&proxy_bob, "Contact: <sip:bob@127.0.0.1:6002>\r\n");
}

/* Both legs of one call: 1001 calls, the pair calls 1002. */
static void call(void)
{
    char text[3000];
    proxy_fixture_request(&proxy_alice, "INVITE", "sip:1002@home", "Contact: <sip:alice@127.0.0.1:6001>\r\n");
    const char *invite = strstr(proxy_fixture_must_find(0, "INVITE sip:1002"), "Via:");
    const char *to = strstr(invite, "\r\nTo: "), *end = strstr(to + 2, "\r\n");
    const char *max = strstr(invite, "Content-Length");
    snprintf(text, sizeof text, "SIP/2.0 180 Ringing\r\n%.*s;tag=" NODE_TAG "%.*sContent-Length: 0\r\n\r\n",
        (int)(end - invite), invite, (int)(max - end), end);
    proxy_fixture_from_pair(text);
    proxy_fixture_from_pair(
        "INVITE sip:1002@home SIP/2.0\r\nVia: SIP/2.0/TCP node-1.pair;branch=z9hG4bK-n1\r\n"
        "Max-Forwards: 70\r\nFrom: <sip:1001@home>;tag=2b-55667788-" CALL "\r\nTo: <sip:1002@home>\r\n"
        "Call-ID: second\r\nCSeq: 1 INVITE\r\nContact: <sip:1001@home;pair=node-1>\r\n"
        "Content-Length: 0\r\n\r\n");
}

static const char *told(const char *text)
{
    const char *found = strstr(proxy_told.text, text);
    if (found == NULL)
        print_error("%s\n", proxy_told.text);
    assert_non_null(found);
    return found;
}

/* OPS-22 */
static void both_legs_of_a_call_are_found(void **state)
{
    (void)state;
    begin();
    call();
    proxy_fixture_ask(FIND, "administrator");
    assert_int_equal(proxy_told.status, 200);
    told("\"proxy\":\"proxy-1\"");
    told("\"sip\":\"second\",\"call\":\"" CALL "\",\"method\":\"INVITE\",\"from\":\"1001\",\"to\":\"1002\"");
    const char *second = strstr(told("\"call\":\"" CALL "\"") + 8, "\"call\":\"" CALL "\"");
    assert_non_null(second); /* and the caller's leg */
    proxy_fixture_ask("GET", "/api/trace/dialogs?sip=second", "supervisor");
    told("\"call\":\"" CALL "\"");
    proxy_fixture_ask("GET", "/api/trace/dialogs?number=1002", "administrator");
    told("\"method\":\"REGISTER\"");
    told("\"sip\":\"second\"");
    proxy_fixture_ask("GET", "/api/trace/dialogs?call=00c0ffee00000008", "administrator");
    told("\"dialogs\":[]");
    proxy_fixture_end();
}

/* Who is no pair may write what he likes into his tags. */
static void a_phones_tag_names_no_call(void **state)
{
    (void)state;
    begin();
    proxy_fixture_from_phone(6009,
        "INVITE sip:1002@home SIP/2.0\r\nVia: SIP/2.0/UDP 127.0.0.1:6009;branch=z9hG4bK-x\r\n"
        "Max-Forwards: 70\r\nFrom: <sip:1001@home>;tag=" NODE_TAG "\r\nTo: <sip:1002@home>;tag=" NODE_TAG
        "\r\nCall-ID: forged\r\nCSeq: 1 INVITE\r\nContent-Length: 0\r\n\r\n");
    proxy_fixture_ask(FIND, "administrator");
    told("\"dialogs\":[]");
    proxy_fixture_ask("GET", "/api/trace/dialogs?sip=forged", "administrator");
    told("\"sip\":\"forged\",\"call\":\"\"");
    proxy_fixture_end();
}

static void messages_are_shown_in_order_with_who_sent_them(void **state)
{
    (void)state;
    begin();
    call();
    proxy_fixture_ask("GET", READ_SIP "second", "administrator");
    assert_int_equal(proxy_told.status, 200);
    const char *first = told("\"received\":true,\"kind\":\"pair\",\"name\":\"node-1\""),
               *second = told("\"received\":false,\"kind\":\"pair\",\"name\":\"node-1\""),
               *third =
                   told("\"received\":false,\"kind\":\"outside\",\"name\":\"\",\"local\":\"127.0.0.1:5060\","
                        "\"peer\":\"127.0.0.1:6002\",\"transport\":\"udp\"");
    assert_true(first < second && second < third);
    assert_non_null(strstr(third, "\"text\":\"INVITE sip:bob@127.0.0.1:6002 SIP/2.0\\r\\n"));
    told("\"more\":false}");
    proxy_fixture_ask("GET", READ_SIP "secon", "administrator");
    told("\"messages\":[]");
    proxy_fixture_end();
}

static void reading_goes_on_behind_a_number(void **state)
{
    (void)state;
    char path[100], last[24] = "";
    begin();
    call();
    proxy_fixture_ask("GET", READ_SIP "second", "administrator");
    assert_int_equal(sscanf(told("\"last\":\""), "\"last\":\"%23[0-9]", last), 1);
    snprintf(path, sizeof path, READ_SIP "second&after=%s&proxy=proxy-1", last);
    proxy_fixture_ask("GET", path, "administrator");
    told("\"messages\":[]");
    proxy_fixture_from_phone(6002,
        "SIP/2.0 180 Ringing\r\nVia: SIP/2.0/UDP 127.0.0.1:5060;branch=z9hG4bK-none\r\nFrom: <sip:1001@home>;"
        "tag=1\r\nTo: <sip:1002@home>;tag=2\r\nCall-ID: second\r\nCSeq: 1 INVITE\r\nContent-Length: "
        "0\r\n\r\n");
    proxy_fixture_ask("GET", path, "administrator");
    told("\"received\":true,\"kind\":\"outside\"");
    proxy_told.count = 0;
    proxy_fixture_ask("GET", READ_SIP "second&proxy=proxy-2", "administrator");
    assert_int_equal(proxy_told.count, 0);
    proxy_fixture_end();
}

/* SEC-2 */
static void no_credentials_leave_the_proxy(void **state)
{
    (void)state;
    begin();
    call();
    proxy_fixture_ask("GET", "/api/trace/dialogs?number=1001", "administrator");
    char call_id[200], path[300];
    const char *sip = strstr(told("\"call\":\"" CALL "\""), "\"sip\":"); /* the older one: the caller's */
    assert_non_null(sip);
    assert_int_equal(sscanf(sip, "\"sip\":\"%199[^\"]", call_id), 1);
    snprintf(path, sizeof path, READ_SIP "%s", call_id);
    proxy_fixture_ask("GET", path, "administrator");
    told("Proxy-Authorization: Digest username=\\\"1001\\\"");
    told("response=\\\"********************************\\\"");
    proxy_fixture_end();
}

/* SEC-3 */
static void bad_questions_get_a_clear_answer(void **state)
{
    static const struct {
        const char *method, *path, *role;
        unsigned status;
    } rows[] = {{"GET", "/api/trace/messages", "administrator", 400},
        {"GET", READ_SIP "%20", "administrator", 400}, {"GET", READ_SIP "a&after=x", "administrator", 400},
        {"GET", READ_SIP "1+2+3+4+5+6+7+8+9+0+1+2+3+4+5+6+7", "administrator", 400},
        {"GET", "/api/trace/dialogs?call=1", "administrator", 400},
        {"GET", "/api/trace/dialogs?call=ZZZZZZZZZZZZZZZZ", "administrator", 400},
        {"GET", "/api/trace/dialogs", "agent", 403}, {"GET", READ_SIP "a", "agent", 403},
        {"POST", "/api/trace/dialogs", "administrator", 404}, {"GET", "/api/trace", "administrator", 404},
        {"GET", "/api/trace/other", "administrator", 404}};
    (void)state;
    begin();
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        proxy_fixture_ask(rows[i].method, rows[i].path, rows[i].role);
        if (proxy_told.status != rows[i].status)
            fail_msg("%s: %u", rows[i].path, proxy_told.status);
        told("\"sentence\":");
    }
    proxy_fixture_end();
    proxy_fixture_begin(); /* without memory */
    proxy_fixture_ask(FIND, "administrator");
    assert_int_equal(proxy_told.status, 409);
    proxy_fixture_end();
}

static void registrations_do_not_drive_calls_out(void **state)
{
    (void)state;
    begin();
    call();
    for (int i = 0; i < 3000; i++)
        proxy_fixture_register(&proxy_bob, "Contact: <sip:bob@127.0.0.1:6002>\r\n");
    proxy_fixture_ask(FIND, "administrator");
    told("\"sip\":\"second\"");
    proxy_fixture_end();
}

static uint64_t effects;

static void hash_effect(const struct effect *e)
{
    char numbers[80];
    snprintf(numbers, sizeof numbers, "%d %llu %llu %u", (int)e->kind, (unsigned long long)e->flow,
        (unsigned long long)e->token, (unsigned)e->address.port);
    effects = hash_stable_add(effects, slice_text(numbers));
    effects = hash_stable_add(hash_stable_add(effects, e->first), e->second);
}

static uint64_t effects_of_a_call(uint32_t memory)
{
    effects = 0;
    proxy_fixture_location.trace.memory = memory;
    proxy_fixture_begin();
    proxy_fixture.on_effect = hash_effect;
    proxy_fixture_register(&proxy_bob, "Contact: <sip:bob@127.0.0.1:6002>\r\n");
    call();
    proxy_fixture_end();
    return effects;
}

static void keeping_messages_changes_nothing_that_is_done(void **state)
{
    (void)state;
    uint64_t with = effects_of_a_call(1);
    assert_true(with != 0);
    assert_int_equal(with, effects_of_a_call(0));
}

/* ---- the collector ---- */

static void hear_packet(const struct effect *e)
{
    if (e->kind != EFFECT_SEND || e->address.port != 9060 || packet_count == 8)
        return;
    collector = e->address;
    lengths[packet_count] = e->second.length;
    slice_put(packets[packet_count++], slice_first(e->second, sizeof packets[0]));
}

static void begin_collecting(const char *host)
{
    packet_count = 0;
    proxy_fixture_location.trace = (struct config_trace){
        .hep_host = slice_text(host), .hep_port = 9060, .hep_id = 7, .hep_password = SLICE("key")};
    proxy_fixture_begin();
    proxy_fixture.on_effect = hear_packet;
}

/* OPS-22 */
static void a_collector_gets_every_message(void **state)
{
    (void)state;
    begin_collecting("192.0.2.60");
    proxy_fixture_register(&proxy_bob, "Contact: <sip:bob@127.0.0.1:6002>\r\n");
    assert_int_equal(packet_count, 4); /* REGISTER, 401, REGISTER, 200 */
    assert_memory_equal(collector.ip, "\xc0\0\2\x3c", 4);
    struct slice second = slice_of(packets[2], lengths[2]);
    assert_memory_equal(packets[2], "HEP3", 4);
    assert_true(slice_find_slice(second, SLICE("\nAuthorization: Digest username=\"1002\"")) > 0);
    assert_true(slice_find_slice(second, SLICE("response=\"********************************\"")) > 0);
    assert_int_equal(proxy_fixture.world.counters.values[COUNTER_HEP_SENT], 6); /* and the pair was watched */
    proxy_fixture_end();
}

static void both_legs_have_one_correlation(void **state)
{
    (void)state;
    begin_collecting("192.0.2.60");
    proxy_fixture_from_pair(
        "INVITE sip:1002@home SIP/2.0\r\nVia: SIP/2.0/TCP node-1.pair;branch=z9hG4bK-n1\r\n"
        "Max-Forwards: 70\r\nFrom: <sip:1001@home>;tag=2b-55667788-" CALL "\r\nTo: <sip:1002@home>\r\n"
        "Call-ID: second\r\nCSeq: 1 INVITE\r\nContent-Length: 0\r\n\r\n");
    for (size_t i = 0; i < packet_count; i++)
        if (slice_find_slice(slice_of(packets[i], lengths[i]), SLICE("Call-ID: second")) > 0)
            assert_true(
                slice_find_slice(slice_of(packets[i], lengths[i]), slice_of("\0\0\0\21\0\26" CALL, 22)) > 0);
    assert_true(packet_count >= 2);
    proxy_fixture_end();
}

static void a_collector_that_is_not_found_is_counted(void **state)
{
    (void)state;
    begin_collecting("nowhere.example");
    proxy_fixture_register(&proxy_bob, "Contact: <sip:bob@127.0.0.1:6002>\r\n");
    assert_int_equal(packet_count, 0);
    assert_true(proxy_fixture.world.counters.values[COUNTER_HEP_LOST] >= 4);
    assert_int_equal(proxy_fixture_bindings("1002"), 1);
    proxy_fixture_end();
}

TESTS("proxy/trace", cmocka_unit_test(keeping_messages_changes_nothing_that_is_done),
    cmocka_unit_test(both_legs_of_a_call_are_found), cmocka_unit_test(a_phones_tag_names_no_call),
    cmocka_unit_test(messages_are_shown_in_order_with_who_sent_them),
    cmocka_unit_test(reading_goes_on_behind_a_number), cmocka_unit_test(no_credentials_leave_the_proxy),
    cmocka_unit_test(bad_questions_get_a_clear_answer),
    cmocka_unit_test(registrations_do_not_drive_calls_out), cmocka_unit_test(a_collector_gets_every_message),
    cmocka_unit_test(both_legs_have_one_correlation),
    cmocka_unit_test(a_collector_that_is_not_found_is_counted))
