/* Around each test: nothing may leak, stay armed, or be logged as an error unannounced. */
#include "unit_int.h"

#include "base/log.h"
#include "base/mem.h"
#include "base/wheel.h"

#define EXPECTED_MAX 16

struct guard {
    const struct CMUnitTest *test;
    struct unit_tally *tally;
    size_t live_before;
    size_t timers_before;
    bool returned; /* the test came to its end; a failed one jumps out and may leave things behind */
};

static struct guard *current;
static struct {
    const char *text;
    bool seen;
} expected[EXPECTED_MAX];
static size_t expected_count;
static char unexpected[512]; /* the first error that nobody had announced */

#define LEFT_OUT "more lines like the following were left out"

void unit_expect_error(const char *text)
{
    if (expected_count == EXPECTED_MAX)
        fail_msg("more than %d expected errors", EXPECTED_MAX);
    expected[expected_count].text = text;
    expected[expected_count++].seen = false;
}

static bool was_expected(const char *line, size_t length)
{
    bool found = false;

    if (memmem(line, length, LEFT_OUT, sizeof LEFT_OUT - 1) != NULL)
        return true; /* the line behind it is the one that is looked at */
    for (size_t i = 0; i < expected_count; i++)
        if (memmem(line, length, expected[i].text, strlen(expected[i].text)) != NULL)
            expected[i].seen = found = true;
    return found;
}

/* Lines go into the output of the group, which is shown when it fails. */
static void note_line(void *argument, enum log_level level, const char *line, size_t length)
{
    (void)argument;
    printf("%.*s\n", (int)length, line);
    if (level == LOG_ERROR && !was_expected(line, length) && unexpected[0] == '\0')
        snprintf(unexpected, sizeof unexpected, "%.*s", (int)length, line);
}

static int guard_setup(void **state)
{
    struct guard *guard = *state;

    current = guard;
    expected_count = 0;
    unexpected[0] = '\0';
    guard->returned = false;
    guard->tally->failed++; /* until the teardown says otherwise, also when the process dies */
    snprintf(guard->tally->running, sizeof guard->tally->running, "%s", guard->test->name);
    *state = guard->test->initial_state;
    guard->live_before = mem_live_bytes();
    guard->timers_before = wheel_open_timers();
    log_set_sink(note_line, NULL);
    return guard->test->setup_func != NULL ? guard->test->setup_func(state) : 0;
}

static void guard_run(void **state)
{
    current->test->test_func(state);
    current->returned = true;
}

static void check_left_behind(const struct guard *guard)
{
    size_t live = mem_live_bytes();
    size_t timers = wheel_open_timers();

    if (live != guard->live_before)
        fail_msg("leaks: %zu bytes before the test, %zu after it", guard->live_before, live);
    if (timers != guard->timers_before)
        fail_msg("open timers: %zu before the test, %zu after it", guard->timers_before, timers);
    if (unexpected[0] != '\0')
        fail_msg("logged an error that was not expected: %s", unexpected);
    for (size_t i = 0; i < expected_count; i++)
        if (!expected[i].seen)
            fail_msg("expected an error with \"%s\", none was logged", expected[i].text);
}

static int guard_teardown(void **state)
{
    struct guard *guard = current;
    int status = guard->test->teardown_func != NULL ? guard->test->teardown_func(state) : 0;

    log_set_sink(NULL, NULL);
    guard->tally->running[0] = '\0';
    if (!guard->returned)
        return status;
    check_left_behind(guard);
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
