#include "engine/registry.h"

#include "base/error.h"
#include "base/wheel.h"
#include "unit.h"
#include "wire/engine.pb-c.h"
#include "wire/pack.h"

#define SECOND 1000000

static struct arena arena;
static Tandem__RegistryAnswer *last_answer;
static int last_error;

static enum answer ask(struct registry *r, const Tandem__RegistryRequest *m, int64_t now)
{
    struct buffer request = {0}, bytes = {0};
    pack_add(&request, &m->base);
    enum answer answer = registry_ask(&bytes, &last_error, r, buffer_slice(&request), now);
    arena_reset(&arena);
    last_answer = pack_read(&tandem__registry_answer__descriptor, buffer_slice(&bytes), &arena);
    assert_non_null(last_answer);
    buffer_free(&request);
    buffer_free(&bytes);
    return answer;
}

/* value NULL: delete; lease 0: none. Returns the new revision, or the error. */
static int64_t set(
    struct registry *r, const char *key, uint64_t expected, const char *value, uint64_t lease, int64_t now)
{
    Tandem__RegistryRequest m = TANDEM__REGISTRY_REQUEST__INIT;
    Tandem__RegistrySet s = TANDEM__REGISTRY_SET__INIT;
    s.key = (char *)(uintptr_t)key;
    s.expected_revision = expected;
    s.has_value = value != NULL;
    s.value = pack_bytes(slice_text(value));
    s.has_lease = lease != 0;
    s.lease = lease;
    m.set = &s;
    if (ask(r, &m, now) == ANSWER_NO)
        return last_error;
    return (int64_t)last_answer->revision;
}

static uint64_t grant(struct registry *r, uint64_t milliseconds, int64_t now)
{
    Tandem__RegistryRequest m = TANDEM__REGISTRY_REQUEST__INIT;
    Tandem__LeaseGrant g = TANDEM__LEASE_GRANT__INIT;
    g.milliseconds = milliseconds;
    m.lease_grant = &g;
    return ask(r, &m, now) == ANSWER_YES ? last_answer->lease : 0;
}

static int renew(struct registry *r, uint64_t lease, int64_t now)
{
    Tandem__RegistryRequest m = TANDEM__REGISTRY_REQUEST__INIT;
    Tandem__LeaseRenew l = TANDEM__LEASE_RENEW__INIT;
    l.lease = lease;
    m.lease_renew = &l;
    return ask(r, &m, now) == ANSWER_YES ? 0 : last_error;
}

static int revoke(struct registry *r, uint64_t lease, int64_t now)
{
    Tandem__RegistryRequest m = TANDEM__REGISTRY_REQUEST__INIT;
    Tandem__LeaseRevoke l = TANDEM__LEASE_REVOKE__INIT;
    l.lease = lease;
    m.lease_revoke = &l;
    return ask(r, &m, now) == ANSWER_YES ? 0 : last_error;
}

/* "key=value key=value " */
static const char *range(struct registry *r, const char *prefix, bool exact, int64_t now)
{
    static char text[512];
    Tandem__RegistryRequest m = TANDEM__REGISTRY_REQUEST__INIT;
    Tandem__RegistryRange g = TANDEM__REGISTRY_RANGE__INIT;
    g.prefix = (char *)(uintptr_t)prefix;
    g.has_exact = exact;
    g.exact = exact;
    m.range = &g;
    assert_int_equal(ask(r, &m, now), ANSWER_YES);
    size_t length = 0;
    text[0] = '\0';
    for (size_t i = 0; i < last_answer->n_entries; i++)
        length += (size_t)snprintf(text + length, sizeof text - length, "%s=%.*s ",
            last_answer->entries[i]->key, SLICE_ARG(pack_slice(last_answer->entries[i]->value)));
    return text;
}

/* "token:key=value " or "token:key- " for each change. */
static const char *changes(struct registry *r)
{
    static char text[1024];
    struct registry_change c;
    size_t length = 0;
    text[0] = '\0';
    while (registry_next_change(r, &c))
        length += (size_t)snprintf(text + length, sizeof text - length,
            c.gone ? "%llu:%.*s-%.*s " : "%llu:%.*s=%.*s ", (unsigned long long)c.token, SLICE_ARG(c.key),
            SLICE_ARG(c.value));
    return text;
}

static struct registry *opened(struct files *files, int64_t now)
{
    struct registry *r;
    assert_int_equal(registry_open(&r, files, now), 0);
    return r;
}

static void closed(struct registry *r)
{
    registry_close(r);
    arena_free(&arena);
}

