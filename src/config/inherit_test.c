#include "config/inherit.h"

#include "config/config_fixture.h"

#include "unit.h"

static void put(struct catalogue *c, const char *kind, const char *name, const char *body)
{
    catalogue_put(c, &(struct object){kind_find(slice_text(kind)), slice_text(name), slice_text(body), 1});
}

static json_t *show(const struct catalogue *c, const char *kind, const char *name)
{
    json_t *shown =
        catalogue_show(c, catalogue_get(c, kind_find(slice_text(kind)), slice_text(name)), SLICE(""), false);
    assert_non_null(shown);
    return shown;
}

static void inherits(const json_t *shown, const char *field, const char *value, const char *from)
{
    struct buffer text = {0};
    const json_t *i = json_object_get(json_object_get(shown, "inherited"), field);
    object_dump(&text, json_object_get(i, "value"));
    buffer_add_byte(&text, '\0');
    assert_string_equal(text.data, value);
    assert_string_equal(json_string_value(json_object_get(i, "from")), from);
    assert_null(json_object_get(shown, field));
    buffer_free(&text);
}

/* CF-2: a value is that of the nearest level, and it can be asked where it comes from. */
static void a_value_comes_from_the_nearest_level(void **state)
{
    (void)state;
    struct catalogue *c = catalogue_new();
    put(c, "location", "home", "{\"name\":\"home\",\"register_longest\":900}");
    json_t *shown = show(c, "location", "home");
    inherits(shown, "sha256", "false", "default");
    inherits(shown, "register_shortest", "60", "default");
    assert_int_equal(json_integer_value(json_object_get(shown, "register_longest")), 900);
    assert_null(json_object_get(json_object_get(shown, "inherited"), "register_longest"));
    json_decref(shown);
    put(c, "cluster", "cluster", "{\"name\":\"cluster\",\"sha256\":true,\"register_longest\":1800}");
    shown = show(c, "location", "home");
    inherits(shown, "sha256", "true", "cluster cluster");
    inherits(shown, "register_standard", "3600", "default");
    assert_int_equal(json_integer_value(json_object_get(shown, "register_longest")), 900);
    json_decref(shown);
    catalogue_free(c);
}

/* What is shown can be edited and put again, and what was inherited stays inherited. */
static void what_is_shown_can_be_put_again(void **state)
{
    (void)state;
    struct catalogue *c = catalogue_new();
    struct object_complaint complaint = {0};
    int error;
    put(c, "cluster", "cluster", "{\"name\":\"cluster\",\"sha256\":true}");
    put(c, "location", "home", "{\"name\":\"home\"}");
    json_t *shown = show(c, "location", "home");
    json_t *kept = object_check(&error, &kind_location, SLICE("home"), shown, NULL, &complaint);
    assert_non_null(kept);
    assert_null(json_object_get(kept, "sha256"));
    assert_null(json_object_get(kept, "inherited"));
    json_decref(kept);
    json_decref(shown);
    object_complaint_free(&complaint);
    catalogue_free(c);
}

/* ---- more levels than there are kinds with inherited values at present ---- */

static const struct field cluster_fields[] = {
    {.name = "name", .type = FIELD_NAME}, {.name = "ring", .type = FIELD_INTEGER, .standard = "60"}};
static const struct kind levels[] = {
    {"cluster", "", cluster_fields, 2, "", .single = "cluster"},
    {"location", "",
        (const struct field[]){{.name = "name", .type = FIELD_NAME},
            {.name = "ring", .type = FIELD_INTEGER, .flags = FIELD_INHERITED}},
        2, "", .above = &levels[0]},
    {"group", "",
        (const struct field[]){{.name = "name", .type = FIELD_NAME},
            {.name = "location", .type = FIELD_REFERENCE, .refers = "location"},
            {.name = "ring", .type = FIELD_INTEGER, .flags = FIELD_INHERITED}},
        3, "", .above = &levels[1]},
    {"agent", "",
        (const struct field[]){{.name = "name", .type = FIELD_NAME},
            {.name = "group", .type = FIELD_REFERENCE, .refers = "group"},
            {.name = "ring", .type = FIELD_INTEGER, .flags = FIELD_INHERITED}},
        3, "", .above = &levels[2]},
};

struct world {
    int cluster, location, group; /* what each says; 0: nothing */
    bool away;                    /* the group does not exist */
};

