#include "base/arena.h"
#include "base/error.h"
#include "wire/engine.pb-c.h"
#include "wire/pack.h"
#include "world/real/real_fixture.h"

static void ask(struct probe *p, enum service service, struct slice request, int64_t within)
{
    world_turn_begin(p->world, real_now(p->instance->loop));
    world_ask(p->world, service, request, OBJECT(3, 4), 5, world_now(p->world) + within);
    world_turn_end(p->world);
}

static void ask_job(struct probe *p, const char *name, struct slice first, struct slice second)
{
    Tandem__JobRequest r = TANDEM__JOB_REQUEST__INIT;
    ProtobufCBinaryData arguments[2] = {pack_bytes(first), pack_bytes(second)};
    struct buffer packed = {.data = NULL};
    r.name = (char *)(uintptr_t)name;
    r.arguments = arguments;
    r.n_arguments = second.data != NULL ? 2 : 1;
    pack_add(&packed, &r.base);
    ask(p, SERVICE_JOB, buffer_slice(&packed), 60000000);
    buffer_free(&packed);
}

static void keep_handle(
    void *self, struct real_loop *l, uint64_t handle, struct slice request, int64_t deadline)
{
    (void)l, (void)request, (void)deadline;
    *(uint64_t *)self = handle;
}

static void each_question_gets_exactly_one_answer(void **state)
{
    (void)state;
    struct real_loop *l = fixture_loop(NULL);
    struct probe p = {.echo = false};
    uint64_t handle = 0;
    probe_open(&p, l, "one");
    ask(&p, SERVICE_STORE, SLICE("?"), 1000000); /* nobody offers it */
    UNTIL(l, p.counts[INPUT_ANSWER] == 1);
    assert_int_equal(p.last.answer, ANSWER_NO);
    assert_int_equal(p.last.error, ERROR_UNSUPPORTED);
    real_set_service(l, SERVICE_STORE, (struct real_service){&handle, keep_handle});
    ask(&p, SERVICE_STORE, SLICE("?"), 1000000);
    real_answer(l, handle, ANSWER_YES, 0, SLICE("first"));
    real_answer(l, handle, ANSWER_NO, ERROR_BUSY, SLICE("second"));
    UNTIL(l, p.counts[INPUT_ANSWER] == 2);
    assert_true(slice_equal(buffer_slice(&p.data), SLICE("first")));
    assert_int_equal(p.last.object, OBJECT(3, 4));
    assert_int_equal(p.last.token, 5);
    ask(&p, SERVICE_STORE, SLICE("?"), 10000); /* nobody answers */
    UNTIL(l, p.counts[INPUT_ANSWER] == 3);
    assert_int_equal(p.last.answer, ANSWER_UNKNOWN);
    assert_int_equal(p.last.error, ERROR_TIMEOUT);
    real_answer(l, handle, ANSWER_YES, 0, SLICE("late"));
    real__round(l, 1000);
    assert_int_equal(p.counts[INPUT_ANSWER], 3);
    ask(&p, SERVICE_STORE, SLICE("?"), 60000000); /* and one is open when the instance goes */
    real_remove_instance(p.instance);
    real_answer(l, handle, ANSWER_YES, 0, SLICE("nobody"));
    real__round(l, 1000);
    assert_int_equal(p.counts[INPUT_ANSWER], 3);
    real_close(l);
    probe_free(&p);
}

static void passwords_are_hashed_and_verified_on_the_pool(void **state)
{
    (void)state;
    struct real_loop *l = fixture_loop(NULL);
    struct real_pool *pool = real_pool_open(2);
    struct probe p = {.echo = false};
    struct arena arena = {.chunks = NULL};
    probe_open(&p, l, "one");
    real_set_service(l, SERVICE_JOB, real_pool_jobs(pool));
    ask_job(&p, "argon2-hash", SLICE("secret"), (struct slice){0});
    UNTIL(l, p.counts[INPUT_ANSWER] == 1);
    assert_int_equal(p.last.answer, ANSWER_YES);
    Tandem__JobAnswer *a = pack_read(&tandem__job_answer__descriptor, buffer_slice(&p.data), &arena);
    assert_non_null(a);
    struct slice encoded = pack_slice(a->results[0]);
    assert_true(slice_starts(encoded, SLICE("$argon2id$v=19$m=19456,t=2,p=1$")));
    ask_job(&p, "argon2-verify", SLICE("secret"), encoded);
    UNTIL(l, p.counts[INPUT_ANSWER] == 2);
    assert_int_equal(p.last.answer, ANSWER_YES);
    ask_job(&p, "argon2-verify", SLICE("wrong"), encoded);
    UNTIL(l, p.counts[INPUT_ANSWER] == 3);
    assert_int_equal(p.last.answer, ANSWER_NO);
    assert_int_equal(p.last.error, ERROR_DENIED);
    ask_job(&p, "argon2-verify", SLICE("secret"), SLICE("not a hash"));
    UNTIL(l, p.counts[INPUT_ANSWER] == 4);
    assert_int_equal(p.last.error, ERROR_SYNTAX);
    ask_job(&p, "format-disk", SLICE("x"), (struct slice){0});
    UNTIL(l, p.counts[INPUT_ANSWER] == 5);
    assert_int_equal(p.last.error, ERROR_MISSING);
    ask(&p, SERVICE_JOB, SLICE("\xff\xff"), 60000000);
    UNTIL(l, p.counts[INPUT_ANSWER] == 6);
    assert_int_equal(p.last.error, ERROR_SYNTAX);
    real_pool_close(pool);
    real_close(l);
    arena_free(&arena);
    probe_free(&p);
}

