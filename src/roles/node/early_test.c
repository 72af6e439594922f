/* Provisional answers and the offers that travel with them (CM-40): reliable or not, from one phone or
 * several, before and after the answer. */
#include "roles/node/node_fixture.h"
#include "unit.h"

#define UPDATES "Allow: INVITE, ACK, BYE, CANCEL, PRACK, UPDATE\r\n"
#define RELIABLE "Supported: 100rel\r\n" UPDATES

static char invite[STAGE_TEXT];

static struct leg *leg_of(bool caller)
{
    struct node *n = stage.node;
    struct leg *l;
    map_for_each (l, &n->legs)
        if (l->incoming == caller)
            return l;
    return NULL;
}

static void dial(const char *more, const char *body)
{
    stage_begin();
    stage.more = more;
    stage_caller("INVITE", 1, "", body);
    snprintf(invite, sizeof invite, "%s", stage_must_find("INVITE sip:1002@home", ""));
}

static void callee_rings(uint16_t status, unsigned rseq, const char *tag, const char *body)
{
    static char more[200];
    snprintf(more, sizeof more, "Require: 100rel\r\nRSeq: %u\r\n" UPDATES, rseq);
    stage.more = rseq != 0 ? more : UPDATES;
    stage_respond(invite, status, tag, body);
}

/* The caller's PRACK for the newest reliable answer that it was sent. */
static void caller_prack(unsigned cseq, const char *body)
{
    static char more[80];
    snprintf(more, sizeof more, "RAck: %u 1 INVITE\r\n", leg_of(true)->rseq);
    stage.more = more;
    stage_caller("PRACK", cseq, stage_caller_tag(), body);
}

static void answered(const char *tag, const char *body)
{
    stage.more = UPDATES;
    stage_respond(invite, 200, tag, body);
}

/* CM-40, RFC 3262: both legs are reliable by themselves; the answer in the 183 is the answer. */
static void media_before_the_answer_travels_reliably(void **state)
{
    (void)state;
    dial(RELIABLE, stage_sdp(1, "sendrecv"));
    assert_non_null(strstr(invite, "Supported: 100rel, timer"));
    callee_rings(183, 7, "cb", stage_sdp(2, "sendrecv"));
    stage_must_find("PRACK sip:cb@", "RAck: 7 1 INVITE");
    stage_must_find("SIP/2.0 183", "Require: 100rel");
    stage_must_find("SIP/2.0 183", "m=audio 10002");
    stage_respond(stage_must_find("PRACK", ""), 200, "cb", "");
    stage.count = 0;
    callee_rings(183, 7, "cb", stage_sdp(2, "sendrecv")); /* again: nothing new */
    assert_null(stage_find("PRACK", ""));
    caller_prack(2, "");
    stage_must_find("SIP/2.0 200", "CSeq: 2 PRACK");
    answered("cb", "");
    stage_must_find("SIP/2.0 200", "CSeq: 1 INVITE");
    assert_null(stage_find("SIP/2.0 200", "m=audio"));
    stage_caller("ACK", 1, stage_caller_tag(), "");
    assert_int_equal(leg_of(true)->media, MEDIA_STABLE);
    assert_int_equal(leg_of(true)->local_sdp, leg_of(false)->remote_sdp);
    stage_hang_up();
}

/* RFC 3262 3: sent again until its PRACK, and then the call is refused; nothing overtakes it. */
static void a_reliable_answer_is_repeated_until_its_prack(void **state)
{
    (void)state;
    dial(RELIABLE, stage_sdp(1, "sendrecv"));
    callee_rings(183, 0, "cb", stage_sdp(2, "sendrecv"));
    stage_must_find("SIP/2.0 183", "RSeq:");
    stage.count = 0;
    stage_pass(600000);
    stage_must_find("SIP/2.0 183", "RSeq:");
    stage.count = 0;
    callee_rings(180, 0, "cb", "");
    answered("cb", stage_sdp(2, "sendrecv"));
    stage_must_find("ACK sip:cb@", "");
    assert_null(stage_find("SIP/2.0 200", STAGE_CALLER));
    caller_prack(2, "");
    stage_must_find("SIP/2.0 200", "CSeq: 1 INVITE");
    stage_caller("ACK", 1, stage_caller_tag(), "");
    stage_hang_up();

    dial(RELIABLE, stage_sdp(1, "sendrecv"));
    callee_rings(183, 0, "cb", stage_sdp(2, "sendrecv"));
    stage_pass(33 * (int64_t)SECOND);
    stage_must_find("SIP/2.0 504", "Reason: SIP;cause=504;text=\"no PRACK\"");
    stage_must_find("CANCEL sip:1002@home", "Reason: SIP;cause=504");
    stage_respond(invite, 487, "cb", "");
    stage_end();
}

