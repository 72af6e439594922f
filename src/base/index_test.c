/* The index against a model that is too simple to be wrong: an array by number. */
#include "base/index.h"

#include "base/hash.h"
#include "base/mem.h"
#include "unit.h"

#define OBJECTS 3000

static uint32_t objects[OBJECTS];
static bool is_there[OBJECTS];

static bool same_h(const void *object, const void *key)
{
    return *(const uint32_t *)object == *(const uint32_t *)key;
}

/* Few hashes, so that many collide, some at the table's end. */
static uint32_t hash_of(uint32_t number)
{
    return number % 3 == 0   ? (uint32_t)hash_number(number)
           : number % 3 == 1 ? number % 2
                             : UINT32_MAX - number % 40;
}

static void compare(const struct index *x, uint32_t most)
{
    size_t count = 0;
    for (uint32_t i = 0; i < most; i++) {
        const uint32_t *found = index_find(x, hash_of(i), same_h, &i);
        assert_ptr_equal(found, is_there[i] ? &objects[i] : NULL);
        count += is_there[i];
    }
    assert_int_equal(x->count, count);
}

static void finds_what_was_added_and_not_removed(void **state)
{
    struct index x = {0};
    size_t before = mem_live_bytes();
    (void)state;
    for (unsigned round = 0; round < 3000; round++) {
        uint32_t number = (uint32_t)(hash_number(round) % 200);
        objects[number] = number;
        if (is_there[number])
            index_remove(&x, hash_of(number), &objects[number]);
        else
            index_add(&x, hash_of(number), &objects[number]);
        is_there[number] = !is_there[number];
        if (round % 16 == 0)
            compare(&x, 200);
    }
    compare(&x, 200);
    for (uint32_t i = 0; i < 200; i++) {
        index_remove(&x, hash_of(i), &objects[i]); /* also of one that is not there */
        is_there[i] = false;
    }
    compare(&x, 200);
    assert_int_equal(mem_live_bytes(), before);
}

/* It grows and shrinks with what is in it: at most 32 bytes an object, while it grows. */
static void costs_little_for_each(void **state)
{
    struct index x = {0};
    size_t before = mem_live_bytes();
    (void)state;
    for (uint32_t i = 0; i < OBJECTS; i++) {
        objects[i] = i;
        index_add(&x, (uint32_t)hash_number(i), &objects[i]);
        assert_true(i < 100 || mem_live_bytes() - before <= ((size_t)i + 1) * 33 + 64);
    }
    for (uint32_t i = 0; i < OBJECTS - 10; i++)
        index_remove(&x, (uint32_t)hash_number(i), &objects[i]);
    assert_true(mem_live_bytes() - before < 4000);
    for (uint32_t i = OBJECTS - 10; i < OBJECTS; i++)
        assert_ptr_equal(index_find(&x, (uint32_t)hash_number(i), same_h, &i), &objects[i]);
    index_free(&x);
    assert_int_equal(mem_live_bytes(), before);
}

TESTS("base/index", cmocka_unit_test(finds_what_was_added_and_not_removed),
    cmocka_unit_test(costs_little_for_each))
