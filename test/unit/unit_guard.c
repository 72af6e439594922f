/* Around each test: nothing may leak, stay armed, or be logged as an error unannounced. */
#include "unit_int.h"

#if __has_include("base/mem.h")
#include "base/mem.h"
#else
static size_t mem_live_bytes(void)
{
    return 0;
}
#endif

enum { EXPECTED_MAX = 16 };

struct guard {
    const struct CMUnitTest *test;
    struct unit_tally *tally;
    size_t live_before;
    bool returned; /* the test came to its end; a failed one jumps out and may leave things behind */
};

static struct guard *current;
static const char *expected[EXPECTED_MAX];
static size_t expected_count;

void unit_expect_error(const char *text)
{
    if (expected_count == EXPECTED_MAX)
        fail_msg("more than %d expected errors", EXPECTED_MAX);
    expected[expected_count++] = text;
}

static int guard_setup(void **state)
{
    struct guard *guard = *state;

    current = guard;
    expected_count = 0;
    guard->returned = false;
    guard->tally->failed++; /* until the teardown says otherwise, also when the process dies */
    snprintf(guard->tally->running, sizeof guard->tally->running, "%s", guard->test->name);
    *state = guard->test->initial_state;
    guard->live_before = mem_live_bytes();
    return guard->test->setup_func != NULL ? guard->test->setup_func(state) : 0;
}

static void guard_run(void **state)
{
    current->test->test_func(state);
    current->returned = true;
}

static int guard_teardown(void **state)
{
    struct guard *guard = current;
    int status = guard->test->teardown_func != NULL ? guard->test->teardown_func(state) : 0;
    size_t live = mem_live_bytes();

    guard->tally->running[0] = '\0';
    if (!guard->returned)
        return status;
    if (live != guard->live_before)
        fail_msg("leaks: %zu bytes before the test, %zu after it", guard->live_before, live);
    for (size_t i = 0; i < expected_count; i++)
        if (expected[i] != NULL)
            fail_msg("expected an error with \"%s\", none was logged", expected[i]);
    if (status == 0) {
        guard->tally->failed--;
        guard->tally->passed++;
    }
    return status;
}

struct CMUnitTest unit__guard(const struct CMUnitTest *test, struct unit_tally *tally)
{
    struct guard *guard = calloc(1, sizeof *guard);

    if (guard == NULL)
        abort();
    guard->test = test;
    guard->tally = tally;
    return (struct CMUnitTest){test->name, guard_run, guard_setup, guard_teardown, guard};
}
