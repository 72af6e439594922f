/* Calls to several phones at once. */
#include "roles/proxy/proxy_fixture.h"

#include "unit.h"

/* The phone's answer to what it got. */
static void answer(uint16_t port, const char *status, const char *tag)
{
    struct sip_message m;
    struct arena arena = {0};
    struct buffer out = {0};
    const char *invite = proxy_fixture_must_find(port, "INVITE");
    assert_int_equal(sip_parse(&m, slice_text(invite), &arena, NULL), 0);
    sip_add_response_head(&out, &m, (uint16_t)atoi(status), SLICE(""), slice_text(tag));
    buffer_add_format(&out, "Contact: <sip:x@127.0.0.1:%u>\r\n", port);
    sip_add_body(&out, SLICE(""), SLICE(""));
    buffer_add_byte(&out, '\0');
    proxy_fixture_from_phone(port, out.data);
    buffer_free(&out);
    arena_free(&arena);
}

static void fork_to_three(void)
{
    proxy_fixture_begin();
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
        assert_non_null(strstr(proxy_fixture_must_find(port, "INVITE sip:x@127.0.0.1"),
            "Record-Route: <sip:127.0.0.1:5060;flow=proxy-1.u.0"));
    proxy_fixture_must_find(0, "SIP/2.0 100");
}

/* RFC 3261 16.7: the best refusal goes up when all have refused, and not before. */
static void the_best_refusal_goes_up(void **state)
{
    (void)state;
    fork_to_three();
    answer(7001, "503", "a");
    answer(7002, "486", "b");
    assert_null(proxy_fixture_find(0, "SIP/2.0 4"));
    assert_null(proxy_fixture_find(0, "SIP/2.0 5"));
    answer(7003, "500", "c");
    proxy_fixture_must_find(0, "SIP/2.0 486");
    for (uint16_t port = 7001; port <= 7003; port++)
        proxy_fixture_must_find(port, "ACK");
    proxy_fixture_end();
}

static void a_6xx_ends_the_others(void **state)
{
    (void)state;
    fork_to_three();
    answer(7001, "180", "a");
    answer(7002, "180", "b");
    answer(7003, "603", "c");
    proxy_fixture_must_find(7001, "CANCEL");
    proxy_fixture_must_find(7002, "CANCEL");
    answer(7001, "487", "a");
    assert_null(proxy_fixture_find(0, "SIP/2.0 6"));
    answer(7002, "487", "b");
    proxy_fixture_must_find(0, "SIP/2.0 603");
    proxy_fixture_end();
}

/* ... also one that has said nothing: who asked is told at once, and it as soon as it says something. */
static void a_6xx_does_not_wait_for_the_silent(void **state)
{
    (void)state;
    fork_to_three();
    answer(7001, "180", "a");
    answer(7002, "603", "b");
    answer(7001, "487", "a");
    proxy_fixture_must_find(0, "SIP/2.0 603");
    proxy_fixture.count = 0;
    proxy_fixture_pass(20 * (int64_t)SECOND);
    answer(7003, "180", "c");
    assert_null(proxy_fixture_find(0, "SIP/2.0 180"));
    proxy_fixture_must_find(7003, "CANCEL");
    answer(7003, "200", "c"); /* it answered at the same moment: the node ends that */
    proxy_fixture_must_find(0, "SIP/2.0 200");
    proxy_fixture_end();
}

static void the_first_2xx_cancels_the_others(void **state)
{
    (void)state;
    fork_to_three();
    answer(7001, "180", "a");
    proxy_fixture_must_find(0, "SIP/2.0 180");
    answer(7002, "200", "b");
    proxy_fixture_must_find(0, "SIP/2.0 200");
    assert_non_null(strstr(proxy_fixture_must_find(7001, "CANCEL"), "Call completed elsewhere"));
    assert_null(proxy_fixture_find(7003, "CANCEL")); /* it has said nothing yet (RFC 3261 9.1) */
    answer(7003, "180", "c");
    proxy_fixture_must_find(7003, "CANCEL");
    proxy_fixture_end();
}

/* A second 2xx goes up as well: who called ends that dialog. */
static void each_2xx_goes_up(void **state)
{
    unsigned count = 0;
    (void)state;
    fork_to_three();
    answer(7002, "200", "b");
    answer(7001, "200", "a");
    answer(7001, "200", "a");
    for (unsigned i = 0; i < proxy_fixture.count; i++)
        count +=
            proxy_fixture.sent[i].port == 0 && strncmp(proxy_fixture.sent[i].text, "SIP/2.0 200", 11) == 0;
    assert_int_equal(count, 3);
    proxy_fixture_end();
}

static void a_cancel_waits_for_the_first_provisional_answer(void **state)
{
    (void)state;
    fork_to_three();
    answer(7001, "180", "a");
    proxy_fixture_from_pair(
        "CANCEL sip:1002@home SIP/2.0\r\nVia: SIP/2.0/TCP "
        "node-1.pair;branch=z9hG4bK-n1\r\nMax-Forwards: 70\r\n"
        "From: <sip:1001@home>;tag=n\r\nTo: <sip:1002@home>\r\nCall-ID: fork\r\nCSeq: 1 CANCEL\r\n"
        "Content-Length: 0\r\n\r\n");
    proxy_fixture_must_find(0, "SIP/2.0 200");
    proxy_fixture_must_find(7001, "CANCEL");
    assert_null(proxy_fixture_find(7002, "CANCEL"));
    answer(7002, "100", "");
    proxy_fixture_must_find(7002, "CANCEL");
    answer(7003, "486", "c");
    answer(7001, "487", "a");
    answer(7002, "487", "b");
    assert_non_null(proxy_fixture_find(0, "SIP/2.0 48"));
    proxy_fixture_pass(40 * (int64_t)SECOND);
    assert_int_equal(map_count(&((struct proxy *)proxy_fixture.proxy)->relays), 0);
    proxy_fixture_end();
}

/* Phones that say nothing: 408, and nothing is left behind (CM-37). */
static void silence_ends_as_408(void **state)
{
    (void)state;
    fork_to_three();
    proxy_fixture_pass(33 * (int64_t)SECOND);
    proxy_fixture_must_find(0, "SIP/2.0 408");
    proxy_fixture_pass(40 * (int64_t)SECOND);
    assert_int_equal(map_count(&((struct proxy *)proxy_fixture.proxy)->relays), 0);
    assert_int_equal(map_count(&((struct proxy *)proxy_fixture.proxy)->transactions.by_id), 0);
    proxy_fixture_end();
}

TESTS("proxy/relay", cmocka_unit_test(the_best_refusal_goes_up), cmocka_unit_test(a_6xx_ends_the_others),
    cmocka_unit_test(a_6xx_does_not_wait_for_the_silent), cmocka_unit_test(the_first_2xx_cancels_the_others),
    cmocka_unit_test(each_2xx_goes_up), cmocka_unit_test(a_cancel_waits_for_the_first_provisional_answer),
    cmocka_unit_test(silence_ends_as_408))
