/* Where a phone is, as our Record-Route says it, and who may have written it. */
#include "roles/proxy/proxy_fixture.h"
#include "unit.h"

static void flows_are_read_as_they_were_written(void **state)
{
    static const struct phone_flow flows[] = {
        {.proxy = "proxy-1",
            .transport = TRANSPORT_UDP,
            .listener = 12,
            .address = {.ip = {192, 0, 2, 1}, .port = 5060, .family = 4}},
        {.proxy = "a.u.b",
            .transport = TRANSPORT_UDP,
            .address = {.ip = {0x20, 1, 0xd, 0xb8, [15] = 1}, .port = 65535, .family = 6}},
        {.proxy = "a.t.1.2", .transport = TRANSPORT_TCP, .flow = 77, .incarnation = 1ULL << 50},
    };
    struct phone_flow read;
    (void)state;
    proxy_fixture_begin();
    struct proxy *p = proxy_fixture.proxy;
    for (size_t i = 0; i < sizeof flows / sizeof flows[0]; i++) {
        char *text = proxy__flow_text(p, &flows[i]);
        assert_true(proxy__flow_read(&read, p, slice_text(text), false));
        assert_string_equal(read.proxy, flows[i].proxy);
        assert_int_equal(read.transport, flows[i].transport);
        assert_int_equal(read.flow, flows[i].flow);
        assert_int_equal(read.incarnation, flows[i].incarnation);
        assert_int_equal(read.listener, flows[i].listener);
        assert_memory_equal(&read.address, &flows[i].address, sizeof read.address);
        for (size_t at = 0; text[at] != '\0'; at++) { /* SEC-4: whatever a phone changes in it */
            char before = text[at];
            text[at] = before == '1' ? '2' : '1';
            assert_false(proxy__flow_read(&read, p, slice_text(text), false));
            text[at] = before;
        }
    }
    assert_false(proxy__flow_read(&read, p, SLICE(""), false));
    assert_false(proxy__flow_read(&read, p, SLICE("proxy-1.u.0.7f000001.1772"), false));
    proxy_fixture_end();
}

static void copy_route(char route[300], const char *from)
{
    const char *at = strstr(from, "Record-Route: ");
    assert_non_null(at);
    snprintf(route, 300, "%.*s", (int)strcspn(at + 14, "\r"), at + 14);
}

static void bye(const char *route, unsigned cseq)
{
    char text[1000];
    snprintf(text, sizeof text,
        "BYE sip:1002@127.0.0.1:6002 SIP/2.0\r\nVia: SIP/2.0/TCP node-1.pair;branch=z9hG4bK-b%u\r\n"
        "Max-Forwards: 70\r\nRoute: %s\r\nFrom: <sip:1001@home>;tag=n\r\nTo: <sip:1002@home>;tag=b\r\n"
        "Call-ID: fork\r\nCSeq: %u BYE\r\nContent-Length: 0\r\n\r\n",
        cseq, route, cseq);
    proxy_fixture_from_pair(text);
}

/* SEC-4: a phone that answers with another place in our Record-Route has us send nothing there. */
static void a_changed_flow_leads_nowhere(void **state)
{
    char route[300], *port;
    (void)state;
    proxy_fixture_begin();
    proxy_fixture_register(&proxy_bob, "Contact: <sip:1002@127.0.0.1:6002>\r\n");
    proxy_fixture.count = 0;
    proxy_fixture_from_pair(NODE_INVITE);
    copy_route(route, proxy_fixture_must_find(6002, "INVITE"));
    bye(route, 2);
    proxy_fixture_must_find(6002, "BYE");
    proxy_fixture.count = 0;
    port = strstr(route, ".1772.");
    assert_non_null(port);
    port[4] = '9';
    bye(route, 3);
    assert_null(proxy_fixture_find(0x1779, "BYE"));
    proxy_fixture_end();
}

TESTS("roles/proxy/flow_text", cmocka_unit_test(flows_are_read_as_they_were_written),
    cmocka_unit_test(a_changed_flow_leads_nowhere))
