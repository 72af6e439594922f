/* Registrations are told to the other proxies (and to whoever shows them) as numbered changes on the bus; a
 * gap, or a proxy that was not heard yet, leads to a snapshot. Each second the number is said again without a
 * change, so that whoever missed the last one notices without waiting for the next. */
#include <stdio.h>

#include "base/error.h"
#include "base/log.h"
#include "base/mem.h"
#include "roles/proxy/proxy_int.h"
#include "wire/pack.h"

#define TOKEN_ASKED 1
#define PER_MESSAGE 200U /* bindings of one message of a snapshot */
#define SUBJECT (CONFIG_NAME_MAX + 16)

enum { TIMER_SAVE_SHARE = 3, TIMER_SAVE_BEACON = 4 };

static void subject(char room[SUBJECT], const char *prefix, const char *name)
{
    snprintf(room, SUBJECT, "%s.%s", prefix, name);
}

static void publish(struct proxy *p, const char *to, const ProtobufCMessage *message)
{
    struct buffer bytes = {0};
    pack_add(&bytes, message);
    world_publish(p->world, slice_text(to), buffer_slice(&bytes));
    buffer_free(&bytes);
}

static void tell(struct proxy *p, Tandem__Binding **bindings, size_t count)
{
    char to[SUBJECT];
    Tandem__BindingChange change = TANDEM__BINDING_CHANGE__INIT;
    change.proxy = p->name;
    change.incarnation = p->incarnation;
    change.number = p->change_number;
    change.n_bindings = count;
    change.bindings = bindings;
    subject(to, "reg", p->location);
    publish(p, to, &change.base);
}

void proxy__share_change(struct proxy *p, const Tandem__Binding *b)
{
    Tandem__Binding copy = *b, *pointer = &copy;
    p->change_number++;
    tell(p, &pointer, 1);
}

static void beacon_later(struct proxy *p)
{
    world_timer_set(p->world, &p->beacon_timer, OBJECT(PROXY_OBJECT_BINDINGS, 0), TIMER_SAVE_BEACON,
        world_now(p->world) + timer_duration(TIMER_PROXY_BEACON));
}

static void beacon(struct proxy *p)
{
    tell(p, NULL, 0);
    beacon_later(p);
}

/* ---- snapshots ---- */

static void send_snapshot(struct proxy *p, const Tandem__Snapshot *ask)
{
    Tandem__Binding *rows = arena_alloc(&p->arena, PER_MESSAGE * sizeof *rows);
    Tandem__Binding *pointers[PER_MESSAGE];
    Tandem__BindingSnapshot s = TANDEM__BINDING_SNAPSHOT__INIT;
    size_t at = 0;
    struct aor *a;
    s.proxy = p->name;
    s.incarnation = p->incarnation;
    s.number = p->change_number;
    s.token = ask->token;
    s.bindings = pointers;
    while ((a = map_next(&p->aors, &at)) != NULL) {
        list_for_each (link, &a->bindings) {
            pointers[s.n_bindings] = &rows[s.n_bindings];
            proxy__binding_pack(list_entry(link, struct binding, link), a->dn, &rows[s.n_bindings++]);
            if (s.n_bindings == PER_MESSAGE) {
                publish(p, ask->reply_to, &s.base);
                s.n_bindings = 0;
            }
        }
    }
    s.last = true;
    publish(p, ask->reply_to, &s.base);
}

static void ask_snapshot(struct proxy *p)
{
    char reply_to[SUBJECT];
    Tandem__Snapshot ask = TANDEM__SNAPSHOT__INIT;
    subject(reply_to, "ctl.proxy.bindings", p->name);
    ask.reply_to = reply_to;
    ask.token = TOKEN_ASKED;
    publish(p, "ctl.proxy.all", &ask.base);
}

/* One question serves all gaps that show up together. */
static void ask_later(struct proxy *p)
{
    if (!wheel_runs(&p->snapshot_timer.wheel))
        world_timer_set(p->world, &p->snapshot_timer, OBJECT(PROXY_OBJECT_BINDINGS, 0), TIMER_SAVE_SHARE,
            world_now(p->world) + timer_duration(TIMER_BINDINGS_SAVE));
}

static struct origin_state *origin(struct proxy *p, const char *name)
{
    struct origin_state *o = map_get(&p->origins, slice_text(name));
    if (o != NULL || strlen(name) >= sizeof o->name)
        return o;
    o = mem_zero(sizeof *o);
    strcpy(o->name, name);
    map_put(&p->origins, slice_text(o->name), o);
    return o;
}

static void put_all(struct proxy *p, Tandem__Binding **bindings, size_t count)
{
    for (size_t i = 0; i < count; i++)
        proxy__binding_put(p, bindings[i], false);
}

/* A proxy that was started anew counts anew. */
static void follow_life(struct origin_state *o, uint64_t incarnation)
{
    if (incarnation <= o->incarnation)
        return;
    o->incarnation = incarnation;
    o->number = o->heard = 0;
}

