/* Hard test 4: between us and etcd stands somebody who delays, cuts, leaves out, mixes up and is silent. An
 * answer is true or unknown; nobody is told of a change that never was. */
#include "registry.h"

#define LEASE 60000

/* What may be said while this lie is told, beside the truth. */
static const struct lie {
    const char *words;
    bool known; /* answers are true and come in time all the same */
} lies[] = {
    {"drop succeeded", false}, {"drop responses", false}, {"drop kvs", false}, {"drop count", false},
    {"drop value", false}, {"drop key", false}, {"drop mod_revision", false}, {"drop revision", false},
    {"drop raft_term", false}, {"drop cluster_id", false}, {"drop header", false}, {"drop ID", false},
    {"drop TTL", false}, {"drop response_range", false}, {"drop response_put", false},
    {"drop response_txn", false}, {"truncate", false}, {"cut", false}, {"changed", false}, {"refused", false},
    {"mute", false}, {"page", false}, {"stranger", false}, {"closed", false}, {"late 150", true},
    {"late 700", false}, {"silent", true}, {"drop events", true}, /* looks find what the stream leaves out */
};
#define LIES (sizeof lies / sizeof lies[0])

static const struct reply *reply_to(struct seat *s, uint64_t token)
{
    STAGE_UNTIL(s->stage, seat_reply(s, token) != NULL, STAGE_PATIENCE);
    return seat_reply(s, token);
}

static const struct reply *range(struct seat *s, const char *prefix)
{
    Tandem__RegistryRequest m = TANDEM__REGISTRY_REQUEST__INIT;
    Tandem__RegistryRange g = TANDEM__REGISTRY_RANGE__INIT;
    g.prefix = (char *)(uintptr_t)prefix;
    m.range = &g;
    return seat_ask(s, SERVICE_REGISTRY, &m.base, 1000);
}

static const struct reply *renew(struct seat *s, uint64_t lease)
{
    Tandem__RegistryRequest m = TANDEM__REGISTRY_REQUEST__INIT;
    Tandem__LeaseRenew l = TANDEM__LEASE_RENEW__INIT;
    l.lease = lease;
    m.lease_renew = &l;
    return seat_ask(s, SERVICE_REGISTRY, &m.base, 1000);
}

static void honest(struct seat *s)
{
    CHECK(stage_fault("lie none"));
    for (int times = 0; times < 100 && range(s, "")->answer != ANSWER_YES; times++)
        stage_run(s->stage, 50);
}

/* Whatever was said of a change is how it is. */
static void compare_set(struct seat *s, const struct lie *lie, const struct reply *said, uint64_t before)
{
    uint64_t after = registry_revision(s, "truth/key");
    if (said->answer == ANSWER_YES && registry_answer(s, said)->revision != after)
        stage_fail(__FILE__, __LINE__, "\"%s\": yes, and it was not done", lie->words);
    if (said->answer == ANSWER_NO && after != before)
        stage_fail(
            __FILE__, __LINE__, "\"%s\": no (%s), and it was done", lie->words, error_symbol(said->error));
    if (said->answer == ANSWER_NO && said->error == ERROR_CONFLICT)
        stage_fail(__FILE__, __LINE__, "\"%s\": nobody was in the way", lie->words);
    if (lie->known && said->answer != ANSWER_YES)
        stage_fail(__FILE__, __LINE__, "\"%s\": it is known that it was done", lie->words);
}

static void one_lie(struct seat *s, const struct lie *lie, uint64_t lease)
{
    uint64_t before = registry_revision(s, "truth/key");
    CHECK(before != 0 && stage_fault("lie %s", lie->words));
    const struct reply *set =
        reply_to(s, registry_send_set(s, "truth/key", before, lie->words, NO_LEASE, 1000));
    const struct reply *shown = range(s, "truth/");
    const struct reply *renewed = renew(s, lease);
    honest(s);
    compare_set(s, lie, set, before);
    if (shown->answer == ANSWER_YES && registry_answer(s, shown)->n_entries != 2)
        stage_fail(__FILE__, __LINE__, "\"%s\": a range that is not whole", lie->words);
    if (renewed->answer == ANSWER_NO && renewed->error == ERROR_MISSING)
        stage_fail(__FILE__, __LINE__, "\"%s\": the lease is said to be gone", lie->words);
    if (lie->known && (shown->answer != ANSWER_YES || renewed->answer != ANSWER_YES))
        stage_fail(__FILE__, __LINE__, "\"%s\": it could be known", lie->words);
}

