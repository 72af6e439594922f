/* The four machines of RFC 3261 section 17 with RFC 6026, by virtual time. Each test runs twice:
 * undisturbed, and saved and loaded into another table before every step (CM-40). */
#include "sip/transaction_fixture.h"

#include "base/mem.h"
#include "unit.h"

/* ---- INVITE client ---- */

/* 17.1.1.2: timers A and B */
static void invite_is_repeated_doubling_until_timer_b(void)
{
    static const int64_t times[] = {0, 500, 1500, 3500, 7500, 15500, 31500};
    sip_desk_request(SIP_INVITE, false);
    sip_desk_until(31999);
    sip_desk_expect_sent(times, 7);
    assert_int_equal(sip_desk.failed, 0);
    sip_desk_until(32000);
    assert_int_equal(sip_desk.failed, 1);
    assert_int_equal(sip_desk.over, 1);
    assert_int_equal(sip_desk_alive(), 0);
}

static void a_reliable_invite_is_sent_once(void)
{
    sip_desk_request(SIP_INVITE, true);
    sip_desk_until(32000);
    assert_int_equal(sip_desk.sent, 1);
    assert_int_equal(sip_desk.failed, 1);
}

/* A provisional response ends the repetition; timer C (16.6 step 11) ends what nobody answers. */
static void proceeding_is_quiet_until_timer_c(void)
{
    sip_desk_request(SIP_INVITE, false);
    sip_desk_until(700);
    sip_desk_receive(RESPONSE("180", "INVITE", "z9hG4bK1", "b"), false);
    assert_int_equal(sip_desk.responses, 1);
    sip_desk_until(100000);
    assert_int_equal(sip_desk.sent, 2);
    sip_desk_receive(RESPONSE("183", "INVITE", "z9hG4bK1", "b"), false);
    sip_desk_until(279999);
    assert_int_equal(sip_desk.failed, 0);
    sip_desk_until(280000);
    assert_int_equal(sip_desk.failed, 1);
    assert_int_equal(sip_desk_alive(), 0);
}

/* 17.1.1.3: the ACK has the request's URI, top Via, Routes, Call-ID, From and number, and the response's To.
 */
static void a_refusal_is_acknowledged_each_time_until_timer_d(void)
{
    sip_desk_request(SIP_INVITE, false);
    sip_desk_receive(RESPONSE("486", "INVITE", "z9hG4bK1", "b"), false);
    assert_int_equal(sip_desk.responses, 1);
    assert_int_equal(sip_desk.sent, 2);
    struct sip_message m;
    struct arena arena = {0};
    struct sip_cursor at = {0};
    struct slice value;
    unsigned routes = 0;
    assert_int_equal(sip_parse(&m, slice_text(sip_desk.last), &arena, NULL), 0);
    assert_int_equal(m.method, SIP_ACK);
    assert_true(slice_equal(m.uri, SLICE("sip:bob@example.com")));
    assert_true(slice_equal(m.via.branch, SLICE("z9hG4bK1")));
    assert_true(slice_equal(m.to_tag, SLICE("b")));
    assert_true(slice_equal(m.from_tag, SLICE("a")));
    assert_true(slice_equal(m.call_id, SLICE("call")));
    assert_int_equal(m.cseq, 7);
    while (sip_next_value(&m, SIP_HEADER_ROUTE, &at, &value))
        routes++;
    assert_int_equal(routes, 3);
    arena_free(&arena);
    sip_desk_until(5000);
    sip_desk_receive(RESPONSE("486", "INVITE", "z9hG4bK1", "b"), false);
    assert_int_equal(sip_desk.sent, 3);
    assert_non_null(strstr(sip_desk.last, "ACK sip:bob"));
    assert_int_equal(sip_desk.responses, 1);
    sip_desk_receive(RESPONSE("200", "INVITE", "z9hG4bK1", "b"), false); /* too late */
    assert_int_equal(sip_desk.responses, 1);
    sip_desk_until(31999);
    assert_int_equal(sip_desk_alive(), 1);
    sip_desk_until(32000);
    assert_int_equal(sip_desk_alive(), 0);
    assert_int_equal(sip_desk.failed, 0);
    sip_desk_receive(RESPONSE("486", "INVITE", "z9hG4bK1", "b"), false);
    assert_int_equal(sip_desk.strays, 1);
}

static void a_reliable_refusal_ends_at_once(void)
{
    sip_desk_request(SIP_INVITE, true);
    sip_desk_receive(RESPONSE("486", "INVITE", "z9hG4bK1", "b"), true);
    assert_int_equal(sip_desk.sent, 2);
    sip_desk_until(1);
    assert_int_equal(sip_desk_alive(), 0);
    assert_int_equal(sip_desk.over, 1);
}