/* RFC 3262 3: to a phone that asks for it each answer is reliable, one at a time. */
static void who_requires_reliable_answers_gets_them(void **state)
{
    (void)state;
    dial("Require: 100rel\r\n", stage_sdp(1, "sendrecv"));
    callee_rings(180, 0, "cb", "");
    stage_must_find("SIP/2.0 180", "Require: 100rel");
    callee_rings(183, 0, "cb", stage_sdp(2, "sendrecv"));
    assert_null(stage_find("SIP/2.0 183", ""));
    uint32_t first = leg_of(true)->rseq;
    stage.more = "RAck: 1 1 INVITE\r\n";
    stage_caller("PRACK", 2, stage_caller_tag(), "");
    stage_must_find("SIP/2.0 481", "CSeq: 2 PRACK");
    caller_prack(3, "");
    stage_must_find("SIP/2.0 183", "m=audio 10002");
    assert_int_equal(leg_of(true)->rseq, first + 1);
    caller_prack(4, "");
    answered("cb", "");
    stage_caller("ACK", 1, stage_caller_tag(), "");
    stage_hang_up();
}

/* Without 100rel the caller is promised the first answer; what differs is offered after it (RFC 3261 13.2.1).
 */
static void what_was_promised_early_stays_the_answer(void **state)
{
    (void)state;
    dial(NULL, stage_sdp(1, "sendrecv"));
    callee_rings(183, 0, "cb", stage_sdp(2, "sendrecv"));
    stage_must_find("SIP/2.0 183", "m=audio 10002");
    assert_null(stage_find("SIP/2.0 183", "RSeq"));
    answered("cc", stage_sdp(3, "sendrecv")); /* another phone behind the number */
    stage_must_find("ACK sip:cc@", "");
    stage_must_find("SIP/2.0 200", "m=audio 10002");
    stage.count = 0;
    stage_caller("ACK", 1, stage_caller_tag(), "");
    char again[STAGE_TEXT];
    snprintf(again, sizeof again, "%s", stage_must_find("INVITE sip:1001@127.0.0.1", "m=audio 10003"));
    stage_respond(again, 200, "", stage_sdp(1, "sendrecv"));
    assert_int_equal(leg_of(true)->local_sdp, leg_of(false)->remote_sdp);
    stage.count = 0;
    stage_caller("BYE", 90, stage_caller_tag(), "");
    stage_respond(stage_must_find("BYE", "tag=cc"), 200, "cc", "");
    stage_end();
}

/* Several phones behind one number: each has its own dialog and its own numbers; the first with media is
 * heard, whoever answers has the call. */
static void forks_are_acknowledged_each_by_itself(void **state)
{
    (void)state;
    dial(RELIABLE, stage_sdp(1, "sendrecv"));
    callee_rings(180, 11, "ca1", "");
    stage_must_find("PRACK sip:ca1@", "RAck: 11 1 INVITE");
    callee_rings(183, 21, "cb2", stage_sdp(2, "sendrecv"));
    stage_must_find("PRACK sip:cb2@", "RAck: 21 1 INVITE");
    stage_must_find("SIP/2.0 183", "m=audio 10002");
    callee_rings(183, 12, "ca1", stage_sdp(3, "sendrecv"));
    stage_must_find("PRACK sip:ca1@", "RAck: 12 1 INVITE");
    stage.count = 0;
    callee_rings(183, 14, "ca1", stage_sdp(3, "sendrecv")); /* 13 is missing: RFC 3262 4 */
    assert_null(stage_find("PRACK", ""));
    caller_prack(2, "");
    answered("ca1", stage_sdp(3, "sendrecv"));
    stage_must_find("ACK sip:ca1@", "");
    stage_must_find("SIP/2.0 200", "CSeq: 1 INVITE");
    stage_caller("ACK", 1, stage_caller_tag(), "");
    char again[STAGE_TEXT];
    snprintf(again, sizeof again, "%s", stage_must_find("INVITE sip:1001@127.0.0.1", "m=audio 10003"));
    stage_respond(again, 200, "", stage_sdp(1, "sendrecv"));
    stage.count = 0;
    stage_respond(invite, 200, "cb2", stage_sdp(2, "sendrecv")); /* it answered at the same moment */
    stage_must_find("ACK sip:cb2@", "");
    stage_respond(stage_must_find("BYE sip:cb2@", "Call completed elsewhere"), 200, "cb2", "");
    assert_int_equal(stage_legs(), 2);
    stage.count = 0;
    stage_caller("BYE", 90, stage_caller_tag(), "");
    stage_respond(stage_must_find("BYE", "tag=ca1"), 200, "ca1", "");
    stage_end();
}

