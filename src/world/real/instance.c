/* Instances on a loop, and their turns. */
#include "base/error.h"
#include "base/list.h"
#include "base/log.h"
#include "base/mem.h"
#include "world/real/real_int.h"
#include "world/real/watch.h"

/* An input that the world owes an instance: an answer, something from the bus, more to do. */
struct owed {
    struct list link;
    struct real_instance *instance;
    size_t size; /* of all of this */
    struct input input;
    char bytes[];
};

static const struct world_backend backend = {.random = real__random, .commit = real__commit};

static struct slice keep(char **at, struct slice s)
{
    struct slice kept = slice_of(*at, s.length);
    slice_put(*at, s);
    *at += s.length;
    return kept;
}

static struct real_instance *instance_new(
    struct real_loop *l, const struct role *role, const struct role_setup *setup)
{
    struct real_instance *i = mem_zero(sizeof *i);
    i->loop = l;
    i->role = role;
    i->text = mem_alloc(setup->name.length + setup->pair.length + setup->location.length);
    char *at = i->text;
    i->setup = *setup;
    i->setup.name = keep(&at, setup->name);
    i->setup.pair = keep(&at, setup->pair);
    i->setup.location = keep(&at, setup->location);
    world_init(&i->world, &backend, l, &l->wheel);
    i->world.owner = i;
    i->world.serial = ++l->last_serial;
    i->world.name = i->setup.name;
    list_append(&l->instances, &i->link);
    return i;
}

static void instance_free(struct real_instance *i)
{
    list_remove(&i->link);
    world_end(&i->world);
    peer_free(&i->peers);
    map_free(&i->flows);
    mem_free(i->text);
    mem_free(i);
}

int real_add_instance(struct real_instance **out, struct real_loop *l, const struct role *role,
    const struct role_setup *setup, const struct configuration *configuration)
{
    struct real_instance *i = instance_new(l, role, setup);
    i->world.configuration = configuration;
    world_turn_begin(&i->world, real_now(l));
    int error = role->open(&i->self, &i->world, &i->setup);
    if (error != 0) {
        LOG(LOG_ERROR, "world", "cannot start the %s: %s", role->name, error_sentence(error));
        world_turn_clear(&i->world);
    }
    world_turn_end(&i->world);
    if (error != 0)
        instance_free(i);
    else
        *out = i;
    return error;
}

static void forget_owed(struct real_instance *i)
{
    list_for_each_safe (link, next, &i->loop->inputs) {
        struct owed *o = list_entry(link, struct owed, link);
        if (o->instance != i)
            continue;
        list_remove(link);
        i->loop->owed -= o->size;
        mem_free(o);
    }
}

void real_remove_instance(struct real_instance *i)
{
    struct real_flow *f;
    i->world.closing = true;
    log_scope = (struct log_scope){.instance = i->world.name};
    i->role->close(i->self);
    log_scope = (struct log_scope){0};
    if (i->loop->engine.gone != NULL)
        i->loop->engine.gone(i->loop->engine.self, i);
    map_for_each (f, &i->flows)
        real__flow_close(f);
    real__ask_forget(i);
    forget_owed(i);
    instance_free(i);
}

static void input_to_all(struct real_loop *l, enum input_kind kind)
{
    struct input input = {.kind = kind};
    list_for_each_safe (link, next, &l->instances)
        real__turn(list_entry(link, struct real_instance, link), &input);
}

void real_set_configuration(struct real_loop *l, const struct configuration *configuration)
{
    list_for_each (link, &l->instances)
        list_entry(link, struct real_instance, link)->world.configuration = configuration;
    input_to_all(l, INPUT_CONFIG);
}

void real_drain(struct real_loop *l)
{
    input_to_all(l, INPUT_DRAIN);
}

struct real_loop *real_instance_loop(const struct real_instance *i)
{
    return i->loop;
}

struct slice real_instance_name(const struct real_instance *i)
{
    return i->setup.name;
}

struct real_instance *real_next_instance(const struct real_loop *l, const struct real_instance *after)
{
    const struct list *next = after != NULL ? after->link.next : l->instances.next;
    return next != &l->instances ? list_entry(next, struct real_instance, link) : NULL;
}

const struct role *real_instance_role(const struct real_instance *i)
{
    return i->role;
}

const struct role_setup *real_instance_setup(const struct real_instance *i)
{
    return &i->setup;
}

const struct world *real_instance_world(const struct real_instance *i)
{
    return &i->world;
}

/* ---- turns ---- */

void real__turn(struct real_instance *i, const struct input *input)
{
    struct real_loop *l = i->loop;
    l->turns++;
    real__watch_turn(l->watch, i->setup.name);
    world_turn(&i->world, i->role, i->self, input, real_now(l));
    real__watch_turned(l->watch);
}

void real_deliver(struct real_instance *i, const struct input *input)
{
    size_t length = input->name.length + input->bytes.length;
    struct owed *o = mem_alloc(sizeof *o + length);
    char *at = o->bytes;
    o->instance = i;
    o->input = *input;
    o->input.name = keep(&at, input->name);
    o->input.bytes = keep(&at, input->bytes);
    o->link = (struct list){0};
    o->size = sizeof *o + length;
    i->loop->owed += o->size;
    list_append(&i->loop->inputs, &o->link);
}

/* Those that come up meanwhile wait for the next round, so that one who always asks for more does not keep
 * the others waiting. */
void real__inputs(struct real_loop *l)
{
    struct list *last = l->inputs.previous, *link = NULL;
    while (link != last && (link = list_first(&l->inputs)) != NULL && !real__spent(l)) {
        struct owed *o = list_entry(link, struct owed, link);
        list_remove(link);
        l->owed -= o->size;
        real__turn(o->instance, &o->input);
        mem_free(o);
    }
}
