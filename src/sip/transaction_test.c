/* The four machines of RFC 3261 section 17 with RFC 6026, by virtual time. Each test runs three times:
 * undisturbed, saved and loaded into another table before every step, and the same with the resumed timers
 * (CM-40). */
#include "sip/transaction_int.h"

#include "base/mem.h"
#include "unit.h"
#include "world/world_int.h"

#define KIND 9
#define MS 1000
#define BEGIN 1000000000

static struct {
    struct world world;
    struct wheel wheel;
    int64_t now;
    struct sip_transactions table;
    bool reload, moved;
    unsigned sent, requests, acks, responses, strays, failed, over;
    int64_t sent_at[64]; /* ms since the beginning */
    char last[2000];
    uint64_t id; /* of the last server transaction */
    uint16_t status;
} k;

static void commit_h(void *maker, struct world *w)
{
    (void)maker;
    world_turn_clear(w);
}
static uint64_t random_h(void *maker)
{
    (void)maker;
    return 1;
}
static const struct world_backend backend = {.random = random_h, .commit = commit_h};

static void send_h(void *user, const struct sip_target *to, struct slice message)
{
    (void)user;
    assert_string_equal(to->name, k.moved ? "other" : "peer");
    assert_true(k.sent < 64);
    k.sent_at[k.sent++] = (k.now - BEGIN) / MS;
    snprintf(k.last, sizeof k.last, "%.*s", SLICE_ARG(message));
}
static void request_h(void *user, struct sip_transaction *t, const struct sip_message *m)
{
    (void)user, (void)m;
    k.requests++;
    k.id = t->id;
}
static void ack_h(void *user, const struct sip_target *from, const struct sip_message *m)
{
    (void)user, (void)from;
    assert_int_equal(m->method, SIP_ACK);
    k.acks++;
}
static void response_h(void *user, struct sip_transaction *t, const struct sip_message *m)
{
    (void)user;
    assert_int_equal(t->owner, 77);
    k.status = m->status;
    k.responses++;
}
static void stray_h(void *user, const struct sip_target *from, const struct sip_message *m)
{
    (void)user, (void)from, (void)m;
    k.strays++;
}
static void failed_h(void *user, struct sip_transaction *t)
{
    (void)user, (void)t;
    k.failed++;
}
static void over_h(void *user, struct sip_transaction *t)
{
    (void)user;
    assert_true(sip_transaction_machines[t->kind]->states[t->state].final ||
                (!k.reload && transaction__may_be_over(t)));
    k.over++;
}
static void changed_h(void *user, struct sip_transaction *t)
{
    (void)user, (void)t;
}
static struct sip_handlers handlers = {.send = send_h,
    .request = request_h,
    .ack = ack_h,
    .response = response_h,
    .stray = stray_h,
    .failed = failed_h,
    .over = over_h};

static void begin(bool reload)
{
    memset(&k, 0, sizeof k);
    k.reload = reload;
    k.now = BEGIN;
    wheel_init(&k.wheel, k.now);
    world_init(&k.world, &backend, &k, &k.wheel);
    world_turn_begin(&k.world, k.now);
    handlers.changed = reload ? changed_h : NULL; /* what is saved stays whole until it ends */
    sip_transactions_open(&k.table, &k.world, &handlers, &k, KIND);
}

static void end(void)
{
    sip_transactions_close(&k.table);
    world_end(&k.world);
    wheel_close(&k.wheel);
}

static size_t alive(void)
{
    return sip_transactions_count(&k.table);
}

