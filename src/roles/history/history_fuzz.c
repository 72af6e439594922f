/* Any bytes from the bus and from the store: the history takes them, and asks one question a node at a time.
 */

#include <stdlib.h>

#include "base/log.h"
#include "roles/history/history.h"
#include "wire/event.pb-c.h"
#include "wire/pack.h"
#include "world/world_int.h"

#define QUESTIONS 64

struct maker {
    struct world world;
    struct wheel wheel;
    struct input questions[QUESTIONS]; /* the answers to come: object and token */
    size_t count;
    int64_t now;
    void *role;
};

static void must(bool good)
{
    if (!good)
        abort();
}

static void nothing(void *argument, enum log_level level, const char *line, size_t length)
{
    (void)argument;
    (void)level;
    (void)line;
    (void)length;
}

static uint64_t random_h(void *maker)
{
    (void)maker;
    abort();
}

static void commit_h(void *maker, struct world *w)
{
    struct maker *m = maker;
    struct slice rest = buffer_slice(&w->effects);
    struct effect e;
    while (effect_next(&rest, &e)) {
        must(e.kind == EFFECT_ASK || e.kind == EFFECT_PUBLISH || e.kind == EFFECT_SUBSCRIBE);
        if (e.kind != EFFECT_ASK)
            continue;
        for (size_t i = 0; i < m->count; i++)
            must(m->questions[i].object != e.object);
        must(m->count < QUESTIONS);
        m->questions[m->count++] = (struct input){.kind = INPUT_ANSWER, .object = e.object, .token = e.token};
    }
    world_turn_clear(w);
}

static void give(struct maker *m, const struct input *input)
{
    world_turn(&m->world, &history_role, m->role, input, m->now);
}

static void answer(struct maker *m, enum answer how, struct slice bytes)
{
    if (m->count == 0)
        return;
    struct input input = m->questions[0];
    input.answer = how;
    input.bytes = bytes;
    memmove(m->questions, m->questions + 1, --m->count * sizeof m->questions[0]);
    give(m, &input);
}

static void pass(struct maker *m)
{
    struct wheel_timer *due;
    m->now += 1100000;
    while ((due = wheel_due(&m->wheel, m->now)) != NULL) {
        struct world *w;
        struct input input = world_timer_input(due, &w);
        give(m, &input);
    }
}

/* A well-formed event, for what lies behind parsing; or the bytes as they are. */
static void event(struct maker *m, struct slice bytes, bool well_formed)
{
    struct buffer packed = {0};
    Tandem__CallEvent e = TANDEM__CALL_EVENT__INIT;
    struct input input = {.kind = INPUT_BUS, .name = SLICE("call.n"), .bytes = bytes};
    if (well_formed && bytes.length >= 3) {
        e.node = (char *)(uintptr_t) "n";
        e.number = (unsigned char)bytes.data[0];
        e.kind = (Tandem__CallEventKind)(bytes.data[1] % 9);
        e.has_call_id = e.has_previous = true;
        e.call_id = e.previous = (unsigned char)bytes.data[2];
        pack_add(&packed, &e.base);
        input.bytes = buffer_slice(&packed);
    }
    give(m, &input);
    buffer_free(&packed);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const struct world_backend backend = {.random = random_h, .commit = commit_h};
    struct maker m = {.now = 1000000};
    struct role_setup setup = {.name = SLICE("history-1")};
    struct slice rest = slice_of(data, size);
    log_set_sink(nothing, NULL);
    wheel_init(&m.wheel, m.now);
    world_init(&m.world, &backend, &m, &m.wheel);
    world_turn_begin(&m.world, m.now);
    must(history_role.open(&m.role, &m.world, &setup) == 0);
    world_turn_end(&m.world);
    while (rest.length > 1) { /* what happens, how many bytes, the bytes */
        unsigned char what = (unsigned char)rest.data[0];
        struct slice bytes = slice_first(slice_from(rest, 2), (unsigned char)rest.data[1]);
        rest = slice_from(rest, 2 + bytes.length);
        if (what % 8 < 4)
            event(&m, bytes, what % 8 != 0);
        else if (what % 8 == 4)
            pass(&m);
        else
            answer(&m, (enum answer)(what % 8 - 5), bytes);
    }
    m.world.closing = true;
    history_role.close(m.role);
    world_end(&m.world);
    wheel_close(&m.wheel);
    return 0;
}
