/* Runs a cluster: registrations, calls, faults, and then the silence in which everything is counted. */
#include "sim/cluster.h"

#include <stdarg.h>
#include <stdlib.h>
#include <sys/resource.h>

#include "base/error.h"
#include "base/mem.h"
#include "pair/pair.h"
#include "roles/node/node.h"
#include "sim/cluster_int.h"
#include "world/world_int.h"

#define SECOND INT64_C(1000000)
#define WALK_STEPS 1000U
#define SHOWN 200U /* effects after a violation */
#define LONGEST_CALL (150 * SECOND)
#define SETTLE_STEP (5 * SECOND)
#define SETTLE_LONGEST (400 * SECOND)

static double cpu_seconds(void)
{
    struct rusage usage;
    getrusage(RUSAGE_SELF, &usage);
    return (double)usage.ru_utime.tv_sec + (double)usage.ru_stime.tv_sec +
           (double)(usage.ru_utime.tv_usec + usage.ru_stime.tv_usec) / 1e6;
}

void cluster__violation(
    struct cluster *c, struct slice call_id, struct slice instance, const char *format, ...)
{
    FILE *out = c->params->report;
    char sentence[256];
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(sentence, sizeof sentence, format, arguments);
    va_end(arguments);
    c->result->violations++;
    c->stopped = true;
    if (c->result->violations != 1)
        return;
    memcpy(c->result->first, sentence, sizeof sentence);
    if (out == NULL)
        return;
    fprintf(out, "violation: %s\n  seed %llu, step %llu, %.6f s after the start%s%.*s\n", sentence,
        (unsigned long long)c->params->seed, (unsigned long long)sim_steps(c->sim),
        (double)(sim_now(c->sim) - c->started) / 1e6, call_id.length != 0 ? ", Call-ID " : "",
        SLICE_ARG(call_id));
    fprintf(out, "the last %u effects of those involved:\n", SHOWN);
    sim_print(c->sim, out,
        &(struct sim_interest){.names = {instance}, .text = call_id, .whole = c->params->whole}, SHOWN);
}

static void effect_h(void *argument, struct sim_instance *i, const struct effect *e)
{
    const struct cluster_hooks *hooks = ((struct cluster *)argument)->params->hooks;
    if (hooks != NULL && hooks->effect != NULL)
        hooks->effect(hooks->argument, i, e);
}

static bool eats_h(void *argument, struct sim_instance *i, const struct input *input)
{
    const struct cluster_hooks *hooks = ((struct cluster *)argument)->params->hooks;
    return hooks != NULL && hooks->eats != NULL && hooks->eats(hooks->argument, i, input);
}

static void after_turn(void *argument, struct sim_instance *i, const struct input *input)
{
    struct cluster *c = argument;
    const struct cluster_hooks *hooks = c->params->hooks;
    if (hooks != NULL && hooks->after_turn != NULL)
        hooks->after_turn(hooks->argument, i, input);
    for (unsigned k = 0; input == NULL && k < c->params->proxies; k++)
        if (i == c->proxies[k])
            c->town.proxy_started_at = sim_now(c->sim);
    if (sim_role(i) != c->node)
        return;
    /* Timers of this very millisecond that are armed anew would come a millisecond later. */
    bool due = !list_empty(&sim_world(i)->wheel->due);
    if (input != NULL && c->params->roulette && sim_self(i) != NULL && !due) {
        int error = pair_reload(sim_self(i));
        if (error != 0 && error != ERROR_MISSING)
            cluster__violation(c, SLICE(""), sim_name(i), "%.*s cannot be saved and loaded: %s",
                SLICE_ARG(sim_name(i)), error_symbol(error));
    }
    invariants_turn(c, i);
}

/* A pair that is not in step may lose calls with its primary; so it is left alone until it is. */
static bool may_strike(void *argument, struct sim_instance *i)
{
    struct cluster *c = argument;
    for (unsigned m = 0; m < c->member_count; m++) {
        void *one = sim_self(c->members[m].instance), *other = sim_self(c->members[m ^ 1].instance);
        if (c->members[m].instance == i && sim_role(i) == c->node)
            return one != NULL && other != NULL && pair_in_step(one, other);
    }
    return true;
}

