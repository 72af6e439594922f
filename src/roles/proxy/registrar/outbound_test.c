/* REGISTER with flows (RFC 5626), paths (RFC 3327) and what else it may say. */
#include "roles/proxy/proxy_fixture.h"

#include "roles/proxy/registrar/request.h"
#include "unit.h"

#define INSTANCE ";+sip.instance=\"<urn:uuid:1>\""

static void unknown_extensions_are_refused_by_name(void **state)
{
    (void)state;
    proxy_fixture_begin();
    proxy_fixture_register(
        &proxy_alice, "Contact: <sip:a@127.0.0.1:6001>\r\nRequire: path, gruu, outbound, other\r\n");
    assert_non_null(strstr(proxy_fixture_must_find(6001, "SIP/2.0 420"), "Unsupported: gruu, other\r\n"));
    assert_int_equal(proxy_fixture_bindings("1001"), 0);
    proxy_fixture_register(&proxy_alice, "Contact: <sip:a@127.0.0.1:6001>\r\nRequire: path\r\n");
    const char *ok = proxy_fixture_must_find(6001, "SIP/2.0 200");
    assert_non_null(strstr(ok, "Supported: path, outbound\r\n"));
    assert_non_null(strstr(ok, "Date: Thu, 01 Jan 1970 00:16:40 GMT\r\n"));
    assert_null(strstr(ok, "Require:"));
    proxy_fixture_end();
}

static void dates_are_right(void **state)
{
    static const struct {
        int64_t seconds;
        const char *text;
    } rows[] = {{0, "Thu, 01 Jan 1970 00:00:00 GMT"}, {951782400, "Tue, 29 Feb 2000 00:00:00 GMT"},
        {951868800, "Wed, 01 Mar 2000 00:00:00 GMT"}, {1289690940, "Sat, 13 Nov 2010 23:29:00 GMT"},
        {4107542399, "Sun, 28 Feb 2100 23:59:59 GMT"}, {4107542400, "Mon, 01 Mar 2100 00:00:00 GMT"}};
    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct buffer out = {0};
        registrar_add_date(&out, rows[i].seconds * 1000000 + 999999);
        buffer_add_byte(&out, '\0');
        assert_string_equal(out.data, rows[i].text);
        buffer_free(&out);
    }
}

/* RFC 3261 10.3 step 7, 19.1.4: contacts are compared as URIs. */
static void a_contact_in_other_words_is_the_same(void **state)
{
    (void)state;
    proxy_fixture_begin();
    proxy_fixture_register(&proxy_alice, "Contact: <sip:a@phone.example:5070;transport=udp>\r\n");
    proxy_fixture_register(&proxy_alice, "Contact: <sip:%61@PHONE.example:5070;transport=UDP>\r\n");
    assert_int_equal(proxy_fixture_bindings("1001"), 1);
    assert_non_null(strstr(proxy_fixture_must_find(6001, "SIP/2.0 200"), "<sip:%61@PHONE.example"));
    proxy_fixture_register(&proxy_alice, "Contact: <sip:A@phone.example:5070;transport=udp>\r\n");
    assert_int_equal(proxy_fixture_bindings("1001"), 2);
    proxy_fixture_register(&proxy_alice, "Contact: <sip:a@Phone.Example:5070;transport=udp>;expires=0\r\n");
    assert_int_equal(proxy_fixture_bindings("1001"), 1);
    proxy_fixture_end();
}

/* RFC 5626 6 */
static void flows_need_a_first_hop_that_keeps_them(void **state)
{
    static const struct {
        const char *more, *status;
        bool kept;
    } rows[] = {
        {"Supported: outbound\r\n", "SIP/2.0 200", true},
        {"", "SIP/2.0 200", true},
        {"Supported: outbound\r\nVia: SIP/2.0/UDP sbc.example;branch=z9hG4bK-s\r\n", "SIP/2.0 439", false},
        {"Via: SIP/2.0/UDP sbc.example;branch=z9hG4bK-s\r\n", "SIP/2.0 200", false},
        {"Supported: outbound\r\nVia: SIP/2.0/UDP sbc.example;branch=z9hG4bK-s\r\nPath: "
         "<sip:sbc.example;lr;ob>\r\n",
            "SIP/2.0 200", true},
        {"Supported: outbound\r\nVia: SIP/2.0/UDP sbc.example;branch=z9hG4bK-s\r\n"
         "Path: <sip:b.example;lr;ob>, <sip:sbc.example;lr>\r\n",
            "SIP/2.0 439", false},
    };
    char headers[600];
    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        proxy_fixture_begin();
        snprintf(headers, sizeof headers, "Contact: <sip:a@127.0.0.1:6001>;reg-id=1" INSTANCE "\r\n%s",
            rows[i].more);
        proxy_fixture_register(&proxy_alice, headers);
        const char *answer = proxy_fixture_must_find(6001, rows[i].status);
        assert_int_equal(strstr(answer, "Require: outbound") != NULL, rows[i].kept);
        assert_int_equal(strstr(answer, ";reg-id=1") != NULL, rows[i].kept);
        proxy_fixture_end();
    }
}