/* VC-23 */
static void an_answer_is_true_or_unknown(struct stage *s)
{
    struct seat *a = seat_open(s, "node-1a");
    if (!stage_fault("lie none"))
        stage_not_here("nobody lies");
    uint64_t lease = registry_grant(a, LEASE);
    CHECK(registry_set(a, "truth/key", 0, "0", NO_LEASE) > 0);
    CHECK(registry_set(a, "truth/lease", 0, "1", lease) > 0);
    for (size_t i = 0; i < LIES; i++)
        one_lie(a, &lies[i], lease);
}

/* Who watches hears of each change within a look, and of no other, whatever the stream says. */
static void watchers_hear_the_truth(struct stage *s)
{
    struct seat *a = seat_open(stage_another(s), "node-1a"), *b = seat_open(s, "node-1b");
    if (!stage_fault("lie none"))
        stage_not_here("nobody lies");
    CHECK(registry_set(a, "kept/key", 0, "1", NO_LEASE) > 0);
    int64_t revision = registry_set(a, "changed/key", 0, "0", NO_LEASE);
    seat_watch(b, "", 1);
    STAGE_UNTIL(s, b->note_count == 2, STAGE_PATIENCE);
    size_t expected = 2;
    for (size_t i = 0; i < LIES; i++) {
        CHECK(stage_fault("lie %s", lies[i].words));
        uint64_t token =
            registry_send_set(a, "changed/key", (uint64_t)revision, lies[i].words, NO_LEASE, 1000);
        reply_to(a, token);
        if (lies[i].known) {
            STAGE_UNTIL(s, b->note_count == expected + 1, 2500);
        } else {
            stage_run(s, 300);
        }
        honest(a);
        uint64_t now = registry_revision(a, "changed/key");
        expected += now != (uint64_t)revision;
        revision = (int64_t)now;
        STAGE_UNTIL(s, b->note_count >= expected, STAGE_PATIENCE);
        if (b->note_count != expected || seat_last(b, "changed/key")->revision != now)
            stage_fail(__FILE__, __LINE__, "\"%s\": told \"%s\"", lies[i].words, registry_notes(b, 0));
        CHECK_SAME(seat_last(b, "kept/key")->answer, ANSWER_YES);
    }
}

/* A stream that was cut off, and whose continuation etcd has forgotten: deletions are told all the same. */
static void what_happened_meanwhile_is_told(struct stage *s)
{
    struct seat *a = seat_open(s, "node-1a");
    char line[256];
    if (!stage_fault("lie none"))
        stage_not_here("nobody lies");
    CHECK(registry_set(a, "m/goes", 0, "1", NO_LEASE) > 0);
    CHECK(registry_set(a, "m/stays", 0, "1", NO_LEASE) > 0);
    seat_watch(a, "m/", 1);
    STAGE_UNTIL(s, a->note_count == 2, STAGE_PATIENCE);
    CHECK(stage_fault("lie closed"));
    stage_run(s, 200);
    snprintf(line, sizeof line, "behind %s/m/goes %s/m/comes", stage_params.cluster, stage_params.cluster);
    CHECK(stage_fault("%s", line));
    stage_run(s, 500);
    CHECK_SAME(a->note_count, 2);
    CHECK(stage_fault("lie none"));
    STAGE_UNTIL(s, a->note_count == 4, STAGE_PATIENCE);
    CHECK(strcmp(registry_notes(a, 2), "1:m/comes=1 1:m/goes- ") == 0);
    CHECK(registry_set(a, "m/later", 0, "1", NO_LEASE) > 0); /* and the stream goes on */
    STAGE_UNTIL(s, a->note_count == 5, STAGE_PATIENCE);
}

CONFORMANCE("registry", CONFORMANCE_TEST(an_answer_is_true_or_unknown),
    CONFORMANCE_TEST(watchers_hear_the_truth), CONFORMANCE_TEST(what_happened_meanwhile_is_told))
