/* A call from its beginning to its end, and what phones change while it stands. */
#include "roles/node/node_fixture.h"
#include "unit.h"

/* CM-32: hold and its end reach the other phone, its answers come back. */
static void hold_and_retrieve(void **state)
{
    (void)state;
    stage_establish();
    stage_caller("INVITE", 2, stage_caller_tag(), stage_sdp(3, "sendonly"));
    stage_respond(stage_must_find("INVITE sip:cb@", "a=sendonly"), 200, "cb", stage_sdp(4, "recvonly"));
    stage_must_find("SIP/2.0 200", "a=recvonly");
    stage_caller("ACK", 2, stage_caller_tag(), "");
    stage.count = 0;
    stage_caller("INVITE", 3, stage_caller_tag(), stage_sdp(5, "sendrecv"));
    stage_respond(stage_must_find("INVITE sip:cb@", "a=sendrecv"), 200, "cb", stage_sdp(6, "sendrecv"));
    stage_must_find("SIP/2.0 200", "m=audio 10006");
    stage_caller("ACK", 3, stage_caller_tag(), "");
    stage_hang_up();
}

static void a_refused_offer_leaves_the_session(void **state)
{
    (void)state;
    stage_establish();
    stage_caller("INVITE", 2, stage_caller_tag(), stage_sdp(3, "sendonly"));
    stage_respond(stage_must_find("INVITE sip:cb@", "a=sendonly"), 488, "cb", "");
    stage_must_find("SIP/2.0 488", STAGE_CALLER);
    stage_caller("ACK", 2, stage_caller_tag(), "");
    stage.count = 0;
    stage_pass(5 * (int64_t)SECOND);
    assert_null(stage_find("INVITE", "")); /* nobody is asked again */
    stage_callee("INVITE", 1, stage_sdp(2, "sendrecv"));
    stage_must_find("SIP/2.0 200", "m=audio 10001"); /* a refresh of the other phone hears what is */
    stage_callee("ACK", 1, "");
    stage_caller("INVITE", 3, stage_caller_tag(), stage_sdp(5, "sendrecv"));
    stage_respond(
        stage_must_find("INVITE sip:1002@127", "m=audio 10005"), 200, "cb", stage_sdp(6, "sendrecv"));
    stage_must_find("SIP/2.0 200", "m=audio 10006");
    stage_caller("ACK", 3, stage_caller_tag(), "");
    stage_hang_up();
}

/* RFC 3261 9.2: the change is taken back before the other phone has answered, which hears of it. */
static void a_change_is_cancelled(void **state)
{
    char invite[3000];
    (void)state;
    stage_establish();
    stage_caller("INVITE", 2, stage_caller_tag(), stage_sdp(3, "sendonly"));
    snprintf(invite, sizeof invite, "%s", stage_must_find("INVITE sip:cb@", "a=sendonly"));
    stage_respond(invite, 100, "cb", "");
    stage_caller("CANCEL", 2, stage_caller_tag(), "");
    stage_must_find("SIP/2.0 487", STAGE_CALLER);
    stage_caller("ACK", 2, stage_caller_tag(), "");
    stage_respond(stage_must_find("CANCEL sip:cb@", ""), 200, "cb", "");
    stage.count = 0;
    stage_respond(invite, 487, "cb", "");
    stage_pass(5 * (int64_t)SECOND);
    assert_null(stage_find("INVITE", "")); /* the session is as it was */
    stage_hang_up();
}

/* RFC 3261 14.2: 491 for an offer that meets ours, 500 for a second one of the same phone. */
static void glare_is_491(void **state)
{
    (void)state;
    stage_establish();
    stage_caller("INVITE", 2, stage_caller_tag(), stage_sdp(3, "sendrecv"));
    stage_callee("INVITE", 1, stage_sdp(4, "sendrecv"));
    stage_must_find("SIP/2.0 491", "CSeq: 1 INVITE");
    stage_caller("INVITE", 3, stage_caller_tag(), stage_sdp(5, "sendrecv"));
    stage_must_find("SIP/2.0 500", "CSeq: 3 INVITE");
    stage_must_find("SIP/2.0 500", "Retry-After: ");
    stage_respond(stage_must_find("INVITE sip:cb@", "m=audio 10003"), 200, "cb", stage_sdp(6, "sendrecv"));
    stage_must_find("SIP/2.0 200", "m=audio 10006");
    stage_caller("ACK", 2, stage_caller_tag(), "");
    stage_hang_up();
}

