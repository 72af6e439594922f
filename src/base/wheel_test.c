/* The wheel against a model: all timers in an array, searched whole each time. */
#include "base/wheel.h"

#include "unit.h"

#define TIMERS 300
#define BEGIN 1700000000123456 /* µs */
#define SECOND 1000000
#define HOUR ((int64_t)3600 * SECOND)
#define DAY (24 * HOUR)

static uint64_t seed;

static uint64_t chance(uint64_t below)
{
    seed = seed * 6364136223846793005U + 1442695040888963407U;
    return (seed >> 20) % below;
}

struct model {
    struct wheel wheel;
    struct wheel_timer timers[TIMERS];
    int64_t now;
};

static bool before(const struct wheel_timer *a, const struct wheel_timer *b)
{
    if (a->at != b->at)
        return a->at < b->at;
    return a->order[0] != b->order[0] ? a->order[0] < b->order[0] : a->order[1] < b->order[1];
}

static struct wheel_timer *earliest(struct model *m)
{
    struct wheel_timer *first = NULL;
    for (size_t i = 0; i < TIMERS; i++)
        if (wheel_runs(&m->timers[i]) && (first == NULL || before(&m->timers[i], first)))
            first = &m->timers[i];
    return first;
}

static int64_t span(void)
{
    static const int64_t spans[] = {1000, 300 * 1000, SECOND, 66 * SECOND, HOUR, DAY, 40 * DAY};
    return (int64_t)chance((uint64_t)spans[chance(7)]);
}

/* Hands out all that is due: never early, in order, and nothing is forgotten. */
static void advance(struct model *m, int64_t by)
{
    struct wheel_timer *t;
    int64_t next = wheel_next(&m->wheel);
    struct wheel_timer *first = earliest(m);
    if (first == NULL)
        assert_true(next == WHEEL_NEVER);
    else
        assert_true(next <= (first->at + 999) / 1000 * 1000 || next <= m->now + 1000);
    m->now += by;
    while ((first = earliest(m)), (t = wheel_due(&m->wheel, m->now)) != NULL) {
        assert_true(t->at <= m->now);
        assert_ptr_equal(t, first);
        assert_false(wheel_runs(t));
    }
    first = earliest(m);
    if (first != NULL)
        assert_true((first->at + 999) / 1000 > m->now / 1000 - 1);
    if (first != NULL && first->at + 1000 <= m->now)
        fail_msg("a timer of %lld was not handed out at %lld", (long long)first->at, (long long)m->now);
}

static void begin(struct model *m)
{
    memset(m, 0, sizeof *m);
    m->now = BEGIN;
    wheel_init(&m->wheel, m->now);
    for (size_t i = 0; i < TIMERS; i++) {
        m->timers[i].order[0] = chance(20);
        m->timers[i].order[1] = i;
    }
}

static void end(struct model *m)
{
    wheel_close(&m->wheel);
    assert_int_equal(wheel_open_timers(), 0);
}

static void random_operations(void **state)
{
    static struct model m;
    (void)state;
    for (seed = 1; seed < 2000000; seed += 400000) {
        uint64_t keep = seed;
        begin(&m);
        for (int i = 0; i < 3000; i++) {
            struct wheel_timer *t = &m.timers[chance(TIMERS)];
            switch (chance(8)) {
            case 0:
                wheel_clear(&m.wheel, t);
                assert_false(wheel_runs(t));
                break;
            case 1:
                advance(&m, i % 300 == 299 ? (int64_t)chance(2 * DAY) : span() / 64);
                break;
            case 2: /* several of the same time: the order decides */
                for (int j = 0; j < 5; j++)
                    wheel_set(&m.wheel, &m.timers[chance(TIMERS)], (m.now / 1000 + 3) * 1000);
                break;
            default:
                wheel_set(&m.wheel, t, (m.now / 1000 + 1) * 1000 + span());
                break;
            }
        }
        end(&m);
        seed = keep;
    }
}

