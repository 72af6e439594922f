/* The harness itself: registration and guards work. */
#include "unit.h"

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

TESTS("unit/self", cmocka_unit_test_setup(setup_reaches_test, put_seven),
    cmocka_unit_test_prestate(initial_state_reaches_test, "beginning"))
