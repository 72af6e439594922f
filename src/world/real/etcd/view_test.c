#include "world/real/etcd/view.h"

#include "unit.h"

static char told[512];
static size_t length;

static void change_h(void *argument, const struct etcd_entry *e)
{
    (void)argument;
    length += (size_t)snprintf(told + length, sizeof told - length, e->gone ? "%.*s-@%llu " : "%.*s@%llu ",
        SLICE_ARG(e->key), (unsigned long long)e->revision);
}

static const char *heard(void)
{
    length = 0;
    return told;
}

static struct etcd_entry entry(const char *key, uint64_t revision)
{
    return (struct etcd_entry){.key = slice_text(key), .value = SLICE("v"), .revision = revision};
}

static void event(struct etcd_view *v, const char *key, uint64_t revision, bool gone)
{
    struct etcd_entry e = entry(key, revision);
    e.gone = gone;
    etcd__view_event(v, &e);
    etcd__view_reached(v, revision);
}

static struct etcd_view opened(void)
{
    length = 0;
    told[0] = '\0';
    return (struct etcd_view){.change_h = change_h};
}

static void events_bring_changes_in_order(void **state)
{
    (void)state;
    struct etcd_view v = opened();
    event(&v, "b", 1, false);
    event(&v, "a", 2, false);
    event(&v, "b", 3, false);
    event(&v, "b", 4, true);
    event(&v, "b", 5, true); /* was not there */
    event(&v, "a", 2, true); /* of before */
    assert_string_equal(heard(), "b@1 a@2 b@3 b-@4 ");
    told[0] = '\0';
    etcd__view_tell(&v, SLICE(""), change_h, NULL);
    assert_string_equal(heard(), "a@2 ");
    etcd__view_free(&v);
}

static void a_look_finds_what_nobody_said(void **state)
{
    (void)state;
    struct etcd_view v = opened();
    const struct etcd_entry first[] = {entry("a", 1), entry("b", 2), entry("d", 3)};
    const struct etcd_entry second[] = {entry("a", 1), entry("b", 7), entry("c", 8), entry("e", 9)};
    assert_int_equal(etcd__view_look(&v, first, 3, 5), 3);
    assert_string_equal(heard(), "a@1 b@2 d@3 ");
    assert_int_equal(etcd__view_look(&v, first, 3, 6), 0);
    assert_int_equal(etcd__view_look(&v, second, 4, 10), 4);
    assert_string_equal(heard(), "b@7 c@8 d-@10 e@9 ");
    event(&v, "d", 9, true); /* the stream says so later */
    event(&v, "b", 7, false);
    assert_int_equal(length, 0);
    event(&v, "d", 11, false);
    assert_string_equal(heard(), "d@11 ");
    assert_int_equal(etcd__view_look(&v, NULL, 0, 12), 5);
    assert_string_equal(heard(), "a-@12 b-@12 c-@12 d-@12 e-@12 ");
    etcd__view_free(&v);
}

/* It was under way while the stream has told more. */
static void a_look_of_before_changes_nothing(void **state)
{
    (void)state;
    struct etcd_view v = opened();
    const struct etcd_entry entries[] = {entry("a", 1)};
    etcd__view_look(&v, entries, 1, 5);
    event(&v, "a", 6, true);
    event(&v, "b", 7, false);
    heard();
    assert_int_equal(etcd__view_look(&v, entries, 1, 5), 0);
    assert_int_equal(etcd__view_look(&v, entries, 1, 6), 0);
    assert_int_equal(length, 0);
    etcd__view_free(&v);
}

static void who_comes_is_told_what_begins_so(void **state)
{
    (void)state;
    struct etcd_view v = opened();
    const struct etcd_entry entries[] = {entry("a", 1), entry("b/1", 2), entry("b/2", 3), entry("c", 4)};
    etcd__view_look(&v, entries, 4, 5);
    heard();
    etcd__view_tell(&v, SLICE("b/"), change_h, NULL);
    assert_string_equal(heard(), "b/1@2 b/2@3 ");
    told[0] = '\0';
    etcd__view_tell(&v, SLICE("b/3"), change_h, NULL);
    assert_string_equal(heard(), "");
    etcd__view_free(&v);
}

TESTS("world/real/etcd/view", cmocka_unit_test(events_bring_changes_in_order),
    cmocka_unit_test(a_look_finds_what_nobody_said), cmocka_unit_test(a_look_of_before_changes_nothing),
    cmocka_unit_test(who_comes_is_told_what_begins_so))
