#include "config/load.h"

#include <stdio.h>

#include "base/error.h"
#include "config/config_fixture.h"
#include "engine/store/store.h"
#include "wire/engine.pb-c.h"
#include "wire/pack.h"

#include "unit.h"

static int ask_h(void *argument, struct slice request, struct buffer *answer)
{
    int error = 0;
    return store_run(answer, &error, argument, request) == ANSWER_YES ? 0 : error;
}

static struct store *open_store(void)
{
    struct store *s;
    struct store_options options = {.path = ":memory:"};
    assert_int_equal(store_open(&s, &options), 0);
    return s;
}

static void put(struct store *s, const char *kind, const char *name, const char *body)
{
    Tandem__StoreRequest request = TANDEM__STORE_REQUEST__INIT;
    Tandem__StoreStatement statement = TANDEM__STORE_STATEMENT__INIT, *statements = &statement;
    Tandem__StoreValue values[6], *parameters[6];
    const char *texts[6] = {kind, name, body, NULL, NULL, "test"};
    struct buffer packed = {0}, answer = {0};
    for (size_t i = 0; i < 6; i++) {
        parameters[i] = &values[i];
        tandem__store_value__init(&values[i]);
        values[i].text = (char *)(uintptr_t)texts[i];
        values[i].has_number = texts[i] == NULL;
    }
    statement.name = (char[]){"object_put"};
    statement.parameters = parameters;
    statement.n_parameters = 6;
    request.statements = &statements;
    request.n_statements = 1;
    pack_add(&packed, &request.base);
    assert_int_equal(ask_h(s, buffer_slice(&packed), &answer), 0);
    buffer_free(&packed);
    buffer_free(&answer);
}

static void load(struct config_load *l, struct store *s)
{
    config_load_begin(l);
    while (!l->done) {
        struct buffer request = {0}, answer = {0};
        config_load_request(l, &request);
        assert_int_equal(ask_h(s, buffer_slice(&request), &answer), 0);
        assert_int_equal(config_load_take(l, buffer_slice(&answer)), 0);
        buffer_free(&request);
        buffer_free(&answer);
    }
}

/* More than fits into one answer, and something of a version to come. */
static void reads_all_pages_of_the_store(void **state)
{
    (void)state;
    struct store *s = open_store();
    struct config_load l;
    put(s, "zeppelin", "of a newer version", "{}");
    put(s, "location", "home", "{\"name\":\"home\"}");
    for (int i = 0; i < 250; i++) {
        char name[8], body[64];
        snprintf(name, sizeof name, "%d", 1000 + i);
        snprintf(body, sizeof body, "{\"number\":\"%s\",\"location\":\"home\"}", name);
        put(s, "dn", name, body);
    }
    load(&l, s);
    assert_int_equal(catalogue_count(l.catalogue), 251);
    config_load_end(&l);
    store_close(s);
}

/* SM-25: states of a newer version are no reason to let somebody in. */
static void reads_members(void **state)
{
    (void)state;
    struct catalogue *catalogue = catalogue_new();
    const struct kind *k = kind_find(SLICE("member"));
    struct configuration *c;
    catalogue_put(
        catalogue, &(struct object){k, SLICE("a"),
                       SLICE("{\"name\":\"a\",\"state\":\"trusted\",\"serial\":\"01\",\"ends_at\":5,"
                             "\"request\":\"-----BEGIN\"}"),
                       1});
    catalogue_put(catalogue,
        &(struct object){k, SLICE("b"), SLICE("{\"name\":\"b\",\"state\":\"half\",\"serial\":\"02\"}"), 1});
    c = config_fixture_build(catalogue);
    assert_true(config_member_admits(c, SLICE("a"), SLICE("01")));
    assert_true(config_member(c, SLICE("a"))->requests);
    assert_int_equal(config_member(c, SLICE("a"))->ends_at, 5);
    assert_false(config_member_admits(c, SLICE("b"), SLICE("02")));
    config_release(c);
    catalogue_free(catalogue);
}

static void refuses_a_damaged_answer(void **state)
{
    (void)state;
    struct config_load l;
    config_load_begin(&l);
    assert_int_equal(config_load_take(&l, SLICE("\xff")), ERROR_CORRUPT);
    config_load_end(&l);
}

TESTS("config/load", cmocka_unit_test(reads_all_pages_of_the_store), cmocka_unit_test(reads_members),
    cmocka_unit_test(refuses_a_damaged_answer))
