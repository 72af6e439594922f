/* The role: what comes in, and to which errand it goes. */
#include "base/error.h"
#include "base/mem.h"
#include "config/config.h"
#include "roles/identity/identity_int.h"
#include "wire/client.pb-c.h"
#include "wire/pack.h"

/* ---- certificates for who is trusted ---- */

static bool is_being_signed(const struct identity *i, struct slice name)
{
    const struct errand *e;
    map_for_each (e, &i->errands)
        if (e->kind == IDENTITY_SIGN && slice_equal(e->name, name))
            return true;
    return false;
}

void identity__look(struct identity *i)
{
    const struct configuration *c = world_configuration(i->world);
    const struct config_member *m;
    bool found = false;
    for (size_t at = 0; c != NULL && (m = config_next_member(c, &at)) != NULL;) {
        if (m->state != CONFIG_MEMBER_TRUSTED || !m->requests)
            continue;
        found = true;
        struct errand *e = is_being_signed(i, m->name) ? NULL : identity__errand(i, IDENTITY_SIGN);
        if (e == NULL)
            continue;
        e->name = arena_copy(&e->arena, m->name);
        e->user = SLICE("identity");
        identity__feed(e, IDENTITY_EV_GO, NULL);
    }
    if (found)
        world_timer_set(i->world, &i->again, 0, TIMER_IDENTITY_AGAIN,
            world_now(i->world) + timer_duration(TIMER_IDENTITY_AGAIN));
}

/* At the start, when the role config may not be there yet, and from time to time: it may have been renewed.
 */
static void look_at_self(struct identity *i)
{
    struct errand *e = identity__errand(i, IDENTITY_SELF);
    world_timer_set(i->world, &i->self, 0, TIMER_IDENTITY_SELF,
        world_now(i->world) + timer_duration(TIMER_IDENTITY_SELF));
    if (e == NULL)
        return;
    e->user = SLICE("identity");
    identity__feed(e, IDENTITY_EV_GO, NULL);
}

/* ---- life ---- */

static int identity_open(void **self, struct world *world, const struct role_setup *setup)
{
    struct identity *i = *self = mem_zero(sizeof *i);
    i->world = world;
    buffer_add_format(&i->reply_to, "ctl.identity.%.*s.config", SLICE_ARG(setup->name));
    world_subscribe(world, SLICE("ctl.identity"), IDENTITY_TOKEN_REQUESTS);
    world_subscribe(world, buffer_slice(&i->reply_to), IDENTITY_TOKEN_CONFIG);
    identity__look(i);
    look_at_self(i);
    world_state(world, WORLD_READY, ""); /* what it needs it asks for with each request */
    return 0;
}

static void identity_close(void *self)
{
    struct identity *i = self;
    struct errand *e;
    void *seen;
    map_for_each (e, &i->errands)
        identity__end(e);
    map_for_each (seen, &i->seen)
        mem_free(seen);
    map_free(&i->errands);
    map_free(&i->seen);
    world_timer_clear(&i->again);
    world_timer_clear(&i->self);
    buffer_free(&i->reply_to);
    mem_free(i);
}

/* ---- answers ---- */

static void take_job(struct identity *i, const struct input *in)
{
    struct errand *e = map_get_number(&i->errands, in->token);
    const struct identity_answer a = {.error = in->error, .bytes = in->bytes};
    if (e != NULL)
        identity__feed(e,
            in->answer == ANSWER_YES  ? IDENTITY_EV_YES
            : in->answer == ANSWER_NO ? IDENTITY_EV_NO
                                      : IDENTITY_EV_UNKNOWN,
            &a);
}

/* A member that does not exist yet is one that may be made. */
static bool is_yes(const struct errand *e, unsigned status)
{
    bool makes = e->kind == IDENTITY_ENROL || e->kind == IDENTITY_CODE || e->kind == IDENTITY_SELF;
    return (status >= 200 && status <= 299) || (status == 404 && makes && e->state == IDENTITY_ST_READING);
}

static void take_config(struct identity *i, struct slice bytes)
{
    struct arena arena = {0};
    const Tandem__ConfigAnswer *m = pack_read(&tandem__config_answer__descriptor, bytes, &arena);
    struct errand *e = m != NULL ? map_get_number(&i->errands, m->token) : NULL;
    if (e != NULL && (e->state == IDENTITY_ST_READING || e->state == IDENTITY_ST_WRITING)) {
        struct identity_answer a = {.status = m->status};
        if (m->has_body)
            a.bytes = pack_slice(m->body);
        identity__feed(e, is_yes(e, m->status) ? IDENTITY_EV_YES : IDENTITY_EV_NO, &a);
    }
    arena_free(&arena);
}

static void take_timer(struct identity *i, const struct input *in)
{
    struct errand *e = map_get_number(&i->errands, in->object);
    if (in->timer == TIMER_IDENTITY_AGAIN)
        identity__look(i);
    else if (in->timer == TIMER_IDENTITY_SELF)
        look_at_self(i);
    else if (e != NULL)
        identity__feed(e, IDENTITY_EV_UNKNOWN, NULL);
}

static void identity_input(void *self, const struct input *in)
{
    struct identity *i = self;
    switch (in->kind) {
    case INPUT_BUS:
        if (in->token == IDENTITY_TOKEN_REQUESTS)
            identity__take(i, in->bytes);
        else
            take_config(i, in->bytes);
        break;
    case INPUT_ANSWER:
        take_job(i, in);
        break;
    case INPUT_TIMER:
        take_timer(i, in);
        break;
    case INPUT_CONFIG:
        identity__look(i);
        break;
    default:
        break;
    }
}

const struct role identity_role = {
    .name = "identity",
    .open = identity_open,
    .close = identity_close,
    .input = identity_input,
};