/* Of two members that try for the same record one wins, and the other one is shown what won. */
static void of_two_rivals_one_wins(void **state)
{
    struct registry *r = opened(NULL, 0);
    (void)state;
    int64_t first = set(r, "pair/node-1", 0, "a", 0, 0);
    assert_true(first > 0);
    assert_int_equal(set(r, "pair/node-1", 0, "b", 0, 0), ERROR_CONFLICT);
    assert_int_equal(last_answer->n_entries, 1);
    assert_int_equal(last_answer->entries[0]->revision, first);
    assert_memory_equal(last_answer->entries[0]->value.data, "a", 1);
    int64_t second = set(r, "pair/node-1", (uint64_t)first, "b", 0, 0);
    assert_true(second > first);
    assert_int_equal(set(r, "pair/node-1", (uint64_t)first, "a2", 0, 0), ERROR_CONFLICT);
    assert_string_equal(range(r, "pair/", false, 0), "pair/node-1=b ");
    assert_true(set(r, "pair/node-1", (uint64_t)second, NULL, 0, 0) > second);
    assert_int_equal(set(r, "pair/node-1", (uint64_t)second, "late", 0, 0), ERROR_CONFLICT);
    assert_int_equal(last_answer->n_entries, 0);
    closed(r);
}

static void range_is_sorted_and_cut_at_the_prefix(void **state)
{
    struct registry *r = opened(NULL, 0);
    (void)state;
    static const char *const keys[] = {"b/2", "a", "b/10", "b", "c/1", "b/1"};
    for (size_t i = 0; i < 6; i++)
        assert_true(set(r, keys[i], 0, "x", 0, 0) > 0);
    assert_string_equal(range(r, "b/", false, 0), "b/1=x b/10=x b/2=x ");
    assert_string_equal(range(r, "b/1", true, 0), "b/1=x ");
    assert_string_equal(range(r, "b/3", true, 0), "");
    assert_string_equal(range(r, "", false, 0), "a=x b=x b/1=x b/10=x b/2=x c/1=x ");
    closed(r);
}

static void leases_end_their_keys_in_time(void **state)
{
    struct registry *r = opened(NULL, 0);
    (void)state;
    assert_true(registry_next_expiry(r) == WHEEL_NEVER);
    uint64_t calm = grant(r, 3000, 0), quick = grant(r, 1000, 0);
    assert_true(quick > calm);
    assert_true(set(r, "calm", 0, "1", calm, 0) > 0);
    assert_true(set(r, "quick", 0, "1", quick, 0) > 0);
    assert_int_equal(set(r, "none", 0, "1", 999, 0), ERROR_MISSING);
    assert_true(registry_next_expiry(r) <= SECOND);
    registry_expire(r, SECOND - 1);
    assert_string_equal(range(r, "", false, SECOND - 1), "calm=1 quick=1 ");
    assert_int_equal(renew(r, calm, SECOND - 1), 0);
    registry_expire(r, SECOND);
    assert_string_equal(range(r, "", false, SECOND), "calm=1 ");
    assert_int_equal(renew(r, quick, SECOND), ERROR_MISSING);
    /* Not swept yet, but ended: an answer never shows it. */
    assert_string_equal(range(r, "", false, 4 * SECOND - 1), "");
    assert_true(registry_next_expiry(r) == WHEEL_NEVER);
    uint64_t third = grant(r, 5000, 4 * SECOND);
    assert_true(set(r, "third", 0, "1", third, 4 * SECOND) > 0);
    assert_int_equal(revoke(r, third, 4 * SECOND), 0);
    assert_int_equal(revoke(r, third, 4 * SECOND), ERROR_MISSING);
    assert_string_equal(range(r, "", false, 4 * SECOND), "");
    closed(r);
}

static void key_leaves_its_lease_when_set_without_it(void **state)
{
    struct registry *r = opened(NULL, 0);
    (void)state;
    uint64_t lease = grant(r, 1000, 0);
    int64_t revision = set(r, "k", 0, "1", lease, 0);
    assert_true(set(r, "k", (uint64_t)revision, "2", 0, 0) > 0);
    assert_int_equal(revoke(r, lease, 0), 0);
    assert_string_equal(range(r, "k", true, 0), "k=2 ");
    closed(r);
}

