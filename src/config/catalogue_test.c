#include "config/catalogue.h"

#include "base/error.h"

#include "unit.h"

static struct object object(const char *kind, const char *name, const char *body)
{
    return (struct object){kind_find(slice_text(kind)), slice_text(name), slice_text(body), 1};
}

static void put(struct catalogue *c, const char *kind, const char *name, const char *body)
{
    struct object o = object(kind, name, body);
    catalogue_put(c, &o);
}

static struct catalogue *sample(void)
{
    struct catalogue *c = catalogue_new();
    put(c, "dn", "1003", "{\"number\":\"1003\",\"location\":\"home\"}");
    put(c, "dn", "1001", "{\"number\":\"1001\",\"location\":\"home\",\"secret\":\"12345678\"}");
    put(c, "dn", "1002", "{\"number\":\"1002\",\"location\":\"home\"}");
    put(c, "location", "home", "{\"name\":\"home\"}");
    put(c, "location", "away", "{\"name\":\"away\"}");
    put(c, "application", "n1", "{\"name\":\"n1\",\"role\":\"node\",\"location\":\"home\",\"pair\":\"p\"}");
    return c;
}

static void lists_in_order_and_in_parts(void **state)
{
    (void)state;
    struct catalogue *c = sample();
    const struct kind *dn = kind_find(SLICE("dn"));
    const struct object *list[2];
    assert_int_equal(catalogue_list(list, 2, c, dn, (struct slice){0}), 2);
    assert_true(slice_equal(list[1]->name, SLICE("1002")));
    assert_int_equal(catalogue_list(list, 2, c, dn, SLICE("1002")), 1);
    assert_true(slice_equal(list[0]->name, SLICE("1003")));
    assert_int_equal(catalogue_list(list, 2, c, dn, SLICE("10015")), 2);
    put(c, "dn", "1002", "{\"number\":\"1002\",\"location\":\"away\"}");
    assert_int_equal(catalogue_count(c), 6);
    catalogue_remove(c, dn, SLICE("1002"));
    catalogue_remove(c, dn, SLICE("1002"));
    assert_null(catalogue_get(c, dn, SLICE("1002")));
    assert_int_equal(catalogue_count(c), 5);
    catalogue_free(c);
}

static void builds_rows_from_bodies(void **state)
{
    (void)state;
    struct config_builder *b = config_builder_new();
    struct object objects[] = {
        object("location", "home", "{\"name\":\"home\",\"realm\":\"r\",\"of_a_newer_version\":1}"),
        object(
            "dn", "1", "{\"number\":\"1\",\"location\":\"home\",\"secret\":\"12345678\",\"disabled\":true}"),
        object("person", "a", "{\"name\":\"a\",\"role\":\"administrator\",\"password\":\"$argon2id$x\"}"),
        object("application", "n", "{\"name\":\"n\",\"role\":\"node\",\"location\":\"home\",\"pair\":\"p\"}"),
        object("application", "s",
            "{\"name\":\"s\",\"role\":\"session\",\"location\":\"home\",\"listen\":[\"tls:127.0.0.1:1\"]}"),
        object("application", "x", "{\"name\":\"x\",\"role\":\"invented later\",\"location\":\"home\"}"),
    };
    for (size_t i = 0; i < sizeof objects / sizeof objects[0]; i++)
        assert_int_equal(object_build(b, &objects[i]), 0);
    struct object torn = object("dn", "2", "{\"num");
    assert_int_equal(object_build(b, &torn), ERROR_CORRUPT);
    struct configuration *c;
    assert_int_equal(config_builder_end(&c, b, NULL), 0);
    assert_true(config_dn(c, SLICE("1"))->disabled);
    assert_int_equal(config_dn(c, SLICE("1"))->digests, 7);
    assert_true(slice_equal(config_person(c, SLICE("a"))->password, SLICE("$argon2id$x")));
    assert_true(slice_equal(config_application(c, SLICE("n"))->link, SLICE("local:n-link")));
    assert_true(slice_equal(config_application(c, SLICE("n"))->inside, SLICE("local:n")));
    assert_int_equal(config_application(c, SLICE("s"))->listen.count, 1);
    assert_null(config_application(c, SLICE("x")));
    config_release(c);
}

TESTS("config/catalogue", cmocka_unit_test(lists_in_order_and_in_parts),
    cmocka_unit_test(builds_rows_from_bodies))