/* A timer of the past is due at once: not later than the next millisecond. */
static void what_is_past_comes_at_once(void **state)
{
    static struct model m;
    (void)state;
    begin(&m);
    wheel_set(&m.wheel, &m.timers[0], m.now - DAY);
    wheel_set(&m.wheel, &m.timers[1], 0);
    assert_true(wheel_next(&m.wheel) <= m.now + 1000);
    assert_ptr_equal(wheel_due(&m.wheel, m.now + 1000), &m.timers[1]);
    assert_ptr_equal(wheel_due(&m.wheel, m.now + 1000), &m.timers[0]);
    assert_null(wheel_due(&m.wheel, m.now + DAY));
    end(&m);
}

/* A machine that slept for hours hands out everything in order of time. */
static void a_jump_of_hours_keeps_the_order(void **state)
{
    static struct model m;
    (void)state;
    begin(&m);
    for (size_t i = 0; i < TIMERS; i++)
        wheel_set(&m.wheel, &m.timers[i], m.now + (int64_t)chance(5 * HOUR));
    advance(&m, 6 * HOUR);
    assert_null(earliest(&m));
    end(&m);
}

/* What is set while others of the same moment are handed out comes in the same round or the next. */
static void timers_set_by_timers_are_not_lost(void **state)
{
    static struct model m;
    unsigned count = 0;
    struct wheel_timer *t;
    (void)state;
    begin(&m);
    wheel_set(&m.wheel, &m.timers[0], m.now + 10000);
    while (count < 1000) {
        int64_t next = wheel_next(&m.wheel);
        assert_true(next != WHEEL_NEVER && next >= m.now - 1000);
        m.now = next > m.now ? next : m.now + 1000;
        while ((t = wheel_due(&m.wheel, m.now)) != NULL) {
            count++;
            wheel_set(&m.wheel, t, m.now + (int64_t)(count % 3) * 256000);
        }
    }
    wheel_clear(&m.wheel, &m.timers[0]);
    end(&m);
}

/* Beyond the last level, decades away: kept, and not early. */
static void the_far_future_waits(void **state)
{
    static struct model m;
    (void)state;
    begin(&m);
    wheel_set(&m.wheel, &m.timers[0], m.now + 100 * 365 * DAY);
    wheel_set(&m.wheel, &m.timers[1], INT64_MAX);
    assert_true(wheel_next(&m.wheel) <= m.now + 100 * 365 * DAY);
    assert_null(wheel_due(&m.wheel, m.now + 3 * DAY));
    wheel_clear(&m.wheel, &m.timers[0]);
    wheel_clear(&m.wheel, &m.timers[1]);
    assert_true(wheel_next(&m.wheel) == WHEEL_NEVER);
    end(&m);
}

/* Two that were due while their owner stood still: not before it goes on, then in the order of their own
 * times. */
static void what_is_postponed_keeps_its_time(void **state)
{
    static struct model m;
    (void)state;
    begin(&m);
    wheel_set(&m.wheel, &m.timers[0], m.now + 2000);
    wheel_set(&m.wheel, &m.timers[1], m.now + 1000);
    for (int i = 0; i < 2; i++)
        wheel_postpone(&m.wheel, &m.timers[i], m.now + 9000);
    assert_null(wheel_due(&m.wheel, m.now + 8999));
    assert_ptr_equal(wheel_due(&m.wheel, m.now + 10000), &m.timers[1]);
    assert_ptr_equal(wheel_due(&m.wheel, m.now + 10000), &m.timers[0]);
    end(&m);
}

TESTS("base/wheel", cmocka_unit_test(random_operations), cmocka_unit_test(what_is_past_comes_at_once),
    cmocka_unit_test(a_jump_of_hours_keeps_the_order), cmocka_unit_test(timers_set_by_timers_are_not_lost),
    cmocka_unit_test(the_far_future_waits), cmocka_unit_test(what_is_postponed_keeps_its_time))
