#include "roles/proxy/trunk/trunk.h"

#include <stdarg.h>
#include <stdio.h>

#include "base/hash.h"
#include "base/log.h"
#include "base/mem.h"
#include "roles/proxy/trunk/trunk_int.h"

static const struct {
    const char *name, *text;
} reasons[TRUNK_REASONS] = {
#define REASON(symbol, name, text) {name, text},
#include "roles/proxy/trunk/reason.def"
#undef REASON
};

const char *trunk__reason_name(enum trunk_reason reason)
{
    return reasons[reason].name;
}

const char *trunk__reason_text(enum trunk_reason reason)
{
    return reasons[reason].text;
}

uint64_t trunk__token(struct slice name)
{
    return hash_stable(name);
}

const struct config_location *trunk__location(struct proxy *p)
{
    return config_location(world_configuration(p->world), slice_text(p->location));
}

/* ---- states by name ---- */

const struct config_trunk *trunk__config(const struct trunk_state *s)
{
    return config_trunk(world_configuration(s->proxy->world), slice_text(s->name));
}

const struct config_trunk *trunk__by_token(struct proxy *p, uint64_t token)
{
    struct trunk_state *s;
    map_for_each (s, &p->trunks->by_name)
        if (s->token == token)
            return trunk__config(s);
    return NULL;
}

struct trunk_state *trunk__state(struct proxy *p, struct slice name)
{
    return map_get(&p->trunks->by_name, name);
}

struct trunk_state *trunk__state_of(struct proxy *p, uint64_t number)
{
    return map_get_number(&p->trunks->by_number, number);
}

static struct trunk_state *state_new(struct proxy *p, struct slice name)
{
    struct trunk_state *s = mem_zero(sizeof *s);
    slice_put(s->name, slice_first(name, sizeof s->name - 1));
    s->proxy = p;
    s->number = ++p->trunks->next_number;
    s->token = trunk__token(name);
    s->watch_since = s->registering_since = world_now(p->world);
    map_put(&p->trunks->by_name, slice_text(s->name), s);
    map_put_number(&p->trunks->by_number, s->number, s);
    return s;
}

static void state_free(struct trunk_state *s)
{
    struct trunks *ts = s->proxy->trunks;
    map_remove(&ts->by_name, slice_text(s->name));
    map_remove_number(&ts->by_number, s->number);
    world_timer_clear(&s->watch_timer);
    world_timer_clear(&s->register_timer);
    mem_free(s);
}

void trunk__note(struct trunk_state *s, enum trunk_reason reason, const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(s->error, sizeof s->error, format, arguments);
    va_end(arguments);
    s->error_at = world_now(s->proxy->world);
    s->reasons[reason]++;
    if (reason == TRUNK_FOREIGN_REALM)
        world_count(s->proxy->world, COUNTER_TRUNK_FOREIGN, 1);
    world_count(s->proxy->world, COUNTER_TRUNK_FAILED, 1);
    LOG(LOG_INFO, "proxy/trunk", "%s: %s", s->name, s->error);
}

/* ---- the configuration ---- */

static bool is_ours(struct proxy *p, const struct config_trunk *t)
{
    return t->location != NULL && slice_equal(t->location->name, slice_text(p->location)) &&
           t->name.length < CONFIG_NAME_MAX;
}

/* Only proxies that have something to register ask who does it. */
static void compete(struct proxy *p, bool wanted)
{
    struct trunks *ts = p->trunks;
    char key[LEAD_NAME];
    if (wanted == ts->competes)
        return;
    ts->competes = wanted;
    if (!wanted) {
        lead_close(&ts->lead);
        ts->leads = false;
        return;
    }
    snprintf(key, sizeof key, "lead/trunks/%.48s", p->location);
    lead_open(&ts->lead, p->world,
        &(struct lead_setup){.key = slice_text(key),
            .name = slice_text(p->name),
            .object = OBJECT(PROXY_OBJECT_TRUNK_LEAD, 0),
            .token = PROXY_TOKEN_TRUNK_LEAD});
}

static void follow_states(struct proxy *p)
{
    struct trunk_state *s;
    map_for_each (s, &p->trunks->by_name) {
        trunk__watch_follow(s);
        trunk__register_follow(s);
    }
}

void trunk_follow(struct proxy *p)
{
    const struct config_trunk *t;
    struct trunk_state *s;
    bool registers = false;
    for (size_t at = 0; (t = config_next_trunk(world_configuration(p->world), &at)) != NULL;) {
        if (!is_ours(p, t))
            continue;
        s = trunk__state(p, t->name);
        if (s == NULL)
            s = state_new(p, t->name);
        memset(s->group, 0, sizeof s->group);
        if (t->group != NULL)
            slice_put(s->group, slice_first(t->group->name, sizeof s->group - 1));
        registers = registers || (t->registers && !t->disabled);
    }
    map_for_each (s, &p->trunks->by_name) {
        t = trunk__config(s);
        if (t == NULL || !is_ours(p, t))
            state_free(s);
    }
    trunk__sources_follow(p);
    compete(p, registers);
    follow_states(p);
}

/* ---- the life of the room ---- */

void trunk_open(struct proxy *p)
{
    struct trunks *ts = p->trunks = mem_zero(sizeof *p->trunks);
    list_init(&ts->dialled);
    pool_init(&ts->call_pool, "trunk call", sizeof(struct trunk_call));
    trunk_follow(p);
    trunk__share_open(p);
}

static void due(struct proxy *p, const struct input *in)
{
    uint64_t number = OBJECT_INDEX(in->object);
    struct trunk_state *s = trunk__state_of(p, number);
    if (OBJECT_KIND(in->object) == PROXY_OBJECT_TRUNK_TRY)
        trunk__try_due(p, number);
    else if (s != NULL && in->timer == TRUNK_TIMER_WATCH)
        trunk__watch_due(s);
    else if (s != NULL && in->timer == TRUNK_TIMER_REGISTER)
        trunk__register_due(s);
    else if (in->timer == TRUNK_TIMER_SHARE)
        trunk__share_due(p);
}

bool trunk_input(struct proxy *p, const struct input *in)
{
    struct trunks *ts = p->trunks;
    if (ts->competes && lead_input(&ts->lead, in)) {
        if (ts->leads != lead_is(&ts->lead)) {
            ts->leads = lead_is(&ts->lead);
            follow_states(p);
        }
        return true;
    }
    bool ours = in->kind == INPUT_TIMER && (OBJECT_KIND(in->object) == PROXY_OBJECT_TRUNK ||
                                               OBJECT_KIND(in->object) == PROXY_OBJECT_TRUNK_TRY);
    if (ours)
        due(p, in);
    return ours || trunk__share_input(p, in);
}

void trunk_audit(struct proxy *p, struct buffer *out)
{
    const struct trunk_state *s;
    map_for_each (s, &p->trunks->by_name)
        buffer_add_format(out, "trunk %s calls=%u\n", s->name, s->calls);
}

void trunk_listens(struct proxy *p)
{
    follow_states(p);
}

void trunk_close(struct proxy *p)
{
    struct trunks *ts = p->trunks;
    struct trunk_state *s;
    if (ts->competes)
        lead_close(&ts->lead);
    trunk__share_close(p);
    map_for_each (s, &ts->by_name)
        state_free(s);
    map_free(&ts->by_name);
    map_free(&ts->by_number);
    trunk__calls_close(p);
    mem_free(ts->sources);
    mem_free(ts);
    p->trunks = NULL;
}