static void of_a_flow_there_is_one_contact(void **state)
{
    (void)state;
    proxy_fixture_begin();
    proxy_fixture_register(
        &proxy_alice, "Contact: <sip:a@127.0.0.1:6001>;reg-id=1" INSTANCE ", <sip:b@127.0.0.1:6001>\r\n");
    proxy_fixture_must_find(6001, "SIP/2.0 400");
    proxy_fixture_register(&proxy_alice, "Contact: <sip:b@127.0.0.1:6001>\r\n");
    proxy_fixture_register(&proxy_alice,
        "Contact: <sip:a@127.0.0.1:6001>;reg-id=1" INSTANCE ", <sip:b@127.0.0.1:6001>;expires=0\r\n");
    proxy_fixture_must_find(6001, "SIP/2.0 200");
    assert_int_equal(proxy_fixture_bindings("1001"), 1);
    proxy_fixture_end();
}

/* RFC 3327 5.3, VC-9: what an SBC writes into Path comes back, and stands before requests to the phone as
 * Route. */
static void requests_take_the_path(void **state)
{
    (void)state;
    proxy_fixture_begin();
    proxy_fixture_register(&proxy_bob, "Contact: <sip:b@10.9.8.7>\r\nSupported: path\r\nPath: "
                                       "<sip:outer.example;lr>\r\nPath: <sip:sbc.example;lr>\r\n");
    assert_non_null(strstr(proxy_fixture_must_find(6002, "SIP/2.0 200"),
        "Path: <sip:outer.example;lr>, <sip:sbc.example;lr>\r\n"));
    proxy_fixture_from_pair(NODE_INVITE);
    const char *invite = proxy_fixture_must_find(6002, "INVITE sip:b@10.9.8.7 SIP/2.0");
    assert_non_null(strstr(invite, "Route: <sip:outer.example;lr>, <sip:sbc.example;lr>\r\n"));
    proxy_fixture_register(&proxy_bob, "Contact: <sip:b@10.9.8.7>\r\nPath: no address <\r\n");
    proxy_fixture_must_find(6002, "SIP/2.0 400");
    proxy_fixture_end();
}

static void bye_by_lost_flow_and(const char *contact, const char *branch, const char *routes)
{
    struct phone_flow lost = {.proxy = "proxy-1", .transport = TRANSPORT_TCP, .flow = 0x99, .incarnation = 1};
    char text[1000];
    snprintf(text, sizeof text,
        "BYE %s SIP/2.0\r\nVia: SIP/2.0/TCP node-1.pair;branch=z9hG4bK-%s\r\n"
        "Route: <sip:127.0.0.1:5060;transport=tcp;flow=%s;lr>\r\n%sMax-Forwards: 70\r\n"
        "From: <sip:1001@home>;tag=n\r\nTo: <sip:1002@home>;tag=b\r\nCall-ID: lost\r\nCSeq: 2 BYE\r\n"
        "Content-Length: 0\r\n\r\n",
        contact, branch, proxy__flow_text(proxy_fixture.proxy, &lost), routes);
    proxy_fixture_from_pair(text);
}

static void bye_by_lost_flow(const char *contact, const char *branch)
{
    bye_by_lost_flow_and(contact, branch, "");
}

