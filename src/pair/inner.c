/* The world of the role inside. Local effects go through at once; what waits is held by batch.c. */
#include "base/error.h"
#include "base/log.h"
#include "base/mem.h"
#include "pair/pair_int.h"

#define INNER_FLOWS                                                                                          \
    ((uint64_t)1 << 40) /* the inner role's own flows are numbered from here, apart from the pair's */

static uint64_t random_h(void *maker)
{
    struct pair *p = maker;
    return world_random(p->world);
}

static void commit_h(void *maker, struct world *inner)
{
    pair__commit(maker, inner);
}

static const struct world_backend backend = {.random = random_h, .commit = commit_h};

static void inner_world_open(struct pair *p)
{
    uint64_t flows = p->inner_world.next_flow;
    world_init(&p->inner_world, &backend, p, p->world->wheel);
    p->inner_world.outer = p->world;
    p->inner_world.owner = p->world->owner;
    p->inner_world.serial = p->world->serial;
    p->inner_world.name = p->world->name;
    p->inner_world.configuration = p->world->configuration;
    p->inner_world.next_flow = flows != 0 ? flows : INNER_FLOWS;
}

static int load_all(struct pair *p)
{
    size_t count;
    struct pair_item **items = pair__shadow_sorted(p, &count);
    int error = 0;
    for (size_t i = 0; i < count; i++) {
        int bad = p->role->load(p->inner, items[i]->id, buffer_slice(&items[i]->bytes));
        if (bad != 0) {
            LOG(LOG_ERROR, "pair", "record %u:%llx of %s is lost: %s", items[i]->id.kind,
                (unsigned long long)items[i]->id.id, p->pair, error_sentence(bad));
            error = bad;
        } else {
            pair__known(p, items[i]->id, true);
        }
    }
    mem_free(items);
    return error;
}

/* What the dead primary had promised, and may not have sent, goes out first. Its appends are in our spool
 * already. */
static void repeat_promises(struct pair *p)
{
    list_for_each (link, &p->promises) {
        struct slice rest = buffer_slice(&list_entry(link, struct pair_held, link)->effects);
        struct effect e;
        while (effect_next(&rest, &e))
            if (e.kind != EFFECT_APPEND)
                effect_add(&p->world->effects, &e);
    }
}

int pair__inner_open(struct pair *p, bool with_state)
{
    struct role_setup setup = {.name = slice_text(p->name),
        .pair = slice_text(p->pair),
        .location = slice_text(p->location),
        .incarnation = p->view,
        .resumed = with_state};
    inner_world_open(p);
    if (with_state)
        repeat_promises(p);
    world_turn_begin(&p->inner_world, world_now(p->world));
    int error = p->role->open(&p->inner, &p->inner_world, &setup);
    if (error == 0 && with_state) {
        (void)load_all(p); /* what could not be loaded was said; the rest goes on */
        p->role->resume(p->inner);
    }
    pair__shadow_free(p);
    world_turn_end(&p->inner_world);
    world_turn_begin(p->world, world_now(p->world));
    return error;
}

void pair__inner_close(struct pair *p)
{
    if (p->inner != NULL) {
        p->inner_world.closing = true;
        p->role->close(p->inner);
        p->inner = NULL;
        world_end(&p->inner_world);
        p->world->gauges = (struct gauge_set){{0}}; /* what it had is not here any more */
    }
    for (size_t i = 0; i < p->inner_flows.used; i++)
        if (p->inner_flows.entries[i].value != NULL && !p->closing)
            world_close(p->world, p->inner_flows.entries[i].length);
    map_free(&p->inner_flows);
    pair__held_free(&p->held);
    p->held_bytes = 0;
    p->paused = false;
    p->walk = NULL;
    pair__known_free(p);
}

void pair__inner_input(struct pair *p, const struct input *in)
{
    if (in->kind == INPUT_ACCEPTED) {
        map_put_number(&p->inner_flows, in->flow, p);
        if (p->paused)
            world_read_pause(p->world, in->flow, true);
    } else if (in->kind == INPUT_CLOSED)
        map_remove_number(&p->inner_flows, in->flow);
    else if (in->kind == INPUT_CONFIG)
        p->inner_world.configuration = p->world->configuration;
    else if (in->kind == INPUT_AGAIN && in->token == PAIR_TOKEN)
        pair__walk_step(p);
    if (p->inner == NULL || (in->kind == INPUT_AGAIN && in->token == PAIR_TOKEN))
        return;
    world_turn(&p->inner_world, p->role, p->inner, in, world_now(p->world));
    log_scope.instance = p->world->name;
    log_scope.now = world_now(p->world);
}

int pair_reload(void *self)
{
    struct pair *p = self;
    if (p->inner == NULL)
        return ERROR_MISSING;
    list_for_each (link, &p->known_list) {
        struct pair_item *known = list_entry(link, struct pair_item, link);
        struct pair_item *kept = pair__item(&p->shadow, known->id, true);
        int error = p->role->save(p->inner, known->id, &kept->bytes);
        if (error == ERROR_MISSING)
            pair__item_free(&p->shadow, kept);
        else if (error != 0)
            return error;
    }
    void *local = p->role->detach != NULL ? p->role->detach(p->inner) : NULL;
    p->inner_world.closing = true; /* what the old object asks while it is freed is nobody's business */
    p->role->close(p->inner);
    p->inner_world.closing = false;
    world_turn_begin(&p->inner_world, p->inner_world.now);
    struct role_setup setup = {.name = slice_text(p->name),
        .pair = slice_text(p->pair),
        .location = slice_text(p->location),
        .incarnation = p->view,
        .resumed = true};
    int error = p->role->open(&p->inner, &p->inner_world, &setup);
    if (error == 0 && local != NULL)
        p->role->attach(p->inner, local);
    if (error == 0)
        error = load_all(p);
    if (error == 0)
        p->role->resume(p->inner);
    pair__shadow_free(p);
    world_turn_clear(&p->inner_world); /* an undisturbed run would not have repeated anything */
    return error;
}