static bool step(struct cluster *c, int64_t until)
{
    const struct cluster_hooks *hooks = c->params->hooks;
    if (!c->stopped && hooks != NULL && hooks->step != NULL)
        hooks->step(hooks->argument, c);
    if (c->stopped || !sim_step(c->sim, until))
        return false;
    uint64_t steps = sim_steps(c->sim);
    if (steps % WALK_STEPS == 0)
        invariants_walk(c);
    if (steps == c->params->until_step) {
        c->stopped = true;
        if (c->params->report != NULL)
            sim_print(c->sim, c->params->report, &(struct sim_interest){.whole = c->params->whole}, SHOWN);
    }
    return true;
}

static void live(struct cluster *c)
{
    const struct cluster_params *p = c->params;
    while (step(c, c->town.begin_at))
        continue;
    int64_t limit = c->town.begin_at + 1000 * SECOND + (int64_t)(p->calls / p->phones + 1) * LONGEST_CALL;
    if (p->faults != 0)
        sim_plan(c->sim, limit);
    while ((c->town.calls_left != 0 || c->town.ledger.open != 0) && step(c, limit))
        continue;
    if (!c->stopped && (c->town.calls_left != 0 || c->town.ledger.open != 0))
        cluster__violation(c, SLICE(""), SLICE(""), "%llu calls were never begun and %zu did not end",
            (unsigned long long)c->town.calls_left, c->town.ledger.open);
}

/* No new calls, no new faults: everything has to come to its end. */
static void settle(struct cluster *c)
{
    int64_t storm = c->crowd != NULL ? c->crowd_setup.begin_at + c->crowd_setup.within : 0;
    c->town.quiet = true;
    c->quiet_at = storm > sim_now(c->sim) ? storm : sim_now(c->sim);
    int64_t last = c->quiet_at + SETTLE_LONGEST;
    sim_plan(c->sim, sim_now(c->sim));
    while (!c->stopped) {
        int64_t until = sim_now(c->sim) + SETTLE_STEP;
        while (step(c, until))
            continue;
        sim_run(c->sim, c->stopped ? sim_now(c->sim) : until);
        const struct cluster_hooks *hooks = c->params->hooks;
        bool late = sim_now(c->sim) >= last;
        bool done = late || hooks == NULL || hooks->done == NULL || hooks->done(hooks->argument, c);
        if (done && invariants_settled(c, late))
            return;
    }
}

static void free_cluster(struct cluster *c)
{
    if (c->sim != NULL)
        sim_free(c->sim);
    invariants_free(c);
    ledger_free(&c->town.ledger);
    mem_free(c->town.phones);
    mem_free(c->town.registered_since);
    mem_free(c->phones);
    config_release(c->configuration);
    arena_free(&c->texts);
}

int cluster_run(struct cluster_result *result, const struct cluster_params *params)
{
    struct cluster c = {.params = params, .result = result};
    double before = cpu_seconds();
    size_t live_before = mem_live_bytes();
    mem_poison = params->roulette;
    *result = (struct cluster_result){0};
    c.node = params->node != NULL ? params->node : &role_node;
    int error = sim_create(&c.sim, &(struct sim_params){.seed = params->seed,
                                       .faults = params->faults,
                                       .argument = &c,
                                       .effect = params->hooks != NULL ? effect_h : NULL,
                                       .after_turn = after_turn,
                                       .eats = params->hooks != NULL ? eats_h : NULL,
                                       .may_strike = may_strike});
    if (error == 0) {
        sim_trace(c.sim, params->trace);
        c.started = sim_now(c.sim);
        error = cluster__build(&c);
        if (error == 0 && params->hooks != NULL && params->hooks->built != NULL)
            params->hooks->built(params->hooks->argument, &c);
    }
    if (error == 0) {
        live(&c);
        settle(&c);
        storm_report(&c);
        result->calls = c.town.ledger.count;
        result->established = c.town.ledger.established;
        result->steps = sim_steps(c.sim);
        result->hash = sim_hash(c.sim);
        result->virtual_seconds = (double)(sim_now(c.sim) - c.started) / 1e6;
        for (int f = 0; f < SIM_FAULTS; f++)
            result->faults[f] = sim_fault_count(c.sim, (enum sim_fault)f);
    }
    free_cluster(&c);
    mem_poison = false;
    result->cpu_seconds = cpu_seconds() - before;
    if (error == 0 && mem_live_bytes() != live_before) {
        result->violations++;
        if (result->first[0] == '\0')
            snprintf(result->first, sizeof result->first, "%zd bytes leaked",
                (ssize_t)(mem_live_bytes() - live_before));
    }
    return error;
}
