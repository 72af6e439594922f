/* What must always be true, looked at from outside. */
#include <stdio.h>

#include "base/hash.h"
#include "base/mem.h"
#include "pair/pair.h"
#include "sim/cluster_int.h"
#include "wire/engine.pb-c.h"
#include "wire/event.pb-c.h"
#include "wire/pack.h"

#define KNOWN_WITHIN 20000000 /* µs: a call that stands at both phones is known to a node */
#define GONE_WITHIN                                                                                          \
    200000000 /* one that has ended at its phones has at the node: TIMER_CALL_RING and _END                  \
               */
#define STOPS_WITHIN 5000000
#define EQUAL_WITHIN 45000000    /* proxies know the same: TIMER_BINDINGS_AUDIT and what it begins */
#define CHANNELS_WITHIN 60000000 /* calls end, and what counts them knows */
#define PAGE 500

/* ---- one primary in each view ---- */

void invariants_turn(struct cluster *c, struct sim_instance *i)
{
    uint64_t view;
    void *self = sim_self(i);
    if (self == NULL || pair_inner(self, &view) == NULL)
        return;
    unsigned pair = 0;
    for (unsigned m = 0; m < c->member_count; m++)
        if (c->members[m].instance == i)
            pair = c->members[m].pair;
    uint64_t key = (uint64_t)pair << 48 | view;
    struct sim_instance *before = map_get_number(&c->views, key);
    if (before == NULL)
        map_put_number(&c->views, key, i);
    else if (before != i)
        cluster__violation(c, SLICE(""), sim_name(i), "%.*s and %.*s are both primary in view %llu",
            SLICE_ARG(sim_name(before)), SLICE_ARG(sim_name(i)), (unsigned long long)view);
}

/* ---- calls at phones and calls at nodes ---- */

static struct slice word(struct slice *line)
{
    struct slice w = {0};
    slice_cut(line, ' ', &w);
    return w;
}

/* A call that a node has: its phones must believe in it, or have ended it not long ago. */
static void node_call(struct cluster *c, struct sim_instance *i, struct slice line, struct map *known)
{
    word(&line);
    struct slice id = word(&line), state = word(&line);
    word(&line);
    word(&line);
    uint64_t number = ledger_number(line);
    struct ledger_call *call = ledger_at(&c->town.ledger, number);
    if (call == NULL) {
        cluster__violation(c, line, sim_name(i), "%.*s has call %.*s (%.*s) that no phone has begun",
            SLICE_ARG(sim_name(i)), SLICE_ARG(id), SLICE_ARG(state));
        return;
    }
    map_put_number(known, number, call);
    if (call->caller.state == LEDGER_ENDED && sim_now(c->sim) - call->caller.since > GONE_WITHIN &&
        (call->callee.phone == UINT32_MAX || call->callee.state == LEDGER_ENDED))
        cluster__violation(c, line, sim_name(i),
            "%.*s still has call %.*s (%.*s), which ended at its phones %lld s ago", SLICE_ARG(sim_name(i)),
            SLICE_ARG(id), SLICE_ARG(state), (long long)((sim_now(c->sim) - call->caller.since) / 1000000));
}

static void audit(struct cluster *c, struct sim_instance *i)
{
    const struct role *role = sim_role(i);
    buffer_clear(&c->audit);
    if (sim_self(i) != NULL && role->audit != NULL)
        role->audit(sim_self(i), &c->audit);
}

static void phone_call_known(struct cluster *c, unsigned index, const struct map *known)
{
    const struct phone *p = sim_self(c->phones[index]);
    uint64_t number = p != NULL ? phone_call(p) : 0;
    const struct ledger_call *call = ledger_at(&c->town.ledger, number);
    bool stands = call != NULL && call->caller.state == LEDGER_ESTABLISHED &&
                  call->callee.state == LEDGER_ESTABLISHED && call->caller.phone == index;
    if (!stands || map_get_number(known, number) != NULL) {
        c->unknown_since[index] = 0;
        return;
    }
    if (c->unknown_since[index] == 0)
        c->unknown_since[index] = sim_now(c->sim);
    if (sim_now(c->sim) - c->unknown_since[index] < KNOWN_WITHIN)
        return;
    char text[24];
    int length = snprintf(text, sizeof text, "%llx-", (unsigned long long)number);
    cluster__violation(c, slice_of(text, (size_t)length), sim_name(c->phones[index]),
        "the call that %.*s has with %.*s is known to no node",
        SLICE_ARG(c->town.phones[call->caller.phone].dn), SLICE_ARG(c->town.phones[call->callee.phone].dn));
}