/* RFC 6026 7.2: every 2xx goes up, also another phone's, until timer M. */
static void each_2xx_is_reported_until_timer_m(void)
{
    sip_desk_request(SIP_INVITE, false);
    sip_desk_receive(RESPONSE("200", "INVITE", "z9hG4bK1", "b"), false);
    sip_desk_receive(RESPONSE("200", "INVITE", "z9hG4bK1", "b"), false);
    sip_desk_receive(RESPONSE("200", "INVITE", "z9hG4bK1", "c"), false);
    sip_desk_receive(RESPONSE("180", "INVITE", "z9hG4bK1", "c"), false); /* no more */
    sip_desk_receive(RESPONSE("486", "INVITE", "z9hG4bK1", "c"), false);
    assert_int_equal(sip_desk.responses, 3);
    assert_int_equal(sip_desk.sent, 1);
    sip_desk_until(31999);
    assert_int_equal(sip_desk_alive(), 1);
    sip_desk_until(32000);
    assert_int_equal(sip_desk_alive(), 0);
    sip_desk_receive(RESPONSE("200", "INVITE", "z9hG4bK1", "b"), false);
    assert_int_equal(sip_desk.strays, 1);
}

/* 9.1: the CANCEL is a transaction of its own with the INVITE's branch, To without tag. */
static void cancel_repeats_the_branch(void)
{
    sip_desk_request(SIP_INVITE, false);
    uint64_t id = sip_desk.table.next_id;
    sip_desk_receive(RESPONSE("180", "INVITE", "z9hG4bK1", "b"), false);
    sip_cancel(&sip_desk.table, sip_transaction_find(&sip_desk.table, id));
    struct sip_message m;
    struct arena arena = {0};
    assert_int_equal(sip_parse(&m, slice_text(sip_desk.last), &arena, NULL), 0);
    assert_int_equal(m.method, SIP_CANCEL);
    assert_true(slice_equal(m.via.branch, SLICE("z9hG4bK1")));
    assert_int_equal(m.to_tag.length, 0);
    assert_int_equal(m.cseq, 7);
    arena_free(&arena);
    assert_int_equal(sip_desk_alive(), 2);
    sip_desk_until(500);
    assert_int_equal(sip_desk.sent, 3); /* again, as any request */
    sip_desk_end();
    sip_desk_begin(sip_desk.reload);
}

/* ---- other clients ---- */

/* 17.1.2.2: timer E doubles up to T2, F ends it. */
static void a_request_is_repeated_up_to_t2_until_timer_f(void)
{
    static const int64_t times[] = {0, 500, 1500, 3500, 7500, 11500, 15500, 19500, 23500, 27500, 31500};
    sip_desk_request(SIP_BYE, false);
    sip_desk_until(32000);
    sip_desk_expect_sent(times, 11);
    assert_int_equal(sip_desk.failed, 1);
    assert_int_equal(sip_desk_alive(), 0);
}

static void a_provisional_answer_slows_repetition_to_t2(void)
{
    static const int64_t times[] = {0, 500, 1500, 5500, 9500, 13500, 17500, 21500, 25500, 29500};
    sip_desk_request(SIP_BYE, false);
    sip_desk_until(600);
    sip_desk_receive(RESPONSE("100", "BYE", "z9hG4bK1", "b"), false);
    sip_desk_until(31999);
    sip_desk_expect_sent(times, 10);
    assert_int_equal(sip_desk.failed, 0);
    sip_desk_until(32000);
    assert_int_equal(sip_desk.failed, 1); /* F runs on from the beginning */
}

static void a_final_answer_is_reported_once(void)
{
    sip_desk_request(SIP_BYE, false);
    sip_desk_receive(RESPONSE("200", "BYE", "z9hG4bK1", "b"), false);
    sip_desk_receive(RESPONSE("200", "BYE", "z9hG4bK1", "b"), false);
    sip_desk_receive(RESPONSE("481", "BYE", "z9hG4bK1", "b"), false);
    sip_desk_receive(
        RESPONSE("200", "INVITE", "z9hG4bK1", "b"), false); /* another method is another transaction */
    assert_int_equal(sip_desk.responses, 1);
    assert_int_equal(sip_desk.strays, 1);
    sip_desk_until(4999);
    assert_int_equal(sip_desk_alive(), 1);
    sip_desk_until(5000); /* K */
    assert_int_equal(sip_desk_alive(), 0);
    assert_int_equal(sip_desk.sent, 1);
}

