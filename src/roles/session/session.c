/* The role: what comes in, and to whom it goes. */
#include "roles/session/session_int.h"

#include <stdio.h>

#include "base/error.h"
#include "base/log.h"
#include "base/mem.h"

static void listen_all(struct session *s)
{
    const struct config_application *a = config_application(world_configuration(s->world), s->name);
    if (a == NULL || a->listen.count == 0)
        LOG(LOG_WARNING, "roles/session",
            "%.*s has no endpoint to listen on; set `listen` of the application", SLICE_ARG(s->name));
    for (size_t i = 0; a != NULL && i < a->listen.count; i++)
        world_listen(s->world, a->listen.items[i], SESSION_TOKEN_LISTEN);
}

/* ---- configuration ---- */

static void begin_walk(struct session *s)
{
    s->next = config_retain((struct configuration *)(uintptr_t)world_configuration(s->world));
    s->walk = (struct config_dn_walk){.one = s->shown, .other = s->next};
}

/* From the copy that is shown to the next one, over the DNs that differ, some each turn. A copy that comes
 * meanwhile has its turn after it: what was shown of this one must not be forgotten. */
static void walk_configuration(struct session *s)
{
    const struct config_dn *before, *after;
    for (size_t count = 0; count < SESSION_WALK; count++) {
        if (config_next_dn_change(&before, &after, &s->walk)) {
            if (after != NULL)
                view__device_configured(s, view__device(s, after->number), after->name);
            else if (before != NULL)
                view__device_unconfigured(s, map_get(&s->view.devices, before->number));
            continue;
        }
        config_release(s->shown);
        s->shown = s->next;
        s->next = NULL;
        if (s->shown == world_configuration(s->world))
            return;
        begin_walk(s);
    }
    world_again(s->world, SESSION_AGAIN_CONFIG);
}

static void configured(struct session *s)
{
    s->config_generation++;
    session__origins_configured(s);
    session__sign_ins_check(s);
    if (s->next != NULL)
        return; /* its `again` is on the way */
    begin_walk(s);
    walk_configuration(s);
}

/* ---- life ---- */

static struct slice kept(struct slice s)
{
    return slice_of(mem_copy(s.data, s.length), s.length);
}

static int session_open(void **self, struct world *world, const struct role_setup *setup)
{
    struct session *s = mem_zero(sizeof *s);
    s->world = world;
    s->name = kept(setup->name);
    s->location = kept(setup->location);
    s->incarnation = setup->incarnation;
    s->feed.oldest = 1;
    struct list *const heads[] = {&s->connections, &s->ended, &s->sign_in_order, &s->attempt_order,
        &s->rate_order, &s->view.changed_devices, &s->view.changed_calls, &s->feed.watchers, &s->feed.behind};
    for (size_t i = 0; i < sizeof heads / sizeof *heads; i++)
        list_init(heads[i]);
    *self = s;
    configured(s);
    session__origins_open(s);
    char subject[SESSION_SUBJECT];
    snprintf(subject, sizeof subject, "ctl.session.%.*s.config", SLICE_ARG(s->name));
    world_subscribe(world, slice_text(subject), SESSION_TOKEN_CONFIG);
    listen_all(s);
    return 0;
}

static void session_close(void *self)
{
    struct session *s = self;
    list_for_each_safe (link, next, &s->connections)
        session__end(list_entry(link, struct connection, link));
    session__reap(s);
    struct question *q;
    map_for_each (q, &s->questions)
        session__question_free(s, q);
    list_for_each_safe (link, next, &s->sign_in_order)
        session__sign_in_end(s, list_entry(link, struct sign_in, link), NULL);
    session__attempts_free(s);
    session__rates_free(s);
    map_free(&s->rates);
    view__free(s);
    config_release(s->shown);
    config_release(s->next);
    session__feed_free(s);
    world_timer_clear(&s->feed.batch);
    world_timer_clear(&s->ask_timer);
    world_timer_clear(&s->audit_timer);
    buffer_free(&s->out);
    arena_free(&s->arena);
    mem_free((void *)(uintptr_t)s->name.data);
    mem_free((void *)(uintptr_t)s->location.data);
    mem_free(s);
}

static void drain(struct session *s)
{
    s->draining = true;
    list_for_each_safe (link, next, &s->connections) {
        struct connection *c = list_entry(link, struct connection, link);
        if (c->http == NULL)
            session__bye(c, "shutdown", WEBSOCKET_GOING_AWAY);
        else if (http_idle(c->http))
            session__end(c);
        else
            http_last(c->http);
    }
}

/* ---- input ---- */

