#include "hard_fixture.h"

#include <stdlib.h>

#include "base/log.h"
#include "unit.h"
#include "world/sim/sim_int.h"

unsigned hard_effort(void)
{
    const char *said = getenv("TANDEM_HARD");
    return said != NULL ? (unsigned)strtoul(said, NULL, 10) : 0;
}

struct cluster_result hard_run(struct cluster_params params)
{
    struct cluster_result result;
    params.seed = params.seed != 0 ? params.seed : 1;
    params.calls = params.calls != 0 ? params.calls : 100;
    params.phones = params.phones != 0 ? params.phones : 40;
    params.proxies = params.proxies != 0 ? params.proxies : 2;
    params.pairs = params.pairs != 0 ? params.pairs : 2;
    if (getenv("TANDEM_REPORT") != NULL)
        params.report = stdout;
    assert_int_equal(cluster_run(&result, &params), 0);
    return result;
}

struct cluster_result hard_expect_good(struct cluster_params params, const char *what)
{
    struct cluster_result result = hard_run(params);
    if (result.violations != 0)
        fail_msg("%s (seed %llu): %s", what, (unsigned long long)params.seed, result.first);
    return result;
}

static void ignore_line(void *argument, enum log_level level, const char *line, size_t length)
{
    (void)argument;
    (void)level;
    (void)line;
    (void)length;
}

void hard_be_quiet(void)
{
    log_set_sink(ignore_line, NULL);
}

struct sim_instance *hard_primary(struct cluster *c, unsigned pair, struct sim_instance **backup)
{
    for (unsigned m = 2 * pair; m < 2 * pair + 2; m++) {
        const struct pair *p = sim_self(c->members[m].instance);
        if (p == NULL || p->inner == NULL)
            continue;
        if (backup != NULL)
            *backup = c->members[m ^ 1].instance;
        return c->members[m].instance;
    }
    return NULL;
}

unsigned hard_site(struct cluster *c, const struct sim_instance *i)
{
    return c->sim->hosts[i->host].site;
}

void hard_filter(struct world *w, bool (*keep)(void *argument, const struct effect *e), void *argument)
{
    struct buffer kept = {.limit = w->effects.limit};
    struct slice rest = buffer_slice(&w->effects);
    struct effect e;
    while (effect_next(&rest, &e))
        if (keep(argument, &e))
            effect_add(&kept, &e);
    buffer_free(&w->effects);
    w->effects = kept;
}

struct slice hard_message(struct slice bytes)
{
    static const char *const words[] = {"SIP/2.0 ", "INVITE ", "ACK ", "BYE ", "CANCEL ", "REGISTER ",
        "OPTIONS ", "PRACK ", "UPDATE ", "INFO "};
    for (size_t at = 0; at <= FRAME_HEAD; at += FRAME_HEAD) {
        struct slice rest = at <= bytes.length ? slice_from(bytes, at) : SLICE("");
        for (size_t w = 0; w < sizeof words / sizeof words[0]; w++)
            if (slice_starts(rest, slice_text(words[w])))
                return rest;
    }
    return SLICE("");
}
