/* Lists of effects, named peers, and the world that a role sees. */
#include "world/world.h"

#include "unit.h"
#include "world/peer.h"
#include "world/world_int.h"

/* ---- effects ---- */

static void check_effect(const struct effect *e, const struct effect *expected)
{
    assert_int_equal(e->kind, expected->kind);
    assert_int_equal(e->service, expected->service);
    assert_true(e->flow == expected->flow && e->object == expected->object && e->token == expected->token);
    assert_true(e->time == expected->time);
    assert_true(address_equal(&e->address, &expected->address));
    assert_true(slice_equal(e->first, expected->first));
    assert_true(slice_equal(e->second, expected->second));
}

static void effects_come_back_as_they_were(void **state)
{
    struct buffer list = {0};
    struct effect e;
    struct effect all[] = {{.kind = EFFECT_SEND, .flow = UINT64_MAX, .second = SLICE("bytes")},
        {.kind = EFFECT_ASK,
            .service = SERVICE_STORE,
            .object = 1,
            .token = 2,
            .time = -3,
            .second = SLICE("q")},
        {.kind = EFFECT_TELL, .first = SLICE("name"), .second = SLICE("")},
        {.kind = EFFECT_AGAIN, .token = 9}};
    (void)state;
    assert_int_equal(address_parse(&all[0].address, SLICE("[::1]:5060")), 0);
    for (size_t i = 0; i < 4; i++)
        effect_add(&list, &all[i]);
    struct slice rest = buffer_slice(&list);
    for (size_t i = 0; i < 4; i++) {
        assert_true(effect_next(&rest, &e));
        check_effect(&e, &all[i]);
    }
    assert_false(effect_next(&rest, &e));
    assert_int_equal(rest.length, 0);
    buffer_free(&list);
}

/* Equal effects are equal bytes: the hash of a run depends on it. */
static void equal_effects_are_equal_bytes(void **state)
{
    struct buffer lists[2] = {{0}, {0}};
    (void)state;
    for (int i = 0; i < 2; i++) {
        struct effect e;
        memset(&e, i == 0 ? 0xff : 0x11, sizeof e);
        e = (struct effect){.kind = EFFECT_PUBLISH, .first = SLICE("s"), .second = SLICE("abc")};
        memset(buffer_room(&lists[i], 500), i == 0 ? 0xff : 0x11, 500);
        effect_add(&lists[i], &e);
    }
    assert_true(slice_equal(buffer_slice(&lists[0]), buffer_slice(&lists[1])));
    buffer_free(&lists[0]);
    buffer_free(&lists[1]);
}

static void a_damaged_list_ends(void **state)
{
    struct buffer list = {0};
    struct effect e;
    (void)state;
    effect_add(&list, &(struct effect){.kind = EFFECT_TELL, .first = SLICE("name"), .second = SLICE("text")});
    for (size_t length = 0; length < list.length; length++) {
        struct slice rest = slice_first(buffer_slice(&list), length);
        assert_false(effect_next(&rest, &e));
    }
    list.data[0] = (char)EFFECT_COUNT;
    struct slice rest = buffer_slice(&list);
    assert_false(effect_next(&rest, &e));
    buffer_free(&list);
}

/* ---- named peers ---- */

static uint64_t tell(struct peer_table *t, struct slice bytes, int64_t now, unsigned expected)
{
    unsigned dropped;
    uint64_t flow = peer_tell(t, SLICE("node-1"), bytes, now, &dropped);
    assert_int_equal(dropped, expected);
    return flow;
}

static uint64_t name(struct peer_table *t, uint64_t flow, int64_t now, const char *held)
{
    struct buffer got = {0};
    uint64_t old;
    peer_name(t, SLICE("node-1"), flow, now, &old, &got);
    assert_true(slice_equal(buffer_slice(&got), slice_text(held)));
    buffer_free(&got);
    return old;
}