static void a_reliable_request_ends_with_its_answer(void)
{
    sip_desk_request(SIP_BYE, true);
    sip_desk_receive(RESPONSE("200", "BYE", "z9hG4bK1", "b"), true);
    sip_desk_until(1);
    assert_int_equal(sip_desk_alive(), 0);
}

/* ---- INVITE server ---- */

/* 17.2.1: the newest provisional answer goes out for each copy of the INVITE. */
static void copies_of_an_invite_are_absorbed(void)
{
    sip_desk_receive(REQUEST("INVITE", "z9hG4bK2"), false);
    sip_desk_receive(REQUEST("INVITE", "z9hG4bK2"), false);
    assert_int_equal(sip_desk.requests, 1);
    assert_int_equal(sip_desk.sent, 0);
    sip_desk_respond(180);
    sip_desk_receive(REQUEST("INVITE", "z9hG4bK2"), false);
    assert_int_equal(sip_desk.sent, 2);
    assert_string_equal(sip_desk.last, "SIP/2.0 180");
    sip_desk_respond(486);
}

/* Timers G and H */
static void a_refusal_is_repeated_until_its_ack_or_timer_h(void)
{
    static const int64_t times[] = {0, 500, 1500, 3500, 7500, 11500, 15500, 19500, 23500, 27500, 31500};
    sip_desk_receive(REQUEST("INVITE", "z9hG4bK2"), false);
    sip_desk_respond(486);
    sip_desk_until(31999);
    sip_desk_expect_sent(times, 11);
    assert_int_equal(sip_desk.failed, 0);
    sip_desk_until(32000);
    assert_int_equal(sip_desk.failed, 1);
    assert_int_equal(sip_desk_alive(), 0);
}

static void an_ack_ends_the_repetition(void)
{
    sip_desk_receive(REQUEST("INVITE", "z9hG4bK2"), false);
    sip_desk_respond(486);
    sip_desk_until(600);
    sip_desk_receive(REQUEST("ACK", "z9hG4bK2"), false);
    sip_desk_receive(REQUEST("ACK", "z9hG4bK2"), false);
    sip_desk_receive(REQUEST("INVITE", "z9hG4bK2"), false); /* a late copy */
    sip_desk_until(5599);
    assert_int_equal(sip_desk_alive(), 1);
    assert_int_equal(sip_desk.sent, 2);
    assert_int_equal(sip_desk.acks, 0); /* hop by hop: the user hears nothing */
    assert_int_equal(sip_desk.requests, 1);
    sip_desk_until(5600); /* I */
    assert_int_equal(sip_desk_alive(), 0);
    assert_int_equal(sip_desk.failed, 0);
}

/* H runs on reliable transports too; nothing is repeated, and I is 0. */
static void a_reliable_refusal_waits_for_its_ack(void)
{
    sip_desk_receive(REQUEST("INVITE", "z9hG4bK2"), true);
    sip_desk_respond(486);
    sip_desk_until(20000);
    assert_int_equal(sip_desk.sent, 1);
    sip_desk_receive(REQUEST("ACK", "z9hG4bK2"), true);
    sip_desk_until(20001);
    assert_int_equal(sip_desk_alive(), 0);
    sip_desk_receive(REQUEST("INVITE", "z9hG4bK3"), true);
    sip_desk_respond(486);
    sip_desk_until(52001);
    assert_int_equal(sip_desk.failed, 1);
}

/* RFC 6026 7.1: after a 2xx copies are absorbed until timer L; the user repeats the 2xx as often as it likes.
 */
static void after_a_2xx_the_transaction_stays(void)
{
    sip_desk_receive(REQUEST("INVITE", "z9hG4bK2"), false);
    sip_desk_respond(200);
    sip_desk_receive(REQUEST("INVITE", "z9hG4bK2"), false);
    assert_int_equal(sip_desk.sent, 1);
    sip_desk_respond(200);
    assert_int_equal(sip_desk.sent, 2);
    sip_desk_receive(REQUEST("ACK", "z9hG4bK9"), false); /* of a 2xx: a branch of its own */
    assert_int_equal(sip_desk.acks, 1);
    sip_desk_until(31999);
    assert_int_equal(sip_desk_alive(), 1);
    sip_desk_until(32000);
    assert_int_equal(sip_desk_alive(), 0);
    assert_int_equal(sip_desk.requests, 1);
    assert_int_equal(sip_desk.failed, 0);
}