/* CM-40: save, load elsewhere, save: the same bytes; and what was resumed goes on as if it had stayed. */
static void reload(void)
{
    if (!k.reload)
        return;
    struct sip_transactions old = k.table;
    struct buffer records[8] = {{0}}, again = {0};
    size_t count = 0;
    struct sip_transaction *t;
    map_for_each (t, &old.by_id)
        assert_int_equal(sip_transaction_save(&old, t->id, &records[count++]), 0);
    uint64_t next_id = old.next_id;
    map_for_each (t, &old.by_id)
        t->table = &old;
    sip_transactions_close(&old);
    sip_transactions_open(&k.table, &k.world, &handlers, &k, KIND);
    k.table.next_id = next_id;
    for (size_t i = 0; i < count; i++)
        assert_int_equal(sip_transaction_load(&k.table, buffer_slice(&records[i])), 0);
    sip_transactions_resume(&k.table);
    count = 0;
    map_for_each (t, &k.table.by_id) {
        buffer_clear(&again);
        assert_int_equal(sip_transaction_save(&k.table, t->id, &again), 0);
        assert_true(slice_equal(buffer_slice(&again), buffer_slice(&records[count++])));
    }
    for (size_t i = 0; i < 8; i++)
        buffer_free(&records[i]);
    buffer_free(&again);
}

/* Until so many ms after the beginning, a millisecond at a time. */
static void until(int64_t milliseconds)
{
    int64_t end_at = BEGIN + milliseconds * MS;
    reload();
    while (k.now < end_at) {
        int64_t next = wheel_next(&k.wheel);
        k.now = next > end_at ? end_at : next > k.now ? next : k.now + MS;
        struct wheel_timer *due;
        while ((due = wheel_due(&k.wheel, k.now)) != NULL) {
            struct world *w;
            struct input in = world_timer_input(due, &w);
            assert_int_equal(OBJECT_KIND(in.object), KIND);
            world_turn_begin(&k.world, k.now);
            sip_transactions_timer(&k.table, in.object, in.timer);
            world_turn_end(&k.world);
            reload();
        }
    }
    world_turn_begin(&k.world, k.now);
}

static const struct sip_target peer = {.name = "peer"};
static void receive(const char *text, bool reliable)
{
    struct sip_message m;
    struct arena arena = {0};
    reload();
    assert_int_equal(sip_parse(&m, slice_text(text), &arena, NULL), 0);
    sip_transactions_input(&k.table, &peer, reliable, &m);
    arena_free(&arena);
    reload();
}

#define REQUEST(method, branch)                                                                              \
    method " sip:bob@example.com SIP/2.0\r\nVia: SIP/2.0/UDP 127.0.0.1:5060;branch=" branch "\r\n"           \
           "Route: <sip:one;lr>, <sip:two;lr>\r\nRoute: <sip:three;lr>\r\nMax-Forwards: 70\r\n"              \
           "From: <sip:alice@example.com>;tag=a\r\nTo: <sip:bob@example.com>\r\nCall-ID: call\r\nCSeq: "     \
           "7 " method "\r\nContent-Length: 0\r\n\r\n"
#define RESPONSE(status, method, branch, tag)                                                                \
    "SIP/2.0 " status " Reason\r\nVia: SIP/2.0/UDP 127.0.0.1:5060;branch=" branch "\r\n"                     \
    "From: <sip:alice@example.com>;tag=a\r\nTo: <sip:bob@example.com>;tag=" tag "\r\nCall-ID: call\r\n"      \
    "CSeq: 7 " method "\r\nContent-Length: 0\r\n\r\n"

static void request(enum sip_method method, bool reliable)
{
    const char *text = method == SIP_INVITE ? REQUEST("INVITE", "z9hG4bK1") : REQUEST("BYE", "z9hG4bK1");
    sip_request(&k.table, &peer, reliable, method, SLICE("z9hG4bK1"), slice_text(text), 77);
}

static void respond(uint16_t status)
{
    reload();
    struct sip_transaction *t = sip_transaction_find(&k.table, k.id);
    assert_non_null(t);
    char text[64];
    snprintf(text, sizeof text, "SIP/2.0 %u", status);
    sip_respond(t, status, slice_text(text));
}

static void expect_sent(const int64_t *times, unsigned count)
{
    assert_int_equal(k.sent, count);
    for (unsigned i = 0; i < count; i++)
        assert_int_equal(k.sent_at[i], times[i]);
}

/* ---- INVITE client ---- */

