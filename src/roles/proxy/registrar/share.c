/* Registrations are told to the other proxies (and to whoever shows them) as numbered changes on the bus. Who
 * notices a gap, hears a proxy for the first time, or hears that it was started anew, asks it for what
 * differs: the question carries the digests of what the asker knows, slice by slice, and each answer is asked
 * for when the one before it was read, so that nobody is flooded. Each second the number is said again
 * without a change, so that whoever missed the last one notices without waiting for the next; and now and
 * then one of the others is asked anyway. */
#include <stdio.h>

#include "base/log.h"
#include "base/mem.h"
#include "roles/proxy/proxy_int.h"
#include "wire/pack.h"

#define TOKEN_ASKED 1
#define CHANGES_MOST ((size_t)64 << 10) /* bytes of one message */
#define FIELD_PROXY 1U                  /* of BindingChange */
#define FIELD_BINDINGS 4U
#define SUBJECT (CONFIG_NAME_MAX + 24)

static void subject(char room[SUBJECT], const char *prefix, const char *name)
{
    snprintf(room, SUBJECT, "%s.%s", prefix, name);
}

/* ---- telling ---- */

static void tell(struct proxy *p)
{
    char to[SUBJECT];
    Tandem__BindingChange change = TANDEM__BINDING_CHANGE__INIT;
    struct buffer bytes = {0};
    change.proxy = p->name;
    change.incarnation = p->incarnation;
    change.number = p->change_number;
    change.has_saved_at = true;
    change.saved_at = (uint64_t)(p->unsaved_count == 0 ? world_now(p->world) : p->saved_at);
    pack_add(&bytes, &change.base);
    buffer_add(&bytes, buffer_slice(&p->changes)); /* fields may stand in any order */
    subject(to, "reg", p->location);
    world_publish(p->world, slice_text(to), buffer_slice(&bytes));
    buffer_free(&bytes);
}

static void tell_changes(struct proxy *p)
{
    p->change_number++;
    tell(p);
    buffer_clear(&p->changes);
    proxy__registrar_timer(p, &p->tell_timer, REGISTRAR_TIMER_TELL, timer_duration(TIMER_BINDINGS_TELL));
}

/* Registered at home or not, a phone is called by the proxies of its own location: they hear of it, without a
 * number, since nothing else of ours is their matter. Those that do not are told by the others there, or when
 * it registers the next time. */
static void tell_home(struct proxy *p, const struct binding *b, Tandem__Binding *message)
{
    char to[SUBJECT], name[CONFIG_NAME_MAX] = "";
    const struct configuration *c = world_configuration(p->world);
    const struct config_dn *dn = config_dn(c, slice_of(b->aor->dn, b->aor->length));
    struct slice home = dn != NULL ? config_dn_location(c, dn)->name : (struct slice){0};
    Tandem__BindingChange change = TANDEM__BINDING_CHANGE__INIT;
    struct buffer bytes = {0};
    if (slice_empty(home) || home.length >= sizeof name || slice_equal(home, slice_text(p->location)))
        return;
    slice_put(name, home);
    change.proxy = p->name;
    change.incarnation = p->incarnation;
    change.bindings = &message;
    change.n_bindings = 1;
    pack_add(&bytes, &change.base);
    subject(to, "reg", name);
    world_publish(p->world, slice_text(to), buffer_slice(&bytes));
    buffer_free(&bytes);
}

void proxy__share_change(struct proxy *p, const struct binding *b)
{
    Tandem__Binding message;
    proxy__binding_pack(b, &message);
    tell_home(p, b, &message);
    pack_add_field(&p->changes, FIELD_BINDINGS, &message.base);
    if (p->changes.length >= CHANGES_MOST)
        tell_changes(p);
}

/* The first change leaves at once; what comes within a moment after it leaves together. */
void proxy__share_flush(struct proxy *p)
{
    if (p->changes.length != 0 && !wheel_runs(&p->tell_timer.wheel))
        tell_changes(p);
}

static void beacon(struct proxy *p)
{
    if (p->changes.length != 0)
        tell_changes(p);
    else
        tell(p);
    proxy__registrar_timer(p, &p->beacon_timer, REGISTRAR_TIMER_BEACON, timer_duration(TIMER_PROXY_BEACON));
}

/* ---- asking ---- */

static void ask(struct proxy *p, const char *to, unsigned from)
{
    char reply_to[SUBJECT];
    uint8_t digests[8 * PROXY_SLICES];
    struct buffer bytes = {0};
    Tandem__Snapshot question = TANDEM__SNAPSHOT__INIT;
    for (size_t i = 0; i < sizeof digests; i++)
        digests[i] = (uint8_t)(p->digests[i / 8] >> (8 * (i % 8)));
    subject(reply_to, "ctl.proxy.bindings", p->name);
    question.reply_to = reply_to;
    question.token = TOKEN_ASKED;
    question.has_digests = true;
    question.digests = pack_bytes(slice_of(digests, sizeof digests));
    question.has_from = true;
    question.from = from;
    pack_add(&bytes, &question.base);
    world_publish(p->world, slice_text(to), buffer_slice(&bytes));
    buffer_free(&bytes);
}

