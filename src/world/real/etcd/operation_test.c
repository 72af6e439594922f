#include "world/real/etcd/operation.h"

#include "base/error.h"
#include "unit.h"
#include "wire/pack.h"

#define HEADER                                                                                               \
    "\"header\":{\"cluster_id\":\"14443903163313418560\",\"member_id\":\"7\",\"revision\":\"40\","           \
    "\"raft_term\":\"3\"}"
/* c/k = "30=one" at 30 of lease 30; c/l = "=" at 20 */
#define KV_K                                                                                                 \
    "{\"key\":\"Yy9r\",\"create_revision\":\"9\",\"mod_revision\":\"30\",\"version\":\"2\","                 \
    "\"value\":\"MzA9b25l\",\"lease\":\"30\"}"
#define KV_L                                                                                                 \
    "{\"key\":\"Yy9s\",\"create_revision\":\"20\",\"mod_revision\":\"20\",\"version\":\"1\",\"value\":\"PQ=" \
    "=\"}"
#define RANGE_KL                                                                                             \
    "\"response_range\":{\"header\":{\"revision\":\"40\"},\"kvs\":[" KV_K "," KV_L "],\"count\":\"2\"}"
#define RANGE_K "\"response_range\":{\"header\":{\"revision\":\"40\"},\"kvs\":[" KV_K "],\"count\":\"1\"}"

/* What a role asks, the step it is at, and what a true etcd says. */
static const struct truth {
    const char *name;
    enum etcd_step step;
    const char *said;
    enum etcd_next next;
    enum answer answer;
    int error;
    const char *shows; /* of the answer; or the next step */
} truths[] = {
    {"range", ETCD_RANGE, "{" HEADER ",\"responses\":[{" RANGE_KL "}]}", ETCD_DONE, ANSWER_YES, 0,
        "40 k=one@30/30 l=@20/0"},
    {"empty range", ETCD_RANGE, "{" HEADER ",\"succeeded\":true}", ETCD_DONE, ANSWER_YES, 0, "40"},
    {"set", ETCD_SET,
        "{" HEADER
        ",\"succeeded\":true,\"responses\":[{\"response_put\":{\"header\":{\"revision\":\"40\"}}}]}",
        ETCD_DONE, ANSWER_YES, 0, "40"},
    {"conflict", ETCD_SET,
        "{" HEADER ",\"responses\":[{\"response_txn\":{\"header\":{},\"responses\":[{" RANGE_K "}]}}]}",
        ETCD_DONE, ANSWER_NO, ERROR_CONFLICT, "k=one@30/30"},
    {"conflict with nothing", ETCD_SET,
        "{" HEADER ",\"responses\":[{\"response_txn\":{\"header\":{},\"succeeded\":true}}]}", ETCD_DONE,
        ANSWER_NO, ERROR_CONFLICT, ""},
    {"number", ETCD_NUMBER,
        "{" HEADER
        ",\"succeeded\":true,\"responses\":[{\"response_put\":{\"header\":{\"revision\":\"40\"}}}]}",
        ETCD_MORE, 0, 0, "grant 40"},
    {"grant", ETCD_GRANT, "{" HEADER ",\"ID\":\"39\",\"TTL\":\"3\"}", ETCD_DONE, ANSWER_YES, 0, "lease 39"},
    {"renewal", ETCD_RENEW, "{\"result\":{" HEADER ",\"ID\":\"39\",\"TTL\":\"3\"}}", ETCD_MORE, 0, 0,
        "confirm"},
    {"renewal too late", ETCD_RENEW, "{\"result\":{" HEADER ",\"ID\":\"39\"}}", ETCD_MORE, 0, 0, "left"},
    {"lease ended", ETCD_LEFT, "{" HEADER ",\"ID\":\"39\",\"TTL\":\"-1\"}", ETCD_MORE, 0, 0,
        "confirm the end"},
    {"lease lives", ETCD_LEFT, "{" HEADER ",\"ID\":\"39\",\"TTL\":\"2\",\"grantedTTL\":\"3\"}", ETCD_MORE, 0,
        0, "renew"},
    {"confirmed", ETCD_CONFIRM, "{" HEADER ",\"kvs\":[" KV_K "],\"count\":\"1\"}", ETCD_DONE, ANSWER_YES, 0,
        ""},
    {"revoked", ETCD_REVOKE, "{" HEADER "}", ETCD_DONE, ANSWER_YES, 0, ""},
    {"look", ETCD_LOOK, "{" HEADER ",\"responses\":[{" RANGE_KL "}]}", ETCD_DONE, ANSWER_YES, 0,
        "looked 2 at 40"},
    {"empty look", ETCD_LOOK, "{" HEADER ",\"succeeded\":true}", ETCD_DONE, ANSWER_YES, 0, "looked 0 at 40"},
};
#define TRUTHS (sizeof truths / sizeof truths[0])