static void timer(struct session *s, const struct input *in)
{
    uint64_t index = OBJECT_INDEX(in->object);
    void *object;
    switch (OBJECT_KIND(in->object)) {
    case SESSION_OBJECT_SELF:
        if (in->timer == TIMER_SESSION_BATCH)
            session__feed_flush(s);
        else if (in->timer == TIMER_SESSION_ASK)
            session__origins_ask(s);
        else
            session__origins_audit(s);
        break;
    case SESSION_OBJECT_CONNECTION:
        object = map_get_number(&s->by_flow, index);
        if (object != NULL)
            session__connection_timer(object, in->timer);
        break;
    case SESSION_OBJECT_SIGN_IN:
        object = map_get_number(&s->sign_ins_by_number, index);
        if (object != NULL)
            session__sign_in_end(s, object, "its time is over");
        break;
    case SESSION_OBJECT_CONTACT:
        view__contact_timer(s, index);
        break;
    default:
        session__question_timer(s, index);
    }
}

static void bus(struct session *s, const struct input *in)
{
    switch (in->token) {
    case SESSION_TOKEN_REGISTRATIONS:
        session__registrations(s, in->bytes);
        break;
    case SESSION_TOKEN_BINDINGS:
        session__bindings(s, in->bytes);
        break;
    case SESSION_TOKEN_CONFIG:
        session__config_answer(s, in->bytes);
        break;
    default: /* live changes, and snapshots of them */
        session__live(s, in->bytes);
    }
}

static void again(struct session *s, uint64_t cursor)
{
    if (cursor == SESSION_AGAIN_DELIVER)
        session__feed_deliver(s);
    else if (cursor == SESSION_AGAIN_FLUSH)
        session__feed_flush(s);
    else
        walk_configuration(s);
}

static void closed(struct session *s, const struct input *in)
{
    struct connection *c = map_get_number(&s->by_flow, in->flow);
    if (c != NULL) {
        session__end(c);
    } else if (in->token == SESSION_TOKEN_LISTEN && in->error != 0) {
        LOG(LOG_ERROR, "roles/session", "cannot listen for browsers: %s", error_sentence(in->error));
        s->deaf = true;
    }
}

/* One that is silent after so many questions is told of. */
#define SILENT 2

static void tell_origins(const struct map *origins, bool *missing, char why[WORLD_WHY])
{
    const struct origin *o;
    map_for_each (o, origins) {
        *missing = *missing || !o->synced;
        if (!o->synced && o->asked >= SILENT && why[0] == '\0')
            snprintf(why, WORLD_WHY, "%.*s does not answer: what it has is not shown", SLICE_ARG(o->name));
    }
}

static void tell_state(struct session *s)
{
    char why[WORLD_WHY] = "";
    bool missing = s->next != NULL;
    tell_origins(&s->view.proxies, &missing, why);
    tell_origins(&s->view.pairs, &missing, why);
    s->complete = s->complete || !missing;
    world_gauge(s->world, GAUGE_SIGN_INS, map_count(&s->sign_ins));
    world_gauge(s->world, GAUGE_CONNECTIONS, map_count(&s->by_flow));
    if (s->deaf)
        world_state(s->world, WORLD_DEGRADED, "cannot listen on all of its endpoints; see its log");
    else if (why[0] != '\0')
        world_state(s->world, WORLD_DEGRADED, why);
    else if (!s->complete)
        world_state(s->world, WORLD_STARTING, "asks proxies and nodes what there is");
    else
        world_state(s->world, WORLD_READY, "");
}

static void session_input(void *self, const struct input *in)
{
    struct session *s = self;
    struct connection *c;
    switch (in->kind) {
    case INPUT_TIMER:
        timer(s, in);
        break;
    case INPUT_ACCEPTED:
        session__accept(s, in);
        break;
    case INPUT_CLOSED:
        closed(s, in);
        break;
    case INPUT_DATA:
        c = map_get_number(&s->by_flow, in->flow);
        if (c != NULL)
            session__data(c, in->bytes);
        break;
    case INPUT_ANSWER:
        session__answered(s, in);
        break;
    case INPUT_BUS:
        bus(s, in);
        break;
    case INPUT_AGAIN:
        again(s, in->token);
        break;
    case INPUT_CONFIG:
        configured(s);
        session__origins_ask(s);
        break;
    case INPUT_DRAIN:
        drain(s);
        break;
    default:
        break;
    }
    session__reap(s);
    if (in->kind != INPUT_DATA) /* nothing that browsers say changes it */
        tell_state(s);
    arena_reset(&s->arena);
}

const struct role session_role = {
    .name = "session",
    .open = session_open,
    .close = session_close,
    .input = session_input,
};
