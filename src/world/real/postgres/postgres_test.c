/* What needs no server: addresses, errors, and what is said where nobody is. */
#include <stdlib.h>
#include <unistd.h>

#include "base/error.h"
#include "world/real/postgres/postgres_int.h"
#include "world/real/real_fixture.h"

static void addresses_are_read(void **state)
{
    static const struct {
        const char *text, *host, *port;
    } good[] = {
        {"db.example", "db.example", "5432"},
        {"192.0.2.1:6000", "192.0.2.1", "6000"},
        {"postgresql://db.example:5433", "db.example", "5433"},
        {"postgresql://db.example/", "db.example", "5432"},
        {"[2001:db8::1]:5433", "2001:db8::1", "5433"},
        {"[2001:db8::1]", "2001:db8::1", "5432"},
        {"2001:db8::1", "2001:db8::1", "5432"},
        {"/run/postgresql", "/run/postgresql", "5432"},
        {"/run/postgresql:5433", "/run/postgresql", "5433"},
    };
    static const char *const bad[] = {"", ":5432", "db:", "db:0", "db:65536", "db:x", "[2001:db8::1",
        "[::1]5432", "db/name", "user@db", "a,b", "a b", "postgresql://"};
    struct postgres_place place;
    (void)state;
    for (size_t i = 0; i < sizeof good / sizeof good[0]; i++) {
        assert_int_equal(postgres__place(&place, slice_text(good[i].text)), 0);
        assert_string_equal(place.host, good[i].host);
        assert_string_equal(place.port, good[i].port);
        assert_int_equal(place.local, good[i].host[0] == '/');
    }
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++)
        if (postgres__place(&place, slice_text(bad[i])) == 0)
            fail_msg("\"%s\" is taken for an address", bad[i]);
}

static void states_become_our_errors(void **state)
{
    (void)state;
    assert_int_equal(postgres__error("TD001"), ERROR_CONFLICT);
    assert_int_equal(postgres__error("23505"), ERROR_EXISTS);
    assert_int_equal(postgres__error("23503"), ERROR_REFERENCE);
    assert_int_equal(postgres__error("23514"), ERROR_RANGE);
    assert_int_equal(postgres__error("40001"), ERROR_BUSY);
    assert_int_equal(postgres__error("57014"), ERROR_LIMIT);
    assert_int_equal(postgres__error("57P03"), ERROR_UNREACHABLE);
    assert_int_equal(postgres__error("42501"), ERROR_DENIED);
    assert_int_equal(postgres__error("42P01"), ERROR_CORRUPT);
    assert_int_equal(postgres__error("53100"), ERROR_DISK);
    assert_int_equal(postgres__error("XX000"), ERROR_DISK);
    assert_int_equal(postgres__error(NULL), ERROR_UNREACHABLE);
}

static void what_the_server_said_is_one_clear_line(void **state)
{
    char text[40];
    (void)state;
    postgres__said(
        text, sizeof text, "connection to server at \"a\", port 1 failed: FATAL:  no such thing\n");
    assert_string_equal(text, "no such thing");
    postgres__said(text, sizeof text, "ERROR:  division by zero\nCONTEXT:  here\n");
    assert_string_equal(text, "division by zero");
    postgres__said(text, sizeof text, "connection to server at \"a\", port 1 failed: ");
    assert_string_equal(text, "");
    postgres__said(text, sizeof text, "");
    assert_string_equal(text, "");
    postgres__said(text, sizeof text, "a sentence that is longer than there is room for it here");
    assert_int_equal(strlen(text), sizeof text - 1);
}

static char data[64];

static int setup(void **state)
{
    (void)state;
    strcpy(data, P_tmpdir "/tandem-test-XXXXXX");
    return mkdtemp(data) != NULL ? 0 : -1;
}

static int teardown(void **state)
{
    static const char *const parts[] = {"registry", "spool"};
    char command[128];
    (void)state;
    for (size_t i = 0; i < 2; i++) {
        snprintf(command, sizeof command, "rm -rf %s/%s", data, parts[i]);
        if (system(command) != 0)
            return -1;
    }
    return rmdir(data);
}

/* Nobody listens there: the engines open all the same, and what is asked is refused in its time. */
static void a_server_that_is_not_there_is_waited_for(void **state)
{
    static const struct slice address = SLICE_INIT("127.0.0.1:1");
    struct real_engines_params params = {.data = data, .store = {.addresses = &address, .count = 1}};
    struct real_loop *l = fixture_loop(NULL);
    struct real_engines *engines = NULL;
    struct buffer bytes = {.data = NULL};
    int error = 0;
    (void)state;
    assert_int_equal(real_engines_open(&engines, l, &params), 0);
    assert_int_equal(real_engines_store(engines, &bytes, &error, SLICE("\xff\xff")), ANSWER_NO);
    assert_int_equal(error, ERROR_SYNTAX);
    UNTIL(l, real_engines_condition(engines, REAL_PART_STORE)->away);
    assert_string_equal(
        real_engines_condition(engines, REAL_PART_STORE)->why, "127.0.0.1:1: Connection refused");
    /* StoreRequest{statements: {name: "stream_position_all"}} */
    assert_int_equal(
        real_engines_store(engines, &bytes, &error, SLICE("\x0a\x15\x0a\x13stream_position_all")), ANSWER_NO);
    assert_int_equal(error, ERROR_UNREACHABLE);
    assert_int_equal(bytes.length, 0);
    real_engines_close(engines);
    real_close(l);
}

static void a_bad_address_is_refused_at_once(void **state)
{
    static const struct slice address = SLICE_INIT("http://db/x");
    struct real_engines_params params = {.data = data, .store = {.addresses = &address, .count = 1}};
    struct real_loop *l = fixture_loop(NULL);
    struct real_engines *engines = NULL;
    (void)state;
    unit_expect_error("is no address of a PostgreSQL server");
    assert_int_equal(real_engines_open(&engines, l, &params), ERROR_SYNTAX);
    real_close(l);
}

#define WITH_DATA(test) cmocka_unit_test_setup_teardown(test, setup, teardown)
TESTS("world/real/postgres", cmocka_unit_test(addresses_are_read), cmocka_unit_test(states_become_our_errors),
    cmocka_unit_test(what_the_server_said_is_one_clear_line),
    WITH_DATA(a_server_that_is_not_there_is_waited_for), WITH_DATA(a_bad_address_is_refused_at_once))