/* Of several phones that ring one answers; the others stop. */
static void ringing_ends(struct cluster *c)
{
    for (unsigned i = 0; i < c->phone_count; i++) {
        const struct phone *p = sim_self(c->phones[i]);
        const struct ledger_call *call = p != NULL ? ledger_at(&c->town.ledger, phone_call(p)) : NULL;
        if (call != NULL && phone_rings(p) && call->caller.state >= LEDGER_ESTABLISHED &&
            sim_now(c->sim) - call->caller.since > STOPS_WITHIN)
            cluster__violation(c, SLICE(""), sim_name(c->phones[i]),
                "%.*s rings for a call that was answered or is over", SLICE_ARG(sim_name(c->phones[i])));
        if (call != NULL && call->callee.state == LEDGER_ESTABLISHED &&
            call->twin.state == LEDGER_ESTABLISHED && sim_now(c->sim) - call->twin.since > STOPS_WITHIN)
            cluster__violation(c, SLICE(""), sim_name(c->phones[i]), "two phones are in one call");
    }
}

/* What a turn changed without saying so would be lost with the primary. */
static void members_agree(struct cluster *c)
{
    for (unsigned m = 0; m < c->member_count; m++) {
        struct sim_instance *one = c->members[m].instance, *other = c->members[m ^ 1].instance;
        struct record_id which;
        if (sim_self(one) != NULL && sim_self(other) != NULL && sim_role(one) == c->node &&
            pair_differs(sim_self(one), sim_self(other), &which))
            cluster__violation(c, SLICE(""), sim_name(one),
                "%.*s has record %u:%llx otherwise than its backup knows it", SLICE_ARG(sim_name(one)),
                which.kind, (unsigned long long)which.id);
    }
}

/* Calls that stand beyond each trunk, as the phones there see it. */
static void capacities_kept(struct cluster *c)
{
    unsigned calls[CLUSTER_CARRIERS] = {0};
    for (unsigned i = (unsigned)c->town.count; i < c->phone_count; i++) {
        const struct phone *p = sim_self(c->phones[i]);
        const struct ledger_call *call = p != NULL ? ledger_at(&c->town.ledger, phone_call(p)) : NULL;
        if (call != NULL && call->caller.state == LEDGER_ESTABLISHED &&
            call->callee.state == LEDGER_ESTABLISHED)
            calls[phone_carrier(p)]++;
    }
    for (unsigned k = 0; k < c->params->carriers; k++) /* each proxy may let in one more at the same moment */
        if (calls[k] > c->carrier_setups[k].capacity + c->params->proxies)
            cluster__violation(c, SLICE(""), sim_name(c->carriers[k]),
                "%u calls stand at %.*s, whose capacity is %u", calls[k], SLICE_ARG(sim_name(c->carriers[k])),
                c->carrier_setups[k].capacity);
}

void invariants_walk(struct cluster *c)
{
    struct map known = {0};
    members_agree(c);
    for (unsigned m = 0; m < c->member_count; m++) {
        audit(c, c->members[m].instance);
        struct slice rest = buffer_slice(&c->audit), line;
        while (slice_cut(&rest, '\n', &line))
            if (slice_starts(line, SLICE("call ")))
                node_call(c, c->members[m].instance, line, &known);
    }
    for (unsigned i = 0; i < c->phone_count && !c->stopped; i++)
        phone_call_known(c, i, &known);
    map_free(&known);
    if (c->town.strict && !c->stopped) {
        capacities_kept(c);
        if (c->params->hooks == NULL ||
            c->params->hooks->eats == NULL) /* who died knew whom it had to tell */
            ringing_ends(c);
    }
    storm_walk(c);
}

void invariants_free(struct cluster *c)
{
    map_free(&c->views);
    mem_free(c->unknown_since);
    buffer_free(&c->audit);
}

/* ---- at the end ---- */

/* Something is not at rest yet: no matter, unless this was the last look. */
#define NOT_YET(c, strict, call_id, instance, ...)                                                           \
    do {                                                                                                     \
        if (strict)                                                                                          \
            cluster__violation(c, call_id, instance, __VA_ARGS__);                                           \
        return false;                                                                                        \
    } while (0)

static bool phones_rest(struct cluster *c, bool strict)
{
    for (unsigned i = 0; i < c->phone_count; i++)
        if (sim_self(c->phones[i]) == NULL || !phone_idle(sim_self(c->phones[i])))
            NOT_YET(c, strict, SLICE(""), sim_name(c->phones[i]), "%.*s does not come to rest",
                SLICE_ARG(sim_name(c->phones[i])));
    if (c->town.registered != c->params->phones)
        NOT_YET(c, strict, SLICE(""), SLICE(""), "%zu of %u phones are registered at the end",
            c->town.registered, c->params->phones);
    return true;
}

