/* What proxies saw, put together and drawn. */
#include "tools/trace/trace.h"

#include <stdlib.h>
#include <time.h>

#include "unit.h"

#define SIP(start, cseq, call)                                                                               \
    start "\r\nVia: SIP/2.0/UDP x;branch=z9hG4bK1\r\nFrom: <sip:1001@home>;tag=a\r\nTo: <sip:1002@home>\r\n" \
          "Call-ID: " call "\r\nCSeq: " cseq "\r\n"
#define INVITE SIP("INVITE sip:1002@home SIP/2.0", "1 INVITE", "one")
#define SDP "Content-Type: application/sdp\r\nContent-Length: 3\r\n\r\nv=0"
#define EMPTY "Content-Length: 0\r\n\r\n"

static json_t *answer(const char *proxy)
{
    return json_pack("{ss, s[]}", "proxy", proxy, "messages");
}

static void add(json_t *a, int at, bool received, const char *kind, const char *name, const char *text)
{
    char time[32], number[16];
    bool outside = strcmp(kind, "outside") == 0 || strcmp(kind, "trunk") == 0;
    snprintf(time, sizeof time, "%lld", 1700000000000000LL + at);
    snprintf(number, sizeof number, "%zu", json_array_size(json_object_get(a, "messages")) + 1);
    json_array_append_new(json_object_get(a, "messages"),
        json_pack("{ss, ss, sb, ss, ss, ss, ss, ss, ss}", "number", number, "at", time, "received", received,
            "kind", kind, "name", outside && kind[0] == 'o' ? "" : name, "local", "192.0.2.1:5060", "peer",
            outside ? (strcmp(name, "1001") == 0 ? "192.0.2.11:5060" : "192.0.2.12:5060") : "127.1.2.3:5060",
            "transport", outside ? "udp" : "inside", "text", text));
}

/* 1001 calls by proxy-1 and node-1, 1002 is at proxy-2. */
static void begin(struct trace *t)
{
    json_t *first = answer("proxy-1"), *second = answer("proxy-2");
    setenv("TZ", "UTC", 1);
    tzset();
    *t = (struct trace){.messages = NULL};
    add(first, 0, true, "outside", "1001", INVITE SDP);
    add(first, 500, true, "outside", "1001", INVITE SDP);
    add(first, 1000, false, "pair", "node-1", INVITE SDP);
    add(first, 2000, true, "pair", "node-1", SIP("INVITE sip:1002@home SIP/2.0", "1 INVITE", "two") EMPTY);
    add(first, 3000, false, "proxy", "proxy-2", SIP("INVITE sip:b SIP/2.0", "1 INVITE", "two") EMPTY);
    add(second, 3100, true, "proxy", "proxy-1", SIP("INVITE sip:b SIP/2.0", "1 INVITE", "two") EMPTY);
    add(second, 4000, false, "outside", "1002", SIP("INVITE sip:b SIP/2.0", "1 INVITE", "two") EMPTY);
    add(second, 9000, true, "outside", "1002", SIP("SIP/2.0 180 Ringing", "1 INVITE", "two") EMPTY);
    trace_add(t, second);
    trace_add(t, first);
    trace_sort(t);
    json_decref(first);
    json_decref(second);
}

static void drawn(const struct trace *t, unsigned width, const char *wanted)
{
    struct buffer out = {0};
    ladder_add_head(&out, t, width);
    ladder_add_rows(&out, t, width, 0);
    buffer_add_byte(&out, '\0');
    assert_string_equal(out.data, wanted);
    buffer_free(&out);
}

