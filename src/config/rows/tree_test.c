#include "config/rows/tree_int.h"

#include <stdio.h>

#include "base/mem.h"

#include "unit.h"

struct item {
    struct slice name;
    uint32_t value;
};
static const struct row_member members[] = {
    ROW_MEMBER_TEXT(struct item, name), ROW_MEMBER_BYTES(struct item, value)};
static const struct row_shape shape = {members, 2, sizeof(struct item)};

#define NAMES 4000U
#define COPIES 5U

/* The same rows as plain numbers: what the tree is held against. 0: not there. */
struct model {
    struct tree tree;
    uint32_t values[NAMES];
};

/* Some begin with the same eight bytes, some are prefixes of others, one is empty. */
static struct slice name_of(char text[24], unsigned number)
{
    int length = number == 0       ? 0
                 : number % 3 == 0 ? snprintf(text, 24, "+4989123%u", number)
                                   : snprintf(text, 24, "%u", number);
    return slice_of(text, (size_t)length);
}

static void put(struct model *m, unsigned number, uint32_t value)
{
    char text[24];
    struct item item = {name_of(text, number), value};
    assert_int_equal(tree_put(&m->tree, row_new(&shape, &item)), m->values[number] != 0);
    m->values[number] = value;
}

static void take_out(struct model *m, unsigned number)
{
    char text[24];
    assert_int_equal(tree_remove(&m->tree, name_of(text, number)), m->values[number] != 0);
    m->values[number] = 0;
}

static void holds(const struct model *m)
{
    size_t count = 0;
    assert_true(tree_sound(&m->tree));
    for (unsigned i = 0; i < NAMES; i++) {
        char text[24];
        const struct item *item = tree_get(&m->tree, name_of(text, i));
        assert_int_equal(item != NULL ? item->value : 0, m->values[i]);
        count += m->values[i] != 0;
        if (item != NULL)
            assert_ptr_equal(tree_at(&m->tree, tree_place(&m->tree, item->name)), item);
    }
    assert_int_equal(tree_count(&m->tree), count);
    assert_null(tree_at(&m->tree, count));
    for (size_t i = 1; i < count; i++)
        assert_true(slice_compare(row_name(tree_at(&m->tree, i - 1)), row_name(tree_at(&m->tree, i))) < 0);
}

static uint32_t chance(uint32_t *seed, uint32_t below)
{
    *seed = *seed * 1664525U + 1013904223U;
    return (*seed >> 8) % below;
}

/* Copies live beside each other, and a change in one is never seen in another. */
static void keeps_every_copy_as_it_was(void **state)
{
    (void)state;
    static struct model models[COPIES];
    size_t before = mem_live_bytes();
    uint32_t seed = 4;
    memset(models, 0, sizeof models);
    for (unsigned step = 1; step <= 60000; step++) {
        struct model *m = &models[chance(&seed, COPIES)];
        unsigned growing = step / 15000 % 2 == 0 ? 70 : 30;
        if (chance(&seed, 2000) == 0) {
            const struct model *from = &models[chance(&seed, COPIES)];
            if (from == m)
                continue;
            tree_free(&m->tree);
            memcpy(m->values, from->values, sizeof m->values);
            tree_share(&m->tree, &from->tree);
        } else if (chance(&seed, 100) < growing) {
            put(m, chance(&seed, NAMES), step);
        } else {
            take_out(m, chance(&seed, NAMES));
        }
        if (step % 6000 == 0)
            for (unsigned i = 0; i < COPIES; i++)
                holds(&models[i]);
    }
    for (unsigned i = 0; i < COPIES; i++) {
        for (unsigned k = 0; k < NAMES; k++)
            take_out(&models[i], k);
        assert_int_equal(tree_count(&models[i].tree), 0);
        tree_free(&models[i].tree);
    }
    assert_int_equal(mem_live_bytes(), before);
}

/* CF-2: what one change costs is counted, not timed: the nodes from the root to one leaf. */
static void copies_only_the_way_to_what_changes(void **state)
{
    (void)state;
    enum { COUNT = 100000 };
    struct tree one = {0}, two;
    char text[24];
    for (unsigned i = 0; i < COUNT; i++) {
        snprintf(text, sizeof text, "%06u", i);
        tree_put(&one, row_new(&shape, &(struct item){slice_text(text), i}));
    }
    assert_true(tree_sound(&one));
    assert_int_equal(one.copied, 0); /* nobody else had it */
    assert_in_range(one.root->height, 3, 4);
    tree_share(&two, &one);
    size_t before = mem_live_bytes();
    tree_put(&two, row_new(&shape, &(struct item){SLICE("054321"), 7}));
    assert_in_range(two.copied, 1, 5);
    assert_in_range(mem_live_bytes() - before, 1, 5 * (sizeof(struct tree_node) + TREE_FAN * 4 + 32));
    tree_put(&two, row_new(&shape, &(struct item){SLICE("054321"), 8})); /* now it is its own */
    assert_in_range(two.copied, 1, 5);
    assert_int_equal(((const struct item *)tree_get(&one, SLICE("054321")))->value, 54321);
    assert_int_equal(((const struct item *)tree_get(&two, SLICE("054321")))->value, 8);
    tree_free(&one);
    assert_int_equal(tree_count(&two), COUNT);
    tree_free(&two);
}

static void says_what_differs_and_passes_over_what_is_shared(void **state)
{
    (void)state;
    struct tree one = {0}, two;
    char text[24];
    for (unsigned i = 0; i < 20000; i++) {
        snprintf(text, sizeof text, "%06u", i);
        tree_put(&one, row_new(&shape, &(struct item){slice_text(text), i}));
    }
    tree_share(&two, &one);
    tree_put(&two, row_new(&shape, &(struct item){SLICE("000500"), 7}));
    tree_remove(&two, SLICE("010000"));
    tree_put(&two, row_new(&shape, &(struct item){SLICE("01999"), 9}));
    tree_put(&two, row_new(&shape, &(struct item){SLICE("zzz"), 9}));
    size_t at = 0, other = 0;
    const void *before, *after;
    assert_true(tree_difference(&before, &after, &one, &at, &two, &other));
    assert_int_equal(((const struct item *)before)->value, 500);
    assert_int_equal(((const struct item *)after)->value, 7);
    assert_true(tree_difference(&before, &after, &one, &at, &two, &other));
    assert_true(slice_equal(row_name(before), SLICE("010000")));
    assert_null(after);
    assert_true(tree_difference(&before, &after, &one, &at, &two, &other));
    assert_null(before);
    assert_true(slice_equal(row_name(after), SLICE("01999")));
    assert_true(tree_difference(&before, &after, &one, &at, &two, &other));
    assert_true(slice_equal(row_name(after), SLICE("zzz")));
    assert_false(tree_difference(&before, &after, &one, &at, &two, &other));
    at = other = 0;
    assert_false(tree_difference(&before, &after, &one, &at, &one, &other));
    tree_free(&one);
    tree_free(&two);
}

TESTS("config/tree", cmocka_unit_test(keeps_every_copy_as_it_was),
    cmocka_unit_test(copies_only_the_way_to_what_changes),
    cmocka_unit_test(says_what_differs_and_passes_over_what_is_shared))
