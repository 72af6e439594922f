#include "config/follow.h"

#include <stdio.h>

#include "base/error.h"
#include "config/process.h"
#include "engine/store/store.h"
#include "wire/engine.pb-c.h"
#include "wire/pack.h"

#include "unit.h"

/* A store with transactions of one object each. */
struct ground {
    struct store *store;
    struct config_follow follow;
    uint64_t number;
    unsigned asked, away; /* questions that were answered; so many will find the store away */
};

static int ask_h(void *argument, struct slice request, struct buffer *answer)
{
    struct ground *g = argument;
    int error = 0;
    if (g->away != 0) {
        g->away--;
        return ERROR_UNREACHABLE;
    }
    g->asked++;
    return store_run(answer, &error, g->store, request) == ANSWER_YES ? 0 : error;
}

static void open_ground(struct ground *g)
{
    struct store_options options = {.path = ":memory:"};
    *g = (struct ground){0};
    assert_int_equal(store_open(&g->store, &options), 0);
    follow_begin(&g->follow, &(struct config_local){.operator_token_sha256 = SLICE("token")});
}

static void close_ground(struct ground *g)
{
    follow_end(&g->follow);
    store_close(g->store);
}

static void add(Tandem__StoreRequest *r, Tandem__StoreStatement *s, const char *name, Tandem__StoreValue **v,
    size_t count)
{
    tandem__store_statement__init(s);
    s->name = (char *)(uintptr_t)name;
    s->parameters = v;
    s->n_parameters = count;
    r->statements[r->n_statements++] = s;
}

static Tandem__StoreValue number(uint64_t n)
{
    Tandem__StoreValue v = TANDEM__STORE_VALUE__INIT;
    v.has_number = true;
    v.number = (int64_t)n;
    return v;
}

static Tandem__StoreValue text(const char *t)
{
    Tandem__StoreValue v = TANDEM__STORE_VALUE__INIT;
    v.text = (char *)(uintptr_t)t;
    return v;
}

/* One transaction; body NULL: deletes. */
static void change(struct ground *g, const char *kind, const char *name, uint64_t expected, const char *body)
{
    Tandem__StoreRequest request = TANDEM__STORE_REQUEST__INIT;
    Tandem__StoreStatement statements[6], *list[6];
    char id[24];
    snprintf(id, sizeof id, "r%llu", (unsigned long long)++g->number);
    Tandem__StoreValue none = TANDEM__STORE_VALUE__INIT, who = text("test"), r = text(id), k = text(kind),
                       n = text(name), b = text(body), e = number(expected), at = number(1), one = number(1),
                       change_number = number(g->number);
    struct buffer packed = {0}, answer = {0};
    request.statements = list;
    add(&request, &statements[0], "change_stage_add", (Tandem__StoreValue *[]){&r, &k, &n, &e, &b}, 5);
    add(&request, &statements[1], "change_add",
        (Tandem__StoreValue *[]){&change_number, &r, &at, &who, &who, &none}, 6);
    add(&request, &statements[2], "change_objects_add", (Tandem__StoreValue *[]){&change_number, &r}, 2);
    add(&request, &statements[3], "change_complete", (Tandem__StoreValue *[]){&change_number, &one}, 2);
    add(&request, &statements[4], "change_apply", (Tandem__StoreValue *[]){&change_number}, 1);
    add(&request, &statements[5], "change_stage_clear_all", NULL, 0);
    pack_add(&packed, &request.base);
    int error = 0;
    assert_int_equal(store_run(&answer, &error, g->store, buffer_slice(&packed)), ANSWER_YES);
    buffer_free(&packed);
    buffer_free(&answer);
}

static void change_dn(struct ground *g, unsigned dn, uint64_t expected, const char *secret)
{
    char name[12], body[96];
    snprintf(name, sizeof name, "%u", dn);
    snprintf(body, sizeof body, "{\"number\":\"%u\",\"location\":\"home\",\"secret\":\"%s\"}", dn, secret);
    change(g, "dn", name, expected, body);
}

static void fill(struct ground *g, unsigned count)
{
    change(g, "zeppelin", "of a newer version", 0, "{}");
    for (unsigned i = 0; i < count; i++)
        change_dn(g, 1000 + i, 0, "12345678");
    change(g, "location", "home", 0, "{\"name\":\"home\"}");
}

static enum follow_result follow(struct ground *g)
{
    struct buffer complaint = {0};
    struct configuration *before = g->follow.copy;
    if (before != NULL)
        config_retain(before);
    assert_int_equal(follow_all(&g->follow, ask_h, g, &complaint), 0);
    assert_int_equal(complaint.length, 0);
    enum follow_result result = before == g->follow.copy ? FOLLOW_SAME : FOLLOW_CHANGED;
    config_release(before);
    return result;
}

