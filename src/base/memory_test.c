/* Arena, pool, fifo and list. */
#include "base/arena.h"
#include "base/fifo.h"
#include "base/list.h"
#include "base/mem.h"
#include "base/pool.h"
#include "unit.h"

static void an_arena_gives_aligned_memory_of_any_size(void **state)
{
    struct arena a = {0};
    (void)state;
    for (size_t size = 0; size < 9000; size += 97) {
        char *memory = arena_alloc(&a, size);
        assert_int_equal((uintptr_t)memory % 16, 0);
        memset(memory, 0x55, size);
    }
    struct slice s = arena_copy(&a, SLICE("text"));
    assert_true(slice_equal(s, SLICE("text")));
    assert_string_equal(arena_text(&a, SLICE("text")), "text");
    assert_int_equal(arena_copy(&a, (struct slice){NULL, 0}).length, 0);
    assert_string_equal(arena_text(&a, (struct slice){NULL, 0}), "");
    char *zero = arena_zero(&a, 5000);
    for (size_t i = 0; i < 5000; i++)
        assert_int_equal(zero[i], 0);
    arena_free(&a);
}

/* One giant message does not stay in memory for ever. */
static void a_reset_keeps_one_small_chunk(void **state)
{
    struct arena a = {0};
    size_t before = mem_live_bytes();
    (void)state;
    arena_alloc(&a, 1000000);
    arena_reset(&a);
    assert_true(mem_live_bytes() - before < 8192);
    for (int i = 0; i < 50; i++)
        arena_alloc(&a, 1000);
    arena_reset(&a);
    assert_true(mem_live_bytes() - before < 8192);
    void *first = arena_alloc(&a, 10);
    arena_reset(&a);
    assert_ptr_equal(arena_alloc(&a, 10), first);
    arena_free(&a);
    arena_free(&a);
    assert_int_equal(mem_live_bytes(), before);
}

static void a_pool_hands_out_zeroed_objects(void **state)
{
    struct pool p;
    void *objects[200];
    (void)state;
    pool_init(&p, "test", 40);
    for (int round = 0; round < 3; round++) {
        for (int i = 0; i < 200; i++) {
            char *object = objects[i] = pool_take(&p);
            for (int j = 0; j < 40; j++)
                assert_int_equal(object[j], 0);
            memset(object, 0xff, 40);
        }
        assert_int_equal(p.live, 200);
        for (int i = 0; i < 200; i++)
            pool_give(&p, objects[i]);
        assert_int_equal(p.live, 0);
        assert_int_equal(p.spare, 16 + 200 / 4);
    }
    pool_give(&p, NULL);
    pool_free(&p);
    assert_int_equal(p.spare, 0);
}

static void a_pool_of_tiny_objects_has_room_for_its_list(void **state)
{
    struct pool p;
    (void)state;
    pool_init(&p, "tiny", 1);
    pool_give(&p, pool_take(&p));
    pool_free(&p);
}

/* Sizes of all kinds, also larger than a piece; what stays does not move. */
static void a_fifo_gives_back_what_came_first(void **state)
{
    struct fifo f = {0};
    size_t before = mem_live_bytes(), first = 0;
    size_t *records[400];
    (void)state;
    assert_null(fifo_first(&f));
    for (size_t i = 0; i < 400; i++) {
        size_t size = sizeof(size_t) + i * i % 700 + (i % 97 == 96 ? 40000 : 0);
        records[i] = fifo_add(&f, size);
        assert_int_equal((uintptr_t)records[i] % 8, 0);
        memset(records[i], 0x55, size);
        *records[i] = size;
        for (; i % 3 == 0 && first < i / 2; first++) {
            assert_ptr_equal(fifo_first(&f), records[first]);
            fifo_drop(&f, *records[first]);
        }
    }
    for (; first < 390; first++) {
        assert_ptr_equal(fifo_first(&f), records[first]);
        fifo_drop(&f, *records[first]);
    }
    assert_true(mem_live_bytes() - before < 90000);
    for (; first < 400; first++)
        fifo_drop(&f, *records[first]);
    assert_int_equal(mem_live_bytes(), before);
    fifo_add(&f, 10);
    fifo_add(&f, 20000);
    fifo_free(&f);
    assert_int_equal(mem_live_bytes(), before);
}

struct thing {
    int number;
    struct list link;
};

static void a_list_keeps_its_order(void **state)
{
    struct list head;
    struct thing things[5] = {{.number = 0}, {.number = 1}, {.number = 2}, {.number = 3}, {.number = 4}};
    int expected = 0;
    (void)state;
    list_init(&head);
    assert_true(list_empty(&head));
    assert_null(list_first(&head));
    list_append(&head, &things[2].link);
    list_append(&head, &things[4].link);
    list_prepend(&head, &things[0].link);
    list_insert(&things[4].link, &things[3].link);
    list_insert(&things[2].link, &things[1].link);
    list_for_each (link, &head)
        assert_int_equal(list_entry(link, struct thing, link)->number, expected++);
    list_for_each_safe (link, next, &head)
        if (list_entry(link, struct thing, link)->number % 2 == 0)
            list_remove(link);
    assert_false(list_linked(&things[0].link));
    assert_true(list_linked(&things[1].link));
    list_remove(&things[0].link); /* of one in no list: nothing */
    assert_ptr_equal(list_first(&head), &things[1].link);
    list_remove(&things[1].link);
    list_remove(&things[3].link);
    assert_true(list_empty(&head));
}

TESTS("base/memory", cmocka_unit_test(an_arena_gives_aligned_memory_of_any_size),
    cmocka_unit_test(a_reset_keeps_one_small_chunk), cmocka_unit_test(a_pool_hands_out_zeroed_objects),
    cmocka_unit_test(a_pool_of_tiny_objects_has_room_for_its_list),
    cmocka_unit_test(a_fifo_gives_back_what_came_first), cmocka_unit_test(a_list_keeps_its_order))
