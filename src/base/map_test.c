/* The table against a model that is too simple to be wrong: a list in order of insertion. */
#include "base/map.h"

#include "base/hash.h"
#include "base/mem.h"
#include "unit.h"

#define KEYS 200
#define OPERATIONS 20000

struct model {
    uint64_t keys[KEYS];
    void *values[KEYS];
    size_t count;
};

static uint64_t seed;

static uint64_t chance(uint64_t below)
{
    seed = seed * 6364136223846793005U + 1442695040888963407U;
    return (seed >> 33) % below;
}

static void *model_put(struct model *m, uint64_t key, void *value)
{
    for (size_t i = 0; i < m->count; i++)
        if (m->keys[i] == key) {
            void *before = m->values[i];
            m->values[i] = value;
            return before;
        }
    m->keys[m->count] = key;
    m->values[m->count++] = value;
    return NULL;
}

static void *model_remove(struct model *m, uint64_t key)
{
    for (size_t i = 0; i < m->count; i++)
        if (m->keys[i] == key) {
            void *before = m->values[i];
            m->count--;
            memmove(m->keys + i, m->keys + i + 1, (m->count - i) * sizeof m->keys[0]);
            memmove(m->values + i, m->values + i + 1, (m->count - i) * sizeof m->values[0]);
            return before;
        }
    return NULL;
}

static void *model_get(const struct model *m, uint64_t key)
{
    for (size_t i = 0; i < m->count; i++)
        if (m->keys[i] == key)
            return m->values[i];
    return NULL;
}

/* Texts of different lengths, some of them each other's beginnings; number 0 is the empty text. */
static char texts[KEYS][16];

static struct slice text_of(uint64_t key)
{
    return slice_text(texts[key]);
}

static void make_texts(void)
{
    for (unsigned i = 0; i < KEYS; i++)
        snprintf(texts[i], sizeof texts[i], "%.*s%s", (int)(i % 9), "aaaaaaaa", i < 9 ? "" : texts[i / 9]);
    for (unsigned i = 9; i < KEYS; i++)
        snprintf(texts[i], sizeof texts[i], "%.*s-%u", (int)(i % 5), "aaaaa", i);
}

static void compare_walk(const struct map *m, const struct model *model)
{
    size_t at = 0, seen = 0;
    void *value;
    while ((value = map_next(m, &at)) != NULL) {
        assert_true(seen < model->count);
        assert_ptr_equal(value, model->values[seen]);
        seen++;
    }
    assert_int_equal(seen, model->count);
    assert_int_equal(map_count(m), model->count);
}

static void run(bool numbers, struct hash_key key)
{
    struct hash_key before = hash_process_key;
    struct map m = {0};
    struct model model = {.count = 0};
    static char values[64];
    hash_process_key = key;
    seed = 7;
    for (int i = 0; i < OPERATIONS; i++) {
        uint64_t k = chance(i % 4000 < 2000 ? KEYS : 12);
        void *value = &values[chance(sizeof values)];
        switch (chance(i / 5000 % 2 == 0 ? 3 : 5)) {
        case 0:
            assert_ptr_equal(numbers ? map_get_number(&m, k) : map_get(&m, text_of(k)), model_get(&model, k));
            break;
        case 1:
            assert_ptr_equal(numbers ? map_put_number(&m, k, value) : map_put(&m, text_of(k), value),
                model_put(&model, k, value));
            break;
        default:
            assert_ptr_equal(
                numbers ? map_remove_number(&m, k) : map_remove(&m, text_of(k)), model_remove(&model, k));
            break;
        }
        if (i % 64 == 0)
            compare_walk(&m, &model);
    }
    compare_walk(&m, &model);
    map_free(&m);
    hash_process_key = before;
}

/* The order is that of insertion, whatever the key of the hash is. */
static void does_what_a_list_does_under_any_hash_key(void **state)
{
    static const struct hash_key keys[] = {{0, 0}, {1, 2}, {UINT64_MAX, 0x123456789abcdefU}};
    (void)state;
    make_texts();
    for (size_t i = 0; i < 3; i++) {
        run(false, keys[i]);
        run(true, keys[i]);
    }
}

static void entries_may_be_removed_during_a_walk(void **state)
{
    struct map m = {0};
    static uint64_t values[500];
    (void)state;
    for (uint64_t i = 0; i < 500; i++) {
        values[i] = i;
        map_put_number(&m, i, &values[i]);
    }
    uint64_t *v, expected = 0;
    map_for_each (v, &m) {
        assert_int_equal(*v, expected);
        expected += 2;
        assert_ptr_equal(map_remove_number(&m, *v), v);
        assert_non_null(map_remove_number(&m, *v + 1)); /* the one that would have been next */
    }
    assert_int_equal(expected, 500);
    assert_int_equal(map_count(&m), 0);
    assert_null(m.entries); /* an idle table costs nothing */
}

/* Coming and going does not let the table grow. */
static void stays_small_while_entries_come_and_go(void **state)
{
    struct map m = {0};
    (void)state;
    map_put_number(&m, 0, &m);
    for (uint64_t i = 1; i < 100000; i++) {
        map_put_number(&m, i, &m);
        map_remove_number(&m, i - 1);
    }
    assert_int_equal(map_count(&m), 1);
    assert_true(m.capacity <= 16);
    map_free(&m);
}

/* The key lies in the value: replacing the value replaces the key's memory. */
static void a_replaced_value_takes_its_key_along(void **state)
{
    struct map m = {0};
    char *first = mem_copy("key", 3), *second = mem_copy("key", 3);
    (void)state;
    assert_null(map_put(&m, slice_of(first, 3), first));
    assert_ptr_equal(map_put(&m, slice_of(second, 3), second), first);
    memset(first, 'x', 3);
    mem_free(first);
    assert_ptr_equal(map_get(&m, SLICE("key")), second);
    assert_ptr_equal(map_remove(&m, slice_of(second, 3)), second);
    mem_free(second);
    map_free(&m);
}

TESTS("base/map", cmocka_unit_test(does_what_a_list_does_under_any_hash_key),
    cmocka_unit_test(entries_may_be_removed_during_a_walk),
    cmocka_unit_test(stays_small_while_entries_come_and_go),
    cmocka_unit_test(a_replaced_value_takes_its_key_along))