static bool nodes_rest(struct cluster *c, bool strict)
{
    for (unsigned m = 0; m < c->member_count; m++) {
        struct sim_instance *i = c->members[m].instance;
        audit(c, i);
        struct slice rest = buffer_slice(&c->audit), line;
        while (slice_cut(&rest, '\n', &line)) {
            if (slice_starts(line, SLICE("call ")))
                NOT_YET(c, strict, SLICE(""), sim_name(i), "%.*s has a call at the end: %.*s",
                    SLICE_ARG(sim_name(i)), SLICE_ARG(line));
            if (slice_starts(line, SLICE("counts ")) &&
                !slice_equal(line, SLICE("counts calls=0 legs=0 transactions=0 sdps=0 outbox=0")))
                NOT_YET(c, strict, SLICE(""), sim_name(i), "%.*s has something left at the end: %.*s",
                    SLICE_ARG(sim_name(i)), SLICE_ARG(line));
        }
    }
    return true;
}

/* One row of history_audit: cursor, call_id, sip_call_id, started, answered, ended, result, node, cause.
 */
static bool row(struct cluster *c, const Tandem__StoreRow *r, bool strict)
{
    struct slice id = slice_text(r->values[2]->text);
    struct ledger_call *call = ledger_at(&c->town.ledger, ledger_number(id));
    if (call == NULL)
        NOT_YET(
            c, strict, id, SLICE(""), "the history has call %s that no phone has begun", r->values[1]->text);
    /* A proxy that was started again deals out a trunk's call anew, when the carrier sends it again. */
    bool dealt_again = call->beyond && !c->town.strict && c->town.phones[call->caller.phone].outside;
    if (++call->rows > 1 && !dealt_again)
        NOT_YET(c, strict, id, SLICE(""), "the history has two rows of one call, the second is %s",
            r->values[1]->text);
    int64_t result = r->values[6]->number;
    if (!r->values[5]->has_number || result == TANDEM__CALL_RESULT__RESULT_OPEN)
        NOT_YET(c, strict, id, SLICE(""), "the history has call %s without an end", r->values[1]->text);
    if (r->values[8]->text == NULL || r->values[8]->text[0] == '\0')
        NOT_YET(c, strict, id, SLICE(""), "the history does not say why call %s ended", r->values[1]->text);
    bool stood = call->caller.was_established && call->callee.was_established;
    if (stood && result != TANDEM__CALL_RESULT__RESULT_ANSWERED)
        NOT_YET(c, strict, id, SLICE(""), "call %s was established at both phones; the history says %lld",
            r->values[1]->text, (long long)result);
    if (c->town.strict && !call->caller.was_established && !call->callee.was_established &&
        result == TANDEM__CALL_RESULT__RESULT_ANSWERED)
        NOT_YET(c, strict, id, SLICE(""), "call %s was never established; the history says answered",
            r->values[1]->text);
    return true;
}

/* Reads one page behind the cursor; false when something is wrong, or there was nothing more. */
static bool page(struct cluster *c, int64_t *cursor, bool *good, bool strict)
{
    struct buffer request = {.data = NULL}, answer = {.data = NULL};
    struct arena arena = {0};
    Tandem__StoreValue parameters[2] = {TANDEM__STORE_VALUE__INIT, TANDEM__STORE_VALUE__INIT};
    Tandem__StoreValue *list[2] = {&parameters[0], &parameters[1]};
    Tandem__StoreStatement statement = TANDEM__STORE_STATEMENT__INIT, *statements = &statement;
    Tandem__StoreRequest store = TANDEM__STORE_REQUEST__INIT;
    parameters[0].has_number = parameters[1].has_number = true;
    parameters[0].number = *cursor;
    parameters[1].number = PAGE;
    statement.name = (char *)(uintptr_t) "history_audit";
    statement.parameters = list;
    statement.n_parameters = 2;
    store.statements = &statements;
    store.n_statements = 1;
    pack_add(&request, &store.base);
    enum answer said = sim_ask(c->sim, &answer, SERVICE_STORE, NULL, buffer_slice(&request));
    const Tandem__StoreAnswer *a =
        pack_read(&tandem__store_answer__descriptor, buffer_slice(&answer), &arena);
    *good = said == ANSWER_YES && a != NULL && a->n_results == 1;
    bool more = *good && a->results[0]->n_rows != 0;
    for (size_t r = 0; more && *good && r < a->results[0]->n_rows; r++) {
        *cursor = a->results[0]->rows[r]->values[0]->number;
        *good = row(c, a->results[0]->rows[r], strict);
    }
    arena_free(&arena);
    buffer_free(&request);
    buffer_free(&answer);
    return more && *good;
}

