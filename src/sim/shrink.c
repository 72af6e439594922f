#include "sim/shrink.h"

#define CPU_SECONDS 60.0 /* for all attempts together */

struct shrinking {
    struct cluster_params best;
    double left;
    bool smaller;
};

/* Keeps the candidate when something goes wrong there as well. */
static bool attempt(struct shrinking *s, struct cluster_params candidate)
{
    struct cluster_result result;
    if (s->left <= 0)
        return false;
    candidate.trace = NULL;
    candidate.report = NULL;
    int error = cluster_run(&result, &candidate);
    s->left -= result.cpu_seconds;
    if (error != 0 || result.violations == 0)
        return false;
    s->best = candidate;
    s->smaller = true;
    return true;
}

static void fewer_faults(struct shrinking *s)
{
    for (int f = 0; f < SIM_FAULTS; f++) {
        struct cluster_params candidate = s->best;
        candidate.faults &= ~SIM_FAULT_BIT(f);
        if (candidate.faults != s->best.faults)
            attempt(s, candidate);
    }
}

static void fewer_phones(struct shrinking *s)
{
    struct cluster_params candidate = s->best;
    while (candidate.phones > 3) {
        candidate.phones /= 2;
        if (!attempt(s, candidate))
            return;
    }
}

static void fewer_calls(struct shrinking *s)
{
    struct cluster_params candidate = s->best;
    while (candidate.calls > 1) {
        candidate.calls /= 2;
        if (!attempt(s, candidate))
            return;
    }
}

void shrink_report(FILE *out, const struct cluster_params *params, const struct cluster_result *result)
{
    struct shrinking s = {.best = *params, .left = CPU_SECONDS};
    const char *separator = "";
    if (result->cpu_seconds * 2 > CPU_SECONDS)
        return;
    fewer_calls(&s);
    fewer_phones(&s);
    fewer_faults(&s);
    if (!s.smaller)
        return;
    fprintf(out,
        "a smaller run that goes wrong as well: tandem-sim --seed %llu --calls %llu --phones %u --proxies %u "
        "--pairs %u --carriers %u",
        (unsigned long long)s.best.seed, (unsigned long long)s.best.calls, s.best.phones, s.best.proxies,
        s.best.pairs, s.best.carriers);
    if (s.best.faults != 0)
        fprintf(out, " --faults ");
    for (int f = 0; f < SIM_FAULTS; f++)
        if ((s.best.faults & SIM_FAULT_BIT(f)) != 0) {
            fprintf(out, "%s%s", separator, sim_fault_name((enum sim_fault)f));
            separator = ",";
        }
    fputc('\n', out);
}
