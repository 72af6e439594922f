#include "roles/config/writer_fixture.h"

#include "base/error.h"
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
    *b = (struct bench){.now = 1000000, .store = catalogue_new()};
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
    catalogue_free(b->store);
    buffer_free(&b->request);
    buffer_free(&b->body);
    buffer_free(&b->changes);
}

void bench_put(struct bench *b, const char *kind, const char *name, const char *body)
{
    const struct kind *k = kind_find(slice_text(kind));
    const struct object *before = catalogue_get(b->store, k, slice_text(name));
    catalogue_put(b->store,
        &(struct object){k, slice_text(name), slice_text(body), before != NULL ? before->version + 1 : 1});
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

struct rows {
    Tandem__StoreRow rows[16], *list[16];
    Tandem__StoreValue values[96], *pointers[96];
    size_t count, used;
    struct arena arena;
};

static void add_value(struct rows *r, const char *text, uint64_t number)
{
    Tandem__StoreValue *v = &r->values[r->used];
    tandem__store_value__init(v);
    v->text = (char *)(uintptr_t)text;
    v->has_number = text == NULL;
    v->number = (int64_t)number;
    r->pointers[r->used++] = v;
    r->rows[r->count - 1].n_values++;
}

static void add_row(struct rows *r, const struct object *o, bool names)
{
    Tandem__StoreRow *row = &r->rows[r->count];
    tandem__store_row__init(row);
    row->values = &r->pointers[r->used];
    r->list[r->count++] = row;
    if (names) {
        add_value(r, o->kind->name, 0);
        add_value(r, arena_text(&r->arena, o->name), 0);
    }
    add_value(r, NULL, o->version);
    add_value(r, arena_text(&r->arena, o->body), 0);
    add_value(r, NULL, 1);
    add_value(r, "somebody", 0);
}

static void list_all(struct bench *b, struct rows *r)
{
    const struct object *list[16];
    const struct kind *k;
    for (size_t at = 0; (k = kind_next(&at)) != NULL;) {
        size_t count = catalogue_list(list, 16, b->store, k, (struct slice){0});
        for (size_t i = 0; i < count; i++)
            add_row(r, list[i], true);
    }
}

static bool run(struct bench *b, const Tandem__StoreStatement *s, struct rows *r)
{
    Tandem__StoreValue **p = s->parameters;
    if (strcmp(s->name, "object_list") == 0) {
        list_all(b, r);
        return true;
    }
    if (strcmp(s->name, "object_audit_add") == 0) {
        assert_int_equal(s->n_parameters, 7);
        assert_true(p[6]->text == NULL || strstr(p[6]->text, "secret") == NULL);
        b->audits++;
        return true;
    }
    const struct kind *k = kind_find(slice_text(p[0]->text));
    struct slice name = slice_text(p[1]->text);
    const struct object *o = catalogue_get(b->store, k, name);
    uint64_t version = o != NULL ? o->version : 0;
    if (strcmp(s->name, "object_get") == 0) {
        if (o != NULL)
            add_row(r, o, false);
        return true;
    }
    bool put = strcmp(s->name, "object_put") == 0;
    assert_int_equal(s->n_parameters, put ? 6 : 3);
    if ((uint64_t)p[put ? 3 : 2]->number != version)
        return false;
    if (put)
        catalogue_put(b->store, &(struct object){k, name, slice_text(p[2]->text), version + 1});
    else
        catalogue_remove(b->store, k, name);
    return true;
}

static bool run_all(struct bench *b, struct buffer *answer)
{
    struct arena arena = {0};
    struct rows rows = {0};
    Tandem__StoreRequest *request =
        pack_read(&tandem__store_request__descriptor, buffer_slice(&b->request), &arena);
    Tandem__StoreAnswer a = TANDEM__STORE_ANSWER__INIT;
    Tandem__StoreResult result = TANDEM__STORE_RESULT__INIT, *results[2] = {&result, &result};
    bool good = true;
    for (size_t i = 0; good && i < request->n_statements; i++)
        good = run(b, request->statements[i], &rows);
    result.rows = rows.list;
    result.n_rows = rows.count;
    a.results = results;
    a.n_results = request->n_statements;
    pack_add(answer, &a.base);
    arena_free(&arena);
    arena_free(&rows.arena);
    return good;
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
    bool good = true;
    assert_true(b->asked);
    if (b->service == SERVICE_JOB)
        hash(&answer);
    else
        good = run_all(b, &answer);
    give(b, good ? ANSWER_YES : ANSWER_NO, good ? 0 : ERROR_CONFLICT,
        good ? buffer_slice(&answer) : (struct slice){0});
    buffer_free(&answer);
}

void bench_fail(struct bench *b, enum answer answer, int error, bool done)
{
    struct buffer ignored = {0};
    if (done)
        assert_true(run_all(b, &ignored));
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
