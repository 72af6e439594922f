/* The harness itself: what it hands to tests, and that it catches what it promises to catch. Groups named
 * must-fail run only when they are asked for; test/harness/run does that and counts. */
#include "unit.h"

#include <signal.h>

#include "base/list.h"
#include "base/log.h"
#include "base/mem.h"
#include "base/wheel.h"

static int put_seven(void **state)
{
    static int seven = 7;

    *state = &seven;
    return 0;
}

static void setup_reaches_test(void **state)
{
    assert_int_equal(*(int *)*state, 7);
}

static void initial_state_reaches_test(void **state)
{
    assert_string_equal(*state, "beginning");
}

static void announced_error_is_no_failure(void **state)
{
    (void)state;
    unit_expect_error("the house burns");
    LOG(LOG_ERROR, "unit", "smoke: %s", "the house burns");
}

TESTS("unit/self", cmocka_unit_test_setup(setup_reaches_test, put_seven),
    cmocka_unit_test_prestate(initial_state_reaches_test, "beginning"),
    cmocka_unit_test(announced_error_is_no_failure))

static void assertion(void **state)
{
    (void)state;
    assert_int_equal(1, 2);
}

static void leak(void **state)
{
    static void *kept; /* reachable: the sanitizer has nothing to say */

    (void)state;
    kept = mem_alloc(7);
    assert_non_null(kept);
}

static void open_timer(void **state)
{
    static struct wheel wheel;
    static struct wheel_timer timer;

    (void)state;
    wheel_init(&wheel, 0);
    wheel_set(&wheel, &timer, 1000000);
}

static void error_line(void **state)
{
    (void)state;
    LOG(LOG_ERROR, "unit", "nobody said that");
}

static void missing_error_line(void **state)
{
    (void)state;
    unit_expect_error("never logged");
}

static void ended(void **state)
{
    (void)state;
    raise(SIGKILL);
}

TESTS("must-fail/reported", cmocka_unit_test(assertion), cmocka_unit_test(leak), cmocka_unit_test(open_timer),
    cmocka_unit_test(error_line), cmocka_unit_test(missing_error_line))
TESTS("must-fail/killed", cmocka_unit_test(ended))
