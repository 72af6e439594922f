/* Open questions of roles: each gets exactly one answer, at its deadline at the latest. */
#include "base/error.h"
#include "base/mem.h"
#include "world/real/real_int.h"

struct ask {
    struct real_timer timer;
    struct real_instance *instance;
    uint64_t handle, object, token;
};

/* An answer on its way from another thread. */
struct letter {
    uint64_t handle;
    enum answer answer;
    int error;
    size_t length;
    char bytes[];
};

void real_set_service(struct real_loop *l, enum service service, struct real_service with)
{
    l->services[service] = with;
}

void real_set_engine(struct real_loop *l, const struct real_engine *engine)
{
    l->engine = *engine;
}

static void forget(struct real_loop *l, struct ask *a)
{
    map_remove_number(&l->asks, a->handle);
    real__timer_clear(l, &a->timer);
    mem_free(a);
}

static void answer(struct real_loop *l, uint64_t handle, enum answer answer, int error, struct slice bytes)
{
    struct ask *a = map_get_number(&l->asks, handle);
    if (a == NULL)
        return;
    struct input input = {.kind = INPUT_ANSWER,
        .answer = answer,
        .error = error,
        .object = a->object,
        .token = a->token,
        .bytes = bytes};
    real_deliver(a->instance, &input);
    forget(l, a);
}

static void due_h(struct real_timer *t)
{
    struct ask *a = list_entry(t, struct ask, timer);
    answer(a->instance->loop, a->handle, ANSWER_UNKNOWN, ERROR_TIMEOUT, (struct slice){0});
}

void real__ask(struct real_instance *i, const struct effect *e)
{
    struct real_loop *l = i->loop;
    const struct real_service *s = e->service < SERVICE_COUNT ? &l->services[e->service] : NULL;
    struct ask *a = mem_zero(sizeof *a);
    a->instance = i;
    a->handle = ++l->last_ask;
    a->object = e->object;
    a->token = e->token;
    a->timer.due_h = due_h;
    map_put_number(&l->asks, a->handle, a);
    int64_t deadline = e->time != 0 ? e->time : i->world.now + timer_duration(TIMER_ASK);
    real__timer_at(l, &a->timer, deadline > i->world.now ? deadline : i->world.now);
    if (s != NULL && s->ask != NULL)
        s->ask(s->self, l, a->handle, e->second, deadline);
    else
        answer(l, a->handle, ANSWER_NO, ERROR_UNSUPPORTED, (struct slice){0});
}

struct real_instance *real_asker(const struct real_loop *l, uint64_t handle)
{
    struct ask *a = map_get_number(&l->asks, handle);
    return a != NULL ? a->instance : NULL;
}

static void letter_h(struct real_loop *l, void *argument)
{
    struct letter *letter = argument;
    answer(l, letter->handle, letter->answer, letter->error, slice_of(letter->bytes, letter->length));
    mem_free(letter);
}

void real_answer(struct real_loop *l, uint64_t handle, enum answer how, int error, struct slice bytes)
{
    if (pthread_equal(atomic_load(&l->thread), pthread_self())) {
        answer(l, handle, how, error, bytes);
        return;
    }
    struct letter *letter = mem_alloc(sizeof *letter + bytes.length);
    letter->handle = handle;
    letter->answer = how;
    letter->error = error;
    letter->length = bytes.length;
    slice_put(letter->bytes, bytes);
    real_post(l, letter_h, letter);
}

void real__ask_forget(struct real_instance *i)
{
    struct ask *a;
    map_for_each (a, &i->loop->asks)
        if (a->instance == i)
            forget(i->loop, a);
}
