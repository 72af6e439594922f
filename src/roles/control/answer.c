/* What is answered, as JSON. Times are texts of µs since the epoch, as everywhere. */
#include <inttypes.h>

#include "roles/control/control_int.h"
#include "wire/json.h"
#include "wire/pack.h"

static void add_text(struct buffer *out, const char *name, const char *value)
{
    buffer_add_format(out, ",\"%s\":", name);
    json_add_string(out, slice_text(value));
}

static void add_time(struct buffer *out, const char *name, int64_t time)
{
    if (time != 0)
        buffer_add_format(out, ",\"%s\":\"%" PRId64 "\"", name, time);
}

/* ---- alarms ---- */

void control__add_alarm(struct buffer *out, const Tandem__Alarm *a)
{
    enum control_alarm_kind kind;
    buffer_add_format(out, "{\"id\":%" PRIu64, a->id);
    add_text(out, "alarm", a->name);
    add_text(out, "severity", a->severity);
    add_text(out, "object", a->object);
    add_text(out, "text", a->text);
    if (control__alarm_find(&kind, a->name) == 0)
        add_text(out, "advice", control__alarm_rows[kind].advice);
    add_time(out, "raised_at", a->raised_at);
    add_time(out, "cleared_at", a->cleared_at);
    add_time(out, "acknowledged_at", a->acknowledged_at);
    if (a->acknowledged_by != NULL)
        add_text(out, "acknowledged_by", a->acknowledged_by);
    buffer_add_byte(out, '}');
}

/* Raised ones that have a number: others are just being raised. */
static bool is_shown(const struct control_alarm *a)
{
    return a->id != 0 && (a->state == ALARM_ST_RAISED || a->state == ALARM_ST_CLEARING);
}

/* The newest first. */
void control__add_alarms(struct control *c, struct buffer *out)
{
    const struct control_alarm *a, *next;
    uint64_t below = UINT64_MAX;
    const char *before = "";
    buffer_add_text(out, "{\"location\":");
    json_add_string(out, slice_text(c->location));
    buffer_add_text(out, ",\"alarms\":[");
    do {
        next = NULL;
        map_for_each (a, &c->alarms)
            if (is_shown(a) && a->id < below && (next == NULL || a->id > next->id))
                next = a;
        if (next != NULL) {
            below = next->id;
            buffer_add_text(out, before);
            control__add_alarm(out, control__alarm_message(next, &c->arena));
            before = ",";
        }
    } while (next != NULL);
    buffer_add_text(out, "]}");
}

static void add_counts(const struct control *c, struct buffer *out)
{
    const struct control_alarm *a;
    unsigned counts[3] = {0}, open = 0;
    map_for_each (a, &c->alarms) {
        if (!is_shown(a))
            continue;
        counts[control__alarm_rows[a->kind].severity]++;
        open += a->acknowledged_at == 0;
    }
    buffer_add_format(out, "{\"critical\":%u,\"major\":%u,\"minor\":%u,\"unacknowledged\":%u}", counts[0],
        counts[1], counts[2], open);
}

/* ---- status ---- */

static void add_parts(struct buffer *out, const struct control_member *m)
{
    for (unsigned p = 0; p < m->part_count; p++) {
        buffer_add_format(out, "%s{\"health\":\"%s\"", p != 0 ? "," : "", m->parts[p].away ? "down" : "ok");
        add_text(out, "what", m->parts[p].what);
        add_time(out, "since", m->parts[p].since);
        if (m->parts[p].away)
            add_text(out, "why", m->parts[p].why);
        buffer_add_byte(out, '}');
    }
}

static const char *member_health(const struct control *c, const struct control_member *m)
{
    if (control__silent(c, m))
        return c->deaf ? "unknown" : "down";
    for (unsigned p = 0; p < m->part_count; p++)
        if (m->parts[p].away)
            return "degraded";
    return "ok";
}