static void watchers_get_what_is_there_and_then_changes_in_order(void **state)
{
    struct registry *r = opened(NULL, 0);
    char who, other;
    (void)state;
    int64_t b = set(r, "m/b", 0, "1", 0, 0);
    assert_true(set(r, "m/a", 0, "1", 0, 0) > 0);
    assert_true(set(r, "x", 0, "1", 0, 0) > 0);
    registry_watch(r, &who, 7, SLICE("m/"));
    assert_true(set(r, "m/b", (uint64_t)b, "2", 0, 0) > 0);
    registry_watch(r, &other, 8, SLICE(""));
    uint64_t lease = grant(r, 1000, 0);
    assert_true(set(r, "m/c", 0, "1", lease, 0) > 0);
    registry_expire(r, SECOND);
    assert_string_equal(
        changes(r), "7:m/a=1 7:m/b=1 7:m/b=2 8:m/a=1 8:m/b=2 8:x=1 7:m/c=1 8:m/c=1 7:m/c- 8:m/c- ");
    int64_t y = set(r, "y", 0, "1", 0, 0);
    assert_true(set(r, "m/d", 0, "1", 0, 0) > 0);
    registry_unwatch(r, &other);
    assert_string_equal(changes(r), "7:m/d=1 ");
    registry_watch(r, &who, 7, SLICE("y")); /* the same token: begins anew */
    assert_true(set(r, "y", (uint64_t)y, NULL, 0, 0) > 0);
    assert_string_equal(changes(r), "7:y=1 7:y- ");
    closed(r);
}

/* Fencing: whatever happened before, numbers given out later are larger. */
static void keys_and_numbers_survive_a_restart(void **state)
{
    struct files *files = files_open_memory();
    struct registry *r = opened(files, 0);
    (void)state;
    int64_t kept = set(r, "kept", 0, "1", 0, 0);
    int64_t gone = set(r, "gone", 0, "1", 0, 0);
    assert_true(set(r, "gone", (uint64_t)gone, NULL, 0, 0) > 0);
    uint64_t lease = grant(r, 3000, 0), ended = grant(r, 1000, 0);
    assert_true(set(r, "leased", 0, "1", lease, 0) > 0);
    assert_true(set(r, "ended", 0, "1", ended, 0) > 0);
    registry_expire(r, SECOND);
    registry_close(r);

    r = opened(files, 10 * SECOND);
    assert_string_equal(range(r, "", false, 10 * SECOND), "kept=1 leased=1 ");
    assert_int_equal(last_answer->entries[0]->revision, kept);
    assert_int_equal(set(r, "gone", 0, "2", 0, 10 * SECOND), 1000000000 + 1);
    assert_int_equal(renew(r, ended, 10 * SECOND), ERROR_MISSING);
    assert_true(grant(r, 1000, 10 * SECOND) > ended);
    /* The kept lease runs its full length again, no less and no more. */
    assert_string_equal(range(r, "leased", true, 13 * SECOND - 1), "leased=1 ");
    assert_string_equal(range(r, "leased", true, 13 * SECOND), "");
    registry_close(r);
    files_close(files);
    arena_free(&arena);
}

/* The machine dies and its disk keeps only what was synced: then too no number comes twice. */
static void numbers_grow_over_power_failures(void **state)
{
    uint64_t highest_lease = 0;
    int64_t highest = 0;
    struct files *files = files_open_memory();
    (void)state;
    for (uint64_t round = 0; round < 200; round++) {
        struct registry *r = opened(files, 0);
        for (unsigned i = 0; i < 1 + round % 7; i++) {
            uint64_t lease = grant(r, 1000, 0);
            assert_true(lease > highest_lease);
            highest_lease = lease;
            char key[32];
            snprintf(key, sizeof key, "k%llu-%u", (unsigned long long)round, i);
            int64_t revision = set(r, key, 0, "v", round % 2 == 0 ? lease : 0, 0);
            assert_true(revision > highest);
            highest = revision;
        }
        if (round % 3 == 0)
            assert_int_equal(registry_sync(r), 0);
        registry_close(r);
        files_memory_crash(files, round * 77 + 5);
    }
    files_close(files);
    arena_free(&arena);
}

static void full_disk_refuses_and_changes_nothing(void **state)
{
    struct files *files = files_open_memory();
    struct registry *r = opened(files, 0);
    (void)state;
    int64_t revision = set(r, "k", 0, "1", 0, 0);
    uint64_t lease = grant(r, 1000, 0);
    unit_expect_error("registry.journal failed");
    files_memory_limit(files, 1);
    assert_int_equal(set(r, "k", (uint64_t)revision, "2", 0, 0), ERROR_DISK);
    assert_int_equal(set(r, "k", (uint64_t)revision, NULL, 0, 0), ERROR_DISK);
    assert_int_equal(grant(r, 1000, 0), 0);
    assert_int_equal(last_error, ERROR_DISK);
    assert_int_equal(revoke(r, lease, 0), ERROR_DISK);
    assert_int_equal(renew(r, lease, 0), 0);
    assert_string_equal(range(r, "", false, 0), "k=1 ");
    files_memory_limit(files, 0);
    assert_true(set(r, "k", (uint64_t)revision, "2", 0, 0) > revision);
    registry_close(r);
    r = opened(files, 0);
    assert_string_equal(range(r, "", false, 0), "k=2 ");
    registry_close(r);
    files_close(files);
    arena_free(&arena);
}

