/* Which applications of the configuration run here, and seeing to it that they do: at the start and after
 * each change. An application whose place or role is another than the one it was started with is started
 * anew. */
#include "base/error.h"
#include "base/log.h"
#include "base/mem.h"
#include "roles/config/writer.h"
#include "roles/control/control.h"
#include "roles/history/history.h"
#include "roles/identity/identity.h"
#include "roles/node/node.h"
#include "roles/proxy/proxy.h"
#include "roles/session/session.h"
#include "run/run_int.h"
#include "world/world.h"

/* In the order in which they are started: who is asked stands before who asks. */
static const struct {
    enum config_role role;
    const struct role *what;
} roles[] = {
    {CONFIG_ROLE_HISTORY, &history_role},
    {CONFIG_ROLE_CONFIG, &writer_role},
    {CONFIG_ROLE_NODE, &role_node},
    {CONFIG_ROLE_PROXY, &role_proxy},
    {CONFIG_ROLE_CONTROL, &control_role},
    {CONFIG_ROLE_SESSION, &session_role},
};

struct slice run__name(const struct run *r)
{
    struct slice name = options_text(r->options, OPTION_NAME);
    return slice_empty(name) ? SLICE("local") : name;
}

bool run__is_ours(const struct run *r, const struct config_application *a)
{
    return slice_equal(a->member, options_text(r->options, OPTION_NAME));
}

/* What an instance is started with; another one means that it is started anew. */
static void add_place(struct buffer *out, const struct config_application *a)
{
    buffer_add_format(out, "%u %.*s %.*s %.*s %.*s", a->role, SLICE_ARG(a->location->name),
        SLICE_ARG(a->pair), SLICE_ARG(a->link), SLICE_ARG(a->inside));
    for (size_t i = 0; i < a->listen.count; i++)
        buffer_add_format(out, " %.*s", SLICE_ARG(a->listen.items[i]));
}

static struct run_instance *find(struct run *r, struct slice name)
{
    for (size_t i = 0; i < r->instance_count; i++)
        if (slice_equal(buffer_slice(&r->instances[i].name), name))
            return &r->instances[i];
    return NULL;
}

static int add(struct run *r, const struct role *role, const struct role_setup *setup, struct slice place)
{
    if (r->instance_count == RUN_INSTANCES) {
        LOG(LOG_ERROR, "run", "more than %d role instances in one process; give %.*s to another member",
            RUN_INSTANCES, SLICE_ARG(setup->name));
        return ERROR_LIMIT;
    }
    struct run_instance *i = &r->instances[r->instance_count];
    *i = (struct run_instance){.instance = NULL};
    int error = real_add_instance(&i->instance, r->loop, role, setup, r->configuration);
    if (error != 0)
        return error;
    buffer_add(&i->name, setup->name);
    buffer_add(&i->place, place);
    r->instance_count++;
    return 0;
}

static void take_out(struct run *r, size_t at)
{
    real_remove_instance(r->instances[at].instance);
    buffer_free(&r->instances[at].name);
    buffer_free(&r->instances[at].place);
    r->instance_count--;
    for (size_t i = at; i < r->instance_count; i++)
        r->instances[i] = r->instances[i + 1];
}

void run__stop_all(struct run *r)
{
    while (r->instance_count != 0)
        take_out(r, r->instance_count - 1);
}

/* Those that are gone, live elsewhere now, or have another place. */
static void stop_some(struct run *r)
{
    struct buffer place = {0};
    for (size_t i = r->instance_count; i-- > r->kept_count;) {
        struct slice name = buffer_slice(&r->instances[i].name);
        const struct config_application *a = config_application(r->configuration, name);
        buffer_clear(&place);
        if (a != NULL && run__is_ours(r, a))
            add_place(&place, a);
        if (slice_equal(buffer_slice(&place), buffer_slice(&r->instances[i].place)))
            continue;
        if (place.length != 0)
            LOG(LOG_NOTICE, "run", "%.*s is started anew: its place has changed", SLICE_ARG(name));
        else if (a != NULL)
            LOG(LOG_NOTICE, "run", "%.*s stops here: it belongs to %.*s now", SLICE_ARG(name),
                SLICE_ARG(slice_empty(a->member) ? SLICE("nobody") : a->member));
        else
            LOG(LOG_NOTICE, "run", "%.*s stops: it was deleted", SLICE_ARG(name));
        take_out(r, i);
    }
    buffer_free(&place);
}