/* RFC 3264: the offer comes with the 2xx, the answer with the ACK. */
static void a_late_offer_crosses(void **state)
{
    (void)state;
    stage_begin();
    stage_caller("INVITE", 1, "", "");
    const char *invite = stage_must_find("INVITE sip:1002@home", "Content-Length: 0");
    stage_respond(invite, 200, "cb", stage_sdp(2, "sendrecv"));
    stage_must_find("SIP/2.0 200", "m=audio 10002");
    assert_null(stage_find("ACK", "")); /* its answer is not known yet */
    stage_caller("ACK", 1, stage_caller_tag(), stage_sdp(3, "sendrecv"));
    stage_must_find("ACK sip:cb@", "m=audio 10003");
    stage_hang_up();
}

/* RFC 3261 13.2.2.4: a second phone that answered is told so. */
static void a_second_answer_is_acknowledged_and_ended(void **state)
{
    (void)state;
    stage_begin();
    stage_caller("INVITE", 1, "", stage_sdp(1, "sendrecv"));
    char invite[3000];
    snprintf(invite, sizeof invite, "%s", stage_must_find("INVITE sip:1002@home", ""));
    stage_respond(invite, 200, "cb", stage_sdp(2, "sendrecv"));
    stage_caller("ACK", 1, stage_caller_tag(), "");
    stage.count = 0;
    stage_respond(invite, 200, "cc", stage_sdp(3, "sendrecv"));
    stage_must_find("ACK sip:cc@", "tag=cc");
    stage_respond(stage_must_find("BYE sip:cc@", "tag=cc"), 200, "cc", "");
    stage.count = 0;
    stage_respond(invite, 200, "cb", stage_sdp(2, "sendrecv")); /* its ACK was lost */
    stage_must_find("ACK sip:cb@", "tag=cb");
    assert_null(stage_find("BYE", ""));
    assert_int_equal(stage_legs(), 2);
    stage_hang_up();
}

/* ... and where its answer brings an offer, that is answered too. */
static void a_second_offer_is_rejected_with_the_ack(void **state)
{
    (void)state;
    stage_begin();
    stage_caller("INVITE", 1, "", "");
    char invite[3000];
    snprintf(invite, sizeof invite, "%s", stage_must_find("INVITE sip:1002@home", "Content-Length: 0"));
    stage_respond(invite, 200, "cb", stage_sdp(2, "sendrecv"));
    stage_caller("ACK", 1, stage_caller_tag(), stage_sdp(3, "sendrecv"));
    stage_respond(invite, 200, "cc", stage_sdp(4, "sendrecv"));
    stage_must_find("ACK sip:cc@", "m=audio 0 ");
    stage_respond(stage_must_find("BYE sip:cc@", "tag=cc"), 200, "cc", "");
    stage_hang_up();
}

static void let_ring(const char *more, int64_t seconds, const char *answer)
{
    char invite[3000];
    stage_begin();
    stage.more = more;
    stage_caller("INVITE", 1, "", stage_sdp(1, "sendrecv"));
    snprintf(invite, sizeof invite, "%s", stage_must_find("INVITE sip:1002@home", ""));
    stage_respond(invite, 180, "cb", "");
    stage_pass(seconds * SECOND);
    stage_must_find(answer, STAGE_CALLER);
    stage_must_find("CANCEL sip:1002@home", "CSeq: 1 CANCEL");
    stage_respond(stage_must_find("CANCEL", ""), 200, "cb", "");
    stage_respond(invite, 487, "cb", "");
    stage_must_find("ACK sip:1002@home", "");
    assert_int_equal(stage_legs(), 0);
    stage_caller("ACK", 1, "x", "");
    stage_end();
}

static void nobody_answers(void **state)
{
    (void)state;
    let_ring("", 121, "SIP/2.0 480");
}

/* CM-40, RFC 3261 13.3.1: the caller says how long the invitation is good. */
static void an_invitation_runs_out(void **state)
{
    (void)state;
    let_ring("Expires: 20\r\n", 21, "SIP/2.0 487");
    let_ring("Expires: 4000\r\n", 121, "SIP/2.0 480");
}