static void read_question(struct etcd_operation *o, enum etcd_step step)
{
    Tandem__RegistryRequest m = TANDEM__REGISTRY_REQUEST__INIT;
    Tandem__RegistryRange range = TANDEM__REGISTRY_RANGE__INIT;
    Tandem__RegistrySet set = TANDEM__REGISTRY_SET__INIT;
    Tandem__LeaseGrant grant = TANDEM__LEASE_GRANT__INIT;
    Tandem__LeaseRenew renew = TANDEM__LEASE_RENEW__INIT;
    struct buffer packed = {.data = NULL};
    range.prefix = (char *)(uintptr_t) "";
    set.key = (char *)(uintptr_t) "k";
    set.expected_revision = 25;
    set.has_value = true;
    set.value = pack_bytes(SLICE("new"));
    grant.milliseconds = 2500;
    renew.lease = 39;
    if (step == ETCD_RANGE)
        m.range = &range;
    else if (step == ETCD_SET)
        m.set = &set;
    else if (step == ETCD_NUMBER || step == ETCD_GRANT)
        m.lease_grant = &grant;
    else
        m.lease_renew = &renew;
    pack_add(&packed, &m.base);
    assert_true(etcd__operation_read(o, SLICE("c"), buffer_slice(&packed)));
    buffer_free(&packed);
}

/* As if everything before had been answered. */
static void begin(struct etcd_operation *o, enum etcd_step step)
{
    struct buffer body = {.data = NULL};
    if (step == ETCD_LOOK)
        etcd__operation_look(o, SLICE("c"));
    else
        read_question(o, step);
    o->step = step;
    o->lease = step == ETCD_SET || step == ETCD_RANGE ? o->lease : 39;
    o->term = 3;
    etcd__operation_ask(o, &body, 35);
    buffer_free(&body);
}

static void show(char text[256], const struct etcd_operation *o, enum etcd_next next)
{
    static const char *const names[ETCD_STEPS] = {
        "range", "set", "number", "grant", "renew", "left", "confirm", "revoke", "look"};
    struct arena arena = {.chunks = NULL};
    size_t length = 0;
    text[0] = '\0';
    if (next == ETCD_MORE && o->step == ETCD_GRANT)
        snprintf(text, 256, "grant %llu", (unsigned long long)o->lease);
    else if (next == ETCD_MORE)
        snprintf(text, 256, "%s%s", names[o->step], o->step == ETCD_CONFIRM && o->ended ? " the end" : "");
    else if (next == ETCD_DONE && o->step == ETCD_LOOK)
        snprintf(text, 256, "looked %zu at %llu", o->count, (unsigned long long)o->revision);
    if (next != ETCD_DONE || o->step == ETCD_LOOK)
        return;
    const Tandem__RegistryAnswer *a =
        pack_read(&tandem__registry_answer__descriptor, buffer_slice(&o->bytes), &arena);
    assert_non_null(a);
    if (a->has_revision)
        length += (size_t)snprintf(text, 256, "%llu", (unsigned long long)a->revision);
    if (a->has_lease)
        length += (size_t)snprintf(text + length, 256 - length, "lease %llu", (unsigned long long)a->lease);
    for (size_t i = 0; i < a->n_entries; i++)
        length += (size_t)snprintf(text + length, 256 - length, "%s%s=%.*s@%llu/%llu", length != 0 ? " " : "",
            a->entries[i]->key, SLICE_ARG(pack_slice(a->entries[i]->value)),
            (unsigned long long)a->entries[i]->revision, (unsigned long long)a->entries[i]->lease);
    arena_free(&arena);
}

struct outcome {
    enum etcd_next next;
    enum answer answer;
    int error;
    char shows[256];
};

static struct outcome hear(enum etcd_step step, long status, struct slice text)
{
    struct etcd_operation o;
    struct etcd_answer a;
    struct outcome r;
    begin(&o, step);
    etcd__answer_read(&a, status, text);
    r.next = etcd__operation_answer(&o, &a);
    r.answer = o.answer;
    r.error = o.error;
    show(r.shows, &o, r.next);
    etcd__answer_free(&a);
    etcd__operation_free(&o);
    return r;
}

