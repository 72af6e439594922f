#include "tools/dispatch.h"

#include <unistd.h>

#include "tools/file.h"
#include "tools/tools_fixture.h"

#include "unit.h"

static char seen[256];

static int run_here(const struct options *o)
{
    snprintf(seen, sizeof seen, "%.*s %zu", SLICE_ARG(options_text(o, OPTION_DATA)), o->word_count);
    return EXIT_DONE;
}

static const struct command here = {
    "run", "[NAME]", "starts", OPTION_PLACE | OPTION_BIT(OPTION_LISTEN), 0, 1, run_here};

static void runs_what_is_asked_for(void **state)
{
    (void)state;
    struct printed p;
    run_tandem(&p, &here, "run --data there one --config=/nonexistent");
    assert_int_equal(p.status, EXIT_USAGE);
    assert_string_equal(p.error, "tandem: /nonexistent: No such file or directory\n");
    run_tandem(&p, &here, "run --data there one");
    assert_int_equal(p.status, EXIT_DONE);
    assert_string_equal(seen, "there 1");
    run_tandem(&p, &here, "version");
    assert_string_equal(p.out, "tandem " TANDEM_VERSION "\n");
}

/* CF-4: one clear line each. */
static void says_what_is_wrong(void **state)
{
    (void)state;
    static const struct {
        const char *words, *line;
    } cases[] = {
        {"rnu", "tandem: there is no command \"rnu\"; did you mean run?\n"},
        {"blablabla", "tandem: there is no command \"blablabla\"; see tandem help\n"},
        {"run a b", "tandem: write it as: tandem run [NAME]\n"},
        {"run --json", "tandem: unknown option --json; see tandem help\n"},
        {"delete dn", "tandem: write it as: tandem delete KIND NAME\n"},
        {"get queues",
            "tandem: there is no kind of object \"queues\"; there are cluster, location, member, dn, "
            "person, application, trunk-group, trunk, dial-rule, ban\n"},
        {"apply", "tandem: say which file: tandem apply -f FILE\n"},
        {"graph x", "tandem: there is no machine \"x\"; tandem graph lists all\n"},
        {"reference x", "tandem: there is no part \"x\"; tandem reference lists all\n"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct printed p;
        run_tandem(&p, &here, cases[i].words);
        assert_string_equal(p.error, cases[i].line);
        assert_int_equal(p.status, EXIT_USAGE);
        assert_string_equal(p.out, "");
    }
}

static void reads_the_start_file(void **state)
{
    (void)state;
    struct printed p;
    char path[] = P_tmpdir "/tandem-test-XXXXXX", words[128], line[128];
    int file = mkstemp(path);
    assert_int_equal(write(file, "data = \"elsewhere\"\n", 19), 19);
    snprintf(words, sizeof words, "run --config %s", path);
    run_tandem(&p, &here, words);
    assert_string_equal(seen, "elsewhere 0");
    assert_int_equal(write(file, "\nweb = 3\n", 9), 9);
    close(file);
    run_tandem(&p, &here, words);
    snprintf(line, sizeof line, "tandem: %s:3: web must be a text in quotes\n", path);
    assert_string_equal(p.error, line);
    assert_int_equal(p.status, EXIT_USAGE);
    unlink(path);
}

static void helps(void **state)
{
    (void)state;
    struct printed p;
    run_tandem(&p, &here, "help");
    assert_non_null(strstr(p.out, "  run [NAME]"));
    assert_non_null(strstr(p.out, "  get KIND [NAME]"));
    assert_int_equal(p.status, EXIT_DONE);
    run_tandem(&p, &here, "");
    assert_int_equal(p.status, EXIT_USAGE);
    run_tandem(&p, &here, "help get");
    assert_non_null(strstr(p.out, "--json"));
    assert_null(strstr(p.out, "--listen"));
}

/* Every part that is listed can be printed, and begins like a document. */
static void prints_references_and_graphs(void **state)
{
    (void)state;
    struct printed list, p;
    char words[64];
    run_tandem(&list, &here, "reference");
    assert_non_null(strstr(list.out, "objects\noptions\npermissions\n"));
    char *at = list.out;
    for (char *name; (name = strsep(&at, "\n")) != NULL && *name != '\0';) {
        snprintf(words, sizeof words, "reference %s", name);
        run_tandem(&p, &here, words);
        assert_int_equal(p.status, EXIT_DONE);
        assert_int_equal(strncmp(p.out, "# ", 2), 0);
    }
    run_tandem(&list, &here, "graph");
    assert_non_null(strstr(list.out, "writer\n"));
    run_tandem(&p, &here, "graph writer");
    assert_non_null(strstr(p.out, "\"applying\" -> \"settling\" [label=\"unknown\"]"));
}

TESTS("tools/dispatch", cmocka_unit_test(runs_what_is_asked_for), cmocka_unit_test(says_what_is_wrong),
    cmocka_unit_test(reads_the_start_file), cmocka_unit_test(helps),
    cmocka_unit_test(prints_references_and_graphs))