/* OPS-22 */
static void what_two_proxies_saw_is_one_ladder(void **state)
{
    (void)state;
    struct trace t;
    begin(&t);
    assert_int_equal(t.count, 7); /* what went between the proxies stands once */
    drawn(&t, 93,
        "                   1001           proxy-1         node-1          proxy-2          1002\n"
        "              192.0.2.11:5060                                                 192.0.2.12:5060\n"
        "22:13:20.000         |-INVITE 1 SDP->|               |               |               |\n"
        "22:13:20.000         |~INVITE 1 SDP~>|               |               |               |\n"
        "22:13:20.001         |               |-INVITE 1 SDP->|               |               |\n"
        "22:13:20.002         |               |<-INVITE 1-----|               |               |\n"
        "22:13:20.003         |               |-INVITE 1------|-------------->|               |\n"
        "22:13:20.004         |               |               |               |-INVITE 1----->|\n"
        "22:13:20.009         |               |               |               |<-180 INVITE 1-|\n");
    trace_free(&t);
}

static void five_columns_fit_a_terminal(void **state)
{
    (void)state;
    struct trace t;
    begin(&t);
    drawn(&t, 80,
        "                 1001        proxy-1      node-1       proxy-2       1002\n"
        "             .0.2.11:5060                                        .0.2.12:5060\n"
        "22:13:20.000       |-INVITE 1-->|            |            |            |\n"
        "22:13:20.000       |~INVITE 1~~>|            |            |            |\n"
        "22:13:20.001       |            |-INVITE 1-->|            |            |\n"
        "22:13:20.002       |            |<-INVITE 1--|            |            |\n"
        "22:13:20.003       |            |-INVITE 1---|----------->|            |\n"
        "22:13:20.004       |            |            |            |-INVITE 1-->|\n"
        "22:13:20.009       |            |            |            |<-180 INVITE|\n");
    trace_free(&t);
}

static void without_room_there_is_a_line_for_each(void **state)
{
    (void)state;
    struct trace t;
    begin(&t);
    drawn(&t, 77,
        "22:13:20.000 1001 -> proxy-1: INVITE 1 SDP\n"
        "22:13:20.000 1001 -> proxy-1: INVITE 1 SDP (again)\n"
        "22:13:20.001 proxy-1 -> node-1: INVITE 1 SDP\n"
        "22:13:20.002 node-1 -> proxy-1: INVITE 1\n"
        "22:13:20.003 proxy-1 -> proxy-2: INVITE 1\n"
        "22:13:20.004 proxy-2 -> 1002: INVITE 1\n"
        "22:13:20.009 1002 -> proxy-2: 180 Ringing, INVITE 1\n");
    trace_free(&t);
}

static void what_is_no_sip_and_very_long_names_do_no_harm(void **state)
{
    (void)state;
    struct trace t = {.messages = NULL};
    json_t *a = answer("a-proxy-with-a-name-that-is-longer-than-any-column-of-a-ladder-could-be");
    char name[300];
    memset(name, 'n', sizeof name - 1);
    name[sizeof name - 1] = '\0';
    add(a, 0, true, "pair", name, "garbage");
    add(a, 1, true, "trunk", "c", SIP("SIP/2.0 407 x", "4294967295 REGISTERREGISTERREGISTER", "x") EMPTY);
    json_array_append_new(json_object_get(a, "messages"), json_pack("{}"));
    json_array_append_new(json_object_get(a, "messages"), json_integer(1));
    trace_add(&t, a);
    json_t *none = json_pack("[]");
    trace_add(&t, none);
    trace_sort(&t);
    assert_int_equal(t.count, 2);
    for (unsigned width = 0; width < 300; width++) {
        struct buffer out = {0};
        ladder_add_head(&out, &t, width);
        ladder_add_rows(&out, &t, width, 0);
        assert_true(out.length > 20);
        buffer_free(&out);
    }
    json_decref(none);
    json_decref(a);
    trace_free(&t);
}

static void hundreds_of_phones_share_the_last_place(void **state)
{
    (void)state;
    struct trace t = {.messages = NULL};
    json_t *a = answer("proxy-1");
    for (int i = 0; i < 300; i++) {
        char name[16];
        snprintf(name, sizeof name, "node-%d", i);
        add(a, i, i % 2 == 0, "pair", name, INVITE EMPTY);
    }
    trace_add(&t, a);
    trace_sort(&t);
    assert_int_equal(t.party_count, TRACE_PARTIES);
    assert_int_equal(t.count, 300);
    json_decref(a);
    trace_free(&t);
}