static json_t *find_h(void *argument, const struct kind *k, struct slice name)
{
    const struct world *w = argument;
    int says = k == &levels[0] ? w->cluster : k == &levels[1] ? w->location : w->group;
    assert_true(slice_equal(name, k == &levels[0]   ? SLICE("cluster")
                                  : k == &levels[1] ? SLICE("home")
                                                    : SLICE("sales")));
    if (k == &levels[2] && w->away)
        return NULL;
    json_t *body = json_pack("{ss, ss}", "location", "home", "group", "sales");
    if (says != 0)
        json_object_set_new(body, "ring", json_integer(says));
    return body;
}

static void says(struct world w, int value, const char *where)
{
    struct buffer from = {0};
    json_t *body = json_pack("{ss}", "group", "sales");
    json_t *found = inherit_value(&from, &levels[3], body, "ring", &(struct inherit_means){&w, find_h});
    assert_int_equal(json_integer_value(found), value);
    buffer_add_byte(&from, '\0');
    assert_string_equal(from.data, where);
    json_decref(found);
    json_decref(body);
    buffer_free(&from);
}

/* CF-2: cluster, location, group, agent. */
static void every_level_can_say_it(void **state)
{
    (void)state;
    says((struct world){0}, 60, "default");
    says((struct world){.cluster = 50}, 50, "cluster cluster");
    says((struct world){.cluster = 50, .location = 40}, 40, "location home");
    says((struct world){.cluster = 50, .location = 40, .group = 30}, 30, "group sales");
    says((struct world){.group = 30, .away = true}, 60, "default");
}

/* ---- the copies have the same values ---- */

static const struct config_phones *built(struct configuration **out, const struct catalogue *c)
{
    *out = config_fixture_build(c);
    return &config_location(*out, SLICE("home"))->phones;
}

static json_int_t shown_value(const json_t *shown, const char *field)
{
    const json_t *value = json_object_get(shown, field);
    if (value == NULL)
        value = json_object_get(json_object_get(json_object_get(shown, "inherited"), field), "value");
    return json_is_boolean(value) ? json_is_true(value) : json_integer_value(value);
}

/* CF-2 */
static void roles_have_the_values_that_are_shown(void **state)
{
    (void)state;
    static const char *const clusters[] = {NULL, "{\"name\":\"cluster\"}",
        "{\"name\":\"cluster\",\"sha256\":true,\"register_standard\":300,\"register_shortest\":30,"
        "\"register_longest\":3000}"};
    static const char *const locations[] = {"{\"name\":\"home\"}",
        "{\"name\":\"home\",\"sha256\":false,\"register_standard\":200}",
        "{\"name\":\"home\",\"sha256\":true,\"register_shortest\":100,\"register_longest\":4000}"};
    for (size_t i = 0; i < 3; i++)
        for (size_t k = 0; k < 3; k++) {
            struct catalogue *c = catalogue_new();
            struct configuration *copy;
            if (clusters[i] != NULL)
                put(c, "cluster", "cluster", clusters[i]);
            put(c, "location", "home", locations[k]);
            const struct config_phones *p = built(&copy, c);
            json_t *shown = show(c, "location", "home");
            assert_int_equal(p->sha256, shown_value(shown, "sha256"));
            assert_int_equal(p->register_standard, shown_value(shown, "register_standard"));
            assert_int_equal(p->register_shortest, shown_value(shown, "register_shortest"));
            assert_int_equal(p->register_longest, shown_value(shown, "register_longest"));
            json_decref(shown);
            config_release(copy);
            catalogue_free(c);
        }
}

/* Levels are checked apart, so that what is inherited may not fit what is said. */
static void times_that_contradict_each_other_are_brought_together(void **state)
{
    (void)state;
    struct catalogue *c = catalogue_new();
    struct configuration *copy;
    put(c, "cluster", "cluster", "{\"name\":\"cluster\",\"register_longest\":100}");
    put(c, "location", "home", "{\"name\":\"home\",\"register_shortest\":200}");
    const struct config_phones *p = built(&copy, c);
    assert_int_equal(p->register_shortest, 200);
    assert_int_equal(p->register_standard, 200);
    assert_int_equal(p->register_longest, 200);
    config_release(copy);
    catalogue_free(c);
}

TESTS("config/inherit", cmocka_unit_test(a_value_comes_from_the_nearest_level),
    cmocka_unit_test(what_is_shown_can_be_put_again), cmocka_unit_test(every_level_can_say_it),
    cmocka_unit_test(roles_have_the_values_that_are_shown),
    cmocka_unit_test(times_that_contradict_each_other_are_brought_together))
