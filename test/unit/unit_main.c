/* Runs the groups that TESTS announced, sorted by name, each in a process of its own.
 *
 *     build/unit [--list] [--here] [GROUP[:TEST]]...
 *
 * A group is named by its beginning ("base", "base/slice"), a test by its beginning too; without names all
 * run but "hard/", which have a suite of their own (test/hard). --here runs them inside this process with all
 * of cmocka's output, for a debugger.
 */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>
#include "unit_int.h"

#define GROUPS_MAX 1024
#define LANES 16
#define GROUP_SECONDS 120

static struct unit_group groups[GROUPS_MAX];
static size_t group_count;

void unit_register(const char *group, const struct CMUnitTest *tests, size_t count)
{
    if (group_count == GROUPS_MAX)
        abort();
    groups[group_count++] = (struct unit_group){group, tests, count};
}

static int by_name(const void *a, const void *b)
{
    return strcmp(((const struct unit_group *)a)->name, ((const struct unit_group *)b)->name);
}

static bool begins(const char *text, const char *beginning, size_t length)
{
    return strncmp(text, beginning, length) == 0;
}

static bool wanted(const struct unit_group *group, const struct CMUnitTest *test, char **filters, int count)
{
    for (int i = 0; i < count; i++) {
        const char *colon = strchr(filters[i], ':');
        size_t length = colon != NULL ? (size_t)(colon - filters[i]) : strlen(filters[i]);

        if (begins(group->name, filters[i], length) &&
            (colon == NULL || begins(test->name, colon + 1, strlen(colon + 1))))
            return true;
    }
    /* must-fail: those prove the harness itself */
    return count == 0 && !begins(group->name, "must-fail", 9) && !begins(group->name, "hard/", 5);
}

static void run_here(const struct unit_group *group, struct unit_tally *tally, char **filters, int count)
{
    struct CMUnitTest *tests = calloc(group->count, sizeof *tests);
    size_t chosen = 0;

    if (tests == NULL)
        abort();
    for (size_t i = 0; i < group->count; i++)
        if (wanted(group, &group->tests[i], filters, count))
            tests[chosen++] = unit__guard(&group->tests[i], tally);
    if (chosen > 0)
        _cmocka_run_group_tests(group->name, tests, chosen, NULL, NULL);
    fflush(NULL);
    for (size_t i = 0; i < chosen; i++)
        free(tests[i].initial_state);
    free(tests);
}

/* Copies what a failed group printed, without the lines that say that all is well. */
static void show(const char *group, FILE *output)
{
    char line[4096];

    rewind(output);
    printf("%s:\n", group);
    while (fgets(line, sizeof line, output) != NULL)
        if (strncmp(line, "[ RUN", 5) != 0 && strncmp(line, "[       OK", 10) != 0 &&
            strncmp(line, "[======", 7) != 0 && strncmp(line, "[  PASSED", 9) != 0)
            printf("    %s", line);
}

/* A group under way in a process of its own. */
struct child {
    pid_t pid; /* 0: the place is free */
    const struct unit_group *group;
    struct unit_tally *tally; /* shared with the process */
    FILE *output;
};

static void start(
    struct child *c, const struct unit_group *group, struct unit_tally *tally, char **filters, int count)
{
    *c = (struct child){.group = group, .tally = tally, .output = tmpfile()};
    if (c->output == NULL)
        abort();
    fflush(NULL);
    c->pid = fork();
    if (c->pid < 0)
        abort();
    if (c->pid != 0)
        return;
    dup2(fileno(c->output), STDOUT_FILENO);
    dup2(fileno(c->output), STDERR_FILENO);
    setvbuf(stdout, NULL, _IOLBF, 0);
    alarm(GROUP_SECONDS);
    run_here(group, tally, filters, count);
    exit(0); /* not _exit: the sanitizers report leaks on the way out */
}

static void ended(struct child *c, int status)
{
    struct unit_tally *tally = c->tally;
    if (status != 0 && tally->failed == 0)
        tally->failed++;
    if (tally->failed != 0)
        show(c->group->name, c->output);
    if (WIFSIGNALED(status))
        printf("    ended by signal %d (%s) in test %s\n", WTERMSIG(status), strsignal(WTERMSIG(status)),
            tally->running[0] != '\0' ? tally->running : "-");
    else if (status != 0)
        printf("    ended with status %d in test %s\n", WEXITSTATUS(status),
            tally->running[0] != '\0' ? tally->running : "-");
    fclose(c->output);
    c->pid = 0;
}

/* Waits until one of them has ended; false when none runs. */
static bool wait_for_one(struct child *children, size_t count)
{
    int status;
    pid_t pid;
    do
        pid = waitpid(-1, &status, 0);
    while (pid < 0 && errno == EINTR);
    for (size_t i = 0; i < count && pid > 0; i++)
        if (children[i].pid == pid)
            ended(&children[i], status);
    return pid > 0;
}

/* Each group in a process of its own, as many at a time as there are processors. */
static void run_apart(struct unit_tally *tallies, char **filters, int count)
{
    struct child children[LANES] = {{.pid = 0}};
    long processors = sysconf(_SC_NPROCESSORS_ONLN);
    size_t lanes = processors < 1 ? 1 : processors < LANES ? (size_t)processors : LANES;
    for (size_t i = 0; i < group_count; i++) {
        size_t free_lane = 0;
        while (free_lane < lanes && children[free_lane].pid != 0)
            if (++free_lane == lanes) {
                wait_for_one(children, lanes);
                free_lane = 0;
            }
        start(&children[free_lane], &groups[i], &tallies[i], filters, count);
    }
    while (wait_for_one(children, lanes))
        continue;
}

static void list(char **filters, int count)
{
    for (size_t i = 0; i < group_count; i++)
        for (size_t j = 0; j < groups[i].count; j++)
            if (wanted(&groups[i], &groups[i].tests[j], filters, count))
                printf("%s:%s\n", groups[i].name, groups[i].tests[j].name);
}

int main(int argc, char **argv)
{
    bool here = argc > 1 && strcmp(argv[1], "--here") == 0;
    bool only_list = argc > 1 && strcmp(argv[1], "--list") == 0;
    int first = here || only_list ? 2 : 1;
    struct unit_tally sum = {.passed = 0}, *tallies;

    qsort(groups, group_count, sizeof *groups, by_name);
    if (only_list) {
        list(argv + first, argc - first);
        return 0;
    }
    tallies =
        mmap(NULL, group_count * sizeof *tallies, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    if (tallies == MAP_FAILED)
        abort();
    if (here)
        for (size_t i = 0; i < group_count; i++)
            run_here(&groups[i], &tallies[i], argv + first, argc - first);
    else
        run_apart(tallies, argv + first, argc - first);
    for (size_t i = 0; i < group_count; i++) {
        sum.passed += tallies[i].passed;
        sum.failed += tallies[i].failed;
    }
    printf("%zu passed, %zu failed\n", sum.passed, sum.failed);
    return sum.failed == 0 && sum.passed > 0 ? 0 : 1;
}
