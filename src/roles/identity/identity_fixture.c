#include "roles/identity/identity_fixture.h"

#include <stdio.h>

#include "base/error.h"
#include "config/config_fixture.h"
#include "config/object.h"
#include "unit.h"
#include "wire/client.pb-c.h"
#include "wire/engine.pb-c.h"
#include "wire/pack.h"

/* ---- its world ---- */

static uint64_t random_h(void *maker)
{
    struct identity_desk *d = maker;
    return ++d->chance;
}

static void take_answer(struct identity_desk *d, struct slice bytes)
{
    struct arena arena = {0};
    Tandem__ConfigAnswer *m = pack_read(&tandem__config_answer__descriptor, bytes, &arena);
    assert_int_equal(m->token, 77);
    assert_int_equal(d->status, 0); /* one answer for each request */
    d->status = m->status;
    json_decref(d->answer);
    d->answer = json_loadb((const char *)m->body.data, m->body.len, 0, NULL);
    assert_non_null(d->answer);
    arena_free(&arena);
}

static void commit_h(void *maker, struct world *w)
{
    struct identity_desk *d = maker;
    struct slice rest = buffer_slice(&w->effects);
    struct effect e;
    while (effect_next(&rest, &e)) {
        if (e.kind == EFFECT_ASK) {
            assert_false(d->asks);
            d->asks = true;
            d->ask_token = e.token;
            buffer_clear(&d->asked);
            buffer_add(&d->asked, e.second);
        } else if (e.kind == EFFECT_PUBLISH && slice_equal(e.first, SLICE("ctl.config"))) {
            assert_false(d->configures);
            d->configures = true;
            buffer_clear(&d->configured);
            buffer_add(&d->configured, e.second);
        } else if (e.kind == EFFECT_PUBLISH) {
            assert_true(slice_equal(e.first, SLICE("ctl.session.s")));
            take_answer(d, e.second);
        }
    }
    world_turn_clear(w);
}

static const struct world_backend backend = {random_h, commit_h};

static void turn(struct identity_desk *d, const struct input *input)
{
    d->now += 1000;
    world_turn(&d->world, &identity_role, d->self, input, d->now);
}

/* ---- the pool ---- */

static json_t *job(struct identity_desk *d, const Tandem__JobRequest *r, int *error)
{
    struct slice a[6] = {{0}};
    for (size_t i = 0; i < r->n_arguments; i++)
        a[i] = pack_slice(r->arguments[i]);
    if (strcmp(r->name, "check") == 0)
        return json_pack("{ss%, ss%}", "fingerprint", a[1].data, a[1].length, "code",
            a[2].length != 0 ? a[2].data : "", a[2].length);
    if (strcmp(r->name, "code") == 0)
        return json_pack("{ss, ss}", "text", "open-sesame", "hash", "the-code");
    if (strcmp(r->name, "verify") == 0) {
        /* Signed by a key is: the request or certificate, and then the time. */
        struct buffer good = {0};
        for (size_t i = 0; i < a[0].length; i++)
            buffer_add_format(&good, "%02x", (unsigned char)a[0].data[i]);
        buffer_add(&good, a[2]);
        *error = slice_equal(buffer_slice(&good), a[4]) ? 0 : ERROR_UNAUTHENTICATED;
        buffer_free(&good);
        return json_object();
    }
    if (strcmp(r->name, "self") == 0)
        return d->own == NULL
                   ? json_object()
                   : json_pack("{ss, ss, ss, ss, sI}", "name", "host-1", "certificate", "PEM", "serial",
                         d->own, "fingerprint", d->own, "ends_at", (json_int_t)d->now * 2);
    if (strcmp(r->name, "sign") == 0)
        return json_pack("{ss%, ss%, ss%, sI}", "certificate", a[1].data, a[1].length, "serial", a[1].data,
            a[1].length, "fingerprint", a[1].data, a[1].length, "ends_at",
            (json_int_t)(d->now + INT64_C(7776000000000)));
    return json_pack("{ss}", "authority", "PEM");
}

