#include "config/object.h"

#include "base/error.h"

#include "unit.h"

static json_t *check_before(int *error, const char *kind, const char *name, const char *body,
    const json_t *before, struct object_complaint *c)
{
    json_t *json = object_parse(slice_text(body), c);
    assert_non_null(json);
    json_t *kept = object_check(error, kind_find(slice_text(kind)), slice_text(name), json, before, c);
    json_decref(json);
    return kept;
}

static void assert_text(const struct buffer *b, const char *text)
{
    char *copy = strndup(b->length != 0 ? b->data : "", b->length);
    assert_string_equal(copy, text);
    free(copy);
}

static void keeps(const char *kind, const char *name, const char *body, const char *kept_text)
{
    struct object_complaint c = {0};
    struct buffer text = {0};
    int error;
    json_t *kept = check_before(&error, kind, name, body, NULL, &c);
    assert_text(&c.sentence, "");
    assert_non_null(kept);
    object_dump(&text, kept);
    assert_text(&text, kept_text);
    json_decref(kept);
    buffer_free(&text);
    object_complaint_free(&c);
}

static void refuses(const char *kind, const char *name, const char *body, int expected, const char *path,
    const char *sentence)
{
    struct object_complaint c = {0};
    int error;
    assert_null(check_before(&error, kind, name, body, NULL, &c));
    assert_text(&c.path, path);
    assert_text(&c.sentence, sentence);
    assert_int_equal(error, expected);
    object_complaint_free(&c);
}

/* CF-1: what is kept has the fields in the order of the table, and only what was given. */
static void keeps_what_was_given(void **state)
{
    (void)state;
    keeps("dn", "1001", "{\"location\":\"home\",\"version\":4,\"name\":\"Gr\xc3\xbc\xc3\x9f\"}",
        "{\"number\":\"1001\",\"name\":\"Gr\xc3\xbc\xc3\x9f\",\"location\":\"home\"}");
    keeps("dn", "", "{\"number\":\"*98#\",\"location\":\"home\",\"secret\":null}",
        "{\"number\":\"*98#\",\"location\":\"home\"}");
    keeps("application", "p",
        "{\"role\":\"proxy\",\"location\":\"home\",\"listen\":[\"udp:127.0.0.1:5060\"]}",
        "{\"name\":\"p\",\"role\":\"proxy\",\"location\":\"home\",\"listen\":[\"udp:127.0.0.1:5060\"]}");
}

static void says_where_and_what_is_wrong(void **state)
{
    (void)state;
    refuses("trunk-group", "home", "{\"relm\":\"x\"}", ERROR_UNSUPPORTED, "/relm",
        "is no field of a trunk-group; there are name, display_name, capacity");
    refuses("location", "home", "[]", ERROR_SYNTAX, "", "must be a JSON object");
    refuses("location", "home", "{\"name\":\"away\"}", ERROR_CONFLICT, "/name",
        "is not the name that the path says");
    refuses("location", "", "{}", ERROR_RANGE, "/name", "is required");
    refuses(
        "location", "a b", "{}", ERROR_SYNTAX, "/name", "may have letters, digits, '-', '_' and '.' only");
    refuses("dn", "1", "{}", ERROR_RANGE, "/location", "is required");
    refuses("dn", "1", "{\"location\":7}", ERROR_SYNTAX, "/location", "must be a text");
    refuses("dn", "1", "{\"location\":\"home\",\"disabled\":\"no\"}", ERROR_SYNTAX, "/disabled",
        "must be true or false");
    refuses("dn", "1", "{\"location\":\"home\",\"kind\":\"fax\"}", ERROR_RANGE, "/kind",
        "must be one of extension");
    refuses("dn", "1", "{\"location\":\"home\",\"secret\":\"short\"}", ERROR_LIMIT, "/secret",
        "must have 8 to 64 bytes, it has 5");
    refuses("dn", "1", "{\"location\":\"home\",\"name\":\"a\\nb\"}", ERROR_SYNTAX, "/name",
        "has a control character");
    refuses("application", "p",
        "{\"role\":\"proxy\",\"location\":\"home\",\"listen\":[\"udp:1.2.3.4:5\",\"x\"]}", ERROR_SYNTAX,
        "/listen/1", "is no endpoint; write it like \"udp:127.0.0.1:5060\"");
    refuses("application", "p", "{\"role\":\"proxy\",\"location\":\"home\",\"pair\":\"x\"}",
        ERROR_UNSUPPORTED, "/pair", "does not exist for an application of this role");
    refuses(
        "application", "n", "{\"role\":\"node\",\"location\":\"home\"}", ERROR_RANGE, "/pair", "is required");
}

