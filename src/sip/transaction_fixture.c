#include "sip/transaction_fixture.h"

struct sip_desk sip_desk;

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
    assert_string_equal(to->name, "peer");
    assert_true(sip_desk.sent < 64);
    sip_desk.sent_at[sip_desk.sent++] = (sip_desk.now - BEGIN) / MS;
    snprintf(sip_desk.last, sizeof sip_desk.last, "%.*s", SLICE_ARG(message));
}
static void request_h(void *user, struct sip_transaction *t, const struct sip_message *m)
{
    (void)user;
    (void)m;
    sip_desk.requests++;
    sip_desk.id = t->id;
}
static void ack_h(void *user, const struct sip_target *from, const struct sip_message *m)
{
    (void)user;
    (void)from;
    assert_int_equal(m->method, SIP_ACK);
    sip_desk.acks++;
}
static void response_h(void *user, struct sip_transaction *t, const struct sip_message *m)
{
    (void)user;
    assert_int_equal(t->owner, 77);
    sip_desk.status = m->status;
    sip_desk.responses++;
}
static void stray_h(void *user, const struct sip_target *from, const struct sip_message *m)
{
    (void)user;
    (void)from;
    (void)m;
    sip_desk.strays++;
}
static void failed_h(void *user, struct sip_transaction *t)
{
    (void)user;
    (void)t;
    sip_desk.failed++;
}
static void over_h(void *user, struct sip_transaction *t)
{
    (void)user;
    assert_true(sip_transaction_machines[t->kind]->states[t->state].final);
    sip_desk.over++;
}
const struct sip_handlers sip_desk_handlers = {.send = send_h,
    .request = request_h,
    .ack = ack_h,
    .response = response_h,
    .stray = stray_h,
    .failed = failed_h,
    .over = over_h};

void sip_desk_begin(bool reload)
{
    memset(&sip_desk, 0, sizeof sip_desk);
    sip_desk.reload = reload;
    sip_desk.now = BEGIN;
    wheel_init(&sip_desk.wheel, sip_desk.now);
    world_init(&sip_desk.world, &backend, &sip_desk, &sip_desk.wheel);
    world_turn_begin(&sip_desk.world, sip_desk.now);
    sip_transactions_open(&sip_desk.table, &sip_desk.world, &sip_desk_handlers, &sip_desk, KIND);
}

void sip_desk_end(void)
{
    sip_transactions_close(&sip_desk.table);
    world_end(&sip_desk.world);
    wheel_close(&sip_desk.wheel);
}

size_t sip_desk_alive(void)
{
    return map_count(&sip_desk.table.by_id);
}

/* CM-40: save, load elsewhere, save: the same bytes; and what was resumed goes on as if it had stayed. */
void sip_desk_reload(void)
{
    if (!sip_desk.reload)
        return;
    struct sip_transactions old = sip_desk.table;
    struct buffer records[8] = {{0}}, again = {0};
    size_t count = 0;
    struct sip_transaction *t;
    map_for_each (t, &old.by_id)
        assert_int_equal(sip_transaction_save(&old, t->id, &records[count++]), 0);
    uint64_t next_id = old.next_id;
    map_for_each (t, &old.by_id)
        t->table = &old;
    sip_transactions_close(&old);
    sip_transactions_open(&sip_desk.table, &sip_desk.world, &sip_desk_handlers, &sip_desk, KIND);
    sip_desk.table.next_id = next_id;
    for (size_t i = 0; i < count; i++)
        assert_int_equal(sip_transaction_load(&sip_desk.table, buffer_slice(&records[i])), 0);
    sip_transactions_resume(&sip_desk.table);
    count = 0;
    map_for_each (t, &sip_desk.table.by_id) {
        buffer_clear(&again);
        assert_int_equal(sip_transaction_save(&sip_desk.table, t->id, &again), 0);
        assert_true(slice_equal(buffer_slice(&again), buffer_slice(&records[count++])));
    }
    for (size_t i = 0; i < 8; i++)
        buffer_free(&records[i]);
    buffer_free(&again);
}

/* Until so many ms after the beginning, a millisecond at a time. */
void sip_desk_until(int64_t milliseconds)
{
    int64_t end_at = BEGIN + milliseconds * MS;
    sip_desk_reload();
    while (sip_desk.now < end_at) {
        int64_t next = wheel_next(&sip_desk.wheel);
        sip_desk.now = next > end_at ? end_at : next > sip_desk.now ? next : sip_desk.now + MS;
        struct wheel_timer *due;
        while ((due = wheel_due(&sip_desk.wheel, sip_desk.now)) != NULL) {
            struct world *w;
            struct input in = world_timer_input(due, &w);
            assert_int_equal(OBJECT_KIND(in.object), KIND);
            world_turn_begin(&sip_desk.world, sip_desk.now);
            sip_transactions_timer(&sip_desk.table, in.object, in.timer);
            world_turn_end(&sip_desk.world);
            sip_desk_reload();
        }
    }
    world_turn_begin(&sip_desk.world, sip_desk.now);
}

static const struct sip_target peer = {.name = "peer"};

void sip_desk_receive(const char *text, bool reliable)
{
    struct sip_message m;
    struct arena arena = {0};
    sip_desk_reload();
    assert_int_equal(sip_parse(&m, slice_text(text), &arena, NULL), 0);
    sip_transactions_input(&sip_desk.table, &peer, reliable, &m);
    arena_free(&arena);
    sip_desk_reload();
}

void sip_desk_request(enum sip_method method, bool reliable)
{
    const char *text = method == SIP_INVITE ? REQUEST("INVITE", "z9hG4bK1") : REQUEST("BYE", "z9hG4bK1");
    sip_request(&sip_desk.table, &peer, reliable, method, SLICE("z9hG4bK1"), slice_text(text), 77);
}

void sip_desk_respond(uint16_t status)
{
    sip_desk_reload();
    struct sip_transaction *t = sip_transaction_find(&sip_desk.table, sip_desk.id);
    assert_non_null(t);
    char text[64];
    snprintf(text, sizeof text, "SIP/2.0 %u", status);
    sip_respond(t, status, slice_text(text));
}

void sip_desk_expect_sent(const int64_t *times, unsigned count)
{
    assert_int_equal(sip_desk.sent, count);
    for (unsigned i = 0; i < count; i++)
        assert_int_equal(sip_desk.sent_at[i], times[i]);
}
