#include "roles/config/writer_fixture.h"

#include "wire/client.pb-c.h"
#include "wire/engine.pb-c.h"
#include "wire/pack.h"

#include "unit.h"

/* ---- its world ---- */

static uint64_t random_h(void *maker)
{
    (void)maker;
    return 4;
}

static void take_publish(struct bench *b, const struct effect *e)
{
    struct arena arena = {0};
    if (slice_starts(e->first, SLICE("cfg."))) {
        Tandem__ConfigChanged *m = pack_read(&tandem__config_changed__descriptor, e->second, &arena);
        assert_true(slice_equal(slice_from(e->first, 4), slice_text(m->kind)));
        buffer_add_format(
            &b->changes, "%s %s %d%s;", m->kind, m->name, (int)m->version, m->deleted ? "!" : "");
    } else {
        assert_true(slice_equal(e->first, SLICE("ctl.session.s")));
        Tandem__ConfigAnswer *m = pack_read(&tandem__config_answer__descriptor, e->second, &arena);
        assert_int_equal(m->token, 77);
        b->status = m->status;
        buffer_clear(&b->body);
        buffer_add(&b->body, pack_slice(m->body));
        buffer_add_byte(&b->body, '\0');
    }
    arena_free(&arena);
}

static void commit_h(void *maker, struct world *w)
{
    struct bench *b = maker;
    struct slice rest = buffer_slice(&w->effects);
    struct effect e;
    while (effect_next(&rest, &e)) {
        if (e.kind == EFFECT_PUBLISH)
            take_publish(b, &e);
        if (e.kind != EFFECT_ASK)
            continue;
        assert_false(b->asked);
        b->asked = true;
        b->service = (enum service)e.service;
        b->token = e.token;
        buffer_clear(&b->request);
        buffer_add(&b->request, e.second);
    }
    world_turn_clear(w);
}

static const struct world_backend backend = {random_h, commit_h};

static void turn(struct bench *b, const struct input *input)
{
    b->now += 1000;
    world_turn(&b->world, &writer_role, b->self, input, b->now);
}

void bench_open(struct bench *b, bool loaded)
{
    struct role_setup setup = {.name = SLICE("config-1")};
    struct store_options options = {.path = ":memory:"};
    *b = (struct bench){.now = 1000000};
    assert_int_equal(store_open(&b->store, &options), 0);
    wheel_init(&b->wheel, b->now);
    world_init(&b->world, &backend, b, &b->wheel);
    bench_put(b, "location", "home", "{\"name\":\"home\"}");
    bench_put(b, "dn", "1001", "{\"number\":\"1001\",\"location\":\"home\",\"secret\":\"12345678\"}");
    world_turn_begin(&b->world, b->now);
    assert_int_equal(writer_role.open(&b->self, &b->world, &setup), 0);
    world_turn_end(&b->world);
    if (loaded)
        bench_answer(b);
}

void bench_close(struct bench *b)
{
    b->world.closing = true;
    writer_role.close(b->self);
    world_end(&b->world);
    wheel_close(&b->wheel);
    store_close(b->store);
    buffer_free(&b->request);
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

static Tandem__StoreValue number_value(int64_t number)
{
    Tandem__StoreValue v = TANDEM__STORE_VALUE__INIT;
    v.has_number = true;
    v.number = number;
    return v;
}

bool bench_stored(struct bench *b, struct buffer *body, uint64_t *version, const char *kind, const char *name)
{
    struct catalogue *c = catalogue_new();
    const struct kind *k = kind_find(slice_text(kind));
    struct buffer answer = {0};
    Tandem__StoreValue kind_value = text_value(kind), name_value = text_value(name);
    ask_store(b, &answer, "object_get", (Tandem__StoreValue *[]){&kind_value, &name_value}, 2);
    assert_int_equal(config_load_one(c, k, slice_text(name), buffer_slice(&answer)), 0);
    const struct object *o = catalogue_get(c, k, slice_text(name));
    *version = o != NULL ? o->version : 0;
    buffer_clear(body);
    if (o != NULL)
        buffer_add(body, o->body);
    buffer_add_byte(body, '\0');
    catalogue_free(c);
    buffer_free(&answer);
    return *version != 0;
}

void bench_put(struct bench *b, const char *kind, const char *name, const char *text)
{
    struct buffer body = {0}, answer = {0};
    uint64_t version;
    bench_stored(b, &body, &version, kind, name);
    Tandem__StoreValue values[] = {text_value(kind), text_value(name), text_value(text),
        number_value((int64_t)version), number_value(1), text_value("somebody")};
    ask_store(b, &answer, "object_put",
        (Tandem__StoreValue *[]){&values[0], &values[1], &values[2], &values[3], &values[4], &values[5]}, 6);
    buffer_free(&body);
    buffer_free(&answer);
}

unsigned bench_audits(struct bench *b)
{
    struct arena arena = {0};
    struct buffer answer = {0};
    Tandem__StoreValue newest = TANDEM__STORE_VALUE__INIT, limit = number_value(100);
    ask_store(b, &answer, "object_audit_page", (Tandem__StoreValue *[]){&newest, &limit}, 2);
    Tandem__StoreAnswer *a = pack_read(&tandem__store_answer__descriptor, buffer_slice(&answer), &arena);
    unsigned count = (unsigned)a->results[0]->n_rows;
    for (unsigned i = 0; i < count; i++) {
        assert_string_equal(a->results[0]->rows[i]->values[2]->text, "grace");
        assert_true(a->results[0]->rows[i]->values[7]->text == NULL ||
                    strstr(a->results[0]->rows[i]->values[7]->text, "secret") == NULL);
    }
    arena_free(&arena);
    buffer_free(&answer);
    return count;
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
    assert_true(b->asked);
    b->asked = false;
    turn(b, &(struct input){
                .kind = INPUT_ANSWER, .token = b->token, .answer = answer, .error = error, .bytes = bytes});
}

void bench_answer(struct bench *b)
{
    struct buffer answer = {0};
    enum answer is = ANSWER_YES;
    int error = 0;
    assert_true(b->asked);
    if (b->service == SERVICE_JOB)
        hash(&answer);
    else
        is = run(b, &answer, &error, buffer_slice(&b->request));
    give(b, is, error, is == ANSWER_YES ? buffer_slice(&answer) : (struct slice){0});
    buffer_free(&answer);
}

void bench_fail(struct bench *b, enum answer answer, int error, bool done)
{
    struct buffer ignored = {0};
    int none;
    if (done)
        assert_int_equal(run(b, &ignored, &none, buffer_slice(&b->request)), ANSWER_YES);
    buffer_free(&ignored);
    give(b, answer, error, (struct slice){0});
}

void bench_wait(struct bench *b, int64_t microseconds)
{
    struct wheel_timer *due;
    struct world *world;
    b->now += microseconds;
    while ((due = wheel_due(&b->wheel, b->now)) != NULL) {
        struct input input = world_timer_input(due, &world);
        turn(b, &input);
    }
}