static bool has_digest_of(struct ground *g, const char *dn, const char *realm, const char *secret)
{
    struct configuration *other;
    struct config_builder *b = config_builder_new();
    config_builder_location(b, &(struct config_location){.name = SLICE("home"), .realm = slice_text(realm)});
    config_builder_dn(b, slice_text(dn), SLICE("home"), slice_text(secret));
    assert_int_equal(config_builder_end(&other, b, NULL), 0);
    const struct config_dn *one = config_dn(g->follow.copy, slice_text(dn)),
                           *two = config_dn(other, slice_text(dn));
    bool same = one != NULL && memcmp(one->ha1_sha256, two->ha1_sha256, sizeof one->ha1_sha256) == 0;
    config_release(other);
    return same;
}

/* In pages, kinds in the order in which they need each other, something of a version to come passed over. */
static void reads_everything_at_first(void **state)
{
    (void)state;
    struct ground g;
    open_ground(&g);
    fill(&g, 600);
    assert_int_equal(follow(&g), FOLLOW_CHANGED);
    assert_int_equal(config_dn_count(g.follow.copy), 600);
    assert_int_equal(config_number(g.follow.copy), 602);
    assert_true(has_digest_of(&g, "1599", "home", "12345678"));
    assert_true(slice_equal(config_operator_token_sha256(g.follow.copy), SLICE("token")));
    assert_in_range(g.asked, 3 + 4, 3 + 12); /* pages of DNs, the other kinds, what changed meanwhile */
    g.asked = 0;
    assert_int_equal(follow(&g), FOLLOW_SAME);
    assert_int_equal(g.asked, 1);
    close_ground(&g);
}

/* CF-2: what changed, came and went is read, and nothing else; how many notices were lost does not matter. */
static void reads_only_what_changed_since(void **state)
{
    (void)state;
    struct ground g;
    open_ground(&g);
    fill(&g, 600);
    follow(&g);
    const struct config_dn *untouched = config_dn(g.follow.copy, SLICE("1003"));
    change_dn(&g, 1001, 1, "another secret");
    change(&g, "dn", "1002", 1, NULL);
    change_dn(&g, 9000, 0, "12345678");
    g.asked = 0;
    assert_int_equal(follow(&g), FOLLOW_CHANGED);
    assert_int_equal(g.asked, 1);
    assert_true(has_digest_of(&g, "1001", "home", "another secret"));
    assert_null(config_dn(g.follow.copy, SLICE("1002")));
    assert_non_null(config_dn(g.follow.copy, SLICE("9000")));
    assert_ptr_equal(config_dn(g.follow.copy, SLICE("1003")), untouched);
    assert_int_equal(config_number(g.follow.copy), 605);
    for (unsigned i = 0; i < 300; i++)
        change_dn(&g, 1010 + i, 1, "yet another secret");
    g.asked = 0;
    assert_int_equal(follow(&g), FOLLOW_CHANGED);
    assert_int_equal(g.asked, 2); /* in bounded turns, and given as one */
    assert_true(has_digest_of(&g, "1309", "home", "yet another secret"));
    close_ground(&g);
}

/* Between two pages objects change, also ones that were read already: the copy is as at the last page. */
static void sees_what_changes_while_it_reads(void **state)
{
    (void)state;
    struct ground g;
    struct buffer request = {0}, answer = {0};
    enum follow_result result = FOLLOW_MORE;
    open_ground(&g);
    fill(&g, 600);
    for (unsigned i = 0; result == FOLLOW_MORE; i++) {
        buffer_clear(&request);
        buffer_clear(&answer);
        follow_request(&g.follow, &request);
        assert_int_equal(ask_h(&g, buffer_slice(&request), &answer), 0);
        assert_int_equal(follow_take(&result, &g.follow, buffer_slice(&answer), NULL), 0);
        if (i == 4) {
            change_dn(&g, 1000, 1, "another secret");
            change(&g, "dn", "1001", 1, NULL);
            change(&g, "location", "away", 0, "{\"name\":\"away\"}");
        }
    }
    assert_true(has_digest_of(&g, "1000", "home", "another secret"));
    assert_null(config_dn(g.follow.copy, SLICE("1001")));
    assert_non_null(config_location(g.follow.copy, SLICE("away")));
    assert_int_equal(config_number(g.follow.copy), 605);
    buffer_free(&request);
    buffer_free(&answer);
    close_ground(&g);
}

