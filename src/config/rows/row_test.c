#include "config/rows/row.h"

#include "base/error.h"
#include "base/mem.h"

#include "unit.h"

struct thing {
    struct slice name, text;
    struct config_list list;
    uint16_t number;
    uint8_t bytes[3];
    struct slice later; /* of a newer version */
};

static const struct row_member members[] = {
    ROW_MEMBER_TEXT(struct thing, name),
    ROW_MEMBER_TEXT(struct thing, text),
    ROW_MEMBER_LIST(struct thing, list),
    ROW_MEMBER_BYTES(struct thing, number),
    ROW_MEMBER_BYTES(struct thing, bytes),
    ROW_MEMBER_TEXT(struct thing, later),
};
static const struct row_shape shape = {members, 6, sizeof(struct thing)},
                              old_shape = {members, 5, sizeof(struct thing)};

static const void *sample(void)
{
    char name[] = "name", text[] = "text", one[] = "one", two[] = "";
    struct slice items[] = {SLICE_INIT(one), SLICE_INIT(two)};
    struct thing t = {.name = SLICE("name"), .number = 513, .bytes = {0, 0, 7}, .later = SLICE("x")};
    items[0] = slice_text(one);
    items[1] = slice_text(two);
    t.name = slice_text(name);
    t.text = slice_text(text);
    t.list = (struct config_list){items, 2};
    const void *row = row_new(&shape, &t);
    memset(name, '#', 4); /* the row has copies of its own */
    memset(text, '#', 4);
    memset(one, '#', 3);
    return row;
}

static void check(const struct thing *t)
{
    assert_true(slice_equal(t->name, SLICE("name")));
    assert_true(slice_equal(t->text, SLICE("text")));
    assert_int_equal(t->list.count, 2);
    assert_true(slice_equal(t->list.items[0], SLICE("one")));
    assert_int_equal(t->list.items[1].length, 0);
    assert_int_equal(t->number, 513);
    assert_int_equal(t->bytes[2], 7);
}

static void is_copied_with_its_texts_and_counted(void **state)
{
    (void)state;
    size_t before = mem_live_bytes();
    const void *row = sample();
    check(row);
    row_retain(row);
    row_release(row);
    check(row);
    row_release(row);
    assert_int_equal(mem_live_bytes(), before);
}

/* N and N + 1 read each other's files. */
static void is_written_and_read_by_other_versions_too(void **state)
{
    (void)state;
    const void *row = sample();
    struct buffer new_bytes = {0}, old_bytes = {0};
    struct arena arena = {0};
    struct thing t;
    row_write(&new_bytes, &shape, row);
    row_write(&old_bytes, &old_shape, row);
    assert_int_equal(row_read(&t, &shape, buffer_slice(&new_bytes), &arena), 0);
    check(&t);
    assert_true(slice_equal(t.later, SLICE("x")));
    assert_int_equal(row_read(&t, &old_shape, buffer_slice(&new_bytes), &arena), 0);
    check(&t);
    assert_int_equal(row_read(&t, &shape, buffer_slice(&old_bytes), &arena), 0);
    check(&t);
    assert_int_equal(t.later.length, 0);
    arena_free(&arena);
    buffer_free(&new_bytes);
    buffer_free(&old_bytes);
    row_release(row);
}

static void refuses_what_is_torn(void **state)
{
    (void)state;
    const void *row = sample();
    struct buffer bytes = {0};
    struct arena arena = {0};
    struct thing t;
    row_write(&bytes, &shape, row);
    size_t whole = 0; /* prefixes that end between two members are rows with fewer of them */
    for (size_t length = 0; length < bytes.length; length++)
        whole += row_read(&t, &shape, slice_of(bytes.data, length), &arena) == 0;
    assert_int_equal(whole, 5);
    assert_int_equal(row_read(&t, &shape, SLICE("\x03\x01x"), &arena), ERROR_CORRUPT);
    assert_int_equal(row_read(&t, &shape, SLICE("\x00\xff\xff\xff\xff\x7f"), &arena), ERROR_CORRUPT);
    assert_int_equal(row_read(&t, &shape, SLICE("\x00\x01n\x02\x02\x09x"), &arena), ERROR_CORRUPT);
    arena_free(&arena);
    buffer_free(&bytes);
    row_release(row);
}

TESTS("config/row", cmocka_unit_test(is_copied_with_its_texts_and_counted),
    cmocka_unit_test(is_written_and_read_by_other_versions_too), cmocka_unit_test(refuses_what_is_torn))
