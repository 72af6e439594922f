/* build/conformance [OPTION=VALUE]... PART IMPLEMENTATION [ADDRESS...]
 *
 * Runs the tests of a part (registry, bus, store) against one implementation. Options are those of the start
 * file: --cluster, --user, --password-file, --database, --authority, --certificate, --key; --only=TEST,TEST.
 * What it says on standard output, and hears on standard input, is read by test/conformance/run. */
#include <getopt.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/log.h"
#include "base/mem.h"
#include "conformance.h"

#define PARTS 16
#define SERVERS 16

static struct {
    const char *part;
    const struct conformance_test *tests;
    size_t count;
} parts[PARTS];
static size_t part_count;
static unsigned failed;

void conformance_register(const char *part, const struct conformance_test *tests, size_t count)
{
    if (part_count == PARTS)
        abort();
    parts[part_count].part = part;
    parts[part_count].tests = tests;
    parts[part_count++].count = count;
}

/* Each test has a cluster of its own on the same servers: nothing of another is in its way. */
static const char *new_cluster(void)
{
    static char name[64];
    static unsigned number;
    snprintf(name, sizeof name, "conformance-%d-%u", (int)getpid(), number++);
    return name;
}

static void run(const struct conformance_test *test, const char *cluster)
{
    static size_t live; /* outlives the jump */
    stage_params.cluster = cluster != NULL ? cluster : new_cluster();
    live = mem_live_bytes();
    int how = setjmp(stage__out);
    if (how == 0)
        test->run(stage__begin());
    stage__end();
    /* What a failed test has left alone ends when it likes: afterwards the count says nothing. */
    if (how == 0 && failed == 0 && mem_live_bytes() != live) {
        how = STAGE_FAILED;
        snprintf(stage__why, sizeof stage__why, "%lld bytes are left over",
            (long long)mem_live_bytes() - (long long)live);
    }
    if (how == 0)
        printf("passed %s\n", test->name);
    else
        printf("%s %s: %s\n", how == STAGE_NOT_HERE ? "without" : "failed", test->name, stage__why);
    failed += how == STAGE_FAILED;
    fflush(stdout);
}

/* `only`: names with commas between them; NULL: all. */
static bool wanted(const char *only, const char *name)
{
    struct slice rest = slice_text(only), one;
    bool found = only == NULL;
    while (slice_cut(&rest, ',', &one))
        found = found || slice_equal(one, slice_text(name));
    return found;
}

static struct real_server *server_of(const char *part)
{
    return strncmp(part, "registry", 8) == 0 ? &stage_params.registry
           : strcmp(part, "bus") == 0        ? &stage_params.bus
           : strcmp(part, "store") == 0      ? &stage_params.store
                                             : NULL;
}

static int usage(const char *why)
{
    fprintf(stderr, "conformance: %s; conformance [OPTION=VALUE]... PART IMPLEMENTATION [ADDRESS...]\n", why);
    return 2;
}

static const char **option_of(int option, struct real_server *given, const char **only)
{
    switch (option) {
    case 'c':
        return &stage_params.cluster;
    case 'u':
        return &given->user;
    case 'p':
        return &given->password_file;
    case 'd':
        return &given->database;
    case 'a':
        return &stage_params.authority;
    case 'e':
        return &stage_params.certificate;
    case 'k':
        return &stage_params.key;
    case 'o':
        return only;
    default:
        return NULL;
    }
}

int main(int argc, char **argv)
{
    static const struct option options[] = {{"cluster", required_argument, NULL, 'c'},
        {"user", required_argument, NULL, 'u'}, {"password-file", required_argument, NULL, 'p'},
        {"database", required_argument, NULL, 'd'}, {"authority", required_argument, NULL, 'a'},
        {"certificate", required_argument, NULL, 'e'}, {"key", required_argument, NULL, 'k'},
        {"only", required_argument, NULL, 'o'}, {NULL, 0, NULL, 0}};
    static struct slice addresses[SERVERS];
    struct real_server given = {.addresses = addresses};
    const char *only = NULL;
    for (int option; (option = getopt_long(argc, argv, "", options, NULL)) != -1;) {
        const char **value = option_of(option, &given, &only);
        if (value == NULL)
            return usage("no such option");
        *value = optarg;
    }
    if (argc - optind < 2 || argc - optind > SERVERS + 2)
        return usage("a part, an implementation and up to 16 addresses are needed");
    const char *part = argv[optind++], *cluster = stage_params.cluster;
    struct real_server *server = server_of(part);
    if (server == NULL)
        return usage("there are the parts registry, bus, store");
    stage_implementation = argv[optind++];
    while (optind < argc)
        addresses[given.count++] = slice_text(argv[optind++]);
    *server = given;
    for (size_t p = 0; p < part_count; p++)
        for (size_t t = 0; strcmp(parts[p].part, part) == 0 && t < parts[p].count; t++)
            if (wanted(only, parts[p].tests[t].name))
                run(&parts[p].tests[t], cluster);
    return failed != 0;
}
