/* What is written to the store, and what happens when it is not there. */
#include "roles/proxy/proxy_fixture.h"

#include "base/error.h"
#include "unit.h"
#include "wire/engine.pb-c.h"
#include "wire/pack.h"

static void answer(enum answer answer, int error)
{
    buffer_clear(&proxy_fixture.asked);
    proxy_fixture_input((struct input){.kind = INPUT_ANSWER,
        .object = proxy_fixture.asked_object,
        .token = proxy_fixture.asked_token,
        .answer = answer,
        .error = error});
}

/* The statements that the store is asked for, as "+CONTACT " and "-CONTACT "; "": none. */
static const char *asked(void)
{
    static char text[1000];
    struct arena arena = {0};
    text[0] = '\0';
    const Tandem__StoreRequest *q =
        proxy_fixture.asked.length != 0
            ? pack_read(&tandem__store_request__descriptor, buffer_slice(&proxy_fixture.asked), &arena)
            : NULL;
    for (size_t i = 0; q != NULL && i < q->n_statements; i++)
        snprintf(text + strlen(text), sizeof text - strlen(text), "%s%s ",
            strcmp(q->statements[i]->name, "binding_put") == 0 ? "+" : "-",
            q->statements[i]->parameters[1]->text);
    arena_free(&arena);
    return text;
}

/* VC-2: a store that is away forgets nothing: what changed is written when it is back. */
static void what_changed_waits_for_a_store_that_is_away(void **state)
{
    static const struct {
        enum answer answer;
        int error;
    } aways[] = {{ANSWER_NO, ERROR_UNREACHABLE}, {ANSWER_NO, ERROR_CLOSED}, {ANSWER_NO, ERROR_BUSY},
        {ANSWER_NO, ERROR_OVERLOADED}, {ANSWER_NO, ERROR_DISK}, {ANSWER_NO, ERROR_SYSTEM},
        {ANSWER_NO, ERROR_DENIED}, {ANSWER_NO, ERROR_STALE}, {ANSWER_NO, ERROR_TIMEOUT},
        {ANSWER_UNKNOWN, ERROR_TIMEOUT}};
    (void)state;
    proxy_fixture_begin();
    proxy_fixture_register(&proxy_alice, "Contact: <sip:a@127.0.0.1:6001>\r\n");
    proxy_fixture_pass(SECOND / 5);
    for (size_t i = 0; i < sizeof aways / sizeof aways[0]; i++) {
        assert_string_equal(asked(), "+sip:a@127.0.0.1:6001 ");
        answer(aways[i].answer, aways[i].error);
        proxy_fixture_pass(10 * (int64_t)SECOND);
    }
    assert_string_equal(asked(), "+sip:a@127.0.0.1:6001 ");
    answer(ANSWER_YES, 0);
    proxy_fixture_pass(10 * (int64_t)SECOND);
    assert_string_equal(asked(), "");
    proxy_fixture_end();
}

/* What the store will never take does not stand in the way of others. */
static void what_is_refused_for_good_is_dropped(void **state)
{
    (void)state;
    proxy_fixture_begin();
    proxy_fixture_register(&proxy_alice, "Contact: <sip:a@127.0.0.1:6001>\r\n");
    proxy_fixture_pass(SECOND / 5);
    assert_string_equal(asked(), "+sip:a@127.0.0.1:6001 ");
    unit_expect_error("does not take");
    answer(ANSWER_NO, ERROR_RANGE);
    proxy_fixture_pass(10 * (int64_t)SECOND);
    assert_string_equal(asked(), "");
    proxy_fixture_end();
}

/* VC-2: each request has a number, which is also the number of something else; the answer reaches who asked.
 * Once the 64th answer was taken for one of the streams inside, and nothing was written any more. */
static void writing_goes_on_whatever_the_number(void **state)
{
    (void)state;
    proxy_fixture_begin();
    for (unsigned i = 0; i < 200; i++) {
        proxy_fixture_register(i % 2 == 0 ? &proxy_alice : &proxy_bob, "Contact: <sip:x@127.0.0.1:6001>\r\n");
        proxy_fixture_pass(SECOND / 2);
        if (asked()[0] == '\0')
            fail_msg("nothing is written any more after %u times", i);
        answer(ANSWER_YES, 0);
    }
    proxy_fixture_end();
}

/* What ran out does not lie in the store for ever: each hour it is taken out, and nobody waits for that. */
static void what_ran_out_is_purged(void **state)
{
    struct arena arena = {0};
    (void)state;
    proxy_fixture_begin();
    buffer_clear(&proxy_fixture.asked);
    proxy_fixture_pass(3590 * (int64_t)SECOND);
    assert_int_equal(proxy_fixture.asked.length, 0);
    proxy_fixture_pass(10 * (int64_t)SECOND);
    const Tandem__StoreRequest *q =
        pack_read(&tandem__store_request__descriptor, buffer_slice(&proxy_fixture.asked), &arena);
    assert_non_null(q);
    assert_int_equal(q->n_statements, 1);
    assert_string_equal(q->statements[0]->name, "binding_purge");
    assert_in_range(
        world_now(&proxy_fixture.world) - q->statements[0]->parameters[0]->number, 0, 10 * SECOND);
    answer(ANSWER_NO, ERROR_BUSY);
    proxy_fixture_pass(3600 * (int64_t)SECOND);
    assert_int_not_equal(proxy_fixture.asked.length, 0);
    arena_free(&arena);
    proxy_fixture_end();
}

TESTS("proxy/registrar/save", cmocka_unit_test(what_ran_out_is_purged),
    cmocka_unit_test(what_changed_waits_for_a_store_that_is_away),
    cmocka_unit_test(what_is_refused_for_good_is_dropped),
    cmocka_unit_test(writing_goes_on_whatever_the_number))
