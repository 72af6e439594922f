/* The tables of the four machines, and records that are not theirs. */
#include "sip/transaction_int.h"

#include "unit.h"
#include "world/world_int.h"

#define KIND 9
#define BEGIN 1000000000
#define INVITE                                                                                               \
    "INVITE sip:bob@example.com SIP/2.0\r\nVia: SIP/2.0/UDP 127.0.0.1:5060;branch=z9hG4bK1\r\n"              \
    "Route: <sip:one;lr>, <sip:two;lr>\r\nRoute: <sip:three;lr>\r\nMax-Forwards: 70\r\n"                     \
    "From: <sip:alice@example.com>;tag=a\r\nTo: <sip:bob@example.com>\r\nCall-ID: call\r\n"                  \
    "CSeq: 7 INVITE\r\nContent-Length: 0\r\n\r\n"

static struct {
    struct world world;
    struct wheel wheel;
    struct sip_transactions table;
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
    (void)message;
    assert_string_equal(to->name, "peer");
}
static const struct sip_handlers handlers = {.send = send_h};
static const struct sip_target peer = {.name = "peer"};

static void begin(void)
{
    memset(&k, 0, sizeof k);
    wheel_init(&k.wheel, BEGIN);
    world_init(&k.world, &backend, &k, &k.wheel);
    world_turn_begin(&k.world, BEGIN);
    sip_transactions_open(&k.table, &k.world, &handlers, &k, KIND);
}

static void end(void)
{
    sip_transactions_close(&k.table);
    world_end(&k.world);
    wheel_close(&k.wheel);
}

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
    begin();
    struct buffer record = {0};
    sip_request(&k.table, &peer, false, SIP_INVITE, SLICE("z9hG4bK1"), SLICE(INVITE), 77);
    assert_int_equal(sip_transaction_save(&k.table, k.table.next_id, &record), 0);
    assert_int_not_equal(sip_transaction_load(&k.table, buffer_slice(&record)), 0); /* it is there already */
    end();
    begin();
    for (size_t length = 0; length < record.length; length++)
        if (sip_transaction_load(&k.table, slice_first(buffer_slice(&record), length)) == 0) {
            sip_transactions_close(&k.table);
            sip_transactions_open(&k.table, &k.world, &handlers, &k, KIND);
        }
    assert_int_equal(sip_transaction_load(&k.table, buffer_slice(&record)), 0);
    struct sip_transaction *t = sip_transaction_find(&k.table, 1);
    buffer_clear(&record);
    t->state = SIP_ST_TERMINATED;
    assert_int_equal(sip_transaction_save(&k.table, 1, &record), 0);
    end();
    begin();
    assert_int_not_equal(sip_transaction_load(&k.table, buffer_slice(&record)), 0);
    buffer_free(&record);
    end();
}

TESTS("sip/transaction_record", cmocka_unit_test(no_state_waits_for_ever),
    cmocka_unit_test(damaged_records_are_refused))