/* SEC-4: bounded in size and depth before anything recursive sees it. */
static void refuses_what_is_no_json(void **state)
{
    (void)state;
    static const char *const bad[] = {
        "", "{", "{\"a\":1,\"a\":2}", "{} x", "[[[[[[[[[1]]]]]]]]]", "{\"a\":\"\xff\"}"};
    struct object_complaint c = {0};
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        assert_null(object_parse(slice_text(bad[i]), &c));
        assert_true(c.sentence.length > 0);
        buffer_clear(&c.sentence);
    }
    char *large = test_calloc(1, OBJECT_BYTES + 1);
    assert_null(object_parse(slice_of(large, OBJECT_BYTES + 1), &c));
    assert_text(&c.sentence, "is larger than 64 KiB");
    test_free(large);
    object_complaint_free(&c);
}

/* SEC-2: a password is never kept in clear and never printed, even one that looks like a hash is hashed. */
static void passwords_go_in_only(void **state)
{
    (void)state;
    const struct kind *person = kind_find(SLICE("person"));
    struct object_complaint c = {0};
    struct slice password = {0};
    struct buffer text = {0};
    int error;
    json_t *kept =
        check_before(&error, "person", "grace", "{\"password\":\"$argon2id$v=19$fake\"}", NULL, &c);
    assert_true(object_password(&password, person, kept));
    assert_true(slice_equal(password, SLICE("$argon2id$v=19$fake")));
    object_set_password(person, kept, SLICE("$argon2id$hash"));
    assert_false(object_password(&password, person, kept));
    json_t *shown = object_show(person, kept, 3, true);
    object_dump(&text, shown);
    assert_text(&text,
        "{\"version\":3,\"name\":\"grace\",\"display_name\":\"\",\"role\":\"agent\",\"disabled\":false}");
    json_t *after = check_before(&error, "person", "grace", "{\"role\":\"supervisor\"}", kept, &c);
    assert_true(slice_equal(object_text(person, after, "password"), SLICE("$argon2id$hash")));
    json_decref(after);
    after = check_before(&error, "person", "grace", "{\"password\":null}", kept, &c);
    assert_null(json_object_get(after, "password"));
    json_decref(after);
    json_decref(shown);
    json_decref(kept);
    buffer_free(&text);
    object_complaint_free(&c);
}

static void shows_secrets_only_when_asked(void **state)
{
    (void)state;
    const struct kind *dn = kind_find(SLICE("dn"));
    struct object_complaint c = {0};
    int error;
    json_t *kept =
        check_before(&error, "dn", "1", "{\"location\":\"home\",\"secret\":\"12345678\"}", NULL, &c);
    json_t *open = object_show(dn, kept, 1, true), *closed = object_show(dn, kept, 1, false);
    assert_non_null(json_object_get(open, "secret"));
    assert_null(json_object_get(closed, "secret"));
    json_decref(open);
    json_decref(closed);
    json_decref(kept);
    object_complaint_free(&c);
}

/* Every default and every sample of the tables passes the check of its own field. */
static void tables_agree_with_themselves(void **state)
{
    (void)state;
    const struct kind *k;
    for (size_t at = 0; (k = kind_next(&at)) != NULL;) {
        json_t *body = json_object();
        const struct field *role = field_find(k, SLICE("role"));
        struct slice chosen = slice_text(role != NULL && role->refers == NULL ? role->sample : "\"\"");
        chosen = slice_of(chosen.data + 1, chosen.length - 2);
        assert_int_not_equal(k->fields[0].flags & FIELD_REQUIRED, 0);
        for (size_t i = 0; i < k->field_count; i++) {
            const struct field *f = &k->fields[i];
            assert_true(f->refers == NULL || kind_find(slice_text(f->refers)) != NULL);
            if (field_applies(f, chosen))
                json_object_set_new(body, f->name, json_loads(f->sample, JSON_DECODE_ANY, NULL));
        }
        struct object_complaint c = {0};
        int error;
        json_t *kept = object_check(&error, k, (struct slice){0}, body, NULL, &c);
        assert_text(&c.sentence, "");
        assert_non_null(kept);
        json_decref(kept);
        json_decref(body);
        object_complaint_free(&c);
    }
}

static void describes_itself(void **state)
{
    (void)state;
    struct buffer markdown = {0}, json = {0};
    kind_reference(&markdown);
    kind_describe(&json);
    assert_true(slice_find_slice(buffer_slice(&markdown), SLICE("| `secret` | text | 8 to 64 bytes")) > 0);
    json_t *parsed = json_loadb(json.data, json.length, 0, NULL);
    size_t kinds = 0;
    while (kind_next(&kinds) != NULL)
        ;
    assert_int_equal(json_array_size(json_object_get(parsed, "kinds")), kinds);
    json_decref(parsed);
    buffer_free(&markdown);
    buffer_free(&json);
}

TESTS("config/object", cmocka_unit_test(keeps_what_was_given), cmocka_unit_test(says_where_and_what_is_wrong),
    cmocka_unit_test(refuses_what_is_no_json), cmocka_unit_test(passwords_go_in_only),
    cmocka_unit_test(shows_secrets_only_when_asked), cmocka_unit_test(tables_agree_with_themselves),
    cmocka_unit_test(describes_itself))