static bool unsure(const struct outcome *r)
{
    return r->next == ETCD_AGAIN || (r->next == ETCD_DONE && r->answer == ANSWER_UNKNOWN);
}

static bool is_true(const struct outcome *r, const struct truth *t)
{
    return r->next == t->next && (r->next != ETCD_DONE || (r->answer == t->answer && r->error == t->error)) &&
           strcmp(r->shows, t->shows) == 0;
}

static void truth_is_understood(void **state)
{
    (void)state;
    for (size_t i = 0; i < TRUTHS; i++) {
        struct outcome r = hear(truths[i].step, 200, slice_text(truths[i].said));
        if (!is_true(&r, &truths[i]))
            fail_msg("%s: next %d, answer %d, error %d, shows \"%s\"", truths[i].name, (int)r.next,
                (int)r.answer, r.error, r.shows);
    }
}

static void hear_without(const struct truth *t, const json_t *root, const char *name)
{
    char *text = json_dumps(root, 0);
    struct outcome r = hear(t->step, 200, slice_text(text));
    /* Without a time to live the next question is how long it has left: nothing is concluded. */
    bool asks = r.next == ETCD_MORE && strcmp(r.shows, "left") == 0;
    if (!is_true(&r, t) && !unsure(&r) && !asks)
        fail_msg("%s without %s: answer %d, error %d, shows \"%s\": %s", t->name, name, (int)r.answer,
            r.error, r.shows, text);
    free(text);
}

/* Leaves out each member of each object in turn. */
static void leave_out(const struct truth *t, const json_t *root, json_t *at)
{
    const char *names[16], *name;
    json_t *value;
    size_t count = 0, index;
    json_array_foreach(at, index, value) leave_out(t, root, value);
    json_object_foreach(at, name, value) names[count++] = strdup(name);
    for (size_t i = 0; i < count; i++) {
        value = json_incref(json_object_get(at, names[i]));
        leave_out(t, root, value);
        json_object_del(at, names[i]);
        hear_without(t, root, names[i]);
        json_object_set_new(at, names[i], value);
        free((void *)(uintptr_t)names[i]);
    }
}

/* VC-23, hard test 4: what is missing is never taken for a no, or for nothing. */
static void what_is_missing_makes_it_unknown(void **state)
{
    (void)state;
    for (size_t i = 0; i < TRUTHS; i++) {
        json_t *root = json_loads(truths[i].said, 0, NULL);
        assert_non_null(root);
        leave_out(&truths[i], root, root);
        json_decref(root);
    }
}

static void what_is_cut_makes_it_unknown(void **state)
{
    (void)state;
    for (size_t i = 0; i < TRUTHS; i++)
        for (size_t length = 0; length < strlen(truths[i].said); length++) {
            struct outcome r = hear(truths[i].step, 200, slice_of(truths[i].said, length));
            assert_true(unsure(&r));
        }
}

static void errors_that_say_nothing_make_it_unknown(void **state)
{
    (void)state;
    static const char *const said[] = {
        "{\"error\":\"etcdserver: leader changed\",\"message\":\"etcdserver: leader changed\",\"code\":14}",
        "{\"error\":\"etcdserver: request timed out\",\"code\":14}", "{\"error\":{\"message\":\"x\"}}",
        "{\"error\":17}", "<html>", "null", "[]", "{}", "{\"header\":{}}"};
    for (size_t i = 0; i < TRUTHS; i++) {
        for (size_t e = 0; e < sizeof said / sizeof said[0]; e++) {
            struct outcome r = hear(truths[i].step, 503, slice_text(said[e]));
            assert_true(unsure(&r));
            r = hear(truths[i].step, 200, slice_text(said[e]));
            assert_true(unsure(&r));
        }
        struct outcome r = hear(truths[i].step, 500, slice_text(truths[i].said));
        assert_true(unsure(&r));
    }
}

