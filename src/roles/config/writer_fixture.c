#include "roles/config/writer_fixture.h"

#include "engine/registry.h"
#include "wire/client.pb-c.h"
#include "wire/engine.pb-c.h"
#include "wire/pack.h"

#include "unit.h"

/* ---- its world ---- */

static uint64_t random_h(void *maker)
{
    struct bench *b = maker;
    return ++b->drawn;
}

static void take_publish(struct bench *b, const struct effect *e)
{
    struct arena arena = {0};
    if (slice_starts(e->first, SLICE("cfg."))) {
        Tandem__ConfigChanged *m = pack_read(&tandem__config_changed__descriptor, e->second, &arena);
        assert_true(slice_equal(slice_from(e->first, 4), slice_text(m->kind)));
        buffer_add_format(&b->changes, "%s %s %d%s;", m->kind, m->many ? "*" : m->name, (int)m->version,
            m->deleted ? "!" : "");
        b->number = m->number;
    } else {
        assert_true(slice_equal(e->first, SLICE("ctl.session.s")));
        Tandem__ConfigAnswer *m = pack_read(&tandem__config_answer__descriptor, e->second, &arena);
        assert_int_equal(m->token, 77);
        b->status = m->status;
        b->answers++;
        b->wanted = m->wanted;
        buffer_clear(&b->body);
        buffer_add(&b->body, pack_slice(m->body));
        buffer_add_byte(&b->body, '\0');
    }
    arena_free(&arena);
}

static void take_ask(struct bench *b, const struct effect *e)
{
    assert_true(b->question_count < BENCH_QUESTIONS);
    struct bench_question *q = &b->questions[b->question_count++];
    *q = (struct bench_question){.service = (enum service)e->service, .object = e->object, .token = e->token};
    buffer_add(&q->request, e->second);
}

static void commit_h(void *maker, struct world *w)
{
    struct bench *b = maker;
    struct slice rest = buffer_slice(&w->effects);
    struct effect e;
    while (effect_next(&rest, &e)) {
        if (e.kind == EFFECT_PUBLISH)
            take_publish(b, &e);
        if (e.kind == EFFECT_ASK)
            take_ask(b, &e);
        if (e.kind == EFFECT_AGAIN)
            b->agains[b->again_count++ % 64] = e.token;
    }
    world_turn_clear(w);
}

static const struct world_backend backend = {random_h, commit_h};

static void turn(struct bench *b, const struct input *input);

/* The registry answers at once. */
static void answer_registry(struct bench *b)
{
    for (size_t i = 0; i < b->question_count; i++) {
        if (b->questions[i].service != SERVICE_REGISTRY)
            continue;
        struct bench_question q = b->questions[i];
        struct buffer answer = {0};
        int error = 0;
        memmove(&b->questions[i], &b->questions[i + 1], (--b->question_count - i) * sizeof q);
        enum answer is = registry_ask(&answer, &error, b->registry, buffer_slice(&q.request), b->now);
        turn(b, &(struct input){.kind = INPUT_ANSWER,
                    .object = q.object,
                    .token = q.token,
                    .answer = is,
                    .error = error,
                    .bytes = buffer_slice(&answer)});
        buffer_free(&q.request);
        buffer_free(&answer);
        i = SIZE_MAX;
    }
}

static void turn(struct bench *b, const struct input *input)
{
    b->now += 1000;
    b->turns++;
    world_turn(&b->world, &writer_role, b->self, input, b->now);
    answer_registry(b);
}

static void put_first(struct bench *b, const char *kind, const char *name, const char *text)
{
    struct store_fixture f = {.store = b->store};
    store_fixture_add(&f, "object_put", "tttiit", kind, name, text, 0LL, 1LL, "somebody");
    assert_int_equal(store_fixture_run(&f), ANSWER_YES);
    buffer_free(&f.request);
}

void bench_open(struct bench *b, bool loaded)
{
    struct role_setup setup = {.name = SLICE("config-1")};
    struct store_options options = {.path = ":memory:"};
    *b = (struct bench){.now = 1000000};
    assert_int_equal(store_open(&b->store, &options), 0);
    assert_int_equal(registry_open(&b->registry, NULL, b->now), 0);
    wheel_init(&b->wheel, b->now);
    world_init(&b->world, &backend, b, &b->wheel);
    put_first(b, "location", "home", "{\"name\":\"home\"}");
    put_first(b, "dn", "1001", "{\"number\":\"1001\",\"location\":\"home\",\"secret\":\"12345678\"}");
    world_turn_begin(&b->world, b->now);
    assert_int_equal(writer_role.open(&b->self, &b->world, &setup), 0);
    world_turn_end(&b->world);
    if (loaded)
        bench_settle(b);
}

