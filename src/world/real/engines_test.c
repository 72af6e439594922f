#include <dirent.h>
#include <unistd.h>

#include "base/arena.h"
#include "base/error.h"
#include "wire/engine.pb-c.h"
#include "wire/pack.h"
#include "world/real/engines_int.h"
#include "world/real/real_fixture.h"

static char data[64];

static int setup(void **state)
{
    (void)state;
    strcpy(data, P_tmpdir "/tandem-test-XXXXXX");
    return mkdtemp(data) != NULL ? 0 : -1;
}

static void empty(const char *folder)
{
    char path[600];
    DIR *d = opendir(folder);
    for (struct dirent *e; d != NULL && (e = readdir(d)) != NULL;) {
        snprintf(path, sizeof path, "%s/%s", folder, e->d_name);
        if (e->d_name[0] != '.')
            remove(path);
    }
    if (d != NULL)
        closedir(d);
    rmdir(folder);
}

static int teardown(void **state)
{
    char folder[100];
    (void)state;
    snprintf(folder, sizeof folder, "%s/registry", data);
    empty(folder);
    snprintf(folder, sizeof folder, "%s/spool", data);
    empty(folder);
    empty(data);
    return 0;
}

struct house {
    struct real_loop *l;
    struct real_engines *engines;
    struct probe a, b;
    struct arena arena;
};

static void house_open(struct house *h)
{
    *h = (struct house){.l = fixture_loop(NULL)};
    assert_int_equal(real_engines_open(&h->engines, h->l, &(struct real_engines_params){.data = data}), 0);
    probe_open(&h->a, h->l, "node-1a");
    probe_open(&h->b, h->l, "proxy-1");
}

static void house_close(struct house *h)
{
    real_engines_close(h->engines);
    real_close(h->l);
    probe_free(&h->a);
    probe_free(&h->b);
    arena_free(&h->arena);
}

/* Asks and waits; the answer's bytes are in h->a.data. */
static enum answer ask(struct house *h, enum service service, const ProtobufCMessage *request)
{
    struct buffer packed = {.data = NULL};
    unsigned before = h->a.counts[INPUT_ANSWER];
    pack_add(&packed, request);
    world_turn_begin(h->a.world, real_now(h->l));
    world_ask(h->a.world, service, buffer_slice(&packed), OBJECT(1, 2), 3, world_now(h->a.world) + 20000000);
    world_turn_end(h->a.world);
    buffer_free(&packed);
    UNTIL(h->l, h->a.counts[INPUT_ANSWER] > before);
    return h->a.last.answer;
}

static enum answer set(struct house *h, const char *key, uint64_t revision, const char *value, uint64_t lease)
{
    Tandem__RegistryRequest r = TANDEM__REGISTRY_REQUEST__INIT;
    Tandem__RegistrySet s = TANDEM__REGISTRY_SET__INIT;
    s.key = (char *)(uintptr_t)key;
    s.expected_revision = revision;
    s.has_value = value != NULL;
    s.value = pack_bytes(slice_text(value));
    s.has_lease = lease != 0;
    s.lease = lease;
    r.set = &s;
    return ask(h, SERVICE_REGISTRY, &r.base);
}

static uint64_t grant(struct house *h, uint64_t milliseconds)
{
    Tandem__RegistryRequest r = TANDEM__REGISTRY_REQUEST__INIT;
    Tandem__LeaseGrant g = TANDEM__LEASE_GRANT__INIT;
    g.milliseconds = milliseconds;
    r.lease_grant = &g;
    assert_int_equal(ask(h, SERVICE_REGISTRY, &r.base), ANSWER_YES);
    Tandem__RegistryAnswer *a =
        pack_read(&tandem__registry_answer__descriptor, buffer_slice(&h->a.data), &h->arena);
    assert_non_null(a);
    return a->lease;
}

static void append(struct house *h, uint64_t number, const char *bytes)
{
    world_turn_begin(h->a.world, real_now(h->l));
    world_append(h->a.world, SLICE("call"), number, slice_text(bytes));
    world_turn_end(h->a.world);
}