static void answer_job(struct identity_desk *d)
{
    struct arena arena = {0};
    Tandem__JobRequest *r = pack_read(&tandem__job_request__descriptor, buffer_slice(&d->asked), &arena);
    r->name += strlen("identity-");
    buffer_add_format(&d->log, "%s;", r->name);
    d->asks = false;
    if (d->silent != NULL && strcmp(d->silent, r->name) == 0) {
        arena_free(&arena);
        return;
    }
    struct buffer text = {0}, packed = {0};
    Tandem__JobAnswer answer = TANDEM__JOB_ANSWER__INIT;
    ProtobufCBinaryData result;
    int error = d->fails != NULL && strcmp(d->fails, r->name) == 0 ? ERROR_CONFLICT : 0;
    json_t *json = error == 0 ? job(d, r, &error) : NULL;
    if (json != NULL)
        object_dump(&text, json);
    result = pack_bytes(buffer_slice(&text));
    answer.results = &result;
    answer.n_results = 1;
    pack_add(&packed, &answer.base);
    turn(d, &(struct input){.kind = INPUT_ANSWER,
                .token = d->ask_token,
                .answer = error == 0 ? ANSWER_YES : ANSWER_NO,
                .error = error,
                .bytes = error == 0 ? buffer_slice(&packed) : SLICE("because")});
    json_decref(json);
    buffer_free(&text);
    buffer_free(&packed);
    arena_free(&arena);
}

/* ---- the role config ---- */

static unsigned put(struct identity_desk *d, const char *name, const Tandem__ConfigRequest *m)
{
    json_t *body = json_loadb((const char *)m->body.data, m->body.len, 0, NULL), *value;
    json_t *before = json_object_get(d->members, name);
    const char *field;
    void *next;
    if (d->between != NULL && strcmp(d->between, name) == 0)
        json_object_set_new(before, "version", json_integer(99));
    json_int_t version = json_integer_value(json_object_get(before, "version"));
    if (version != json_integer_value(json_object_get(body, "version"))) {
        json_decref(body);
        return 409;
    }
    if (json_object_get(body, "code") == NULL && json_object_get(before, "code") != NULL)
        json_object_set(body, "code", json_object_get(before, "code")); /* secrets that are left out stay */
    json_object_foreach_safe(body, next, field, value) if (json_is_null(value)) json_object_del(body, field);
    json_object_set_new(body, "version", json_integer(version + 1));
    json_object_set_new(d->members, name, body);
    return before == NULL ? 201 : 200;
}

static json_t *get(struct identity_desk *d, const char *name)
{
    json_t *list = json_array(), *member;
    const char *key;
    if (name[0] != '\0') {
        json_decref(list);
        return json_incref(json_object_get(d->members, name));
    }
    json_object_foreach(d->members, key, member) json_array_append(list, member);
    return json_pack("{so}", "objects", list);
}

static void answer_config(struct identity_desk *d)
{
    struct arena arena = {0};
    struct buffer text = {0}, packed = {0};
    Tandem__ConfigRequest *m =
        pack_read(&tandem__config_request__descriptor, buffer_slice(&d->configured), &arena);
    Tandem__ConfigAnswer answer = TANDEM__CONFIG_ANSWER__INIT;
    bool puts = strcmp(m->method, "PUT") == 0;
    char name[64] = "", *query;
    assert_string_equal(m->role, "administrator");
    assert_int_equal(strncmp(m->path, "/api/config/member", 18), 0);
    if (m->path[18] == '/')
        snprintf(name, sizeof name, "%s", m->path + 19);
    if ((query = strchr(name, '?')) != NULL)
        *query = '\0';
    buffer_add_format(&d->log, puts ? "put %s %s;" : "get %s;", name, m->user);
    d->configures = false;
    if (d->silent == NULL || strcmp(d->silent, puts ? "put" : "get") != 0) {
        bool fails = d->fails != NULL && strcmp(d->fails, puts ? "put" : "get") == 0;
        answer.token = m->token;
        answer.status = fails ? 503 : puts ? put(d, name, m) : 200;
        json_t *body = fails ? NULL : get(d, name);
        if (body == NULL && !fails)
            answer.status = 404;
        if (body == NULL || answer.status == 409) {
            json_decref(body);
            body = json_pack("{s{ss}}", "error", "sentence", "the writer says so");
        }
        object_dump(&text, body);
        json_decref(body);
        answer.has_body = true;
        answer.body = pack_bytes(buffer_slice(&text));
        pack_add(&packed, &answer.base);
        turn(d, &(struct input){.kind = INPUT_BUS, .token = 2, .bytes = buffer_slice(&packed)});
    }
    buffer_free(&text);
    buffer_free(&packed);
    arena_free(&arena);
}

