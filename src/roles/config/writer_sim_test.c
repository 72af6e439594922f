/* CF-2, CF-3: two instances in the simulated world, while everything fails: each change is made whole or not
 * at all, once, and what was answered is true. */
#include <jansson.h>

#include "roles/config/statement.h"
#include "roles/config/writer.h"
#include "wire/client.pb-c.h"
#include "wire/pack.h"
#include "world/sim/sim.h"
#include "world/world_int.h"

#include "unit.h"

#define SECOND INT64_C(1000000)
#define REQUESTS 2000
#define PAIRS 12 /* of objects that are changed together */

enum verdict { VERDICT_NONE, VERDICT_DONE, VERDICT_NOT_DONE, VERDICT_UNKNOWN };

/* Asks for changes, and hears what is told. */
struct administrator {
    struct world *world;
    struct world_timer timer;
    unsigned asked;
    uint8_t verdicts[REQUESTS];
    uint64_t numbers[REQUESTS]; /* of those that were made */
    uint64_t heard;             /* number of the last notice */
    unsigned notices, answers[4];
    bool stops;
};

static void ask(struct administrator *a)
{
    Tandem__ConfigRequest m = TANDEM__CONFIG_REQUEST__INIT;
    struct buffer packed = {0}, body = {0};
    unsigned n = a->asked++, pair = n % PAIRS;
    char id[17];
    buffer_add_format(&body,
        "{\"comment\":\"c%u\",\"changes\":["
        "{\"kind\":\"dn\",\"name\":\"a%u\",\"object\":{\"location\":\"home\",\"name\":\"n%u\"}},"
        "{\"kind\":\"dn\",\"name\":\"b%u\",\"object\":{\"location\":\"home\",\"name\":\"n%u\"}}]}",
        n, pair, n, pair, n);
    m.reply_to = (char[]){"ctl.session.s.config"};
    m.token = n + 1;
    m.method = (char[]){"POST"};
    m.path = (char[]){"/api/changes"};
    snprintf(id, sizeof id, "%016x", n);
    m.id = id;
    m.user = (char[]){"grace"};
    m.role = (char[]){"administrator"};
    m.has_body = true;
    m.body = pack_bytes(buffer_slice(&body));
    pack_add(&packed, &m.base);
    world_publish(a->world, SLICE("ctl.config"), buffer_slice(&packed));
    buffer_free(&packed);
    buffer_free(&body);
}

static uint64_t number_of(const Tandem__ConfigAnswer *m)
{
    json_t *body = json_loadb((const char *)m->body.data, m->body.len, 0, NULL);
    uint64_t number = (uint64_t)json_integer_value(json_object_get(body, "number"));
    json_decref(body);
    return number;
}

/* 503: TIMEOUT and OVERLOADED say that it was not done. */
static enum verdict verdict_of(const Tandem__ConfigAnswer *m)
{
    struct slice body = pack_slice(m->body);
    if (m->status == 200)
        return VERDICT_DONE;
    if (m->status == 202 || slice_find_slice(body, SLICE("\"UNKNOWN\"")) >= 0)
        return VERDICT_UNKNOWN;
    return VERDICT_NOT_DONE;
}

static void take_bus(struct administrator *a, const struct input *in)
{
    struct arena arena = {0};
    if (slice_starts(in->name, SLICE("cfg."))) {
        const Tandem__ConfigChanged *m = pack_read(&tandem__config_changed__descriptor, in->bytes, &arena);
        assert_non_null(m);
        a->notices++;
        a->heard = m->number > a->heard ? m->number : a->heard;
    } else {
        const Tandem__ConfigAnswer *m = pack_read(&tandem__config_answer__descriptor, in->bytes, &arena);
        assert_true(m != NULL && m->token >= 1 && m->token <= a->asked);
        unsigned n = (unsigned)m->token - 1;
        assert_true(a->verdicts[n] == VERDICT_NONE || a->verdicts[n] == VERDICT_UNKNOWN);
        a->verdicts[n] = (uint8_t)verdict_of(m);
        a->answers[a->verdicts[n]]++;
        if (m->status == 200)
            a->numbers[n] = number_of(m);
    }
    arena_free(&arena);
}

static void set_timer(struct administrator *a)
{
    world_timer_set(a->world, &a->timer, 1, 1, world_now(a->world) + SECOND / 3);
}

static int open_h(void **self, struct world *world, const struct role_setup *setup)
{
    struct administrator *a = *self;
    (void)setup;
    a->world = world;
    world_subscribe(world, SLICE("ctl.session.s.config"), 1);
    world_subscribe(world, SLICE("cfg.>"), 2);
    set_timer(a);
    return 0;
}

static void close_h(void *self)
{
    struct administrator *a = self;
    world_timer_clear(&a->timer);
}

static void input_h(void *self, const struct input *in)
{
    struct administrator *a = self;
    if (in->kind == INPUT_BUS)
        take_bus(a, in);
    if (in->kind != INPUT_TIMER)
        return;
    if (a->asked < REQUESTS && !a->stops)
        ask(a);
    set_timer(a);
}

static const struct role administrator_role = {
    .name = "administrator", .open = open_h, .close = close_h, .input = input_h};

/* ---- what the store has in the end ---- */

