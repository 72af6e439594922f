/* Capacities are of a location, calls are counted by each proxy: so each says every second how many it has.
 * The same news feeds pages, tools and alarms. What a proxy said last is forgotten when it falls silent. */
#include <stdio.h>

#include "base/mem.h"
#include "roles/proxy/trunk/trunk_int.h"
#include "wire/event.pb-c.h"
#include "wire/pack.h"

#define TOGETHER 50U /* trunks in one message */
#define OTHERS 64U   /* proxies of a location */

struct other_calls {
    uint64_t token; /* of the trunk */
    unsigned calls;
};

/* Another proxy of the location. */
struct trunk_other {
    char name[PROXY_NAME];
    int64_t heard_at;
    struct map calls; /* struct other_calls by token */
};

/* ---- what others say ---- */

static void other_free(struct trunk_other *o)
{
    struct other_calls *c;
    map_for_each (c, &o->calls)
        mem_free(c);
    map_free(&o->calls);
    mem_free(o);
}

static unsigned calls_elsewhere(struct proxy *p, uint64_t token)
{
    const struct trunk_other *o;
    unsigned sum = 0;
    map_for_each (o, &p->trunks->others) {
        const struct other_calls *c = map_get_number(&o->calls, token);
        sum += c != NULL ? c->calls : 0;
    }
    return sum;
}

static void sum_up(struct proxy *p)
{
    struct trunk_state *s;
    map_for_each (s, &p->trunks->by_name)
        s->elsewhere = calls_elsewhere(p, s->token);
}

static struct trunk_other *other_of(struct proxy *p, const char *name)
{
    struct trunk_other *o = map_get(&p->trunks->others, slice_text(name));
    if (o != NULL || strlen(name) >= PROXY_NAME || map_count(&p->trunks->others) >= OTHERS)
        return o;
    o = mem_zero(sizeof *o);
    strcpy(o->name, name);
    map_put(&p->trunks->others, slice_text(o->name), o);
    return o;
}

static void heard(struct proxy *p, struct slice bytes)
{
    const Tandem__TrunkNews *news = pack_read(&tandem__trunk_news__descriptor, bytes, &p->arena);
    if (news == NULL || strcmp(news->proxy, p->name) == 0)
        return;
    struct trunk_other *o = other_of(p, news->proxy);
    if (o == NULL)
        return;
    o->heard_at = world_now(p->world);
    for (size_t i = 0; i < news->n_trunks; i++) {
        const struct trunk_state *s = trunk__state(p, slice_text(news->trunks[i]->name));
        if (s == NULL)
            continue; /* configured there already, or not any more */
        struct other_calls *c = map_get_number(&o->calls, s->token);
        if (c == NULL) {
            c = mem_zero(sizeof *c);
            c->token = s->token;
            map_put_number(&o->calls, c->token, c);
        }
        c->calls = news->trunks[i]->calls;
    }
    sum_up(p);
}

static void forget_silent(struct proxy *p)
{
    struct trunk_other *o;
    bool any = false;
    map_for_each (o, &p->trunks->others)
        if (o->heard_at + timer_duration(TIMER_TRUNK_OTHER) < world_now(p->world)) {
            map_remove(&p->trunks->others, slice_text(o->name));
            other_free(o);
            any = true;
        }
    if (any)
        sum_up(p);
}

/* ---- what we say ---- */

static void pack_reasons(struct proxy *p, const struct trunk_state *s, Tandem__TrunkState *to)
{
    to->reasons = arena_alloc(&p->arena, TRUNK_REASONS * sizeof *to->reasons);
    for (int i = 0; i < TRUNK_REASONS; i++) {
        if (s->reasons[i] == 0)
            continue;
        Tandem__TrunkReason *r = arena_alloc(&p->arena, sizeof *r);
        tandem__trunk_reason__init(r);
        r->name = (char *)(uintptr_t)trunk__reason_name((enum trunk_reason)i);
        r->count = s->reasons[i];
        to->reasons[to->n_reasons++] = r;
    }
}