static void ask_origin(struct proxy *p, struct origin_state *o)
{
    char to[SUBJECT];
    subject(to, "ctl.proxy.ask", o->name);
    o->asked_at = world_now(p->world);
    ask(p, to, o->next);
}

static bool wants(const struct origin_state *o)
{
    return o->asking || o->number < o->heard;
}

static void ask_later(struct proxy *p)
{
    if (!wheel_runs(&p->snapshot_timer.wheel))
        proxy__registrar_timer(
            p, &p->snapshot_timer, REGISTRAR_TIMER_ASK, timer_duration(TIMER_BINDINGS_SAVE));
}

static void want(struct proxy *p, struct origin_state *o)
{
    if (!o->asking) {
        o->asking = true;
        o->begun = false;
        o->next = 0;
        o->asked_at = 0;
    }
    ask_later(p);
}

/* Those that did not answer are asked again, as long as they are heard at all. */
static void ask_all(struct proxy *p)
{
    int64_t now = world_now(p->world);
    struct origin_state *o;
    bool again = false;
    if (!p->asked_all) { /* at the start: whoever is there */
        char to[SUBJECT];
        subject(to, "ctl.proxy.of", p->location);
        ask(p, to, 0);
        p->asked_all = true;
    }
    map_for_each (o, &p->origins) {
        if (o == p->own_origin || !wants(o))
            continue;
        if (now - o->heard_at > timer_duration(TIMER_PROXY_GONE)) {
            o->asking = false;
            o->number = o->heard;
            continue;
        }
        again = true;
        o->asking = true;
        if (now - o->asked_at >= timer_duration(TIMER_BINDINGS_ASK))
            ask_origin(p, o);
    }
    if (again)
        ask_later(p);
}

/* One of the others in turn, whether anything is missing or not. */
static void audit(struct proxy *p)
{
    struct origin_state *o, *next = NULL;
    size_t at = 0, index = 0;
    while ((o = map_next(&p->origins, &at)) != NULL) {
        bool living =
            world_now(p->world) - o->heard_at <= timer_duration(TIMER_PROXY_GONE) && o->heard_at != 0;
        if (o != p->own_origin && living && (next == NULL || index == p->audit_at))
            next = o;
        index++;
    }
    p->audit_at = index != 0 ? (p->audit_at + 1) % index : 0;
    if (next != NULL)
        want(p, next);
    proxy__registrar_timer(p, &p->audit_timer, REGISTRAR_TIMER_AUDIT, timer_duration(TIMER_BINDINGS_AUDIT));
}

/* ---- hearing ---- */

static void merge_all(struct proxy *p, Tandem__Binding **bindings, size_t count)
{
    struct binding_report r;
    for (size_t i = 0; i < count; i++)
        if (proxy__binding_read(p, &r, bindings[i]))
            (void)proxy__binding_merge(p, &r);
}

/* A proxy that was started anew counts anew, and may know more or less than its last life told. */
static void follow_life(struct proxy *p, struct origin_state *o, uint64_t incarnation)
{
    if (incarnation <= o->incarnation)
        return;
    o->incarnation = incarnation;
    o->number = o->heard = 0;
    o->asking = false;
    want(p, o);
}

/* What we have told comes back to us as to everybody. */
static bool is_own(const struct proxy *p, struct slice change)
{
    struct pack_field f;
    while (pack_next(&f, &change))
        if (f.number == FIELD_PROXY)
            return slice_equal(f.bytes, slice_text(p->name));
    return false;
}

static void change_input(struct proxy *p, struct slice bytes)
{
    if (is_own(p, bytes))
        return;
    const Tandem__BindingChange *c = pack_read(&tandem__binding_change__descriptor, bytes, &p->arena);
    struct origin_state *o = c != NULL ? proxy__origin(p, c->proxy) : NULL;
    if (o == NULL || o == p->own_origin || c->incarnation < o->incarnation)
        return;
    if (c->number == 0 && c->n_bindings != 0) { /* of another location: phones of ours that are there */
        merge_all(p, c->bindings, c->n_bindings);
        return;
    }
    follow_life(p, o, c->incarnation);
    o->heard_at = world_now(p->world);
    if (c->has_saved_at)
        o->saved_at = (int64_t)c->saved_at;
    if (c->number > o->heard) {
        if (c->n_bindings != 0 && c->number == o->number + 1)
            o->number = c->number;
        o->heard = c->number;
        merge_all(p, c->bindings, c->n_bindings); /* each is whole in itself: worth having after a gap too */
    }
    if (o->number < o->heard) {
        if (!o->asking)
            world_count(p->world, COUNTER_BINDING_GAPS, 1);
        want(p, o);
    }
}