static void cancel_finds_its_invite(void)
{
    struct sip_message m;
    struct arena arena = {0};
    sip_desk_receive(REQUEST("INVITE", "z9hG4bK2"), false);
    uint64_t invite = sip_desk.id;
    assert_int_equal(sip_parse(&m, SLICE(REQUEST("CANCEL", "z9hG4bK2")), &arena, NULL), 0);
    assert_ptr_equal(
        sip_transaction_cancelled(&sip_desk.table, &m), sip_transaction_find(&sip_desk.table, invite));
    sip_desk_receive(REQUEST("CANCEL", "z9hG4bK2"), false); /* has a transaction of its own */
    assert_int_equal(sip_desk.requests, 2);
    assert_int_equal(sip_parse(&m, SLICE(REQUEST("CANCEL", "z9hG4bK3")), &arena, NULL), 0);
    assert_null(sip_transaction_cancelled(&sip_desk.table, &m));
    arena_reset(&sip_desk.table.scratch);
    arena_free(&arena);
    sip_desk_respond(200);
    sip_desk_until(32000);
    assert_int_equal(sip_desk_alive(), 1); /* the INVITE waits for its owner */
    sip_desk.id = invite;
    sip_desk_respond(487);
}

/* 17.2.3: clients of RFC 2543 have no unique branch: Call-ID, From tag and number tell them apart. */
static void old_clients_are_matched_by_their_call(void)
{
    sip_desk_receive(REQUEST("INVITE", "1"), false);
    sip_desk_receive(REQUEST("INVITE", "1"), false);
    assert_int_equal(sip_desk.requests, 1);
    char other[1000];
    snprintf(other, sizeof other, "%s", REQUEST("INVITE", "1"));
    memcpy(strstr(other, "Call-ID: call"), "Call-ID: tall", 13);
    sip_desk_receive(other, false);
    assert_int_equal(sip_desk.requests, 2);
    sip_desk_respond(486);
    sip_desk_receive(REQUEST("ACK", "1"), false); /* of the first, which is not answered yet */
    sip_desk_until(600);
    assert_int_equal(sip_desk.sent, 2);
}

/* ---- other servers ---- */

static void a_final_answer_is_repeated_for_each_copy_until_timer_j(void)
{
    sip_desk_receive(REQUEST("BYE", "z9hG4bK2"), false);
    sip_desk_receive(REQUEST("BYE", "z9hG4bK2"), false);
    assert_int_equal(sip_desk.sent, 0);
    sip_desk_respond(200);
    sip_desk_receive(REQUEST("BYE", "z9hG4bK2"), false);
    assert_int_equal(sip_desk.sent, 2);
    assert_int_equal(sip_desk.requests, 1);
    sip_desk_until(31999);
    assert_int_equal(sip_desk_alive(), 1);
    sip_desk_until(32000);
    assert_int_equal(sip_desk_alive(), 0);
    sip_desk_receive(REQUEST("BYE", "z9hG4bK2"), true);
    sip_desk_respond(200);
    sip_desk_until(32001);
    assert_int_equal(sip_desk_alive(), 0);
}

static void the_sender_is_part_of_the_key(void)
{
    char other[1000];
    sip_desk_receive(REQUEST("BYE", "z9hG4bK2"), false);
    snprintf(other, sizeof other, "%s", REQUEST("BYE", "z9hG4bK2"));
    memcpy(strstr(other, ":5060;"), ":5061;", 6);
    sip_desk_receive(other, false);
    assert_int_equal(sip_desk.requests, 2);
    sip_desk_receive(REQUEST("OPTIONS", "z9hG4bK2"), false);
    assert_int_equal(sip_desk.requests, 3);
}

/* ---- all of them, as they are and as they are after each step somewhere else ---- */

static void run(void (*path)(void))
{
    for (int i = 0; i < 2; i++) {
        sip_desk_begin(i == 1);
        path();
        sip_desk_end();
    }
}

#define PATH(name)                                                                                           \
    static void name##_path(void **state)                                                                    \
    {                                                                                                        \
        (void)state;                                                                                         \
        run(name);                                                                                           \
    }
PATH(invite_is_repeated_doubling_until_timer_b)
PATH(a_reliable_invite_is_sent_once)
PATH(proceeding_is_quiet_until_timer_c)
PATH(a_refusal_is_acknowledged_each_time_until_timer_d)
PATH(a_reliable_refusal_ends_at_once)
PATH(each_2xx_is_reported_until_timer_m)
PATH(cancel_repeats_the_branch)
PATH(a_request_is_repeated_up_to_t2_until_timer_f)
PATH(a_provisional_answer_slows_repetition_to_t2)
PATH(a_final_answer_is_reported_once)
PATH(a_reliable_request_ends_with_its_answer)
PATH(copies_of_an_invite_are_absorbed)
PATH(a_refusal_is_repeated_until_its_ack_or_timer_h)
PATH(an_ack_ends_the_repetition)
PATH(a_reliable_refusal_waits_for_its_ack)
PATH(after_a_2xx_the_transaction_stays)
PATH(cancel_finds_its_invite)
PATH(old_clients_are_matched_by_their_call)
PATH(a_final_answer_is_repeated_for_each_copy_until_timer_j)
PATH(the_sender_is_part_of_the_key)