static void add_member(struct control *c, struct buffer *out, const struct control_member *m)
{
    buffer_add_format(out, "{\"health\":\"%s\"", member_health(c, m));
    add_text(out, "name", m->name);
    add_text(out, "location", m->location);
    add_text(out, "version", m->version);
    add_time(out, "started_at", m->started_at);
    add_time(out, "heard_at", m->heard_at);
    add_time(out, "certificate_until", m->certificate_until);
    buffer_add_format(out, ",\"clock_milliseconds\":%" PRId64, m->clock / 1000);
    if (m->disk_size != 0)
        buffer_add_format(
            out, ",\"disk_size\":\"%" PRIu64 "\",\"disk_free\":\"%" PRIu64 "\"", m->disk_size, m->disk_free);
    if (m->configuration != 0)
        buffer_add_format(out, ",\"configuration\":\"%" PRIu64 "\"", m->configuration);
    buffer_add_text(out, ",\"parts\":[");
    add_parts(out, m);
    buffer_add_text(out, "]}");
}

/* Proxies: where phones register, for whoever sets up the first one. */
static void add_listen(struct buffer *out, const struct config_application *a)
{
    buffer_add_text(out, ",\"listen\":[");
    for (size_t i = 0; i < a->listen.count; i++) {
        buffer_add_text(out, i != 0 ? "," : "");
        json_add_string(out, a->listen.items[i]);
    }
    buffer_add_byte(out, ']');
}

static void add_instance(struct control *c, struct buffer *out, const struct config_application *a)
{
    const struct control_instance *i = map_get(&c->instances, a->name);
    enum control_health health = i != NULL ? i->health : CONTROL_UNKNOWN;
    buffer_add_format(out, "{\"role\":\"%s\",\"name\":", config_role_name((enum config_role)a->role));
    json_add_string(out, a->name);
    buffer_add_text(out, ",\"location\":");
    json_add_string(out, a->location->name);
    if (!slice_empty(a->pair)) {
        buffer_add_text(out, ",\"pair\":");
        json_add_string(out, a->pair);
    }
    buffer_add_format(out, ",\"health\":\"%s\"", control__health_name(health));
    if (i != NULL && i->member != NULL) {
        add_text(out, "member", i->member->name);
    } else if (!slice_empty(a->member)) {
        buffer_add_text(out, ",\"member\":");
        json_add_string(out, a->member);
    }
    if (i != NULL) {
        add_text(out, "state", i->state);
        add_text(out, "why", i->health_why);
        add_time(out, "since", i->health_since);
    }
    if (a->role == CONFIG_ROLE_PROXY)
        add_listen(out, a);
    buffer_add_byte(out, '}');
}

void control__add_status(struct control *c, struct buffer *out)
{
    const struct configuration *configuration = world_configuration(c->world);
    const struct config_application *a;
    const struct control_member *m;
    const char *before = "";
    buffer_add_text(out, "{\"version\":\"" TANDEM_VERSION "\",\"location\":");
    json_add_string(out, slice_text(c->location));
    add_text(out, "control", c->name);
    buffer_add_text(out, ",\"instances\":[");
    for (unsigned role = 0; role < CONFIG_ROLE_COUNT; role++)
        for (size_t at = 0;
             (a = config_next_application(configuration, (enum config_role)role, &at)) != NULL;) {
            buffer_add_text(out, before);
            add_instance(c, out, a);
            before = ",";
        }
    before = "";
    buffer_add_text(out, "],\"members\":[");
    map_for_each (m, &c->members) {
        buffer_add_text(out, before);
        add_member(c, out, m);
        before = ",";
    }
    buffer_add_text(out, "],\"alarms\":");
    add_counts(c, out);
    buffer_add_byte(out, '}');
}

void control__answer(
    struct control *c, const char *reply_to, uint64_t token, unsigned status, struct slice body)
{
    Tandem__ConfigAnswer m = TANDEM__CONFIG_ANSWER__INIT;
    struct buffer packed = {0};
    m.token = token;
    m.status = status;
    m.content_type = (char[]){"application/json"};
    m.has_body = true;
    m.body = pack_bytes(body);
    pack_add(&packed, &m.base);
    world_publish(c->world, slice_text(reply_to), buffer_slice(&packed));
    buffer_free(&packed);
}
