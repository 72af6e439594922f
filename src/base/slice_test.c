#include "base/slice.h"

#include "base/error.h"
#include "unit.h"

static void cuts_at_each_separator(void **state)
{
    struct slice rest = SLICE("a,,b,"), part;
    static const char *const parts[] = {"a", "", "b", ""};
    (void)state;
    for (size_t i = 0; i < 4; i++) {
        assert_true(slice_cut(&rest, ',', &part));
        assert_true(slice_equal(part, slice_text(parts[i])));
    }
    assert_false(slice_cut(&rest, ',', &part));
    rest = SLICE("");
    assert_true(slice_cut(&rest, ',', &part));
    assert_int_equal(part.length, 0);
    assert_false(slice_cut(&rest, ',', &part));
}

static void reads_decimal_numbers_up_to_a_maximum(void **state)
{
    uint64_t number = 99;
    (void)state;
    assert_int_equal(slice_to_u64(&number, SLICE("0"), 0), 0);
    assert_int_equal(number, 0);
    assert_int_equal(slice_to_u64(&number, SLICE("18446744073709551615"), UINT64_MAX), 0);
    assert_true(number == UINT64_MAX);
    assert_int_equal(slice_to_u64(&number, SLICE("18446744073709551616"), UINT64_MAX), ERROR_RANGE);
    assert_int_equal(slice_to_u64(&number, SLICE("65536"), 65535), ERROR_RANGE);
    assert_int_equal(slice_to_u64(&number, SLICE("65535"), 65535), 0);
    assert_int_equal(slice_to_u64(&number, SLICE(""), 9), ERROR_SYNTAX);
    assert_int_equal(slice_to_u64(&number, SLICE("-1"), 9), ERROR_SYNTAX);
    assert_int_equal(slice_to_u64(&number, SLICE("1 "), 9), ERROR_SYNTAX);
}

/* Every small number against every small maximum: the digit may be larger than the maximum. */
static void never_exceeds_a_small_maximum(void **state)
{
    (void)state;
    for (uint64_t maximum = 0; maximum < 130; maximum++)
        for (uint64_t wanted = 0; wanted < 140; wanted++) {
            char text[8];
            uint64_t number = 0;
            snprintf(text, sizeof text, "%u", (unsigned)wanted);
            int error = slice_to_u64(&number, slice_text(text), maximum);
            assert_int_equal(error, wanted <= maximum ? 0 : ERROR_RANGE);
            if (error == 0)
                assert_int_equal(number, wanted);
        }
}

static void puts_also_nothing_from_nowhere(void **state)
{
    char room[] = "abc";
    (void)state;
    assert_ptr_equal(slice_put(room, (struct slice){NULL, 0}), room);
    assert_string_equal(room, "abc");
    assert_ptr_equal(slice_put(room, SLICE("xy")), room);
    assert_string_equal(room, "xyc");
}

static void compares_and_searches(void **state)
{
    (void)state;
    assert_true(slice_compare(SLICE("a"), SLICE("ab")) < 0);
    assert_true(slice_compare(SLICE("b"), SLICE("ab")) > 0);
    assert_int_equal(slice_compare(SLICE(""), (struct slice){NULL, 0}), 0);
    assert_true(slice_compare(SLICE("\xff"), SLICE("a")) > 0);
    assert_true(slice_equal_nocase(SLICE("SiP"), SLICE("sIp")));
    assert_false(slice_equal_nocase(SLICE("["), SLICE("{"))); /* apart by the same bit as letters */
    assert_true(slice_starts(SLICE("abc"), SLICE("")));
    assert_false(slice_starts(SLICE("ab"), SLICE("abc")));
    assert_true(slice_ends(SLICE("abc"), SLICE("bc")));
    assert_false(slice_ends(SLICE("c"), SLICE("bc")));
    assert_int_equal(slice_find(SLICE("abc"), 'c'), 2);
    assert_int_equal(slice_find(SLICE(""), 'c'), -1);
    assert_int_equal(slice_find_slice(SLICE("aab"), SLICE("ab")), 1);
    assert_int_equal(slice_find_slice((struct slice){NULL, 0}, SLICE("ab")), -1);
    assert_int_equal(slice_find_slice((struct slice){NULL, 0}, SLICE("")), 0);
}

static void trims_and_takes_parts(void **state)
{
    (void)state;
    assert_true(slice_equal(slice_trim(SLICE(" \t\r\n a b \r\n")), SLICE("a b")));
    assert_int_equal(slice_trim(SLICE(" \t ")).length, 0);
    assert_int_equal(slice_from(SLICE("abc"), 7).length, 0);
    assert_true(slice_equal(slice_from(SLICE("abc"), 1), SLICE("bc")));
    assert_true(slice_equal(slice_first(SLICE("abc"), 9), SLICE("abc")));
    assert_null(slice_from((struct slice){NULL, 0}, 3).data);
}

TESTS("base/slice", cmocka_unit_test(cuts_at_each_separator),
    cmocka_unit_test(reads_decimal_numbers_up_to_a_maximum), cmocka_unit_test(never_exceeds_a_small_maximum),
    cmocka_unit_test(puts_also_nothing_from_nowhere), cmocka_unit_test(compares_and_searches),
    cmocka_unit_test(trims_and_takes_parts))
