#include "base/buffer.h"

#include "unit.h"

static void grows_up_to_its_limit_exactly(void **state)
{
    struct buffer b = {.limit = 100};
    (void)state;
    for (int i = 0; i < 10; i++)
        buffer_add(&b, SLICE("0123456789"));
    assert_int_equal(b.length, 100);
    assert_false(b.overflowed);
    buffer_add(&b, SLICE(""));
    assert_false(b.overflowed);
    buffer_add_byte(&b, 'x');
    assert_true(b.overflowed);
    assert_int_equal(b.length, 100);
    buffer_free(&b);
    assert_int_equal(b.limit, 100);
}

/* Past the limit nothing is added any more, also what would fit: a message without its middle is worse than
 * none. */
static void stays_overflowed_until_it_is_cleared(void **state)
{
    struct buffer b = {.limit = 8};
    (void)state;
    buffer_add_text(&b, "abc");
    buffer_add_text(&b, "defghij");
    assert_true(b.overflowed);
    buffer_add_byte(&b, 'x');
    buffer_add_u64(&b, 1);
    buffer_add_format(&b, "%d", 1);
    assert_true(slice_equal(buffer_slice(&b), SLICE("abc")));
    assert_null(buffer_room(&b, 1));
    buffer_clear(&b);
    buffer_add_text(&b, "defghijk");
    assert_true(slice_equal(buffer_slice(&b), SLICE("defghijk")));
    assert_false(b.overflowed);
    buffer_free(&b);
}

static void a_huge_length_does_not_wrap(void **state)
{
    struct buffer b = {0};
    (void)state;
    buffer_add_text(&b, "abc");
    assert_null(buffer_room(&b, SIZE_MAX));
    assert_true(b.overflowed);
    buffer_free(&b);
    assert_null(buffer_room(&b, BUFFER_LIMIT + 1));
    buffer_free(&b);
}

static void writes_numbers_and_formats(void **state)
{
    struct buffer b = {0};
    (void)state;
    buffer_add_u64(&b, 0);
    buffer_add_byte(&b, ' ');
    buffer_add_u64(&b, UINT64_MAX);
    buffer_add_format(&b, " %s-%03d", "x", 7);
    assert_true(slice_equal(buffer_slice(&b), SLICE("0 18446744073709551615 x-007")));
    buffer_free(&b);
}

/* At each distance from the end of what it has, and of what it may have. */
static void formats_wherever_it_stands(void **state)
{
    (void)state;
    for (size_t before = 0; before < 70; before++) {
        struct buffer b = {.limit = 80};
        for (size_t i = 0; i < before; i++)
            buffer_add_byte(&b, 'x');
        buffer_add_format(&b, "%s", "0123456789");
        assert_int_equal(b.overflowed, before + 11 > 80);
        assert_int_equal(b.length, b.overflowed ? before : before + 10);
        assert_true(b.overflowed || slice_ends(buffer_slice(&b), SLICE("x0123456789")) || before == 0);
        buffer_free(&b);
    }
}

static void room_for_nothing_is_room(void **state)
{
    struct buffer b = {0};
    (void)state;
    assert_non_null(buffer_room(&b, 0));
    buffer_free(&b);
}

static void consumes_from_the_front(void **state)
{
    struct buffer b = {0};
    (void)state;
    buffer_add_text(&b, "abcdef");
    buffer_consume(&b, 2);
    assert_true(slice_equal(buffer_slice(&b), SLICE("cdef")));
    buffer_consume(&b, 0);
    assert_int_equal(b.length, 4);
    buffer_consume(&b, 99);
    assert_int_equal(b.length, 0);
    buffer_free(&b);
}

TESTS("base/buffer", cmocka_unit_test(grows_up_to_its_limit_exactly),
    cmocka_unit_test(stays_overflowed_until_it_is_cleared), cmocka_unit_test(a_huge_length_does_not_wrap),
    cmocka_unit_test(writes_numbers_and_formats), cmocka_unit_test(room_for_nothing_is_room),
    cmocka_unit_test(formats_wherever_it_stands), cmocka_unit_test(consumes_from_the_front))
