/* Following proxies and pairs of nodes: numbers without gaps, and a snapshot where there is one. */
#include "roles/session/session_int.h"

#include <stdio.h>

#include "base/log.h"
#include "wire/pack.h"

/* After so many questions without an answer what a pair told is not believed any more. */
#define UNANSWERED 4

static void publish_question(struct session *s, const char *subject, const char *part)
{
    char reply_to[SESSION_SUBJECT];
    struct buffer bytes = {0};
    Tandem__Snapshot m = TANDEM__SNAPSHOT__INIT;
    snprintf(reply_to, sizeof reply_to, "ctl.session.%.*s.%s", SLICE_ARG(s->name), part);
    m.reply_to = reply_to;
    m.token = s->view.token;
    pack_add(&bytes, &m.base);
    world_publish(s->world, slice_text(subject), buffer_slice(&bytes));
    buffer_free(&bytes);
}

static void ask_pair(struct session *s, struct origin *o)
{
    char subject[SESSION_SUBJECT];
    snprintf(subject, sizeof subject, "ctl.node.%.*s", SLICE_ARG(o->name));
    publish_question(s, subject, "calls");
}

static bool ask_missing(struct session *s)
{
    bool asked = false, proxies = false;
    struct origin *o;
    s->view.token++;
    map_for_each (o, &s->view.pairs) {
        if (o->synced)
            continue;
        asked = true;
        if (o->asked++ == UNANSWERED && !list_empty(&o->parts)) {
            LOG(LOG_WARNING, "roles/session",
                "pair %.*s does not answer: its calls are not shown until it does; look whether it runs",
                SLICE_ARG(o->name));
            view__origin_clear(s, o);
        }
        ask_pair(s, o);
    }
    map_for_each (o, &s->view.proxies) {
        proxies = proxies || !o->synced;
        o->asked += !o->synced;
    }
    if (proxies)
        publish_question(s, "ctl.proxy.all", "bindings");
    return asked || proxies;
}

void session__origins_ask(struct session *s)
{
    if (ask_missing(s))
        world_timer_set(s->world, &s->ask_timer, session__object(SESSION_OBJECT_SELF, 0), TIMER_SESSION_ASK,
            world_now(s->world) + timer_duration(TIMER_SESSION_ASK));
}

static void lost(struct session *s, struct origin *o)
{
    if (o->synced)
        world_count(s->world, COUNTER_SESSION_GAPS, 1);
    o->synced = false;
    if (!wheel_runs(&s->ask_timer.wheel)) /* else it is asked soon anyway */
        session__origins_ask(s);
}

/* A pair that dies as a whole cannot say so: it is asked now and then. */
void session__origins_audit(struct session *s)
{
    struct origin *o;
    map_for_each (o, &s->view.pairs)
        if (o->synced) {
            o->synced = false;
            o->asked = 0;
        }
    session__origins_ask(s);
    world_timer_set(s->world, &s->audit_timer, session__object(SESSION_OBJECT_SELF, 0), TIMER_SESSION_AUDIT,
        world_now(s->world) + timer_duration(TIMER_SESSION_AUDIT));
}

void session__origins_open(struct session *s)
{
    char subject[SESSION_SUBJECT];
    world_subscribe(s->world, SLICE("reg.>"), SESSION_TOKEN_REGISTRATIONS);
    world_subscribe(s->world, SLICE("live.>"), SESSION_TOKEN_LIVE);
    snprintf(subject, sizeof subject, "ctl.session.%.*s.bindings", SLICE_ARG(s->name));
    world_subscribe(s->world, slice_text(subject), SESSION_TOKEN_BINDINGS);
    snprintf(subject, sizeof subject, "ctl.session.%.*s.calls", SLICE_ARG(s->name));
    world_subscribe(s->world, slice_text(subject), SESSION_TOKEN_CALLS);
    s->view.token = s->incarnation << 20; /* answers to an earlier life are older */
    session__origins_audit(s);
}