static int start_one(struct run *r, const struct role *role, const struct config_application *a)
{
    struct role_setup setup = {.name = a->name, .pair = a->pair, .location = a->location->name};
    struct buffer place = {0};
    int error = run__incarnation(r, &setup.incarnation);
    add_place(&place, a);
    if (error == 0)
        error = add(r, role, &setup, buffer_slice(&place));
    buffer_free(&place);
    return error;
}

/* Not at once: the member that had an application stops it first, and the other one of its pair takes over.
 */
static void start_some(struct real_loop *loop, void *argument)
{
    struct run *r = argument;
    (void)loop;
    for (size_t i = 0; i < sizeof roles / sizeof roles[0]; i++) {
        const struct config_application *a;
        size_t at = 0;
        while ((a = config_next_application(r->configuration, roles[i].role, &at)) != NULL) {
            if (!run__is_ours(r, a) || find(r, a->name) != NULL)
                continue;
            int error = start_one(r, roles[i].what, a);
            if (error != 0)
                LOG(LOG_ERROR, "run",
                    "%.*s cannot start: %s; the next change of the configuration tries again",
                    SLICE_ARG(a->name), error_sentence(error));
            else
                LOG(LOG_NOTICE, "run", "%.*s starts here", SLICE_ARG(a->name));
        }
    }
}

/* ---- a role of the main itself: starts what belongs here, a while after each change ---- */

#define OBJECT_PLACER OBJECT(1, 0)

struct placer {
    struct world *world;
    struct run *run;
    struct world_timer start;
    bool waits;
};

static int placer_open(void **self, struct world *w, const struct role_setup *setup)
{
    struct placer *p = mem_zero(sizeof *p);
    *self = p;
    p->world = w;
    p->run = setup->main;
    return 0;
}

static void placer_close(void *self)
{
    struct placer *p = self;
    world_timer_clear(&p->start);
    mem_free(p);
}

static void placer_input(void *self, const struct input *in)
{
    struct placer *p = self;
    if (in->kind == INPUT_CONFIG && !p->waits)
        world_timer_set(
            p->world, &p->start, OBJECT_PLACER, 0, world_now(p->world) + timer_duration(TIMER_PLACE_START));
    if (in->kind == INPUT_TIMER)
        real_post(p->run->loop, start_some, p->run);
    p->waits = in->kind == INPUT_CONFIG || (p->waits && in->kind != INPUT_TIMER);
}

static const struct role placer = {
    .name = "placer", .open = placer_open, .close = placer_close, .input = placer_input};

int run__place_first(struct run *r)
{
    int error = add(r, &run__keeper, &(struct role_setup){.name = SLICE("keeper"), .main = r}, SLICE(""));
    if (error == 0)
        error = add(r, &placer, &(struct role_setup){.name = SLICE("placer"), .main = r}, SLICE(""));
    if (error == 0)
        error = add(r, &run__reporter, &(struct role_setup){.name = SLICE("reporter"), .main = r}, SLICE(""));
    if (error == 0 && options_has(r->options, OPTION_METRICS))
        error = add(r, &run__metrics, &(struct role_setup){.name = SLICE("metrics"), .main = r}, SLICE(""));
    if (error == 0 && run__has_authority(r))
        error = add(r, &identity_role, &(struct role_setup){.name = SLICE("identity")}, SLICE(""));
    if (error != 0)
        run__complain(r, error, "the configuration cannot be followed");
    r->kept_count = r->instance_count;
    for (size_t i = 0; i < sizeof roles / sizeof roles[0]; i++) {
        const struct config_application *a;
        size_t at = 0;
        while (error == 0 && (a = config_next_application(r->configuration, roles[i].role, &at)) != NULL)
            if (run__is_ours(r, a) && (error = start_one(r, roles[i].what, a)) != 0)
                run__complain(r, error, "%.*s cannot start", SLICE_ARG(a->name));
    }
    return error;
}

void run__configure(struct run *r, struct configuration *next)
{
    struct configuration *before = r->configuration;
    r->configuration = next;
    stop_some(r); /* they need not hear of it */
    real_set_configuration(r->loop, next);
    config_release(before);
}