/* A compare-and-set is never sent twice, everything else may be. */
static void only_a_set_ends_when_its_answer_is_lost(void **state)
{
    (void)state;
    for (int step = 0; step < ETCD_STEPS; step++) {
        struct etcd_operation o;
        begin(&o, (enum etcd_step)step);
        assert_int_equal(etcd__operation_lost(&o, false), ETCD_AGAIN);
        assert_int_equal(etcd__operation_lost(&o, true), step == ETCD_SET ? ETCD_DONE : ETCD_AGAIN);
        etcd__operation_give_up(&o);
        assert_int_equal(o.answer, ANSWER_UNKNOWN);
        etcd__operation_free(&o);
        begin(&o, (enum etcd_step)step);
        assert_int_equal(etcd__operation_lost(&o, false), ETCD_AGAIN);
        etcd__operation_give_up(&o); /* nobody has got it */
        assert_int_equal(o.answer, ANSWER_NO);
        assert_int_equal(o.error, ERROR_UNREACHABLE);
        etcd__operation_free(&o);
    }
}

static void old_answers_are_not_taken(void **state)
{
    (void)state;
    for (size_t i = 0; i < TRUTHS; i++) {
        enum etcd_step step = truths[i].step;
        bool through_majority = step == ETCD_RANGE || step == ETCD_SET || step == ETCD_NUMBER ||
                                step == ETCD_CONFIRM || step == ETCD_LOOK;
        json_t *root = json_loads(truths[i].said, 0, NULL);
        json_t *header = json_object_get(root, "header");
        json_object_set_new(header, "revision", json_string("34")); /* 35 was heard before */
        char *text = json_dumps(root, 0);
        struct outcome r = hear(step, 200, slice_text(text));
        assert_true(unsure(&r) || !through_majority);
        free(text);
        json_decref(root);
    }
}

static enum etcd_next say(struct etcd_operation *o, long status, const char *text)
{
    struct etcd_answer a;
    struct buffer body = {.data = NULL};
    etcd__operation_ask(o, &body, 35);
    buffer_free(&body);
    etcd__answer_read(&a, status, slice_text(text));
    enum etcd_next next = etcd__operation_answer(o, &a);
    etcd__answer_free(&a);
    return next;
}

/* A leader that stood still renews in an old term; the read through the majority knows a later one. */
static void a_renewal_by_a_former_leader_does_not_count(void **state)
{
    (void)state;
    struct etcd_operation o;
    begin(&o, ETCD_RENEW);
    assert_int_equal(say(&o, 200, truths[7].said), ETCD_MORE);
    assert_int_equal(
        say(&o, 200, "{\"header\":{\"cluster_id\":\"1\",\"revision\":\"40\",\"raft_term\":\"4\"}}"),
        ETCD_AGAIN);
    assert_int_equal(o.step, ETCD_RENEW);
    assert_int_equal(say(&o, 200, truths[8].said), ETCD_MORE);
    assert_int_equal(o.step, ETCD_LEFT);
    assert_int_equal(say(&o, 200, truths[9].said), ETCD_MORE);
    assert_int_equal(say(&o, 200, truths[11].said), ETCD_DONE);
    assert_int_equal(o.answer, ANSWER_NO);
    assert_int_equal(o.error, ERROR_MISSING);
    etcd__operation_free(&o);
}

static void a_lease_that_is_there_already_is_ours_or_gets_another_number(void **state)
{
    (void)state;
    static const char exists[] = "{\"error\":\"etcdserver: lease already exists\",\"code\":9}";
    struct etcd_operation o;
    begin(&o, ETCD_GRANT);
    assert_int_equal(say(&o, 412, exists), ETCD_MORE);
    assert_int_equal(o.step, ETCD_NUMBER);
    etcd__operation_free(&o);
    begin(&o, ETCD_GRANT);
    assert_int_equal(etcd__operation_lost(&o, true), ETCD_AGAIN);
    assert_int_equal(say(&o, 412, exists), ETCD_DONE);
    assert_int_equal(o.answer, ANSWER_YES);
    etcd__operation_free(&o);
}

static void refusals_are_told(void **state)
{
    (void)state;
    struct outcome r = hear(ETCD_SET, 404, SLICE("{\"error\":\"etcdserver: requested lease not found\"}"));
    assert_int_equal(r.answer, ANSWER_NO);
    assert_int_equal(r.error, ERROR_MISSING);
    r = hear(ETCD_SET, 403, SLICE("{\"error\":\"etcdserver: permission denied\"}"));
    assert_int_equal(r.error, ERROR_DENIED);
    r = hear(ETCD_REVOKE, 404, SLICE("{\"error\":\"etcdserver: requested lease not found\"}"));
    assert_int_equal(r.error, ERROR_MISSING);
}