/* VC-21: what is told while nobody has the name waits for the next one. */
static void what_is_told_waits_for_a_flow(void **state)
{
    struct peer_table t = {.by_name = {0}};
    (void)state;
    assert_int_equal(tell(&t, SLICE("a"), 1, 0), 0);
    assert_int_equal(tell(&t, SLICE("b"), 2, 0), 0);
    assert_int_equal(name(&t, 7, 3, "ab"), 0);
    assert_int_equal(tell(&t, SLICE("c"), 4, 0), 7);
    assert_int_equal(name(&t, 8, 5, ""), 7); /* the newest flow counts */
    peer_gone(&t, 7);                        /* news of the old one */
    assert_int_equal(tell(&t, SLICE("d"), 6, 0), 8);
    peer_gone(&t, 8);
    assert_int_equal(tell(&t, SLICE("e"), 7, 0), 0);
    assert_int_equal(name(&t, 8, 8, "e"), 0);
    assert_int_equal(name(&t, 8, 8, ""), 0); /* the same flow once more is no other */
    assert_int_equal(tell(&t, SLICE("f"), 9, 0), 8);
    peer_free(&t);
}

static void what_waits_too_long_is_dropped(void **state)
{
    struct peer_table t = {.by_name = {0}};
    (void)state;
    tell(&t, SLICE("a"), 0, 0);
    tell(&t, SLICE("b"), PEER_HELD_TIME + 1, 1);
    assert_int_equal(name(&t, 7, PEER_HELD_TIME + 2, "b"), 0);
    peer_gone(&t, 7);
    tell(&t, SLICE("c"), 0, 0);
    assert_int_equal(name(&t, 8, PEER_HELD_TIME + 1, ""), 0);
    peer_free(&t);
}

/* SEC-7: what waits is bounded in bytes, and one message that could never wait harms no other. */
static void what_waits_is_bounded(void **state)
{
    static char big[PEER_HELD_BYTES + 1];
    struct peer_table t = {.by_name = {0}};
    (void)state;
    memset(big, 'x', sizeof big);
    tell(&t, slice_of(big, PEER_HELD_BYTES), 1, 0);
    tell(&t, SLICE("y"), 2, 1); /* the older gives way */
    tell(&t, slice_of(big, sizeof big), 3, 1);
    tell(&t, SLICE("z"), 4, 0);
    assert_int_equal(name(&t, 7, 5, "yz"), 0);
    peer_free(&t);
    tell(&t, slice_of(big, sizeof big), 3, 1);
    tell(&t, SLICE("z"), 4, 0);
    assert_int_equal(name(&t, 7, 5, "z"), 0);
    peer_free(&t);
}

static void the_number_of_names_is_bounded(void **state)
{
    struct peer_table t = {.by_name = {0}};
    unsigned dropped;
    (void)state;
    for (unsigned i = 0; i < PEER_NAMES + 10; i++) {
        char text[16];
        snprintf(text, sizeof text, "n%u", i);
        assert_int_equal(peer_tell(&t, slice_text(text), SLICE("x"), 1, &dropped), 0);
        assert_int_equal(dropped, i >= PEER_NAMES);
    }
    assert_int_equal(map_count(&t.by_name), PEER_NAMES);
    peer_free(&t);
}

/* ---- the world ---- */

struct maker {
    struct wheel wheel;
    struct world world;
    unsigned commits;
    size_t dirty, effects;
};

static void commit_h(void *maker, struct world *w)
{
    struct maker *m = maker;
    struct slice rest = buffer_slice(&w->effects);
    struct effect e;
    m->commits++;
    m->dirty = w->dirty_count;
    m->effects = 0;
    while (effect_next(&rest, &e))
        m->effects++;
    world_turn_clear(w);
}

static uint64_t random_h(void *maker)
{
    (void)maker;
    return 4;
}

static const struct world_backend backend = {.random = random_h, .commit = commit_h};

static void begin(struct maker *m)
{
    memset(m, 0, sizeof *m);
    wheel_init(&m->wheel, 1000000);
    world_init(&m->world, &backend, m, &m->wheel);
    world_turn_begin(&m->world, 1000000);
}