static void journal_stays_small(void **state)
{
    struct files *files = files_open_memory();
    struct registry *r = opened(files, 0);
    char value[1001];
    size_t length;
    (void)state;
    memset(value, 'v', sizeof value - 1);
    value[sizeof value - 1] = '\0';
    uint64_t lease = grant(r, 3000, 0);
    assert_true(set(r, "leased", 0, "1", lease, 0) > 0);
    int64_t revision = set(r, "k", 0, value, 0, 0);
    for (int i = 0; i < 5000; i++)
        revision = set(r, "k", (uint64_t)revision, value, 0, 0);
    assert_non_null(files_memory_bytes(files, SLICE("registry.journal"), &length));
    assert_true(length < (size_t)2 << 20); /* and not five megabytes */
    assert_null(files_memory_bytes(files, SLICE("registry.journal.new"), &length));
    registry_close(r);
    r = opened(files, 0);
    assert_true(set(r, "k", (uint64_t)revision, "end", 0, 0) > revision);
    assert_string_equal(range(r, "", false, 0), "k=end leased=1 ");
    registry_close(r);
    files_close(files);
    arena_free(&arena);
}

static void damaged_journal_is_said_and_left_alone(void **state)
{
    struct files *files = files_open_memory();
    struct registry *r = opened(files, 0);
    size_t length, again;
    (void)state;
    for (int i = 0; i < 5; i++) {
        char key[8];
        snprintf(key, sizeof key, "k%d", i);
        assert_true(set(r, key, 0, "value", 0, 0) > 0);
    }
    closed(r);
    char *bytes = files_memory_bytes(files, SLICE("registry.journal"), &length);
    bytes[length / 2] ^= 1;
    unit_expect_error("registry.journal is damaged");
    assert_int_equal(registry_open(&r, files, 0), ERROR_CORRUPT);
    assert_non_null(files_memory_bytes(files, SLICE("registry.journal"), &again));
    assert_int_equal(length, again);
    files_close(files);
}

static void malformed_requests_are_refused(void **state)
{
    struct registry *r = opened(NULL, 0);
    Tandem__RegistryRequest m = TANDEM__REGISTRY_REQUEST__INIT;
    Tandem__LeaseRenew renewal = TANDEM__LEASE_RENEW__INIT;
    Tandem__RegistryRange all = TANDEM__REGISTRY_RANGE__INIT;
    struct buffer bytes = {0};
    int error;
    (void)state;
    assert_int_equal(ask(r, &m, 0), ANSWER_NO);
    assert_int_equal(last_error, ERROR_SYNTAX);
    m.lease_renew = &renewal;
    m.range = &all;
    all.prefix = (char *)(uintptr_t) "";
    assert_int_equal(ask(r, &m, 0), ANSWER_NO);
    assert_int_equal(registry_ask(&bytes, &error, r, SLICE("\xff\xff"), 0), ANSWER_NO);
    assert_int_equal(error, ERROR_SYNTAX);
    assert_int_equal(grant(r, 0, 0), 0);
    assert_int_equal(last_error, ERROR_RANGE);
    assert_int_equal(set(r, "", 0, "x", 0, 0), ERROR_LIMIT);
    buffer_free(&bytes);
    closed(r);
}

TESTS("engine/registry", cmocka_unit_test(of_two_rivals_one_wins),
    cmocka_unit_test(range_is_sorted_and_cut_at_the_prefix), cmocka_unit_test(leases_end_their_keys_in_time),
    cmocka_unit_test(key_leaves_its_lease_when_set_without_it),
    cmocka_unit_test(watchers_get_what_is_there_and_then_changes_in_order),
    cmocka_unit_test(keys_and_numbers_survive_a_restart), cmocka_unit_test(numbers_grow_over_power_failures),
    cmocka_unit_test(full_disk_refuses_and_changes_nothing), cmocka_unit_test(journal_stays_small),
    cmocka_unit_test(damaged_journal_is_said_and_left_alone),
    cmocka_unit_test(malformed_requests_are_refused))