/* 17.1.1.2: timers A and B */
static void invite_is_repeated_doubling_until_timer_b(void)
{
    static const int64_t times[] = {0, 500, 1500, 3500, 7500, 15500, 31500};
    request(SIP_INVITE, false);
    until(31999);
    expect_sent(times, 7);
    assert_int_equal(k.failed, 0);
    until(32000);
    assert_int_equal(k.failed, 1);
    assert_int_equal(k.over, 1);
    assert_int_equal(alive(), 0);
}

static void a_reliable_invite_is_sent_once(void)
{
    request(SIP_INVITE, true);
    until(32000);
    assert_int_equal(k.sent, 1);
    assert_int_equal(k.failed, 1);
}

/* A provisional response ends the repetition; timer C (16.6 step 11) ends what nobody answers. */
static void proceeding_is_quiet_until_timer_c(void)
{
    request(SIP_INVITE, false);
    until(700);
    receive(RESPONSE("180", "INVITE", "z9hG4bK1", "b"), false);
    assert_int_equal(k.responses, 1);
    until(100000);
    assert_int_equal(k.sent, 2);
    receive(RESPONSE("183", "INVITE", "z9hG4bK1", "b"), false);
    until(279999);
    assert_int_equal(k.failed, 0);
    until(280000);
    assert_int_equal(k.failed, 1);
    assert_int_equal(alive(), 0);
}

/* 17.1.1.3: the ACK has the request's URI, top Via, Routes, Call-ID, From and number, and the response's To.
 */
static void a_refusal_is_acknowledged_each_time_until_timer_d(void)
{
    request(SIP_INVITE, false);
    receive(RESPONSE("486", "INVITE", "z9hG4bK1", "b"), false);
    assert_int_equal(k.responses, 1);
    assert_int_equal(k.sent, 2);
    struct sip_message m;
    struct arena arena = {0};
    struct sip_cursor at = {0};
    struct slice value;
    unsigned routes = 0;
    assert_int_equal(sip_parse(&m, slice_text(k.last), &arena, NULL), 0);
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
    until(5000);
    receive(RESPONSE("486", "INVITE", "z9hG4bK1", "b"), false);
    assert_int_equal(k.sent, 3);
    assert_non_null(strstr(k.last, "ACK sip:bob"));
    assert_int_equal(k.responses, 1);
    receive(RESPONSE("200", "INVITE", "z9hG4bK1", "b"), false); /* another branch of a fork */
    assert_int_equal(k.responses, 2);
    until(31999);
    assert_int_equal(alive(), 1);
    until(32000);
    assert_int_equal(alive(), 0);
    assert_int_equal(k.failed, 0);
    receive(RESPONSE("486", "INVITE", "z9hG4bK1", "b"), false);
    assert_int_equal(k.strays, 1);
}

static void a_reliable_refusal_ends_at_once(void)
{
    request(SIP_INVITE, true);
    receive(RESPONSE("486", "INVITE", "z9hG4bK1", "b"), true);
    assert_int_equal(k.sent, 2);
    until(1);
    assert_int_equal(alive(), 0);
    assert_int_equal(k.over, 1);
}

/* RFC 6026 7.2: every 2xx goes up, also another phone's, until timer M. */
static void each_2xx_is_reported_until_timer_m(void)
{
    request(SIP_INVITE, false);
    receive(RESPONSE("200", "INVITE", "z9hG4bK1", "b"), false);
    receive(RESPONSE("200", "INVITE", "z9hG4bK1", "b"), false);
    receive(RESPONSE("200", "INVITE", "z9hG4bK1", "c"), false);
    receive(RESPONSE("180", "INVITE", "z9hG4bK1", "c"), false); /* no more */
    receive(RESPONSE("486", "INVITE", "z9hG4bK1", "c"), false);
    assert_int_equal(k.responses, 3);
    assert_int_equal(k.sent, 1);
    until(31999);
    assert_int_equal(alive(), 1);
    until(32000);
    assert_int_equal(alive(), 0);
    receive(RESPONSE("200", "INVITE", "z9hG4bK1", "b"), false);
    assert_int_equal(k.strays, 1);
}