/* RFC 3262 5: the offer comes with a reliable answer, its answer with the PRACK, on both legs. */
static void a_late_offer_crosses_before_the_answer(void **state)
{
    (void)state;
    dial(RELIABLE, "");
    assert_non_null(strstr(invite, "Supported: 100rel, timer"));
    callee_rings(183, 5, "cb", stage_sdp(2, "sendrecv"));
    assert_null(stage_find("PRACK", "")); /* its answer is not known yet */
    stage_must_find("SIP/2.0 183", "m=audio 10002");
    caller_prack(2, stage_sdp(3, "sendrecv"));
    stage_must_find("PRACK sip:cb@", "m=audio 10003");
    stage_must_find("PRACK sip:cb@", "RAck: 5 1 INVITE");
    answered("cb", "");
    stage_must_find("SIP/2.0 200", "CSeq: 1 INVITE");
    stage_caller("ACK", 1, stage_caller_tag(), "");
    assert_int_equal(leg_of(true)->local_sdp, leg_of(false)->remote_sdp);
    assert_int_equal(leg_of(false)->local_sdp, leg_of(true)->remote_sdp);
    stage_hang_up();

    dial(NULL, ""); /* a caller that could not answer it: nobody is asked to be reliable */
    assert_null(strstr(invite, "100rel"));
    answered("cb", stage_sdp(2, "sendrecv"));
    stage_caller("ACK", 1, stage_caller_tag(), stage_sdp(3, "sendrecv"));
    stage_must_find("ACK sip:cb@", "m=audio 10003");
    stage_hang_up();
}

/* RFC 3311 5.1: a new offer before the answer, in both directions. */
static void an_update_crosses_before_the_answer(void **state)
{
    (void)state;
    dial(RELIABLE, stage_sdp(1, "sendrecv"));
    callee_rings(183, 7, "cb", stage_sdp(2, "sendrecv"));
    stage_respond(stage_must_find("PRACK", ""), 200, "cb", "");
    stage_caller("UPDATE", 2, stage_caller_tag(), stage_sdp(4, "sendrecv"));
    stage_must_find("SIP/2.0 500", "Retry-After: "); /* its PRACK is awaited */
    caller_prack(3, "");
    stage_caller("UPDATE", 4, stage_caller_tag(), stage_sdp(5, "sendrecv"));
    stage_respond(stage_must_find("UPDATE sip:cb@", "m=audio 10005"), 200, "cb", stage_sdp(6, "sendrecv"));
    stage_must_find("SIP/2.0 200", "m=audio 10006");
    stage_callee("UPDATE", 1, stage_sdp(7, "sendrecv"));
    stage_caller("UPDATE", 5, stage_caller_tag(), stage_sdp(9, "sendrecv"));
    stage_must_find("SIP/2.0 491", "CSeq: 5 UPDATE");
    stage_respond(stage_must_find("UPDATE sip:1001@", "m=audio 10007"), 200, "", stage_sdp(8, "sendrecv"));
    stage_must_find("SIP/2.0 200", "m=audio 10008");
    stage.count = 0;
    answered("cb", "");
    stage_must_find("SIP/2.0 200", "CSeq: 1 INVITE");
    stage_caller("ACK", 1, stage_caller_tag(), "");
    assert_null(stage_find("INVITE", "m=")); /* nothing is left to be offered */
    stage_hang_up();
}

static void an_update_that_cannot_cross_is_refused(void **state)
{
    (void)state;
    dial(RELIABLE, stage_sdp(1, "sendrecv"));
    stage.more = "Allow: INVITE, ACK, BYE, CANCEL\r\n";
    stage_respond(invite, 183, "cb", stage_sdp(2, "sendrecv"));
    caller_prack(2, "");
    stage_caller("UPDATE", 3, stage_caller_tag(), stage_sdp(5, "sendrecv"));
    stage_must_find("SIP/2.0 504", "CSeq: 3 UPDATE");
    stage.count = 0;
    stage_caller("UPDATE", 4, stage_caller_tag(), ""); /* without an offer */
    stage_must_find("SIP/2.0 200", "CSeq: 4 UPDATE");
    answered("cb", stage_sdp(2, "sendrecv"));
    stage_caller("ACK", 1, stage_caller_tag(), "");
    stage_hang_up();
}