static uint32_t big(const struct buffer *b, size_t at, unsigned bytes)
{
    uint32_t number = 0;
    for (unsigned i = 0; i < bytes; i++)
        number = number << 8 | (unsigned char)b->data[at + i];
    return number;
}

static uint32_t sum(const struct buffer *b, size_t at, size_t length)
{
    uint32_t total = 0;
    for (size_t i = 0; i < length; i += 2)
        total += big(b, at + i, 1) << 8 | (i + 1 < length ? big(b, at + i + 1, 1) : 0);
    while (total > 0xffff)
        total = (total & 0xffff) + (total >> 16);
    return total;
}

/* OPS-22 */
static void a_file_of_packets_is_one_that_others_read(void **state)
{
    (void)state;
    struct trace t;
    struct buffer out = {0};
    begin(&t);
    pcap_add(&out, &t);
    assert_memory_equal(out.data, "\xd4\xc3\xb2\xa1\2\0\4\0\0\0\0\0\0\0\0\0\0\0\4\0\x65\0\0\0", 24);
    size_t at = 24, packets = 0;
    for (; at < out.length; packets++) {
        uint32_t length = __builtin_bswap32(big(&out, at + 8, 4));
        assert_int_equal(length, __builtin_bswap32(big(&out, at + 12, 4)));
        size_t ip = at + 16;
        assert_int_equal(big(&out, ip, 1), 0x45);
        assert_int_equal(big(&out, ip + 2, 2), length);
        assert_int_equal(sum(&out, ip, 20), 0xffff); /* RFC 1071 */
        assert_int_equal(big(&out, ip + 9, 1), 17);
        assert_int_equal(big(&out, ip + 24, 2), length - 20);
        at = ip + length;
    }
    assert_int_equal(at, out.length);
    assert_int_equal(packets, 7);
    buffer_free(&out);
    trace_free(&t);
}

static void packets_of_ipv6_carry_their_sum(void **state)
{
    (void)state;
    struct trace t = {.messages = NULL};
    struct buffer out = {0};
    json_t *a = answer("proxy-1");
    add(a, 0, true, "outside", "1001", INVITE EMPTY);
    json_object_set_new(
        json_array_get(json_object_get(a, "messages"), 0), "peer", json_string("[2001:db8::7]:5062"));
    trace_add(&t, a);
    trace_sort(&t);
    pcap_add(&out, &t);
    size_t ip = 24 + 16, payload = big(&out, ip + 4, 2);
    assert_int_equal(big(&out, ip, 1), 0x60);
    assert_int_equal(big(&out, ip + 6, 1), 17);
    assert_memory_equal(out.data + ip + 8, "\x20\1\r\xb8\0\0\0\0\0\0\0\0\0\0\0\7", 16);
    assert_memory_equal(out.data + ip + 24, "\0\0\0\0\0\0\0\0\0\0\xff\xff\xc0\0\2\1", 16);
    uint32_t total = sum(&out, ip + 8, 32) + sum(&out, ip + 40, payload) + (uint32_t)payload + 17;
    while (total > 0xffff)
        total = (total & 0xffff) + (total >> 16);
    assert_int_equal(total, 0xffff);
    buffer_free(&out);
    json_decref(a);
    trace_free(&t);
}

TESTS("tools/trace", cmocka_unit_test(what_two_proxies_saw_is_one_ladder),
    cmocka_unit_test(five_columns_fit_a_terminal), cmocka_unit_test(without_room_there_is_a_line_for_each),
    cmocka_unit_test(what_is_no_sip_and_very_long_names_do_no_harm),
    cmocka_unit_test(hundreds_of_phones_share_the_last_place),
    cmocka_unit_test(a_file_of_packets_is_one_that_others_read),
    cmocka_unit_test(packets_of_ipv6_carry_their_sum))
