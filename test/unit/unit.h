/* What a unit test needs: cmocka's asserts, and TESTS to announce the tests of a file.
 *
 *     static void cuts_at_first_comma(void **state) { ... }
 *     TESTS("base/slice", cmocka_unit_test(cuts_at_first_comma), ...)
 *
 * All tests are linked into one program, `build/unit`. Each group runs in a process of its own, so that a
 * crash costs one group only. A test also fails when it leaks memory, leaves a timer armed, or logs at level
 * error without having announced it. A requirement id (VC-21) belongs into a comment above the test that
 * proves it.
 */
#ifndef UNIT_H
#define UNIT_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

/* Called by TESTS before main; `tests` must live for ever. */
void unit_register(const char *group, const struct CMUnitTest *tests, size_t count);

/* The running test will log a line at level error that contains `text`; fails the test if it never does. The
 * text must live until the end of the test. */
void unit_expect_error(const char *text);

#define UNIT_JOIN_(a, b) a##b
#define UNIT_JOIN(a, b) UNIT_JOIN_(a, b)
#define TESTS(group, ...)                                                                                    \
    static const struct CMUnitTest UNIT_JOIN(unit_tests_, __LINE__)[] = {__VA_ARGS__};                       \
    __attribute__((constructor)) static void UNIT_JOIN(unit_announce_, __LINE__)(void)                       \
    {                                                                                                        \
        unit_register(group, UNIT_JOIN(unit_tests_, __LINE__),                                               \
            sizeof UNIT_JOIN(unit_tests_, __LINE__) / sizeof(struct CMUnitTest));                            \
    }

#endif
