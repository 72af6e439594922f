/* What every registry does, whether it is in the process or a cluster. */
#include "registry.h"

#include "engine/registry.h"

#define LEASE 2000 /* ms: no implementation ends one earlier, and none makes it longer than it can help */
#define LEASE_LATE 20000 /* ms: longest wait for its end; a paused machine is no fault of the registry */

#define CHECK_TEXT(got, wanted)                                                                              \
    do {                                                                                                     \
        const char *got_ = (got);                                                                            \
        if (strcmp(got_, wanted) != 0)                                                                       \
            stage_fail(__FILE__, __LINE__, "it is \"%s\", not \"%s\"", got_, wanted);                        \
    } while (0)

/* Of two members that try for the same record one wins, and the other one is shown what won. */
static void of_two_rivals_one_wins(struct stage *s)
{
    struct seat *a = seat_open(s, "node-1a");
    int64_t first = registry_set(a, "pair/node-1", 0, "a", NO_LEASE);
    CHECK(first > 0);
    uint64_t token = registry_send_set(a, "pair/node-1", 0, "b", NO_LEASE, REGISTRY_WAIT);
    STAGE_UNTIL(s, seat_reply(a, token) != NULL, STAGE_PATIENCE);
    CHECK_SAME(seat_reply(a, token)->answer, ANSWER_NO);
    CHECK_SAME(seat_reply(a, token)->error, ERROR_CONFLICT);
    const Tandem__RegistryAnswer *shown = registry_answer(a, seat_reply(a, token));
    CHECK_SAME(shown->n_entries, 1);
    CHECK_SAME(shown->entries[0]->revision, first);
    CHECK(slice_equal(pack_slice(shown->entries[0]->value), SLICE("a")));
    int64_t second = registry_set(a, "pair/node-1", (uint64_t)first, "b", NO_LEASE);
    CHECK(second > first);
    CHECK_SAME(registry_set(a, "pair/node-1", (uint64_t)first, "a2", NO_LEASE), ERROR_CONFLICT);
    CHECK_TEXT(registry_range(a, "pair/", false), "pair/node-1=b ");
    CHECK(registry_set(a, "pair/node-1", (uint64_t)second, NULL, NO_LEASE) > second);
    token = registry_send_set(a, "pair/node-1", (uint64_t)second, "late", NO_LEASE, REGISTRY_WAIT);
    STAGE_UNTIL(s, seat_reply(a, token) != NULL, STAGE_PATIENCE);
    CHECK_SAME(seat_reply(a, token)->error, ERROR_CONFLICT);
    CHECK_SAME(registry_answer(a, seat_reply(a, token))->n_entries, 0);
    CHECK(registry_set(a, "pair/node-1", 0, NULL, NO_LEASE) >= second); /* nothing to delete is fine */
    CHECK(registry_set(a, "pair/node-1", 0, "again", NO_LEASE) > second);
}

static void values_are_bytes(struct stage *s)
{
    struct seat *a = seat_open(s, "node-1a");
    static const char bytes[] = {'\0', '\xff', '"', '\n', '\\', '\0'};
    Tandem__RegistryRequest m = TANDEM__REGISTRY_REQUEST__INIT;
    Tandem__RegistrySet set = TANDEM__REGISTRY_SET__INIT;
    set.key = (char *)(uintptr_t) "odd/\"\\ü\n";
    set.has_value = true;
    set.value = pack_bytes(slice_of(bytes, sizeof bytes));
    m.set = &set;
    CHECK_SAME(seat_ask(a, SERVICE_REGISTRY, &m.base, REGISTRY_WAIT)->answer, ANSWER_YES);
    CHECK(registry_set(a, "odd/empty", 0, "", NO_LEASE) > 0);
    seat_watch(a, "odd/", 1);
    STAGE_UNTIL(s, a->note_count == 2, STAGE_PATIENCE);
    CHECK(slice_equal(seat_note(a, 0)->name, slice_text(set.key)));
    CHECK(slice_equal(seat_note(a, 0)->bytes, slice_of(bytes, sizeof bytes)));
    CHECK_TEXT(registry_range(a, "odd/e", false), "odd/empty= ");
    CHECK_SAME(seat_note(a, 1)->answer, ANSWER_YES);
    CHECK_SAME(seat_note(a, 1)->bytes.length, 0);
}

static void ranges_are_sorted_and_cut_at_the_prefix(struct stage *s)
{
    struct seat *a = seat_open(s, "node-1a");
    static const char *const keys[] = {"b/2", "a", "b/10", "b", "c/1", "b/1"};
    CHECK_TEXT(registry_range(a, "", false), "");
    for (size_t i = 0; i < sizeof keys / sizeof keys[0]; i++)
        CHECK(registry_set(a, keys[i], 0, "x", NO_LEASE) > 0);
    CHECK_TEXT(registry_range(a, "b/", false), "b/1=x b/10=x b/2=x ");
    CHECK_TEXT(registry_range(a, "b/1", true), "b/1=x ");
    CHECK_TEXT(registry_range(a, "b/3", true), "");
    CHECK_TEXT(registry_range(a, "d", false), "");
    CHECK_TEXT(registry_range(a, "", false), "a=x b=x b/1=x b/10=x b/2=x c/1=x ");
}