/* The caller gives up before the other phone has said anything: the CANCEL goes out with its first word. */
static void given_up_while_dialling(void **state)
{
    (void)state;
    stage_begin();
    stage_caller("INVITE", 1, "", stage_sdp(1, "sendrecv"));
    char invite[3000];
    snprintf(invite, sizeof invite, "%s", stage_must_find("INVITE sip:1002@home", ""));
    stage_caller("CANCEL", 1, "", "");
    stage_must_find("SIP/2.0 200", "CSeq: 1 CANCEL");
    stage_must_find("SIP/2.0 487", "CSeq: 1 INVITE");
    assert_null(stage_find("CANCEL", ""));
    stage_respond(invite, 180, "cb", "");
    stage_respond(stage_must_find("CANCEL sip:1002@home", ""), 200, "cb", "");
    stage_respond(invite, 487, "cb", "");
    assert_int_equal(stage_legs(), 0);
    stage_end();
}

static void given_up_and_answered_at_the_same_moment(void **state)
{
    (void)state;
    stage_begin();
    stage_caller("INVITE", 1, "", stage_sdp(1, "sendrecv"));
    char invite[3000];
    snprintf(invite, sizeof invite, "%s", stage_must_find("INVITE sip:1002@home", ""));
    stage_respond(invite, 180, "cb", "");
    stage_caller("CANCEL", 1, "", "");
    stage_must_find("CANCEL sip:1002@home", "");
    stage_respond(invite, 200, "cb", stage_sdp(2, "sendrecv"));
    stage_must_find("ACK sip:cb@", "");
    stage_respond(stage_must_find("BYE sip:cb@", ""), 200, "cb", "");
    assert_int_equal(stage_legs(), 0);
    stage_end();
}

/* RFC 3261 15: who was called does not say BYE before the ACK has come. */
static void a_bye_waits_for_the_ack(void **state)
{
    (void)state;
    stage_begin();
    stage_caller("INVITE", 1, "", stage_sdp(1, "sendrecv"));
    stage_respond(stage_must_find("INVITE sip:1002@home", ""), 200, "cb", stage_sdp(2, "sendrecv"));
    stage_callee("BYE", 1, "");
    stage_must_find("SIP/2.0 200", "CSeq: 1 BYE");
    assert_null(stage_find("BYE", ""));
    stage_caller("ACK", 1, stage_caller_tag(), "");
    stage_respond(stage_must_find("BYE sip:1001@127.0.0.1", ""), 200, "", "");
    assert_int_equal(stage_legs(), 0);
    stage_end();
}

/* The ACK never comes: the 2xx is repeated for 64 T1, then the call ends (13.3.1.4). */
static void without_ack_the_call_ends(void **state)
{
    (void)state;
    stage_begin();
    stage_caller("INVITE", 1, "", stage_sdp(1, "sendrecv"));
    stage_respond(stage_must_find("INVITE sip:1002@home", ""), 200, "cb", stage_sdp(2, "sendrecv"));
    stage.count = 0;
    stage_pass(2 * (int64_t)SECOND);
    stage_must_find("SIP/2.0 200", "m=audio 10002");
    stage_pass(38 * (int64_t)SECOND);
    stage_must_find("BYE sip:1001@127.0.0.1", "");
    stage_pass(35 * (int64_t)SECOND);
    stage_must_find("BYE sip:cb@", "");
    stage_end();
}

static void an_old_number_is_500_and_a_stranger_481(void **state)
{
    (void)state;
    stage_establish();
    stage_caller("NOTIFY", 9, stage_caller_tag(), "");
    stage_must_find("SIP/2.0 405", "Allow: INVITE, ACK, BYE, CANCEL, OPTIONS, PRACK, UPDATE, INFO, MESSAGE");
    stage_caller("NOTIFY", 8, stage_caller_tag(), "");
    stage_must_find("SIP/2.0 500", "CSeq: 8 NOTIFY");
    stage_caller("FETCH", 9, stage_caller_tag(), "");
    stage_must_find("SIP/2.0 500", "CSeq: 9 FETCH");
    stage_caller("FETCH", 10, stage_caller_tag(), ""); /* RFC 3261 8.2.1 */
    stage_must_find("SIP/2.0 501", "CSeq: 10 FETCH");
    stage_caller("BYE", 11, "1-00000000", "");
    stage_must_find("SIP/2.0 481", "CSeq: 11 BYE");
    stage_caller("BYE", 12, "", "");
    stage_must_find("SIP/2.0 405", "CSeq: 12 BYE");
    assert_int_equal(stage_legs(), 2);
    stage_hang_up();
}

