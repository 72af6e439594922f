#include "config/seal.h"

#include "base/error.h"
#include "base/mem.h"

#include "unit.h"

#define KEY SLICE("0123456789abcdef0123456789abcdef")
#define OTHER SLICE("0123456789abcdef0123456789abcdeg")

static json_t *phone(const char *number, const char *secret)
{
    return json_pack("{ss, ss, ss}", "number", number, "location", "home", "secret", secret);
}

static struct slice text_of(struct buffer *out, const json_t *body)
{
    buffer_clear(out);
    object_dump(out, body);
    return buffer_slice(out);
}

/* SEC-2 */
static void nothing_of_a_secret_is_to_be_seen(void **state)
{
    (void)state;
    struct buffer text = {0};
    json_t *body = phone("1001", "n5Qw8rYt2LkJ");
    object_seal(&kind_dn, body, KEY);
    assert_true(object_is_sealed(json_object_get(body, "secret")));
    assert_int_equal(slice_find_slice(text_of(&text, body), SLICE("n5Qw")), -1);
    assert_int_equal(object_unseal(&kind_dn, body, KEY), 0);
    assert_true(slice_equal(object_text(&kind_dn, body, "secret"), SLICE("n5Qw8rYt2LkJ")));
    json_decref(body);
    buffer_free(&text);
}

/* What is sealed compares: for dry runs, and so that a change of something else changes nothing here. */
static void the_same_text_in_the_same_place_is_sealed_the_same(void **state)
{
    (void)state;
    json_t *one = phone("1001", "n5Qw8rYt2LkJ"), *same = phone("1001", "n5Qw8rYt2LkJ"),
           *elsewhere = phone("1002", "n5Qw8rYt2LkJ"), *another = phone("1001", "n5Qw8rYt2LkK");
    object_seal(&kind_dn, one, KEY);
    object_seal(&kind_dn, same, KEY);
    object_seal(&kind_dn, elsewhere, KEY);
    object_seal(&kind_dn, another, KEY);
    assert_true(json_equal(one, same));
    object_seal(&kind_dn, same, KEY); /* sealed already */
    assert_true(json_equal(one, same));
    assert_false(json_equal(json_object_get(one, "secret"), json_object_get(elsewhere, "secret")));
    assert_false(json_equal(json_object_get(one, "secret"), json_object_get(another, "secret")));
    json_decref(one);
    json_decref(same);
    json_decref(elsewhere);
    json_decref(another);
}

static void is_nothing_elsewhere_nor_with_another_key(void **state)
{
    (void)state;
    json_t *one = phone("1001", "n5Qw8rYt2LkJ"), *other = phone("1002", "n5Qw8rYt2LkJ");
    object_seal(&kind_dn, one, KEY);
    json_object_set(other, "secret", json_object_get(one, "secret"));
    assert_int_equal(object_unseal(&kind_dn, other, KEY), ERROR_DENIED);
    assert_null(json_object_get(other, "secret"));
    json_t *copy = json_deep_copy(one);
    assert_int_equal(object_unseal(&kind_dn, copy, OTHER), ERROR_DENIED);
    assert_int_equal(object_unseal(&kind_dn, one, SLICE("")), ERROR_DENIED);
    json_decref(one);
    json_decref(other);
    json_decref(copy);
}

/* Bodies of a version that did not seal, and worlds without a key. */
static void what_is_in_clear_stays_readable(void **state)
{
    (void)state;
    json_t *body = phone("1001", "n5Qw8rYt2LkJ"), *clear = json_deep_copy(body);
    assert_int_equal(object_unseal(&kind_dn, body, KEY), 0);
    object_seal(&kind_dn, body, SLICE(""));
    assert_true(json_equal(body, clear));
    json_t *person = json_pack("{ss, ss}", "name", "ann", "password", "$argon2id$x");
    object_seal(&kind_person, person, KEY);
    assert_true(slice_equal(object_text(&kind_person, person, "password"), SLICE("$argon2id$x")));
    json_decref(person);
    json_decref(body);
    json_decref(clear);
}

static void whatever_is_wrong_with_it_is_refused(void **state)
{
    (void)state;
    static const char *const texts[] = {"", "A", "AAAA", "====", "!!!!", "AA=A",
        "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"};
    for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++) {
        json_t *body = json_pack("{ss, s{ss}}", "number", "1001", "secret", "sealed", texts[i]);
        assert_int_equal(object_unseal(&kind_dn, body, KEY), ERROR_DENIED);
        json_decref(body);
    }
    struct buffer sealed = {0}, out = {0};
    assert_int_equal(seal_add(&sealed, KEY, SLICE("p"), SLICE("some text")), 0);
    assert_int_equal(sealed.length, 9 + SEAL_MORE);
    for (size_t i = 0; i < sealed.length; i++) {
        sealed.data[i] ^= 1;
        assert_int_equal(seal_open(&out, KEY, SLICE("p"), buffer_slice(&sealed)), ERROR_DENIED);
        sealed.data[i] ^= 1;
    }
    assert_int_equal(seal_open(&out, KEY, SLICE("q"), buffer_slice(&sealed)), ERROR_DENIED);
    assert_int_equal(out.length, 0);
    assert_int_equal(seal_open(&out, KEY, SLICE("p"), buffer_slice(&sealed)), 0);
    assert_true(slice_equal(buffer_slice(&out), SLICE("some text")));
    buffer_clear(&sealed);
    buffer_clear(&out);
    assert_int_equal(seal_add(&sealed, KEY, SLICE("p"), SLICE("")), 0);
    assert_int_equal(seal_open(&out, KEY, SLICE("p"), buffer_slice(&sealed)), 0);
    assert_int_equal(out.length, 0);
    buffer_free(&sealed);
    buffer_free(&out);
}

TESTS("config/seal", cmocka_unit_test(nothing_of_a_secret_is_to_be_seen),
    cmocka_unit_test(the_same_text_in_the_same_place_is_sealed_the_same),
    cmocka_unit_test(is_nothing_elsewhere_nor_with_another_key),
    cmocka_unit_test(what_is_in_clear_stays_readable), cmocka_unit_test(whatever_is_wrong_with_it_is_refused))