/* Changes that are told after the first part of an answer come to us by themselves. */
static void part_came(struct proxy *p, struct origin_state *o, const Tandem__BindingSnapshot *s)
{
    if (!o->begun) {
        o->begun = true;
        o->number = s->number > o->number ? s->number : o->number;
        o->heard = o->number > o->heard ? o->number : o->heard;
    }
    if (s->last) {
        o->asking = o->begun = false;
        o->next = 0;
    } else if (s->has_next && s->next > o->next && s->next < PROXY_SLICES) {
        o->next = s->next;
        o->asking = true;
        ask_origin(p, o);
        ask_later(p);
    }
}

static void snapshot_input(struct proxy *p, struct slice bytes)
{
    const Tandem__BindingSnapshot *s = pack_read(&tandem__binding_snapshot__descriptor, bytes, &p->arena);
    struct origin_state *o = s != NULL ? proxy__origin(p, s->proxy) : NULL;
    if (o == NULL || o == p->own_origin)
        return;
    merge_all(p, s->bindings, s->n_bindings);
    world_count(p->world, COUNTER_BINDINGS_ASKED, s->n_bindings);
    if (s->incarnation >= o->incarnation) {
        if (s->incarnation > o->incarnation) {
            o->incarnation = s->incarnation;
            o->number = o->heard = 0;
            o->begun = false;
        }
        o->heard_at = world_now(p->world);
        part_came(p, o, s);
    }
    if (s->last)
        proxy__start_told(p);
}

static void control_input(struct proxy *p, struct slice bytes)
{
    char own[SUBJECT];
    const Tandem__Snapshot *question = pack_read(&tandem__snapshot__descriptor, bytes, &p->arena);
    subject(own, "ctl.proxy.bindings", p->name);
    if (question != NULL && strcmp(question->reply_to, own) != 0)
        proxy__snapshot_ask(p, question);
}

void proxy__share_open(struct proxy *p)
{
    char name[SUBJECT];
    subject(name, "reg", p->location);
    world_subscribe(p->world, slice_text(name), PROXY_TOKEN_BINDINGS);
    world_subscribe(p->world, SLICE("ctl.proxy.all"), PROXY_TOKEN_CONTROL); /* sessions ask there */
    subject(name, "ctl.proxy.of", p->location);
    world_subscribe(p->world, slice_text(name), PROXY_TOKEN_CONTROL_OF);
    subject(name, "ctl.proxy.ask", p->name);
    world_subscribe(p->world, slice_text(name), PROXY_TOKEN_CONTROL_ASK);
    subject(name, "ctl.proxy.bindings", p->name);
    world_subscribe(p->world, slice_text(name), PROXY_TOKEN_CONTROL_ANSWER);
    ask_later(p);
    proxy__registrar_timer(p, &p->beacon_timer, REGISTRAR_TIMER_BEACON, timer_duration(TIMER_PROXY_BEACON));
    proxy__registrar_timer(p, &p->audit_timer, REGISTRAR_TIMER_AUDIT, timer_duration(TIMER_BINDINGS_AUDIT));
}

static void timer_input(struct proxy *p, uint32_t timer)
{
    if (timer == REGISTRAR_TIMER_ASK)
        ask_all(p);
    else if (timer == REGISTRAR_TIMER_BEACON)
        beacon(p);
    else if (timer == REGISTRAR_TIMER_AUDIT)
        audit(p);
    else if (timer == REGISTRAR_TIMER_PUSH)
        proxy__snapshot_push(p);
    /* REGISTRAR_TIMER_TELL: what was gathered leaves at the end of the turn */
}

bool proxy__share_input(struct proxy *p, const struct input *in)
{
    if (in->kind == INPUT_TIMER && OBJECT_KIND(in->object) == PROXY_OBJECT_BINDINGS)
        timer_input(p, in->timer);
    else if (in->kind == INPUT_BUS && in->token == PROXY_TOKEN_BINDINGS)
        change_input(p, in->bytes);
    else if (in->kind == INPUT_BUS &&
             (in->token == PROXY_TOKEN_CONTROL || in->token == PROXY_TOKEN_CONTROL_OF ||
                 in->token == PROXY_TOKEN_CONTROL_ASK))
        control_input(p, in->bytes);
    else if (in->kind == INPUT_BUS && in->token == PROXY_TOKEN_CONTROL_ANSWER)
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
    buffer_free(&p->changes);
    world_timer_clear(&p->snapshot_timer);
    world_timer_clear(&p->beacon_timer);
    world_timer_clear(&p->tell_timer);
    world_timer_clear(&p->push_timer);
    world_timer_clear(&p->audit_timer);
}