/* 9.1: the CANCEL is a transaction of its own with the INVITE's branch, To without tag. */
static void cancel_repeats_the_branch(void)
{
    request(SIP_INVITE, false);
    uint64_t id = k.table.next_id;
    receive(RESPONSE("180", "INVITE", "z9hG4bK1", "b"), false);
    sip_cancel(&k.table, sip_transaction_find(&k.table, id));
    struct sip_message m;
    struct arena arena = {0};
    assert_int_equal(sip_parse(&m, slice_text(k.last), &arena, NULL), 0);
    assert_int_equal(m.method, SIP_CANCEL);
    assert_true(slice_equal(m.via.branch, SLICE("z9hG4bK1")));
    assert_int_equal(m.to_tag.length, 0);
    assert_int_equal(m.cseq, 7);
    arena_free(&arena);
    assert_int_equal(alive(), 2);
    until(500);
    assert_int_equal(k.sent, 3); /* again, as any request */
    end();
    begin(k.reload);
}

/* ---- other clients ---- */

/* 17.1.2.2: timer E doubles up to T2, F ends it. */
static void a_request_is_repeated_up_to_t2_until_timer_f(void)
{
    static const int64_t times[] = {0, 500, 1500, 3500, 7500, 11500, 15500, 19500, 23500, 27500, 31500};
    request(SIP_BYE, false);
    until(32000);
    expect_sent(times, 11);
    assert_int_equal(k.failed, 1);
    assert_int_equal(alive(), 0);
}

static void a_provisional_answer_slows_repetition_to_t2(void)
{
    static const int64_t times[] = {0, 500, 1500, 5500, 9500, 13500, 17500, 21500, 25500, 29500};
    request(SIP_BYE, false);
    until(600);
    receive(RESPONSE("100", "BYE", "z9hG4bK1", "b"), false);
    until(31999);
    expect_sent(times, 10);
    assert_int_equal(k.failed, 0);
    until(32000);
    assert_int_equal(k.failed, 1); /* F runs on from the beginning */
}

static void a_final_answer_is_reported_once(void)
{
    request(SIP_BYE, false);
    receive(RESPONSE("200", "BYE", "z9hG4bK1", "b"), false);
    receive(RESPONSE("200", "BYE", "z9hG4bK1", "b"), false);
    receive(RESPONSE("481", "BYE", "z9hG4bK1", "b"), false);
    receive(RESPONSE("200", "INVITE", "z9hG4bK1", "b"), false); /* another method is another transaction */
    assert_int_equal(k.responses, 1);
    assert_int_equal(k.strays, 1);
    until(4999);
    assert_int_equal(alive(), 1);
    until(5000); /* K */
    assert_int_equal(alive(), 0);
    assert_int_equal(k.sent, 1);
}

static void a_reliable_request_ends_with_its_answer(void)
{
    request(SIP_BYE, true);
    receive(RESPONSE("200", "BYE", "z9hG4bK1", "b"), true);
    until(1);
    assert_int_equal(alive(), 0);
}

/* ---- INVITE server ---- */

/* 17.2.1: the newest provisional answer goes out for each copy of the INVITE. */
static void copies_of_an_invite_are_absorbed(void)
{
    receive(REQUEST("INVITE", "z9hG4bK2"), false);
    receive(REQUEST("INVITE", "z9hG4bK2"), false);
    assert_int_equal(k.requests, 1);
    assert_int_equal(k.sent, 0);
    respond(180);
    receive(REQUEST("INVITE", "z9hG4bK2"), false);
    assert_int_equal(k.sent, 2);
    assert_string_equal(k.last, "SIP/2.0 180");
    respond(486);
}