static uint64_t last_of_spool(struct house *h)
{
    Tandem__SpoolRequest r = TANDEM__SPOOL_REQUEST__INIT;
    r.stream = (char *)"call";
    assert_int_equal(ask(h, SERVICE_SPOOL, &r.base), ANSWER_YES);
    Tandem__SpoolAnswer *a =
        pack_read(&tandem__spool_answer__descriptor, buffer_slice(&h->a.data), &h->arena);
    assert_non_null(a);
    return a->last;
}

static void decisions_are_told_to_watchers_and_kept(void **state)
{
    (void)state;
    struct house h;
    house_open(&h);
    assert_int_equal(set(&h, "pair/node-1", 0, "first", 0), ANSWER_YES);
    world_turn_begin(h.b.world, real_now(h.l));
    world_watch(h.b.world, SLICE("pair/"), 9);
    world_turn_end(h.b.world);
    UNTIL(h.l, h.b.counts[INPUT_WATCH] == 1);
    assert_string_equal(h.b.name, "pair/node-1");
    assert_true(slice_equal(buffer_slice(&h.b.data), SLICE("first")));
    uint64_t revision = h.b.last.revision;
    assert_int_equal(h.b.last.token, 9);
    assert_int_equal(set(&h, "pair/node-1", revision + 1, "wrong", 0), ANSWER_NO);
    assert_int_equal(h.a.last.error, ERROR_CONFLICT);
    assert_int_equal(set(&h, "pair/node-1", revision, "second", 0), ANSWER_YES);
    UNTIL(h.l, h.b.counts[INPUT_WATCH] == 2);
    house_close(&h);
    house_open(&h); /* and after a restart */
    assert_int_equal(set(&h, "pair/node-1", 0, "third", 0), ANSWER_NO);
    house_close(&h);
}

static void a_lease_that_ends_takes_its_keys_along(void **state)
{
    (void)state;
    struct house h;
    house_open(&h);
    uint64_t lease = grant(&h, 50);
    assert_int_equal(set(&h, "member/node-1a", 0, "here", lease), ANSWER_YES);
    world_turn_begin(h.b.world, real_now(h.l));
    world_watch(h.b.world, SLICE("member/"), 9);
    world_turn_end(h.b.world);
    UNTIL(h.l, h.b.counts[INPUT_WATCH] == 2);
    assert_int_equal(h.b.last.answer, ANSWER_NO); /* gone */
    real_remove_instance(h.b.instance);
    assert_int_equal(set(&h, "member/node-1a", 0, "again", 0), ANSWER_YES); /* nobody listens any more */
    house_close(&h);
}

static void what_is_published_comes_to_subscribers(void **state)
{
    (void)state;
    struct house h;
    house_open(&h);
    unit_expect_error("which is no pattern");
    unit_expect_error("which is no subject");
    world_turn_begin(h.b.world, real_now(h.l));
    world_subscribe(h.b.world, SLICE("reg.*"), 4);
    world_subscribe(h.b.world, SLICE("..."), 5);
    world_turn_end(h.b.world);
    world_turn_begin(h.a.world, real_now(h.l));
    world_publish(h.a.world, SLICE("reg.home"), SLICE("one"));
    world_publish(h.a.world, SLICE("call.node-1"), SLICE("not for you"));
    world_publish(h.a.world, SLICE("reg..home"), SLICE("bad"));
    world_publish(h.a.world, SLICE("reg.home"), SLICE("two"));
    world_turn_end(h.a.world);
    UNTIL(h.l, h.b.counts[INPUT_BUS] == 2);
    assert_string_equal(h.b.name, "reg.home");
    assert_int_equal(h.b.last.token, 4);
    assert_true(slice_equal(buffer_slice(&h.b.data), SLICE("two")));
    assert_int_equal(h.a.counts[INPUT_BUS], 0);
    house_close(&h);
}

