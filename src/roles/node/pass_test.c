/* What passes through a call untouched, and what ends it says why (CM-40, CM-42). */
#include "roles/node/node_fixture.h"
#include "unit.h"

/* CM-42, RFC 6086: keys pressed in either direction; the answer comes back. */
static void keys_reach_the_other_phone(void **state)
{
    (void)state;
    stage_establish();
    stage.type = "application/dtmf-relay";
    stage.more = "Info-Package: dtmf\r\nX-Key: five\r\n";
    stage_caller("INFO", 2, stage_caller_tag(), "Signal=5\r\nDuration=160\r\n");
    const char *info = stage_must_find("INFO sip:cb@", "Signal=5\r\nDuration=160");
    assert_non_null(strstr(info, "Content-Type: application/dtmf-relay"));
    assert_non_null(strstr(info, "Info-Package: dtmf"));
    assert_non_null(strstr(info, "X-Key: five"));
    assert_null(stage_find("SIP/2.0", "CSeq: 2 INFO"));
    stage.more = "X-Heard: yes\r\n";
    stage_respond(info, 415, "cb", "");
    stage_must_find("SIP/2.0 415", "X-Heard: yes");
    stage.type = "application/dtmf";
    stage_callee("INFO", 1, "#");
    stage_respond(stage_must_find("INFO sip:1001@127.0.0.1", "\r\n\r\n#"), 200, "", "");
    stage_must_find("SIP/2.0 200", "CSeq: 1 INFO");
    stage.type = "text/plain";
    stage_callee("MESSAGE", 2, "hello");
    stage_respond(stage_must_find("MESSAGE sip:1001@127.0.0.1", "\r\n\r\nhello"), 202, "", "");
    stage_must_find("SIP/2.0 202", "CSeq: 2 MESSAGE");
    stage_hang_up();
}

static void keys_that_nobody_hears_are_refused(void **state)
{
    (void)state;
    stage_begin();
    stage_caller("INVITE", 1, "", stage_sdp(1, "sendrecv"));
    stage_caller("INFO", 2, stage_caller_tag(), "Signal=1");
    stage_must_find("SIP/2.0 480", "CSeq: 2 INFO");
    char invite[STAGE_TEXT];
    snprintf(invite, sizeof invite, "%s", stage_must_find("INVITE sip:1002@home", ""));
    stage_respond(invite, 200, "cb", stage_sdp(2, "sendrecv"));
    stage_caller("ACK", 1, stage_caller_tag(), "");
    stage_caller("INFO", 3, stage_caller_tag(), "Signal=1");
    stage_pass(33 * (int64_t)SECOND);
    stage_must_find("SIP/2.0 408", "CSeq: 3 INFO"); /* the phone says nothing */
    stage_hang_up();
}

/* RFC 3326 */
static void who_hangs_up_may_say_why(void **state)
{
    (void)state;
    stage_establish();
    stage.more = "Reason: Q.850;cause=16;text=\"done\", SIP;cause=200\r\n";
    stage_caller("BYE", 2, stage_caller_tag(), "");
    stage_respond(stage_must_find("BYE sip:cb@", "Reason: Q.850;cause=16;text=\"done\"\r\n"), 200, "cb", "");
    stage_end();

    stage_begin();
    stage_caller("INVITE", 1, "", stage_sdp(1, "sendrecv"));
    char invite[STAGE_TEXT];
    snprintf(invite, sizeof invite, "%s", stage_must_find("INVITE sip:1002@home", ""));
    stage_respond(invite, 180, "cb", "");
    stage.more = "Reason: SIP;cause=600;text=\"Busy Everywhere\"\r\n";
    stage_caller("CANCEL", 1, "", "");
    stage_must_find("CANCEL sip:1002@home", "Reason: SIP;cause=600;text=\"Busy Everywhere\"");
    stage_respond(invite, 487, "cb", "");
    stage_end();
}

