/* tandem-sim: a cluster lives through many calls in simulated time; what must never happen ends it. */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/error.h"
#include "base/log.h"
#include "sim/cluster.h"
#include "sim/shrink.h"

static const char usage[] =
    "tandem-sim: lets a simulated cluster live\n"
    "  --seed N         everything follows from it (default 1)\n"
    "  --calls M        attempts that phones make (default 1000)\n"
    "  --faults LIST    all, none, or names with commas (default none); --list-faults shows them\n"
    "  --phones P       default 200\n"
    "  --proxies P      default 2\n"
    "  --locations N    1 or 2: proxies, pairs and phones are dealt out to them, default 1\n"
    "  --roaming N      of two locations: one phone of N registers in the other one, default none\n"
    "  --pairs P        pairs of nodes, default 2\n"
    "  --carriers N     carriers with a trunk to each, and phones behind them, default 2; 0: none\n"
    "  --storm N        so many more phones register after a power cut, and do nothing else\n"
    "  --within S       all of them are switched on within so many seconds, default 60\n"
    "  --roulette       after each turn of a primary: save, forget and load everything\n"
    "  --trace          each effect as a line on standard error\n"
    "  --whole          shows messages whole after a violation\n"
    "  --verbose        says how often each fault happened\n"
    "  --until-step N   stops there and shows the last effects\n"
    "  --no-shrink      does not look for a smaller run with the same violation\n"
    "Prints one line of JSON; ends with status 1 after a violation.\n";

struct options {
    struct cluster_params params;
    bool shrink, verbose;
};

static int fail(const char *what, const char *word)
{
    fprintf(stderr, "tandem-sim: %s%s%s; --help shows what there is\n", what, word != NULL ? ": " : "",
        word != NULL ? word : "");
    return 2;
}

static void list_faults(void)
{
    static const char *const texts[] = {
#define FAULT(symbol, name, text) text,
#include "world/sim/fault.def"
#undef FAULT
    };
    for (int f = 0; f < SIM_FAULTS; f++)
        printf("%-18s %s\n", sim_fault_name((enum sim_fault)f), texts[f]);
}

static const struct number_option {
    const char *name;
    size_t offset;
    bool wide; /* uint64_t, otherwise unsigned */
    uint64_t least, most;
} numbers[] = {
    {"--seed", offsetof(struct cluster_params, seed), true, 0, UINT64_MAX},
    {"--calls", offsetof(struct cluster_params, calls), true, 1, 100000000},
    {"--until-step", offsetof(struct cluster_params, until_step), true, 1, UINT64_MAX},
    {"--phones", offsetof(struct cluster_params, phones), false, 2, CLUSTER_PHONES},
    {"--locations", offsetof(struct cluster_params, locations), false, 1, 2},
    {"--roaming", offsetof(struct cluster_params, roaming), false, 0, 1000},
    {"--proxies", offsetof(struct cluster_params, proxies), false, 1, CLUSTER_PROXIES},
    {"--carriers", offsetof(struct cluster_params, carriers), false, 0, CLUSTER_CARRIERS},
    {"--storm", offsetof(struct cluster_params, storm), false, 0, CLUSTER_STORM},
    {"--within", offsetof(struct cluster_params, within), false, 1, 86400},
    {"--pairs", offsetof(struct cluster_params, pairs), false, 1, CLUSTER_PAIRS},
};

static int number_option(struct options *o, const char *name, const char *value)
{
    for (size_t n = 0; n < sizeof numbers / sizeof numbers[0]; n++) {
        uint64_t number;
        if (strcmp(name, numbers[n].name) != 0)
            continue;
        if (value == NULL || slice_to_u64(&number, slice_text(value), numbers[n].most) != 0 ||
            number < numbers[n].least)
            return fail("not a permitted number", name);
        char *at = (char *)&o->params + numbers[n].offset;
        if (numbers[n].wide)
            memcpy(at, &number, sizeof number);
        else
            memcpy(at, &(unsigned){(unsigned)number}, sizeof(unsigned));
        return 0;
    }
    return fail("unknown option", name);
}

/* 0: go on; 2: wrong; -1: everything was said. */
static int parse(struct options *o, int count, char **arguments)
{
    for (int i = 1; i < count; i++) {
        const char *name = arguments[i], *value = i + 1 < count ? arguments[i + 1] : NULL;
        int status = 0;
        if (strcmp(name, "--help") == 0) {
            fputs(usage, stdout);
            return -1;
        }
        if (strcmp(name, "--list-faults") == 0) {
            list_faults();
            return -1;
        }
        if (strcmp(name, "--trace") == 0) {
            o->params.trace = stderr;
        } else if (strcmp(name, "--roulette") == 0) {
            o->params.roulette = true;
        } else if (strcmp(name, "--whole") == 0) {
            o->params.whole = true;
        } else if (strcmp(name, "--verbose") == 0) {
            o->verbose = true;
        } else if (strcmp(name, "--no-shrink") == 0) {
            o->shrink = false;
        } else if (strcmp(name, "--faults") == 0) {
            if (value == NULL || sim_fault_parse(&o->params.faults, slice_text(value)) != 0)
                status = fail("no such faults (--list-faults shows them)", value);
            i++;
        } else {
            status = number_option(o, name, value);
            i++;
        }
        if (status != 0)
            return status;
    }
    return 0;
}

static void report(const struct cluster_result *result)
{
    fprintf(stderr, "steps %" PRIu64 ", calls established at both phones %" PRIu64 "\n", result->steps,
        result->established);
    for (int f = 0; f < SIM_FAULTS; f++)
        if (result->faults[f] != 0)
            fprintf(stderr, "%-18s %" PRIu64 "\n", sim_fault_name((enum sim_fault)f), result->faults[f]);
}

static void storm(const struct cluster_result *result)
{
    if (result->storm.registered != 0)
        fprintf(stderr,
            "%" PRIu64 " phones registered within %.1f s, %" PRIu64
            " were told to come again later; a binding takes %zu bytes in a proxy, at the worst moment %zu; "
            "the "
            "largest turn of a proxy left %zu bytes\n",
            result->storm.registered, result->storm.seconds, result->storm.refused, result->storm.each,
            result->storm.most, result->storm.most_effects);
}

int main(int count, char **arguments)
{
    struct options o = {.shrink = true,
        .params = {.seed = 1,
            .calls = 1000,
            .phones = 200,
            .proxies = 2,
            .pairs = 2,
            .carriers = 2,
            .report = stderr}};
    struct cluster_result result;
    int status = parse(&o, count, arguments);
    if (status != 0)
        return status < 0 ? 0 : status;
    log_threshold = o.params.trace != NULL ? LOG_INFO : LOG_ERROR;
    int error = cluster_run(&result, &o.params);
    if (error != 0)
        return fail("the cluster cannot be built", error_sentence(error));
    if (result.violations != 0) {
        fprintf(stderr, "tandem-sim: %s\n", result.first);
        if (o.shrink)
            shrink_report(stderr, &o.params, &result);
    }
    if (o.verbose)
        report(&result);
    storm(&result);
    printf("{\"seed\":%" PRIu64 ",\"calls\":%" PRIu64 ",\"violations\":%" PRIu64
           ",\"virtual_seconds\":%.3f,\"cpu_seconds\":%.3f,\"hash\":\"%016" PRIx64 "\"}\n",
        o.params.seed, result.calls, result.violations, result.virtual_seconds, result.cpu_seconds,
        result.hash);
    return result.violations != 0;
}