static void a_record_is_dirty_once_a_turn(void **state)
{
    struct maker m;
    (void)state;
    begin(&m);
    for (uint64_t i = 0; i < 100; i++) {
        world_dirty(&m.world, 1, i % 40);
        world_dirty(&m.world, 2, i % 40);
    }
    assert_int_equal(m.world.dirty_count, 80);
    assert_int_equal(m.world.dirty[1].kind, 2);
    assert_int_equal(m.world.dirty[78].id, 39);
    world_turn_end(&m.world);
    assert_int_equal(m.dirty, 80);
    world_turn_begin(&m.world, 1000000);
    world_dirty(&m.world, 1, 7);
    world_turn_end(&m.world);
    assert_int_equal(m.dirty, 1);
    world_end(&m.world);
    wheel_close(&m.wheel);
}

static void timers_know_their_object(void **state)
{
    struct maker m;
    struct world_timer t[3] = {{.id = 0}};
    struct world *w;
    (void)state;
    begin(&m);
    world_timer_set(&m.world, &t[0], OBJECT(3, 20), 1, 1005000);
    world_timer_set(&m.world, &t[1], OBJECT(3, 10), 2, 1005000);
    world_timer_set(&m.world, &t[2], OBJECT(3, 10), 1, 1005000);
    world_timer_set(&m.world, &t[2], OBJECT(3, 10), 1, 1005000); /* anew while it runs */
    static const uint64_t order[][2] = {{10, 1}, {10, 2}, {20, 1}};
    for (int i = 0; i < 3; i++) {
        struct wheel_timer *due = wheel_due(&m.wheel, 1005000);
        assert_non_null(due);
        struct input in = world_timer_input(due, &w);
        assert_ptr_equal(w, &m.world);
        assert_int_equal(in.kind, INPUT_TIMER);
        assert_int_equal(OBJECT_KIND(in.object), 3);
        assert_int_equal(OBJECT_INDEX(in.object), order[i][0]);
        assert_int_equal(in.timer, order[i][1]);
    }
    assert_true(list_empty(&m.world.timers));
    world_timer_set(&m.world, &t[0], OBJECT(3, 20), 1, 2000000);
    world_timer_clear(&t[0]);
    world_timer_clear(&t[0]);
    assert_null(wheel_due(&m.wheel, 3000000));
    world_timer_set(&m.world, &t[0], OBJECT(3, 20), 1, 4000000);
    world_end(&m.world); /* stops what runs */
    assert_int_equal(wheel_open_timers(), 0);
    wheel_close(&m.wheel);
}

static void who_is_closing_asks_nothing(void **state)
{
    struct maker m;
    (void)state;
    begin(&m);
    world_send(&m.world, 1, SLICE("x"));
    m.world.closing = true;
    world_send(&m.world, 1, SLICE("x"));
    world_dirty(&m.world, 1, 1);
    world_publish(&m.world, SLICE("s"), SLICE("x"));
    assert_int_not_equal(world_listen(&m.world, SLICE("local:x"), 1), 0);
    world_turn_end(&m.world);
    assert_int_equal(m.effects, 1);
    assert_int_equal(m.dirty, 0);
    world_end(&m.world);
    wheel_close(&m.wheel);
}

static void flows_have_numbers_of_their_own(void **state)
{
    struct maker m;
    (void)state;
    begin(&m);
    uint64_t first = world_listen(&m.world, SLICE("local:a"), 1);
    assert_int_not_equal(first, 0);
    assert_int_not_equal(world_open(&m.world, SLICE("local:b"), 1), first);
    world_end(&m.world);
    wheel_close(&m.wheel);
}

TESTS("world/world", cmocka_unit_test(effects_come_back_as_they_were),
    cmocka_unit_test(equal_effects_are_equal_bytes), cmocka_unit_test(a_damaged_list_ends),
    cmocka_unit_test(what_is_told_waits_for_a_flow), cmocka_unit_test(what_waits_too_long_is_dropped),
    cmocka_unit_test(what_waits_is_bounded), cmocka_unit_test(the_number_of_names_is_bounded),
    cmocka_unit_test(a_record_is_dirty_once_a_turn), cmocka_unit_test(timers_know_their_object),
    cmocka_unit_test(who_is_closing_asks_nothing), cmocka_unit_test(flows_have_numbers_of_their_own))
