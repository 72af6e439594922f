/* A node that is being drained. */
#include "roles/node/node_fixture.h"
#include "unit.h"

/* A new call of 1001, chosen for that reason. */
static void calls(const char *why, const char *id)
{
    char text[1000];
    snprintf(text, sizeof text,
        "INVITE sip:1003@home SIP/2.0\r\nVia: SIP/2.0/TCP proxy-1.proxy;branch=z9hG4bK-x%s\r\n"
        "Route: <sip:node-1.pair;why=%s;lr>\r\nP-Asserted-Identity: <sip:1003@home>\r\n"
        "From: <sip:1003@home>;tag=x\r\nTo: <sip:1002@home>\r\nCall-ID: %s\r\nCSeq: 1 INVITE\r\n"
        "Contact: <sip:a@b>\r\nContent-Length: 0\r\n\r\n",
        id, why, id);
    stage.count = 0;
    stage_give(text);
}

/* VC-3, VC-25: proxies hear 503 to their OPTIONS, new calls are sent on before anything is said about them,
 * those that another pair has sent stay, and what was begun goes on. */
static void new_calls_are_sent_on_and_old_ones_go_on(void **state)
{
    (void)state;
    stage_setup.two_pairs = true;
    stage_establish();
    stage_drain();
    stage_give("OPTIONS sip:node-1.pair SIP/2.0\r\nVia: SIP/2.0/TCP proxy-1.proxy;branch=z9hG4bK-watch-1\r\n"
               "Max-Forwards: 0\r\nFrom: <sip:proxy-1.proxy>;tag=watch\r\nTo: <sip:node-1.pair>\r\n"
               "Call-ID: w\r\nCSeq: 1 OPTIONS\r\nContent-Length: 0\r\n\r\n");
    static const char *const reasons[] = {"owner", "any"};
    for (size_t i = 0; i < 2; i++) {
        calls(reasons[i], reasons[i]);
        stage_must_find("SIP/2.0 302", "pair=node-2>");
        assert_null(stage_find("SIP/2.0 1", ""));
        assert_int_equal(stage_legs(), 2);
    }
    stage_caller("INVITE", 2, stage_caller_tag(), stage_sdp(3, "sendonly"));
    stage_respond(stage_must_find("INVITE sip:cb@", "m=audio 10003"), 200, "cb", stage_sdp(4, "recvonly"));
    stage_caller("ACK", 2, stage_caller_tag(), "");
    stage_hang_up();
}

static void alone_there_is_nobody_to_send_calls_to(void **state)
{
    (void)state;
    stage_begin();
    stage_drain();
    calls("owner", "alone");
    stage_must_find("INVITE sip:1003@home", "");
    stage_respond(stage_must_find("INVITE sip:1003@home", ""), 486, "cb", "");
    stage_end();
}

TESTS("node/drain", cmocka_unit_test(new_calls_are_sent_on_and_old_ones_go_on),
    cmocka_unit_test(alone_there_is_nobody_to_send_calls_to))