/* Every state that something leads to has a timer, is final, or waits for its owner (servers without a final
 * answer). */
static void no_state_waits_for_ever(void **state)
{
    (void)state;
    for (int kind = 0; kind < SIP_TRANSACTION_KINDS; kind++) {
        const struct fsm *f = sip_transaction_machines[kind];
        for (size_t i = 0; i < f->row_count; i++) {
            uint8_t next = f->rows[i].next == FSM_STAY ? f->rows[i].state : f->rows[i].next;
            bool owners = kind >= SIP_IST && next <= SIP_ST_PROCEEDING;
            const struct fsm_state *s = &f->states[next];
            assert_true(s->final || owners || s->timer != TIMER_NONE);
            if (s->timer != TIMER_NONE)
                assert_true(fsm_permits(f, next, SIP_EV_DEADLINE));
        }
    }
}

/* SEC-7: a record that no table of ours would write is refused. */
static void damaged_records_are_refused(void **state)
{
    (void)state;
    sip_desk_begin(false);
    struct buffer record = {0};
    sip_desk_request(SIP_INVITE, false);
    assert_int_equal(sip_transaction_save(&sip_desk.table, sip_desk.table.next_id, &record), 0);
    assert_int_not_equal(
        sip_transaction_load(&sip_desk.table, buffer_slice(&record)), 0); /* it is there already */
    sip_desk_end();
    sip_desk_begin(false);
    for (size_t length = 0; length < record.length; length++)
        if (sip_transaction_load(&sip_desk.table, slice_first(buffer_slice(&record), length)) == 0) {
            sip_transactions_close(&sip_desk.table);
            sip_transactions_open(&sip_desk.table, &sip_desk.world, &sip_desk_handlers, &sip_desk, KIND);
        }
    assert_int_equal(sip_transaction_load(&sip_desk.table, buffer_slice(&record)), 0);
    struct sip_transaction *t = sip_transaction_find(&sip_desk.table, 1);
    buffer_clear(&record);
    t->state = SIP_ST_TERMINATED;
    assert_int_equal(sip_transaction_save(&sip_desk.table, 1, &record), 0);
    sip_desk_end();
    sip_desk_begin(false);
    assert_int_not_equal(sip_transaction_load(&sip_desk.table, buffer_slice(&record)), 0);
    buffer_free(&record);
    sip_desk_end();
}

TESTS("sip/transaction", cmocka_unit_test(invite_is_repeated_doubling_until_timer_b_path),
    cmocka_unit_test(a_reliable_invite_is_sent_once_path),
    cmocka_unit_test(proceeding_is_quiet_until_timer_c_path),
    cmocka_unit_test(a_refusal_is_acknowledged_each_time_until_timer_d_path),
    cmocka_unit_test(a_reliable_refusal_ends_at_once_path),
    cmocka_unit_test(each_2xx_is_reported_until_timer_m_path),
    cmocka_unit_test(cancel_repeats_the_branch_path),
    cmocka_unit_test(a_request_is_repeated_up_to_t2_until_timer_f_path),
    cmocka_unit_test(a_provisional_answer_slows_repetition_to_t2_path),
    cmocka_unit_test(a_final_answer_is_reported_once_path),
    cmocka_unit_test(a_reliable_request_ends_with_its_answer_path),
    cmocka_unit_test(copies_of_an_invite_are_absorbed_path),
    cmocka_unit_test(a_refusal_is_repeated_until_its_ack_or_timer_h_path),
    cmocka_unit_test(an_ack_ends_the_repetition_path),
    cmocka_unit_test(a_reliable_refusal_waits_for_its_ack_path),
    cmocka_unit_test(after_a_2xx_the_transaction_stays_path), cmocka_unit_test(cancel_finds_its_invite_path),
    cmocka_unit_test(old_clients_are_matched_by_their_call_path),
    cmocka_unit_test(a_final_answer_is_repeated_for_each_copy_until_timer_j_path),
    cmocka_unit_test(the_sender_is_part_of_the_key_path), cmocka_unit_test(no_state_waits_for_ever),
    cmocka_unit_test(damaged_records_are_refused))