static void leases_end_their_keys_in_time(struct stage *s)
{
    struct seat *a = seat_open(s, "node-1a"), *b = seat_open(s, "node-1b");
    seat_watch(b, "member/", 5);
    uint64_t calm = registry_grant(a, 60000), quick = registry_grant(a, LEASE);
    CHECK(quick > calm);
    int64_t begun = real_now(s->loop);
    CHECK(registry_set(a, "member/calm", 0, "1", calm) > 0);
    int64_t set = registry_set(a, "member/quick", 0, "2", quick);
    CHECK(set > 0);
    CHECK_SAME(registry_set(a, "member/none", 0, "1", quick + 999), ERROR_MISSING);
    STAGE_UNTIL(s, b->note_count == 2, STAGE_PATIENCE);
    STAGE_UNTIL(s, b->note_count == 3, LEASE_LATE);
    CHECK(real_now(s->loop) - begun > (LEASE - 500) * 1000); /* renewed or not: never much too early */
    CHECK_TEXT(registry_notes(b, 2), "5:member/quick- ");
    CHECK(seat_note(b, 2)->revision > (uint64_t)set);
    CHECK_TEXT(registry_range(a, "member/", false), "member/calm=1 ");
    CHECK_SAME(registry_renew(a, quick), ERROR_MISSING);
    CHECK_SAME(registry_renew(a, calm), 0);
    CHECK_SAME(registry_revoke(a, quick), ERROR_MISSING);
    CHECK_SAME(registry_revoke(a, calm), 0);
    CHECK_SAME(registry_revoke(a, calm), ERROR_MISSING);
    CHECK_TEXT(registry_range(a, "", false), "");
}

static void a_renewed_lease_does_not_end(struct stage *s)
{
    struct seat *a = seat_open(s, "node-1a");
    uint64_t lease = registry_grant(a, LEASE);
    CHECK(registry_set(a, "member/a", 0, "1", lease) > 0);
    for (int i = 0; i < 12; i++) {
        stage_run(s, LEASE / 4);
        CHECK_SAME(registry_renew(a, lease), 0);
    }
    CHECK_TEXT(registry_range(a, "member/", false), "member/a=1 ");
}

static void a_key_leaves_its_lease_when_set_without_it(struct stage *s)
{
    struct seat *a = seat_open(s, "node-1a");
    uint64_t lease = registry_grant(a, 60000);
    int64_t revision = registry_set(a, "k", 0, "1", lease);
    CHECK(registry_set(a, "k", (uint64_t)revision, "2", NO_LEASE) > 0);
    CHECK_SAME(registry_revoke(a, lease), 0);
    CHECK_TEXT(registry_range(a, "k", true), "k=2 ");
}

static void watchers_get_what_is_there_and_then_changes_in_order(struct stage *s)
{
    struct seat *a = seat_open(s, "node-1a"), *b = seat_open(s, "node-1b");
    int64_t mb = registry_set(a, "m/b", 0, "1", NO_LEASE);
    CHECK(registry_set(a, "m/a", 0, "1", NO_LEASE) > 0);
    int64_t x = registry_set(a, "x", 0, "1", NO_LEASE);
    seat_watch(b, "m/", 7);
    STAGE_UNTIL(s, b->note_count == 2, STAGE_PATIENCE);
    int64_t again = registry_set(a, "m/b", (uint64_t)mb, "2", NO_LEASE);
    CHECK(registry_set(a, "x", (uint64_t)x, "2", NO_LEASE) > 0);
    CHECK(registry_set(a, "m/c", 0, "1", NO_LEASE) > 0);
    int64_t gone = registry_set(a, "m/b", (uint64_t)again, NULL, NO_LEASE);
    STAGE_UNTIL(s, b->note_count >= 5, STAGE_PATIENCE);
    CHECK_TEXT(registry_notes(b, 0), "7:m/a=1 7:m/b=1 7:m/b=2 7:m/c=1 7:m/b- ");
    CHECK_SAME(seat_note(b, 2)->revision, again);
    CHECK_SAME(seat_note(b, 4)->revision, gone);
    size_t before = b->note_count;
    seat_watch(b, "m/", 7); /* the same token: begins anew */
    STAGE_UNTIL(s, b->note_count >= before + 2, STAGE_PATIENCE);
    seat_watch(a, "", 8);
    STAGE_UNTIL(s, a->note_count >= 3, STAGE_PATIENCE);
    CHECK(registry_set(a, "m/d", 0, "1", NO_LEASE) > 0);
    STAGE_UNTIL(s, b->note_count >= before + 3 && a->note_count >= 4, STAGE_PATIENCE);
    stage_run(s, 1500); /* nothing comes twice */
    CHECK_TEXT(registry_notes(b, before), "7:m/a=1 7:m/c=1 7:m/d=1 ");
    CHECK_TEXT(registry_notes(a, 0), "8:m/a=1 8:m/c=1 8:x=2 8:m/d=1 ");
}