/* Origins are what is configured, so that one that has never been heard is asked. */
void session__origins_configured(struct session *s)
{
    const struct configuration *configuration = world_configuration(s->world);
    const struct config_pair *pair;
    const struct config_application *proxy;
    struct origin *o;
    for (size_t at = 0; (pair = config_next_pair(configuration, &at)) != NULL;)
        view__origin(&s->view.pairs, pair->name, true)->config_generation = s->config_generation;
    for (size_t at = 0; (proxy = config_next_application(configuration, CONFIG_ROLE_PROXY, &at)) != NULL;)
        view__origin(&s->view.proxies, proxy->name, false)->config_generation = s->config_generation;
    map_for_each (o, &s->view.pairs)
        if (o->config_generation != s->config_generation)
            view__origin_free(s, o);
    map_for_each (o, &s->view.proxies)
        if (o->config_generation != s->config_generation)
            view__origin_free(s, o);
}

/* ---- proxies ---- */

void session__registrations(struct session *s, struct slice bytes)
{
    const Tandem__BindingChange *m = pack_read(&tandem__binding_change__descriptor, bytes, &s->arena);
    struct origin *o = m != NULL ? map_get(&s->view.proxies, slice_text(m->proxy)) : NULL;
    if (o == NULL || m->incarnation < o->epoch || (m->incarnation == o->epoch && m->number <= o->number))
        return;
    /* Without a binding it only says how many there were: then one was missed. */
    bool follows = m->incarnation == o->epoch && m->number == o->number + 1 && m->n_bindings != 0;
    if (m->incarnation != o->epoch) { /* started anew: its numbers begin again */
        list_for_each (link, &o->parts)
            list_entry(link, struct contact, of_origin)->number = 0;
    }
    o->epoch = m->incarnation;
    o->number = m->number;
    for (size_t i = 0; i < m->n_bindings; i++)
        if (slice_equal(slice_text(m->bindings[i]->proxy), o->name))
            view__binding(s, o, m->bindings[i], m->number, 0);
    if (!follows)
        lost(s, o);
}

void session__bindings(struct session *s, struct slice bytes)
{
    const Tandem__BindingSnapshot *m = pack_read(&tandem__binding_snapshot__descriptor, bytes, &s->arena);
    struct origin *o = m != NULL ? map_get(&s->view.proxies, slice_text(m->proxy)) : NULL;
    if (o == NULL || m->incarnation < o->epoch)
        return;
    if (m->incarnation != o->epoch) {
        list_for_each (link, &o->parts)
            list_entry(link, struct contact, of_origin)->number = 0;
        o->number = 0;
    }
    o->epoch = m->incarnation;
    for (size_t i = 0; i < m->n_bindings; i++)
        if (slice_equal(slice_text(m->bindings[i]->proxy), o->name))
            view__binding(s, o, m->bindings[i], m->number, m->token);
    if (!m->last)
        return;
    list_for_each_safe (link, next, &o->parts) {
        struct contact *c = list_entry(link, struct contact, of_origin);
        if (c->generation < m->token && c->number <= m->number)
            view__contact_free(s, c);
    }
    o->number = m->number > o->number ? m->number : o->number;
    o->synced = true;
    o->asked = 0;
}

/* ---- pairs ---- */

static void take_snapshot(struct session *s, struct origin *o, const Tandem__LiveChange *m)
{
    uint64_t generation = ++s->next_number;
    for (size_t i = 0; i < m->n_calls; i++)
        view__call(s, o, m->calls[i], generation);
    list_for_each_safe (link, next, &o->parts) {
        struct view_call *c = list_entry(link, struct view_call, of_origin);
        if (c->generation != generation)
            view__call_gone(s, c);
    }
    o->epoch = m->view;
    o->number = m->number;
    o->synced = true;
    o->asked = 0;
}

void session__live(struct session *s, struct slice bytes)
{
    const Tandem__LiveChange *m = pack_read(&tandem__live_change__descriptor, bytes, &s->arena);
    struct origin *o = m != NULL ? map_get(&s->view.pairs, slice_text(m->node)) : NULL;
    if (o == NULL || m->view < o->epoch)
        return; /* an earlier primary, which does not know it yet */
    if (m->snapshot) {
        if (m->view > o->epoch || m->number >= o->number)
            take_snapshot(s, o, m);
        return;
    }
    if (m->view == o->epoch && m->number <= o->number)
        return;
    bool follows = m->view == o->epoch && m->number == o->number + 1;
    o->epoch = m->view;
    o->number = m->number;
    for (size_t i = 0; i < m->n_calls; i++)
        view__call(s, o, m->calls[i], 0);
    if (!follows)
        lost(s, o);
}