/* RFC 5626, VC-2: the phone was called by a stream that has ended. */
static void a_dialog_finds_the_phone_by_its_new_flow(void **state)
{
    (void)state;
    proxy_fixture_begin();
    proxy_fixture_register(&proxy_bob, "Contact: <sip:b@df7.invalid;transport=ws>;reg-id=2" INSTANCE "\r\n");
    bye_by_lost_flow("sip:b@df7.invalid;transport=ws;ob", "1");
    proxy_fixture_must_find(6002, "BYE sip:b@df7.invalid;transport=ws;ob SIP/2.0");
    bye_by_lost_flow("sip:c@df7.invalid;transport=ws", "2");
    proxy_fixture_must_find(0, "SIP/2.0 481");
    proxy_fixture_register(
        &proxy_bob, "Contact: <sip:b@df7.invalid;transport=ws>;reg-id=2;expires=0" INSTANCE "\r\n");
    bye_by_lost_flow("sip:b@df7.invalid;transport=ws", "3");
    proxy_fixture_must_find(0, "SIP/2.0 481");
    proxy_fixture_end();
}

/* RFC 3327, RFC 3261 16.6: the proxy before the phone had a stream to us, which has ended. */
static void the_hop_before_the_phone_is_spoken_to_anew(void **state)
{
    static const char hop[] = "Route: <sip:127.0.0.1:7009;lr>\r\n";
    struct slice trusted[] = {SLICE("127.0.0.1/32")};
    (void)state;
    proxy_fixture_begin();
    bye_by_lost_flow_and("sip:b@10.9.8.7", "4", hop);
    proxy_fixture_must_find(0, "SIP/2.0 481"); /* a stranger's route is not followed */
    proxy_fixture_end();
    proxy_fixture_location.networks = (struct config_list){trusted, 1};
    proxy_fixture_begin();
    bye_by_lost_flow_and("sip:b@10.9.8.7", "4", hop);
    assert_non_null(strstr(proxy_fixture_must_find(7009, "BYE sip:b@10.9.8.7 SIP/2.0"), hop));
    proxy_fixture_end();
}

/* A contact of a stream at this proxy that has ended long ago. */
static void lost_contact(unsigned number)
{
    struct proxy *p = proxy_fixture.proxy;
    char contact[64];
    int length = snprintf(contact, sizeof contact, "sip:page-%u@df7.invalid;transport=ws", number);
    world_turn_begin(&proxy_fixture.world, ++proxy_fixture.now);
    (void)proxy__binding_set(
        p, &(struct binding_report){.dn = SLICE("1002"),
               .contact = slice_of(contact, (size_t)length),
               .origin = p->own_origin,
               .flow = {.transport = TRANSPORT_WSS, .flow = 0x9900 + number, .incarnation = p->incarnation},
               .expires_at = proxy_fixture.now + 600 * (int64_t)SECOND,
               .q = 1000});
    world_turn_end(&proxy_fixture.world);
}

/* Pages that were closed without a word do not keep the next one out; phones that may live do. */
static void contacts_of_lost_streams_give_way(void **state)
{
    char contact[64];
    (void)state;
    proxy_fixture_begin();
    for (unsigned i = 0; i < PROXY_CONTACTS; i++)
        lost_contact(i);
    assert_int_equal(proxy_fixture_bindings("1002"), PROXY_CONTACTS);
    for (unsigned i = 0; i < PROXY_CONTACTS; i++) {
        snprintf(contact, sizeof contact, "Contact: <sip:b%u@10.9.8.7>\r\n", i);
        proxy_fixture_register(&proxy_bob, contact);
        const char *ok = proxy_fixture_must_find(6002, "SIP/2.0 200");
        assert_int_equal(strstr(ok, "page-9@") != NULL, i + 1 < PROXY_CONTACTS); /* the oldest go first */
        assert_int_equal(proxy_fixture_bindings("1002"), PROXY_CONTACTS);
    }
    proxy_fixture_register(&proxy_bob, "Contact: <sip:more@10.9.8.7>\r\n");
    proxy_fixture_must_find(6002, "SIP/2.0 403");
    proxy_fixture_end();
}

TESTS("proxy/registrar/outbound", cmocka_unit_test(contacts_of_lost_streams_give_way),
    cmocka_unit_test(the_hop_before_the_phone_is_spoken_to_anew),
    cmocka_unit_test(a_dialog_finds_the_phone_by_its_new_flow),
    cmocka_unit_test(unknown_extensions_are_refused_by_name), cmocka_unit_test(dates_are_right),
    cmocka_unit_test(a_contact_in_other_words_is_the_same),
    cmocka_unit_test(flows_need_a_first_hop_that_keeps_them),
    cmocka_unit_test(of_a_flow_there_is_one_contact), cmocka_unit_test(requests_take_the_path))