/* Fencing: whatever happened before, numbers given out later are larger. */
static void keys_and_numbers_survive_a_restart(struct stage *s)
{
    struct seat *a = seat_open(s, "node-1a");
    int64_t kept = registry_set(a, "kept", 0, "1", NO_LEASE);
    int64_t gone = registry_set(a, "gone", 0, "1", NO_LEASE);
    gone = registry_set(a, "gone", (uint64_t)gone, NULL, NO_LEASE);
    CHECK(gone > kept && kept > 0);
    uint64_t lease = registry_grant(a, 30000);
    CHECK(registry_set(a, "leased", 0, "1", lease) > 0);
    stage_restart(s);
    a = seat_open(s, "node-1a");
    CHECK_TEXT(registry_range(a, "", false), "kept=1 leased=1 ");
    CHECK(registry_set(a, "gone", 0, "2", NO_LEASE) > gone);
    CHECK(registry_grant(a, LEASE) > lease);
    CHECK_SAME(registry_renew(a, lease), 0); /* who restarts may renew what it held */
    CHECK_SAME(registry_revoke(a, lease), 0);
    CHECK_TEXT(registry_range(a, "", false), "gone=2 kept=1 ");
}

static void what_cannot_be_is_refused(struct stage *s)
{
    struct seat *a = seat_open(s, "node-1a");
    Tandem__RegistryRequest m = TANDEM__REGISTRY_REQUEST__INIT;
    Tandem__LeaseGrant grant = TANDEM__LEASE_GRANT__INIT;
    Tandem__LeaseRenew renewal = TANDEM__LEASE_RENEW__INIT;
    static char big[REGISTRY_VALUE + 2], name[REGISTRY_KEY + 2];
    memset(big, 'b', sizeof big - 1);
    memset(name, 'n', sizeof name - 1);
    CHECK_SAME(seat_ask(a, SERVICE_REGISTRY, &m.base, REGISTRY_WAIT)->error, ERROR_SYNTAX);
    m.lease_grant = &grant; /* no time at all */
    CHECK_SAME(seat_ask(a, SERVICE_REGISTRY, &m.base, REGISTRY_WAIT)->error, ERROR_RANGE);
    m.lease_renew = &renewal; /* two questions */
    CHECK_SAME(seat_ask(a, SERVICE_REGISTRY, &m.base, REGISTRY_WAIT)->error, ERROR_SYNTAX);
    CHECK_SAME(registry_set(a, "", 0, "x", NO_LEASE), ERROR_LIMIT);
    CHECK_SAME(registry_set(a, name, 0, "x", NO_LEASE), ERROR_LIMIT);
    CHECK_SAME(registry_set(a, "big", 0, big, NO_LEASE), ERROR_LIMIT);
    CHECK_SAME(registry_renew(a, 0), ERROR_MISSING);
    CHECK_SAME(registry_renew(a, UINT64_MAX), ERROR_MISSING);
    CHECK_SAME(registry_set(a, "k", 0, "x", UINT64_MAX), ERROR_MISSING);
    CHECK_SAME(registry_set(a, "k", UINT64_MAX, "x", NO_LEASE), ERROR_CONFLICT);
    CHECK_TEXT(registry_range(a, "", false), "");
    big[REGISTRY_VALUE] = name[REGISTRY_KEY] = '\0'; /* the largest that can be */
    CHECK(registry_set(a, name, 0, big, NO_LEASE) > 0);
    CHECK(registry_revision(a, name) > 0);
}

CONFORMANCE("registry", CONFORMANCE_TEST(of_two_rivals_one_wins), CONFORMANCE_TEST(values_are_bytes),
    CONFORMANCE_TEST(ranges_are_sorted_and_cut_at_the_prefix),
    CONFORMANCE_TEST(leases_end_their_keys_in_time), CONFORMANCE_TEST(a_renewed_lease_does_not_end),
    CONFORMANCE_TEST(a_key_leaves_its_lease_when_set_without_it),
    CONFORMANCE_TEST(watchers_get_what_is_there_and_then_changes_in_order),
    CONFORMANCE_TEST(keys_and_numbers_survive_a_restart), CONFORMANCE_TEST(what_cannot_be_is_refused))
