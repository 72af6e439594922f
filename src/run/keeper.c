/* A role of the main itself: hears on the bus that an object changed, reads it from the store, and has every
 * instance given the new copy. Changes that come while one is read are read after it. */
#include "base/error.h"
#include "base/log.h"
#include "base/map.h"
#include "base/mem.h"
#include "run/run_int.h"
#include "wire/client.pb-c.h"
#include "wire/pack.h"
#include "world/world.h"

#define OBJECT_KEEPER OBJECT(1, 0)

struct change {
    struct list link;
    const struct kind *kind;
    size_t length;
    char name[];
};

struct keeper {
    struct world *world;
    struct run *run;
    struct list changes; /* to be read, the first is being read */
    bool reading;
    struct world_timer again;
};

int run__build(struct run *r, struct configuration **out)
{
    struct buffer complaint = {0};
    int error = catalogue_build(out, r->catalogue, &r->local, &complaint);
    if (error != 0)
        LOG(LOG_ERROR, "run", "the configuration does not fit together: %.*s",
            SLICE_ARG(buffer_slice(&complaint)));
    buffer_free(&complaint);
    return error;
}

/* Between turns: every instance gets the new copy. */
static void give(struct real_loop *loop, void *argument)
{
    struct run *r = argument;
    struct configuration *next;
    (void)loop;
    if (run__build(r, &next) == 0)
        run__configure(r, next);
}

static void read_next(struct keeper *k)
{
    struct list *link = list_first(&k->changes);
    struct buffer request = {0};
    if (k->reading || link == NULL)
        return;
    struct change *c = list_entry(link, struct change, link);
    k->reading = true;
    config_load_one_request(&request, c->kind, slice_of(c->name, c->length));
    world_ask(k->world, SERVICE_STORE, buffer_slice(&request), OBJECT_KEEPER, 0,
        world_now(k->world) + timer_duration(TIMER_CONFIG_ASK));
    buffer_free(&request);
}

static void changed(struct keeper *k, struct slice bytes)
{
    struct arena arena = {0};
    const Tandem__ConfigChanged *m = pack_read(&tandem__config_changed__descriptor, bytes, &arena);
    const struct kind *kind = m != NULL ? kind_find(slice_text(m->kind)) : NULL;
    if (kind != NULL) {
        size_t length = strlen(m->name);
        struct change *c = mem_zero(sizeof *c + length);
        c->kind = kind;
        c->length = length;
        memcpy(c->name, m->name, length);
        list_append(&k->changes, &c->link);
    }
    arena_free(&arena);
    read_next(k);
}

static void answered(struct keeper *k, const struct input *in)
{
    struct change *c = list_entry(k->changes.next, struct change, link);
    k->reading = false;
    if (in->answer != ANSWER_YES ||
        config_load_one(k->run->catalogue, c->kind, slice_of(c->name, c->length), in->bytes) != 0) {
        LOG(LOG_WARNING, "run", "a changed object cannot be read from the store (%s); it is tried again",
            error_symbol(in->error));
        world_timer_set(
            k->world, &k->again, OBJECT_KEEPER, 0, world_now(k->world) + timer_duration(TIMER_CONFIG_RETRY));
        return;
    }
    list_remove(&c->link);
    mem_free(c);
    if (list_empty(&k->changes))
        real_post(k->run->loop, give, k->run);
    read_next(k);
}

static int keeper_open(void **self, struct world *w, const struct role_setup *setup)
{
    struct keeper *k = mem_zero(sizeof *k);
    *self = k;
    k->world = w;
    k->run = setup->main;
    list_init(&k->changes);
    world_subscribe(w, SLICE("cfg.>"), 1);
    return 0;
}

static void keeper_close(void *self)
{
    struct keeper *k = self;
    world_timer_clear(&k->again);
    list_for_each_safe (link, next, &k->changes)
        mem_free(list_entry(link, struct change, link));
    mem_free(k);
}

static void keeper_input(void *self, const struct input *in)
{
    struct keeper *k = self;
    if (in->kind == INPUT_BUS)
        changed(k, in->bytes);
    else if (in->kind == INPUT_ANSWER && k->reading)
        answered(k, in);
    else if (in->kind == INPUT_TIMER)
        read_next(k);
}

const struct role run__keeper = {
    .name = "keeper", .open = keeper_open, .close = keeper_close, .input = keeper_input};
