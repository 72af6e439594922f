#include "roles/proxy/trace/ring.h"

#include <stdio.h>
#include <stdlib.h>

#include "base/mem.h"
#include "unit.h"

#define SIZE ((size_t)256 << 10)

static void put(struct ring *r, uint64_t number, size_t length)
{
    char name[24];
    char *bytes = mem_alloc(length + 1);
    memset(bytes, (int)('a' + number % 26), length);
    snprintf(name, sizeof name, "peer-%u", (unsigned)number);
    ring_put(r, &(struct ring_entry){.number = number, .at = (int64_t)number}, slice_text(name),
        slice_of(bytes, length));
    mem_free(bytes);
}

/* All that is there is whole, in order, and ends with the newest; how many. */
static size_t check(const struct ring *r, uint64_t newest)
{
    const struct ring_entry *e = NULL;
    uint64_t number = 0;
    size_t count = 0;
    while ((e = ring_next(r, e)) != NULL) {
        char name[24];
        assert_true(number == 0 || e->number == number + 1);
        number = e->number;
        snprintf(name, sizeof name, "peer-%u", (unsigned)number);
        assert_true(slice_equal(ring_name(e), slice_text(name)));
        for (size_t i = 0; i < e->kept; i++)
            assert_int_equal(ring_message(e).data[i], 'a' + number % 26);
        count++;
    }
    assert_int_equal(number, newest);
    assert_int_equal(count, r->count);
    return count;
}

static void the_newest_are_kept_whatever_their_lengths(void **state)
{
    (void)state;
    struct ring r;
    unsigned chance = 1;
    ring_open(&r, SIZE);
    for (uint64_t number = 1; number <= 20000; number++) {
        chance = chance * 1103515245 + 12345;
        put(&r, number, chance % 7 == 0 ? chance / 7 % (RING_KEPT + 100) : chance / 7 % 1500);
        if (number % 97 == 0 || number < 600)
            assert_true(check(&r, number) >= (number < 4 ? number : 4));
    }
    ring_close(&r);
}

static void nothing_is_lost_that_has_room(void **state)
{
    (void)state;
    struct ring r;
    size_t each = (sizeof(struct ring_entry) + 7 + 500 + 7) & ~(size_t)7;
    ring_open(&r, SIZE);
    for (uint64_t number = 10; number < 10 + SIZE / each; number++)
        put(&r, number, 500);
    assert_int_equal(check(&r, 9 + SIZE / each), SIZE / each);
    put(&r, 10 + SIZE / each, 500);
    assert_true(check(&r, 10 + SIZE / each) >= SIZE / each - 1);
    ring_close(&r);
}

static void long_messages_are_cut(void **state)
{
    (void)state;
    struct ring r;
    ring_open(&r, SIZE);
    put(&r, 1, RING_KEPT + 1);
    const struct ring_entry *e = ring_next(&r, NULL);
    assert_int_equal(e->kept, RING_KEPT);
    assert_int_equal(e->length, RING_KEPT + 1);
    ring_close(&r);
}

static void without_memory_nothing_is_kept(void **state)
{
    (void)state;
    struct ring r;
    size_t before = mem_live_bytes();
    ring_open(&r, 0);
    put(&r, 1, 10);
    assert_null(ring_next(&r, NULL));
    assert_int_equal(mem_live_bytes(), before);
    ring_close(&r);
}

TESTS("proxy/trace/ring", cmocka_unit_test(the_newest_are_kept_whatever_their_lengths),
    cmocka_unit_test(nothing_is_lost_that_has_room), cmocka_unit_test(long_messages_are_cut),
    cmocka_unit_test(without_memory_nothing_is_kept))