static Tandem__TrunkState *pack(struct proxy *p, struct trunk_state *s)
{
    Tandem__TrunkState *to = arena_alloc(&p->arena, sizeof *to);
    tandem__trunk_state__init(to);
    to->name = s->name;
    to->calls = s->calls;
    to->has_watch = to->has_watch_since = to->has_registration = to->has_registration_since = true;
    to->has_calls_in = to->has_calls_out = true;
    to->watch = (Tandem__TrunkWatch)s->watch;
    to->watch_since = (uint64_t)s->watch_since;
    to->registration = (Tandem__TrunkRegistration)s->registering;
    to->registration_since = (uint64_t)s->registering_since;
    to->has_registered_until = s->registered_until != 0;
    to->registered_until = (uint64_t)s->registered_until;
    to->calls_in = s->counts[0];
    to->calls_out = s->counts[1];
    to->error = s->error[0] != '\0' ? s->error : NULL;
    to->has_error_at = s->error_at != 0;
    to->error_at = (uint64_t)s->error_at;
    pack_reasons(p, s, to);
    return to;
}

static void publish(struct proxy *p, Tandem__TrunkState **states, size_t count)
{
    char subject[CONFIG_NAME_MAX + 16];
    struct buffer bytes = {0};
    Tandem__TrunkNews news = TANDEM__TRUNK_NEWS__INIT;
    news.proxy = p->name;
    news.location = p->location;
    news.incarnation = p->incarnation;
    news.trunks = states;
    news.n_trunks = count;
    pack_add(&bytes, &news.base);
    snprintf(subject, sizeof subject, "trunk.%s", p->location);
    world_publish(p->world, slice_text(subject), buffer_slice(&bytes));
    buffer_free(&bytes);
}

static void tell(struct proxy *p)
{
    Tandem__TrunkState *states[TOGETHER];
    struct trunk_state *s;
    size_t count = 0;
    map_for_each (s, &p->trunks->by_name) {
        states[count++] = pack(p, s);
        if (count == TOGETHER) {
            publish(p, states, count);
            count = 0;
        }
    }
    if (count != 0)
        publish(p, states, count);
}

static void later(struct proxy *p)
{
    world_timer_set(p->world, &p->trunks->share_timer, OBJECT(PROXY_OBJECT_TRUNK, 0), TRUNK_TIMER_SHARE,
        world_now(p->world) + timer_duration(TIMER_TRUNK_SHARE));
}

static void measure_one(struct world *w, const struct trunk_state *s)
{
    const struct config_trunk *t = trunk__config(s);
    world_measure(w, MEASURE_TRUNK_CALLS, s->name, NULL, s->calls);
    world_measure(w, MEASURE_TRUNK_CAPACITY, s->name, NULL, t != NULL ? t->capacity : 0);
    world_measure(w, MEASURE_TRUNK_UP, s->name, NULL, s->watch != WATCH_DOWN);
    world_measure(w, MEASURE_TRUNK_REGISTERED, s->name, NULL, s->registering == REGISTERING_DONE);
    world_measure(w, MEASURE_TRUNK_BEGUN, s->name, "in", s->counts[0]);
    world_measure(w, MEASURE_TRUNK_BEGUN, s->name, "out", s->counts[1]);
    for (int i = 0; i < TRUNK_REASONS; i++)
        if (s->reasons[i] != 0)
            world_measure(
                w, MEASURE_TRUNK_LOST, s->name, trunk__reason_name((enum trunk_reason)i), s->reasons[i]);
}

static void measure(struct proxy *p)
{
    struct trunk_state *s;
    uint64_t down = 0;
    world_measures_clear(p->world);
    map_for_each (s, &p->trunks->by_name) {
        down += s->watch == WATCH_DOWN;
        measure_one(p->world, s);
    }
    world_gauge(p->world, GAUGE_TRUNKS, map_count(&p->trunks->by_name));
    world_gauge(p->world, GAUGE_TRUNKS_DOWN, down);
    world_gauge(p->world, GAUGE_TRUNK_CALLS, p->trunks->call_count);
}

void trunk__share_due(struct proxy *p)
{
    trunk__calls_sweep(p);
    forget_silent(p);
    measure(p);
    tell(p);
    later(p);
}

/* ---- the life of it ---- */

void trunk__share_open(struct proxy *p)
{
    char subject[CONFIG_NAME_MAX + 16];
    snprintf(subject, sizeof subject, "trunk.%s", p->location);
    world_subscribe(p->world, slice_text(subject), PROXY_TOKEN_TRUNKS);
    later(p);
}

bool trunk__share_input(struct proxy *p, const struct input *in)
{
    if (in->kind != INPUT_BUS || in->token != PROXY_TOKEN_TRUNKS)
        return false;
    heard(p, in->bytes);
    return true;
}

void trunk__share_close(struct proxy *p)
{
    struct trunk_other *o;
    world_timer_clear(&p->trunks->share_timer);
    map_for_each (o, &p->trunks->others)
        other_free(o);
    map_free(&p->trunks->others);
}