static void a_job_runs_here_and_now_for_a_main(void **state)
{
    (void)state;
    struct buffer encoded = {.data = NULL}, nothing = {.data = NULL};
    struct slice password[2] = {SLICE("secret")};
    int error = 1;
    assert_int_equal(real_job(&encoded, &error, "argon2-hash", password, 1), ANSWER_YES);
    assert_int_equal(error, 0);
    password[1] = buffer_slice(&encoded);
    assert_int_equal(real_job(&nothing, &error, "argon2-verify", password, 2), ANSWER_YES);
    password[0] = SLICE("Secret");
    assert_int_equal(real_job(&nothing, &error, "argon2-verify", password, 2), ANSWER_NO);
    assert_int_equal(error, ERROR_DENIED);
    assert_int_equal(real_job(&nothing, &error, "argon2-verify", password, 1), ANSWER_NO);
    buffer_free(&encoded);
}

static void stop_h(struct probe *p, const struct input *input)
{
    if (input->kind == INPUT_ANSWER && p->counts[INPUT_ANSWER] == 4)
        real_stop(p->instance->loop);
}

static void *run_h(void *loop)
{
    real_run(loop);
    return NULL;
}

/* What was asked before the loop ran is answered while it begins, in another thread: run under the thread
 * sanitizer. */
static void answers_find_the_loop_in_whichever_thread_it_runs(void **state)
{
    (void)state;
    struct real_loop *l = fixture_loop(NULL);
    struct real_pool *pool = real_pool_open(2);
    struct probe p = {.input_h = stop_h};
    pthread_t thread;
    probe_open(&p, l, "one");
    real_set_service(l, SERVICE_JOB, real_pool_jobs(pool));
    for (int i = 0; i < 4; i++)
        ask_job(&p, i % 2 == 0 ? "argon2-hash" : "no-such-job", SLICE("secret"), (struct slice){0});
    assert_int_equal(pthread_create(&thread, NULL, run_h, l), 0);
    pthread_join(thread, NULL);
    assert_int_equal(p.counts[INPUT_ANSWER], 4);
    real_pool_close(pool);
    real_close(l);
    probe_free(&p);
}

static void too_many_jobs_are_refused_and_none_is_forgotten(void **state)
{
    (void)state;
    struct real_loop *l = fixture_loop(NULL);
    struct real_pool *pool = real_pool_open(1);
    struct probe p = {.echo = false};
    probe_open(&p, l, "one");
    real_set_service(l, SERVICE_JOB, real_pool_jobs(pool));
    for (int i = 0; i < 300; i++)
        ask_job(&p, "argon2-hash", SLICE("secret"), (struct slice){0});
    UNTIL(l, p.counts[INPUT_ANSWER] >= 10); /* those that had no room, at the least */
    real_pool_close(pool);                  /* the rest is answered now */
    UNTIL(l, p.counts[INPUT_ANSWER] == 300);
    real_close(l);
    probe_free(&p);
}

static void names_are_resolved_on_the_pool(void **state)
{
    (void)state;
    struct real_loop *l = fixture_loop(NULL);
    struct real_pool *pool = real_pool_open(1);
    struct probe p = {.echo = false};
    probe_open(&p, l, "one");
    real_set_service(l, SERVICE_NAME, real_pool_names(pool));
    ask(&p, SERVICE_NAME, SLICE("127.0.0.1"), 10000000);
    UNTIL(l, p.counts[INPUT_ANSWER] == 1);
    assert_int_equal(p.last.answer, ANSWER_YES);
    assert_true(slice_equal(buffer_slice(&p.data), SLICE("127.0.0.1\n")));
    ask(&p, SERVICE_NAME, SLICE(""), 10000000);
    UNTIL(l, p.counts[INPUT_ANSWER] == 2);
    assert_int_equal(p.last.error, ERROR_SYNTAX);
    real_pool_close(pool);
    real_close(l);
    probe_free(&p);
}

TESTS("world/real/ask", cmocka_unit_test(answers_find_the_loop_in_whichever_thread_it_runs),
    cmocka_unit_test(a_job_runs_here_and_now_for_a_main),
    cmocka_unit_test(each_question_gets_exactly_one_answer),
    cmocka_unit_test(passwords_are_hashed_and_verified_on_the_pool),
    cmocka_unit_test(too_many_jobs_are_refused_and_none_is_forgotten),
    cmocka_unit_test(names_are_resolved_on_the_pool))