void bench_close(struct bench *b)
{
    b->world.closing = true;
    writer_role.close(b->self);
    world_end(&b->world);
    wheel_close(&b->wheel);
    store_close(b->store);
    registry_close(b->registry);
    while (b->question_count != 0)
        buffer_free(&b->questions[--b->question_count].request);
    buffer_free(&b->body);
    buffer_free(&b->changes);
}

void bench_ask_as(struct bench *b, const char *role, const char *method, const char *path, const char *body)
{
    Tandem__ConfigRequest m = TANDEM__CONFIG_REQUEST__INIT;
    struct buffer packed = {0};
    m.reply_to = (char[]){"ctl.session.s"};
    m.token = 77;
    m.method = (char *)(uintptr_t)method;
    m.path = (char *)(uintptr_t)path;
    m.user = (char[]){"grace"};
    m.role = (char *)(uintptr_t)role;
    m.has_body = body != NULL;
    m.body = pack_bytes(slice_text(body));
    pack_add(&packed, &m.base);
    b->status = 0;
    buffer_clear(&b->body);
    turn(b, &(struct input){.kind = INPUT_BUS, .token = 1, .bytes = buffer_slice(&packed)});
    buffer_free(&packed);
}

void bench_ask(struct bench *b, const char *method, const char *path, const char *body)
{
    bench_ask_as(b, "administrator", method, path, body);
}

/* ---- its store ---- */

static enum answer run(struct bench *b, struct buffer *answer, int *error, struct slice request)
{
    *error = 0;
    return store_run(answer, error, b->store, request);
}

/* One statement of texts and (negative: the argument's) numbers; what is asked of the store behind the
 * writer's back. */
static void ask_store(
    struct bench *b, struct buffer *answer, const char *name, Tandem__StoreValue **values, size_t count)
{
    Tandem__StoreRequest request = TANDEM__STORE_REQUEST__INIT;
    Tandem__StoreStatement statement = TANDEM__STORE_STATEMENT__INIT, *statements = &statement;
    struct buffer packed = {0};
    int error;
    statement.name = (char *)(uintptr_t)name;
    statement.parameters = values;
    statement.n_parameters = count;
    request.statements = &statements;
    request.n_statements = 1;
    pack_add(&packed, &request.base);
    assert_int_equal(run(b, answer, &error, buffer_slice(&packed)), ANSWER_YES);
    buffer_free(&packed);
}

static Tandem__StoreValue text_value(const char *text)
{
    Tandem__StoreValue v = TANDEM__STORE_VALUE__INIT;
    v.text = (char *)(uintptr_t)text;
    return v;
}

bool bench_stored(struct bench *b, struct buffer *body, uint64_t *version, const char *kind, const char *name)
{
    struct buffer answer = {0};
    struct arena arena = {0};
    Tandem__StoreValue kind_value = text_value(kind), name_value = text_value(name);
    ask_store(b, &answer, "object_get", (Tandem__StoreValue *[]){&kind_value, &name_value}, 2);
    const Tandem__StoreAnswer *a =
        pack_read(&tandem__store_answer__descriptor, buffer_slice(&answer), &arena);
    assert_int_equal(a->n_results, 1);
    const Tandem__StoreRow *row =
        a->results[0]->n_rows != 0 ? a->results[0]->rows[0] : NULL; /* version, body */
    *version = row != NULL ? (uint64_t)row->values[0]->number : 0;
    buffer_clear(body);
    if (row != NULL)
        buffer_add_text(body, row->values[1]->text);
    buffer_add_byte(body, '\0');
    arena_free(&arena);
    buffer_free(&answer);
    return *version != 0;
}

