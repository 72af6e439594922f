#include "wire/pack.h"

#include "unit.h"
#include "wire/record.pb-c.h"

static void pack_hello(struct buffer *out)
{
    Tandem__PeerHello hello = TANDEM__PEER_HELLO__INIT;
    hello.name = (char *)(uintptr_t) "proxy-1";
    hello.incarnation = 7;
    pack_add(out, &hello.base);
}

static void reads_what_it_packed(void **state)
{
    struct buffer out = {0};
    struct arena arena = {0};
    (void)state;
    pack_hello(&out);
    const Tandem__PeerHello *h = pack_read(&tandem__peer_hello__descriptor, buffer_slice(&out), &arena);
    assert_non_null(h);
    assert_string_equal(h->name, "proxy-1");
    assert_int_equal(h->incarnation, 7);
    arena_free(&arena);
    buffer_free(&out);
}

/* A required field that is missing, a cut at any byte: NULL, and nothing leaks. */
static void what_is_cut_is_not_read(void **state)
{
    struct buffer out = {0};
    struct arena arena = {0};
    (void)state;
    pack_hello(&out);
    for (size_t length = 0; length < out.length; length++)
        assert_null(
            pack_read(&tandem__peer_hello__descriptor, slice_first(buffer_slice(&out), length), &arena));
    arena_free(&arena);
    buffer_free(&out);
}

/* CM-1: a field of a later version is kept apart and does no harm. */
static void unknown_fields_are_passed_over(void **state)
{
    struct buffer out = {0};
    struct arena arena = {0};
    (void)state;
    pack_hello(&out);
    buffer_add(&out, slice_of("\xa2\x06\x03new", 6)); /* field 100, three bytes */
    const Tandem__PeerHello *h = pack_read(&tandem__peer_hello__descriptor, buffer_slice(&out), &arena);
    assert_non_null(h);
    assert_int_equal(h->base.n_unknown_fields, 1);
    arena_free(&arena);
    buffer_free(&out);
}

/* Put together piece by piece, read as one. */
static void fields_are_added_one_by_one(void **state)
{
    char text[300];
    struct buffer out = {0};
    struct arena arena = {0};
    Tandem__SipTarget target = TANDEM__SIP_TARGET__INIT;
    (void)state;
    memset(text, 'x', sizeof text - 1);
    text[sizeof text - 1] = '\0';
    for (size_t i = 0; i < 2; i++) {
        target.name = text + (i == 0 ? 290 : 0);
        pack_add_field(&out, 400, &target.base);
        struct pack_field f;
        struct slice rest = buffer_slice(&out);
        assert_true(pack_next(&f, &rest));
        assert_true(slice_empty(rest));
        assert_int_equal(f.number, 400);
        assert_true(slice_equal(f.bytes, pack_in(&arena, &target.base)));
        buffer_clear(&out);
    }
    arena_free(&arena);
    buffer_free(&out);
}

static void giants_are_not_read(void **state)
{
    static char big[PACK_BYTES + 1];
    struct arena arena = {0};
    (void)state;
    assert_null(pack_read(&tandem__peer_hello__descriptor, slice_of(big, sizeof big), &arena));
    arena_free(&arena);
}

/* A text, a number, four and eight bytes, another text; cut anywhere it is no message. */
static void fields_are_walked_as_they_lie_there(void **state)
{
    static const struct slice all = SLICE_INIT("\x0a\x03"
                                               "abc\x10\xac\x02\x1d"
                                               "four\x21"
                                               "eight888\xa2\x06\x00");
    static const struct pack_field wanted[] = {{1, SLICE_INIT("abc")}, {2, SLICE_INIT("")},
        {3, SLICE_INIT("")}, {4, SLICE_INIT("")}, {100, SLICE_INIT("")}};
    static const size_t ends[] = {0, 5, 8, 13, 22, 25};
    struct pack_field f;
    struct slice rest = all;
    (void)state;
    for (size_t i = 0; i < 5; i++) {
        assert_true(pack_next(&f, &rest));
        assert_int_equal(f.number, wanted[i].number);
        assert_true(slice_equal(f.bytes, wanted[i].bytes));
    }
    assert_false(pack_next(&f, &rest));
    assert_true(slice_empty(rest));
    for (size_t length = 0; length < all.length; length++) {
        bool whole = false;
        for (rest = slice_first(all, length); pack_next(&f, &rest);)
            continue;
        for (size_t i = 0; i < 6; i++)
            whole = whole || length == ends[i];
        assert_int_equal(slice_empty(rest), whole);
    }
    static const struct slice bad[] = {SLICE_INIT("\x02\x00"), SLICE_INIT("\x0b\x00"), SLICE_INIT("\x0f\x00"),
        SLICE_INIT("\x0a\xff\xff\xff\xff\xff\xff\xff\xff\xff\x01"),
        SLICE_INIT("\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff")};
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        rest = bad[i];
        assert_false(pack_next(&f, &rest));
    }
}

static void packing_respects_the_limit(void **state)
{
    struct buffer out = {.limit = 4};
    (void)state;
    pack_hello(&out);
    assert_true(out.overflowed);
    assert_int_equal(out.length, 0);
    buffer_free(&out);
}

TESTS("wire/pack", cmocka_unit_test(reads_what_it_packed), cmocka_unit_test(what_is_cut_is_not_read),
    cmocka_unit_test(unknown_fields_are_passed_over), cmocka_unit_test(giants_are_not_read),
    cmocka_unit_test(fields_are_added_one_by_one), cmocka_unit_test(fields_are_walked_as_they_lie_there),
    cmocka_unit_test(packing_respects_the_limit))
