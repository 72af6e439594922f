#include "unit.h"
#include "world/real/real_int.h"

/* Eight rounds within two milliseconds of each other are load; a pause ends it. */
static void a_loop_rests_under_load_only(void **state)
{
    struct real_rest r = {.begun = -1000000};
    int64_t now = 0;
    (void)state;
    for (int i = 0; i < 8; i++, now += 300) {
        real__rest_round(&r, now);
        assert_int_equal(real__rest_time(&r, now + 100), 0);
    }
    real__rest_round(&r, now);
    assert_int_equal(real__rest_time(&r, now + 100), 900);
    assert_int_equal(real__rest_time(&r, now + 1000), 0); /* the round took as long */
    real__rest_round(&r, now += 1900);
    assert_int_equal(real__rest_time(&r, now), 1000);
    real__rest_round(&r, now += 2000);
    assert_int_equal(real__rest_time(&r, now), 0);
}

TESTS("world/real/rest", cmocka_unit_test(a_loop_rests_under_load_only))