static void appended_records_are_there_after_a_restart(void **state)
{
    (void)state;
    struct house h;
    house_open(&h);
    assert_int_equal(last_of_spool(&h), 0);
    append(&h, 1, "one");
    append(&h, 2, "two");
    append(&h, 2, "two"); /* a repetition */
    assert_int_equal(last_of_spool(&h), 2);
    UNTIL(h.l, !wheel_runs(&h.engines->spool_sync.wheel) && h.engines->syncing == NULL);
    append(&h, 3, "three");
    house_close(&h);
    house_open(&h);
    assert_int_equal(last_of_spool(&h), 3);
    unit_expect_error("is refused by the spool");
    world_turn_begin(h.a.world, real_now(h.l));
    world_append(h.a.world, SLICE("call"), 0, SLICE("no number"));
    world_turn_end(h.a.world);
    assert_int_equal(last_of_spool(&h), 3);
    append(&h, 7, "a new life of the writer begins further on");
    assert_int_equal(last_of_spool(&h), 7);
    house_close(&h);
}

/* A full disk: nothing is lost, order is kept, the loop goes on. */
static void appends_wait_for_a_disk_that_is_full(void **state)
{
    (void)state;
    struct house h;
    house_open(&h);
    spool_close(h.engines->spool);
    files_close(h.engines->spool_files);
    h.engines->spool_files = files_open_memory();
    h.engines->spool = spool_open(h.engines->spool_files);
    append(&h, 1, "one");
    unit_expect_error("No space left");
    files_memory_limit(h.engines->spool_files, 1);
    append(&h, 2, "two");
    append(&h, 3, "three");
    assert_int_equal(last_of_spool(&h), 1);
    files_memory_limit(h.engines->spool_files, 0);
    UNTIL(h.l, last_of_spool(&h) == 3);
    assert_int_equal(h.engines->held_bytes, 0);
    house_close(&h);
}

static void statement(Tandem__StoreStatement *s, const char *name)
{
    tandem__store_statement__init(s);
    s->name = (char *)(uintptr_t)name;
}

static void the_store_answers_from_its_threads(void **state)
{
    (void)state;
    struct house h;
    Tandem__StoreRequest r = TANDEM__STORE_REQUEST__INIT;
    Tandem__StoreStatement s, *statements[] = {&s};
    house_open(&h);
    r.statements = statements;
    r.n_statements = 1;
    statement(&s, "no_such_statement");
    assert_int_equal(ask(&h, SERVICE_STORE, &r.base), ANSWER_NO);
    assert_int_equal(h.a.last.error, ERROR_MISSING);
    statement(&s, "stream_position_all");
    int error = 0;
    struct buffer packed = {.data = NULL}, bytes = {.data = NULL};
    pack_add(&packed, &r.base);
    assert_true(store_request_reads(buffer_slice(&packed)));
    assert_int_equal(real_engines_store(h.engines, &bytes, &error, buffer_slice(&packed)), ANSWER_YES);
    assert_int_equal(ask(&h, SERVICE_STORE, &r.base), ANSWER_YES);
    assert_true(slice_equal(buffer_slice(&bytes), buffer_slice(&h.a.data)));
    buffer_free(&packed);
    buffer_free(&bytes);
    house_close(&h);
}

static void a_second_process_on_the_same_data_is_refused(void **state)
{
    (void)state;
    struct house h;
    struct real_engines *second = NULL;
    house_open(&h);
    struct real_loop *l = fixture_loop(NULL);
    unit_expect_error("in use by another process");
    assert_int_equal(real_engines_open(&second, l, &(struct real_engines_params){.data = data}), ERROR_BUSY);
    assert_null(second);
    real_close(l);
    house_close(&h);
}

#define WITH_DATA(test) cmocka_unit_test_setup_teardown(test, setup, teardown)
TESTS("world/real/engines", WITH_DATA(decisions_are_told_to_watchers_and_kept),
    WITH_DATA(a_lease_that_ends_takes_its_keys_along), WITH_DATA(what_is_published_comes_to_subscribers),
    WITH_DATA(appended_records_are_there_after_a_restart), WITH_DATA(appends_wait_for_a_disk_that_is_full),
    WITH_DATA(the_store_answers_from_its_threads), WITH_DATA(a_second_process_on_the_same_data_is_refused))