/* ---- media: whatever phones offer and refuse, in the end each has heard what the other said last ---- */

static struct {
    int version;
    unsigned cseq[2]; /* of the caller, of the callee */
    bool offering[2], polite;
    uint64_t chance;
} phones;

static unsigned dice(unsigned sides)
{
    phones.chance = phones.chance * 6364136223846793005U + 1442695040888963407U;
    return (unsigned)(phones.chance >> 40) % sides;
}

static void phone_message(const char *text)
{
    struct sip_message m;
    struct arena arena = {0};
    assert_int_equal(sip_parse(&m, slice_text(text), &arena, NULL), 0);
    int who = slice_equal(m.call_id, SLICE("caller")) ? 0 : 1;
    const char *tag = who == 0 ? "ca" : "cb";
    if (m.is_request && m.method == SIP_INVITE) {
        unsigned choice = phones.polite ? 3 : dice(6);
        if (phones.offering[who])
            stage_respond(text, 491, tag, "");
        else if (choice == 0)
            stage_respond(text, 488, tag, "");
        else if (choice == 1)
            stage_respond(text, 491, tag, "");
        else
            stage_respond(
                text, 200, tag, stage_sdp(++phones.version, dice(3) == 0 ? "recvonly" : "sendrecv"));
    } else if (m.is_request && m.method != SIP_ACK) {
        stage_respond(text, 200, tag, "");
    } else if (!m.is_request && m.method == SIP_INVITE && m.status >= 200) {
        phones.offering[who] = false;
        if (who == 0)
            stage_caller("ACK", m.cseq, stage_caller_tag(), "");
        else
            stage_callee("ACK", m.cseq, "");
    }
    arena_free(&arena);
}

static void edit(void)
{
    int who = (int)dice(2);
    if (phones.offering[who])
        return;
    phones.offering[who] = true;
    const char *body = stage_sdp(++phones.version, dice(3) == 0 ? "sendonly" : "sendrecv");
    if (who == 0)
        stage_caller("INVITE", ++phones.cseq[0], stage_caller_tag(), body);
    else
        stage_callee("INVITE", ++phones.cseq[1], body);
}

static void media_settles_after_any_edits(void **state)
{
    (void)state;
    for (uint64_t seed = 1; seed <= 300; seed++) {
        stage_establish();
        memset(&phones, 0, sizeof phones);
        phones.chance = seed * 7919;
        phones.version = 100;
        phones.cseq[0] = 1;
        stage.on_message = phone_message;
        for (int i = 0; i < 12; i++) {
            edit();
            stage_pass((int64_t)dice(3) * 300000 + 1000);
        }
        phones.polite = true;
        stage_pass(50 * (int64_t)SECOND);
        struct node *n = stage.node;
        struct leg *l;
        assert_int_equal(stage_legs(), 2);
        map_for_each (l, &n->legs) {
            const struct leg *other = node__call_other(l->call, l);
            if (l->media != MEDIA_STABLE || l->invite != 0 ||
                (l->attempts == 0 && l->local_sdp != other->remote_sdp))
                fail_msg("seed %u: the %s is not settled: media %u, attempts %u", (unsigned)seed,
                    l->incoming ? "caller" : "callee", l->media, l->attempts);
        }
        stage.on_message = NULL;
        stage_hang_up();
    }
}

TESTS("node", cmocka_unit_test(hold_and_retrieve), cmocka_unit_test(a_refused_offer_leaves_the_session),
    cmocka_unit_test(a_change_is_cancelled), cmocka_unit_test(glare_is_491),
    cmocka_unit_test(a_late_offer_crosses), cmocka_unit_test(a_second_answer_is_acknowledged_and_ended),
    cmocka_unit_test(a_second_offer_is_rejected_with_the_ack), cmocka_unit_test(nobody_answers),
    cmocka_unit_test(an_invitation_runs_out), cmocka_unit_test(given_up_while_dialling),
    cmocka_unit_test(given_up_and_answered_at_the_same_moment), cmocka_unit_test(a_bye_waits_for_the_ack),
    cmocka_unit_test(without_ack_the_call_ends), cmocka_unit_test(an_old_number_is_500_and_a_stranger_481),
    cmocka_unit_test(media_settles_after_any_edits))