static bool history_complete(struct cluster *c, bool strict)
{
    struct ledger *l = &c->town.ledger;
    int64_t cursor = 0;
    bool good;
    for (size_t i = 0; i < l->count; i++)
        l->calls[i].rows = 0;
    while (page(c, &cursor, &good, strict))
        continue;
    if (!good)
        NOT_YET(c, strict, SLICE(""), SLICE("history-1"), "the history cannot be read");
    for (size_t i = 0; i < l->count; i++) {
        const struct ledger_call *call = &l->calls[i];
        char text[24];
        struct slice id =
            slice_of(text, (size_t)snprintf(text, sizeof text, "%llx-", (unsigned long long)i + 1));
        const struct ledger_side *open = call->callee.state != LEDGER_ENDED ? &call->callee : &call->twin;
        if (open->phone != UINT32_MAX && open->state != LEDGER_ENDED)
            NOT_YET(
                c, strict, id, c->town.phones[open->phone].dn, "call %zu did not end at its callee", i + 1);
        if (c->town.strict && (call->caller.end == LEDGER_TIMED_OUT || call->caller.end == LEDGER_LOST ||
                                  (call->caller.status >= 500 && call->caller.status != 603 &&
                                      !(call->beyond && call->caller.status == 503)))) /* trunks are full */
            NOT_YET(c, strict, id, SLICE(""), "call %zu failed without any fault: caller %s, status %u",
                i + 1, ledger_end_name(call->caller.end), call->caller.status);
        if (call->rows == 0 && (call->caller.heard || call->callee_legs != 0))
            NOT_YET(c, strict, id, SLICE(""), "call %zu (caller %s, callee %s) is not in the history", i + 1,
                ledger_end_name(call->caller.end), ledger_end_name(call->callee.end));
    }
    return true;
}

/* The line of an audit that begins so; empty: there is none. */
static struct slice line_of(struct cluster *c, struct slice begin)
{
    struct slice rest = buffer_slice(&c->audit), line;
    while (slice_cut(&rest, '\n', &line))
        if (slice_starts(line, begin))
            return line;
    return SLICE("");
}

/* Proxies of one location know the same registrations (VC-2), soon after nothing strikes them any more:
 * phones that register again later would hide what was missing. */
static bool bindings_equal(struct cluster *c)
{
    unsigned step = c->town.locations;
    bool late = !c->bindings_equal && sim_now(c->sim) - c->quiet_at > EQUAL_WITHIN;
    for (unsigned k = 0; k < c->params->proxies; k++) {
        uint64_t hash;
        audit(c, c->proxies[k]);
        hash = hash_stable(line_of(c, SLICE("bindings ")));
        if (k >= step && hash != c->bindings[k % step])
            NOT_YET(c, late, SLICE(""), sim_name(c->proxies[k]), "%.*s and %.*s know different registrations",
                SLICE_ARG(sim_name(c->proxies[k])), SLICE_ARG(sim_name(c->proxies[k % step])));
        c->bindings[k] = hash;
    }
    c->bindings_equal = true;
    return true;
}

/* No call holds a channel any more, and we are registered where we should be. */
static bool trunks_rest(struct cluster *c, bool strict)
{
    bool late = strict || (c->town.strict && sim_now(c->sim) - c->quiet_at > CHANNELS_WITHIN);
    for (unsigned k = 0; k < c->params->proxies; k++) {
        audit(c, c->proxies[k]);
        struct slice rest = buffer_slice(&c->audit), line;
        while (slice_cut(&rest, '\n', &line))
            if (slice_starts(line, SLICE("trunk ")) && slice_find_slice(line, SLICE(" calls=0")) < 0)
                NOT_YET(c, late, SLICE(""), sim_name(c->proxies[k]), "%.*s counts calls at the end: %.*s",
                    SLICE_ARG(sim_name(c->proxies[k])), SLICE_ARG(line));
    }
    for (unsigned k = 0; k < c->params->carriers; k += 2)
        if (!c->carrier_states[k].alive || c->carrier_states[k].registered_until < sim_now(c->sim))
            NOT_YET(c, strict, SLICE(""), sim_name(c->carriers[k]),
                "we are not registered at %.*s at the end", SLICE_ARG(sim_name(c->carriers[k])));
    return true;
}

static bool storm_rests(struct cluster *c, bool strict)
{
    size_t number;
    if (!storm_over(c, &number))
        NOT_YET(c, strict, SLICE(""), SLICE("crowd"), "%zu of %u phones are registered after the storm",
            number, c->params->storm);
    if (!storm_settled(c, &number))
        NOT_YET(c, strict, SLICE(""), SLICE(""), "a proxy holds %zu bytes for each registration", number);
    return true;
}

bool invariants_settled(struct cluster *c, bool strict)
{
    bool equal = bindings_equal(c);
    return storm_rests(c, strict) && phones_rest(c, strict) && nodes_rest(c, strict) &&
           trunks_rest(c, strict) && (equal || strict) && history_complete(c, strict);
}
