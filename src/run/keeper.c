/* A role of the main itself: keeps the process's copy of the configuration up to date (CF-2). A notice on the
 * bus says that it is time to look; what changed is asked of the store by the number of the last change that
 * is known, so that it does not matter how many notices were lost. Without any it looks each second. While
 * the store is away the copy stays as it is. */
#include "base/error.h"
#include "base/log.h"
#include "base/mem.h"
#include "run/run_int.h"
#include "wire/client.pb-c.h"
#include "wire/pack.h"
#include "world/world.h"

#define OBJECT_KEEPER OBJECT(1, 0)

struct keeper {
    struct world *world;
    struct run *run;
    struct world_timer timer;
    uint64_t question; /* the token of the one that is open; 0: none */
    uint64_t last_question;
    bool wanted; /* a notice came while an answer is awaited that may not have it */
    bool away;   /* the store, and somebody was told */
};

/* Between turns: every instance gets the new copy. */
static void give(struct real_loop *loop, void *argument)
{
    struct run *r = argument;
    (void)loop;
    if (r->configuration == r->follow.copy)
        return;
    run__configure(r, config_retain(r->follow.copy));
    run__log_levels(r);
    run__copy_changed(r);
}

static void ask(struct keeper *k)
{
    struct buffer request = {0};
    k->wanted = k->wanted && k->question != 0;
    if (k->question != 0)
        return;
    follow_request(&k->run->follow, &request);
    k->question = ++k->last_question;
    world_ask(k->world, SERVICE_STORE, buffer_slice(&request), OBJECT_KEEPER, k->question,
        world_now(k->world) + timer_duration(TIMER_CONFIG_ASK));
    buffer_free(&request);
}

static void wait(struct keeper *k, enum timer timer)
{
    world_timer_set(k->world, &k->timer, OBJECT_KEEPER, timer, world_now(k->world) + timer_duration(timer));
}

static void noticed(struct keeper *k, struct slice bytes)
{
    struct arena arena = {0};
    const Tandem__ConfigChanged *m = pack_read(&tandem__config_changed__descriptor, bytes, &arena);
    if (m != NULL && m->has_number && m->number > k->run->follow.number) {
        k->wanted = true;
        ask(k);
    }
    arena_free(&arena);
}

static void refused(struct keeper *k, const struct input *in)
{
    struct config_follow *f = &k->run->follow;
    bool smaller = follow_refused(f, in->error);
    if (!smaller && !k->away)
        LOG(LOG_WARNING, "run",
            "the store cannot be asked for changes (%s); the configuration stays as of change %llu until it "
            "can",
            error_symbol(in->error), (unsigned long long)f->number);
    k->away = k->away || !smaller;
    if (smaller)
        ask(k);
    else
        wait(k, TIMER_CONFIG_RETRY);
}

static void taken(struct keeper *k, enum follow_result result)
{
    if (k->away && result != FOLLOW_MORE) {
        LOG(LOG_NOTICE, "run", "the store can be asked again; the configuration is that of change %llu",
            (unsigned long long)k->run->follow.number);
        k->away = false;
    }
    if (result == FOLLOW_CHANGED)
        real_post(k->run->loop, give, k->run);
    if (result == FOLLOW_MORE || k->wanted)
        ask(k);
    else
        wait(k, TIMER_CONFIG_FOLLOW);
}

static void answered(struct keeper *k, const struct input *in)
{
    struct buffer complaint = {0};
    enum follow_result result;
    k->question = 0;
    if (in->answer != ANSWER_YES) {
        refused(k, in);
    } else if (follow_take(&result, &k->run->follow, in->bytes, &complaint) == 0) {
        taken(k, result);
    } else {
        LOG(LOG_ERROR, "run", "a change of the configuration cannot be taken over: %.*s; it stays as it is",
            SLICE_ARG(buffer_slice(&complaint)));
        wait(k, TIMER_CONFIG_RETRY);
    }
    buffer_free(&complaint);
}

static int keeper_open(void **self, struct world *w, const struct role_setup *setup)
{
    struct keeper *k = mem_zero(sizeof *k);
    *self = k;
    k->world = w;
    k->run = setup->main;
    k->away = k->run->from_copy; /* which was said */
    world_subscribe(w, SLICE("cfg.>"), 1);
    ask(k);
    return 0;
}

static void keeper_close(void *self)
{
    struct keeper *k = self;
    world_timer_clear(&k->timer);
    mem_free(k);
}

static void keeper_input(void *self, const struct input *in)
{
    struct keeper *k = self;
    if (in->kind == INPUT_BUS)
        noticed(k, in->bytes);
    else if (in->kind == INPUT_ANSWER && k->question != 0 && in->token == k->question)
        answered(k, in);
    else if (in->kind == INPUT_TIMER)
        ask(k);
}

const struct role run__keeper = {
    .name = "keeper", .open = keeper_open, .close = keeper_close, .input = keeper_input};