void bench_put(struct bench *b, const char *kind, const char *name, const char *text)
{
    struct store_fixture f = {.store = b->store};
    struct buffer body = {0};
    uint64_t version;
    char id[32];
    bench_stored(b, &body, &version, kind, name);
    long long number = strtoll(STORE_FIXTURE_ASK(&f, "change_last", ""), NULL, 10) + 1;
    snprintf(id, sizeof id, "put %lld", number);
    store_fixture_add(&f, "change_stage_add", "tttit", id, kind, name, (long long)version, text);
    store_fixture_add(&f, "change_add", "ititti", number, id, 5000000LL, "bob", "", NOTHING);
    store_fixture_add(&f, "change_objects_add", "it", number, id);
    store_fixture_add(&f, "change_complete", "ii", number, 1LL);
    store_fixture_add(&f, "change_apply", "i", number);
    assert_int_equal(store_fixture_run(&f), ANSWER_YES);
    buffer_free(&f.request);
    buffer_free(&body);
}

static void hash(struct buffer *answer)
{
    Tandem__JobAnswer a = TANDEM__JOB_ANSWER__INIT;
    ProtobufCBinaryData result = pack_bytes(SLICE("$argon2id$hashed"));
    a.results = &result;
    a.n_results = 1;
    pack_add(answer, &a.base);
}

static void give(struct bench *b, enum answer answer, int error, struct slice bytes)
{
    assert_true(b->question_count != 0);
    struct bench_question q = b->questions[0];
    memmove(&b->questions[0], &b->questions[1], --b->question_count * sizeof q);
    buffer_free(&q.request);
    turn(b, &(struct input){.kind = INPUT_ANSWER,
                .object = q.object,
                .token = q.token,
                .answer = answer,
                .error = error,
                .bytes = bytes});
}

void bench_answer(struct bench *b)
{
    struct buffer answer = {0};
    enum answer is = ANSWER_YES;
    int error = 0;
    assert_true(b->question_count != 0);
    if (b->questions[0].service == SERVICE_JOB)
        hash(&answer);
    else
        is = run(b, &answer, &error, buffer_slice(&b->questions[0].request));
    give(b, is, error, is == ANSWER_YES ? buffer_slice(&answer) : (struct slice){0});
    buffer_free(&answer);
}

static void again(struct bench *b)
{
    assert_true(b->again_count <= 64);
    uint64_t cursor = b->agains[0];
    memmove(b->agains, b->agains + 1, --b->again_count * sizeof cursor);
    turn(b, &(struct input){.kind = INPUT_AGAIN, .token = cursor});
}

void bench_step(struct bench *b)
{
    if (b->again_count != 0)
        again(b);
    else
        bench_answer(b);
}

void bench_settle(struct bench *b)
{
    while (b->question_count != 0 || b->again_count != 0)
        bench_step(b);
}

bool bench_asked(const struct bench *b)
{
    return b->question_count != 0;
}

void bench_part(struct bench *b, const char *path, struct slice part, uint64_t offset, uint64_t length)
{
    Tandem__ConfigRequest m = TANDEM__CONFIG_REQUEST__INIT;
    struct buffer packed = {0};
    m.reply_to = (char[]){"ctl.session.s"};
    m.token = 77;
    m.method = (char[]){"POST"};
    m.path = (char *)(uintptr_t)path;
    m.user = (char[]){"grace"};
    m.role = (char[]){"administrator"};
    m.has_body = true;
    m.body = pack_bytes(part);
    m.has_offset = offset != 0;
    m.offset = offset;
    m.has_length = true;
    m.length = length;
    pack_add(&packed, &m.base);
    b->status = 0;
    turn(b, &(struct input){.kind = INPUT_BUS, .token = 1, .bytes = buffer_slice(&packed)});
    buffer_free(&packed);
}

void bench_fail(struct bench *b, enum answer answer, int error, bool done)
{
    struct buffer ignored = {0};
    int none;
    if (done)
        assert_int_equal(run(b, &ignored, &none, buffer_slice(&b->questions[0].request)), ANSWER_YES);
    buffer_free(&ignored);
    give(b, answer, error, (struct slice){0});
}

void bench_late(struct bench *b, struct slice request)
{
    struct buffer ignored = {0};
    int error;
    run(b, &ignored, &error, request);
    buffer_free(&ignored);
}

void bench_wait(struct bench *b, int64_t microseconds)
{
    struct wheel_timer *due;
    struct world *world;
    int64_t until = b->now + microseconds;
    while (b->now < until) { /* in steps, so that the lease is renewed */
        b->now = until - b->now < 400000 ? until : b->now + 400000;
        registry_expire(b->registry, b->now);
        while ((due = wheel_due(&b->wheel, b->now)) != NULL) {
            struct input input = world_timer_input(due, &world);
            turn(b, &input);
        }
    }
}