/* Timers G and H */
static void a_refusal_is_repeated_until_its_ack_or_timer_h(void)
{
    static const int64_t times[] = {0, 500, 1500, 3500, 7500, 11500, 15500, 19500, 23500, 27500, 31500};
    receive(REQUEST("INVITE", "z9hG4bK2"), false);
    respond(486);
    until(31999);
    expect_sent(times, 11);
    assert_int_equal(k.failed, 0);
    until(32000);
    assert_int_equal(k.failed, 1);
    assert_int_equal(alive(), 0);
}

static void an_ack_ends_the_repetition(void)
{
    receive(REQUEST("INVITE", "z9hG4bK2"), false);
    respond(486);
    until(600);
    receive(REQUEST("ACK", "z9hG4bK2"), false);
    receive(REQUEST("ACK", "z9hG4bK2"), false);
    receive(REQUEST("INVITE", "z9hG4bK2"), false); /* a late copy */
    until(5599);
    assert_int_equal(alive(), 1);
    assert_int_equal(k.sent, 2);
    assert_int_equal(k.acks, 0); /* hop by hop: the user hears nothing */
    assert_int_equal(k.requests, 1);
    until(5600); /* I */
    assert_int_equal(alive(), 0);
    assert_int_equal(k.failed, 0);
}

/* H runs on reliable transports too; nothing is repeated, and I is 0. */
static void a_reliable_refusal_waits_for_its_ack(void)
{
    receive(REQUEST("INVITE", "z9hG4bK2"), true);
    respond(486);
    until(20000);
    assert_int_equal(k.sent, 1);
    receive(REQUEST("ACK", "z9hG4bK2"), true);
    until(20001);
    assert_int_equal(alive(), 0);
    receive(REQUEST("INVITE", "z9hG4bK3"), true);
    respond(486);
    until(52001);
    assert_int_equal(k.failed, 1);
}

/* RFC 6026 7.1: after a 2xx copies are absorbed until timer L; the user repeats the 2xx as often as it likes.
 */
static void after_a_2xx_the_transaction_stays(void)
{
    receive(REQUEST("INVITE", "z9hG4bK2"), false);
    respond(200);
    receive(REQUEST("INVITE", "z9hG4bK2"), false);
    assert_int_equal(k.sent, 1);
    respond(200);
    assert_int_equal(k.sent, 2);
    receive(REQUEST("ACK", "z9hG4bK9"), false); /* of a 2xx: a branch of its own */
    assert_int_equal(k.acks, 1);
    until(31999);
    assert_int_equal(alive(), 1);
    until(32000);
    assert_int_equal(alive(), 0);
    assert_int_equal(k.requests, 1);
    assert_int_equal(k.failed, 0);
}

static void cancel_finds_its_invite(void)
{
    struct sip_message m;
    struct arena arena = {0};
    receive(REQUEST("INVITE", "z9hG4bK2"), false);
    uint64_t invite = k.id;
    assert_int_equal(sip_parse(&m, SLICE(REQUEST("CANCEL", "z9hG4bK2")), &arena, NULL), 0);
    assert_ptr_equal(sip_transaction_cancelled(&k.table, &m), sip_transaction_find(&k.table, invite));
    receive(REQUEST("CANCEL", "z9hG4bK2"), false); /* has a transaction of its own */
    assert_int_equal(k.requests, 2);
    assert_int_equal(sip_parse(&m, SLICE(REQUEST("CANCEL", "z9hG4bK3")), &arena, NULL), 0);
    assert_null(sip_transaction_cancelled(&k.table, &m));
    arena_reset(&k.table.scratch);
    arena_free(&arena);
    respond(200);
    until(32000);
    assert_int_equal(alive(), 1); /* the INVITE waits for its owner */
    k.id = invite;
    respond(487);
}

/* 17.2.3: clients of RFC 2543 have no unique branch: Call-ID, From tag and number tell them apart. */
static void old_clients_are_matched_by_their_call(void)
{
    receive(REQUEST("INVITE", "1"), false);
    receive(REQUEST("INVITE", "1"), false);
    assert_int_equal(k.requests, 1);
    char other[1000];
    snprintf(other, sizeof other, "%s", REQUEST("INVITE", "1"));
    memcpy(strstr(other, "Call-ID: call"), "Call-ID: tall", 13);
    receive(other, false);
    assert_int_equal(k.requests, 2);
    respond(486);
    receive(REQUEST("ACK", "1"), false); /* of the first, which is not answered yet */
    until(600);
    assert_int_equal(k.sent, 2);
}