static const Tandem__StoreAnswer *look(struct sim *s, struct buffer *request, struct arena *arena)
{
    struct buffer answer = {0};
    assert_int_equal(sim_ask(s, &answer, SERVICE_STORE, NULL, buffer_slice(request)), ANSWER_YES);
    const Tandem__StoreAnswer *a =
        pack_read(&tandem__store_answer__descriptor, arena_copy(arena, buffer_slice(&answer)), arena);
    assert_non_null(a);
    buffer_free(&answer);
    buffer_free(request);
    return a;
}

static void put_home(struct sim *s)
{
    struct buffer request = {0};
    struct statement st;
    struct arena arena = {0};
    statement_begin(&st, &request, "object_put");
    statement_text(&st, SLICE("location"));
    statement_text(&st, SLICE("home"));
    statement_text(&st, SLICE("{\"name\":\"home\"}"));
    statement_number(&st, 0);
    statement_number(&st, 1);
    statement_text(&st, SLICE("first start"));
    statement_end(&st);
    look(s, &request, &arena);
    arena_free(&arena);
}

/* Each request at most once, whole, and as it was answered. */
static void check_changes(struct sim *s, const struct administrator *a)
{
    uint64_t made[REQUESTS] = {0};
    struct arena arena = {0};
    struct buffer request = {0};
    struct statement st;
    statement_begin(&st, &request, "change_page");
    statement_null(&st);
    statement_number(&st, 10 * REQUESTS);
    statement_end(&st);
    const Tandem__StoreResult *r = look(s, &request, &arena)->results[0];
    for (size_t i = 0; i < r->n_rows; i++) {
        uint64_t n, number = statement_row_number(r->rows[i], 0);
        assert_int_equal(slice_to_u64(&n, slice_from(statement_row_text(r->rows[i], 3), 1), REQUESTS - 1), 0);
        assert_int_equal(made[n], 0);
        made[n] = number;
        assert_int_equal(statement_row_number(r->rows[i], 4), 2);
    }
    for (unsigned n = 0; n < a->asked; n++) {
        if (a->verdicts[n] == VERDICT_DONE)
            assert_int_equal(made[n], a->numbers[n]);
        if (a->verdicts[n] == VERDICT_NOT_DONE)
            assert_int_equal(made[n], 0);
    }
    arena_free(&arena);
}

static struct slice body_of(struct sim *s, struct arena *arena, char letter, unsigned pair, uint64_t *version)
{
    char name[16];
    struct buffer request = {0};
    struct statement st;
    snprintf(name, sizeof name, "%c%u", letter, pair);
    statement_begin(&st, &request, "object_get");
    statement_text(&st, SLICE("dn"));
    statement_text(&st, slice_text(name));
    statement_end(&st);
    const Tandem__StoreResult *r = look(s, &request, arena)->results[0];
    *version = r->n_rows == 1 ? statement_row_number(r->rows[0], 0) : 0;
    return r->n_rows == 1 ? slice_from(statement_row_text(r->rows[0], 1), 12 + strlen(name))
                          : (struct slice){0};
}

/* What was changed together is together. */
static void check_objects(struct sim *s)
{
    for (unsigned pair = 0; pair < PAIRS; pair++) {
        struct arena arena = {0};
        uint64_t one, other;
        struct slice a = body_of(s, &arena, 'a', pair, &one), b = body_of(s, &arena, 'b', pair, &other);
        assert_true(slice_equal(a, b));
        assert_int_equal(one, other);
        arena_free(&arena);
    }
}

static void run(uint64_t seed, uint32_t faults, unsigned *done, unsigned *doubts)
{
    struct administrator a = {.asked = 0};
    struct sim_params params = {.seed = seed, .faults = faults};
    struct sim *s;
    assert_int_equal(sim_create(&s, &params), 0);
    put_home(s);
    unsigned host = sim_host(s, 0x0a000901, 9);
    sim_start(s, &(struct sim_start){
                     .role = &administrator_role, .name = SLICE("administrator"), .host = host, .self = &a});
    for (unsigned i = 0; i < 2; i++) {
        char name[16];
        snprintf(name, sizeof name, "config-%u", i + 1);
        sim_start(s, &(struct sim_start){.role = &writer_role,
                         .name = slice_text(name),
                         .host = sim_host(s, 0x0a000001 + ((i + 1) << 8), i + 1),
                         .group = SLICE("config")});
    }
    sim_plan(s, sim_now(s) + 200 * SECOND);
    sim_run(s, sim_now(s) + 230 * SECOND);
    unsigned answered = a.answers[VERDICT_DONE];
    sim_run(s, sim_now(s) + 20 * SECOND);
    assert_true(a.answers[VERDICT_DONE] > answered + 40); /* it works again */
    a.stops = true;
    sim_run(s, sim_now(s) + 20 * SECOND);
    check_changes(s, &a);
    check_objects(s);
    *done += a.answers[VERDICT_DONE];
    *doubts += a.answers[VERDICT_NOT_DONE] + a.answers[VERDICT_UNKNOWN];
    sim_free(s);
}

static void CF_2_CF_3_changes_are_made_once_and_whole_whatever_fails(void **state)
{
    (void)state;
    unsigned done = 0, doubts = 0;
    for (uint64_t seed = 1; seed <= 25; seed++)
        run(seed, SIM_FAULT_ALL & ~SIM_FAULT_BIT(SIM_FAULT_SKEW), &done, &doubts);
    assert_true(done > 25 * 100);
    assert_true(doubts > 100);
}

TESTS("roles/config/writer_sim", cmocka_unit_test(CF_2_CF_3_changes_are_made_once_and_whole_whatever_fails))