static void pump(struct identity_desk *d)
{
    for (int i = 0; i < 100 && (d->asks || d->configures); i++) {
        if (d->asks)
            answer_job(d);
        if (d->configures)
            answer_config(d);
    }
    assert_false(d->asks || d->configures);
}

/* ---- tests ---- */

static struct configuration *build(struct identity_desk *d)
{
    struct catalogue *c = catalogue_new();
    struct configuration *out;
    const char *name;
    json_t *member;
    json_object_foreach(d->members, name, member)
    {
        struct buffer text = {0};
        object_dump(&text, member);
        catalogue_put(
            c, &(struct object){kind_find(SLICE("member")), slice_text(name), buffer_slice(&text), 1});
        buffer_free(&text);
    }
    out = config_fixture_build(c);
    catalogue_free(c);
    return out;
}

void identity_desk_configure(struct identity_desk *d)
{
    struct configuration *before = d->configuration;
    d->world.configuration = d->configuration = build(d);
    turn(d, &(struct input){.kind = INPUT_CONFIG});
    config_release(before);
    pump(d);
}

void identity_desk_open(struct identity_desk *d)
{
    struct role_setup setup = {.name = SLICE("identity")};
    *d = (struct identity_desk){.now = IDENTITY_DESK_START, .members = json_object()};
    wheel_init(&d->wheel, d->now);
    world_init(&d->world, &backend, d, &d->wheel);
    d->world.configuration = d->configuration = build(d);
    world_turn_begin(&d->world, d->now);
    assert_int_equal(identity_role.open(&d->self, &d->world, &setup), 0);
    world_turn_end(&d->world);
    pump(d);
}

void identity_desk_close(struct identity_desk *d)
{
    d->world.closing = true;
    identity_role.close(d->self);
    assert_true(list_empty(&d->world.timers));
    world_end(&d->world);
    wheel_close(&d->wheel);
    config_release(d->configuration);
    json_decref(d->members);
    json_decref(d->answer);
    buffer_free(&d->log);
    buffer_free(&d->asked);
    buffer_free(&d->configured);
}

void identity_desk_ask(
    struct identity_desk *d, const char *role, const char *method, const char *path, const char *body)
{
    Tandem__ConfigRequest m = TANDEM__CONFIG_REQUEST__INIT;
    struct buffer packed = {0};
    m.reply_to = (char[]){"ctl.session.s"};
    m.token = 77;
    m.method = (char *)(uintptr_t)method;
    m.path = (char *)(uintptr_t)path;
    m.source = (char[]){"192.0.2.7"};
    if (role[0] != '\0') {
        m.user = (char *)(uintptr_t) "grace";
        m.role = (char *)(uintptr_t)role;
    }
    m.has_body = body != NULL;
    m.body = pack_bytes(slice_text(body != NULL ? body : ""));
    pack_add(&packed, &m.base);
    d->status = 0;
    buffer_clear(&d->log);
    turn(d, &(struct input){.kind = INPUT_BUS, .token = 1, .bytes = buffer_slice(&packed)});
    buffer_free(&packed);
    pump(d);
    buffer_add_byte(&d->log, '\0');
    d->log.length--;
}

void identity_desk_late(struct identity_desk *d)
{
    turn(d, &(struct input){.kind = INPUT_ANSWER, .token = d->ask_token, .answer = ANSWER_UNKNOWN});
}

void identity_desk_wait(struct identity_desk *d, int64_t microseconds)
{
    struct wheel_timer *due;
    struct world *world;
    d->now += microseconds;
    while ((due = wheel_due(&d->wheel, d->now)) != NULL) {
        struct input input = world_timer_input(due, &world);
        turn(d, &input);
        pump(d);
    }
}

const char *identity_desk_text(const struct identity_desk *d, const char *name, const char *field)
{
    const char *text = json_string_value(json_object_get(json_object_get(d->members, name), field));
    return text != NULL ? text : "";
}

int64_t identity_desk_number(const struct identity_desk *d, const char *name, const char *field)
{
    return json_integer_value(json_object_get(json_object_get(d->members, name), field));
}

const char *identity_desk_said(const struct identity_desk *d)
{
    const char *text = json_string_value(json_object_get(json_object_get(d->answer, "error"), "sentence"));
    return text != NULL ? text : "";
}
