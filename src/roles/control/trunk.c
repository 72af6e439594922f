/* What proxies say of their trunks: kept by trunk and proxy, shown as one line a trunk, and judged. */
#include <inttypes.h>
#include <stdio.h>

#include "base/mem.h"
#include "roles/control/control_int.h"
#include "wire/event.pb-c.h"
#include "wire/json.h"
#include "wire/pack.h"

#define REASONS 16U

struct control_trunk { /* of one proxy */
    char key[CONTROL_NAME * 2 + 2], name[CONTROL_NAME], proxy[CONTROL_NAME];
    int64_t heard_at, watch_since, registration_since, registered_until, error_at;
    uint8_t watch, registration;
    unsigned calls, reason_count;
    uint64_t calls_in, calls_out;
    char error[CONTROL_TEXT];
    struct {
        char name[24];
        uint64_t count;
    } reasons[REASONS];
};

/* ---- what is heard ---- */

static struct control_trunk *trunk_of(struct control *c, const char *name, const char *proxy)
{
    char key[CONTROL_NAME * 2 + 2];
    snprintf(key, sizeof key, "%.63s %.63s", name, proxy);
    struct control_trunk *t = map_get(&c->trunks, slice_text(key));
    if (t != NULL || map_count(&c->trunks) >= CONTROL_TRUNKS)
        return t;
    t = mem_zero(sizeof *t);
    strcpy(t->key, key);
    control__copy(t->name, sizeof t->name, slice_text(name));
    control__copy(t->proxy, sizeof t->proxy, slice_text(proxy));
    map_put(&c->trunks, slice_text(t->key), t);
    return t;
}

static void take(struct control *c, struct control_trunk *t, const Tandem__TrunkState *m)
{
    t->heard_at = world_now(c->world);
    t->watch = (uint8_t)m->watch;
    t->watch_since = (int64_t)m->watch_since;
    t->registration = (uint8_t)m->registration;
    t->registration_since = (int64_t)m->registration_since;
    t->registered_until = (int64_t)m->registered_until;
    t->calls = m->calls;
    t->calls_in = m->calls_in;
    t->calls_out = m->calls_out;
    t->error_at = (int64_t)m->error_at;
    control__copy(t->error, sizeof t->error, slice_text(m->error != NULL ? m->error : ""));
    t->reason_count = 0;
    for (size_t i = 0; i < m->n_reasons && i < REASONS; i++) {
        control__copy(t->reasons[i].name, sizeof t->reasons[i].name, slice_text(m->reasons[i]->name));
        t->reasons[t->reason_count++].count = m->reasons[i]->count;
    }
}

void control__trunk_news(struct control *c, struct slice bytes)
{
    const Tandem__TrunkNews *news = pack_read(&tandem__trunk_news__descriptor, bytes, &c->arena);
    for (size_t i = 0; news != NULL && i < news->n_trunks; i++) {
        struct control_trunk *t = trunk_of(c, news->trunks[i]->name, news->proxy);
        if (t != NULL)
            take(c, t, news->trunks[i]);
    }
}

void control__trunks_sweep(struct control *c)
{
    struct control_trunk *t;
    int64_t before = world_now(c->world) - timer_duration(TIMER_TRUNK_OTHER);
    map_for_each (t, &c->trunks)
        if (t->heard_at < before) {
            map_remove(&c->trunks, slice_text(t->key));
            mem_free(t);
        }
}

void control__trunks_free(struct control *c)
{
    struct control_trunk *t;
    map_for_each (t, &c->trunks)
        mem_free(t);
    map_free(&c->trunks);
}

/* ---- all proxies together ---- */

struct sum {
    unsigned proxies, up, down, calls;
    uint64_t in, out;
    int64_t since;
    const struct control_trunk *registers, *failed; /* who does it; the last error */
};

static struct sum sum_of(const struct control *c, const struct config_trunk *of)
{
    struct sum s = {.proxies = 0};
    const struct control_trunk *t;
    map_for_each (t, &c->trunks) {
        if (!slice_equal(slice_text(t->name), of->name))
            continue;
        s.proxies++;
        s.up += t->watch != TANDEM__TRUNK_WATCH__TRUNK_DOWN;
        s.down += t->watch == TANDEM__TRUNK_WATCH__TRUNK_DOWN;
        s.calls += t->calls;
        s.in += t->calls_in;
        s.out += t->calls_out;
        if (t->watch_since > s.since)
            s.since = t->watch_since;
        if (t->registration != TANDEM__TRUNK_REGISTRATION__TRUNK_NOT_REGISTERING)
            s.registers = t;
        if (t->error_at != 0 && (s.failed == NULL || t->error_at > s.failed->error_at))
            s.failed = t;
    }
    return s;
}

/* One proxy that reaches it is enough for the trunk to be of use. */
static const char *state_of(const struct config_trunk *t, const struct sum *s)
{
    return t->disabled                                        ? "disabled"
           : s->proxies == 0                                  ? "unknown"
           : s->up == 0                                       ? "out-of-service"
           : s->down != 0                                     ? "degraded"
           : t->options_interval == 0 || slice_empty(t->host) ? "not-asked"
                                                              : "in-service";
}