/* The digests of its DNs are made again, from the secrets that only the store has. */
static void reads_all_again_after_a_change_of_realm(void **state)
{
    (void)state;
    struct ground g;
    open_ground(&g);
    fill(&g, 300);
    follow(&g);
    change(&g, "location", "home", 1, "{\"name\":\"home\",\"realm\":\"other\"}");
    g.asked = 0;
    assert_int_equal(follow(&g), FOLLOW_CHANGED);
    assert_true(has_digest_of(&g, "1001", "other", "12345678"));
    assert_in_range(g.asked, 6, 24); /* pages, and one for each kind at most */
    assert_int_equal(follow(&g), FOLLOW_SAME);
    close_ground(&g);
}

/* A copy that an earlier version has left on disk knows fewer algorithms: its DNs are read again, once. */
static void reads_all_again_for_an_algorithm_that_is_new(void **state)
{
    (void)state;
    struct ground g;
    size_t at = 0;
    open_ground(&g);
    fill(&g, 300);
    follow(&g);
    struct config_dn *dn = (struct config_dn *)(uintptr_t)config_next_dn(g.follow.copy, &at);
    assert_int_equal(dn->digests, 7);
    dn->digests = 3;
    assert_int_equal(follow(&g), FOLLOW_CHANGED);
    at = 0;
    assert_int_equal(config_next_dn(g.follow.copy, &at)->digests, 7);
    assert_int_equal(follow(&g), FOLLOW_SAME);
    close_ground(&g);
}

/* The store goes away in the middle: the copy stays, and later it catches up. */
static void goes_on_when_the_store_is_back(void **state)
{
    (void)state;
    struct ground g;
    struct buffer request = {0}, answer = {0};
    enum follow_result result;
    open_ground(&g);
    fill(&g, 300);
    follow(&g);
    for (unsigned i = 0; i < 280; i++)
        change_dn(&g, 1000 + i, 1, "another secret");
    struct configuration *copy = g.follow.copy;
    follow_request(&g.follow, &request);
    assert_int_equal(ask_h(&g, buffer_slice(&request), &answer), 0);
    assert_int_equal(follow_take(&result, &g.follow, buffer_slice(&answer), NULL), 0);
    assert_int_equal(result, FOLLOW_MORE);
    g.away = 1;
    assert_int_equal(follow_all(&g.follow, ask_h, &g, NULL), ERROR_UNREACHABLE);
    assert_ptr_equal(g.follow.copy, copy);
    assert_int_equal(follow(&g), FOLLOW_CHANGED);
    assert_true(has_digest_of(&g, "1279", "home", "another secret"));
    buffer_free(&request);
    buffer_free(&answer);
    close_ground(&g);
}

/* An older database was put back: what it does not know any more goes. */
static void takes_a_restored_store_for_what_it_is(void **state)
{
    (void)state;
    struct ground g, old;
    open_ground(&g);
    fill(&g, 20);
    change_dn(&g, 5000, 0, "12345678");
    follow(&g);
    assert_non_null(config_dn(g.follow.copy, SLICE("5000")));
    open_ground(&old);
    fill(&old, 10);
    struct store *gone = g.store;
    g.store = old.store;
    old.store = gone;
    assert_int_equal(follow(&g), FOLLOW_CHANGED);
    assert_null(config_dn(g.follow.copy, SLICE("5000")));
    assert_int_equal(config_dn_count(g.follow.copy), 10);
    assert_int_equal(config_number(g.follow.copy), 12);
    close_ground(&g);
    close_ground(&old);
}

static void says_what_is_damaged(void **state)
{
    (void)state;
    struct ground g;
    struct buffer complaint = {0};
    enum follow_result result;
    open_ground(&g);
    fill(&g, 3);
    follow(&g);
    change(&g, "dn", "1002", 1, "{\"num");
    assert_int_equal(follow_all(&g.follow, ask_h, &g, &complaint), ERROR_CORRUPT);
    assert_true(slice_equal(buffer_slice(&complaint), SLICE("dn 1002 in the store is damaged")));
    assert_int_equal(follow_take(&result, &g.follow, SLICE("\xff"), NULL), ERROR_CORRUPT);
    assert_int_equal(config_number(g.follow.copy), 5);
    change_dn(&g, 1002, 2, "12345678");
    assert_int_equal(follow(&g), FOLLOW_CHANGED);
    buffer_free(&complaint);
    close_ground(&g);
}

TESTS("config/follow", cmocka_unit_test(reads_everything_at_first),
    cmocka_unit_test(reads_only_what_changed_since), cmocka_unit_test(sees_what_changes_while_it_reads),
    cmocka_unit_test(reads_all_again_after_a_change_of_realm),
    cmocka_unit_test(reads_all_again_for_an_algorithm_that_is_new),
    cmocka_unit_test(goes_on_when_the_store_is_back), cmocka_unit_test(takes_a_restored_store_for_what_it_is),
    cmocka_unit_test(says_what_is_damaged))
