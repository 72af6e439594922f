#include "tools/first_start.h"

#include "base/arena.h"
#include "base/error.h"
#include "config/config_fixture.h"
#include "wire/engine.pb-c.h"
#include "wire/pack.h"

#include "unit.h"

struct kept {
    struct catalogue *catalogue;
    unsigned objects, requests;
    uint32_t chance;
    struct buffer request, password;
};

static void random_h(void *argument, void *bytes, size_t length)
{
    struct kept *k = argument;
    for (size_t i = 0; i < length; i++)
        ((unsigned char *)bytes)[i] = (unsigned char)((k->chance = k->chance * 1103515245 + 12345) >> 16);
}

static int store_h(void *argument, struct slice request, struct buffer *answer)
{
    struct kept *k = argument;
    struct arena arena = {0};
    (void)answer;
    k->requests++;
    buffer_add(&k->request, request);
    Tandem__StoreRequest *r = pack_read(&tandem__store_request__descriptor, request, &arena);
    for (size_t i = 0; i < r->n_statements; i++) {
        Tandem__StoreValue **p = r->statements[i]->parameters;
        if (strcmp(r->statements[i]->name, "change_complete") == 0)
            k->objects = (unsigned)p[1]->number;
        if (strcmp(r->statements[i]->name, "change_stage_add") != 0)
            continue;
        assert_int_equal(r->statements[i]->n_parameters, 5);
        assert_int_equal(p[3]->number, 0);
        catalogue_put(k->catalogue, &(struct object){kind_find(slice_text(p[1]->text)),
                                        slice_text(p[2]->text), slice_text(p[4]->text), 1});
    }
    arena_free(&arena);
    return 0;
}

static int hash_h(void *argument, struct slice password, struct buffer *encoded)
{
    struct kept *k = argument;
    buffer_add(&k->password, password);
    buffer_add_text(encoded, "$argon2id$hash");
    return 0;
}

static int failing_h(void *argument, struct slice password, struct buffer *encoded)
{
    (void)argument, (void)password, (void)encoded;
    return ERROR_OVERLOADED;
}

static void kept_free(struct kept *k)
{
    catalogue_free(k->catalogue);
    buffer_free(&k->request);
    buffer_free(&k->password);
}

/* SEC-4: no default passwords; SEC-2: the password is printed once and stands nowhere else. */
static void makes_a_contact_centre(void **state)
{
    (void)state;
    struct kept k = {.catalogue = catalogue_new()};
    struct first_start_means means = {&k, random_h, store_h, hash_h, 1000000};
    struct options options;
    struct buffer message = {0};
    struct configuration *c;
    options_init(&options);
    assert_int_equal(first_start(&message, &means, &options), 0);
    assert_int_equal(k.requests, 1);
    assert_int_equal(k.objects, catalogue_count(k.catalogue));
    c = config_fixture_build(k.catalogue);
    assert_int_equal(config_dn_count(c), 10);
    assert_int_equal(config_dn(c, SLICE("1010"))->digests, 7);
    assert_int_not_equal(
        memcmp(config_dn(c, SLICE("1001"))->ha1_md5, config_dn(c, SLICE("1002"))->ha1_md5, 16), 0);
    assert_int_equal(config_person(c, SLICE("admin"))->role, CONFIG_PERSON_ADMINISTRATOR);
    assert_true(slice_equal(config_person(c, SLICE("admin"))->password, SLICE("$argon2id$hash")));
    assert_true(slice_equal(
        config_slot_pair(c, config_location(c, SLICE("home")), 3)->members[0]->name, SLICE("node-1a")));
    for (int role = 0; role < CONFIG_ROLE_COUNT; role++) {
        size_t at = 0;
        assert_non_null(config_next_application(c, (enum config_role)role, &at));
    }
    assert_int_equal(k.password.length, 20);
    assert_true(slice_find_slice(buffer_slice(&message), buffer_slice(&k.password)) > 0);
    assert_int_equal(slice_find_slice(buffer_slice(&k.request), buffer_slice(&k.password)), -1);
    assert_true(slice_starts(buffer_slice(&message), SLICE("Log in:  https://127.0.0.1:8443 as admin ")));
    config_release(c);
    buffer_free(&message);
    kept_free(&k);
}

