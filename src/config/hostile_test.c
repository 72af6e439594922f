/* Objects of every kind as nobody should write them. The tables of kinds are walked, so that a new kind and a
 * new field are tried without a word here. SEC-4, CF-1. */
#include "base/error.h"
#include "config/object.h"

#include "unit.h"

#define BIG ((size_t)10 << 20)

/* The samples of the table: an object that is right. */
static json_t *sample(const struct kind *k)
{
    json_t *body = json_object();
    for (size_t i = 0; i < k->field_count; i++)
        json_object_set_new(body, k->fields[i].name, json_loads(k->fields[i].sample, JSON_DECODE_ANY, NULL));
    struct slice role = object_text(k, body, "role");
    for (size_t i = 0; i < k->field_count; i++)
        if (!field_applies(&k->fields[i], role))
            json_object_del(body, k->fields[i].name);
    return body;
}

static bool is_taken(const struct kind *k, const json_t *body, struct object_complaint *c)
{
    int error;
    buffer_clear(&c->path);
    buffer_clear(&c->sentence);
    json_t *kept = object_check(&error, k, (struct slice){0}, body, NULL, c);
    bool taken = kept != NULL;
    json_decref(kept);
    assert_int_equal(taken, error == 0);
    return taken;
}

/* Refused, and the complaint says where. */
static void is_refused(const struct kind *k, const json_t *body, const char *field)
{
    struct object_complaint c = {0};
    if (is_taken(k, body, &c))
        fail_msg("%s with a wrong %s is taken", k->name, field);
    struct buffer path = {0};
    buffer_add_format(&path, "/%s", field);
    if (!slice_starts(buffer_slice(&c.path), buffer_slice(&path)) || c.sentence.length == 0)
        fail_msg("%s with a wrong %s: the path is %.*s", k->name, field, SLICE_ARG(buffer_slice(&c.path)));
    buffer_free(&path);
    object_complaint_free(&c);
}

static void samples_are_right(void **state)
{
    (void)state;
    const struct kind *k;
    for (size_t at = 0; (k = kind_next(&at)) != NULL;) {
        struct object_complaint c = {0};
        json_t *body = sample(k);
        if (!is_taken(k, body, &c))
            fail_msg("the sample of %s: %.*s %.*s", k->name, SLICE_ARG(buffer_slice(&c.path)),
                SLICE_ARG(buffer_slice(&c.sentence)));
        json_decref(body);
        object_complaint_free(&c);
    }
}

static bool may_be(const struct field *f, const json_t *value)
{
    if ((f->flags & FIELD_LIST) != 0)
        return json_is_array(value);
    if (f->type == FIELD_FLAG)
        return json_is_boolean(value);
    return f->type == FIELD_INTEGER ? json_is_integer(value) : json_is_string(value);
}

static void wrong_types_are_refused_everywhere(void **state)
{
    static const char *const values[] = {"true", "7", "-1", "1e300", "0.5", "\"\\u0001\"", "[]", "[[]]",
        "[{}]", "[null]", "{}", "{\"sealed\":\"AAAA\"}", "{\"clear\":\"x\"}"};
    (void)state;
    const struct kind *k;
    for (size_t at = 0; (k = kind_next(&at)) != NULL;)
        for (size_t i = 0; i < k->field_count; i++)
            for (size_t v = 0; v < sizeof values / sizeof values[0]; v++) {
                const struct field *f = &k->fields[i];
                json_t *body = sample(k), *value = json_loads(values[v], JSON_DECODE_ANY, NULL);
                bool wrong = !may_be(f, value) || json_is_string(value) || json_array_size(value) != 0 ||
                             (f->type == FIELD_INTEGER && json_integer_value(value) < f->minimum);
                if (json_object_get(body, f->name) != NULL && wrong) {
                    json_object_set(body, f->name, value);
                    is_refused(k, body, f->name);
                }
                json_decref(value);
                json_decref(body);
            }
}

/* Texts past their bounds, lists with too many items, numbers beyond the limits, references to themselves
 * with letters that no name has. */