static void contradictions_are_not_believed(void **state)
{
    (void)state;
    static const struct {
        enum etcd_step step;
        const char *said;
    } lies[] = {
        /* entries of somebody else, out of order, more than counted, newer than the answer */
        {ETCD_RANGE, "{" HEADER ",\"responses\":[{\"response_range\":{\"kvs\":[" KV_L "," KV_K
                     "],\"count\":\"2\"}}]}"},
        {ETCD_RANGE, "{" HEADER ",\"responses\":[{\"response_range\":{\"kvs\":[" KV_K "," KV_K
                     "],\"count\":\"2\"}}]}"},
        {ETCD_RANGE,
            "{" HEADER ",\"responses\":[{\"response_range\":{\"kvs\":[" KV_K "],\"count\":\"3\"}}]}"},
        {ETCD_RANGE, "{" HEADER ",\"responses\":[{\"response_range\":{\"kvs\":[" KV_K
                     "],\"count\":\"2\",\"more\":true}}]}"},
        {ETCD_RANGE, "{" HEADER ",\"responses\":[{\"response_range\":{\"kvs\":[{\"key\":\"ZC9r\","
                     "\"mod_revision\":\"30\",\"value\":\"PQ==\"}],\"count\":\"1\"}}]}"},
        {ETCD_RANGE, "{" HEADER ",\"responses\":[{\"response_range\":{\"kvs\":[{\"key\":\"Yy9r\","
                     "\"mod_revision\":\"41\",\"value\":\"PQ==\"}],\"count\":\"1\"}}]}"},
        /* done, and nothing was put; not done, and the revision is the one expected */
        {ETCD_SET, "{" HEADER ",\"succeeded\":true,\"responses\":[{\"response_delete_range\":{}}]}"},
        {ETCD_SET, "{" HEADER ",\"responses\":[{\"response_put\":{}}]}"},
        {ETCD_SET,
            "{" HEADER ",\"responses\":[{\"response_txn\":{\"responses\":[{\"response_range\":{\"kvs\":[{"
            "\"key\":\"Yy9r\",\"mod_revision\":\"25\",\"value\":\"PQ==\"}],\"count\":\"1\"}}]}}]}"},
        {ETCD_GRANT, "{" HEADER ",\"ID\":\"38\",\"TTL\":\"3\"}"},
        {ETCD_GRANT, "{" HEADER ",\"ID\":\"39\",\"TTL\":\"1\"}"}, /* shorter than asked for */
    };
    for (size_t i = 0; i < sizeof lies / sizeof lies[0]; i++) {
        struct outcome r = hear(lies[i].step, 200, slice_text(lies[i].said));
        if (!unsure(&r))
            fail_msg("believed: %s", lies[i].said);
    }
}

/* As of one revision, page by page. */
static void a_look_turns_pages(void **state)
{
    (void)state;
    struct etcd_operation o;
    struct buffer body = {.data = NULL};
    begin(&o, ETCD_LOOK);
    assert_int_equal(say(&o, 200,
                         "{" HEADER ",\"responses\":[{\"response_range\":{\"kvs\":[" KV_K
                         "],\"more\":true,\"count\":\"2\"}}]}"),
        ETCD_MORE);
    assert_string_equal(etcd__operation_ask(&o, &body, 36), "/v3/kv/range");
    buffer_add_byte(&body, '\0');
    assert_non_null(strstr(body.data, "\"revision\":\"40\""));
    buffer_free(&body);
    assert_int_equal(say(&o, 200, "{" HEADER "}"), ETCD_AGAIN); /* a page that is not there */
    assert_int_equal(say(&o, 200, "{" HEADER ",\"kvs\":[" KV_L "],\"count\":\"1\"}"), ETCD_DONE);
    assert_int_equal(o.answer, ANSWER_YES);
    assert_int_equal(o.count, 2);
    etcd__operation_free(&o);
}

TESTS("world/real/etcd/operation", cmocka_unit_test(truth_is_understood),
    cmocka_unit_test(what_is_missing_makes_it_unknown), cmocka_unit_test(what_is_cut_makes_it_unknown),
    cmocka_unit_test(errors_that_say_nothing_make_it_unknown),
    cmocka_unit_test(only_a_set_ends_when_its_answer_is_lost), cmocka_unit_test(old_answers_are_not_taken),
    cmocka_unit_test(a_renewal_by_a_former_leader_does_not_count),
    cmocka_unit_test(a_lease_that_is_there_already_is_ours_or_gets_another_number),
    cmocka_unit_test(refusals_are_told), cmocka_unit_test(contradictions_are_not_believed),
    cmocka_unit_test(a_look_turns_pages))