void control__trunk_rules(struct control *c)
{
    const struct config_trunk *t;
    for (size_t at = 0; (t = config_next_trunk(world_configuration(c->world), &at)) != NULL;) {
        char name[CONTROL_NAME];
        if (t->disabled || t->location == NULL || !slice_equal(t->location->name, slice_text(c->location)))
            continue;
        struct sum s = sum_of(c, t);
        control__copy(name, sizeof name, t->name);
        if (s.proxies != 0 && s.up == 0)
            control__wrong(c, CONTROL_ALARM_TRUNK_DOWN, name, "trunk %s does not answer any proxy of %s",
                name, c->location);
        if (t->registers && s.registers != NULL &&
            s.registers->registration == TANDEM__TRUNK_REGISTRATION__TRUNK_WAITING)
            control__wrong(c, CONTROL_ALARM_TRUNK_UNREGISTERED, name, "we are not registered at trunk %s: %s",
                name, s.registers->error);
        if (t->capacity != 0 && s.calls >= t->capacity)
            control__wrong(c, CONTROL_ALARM_TRUNK_FULL, name, "trunk %s has all of its %u calls", name,
                (unsigned)t->capacity);
    }
}

/* ---- what is shown ---- */

static void add_name(struct buffer *out, const char *name, struct slice value)
{
    buffer_add_format(out, ",\"%s\":", name);
    json_add_string(out, value);
}

static void add_time(struct buffer *out, const char *name, int64_t time)
{
    if (time != 0)
        buffer_add_format(out, ",\"%s\":\"%" PRId64 "\"", name, time);
}

static uint64_t reason_of(const struct control *c, const struct config_trunk *of, const char *name)
{
    const struct control_trunk *t;
    uint64_t sum = 0;
    map_for_each (t, &c->trunks)
        for (unsigned i = 0; i < t->reason_count && slice_equal(slice_text(t->name), of->name); i++)
            sum += strcmp(t->reasons[i].name, name) == 0 ? t->reasons[i].count : 0;
    return sum;
}

/* Each reason once, whoever says it. */
static void add_reasons(const struct control *c, struct buffer *out, const struct config_trunk *of)
{
    const struct control_trunk *t;
    char said[REASONS][24];
    unsigned count = 0;
    buffer_add_text(out, ",\"reasons\":{");
    map_for_each (t, &c->trunks)
        for (unsigned i = 0; i < t->reason_count && slice_equal(slice_text(t->name), of->name); i++) {
            unsigned k = 0;
            while (k < count && strcmp(said[k], t->reasons[i].name) != 0)
                k++;
            if (k < count || count == REASONS)
                continue;
            strcpy(said[count], t->reasons[i].name);
            buffer_add_text(out, count++ != 0 ? "," : "");
            json_add_string(out, slice_text(t->reasons[i].name));
            buffer_add_format(out, ":%" PRIu64, reason_of(c, of, t->reasons[i].name));
        }
    buffer_add_byte(out, '}');
}

static void add_trunk(const struct control *c, struct buffer *out, const struct config_trunk *t)
{
    static const char *const registrations[] = {"", "asking", "registered", "refused"};
    struct sum s = sum_of(c, t);
    buffer_add_text(out, "{\"name\":");
    json_add_string(out, t->name);
    add_name(out, "location", t->location->name);
    add_name(out, "group", t->group != NULL ? t->group->name : SLICE(""));
    add_name(out, "host", t->host);
    add_name(out, "state", slice_text(state_of(t, &s)));
    add_time(out, "since", s.since);
    buffer_add_format(out,
        ",\"calls\":%u,\"capacity\":%u,\"calls_in\":%" PRIu64 ",\"calls_out\":%" PRIu64 ",\"proxies\":%u",
        s.calls, (unsigned)t->capacity, s.in, s.out, s.proxies);
    if (t->registers) {
        unsigned state = s.registers != NULL ? s.registers->registration : 0;
        add_name(out, "registration", slice_text(state == 0 || state > 3 ? "none" : registrations[state]));
        if (s.registers != NULL) {
            add_name(out, "registered_by", slice_text(s.registers->proxy));
            add_time(out, "registered_until", s.registers->registered_until);
        }
    }
    if (s.failed != NULL) {
        add_name(out, "error", slice_text(s.failed->error));
        add_time(out, "error_at", s.failed->error_at);
    }
    add_reasons(c, out, t);
    buffer_add_byte(out, '}');
}

void control__add_trunks(struct control *c, struct buffer *out)
{
    const struct config_trunk *t;
    const char *before = "";
    buffer_add_text(out, "{\"trunks\":[");
    for (size_t at = 0; (t = config_next_trunk(world_configuration(c->world), &at)) != NULL;) {
        buffer_add_text(out, before);
        add_trunk(c, out, t);
        before = ",";
    }
    buffer_add_text(out, "]}");
}