/* RFC 3261 8.1.3.4: a phone names another of ours, which is called; five times at most. */
static void a_phone_names_another(void **state)
{
    (void)state;
    stage_begin();
    stage_caller("INVITE", 1, "", stage_sdp(1, "sendrecv"));
    stage.more = "Contact: <tel:+49301>, <sip:1003@elsewhere.example>\r\n";
    stage_respond(stage_must_find("INVITE sip:1002@home", ""), 302, "cb", "");
    char invite[STAGE_TEXT];
    snprintf(invite, sizeof invite, "%s", stage_must_find("INVITE sip:1003@home", "m=audio 10001"));
    stage_respond(invite, 180, "cd", "");
    stage_must_find("SIP/2.0 180", STAGE_CALLER);
    stage_respond(invite, 200, "cd", stage_sdp(2, "sendrecv"));
    stage_must_find("SIP/2.0 200", "m=audio 10002");
    stage_caller("ACK", 1, stage_caller_tag(), "");
    stage.count = 0;
    stage_caller("BYE", 90, stage_caller_tag(), "");
    stage_respond(stage_must_find("BYE", "tag=cd"), 200, "cd", "");
    stage_end();

    stage_begin();
    stage_caller("INVITE", 1, "", stage_sdp(1, "sendrecv"));
    for (int i = 0; i < 6; i++) {
        stage.more = "Contact: <sip:1002@home>\r\n";
        snprintf(invite, sizeof invite, "%s", stage_must_find("INVITE sip:1002@home", ""));
        stage_respond(invite, 302, "cb", "");
    }
    stage_must_find("SIP/2.0 480", STAGE_CALLER);
    stage_end();
}

/* RFC 4028: too short is refused; who shall refresh does; the phone that does not is given up. */
static void sessions_have_a_time(void **state)
{
    (void)state;
    stage_begin();
    stage.more = "Supported: timer\r\nSession-Expires: 60\r\n";
    stage_caller("INVITE", 1, "", stage_sdp(1, "sendrecv"));
    stage_must_find("SIP/2.0 422", "Min-SE: 90");
    stage.more = "Supported: timer\r\nSession-Expires: 100;refresher=uac\r\n";
    stage_caller("INVITE", 2, "", stage_sdp(1, "sendrecv"));
    char invite[STAGE_TEXT];
    snprintf(
        invite, sizeof invite, "%s", stage_must_find("INVITE sip:1002@home", "Session-Expires: 1800\r\n"));
    stage.more = "Min-SE: 3600\r\n";
    stage_respond(invite, 422, "cb", "");
    snprintf(invite, sizeof invite, "%s",
        stage_must_find("INVITE sip:1002@home", "Session-Expires: 3600\r\nMin-SE: 3600\r\n"));
    stage.more = "Session-Expires: 120;refresher=uac\r\nAllow: UPDATE\r\n";
    stage_respond(invite, 200, "cb", stage_sdp(2, "sendrecv"));
    stage_must_find("SIP/2.0 200", "Session-Expires: 100;refresher=uac\r\nRequire: timer");
    stage_caller("ACK", 2, stage_caller_tag(), "");
    stage.count = 0;
    stage_pass(61 * (int64_t)SECOND); /* ours at half of the time */
    stage.more = "Session-Expires: 120;refresher=uac\r\n";
    stage_respond(stage_must_find("UPDATE sip:cb@", "Session-Expires: 120;refresher=uac"), 200, "cb", "");
    stage_pass(8 * (int64_t)SECOND); /* 68 s: 100 less 32 */
    stage_must_find("BYE sip:1001@127.0.0.1", "");
    stage_must_find("BYE sip:cb@", "");
    stage_end();
}

TESTS("node/pass", cmocka_unit_test(keys_reach_the_other_phone),
    cmocka_unit_test(keys_that_nobody_hears_are_refused), cmocka_unit_test(who_hangs_up_may_say_why),
    cmocka_unit_test(a_phone_names_another), cmocka_unit_test(sessions_have_a_time))