static void change_input(struct proxy *p, struct slice bytes)
{
    const Tandem__BindingChange *c = pack_read(&tandem__binding_change__descriptor, bytes, &p->arena);
    struct origin_state *o = c != NULL && strcmp(c->proxy, p->name) != 0 ? origin(p, c->proxy) : NULL;
    if (o == NULL || c->incarnation < o->incarnation)
        return;
    follow_life(o, c->incarnation);
    if (c->number > o->heard) {
        if (c->n_bindings != 0 && c->number == o->number + 1)
            o->number = c->number;
        o->heard = c->number;
        put_all(p, c->bindings, c->n_bindings); /* each is whole in itself: worth having after a gap too */
    }
    if (o->number < o->heard)
        ask_later(p);
}

static void snapshot_input(struct proxy *p, struct slice bytes)
{
    const Tandem__BindingSnapshot *s = pack_read(&tandem__binding_snapshot__descriptor, bytes, &p->arena);
    if (s == NULL || strcmp(s->proxy, p->name) == 0)
        return;
    struct origin_state *o = origin(p, s->proxy);
    put_all(p, s->bindings, s->n_bindings);
    if (o != NULL && s->last && s->incarnation >= o->incarnation) {
        follow_life(o, s->incarnation);
        o->number = s->number > o->number ? s->number : o->number;
        o->heard = o->number > o->heard ? o->number : o->heard;
    }
    if (s->last)
        proxy__start_told(p);
}

/* An answer before the store was read would say that nobody is registered: who asks so early gets it later.
 * One for whom there is no room asks again by itself. */
static void remember(struct proxy *p, const Tandem__Snapshot *ask)
{
    if (strlen(ask->reply_to) >= sizeof p->askers[0].reply_to)
        return;
    for (unsigned i = 0; i < PROXY_ASKERS; i++) {
        struct proxy_asker *a = &p->askers[i];
        if (a->reply_to[0] == '\0' || strcmp(a->reply_to, ask->reply_to) == 0) {
            strcpy(a->reply_to, ask->reply_to);
            a->token = ask->token;
            return;
        }
    }
}

void proxy__share_loaded(struct proxy *p)
{
    for (unsigned i = 0; i < PROXY_ASKERS && p->askers[i].reply_to[0] != '\0'; i++) {
        Tandem__Snapshot ask = TANDEM__SNAPSHOT__INIT;
        ask.reply_to = p->askers[i].reply_to;
        ask.token = p->askers[i].token;
        send_snapshot(p, &ask);
    }
    memset(p->askers, 0, sizeof p->askers);
}

static void control_input(struct proxy *p, struct slice bytes)
{
    char own[SUBJECT];
    const Tandem__Snapshot *ask = pack_read(&tandem__snapshot__descriptor, bytes, &p->arena);
    subject(own, "ctl.proxy.bindings", p->name);
    if (ask == NULL || strcmp(ask->reply_to, own) == 0)
        return;
    if (proxy__bindings_known(p))
        send_snapshot(p, ask);
    else
        remember(p, ask);
}

void proxy__share_open(struct proxy *p)
{
    char name[SUBJECT];
    subject(name, "reg", p->location);
    world_subscribe(p->world, slice_text(name), PROXY_TOKEN_BINDINGS);
    world_subscribe(p->world, SLICE("ctl.proxy.all"), PROXY_TOKEN_CONTROL);
    subject(name, "ctl.proxy.bindings", p->name);
    world_subscribe(p->world, slice_text(name), PROXY_TOKEN_CONTROL + 1);
    ask_later(p);
    beacon_later(p);
}

bool proxy__share_input(struct proxy *p, const struct input *in)
{
    if (in->kind == INPUT_TIMER && OBJECT_KIND(in->object) == PROXY_OBJECT_BINDINGS &&
        in->timer == TIMER_SAVE_SHARE)
        ask_snapshot(p);
    else if (in->kind == INPUT_TIMER && OBJECT_KIND(in->object) == PROXY_OBJECT_BINDINGS &&
             in->timer == TIMER_SAVE_BEACON)
        beacon(p);
    else if (in->kind == INPUT_BUS && in->token == PROXY_TOKEN_BINDINGS)
        change_input(p, in->bytes);
    else if (in->kind == INPUT_BUS && in->token == PROXY_TOKEN_CONTROL)
        control_input(p, in->bytes);
    else if (in->kind == INPUT_BUS && in->token == PROXY_TOKEN_CONTROL + 1)
        snapshot_input(p, in->bytes);
    else
        return false;
    return true;
}

void proxy__share_close(struct proxy *p)
{
    struct origin_state *o;
    map_for_each (o, &p->origins)
        mem_free(o);
    map_free(&p->origins);
    world_timer_clear(&p->snapshot_timer);
    world_timer_clear(&p->beacon_timer);
}