/* ---- other servers ---- */

static void a_final_answer_is_repeated_for_each_copy_until_timer_j(void)
{
    receive(REQUEST("BYE", "z9hG4bK2"), false);
    receive(REQUEST("BYE", "z9hG4bK2"), false);
    assert_int_equal(k.sent, 0);
    respond(200);
    receive(REQUEST("BYE", "z9hG4bK2"), false);
    assert_int_equal(k.sent, 2);
    assert_int_equal(k.requests, 1);
    until(31999);
    assert_int_equal(alive(), 1);
    until(32000);
    assert_int_equal(alive(), 0);
    receive(REQUEST("BYE", "z9hG4bK2"), true);
    respond(200);
    until(32001);
    assert_int_equal(alive(), 0);
}

static void the_sender_is_part_of_the_key(void)
{
    char other[1000];
    receive(REQUEST("BYE", "z9hG4bK2"), false);
    snprintf(other, sizeof other, "%s", REQUEST("BYE", "z9hG4bK2"));
    memcpy(strstr(other, ":5060;"), ":5061;", 6);
    receive(other, false);
    assert_int_equal(k.requests, 2);
    receive(REQUEST("OPTIONS", "z9hG4bK2"), false);
    assert_int_equal(k.requests, 3);
}

/* ---- all of them, as they are and as they are after each step somewhere else ---- */

/* The path of a test stands in its initial state. */
static void run(void **state)
{
    void (*const *path)(void) = *state;
    for (int i = 0; i < 2; i++) {
        begin(i == 1);
        (*path)();
        end();
    }
}

/* VC-4: a proxy died with a request in its hands; an INVITE keeps its way. */
static void a_request_goes_by_another_peer(void)
{
    request(SIP_INVITE, false);
    sip_transactions_move(&k.table, SLICE("peer"), SLICE("other"));
    assert_int_equal(k.sent, 1);
    receive(RESPONSE("200", "INVITE", "z9hG4bK1", "b"), false);
    request(SIP_BYE, false); /* to the first one */
    k.moved = true;
    k.sent = 0;
    sip_transactions_move(&k.table, SLICE("peer"), SLICE("other"));
    until(600);
    assert_int_equal(k.sent, 2); /* repeated there too */
}

#define PATH(path)                                                                                           \
    {                                                                                                        \
#path, run, NULL, NULL, &(void (*[1])(void))                                                         \
        {                                                                                                    \
            path                                                                                             \
        }                                                                                                    \
    }
TESTS("sip/transaction", PATH(a_request_goes_by_another_peer),
    PATH(invite_is_repeated_doubling_until_timer_b), PATH(a_reliable_invite_is_sent_once),
    PATH(proceeding_is_quiet_until_timer_c), PATH(a_refusal_is_acknowledged_each_time_until_timer_d),
    PATH(a_reliable_refusal_ends_at_once), PATH(each_2xx_is_reported_until_timer_m),
    PATH(cancel_repeats_the_branch), PATH(a_request_is_repeated_up_to_t2_until_timer_f),
    PATH(a_provisional_answer_slows_repetition_to_t2), PATH(a_final_answer_is_reported_once),
    PATH(a_reliable_request_ends_with_its_answer), PATH(copies_of_an_invite_are_absorbed),
    PATH(a_refusal_is_repeated_until_its_ack_or_timer_h), PATH(an_ack_ends_the_repetition),
    PATH(a_reliable_refusal_waits_for_its_ack), PATH(after_a_2xx_the_transaction_stays),
    PATH(cancel_finds_its_invite), PATH(old_clients_are_matched_by_their_call),
    PATH(a_final_answer_is_repeated_for_each_copy_until_timer_j), PATH(the_sender_is_part_of_the_key))
