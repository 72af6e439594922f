#include "roles/history/history_fixture.h"

#include "base/error.h"
#include "unit.h"
#include "wire/pack.h"

static struct history_fixture *fixture(void *maker)
{
    return maker;
}

static uint64_t random_h(void *maker)
{
    (void)maker;
    fail_msg("the history needs no chance");
    return 0;
}

static void note_told(struct history_fixture *f, const struct effect *e)
{
    struct arena arena = {0};
    const Tandem__StreamStored *m = pack_read(&tandem__stream_stored__descriptor, e->second, &arena);
    assert_non_null(m);
    assert_int_equal(e->first.length, strlen("ctl.stored.") + strlen(m->node));
    assert_memory_equal(e->first.data + strlen("ctl.stored."), m->node, strlen(m->node));
    snprintf(f->told.node, sizeof f->told.node, "%s", m->node);
    f->told.number = m->number;
    f->told.resend = m->resend;
    f->told_count++;
    arena_free(&arena);
    if (f->on_told != NULL)
        f->on_told(f, &f->told);
}

static void note_question(struct history_fixture *f, const struct effect *e)
{
    assert_int_equal(e->service, SERVICE_STORE);
    assert_true(e->time > f->now);
    assert_true(f->question_count < QUESTIONS);
    struct question *q = &f->questions[f->question_count++];
    *q = (struct question){.object = e->object, .token = e->token};
    buffer_add(&q->request, e->second);
}

static void commit_h(void *maker, struct world *w)
{
    struct slice rest = buffer_slice(&w->effects);
    struct effect e;
    while (effect_next(&rest, &e)) {
        if (e.kind == EFFECT_ASK)
            note_question(fixture(maker), &e);
        else if (e.kind == EFFECT_PUBLISH)
            note_told(fixture(maker), &e);
        else
            assert_int_equal(e.kind, EFFECT_SUBSCRIBE);
    }
    world_turn_clear(w);
}

static const struct world_backend backend = {.random = random_h, .commit = commit_h};

void history_fixture_begin(struct history_fixture *f)
{
    struct store_options options = {.path = ":memory:"};
    *f = (struct history_fixture){.now = 1000000000};
    wheel_init(&f->wheel, f->now);
    assert_int_equal(store_open(&f->store.store, &options), 0);
}

void history_fixture_end(struct history_fixture *f)
{
    if (f->role != NULL)
        history_fixture_kill(f);
    wheel_close(&f->wheel);
    store_fixture_end(&f->store);
}

void history_fixture_start(struct history_fixture *f)
{
    struct role_setup setup = {.name = SLICE("history-1")};
    world_init(&f->world, &backend, f, &f->wheel);
    world_turn_begin(&f->world, f->now);
    assert_int_equal(history_role.open(&f->role, &f->world, &setup), 0);
    world_turn_end(&f->world);
}

static void forget_question(struct history_fixture *f)
{
    buffer_free(&f->questions[0].request);
    f->question_count--;
    memmove(f->questions, f->questions + 1, f->question_count * sizeof f->questions[0]);
}

void history_fixture_kill(struct history_fixture *f)
{
    f->world.closing = true;
    history_role.close(f->role);
    f->role = NULL;
    world_end(&f->world);
    while (f->question_count != 0)
        forget_question(f);
}

static void give(struct history_fixture *f, const struct input *input)
{
    world_turn(&f->world, &history_role, f->role, input, f->now);
}

void history_fixture_answer(struct history_fixture *f, enum fate fate)
{
    assert_true(f->question_count != 0);
    struct buffer bytes = {0};
    struct input input = {.kind = INPUT_ANSWER,
        .object = f->questions[0].object,
        .token = f->questions[0].token,
        .answer = ANSWER_YES};
    if (fate == FATE_ANSWER || fate == FATE_DONE_UNKNOWN)
        input.answer =
            store_run(&bytes, &input.error, f->store.store, buffer_slice(&f->questions[0].request));
    input.bytes = buffer_slice(&bytes);
    if (fate == FATE_REFUSE) {
        input.answer = ANSWER_NO;
        input.error = ERROR_DISK;
    } else if (fate != FATE_ANSWER) {
        input.answer = ANSWER_UNKNOWN;
        input.error = ERROR_TIMEOUT;
        input.bytes = SLICE("");
    }
    forget_question(f);
    give(f, &input);
    buffer_free(&bytes);
}

void history_fixture_pass(struct history_fixture *f, int64_t microseconds)
{
    struct wheel_timer *due;
    f->now += microseconds;
    while ((due = wheel_due(&f->wheel, f->now)) != NULL) {
        struct world *w;
        struct input input = world_timer_input(due, &w);
        give(f, &input);
    }
}

void history_fixture_bus(struct history_fixture *f, const char *subject, struct slice bytes)
{
    struct input input = {.kind = INPUT_BUS, .token = 1, .name = slice_text(subject), .bytes = bytes};
    give(f, &input);
}

void history_fixture_event(struct history_fixture *f, const Tandem__CallEvent *event)
{
    struct buffer bytes = {0};
    char subject[64];
    snprintf(subject, sizeof subject, "call.%s", event->node);
    pack_add(&bytes, &event->base);
    history_fixture_bus(f, subject, buffer_slice(&bytes));
    buffer_free(&bytes);
}

const char *history_fixture_rows(struct history_fixture *f)
{
    return STORE_FIXTURE_ASK(&f->store, "history_page", "tii", NULL, NOTHING, 100LL);
}