/* CF-4: the first member of a cluster runs everything, until somebody gives it to others. */
static void the_first_member_runs_everything(void **state)
{
    (void)state;
    struct kept k = {.catalogue = catalogue_new()};
    struct first_start_means means = {&k, random_h, store_h, hash_h, 1000000};
    struct options options;
    struct buffer message = {0};
    struct configuration *c;
    options_init(&options);
    options.values[OPTION_NAME].text = SLICE("host-1");
    assert_int_equal(first_start(&message, &means, &options), 0);
    c = config_fixture_build(k.catalogue);
    assert_int_equal(config_member(c, SLICE("host-1"))->state, CONFIG_MEMBER_TRUSTED);
    for (int role = 0; role < CONFIG_ROLE_COUNT; role++) {
        size_t at = 0;
        const struct config_application *a = config_next_application(c, (enum config_role)role, &at);
        assert_true(slice_equal(a->member, SLICE("host-1")));
    }
    config_release(c);
    buffer_free(&message);
    kept_free(&k);
}

static void makes_all_or_nothing(void **state)
{
    (void)state;
    struct kept k = {.catalogue = catalogue_new()};
    struct first_start_means means = {&k, random_h, store_h, failing_h, 1000000};
    struct options options;
    struct buffer message = {0};
    options_init(&options);
    assert_int_equal(first_start(&message, &means, &options), ERROR_OVERLOADED);
    assert_int_equal(k.requests, 0);
    assert_int_equal(message.length, 0);
    kept_free(&k);
}

static int numbered_h(void *argument, struct slice request, struct buffer *answer)
{
    struct arena arena = {0};
    Tandem__StoreRequest *r = pack_read(&tandem__store_request__descriptor, request, &arena);
    if (strcmp(r->statements[0]->name, "change_last") == 0) {
        Tandem__StoreValue value = TANDEM__STORE_VALUE__INIT, *values[] = {&value};
        Tandem__StoreRow row = TANDEM__STORE_ROW__INIT, *rows[] = {&row};
        Tandem__StoreResult result = TANDEM__STORE_RESULT__INIT, *results[] = {&result};
        Tandem__StoreAnswer message = TANDEM__STORE_ANSWER__INIT;
        value.has_number = true;
        value.number = 17;
        row.values = values;
        row.n_values = 1;
        result.rows = rows;
        result.n_rows = 1;
        message.results = results;
        message.n_results = 1;
        pack_add(answer, &message.base);
    }
    for (size_t i = 0; i < r->n_statements; i++)
        if (strcmp(r->statements[i]->name, "change_add") == 0)
            assert_int_equal(r->statements[i]->parameters[0]->number, 18);
    arena_free(&arena);
    return store_h(argument, request, answer);
}

static int deleted_h(void *argument, struct slice request, struct buffer *answer)
{
    int error = numbered_h(argument, request, answer);
    return error == 0 && answer->length == 0 ? ERROR_CONFLICT : error;
}

static struct configuration *copy_with(enum config_role role)
{
    struct config_builder *b = config_builder_new();
    struct configuration *c = NULL;
    config_builder_location(b, &(struct config_location){.name = SLICE("site")});
    config_builder_application(
        b, &(struct config_application){.name = SLICE("it"), .role = (uint8_t)role}, SLICE("site"));
    assert_int_equal(config_builder_end(&c, b, NULL), 0);
    return c;
}

/* OPS-31: a data folder of a version without role control is completed, once. */
static void completes_what_an_earlier_version_began(void **state)
{
    (void)state;
    struct kept k = {.catalogue = catalogue_new()};
    struct first_start_means means = {&k, random_h, numbered_h, hash_h, 1000000};
    struct configuration *before = copy_with(CONFIG_ROLE_PROXY), *complete = copy_with(CONFIG_ROLE_CONTROL);
    bool added = false;
    assert_int_equal(first_start_complete(&added, &means, before), 0);
    assert_true(added);
    assert_int_equal(k.objects, 1);
    assert_non_null(catalogue_get(k.catalogue, kind_find(SLICE("application")), SLICE("control-1")));
    k.requests = 0;
    assert_int_equal(first_start_complete(&added, &means, complete), 0);
    assert_false(added);
    assert_int_equal(k.requests, 0);
    means.store = deleted_h; /* somebody has deleted it */
    assert_int_equal(first_start_complete(&added, &means, before), 0);
    assert_false(added);
    config_release(before);
    config_release(complete);
    kept_free(&k);
}

TESTS("tools/first_start", cmocka_unit_test(makes_a_contact_centre),
    cmocka_unit_test(the_first_member_runs_everything), cmocka_unit_test(makes_all_or_nothing),
    cmocka_unit_test(completes_what_an_earlier_version_began))