static void limits_hold_everywhere(void **state)
{
    (void)state;
    const struct kind *k;
    for (size_t at = 0; (k = kind_next(&at)) != NULL;)
        for (size_t i = 0; i < k->field_count; i++) {
            const struct field *f = &k->fields[i];
            json_t *body = sample(k), *value = NULL;
            size_t length = f->type != FIELD_INTEGER ? (size_t)f->maximum + 1 : 0;
            char *text = calloc(length + 1, 1);
            memset(text, 'a', length);
            if (f->type == FIELD_INTEGER)
                value = json_integer(f->maximum < INT64_MAX ? f->maximum + 1 : f->minimum - 1);
            else if (f->type != FIELD_FLAG)
                value = json_string(text);
            if ((f->flags & FIELD_LIST) != 0) {
                json_t *list = json_array();
                for (size_t n = 0; n <= FIELD_LIST_ITEMS; n++)
                    json_array_append(list, json_array_get(json_object_get(body, f->name), 0));
                json_decref(value);
                value = list;
            }
            if (value != NULL && json_object_get(body, f->name) != NULL) {
                json_object_set(body, f->name, value);
                is_refused(k, body, f->name);
            }
            free(text);
            json_decref(value);
            json_decref(body);
        }
}

static void unknown_and_missing_fields_are_named(void **state)
{
    (void)state;
    const struct kind *k;
    for (size_t at = 0; (k = kind_next(&at)) != NULL;) {
        json_t *body = sample(k);
        json_object_set_new(body, "no_such_field", json_true());
        is_refused(k, body, "no_such_field");
        json_decref(body);
        for (size_t i = 0; i < k->field_count; i++) {
            body = sample(k);
            json_object_del(body, k->fields[i].name);
            if ((k->fields[i].flags & FIELD_REQUIRED) != 0 &&
                field_applies(&k->fields[i], object_text(k, body, "role")))
                is_refused(k, body, k->fields[i].name);
            json_decref(body);
        }
        struct object_complaint c = {0};
        json_t *other = json_array();
        assert_false(is_taken(k, other, &c));
        json_decref(other);
        object_complaint_free(&c);
    }
}

/* 10 MB, nested without end, twice the same field, torn: the text never gets to a kind. */
static void texts_that_are_too_much_are_no_objects(void **state)
{
    (void)state;
    struct buffer big = {0}, deep = {0};
    buffer_add_text(&big, "{\"name\":\"");
    char *room = buffer_room(&big, BIG);
    memset(room, 'a', BIG);
    big.length += BIG;
    buffer_add_text(&big, "\"}");
    for (int i = 0; i < 100000; i++)
        buffer_add_text(&deep, i % 2 == 0 ? "{\"a\":" : "[");
    const struct slice texts[] = {buffer_slice(&big), buffer_slice(&deep),
        SLICE("{\"name\":\"a\",\"name\":\"b\"}"), SLICE("{\"name\":\"a\""), SLICE(""), SLICE("\xff\xfe"),
        SLICE("{\"name\":\"\xc3\"}")};
    for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++) {
        struct object_complaint c = {0};
        assert_null(object_parse(texts[i], &c));
        assert_int_not_equal(c.sentence.length, 0);
        object_complaint_free(&c);
    }
    buffer_free(&big);
    buffer_free(&deep);
}

/* References go from later kinds to earlier ones, so that no objects can refer to each other in a circle. */
static void kinds_cannot_refer_in_circles(void **state)
{
    (void)state;
    const struct kind *k;
    for (size_t at = 0; (k = kind_next(&at)) != NULL;) {
        for (size_t i = 0; i < k->field_count; i++)
            if (k->fields[i].refers != NULL) {
                const struct kind *other = kind_find(slice_text(k->fields[i].refers));
                assert_non_null(other);
                assert_true(kind_number(other) < kind_number(k));
            }
        assert_true(k->above == NULL || kind_number(k->above) < kind_number(k));
    }
}

TESTS("config/hostile", cmocka_unit_test(samples_are_right),
    cmocka_unit_test(wrong_types_are_refused_everywhere), cmocka_unit_test(limits_hold_everywhere),
    cmocka_unit_test(unknown_and_missing_fields_are_named),
    cmocka_unit_test(texts_that_are_too_much_are_no_objects), cmocka_unit_test(kinds_cannot_refer_in_circles))