/* RFC 3262 5: an offer in the PRACK must be answered in its 200, whatever the other phone can do. */
static void an_offer_in_the_prack_is_answered(void **state)
{
    (void)state;
    dial(RELIABLE, stage_sdp(1, "sendrecv"));
    callee_rings(183, 7, "cb", stage_sdp(2, "sendrecv"));
    stage_respond(stage_must_find("PRACK", ""), 200, "cb", "");
    caller_prack(2, stage_sdp(5, "sendrecv"));
    stage_respond(stage_must_find("UPDATE sip:cb@", "m=audio 10005"), 200, "cb", stage_sdp(6, "sendrecv"));
    stage_must_find("SIP/2.0 200", "m=audio 10006");
    answered("cb", "");
    stage_caller("ACK", 1, stage_caller_tag(), "");
    stage_hang_up();

    dial(RELIABLE, stage_sdp(1, "sendrecv"));
    stage_respond(invite, 183, "cb", stage_sdp(2, "sendrecv"));
    caller_prack(2, stage_sdp(5, "sendrecv"));
    stage_must_find("SIP/2.0 200", "CSeq: 2 PRACK");
    stage.count = 0;
    answered("cb", stage_sdp(2, "sendrecv"));
    stage_caller("ACK", 1, stage_caller_tag(), "");
    stage_respond(stage_must_find("INVITE sip:cb@", "m=audio 10005"), 200, "cb", stage_sdp(2, "sendrecv"));
    stage_hang_up();
}

/* An established session: UPDATE with an offer reaches the other phone as a re-INVITE, without one it is an
 * answer that we are there. */
static void an_update_in_a_call_reaches_the_other_phone(void **state)
{
    (void)state;
    stage_establish();
    stage_caller("UPDATE", 2, stage_caller_tag(), stage_sdp(3, "sendonly"));
    stage_respond(stage_must_find("INVITE sip:cb@", "a=sendonly"), 200, "cb", stage_sdp(4, "recvonly"));
    stage_must_find("SIP/2.0 200", "a=recvonly");
    stage_caller("UPDATE", 3, stage_caller_tag(), "");
    stage_must_find("SIP/2.0 200", "CSeq: 3 UPDATE");
    stage_hang_up();
}

/* A re-INVITE without an offer is given the session as it is. */
static void a_late_offer_in_a_call_is_what_is(void **state)
{
    (void)state;
    stage_establish();
    stage_caller("INVITE", 2, stage_caller_tag(), "");
    stage_must_find("SIP/2.0 200", "m=audio 10002");
    stage_caller("ACK", 2, stage_caller_tag(), stage_sdp(7, "sendrecv"));
    stage_respond(stage_must_find("INVITE sip:cb@", "m=audio 10007"), 200, "cb", stage_sdp(2, "sendrecv"));
    stage_hang_up();
}

/* RFC 3261 14.1: two offers meet; ours comes again after a random wait. */
static void an_offer_of_ours_comes_again_after_glare(void **state)
{
    (void)state;
    stage_establish();
    stage_caller("INVITE", 2, stage_caller_tag(), "");
    stage_caller("ACK", 2, stage_caller_tag(), stage_sdp(7, "sendrecv")); /* now the callee is to be told */
    stage_respond(stage_must_find("INVITE sip:cb@", "m=audio 10007"), 491, "cb", "");
    stage.count = 0;
    stage_pass(2 * (int64_t)SECOND);
    assert_null(stage_find("INVITE", "")); /* we began this dialog: 2.1 s at least */
    stage_pass(2100000);
    stage_respond(stage_must_find("INVITE sip:cb@", "m=audio 10007"), 200, "cb", stage_sdp(2, "sendrecv"));
    stage_hang_up();
}

TESTS("node/early", cmocka_unit_test(media_before_the_answer_travels_reliably),
    cmocka_unit_test(a_reliable_answer_is_repeated_until_its_prack),
    cmocka_unit_test(who_requires_reliable_answers_gets_them),
    cmocka_unit_test(what_was_promised_early_stays_the_answer),
    cmocka_unit_test(forks_are_acknowledged_each_by_itself),
    cmocka_unit_test(a_late_offer_crosses_before_the_answer),
    cmocka_unit_test(an_update_crosses_before_the_answer),
    cmocka_unit_test(an_update_that_cannot_cross_is_refused),
    cmocka_unit_test(an_offer_in_the_prack_is_answered),
    cmocka_unit_test(an_update_in_a_call_reaches_the_other_phone),
    cmocka_unit_test(a_late_offer_in_a_call_is_what_is),
    cmocka_unit_test(an_offer_of_ours_comes_again_after_glare))
