/* Devices and calls as JSON. */
#include "roles/session/session_int.h"

#include <inttypes.h>

#include "wire/json.h"

static void add_member(struct buffer *out, const char *name, struct slice value)
{
    buffer_add_format(out, ",\"%s\":", name);
    json_add_string(out, value);
}

static void add_time(struct buffer *out, const char *name, int64_t time)
{
    buffer_add_format(out, time != 0 ? ",\"%s\":\"%" PRId64 "\"" : ",\"%s\":null", name, time);
}

static const char *device_state_name(unsigned state)
{
    static const char *const names[] = {
        [TANDEM__DEVICE_STATE__OUT_OF_SERVICE] = "out_of_service",
        [TANDEM__DEVICE_STATE__IDLE] = "idle",
        [TANDEM__DEVICE_STATE__RINGING] = "ringing",
        [TANDEM__DEVICE_STATE__DIALLING] = "dialling",
        [TANDEM__DEVICE_STATE__TALKING] = "talking",
        [TANDEM__DEVICE_STATE__HELD] = "held",
    };
    return names[state];
}

/* 16 hexadecimal digits, as in the history. */
void view__add_call_id(struct buffer *out, uint64_t call_id)
{
    buffer_add_format(out, "\"%016" PRIx64 "\"", call_id);
}

void view__add_device(struct buffer *out, const struct device *d)
{
    buffer_add_text(out, "{\"dn\":");
    json_add_string(out, d->dn);
    add_member(out, "name", d->name);
    add_member(out, "state", slice_text(device_state_name(d->state)));
    buffer_add_text(out, view__registered(d) ? ",\"registered\":true" : ",\"registered\":false");
    buffer_add_text(out, ",\"contacts\":[");
    const char *before = "{\"uri\":";
    list_for_each (link, &d->contacts) {
        const struct contact *c = list_entry(link, struct contact, of_device);
        buffer_add_text(out, before);
        json_add_string(out, c->uri);
        add_member(out, "transport", c->transport);
        add_member(out, "proxy", c->origin->name);
        add_time(out, "expires_at", c->expires_at);
        buffer_add_byte(out, '}');
        before = ",{\"uri\":";
    }
    buffer_add_text(out, "],\"call_ids\":[");
    before = "";
    list_for_each (link, &d->calls) {
        buffer_add_text(out, before);
        view__add_call_id(out, list_entry(link, struct view_leg, link)->call->call_id);
        before = ",";
    }
    buffer_add_byte(out, ']');
    add_time(out, "since", d->since);
    buffer_add_byte(out, '}');
}

void view__add_call(struct buffer *out, const struct view_call *c)
{
    buffer_add_text(out, "{\"call_id\":");
    view__add_call_id(out, c->call_id);
    add_member(out, "state", slice_text(view__call_states[c->state]));
    add_member(out, "from", c->from.device->dn);
    add_member(out, "to", c->to.device->dn);
    add_time(out, "started_at", c->started_at);
    add_time(out, "answered_at", c->answered_at);
    add_member(out, "node", c->origin->name);
    add_member(out, "location", c->location);
    if (c->attributes.length != 0) {
        buffer_add_text(out, ",\"attributes\":");
        buffer_add(out, c->attributes);
    }
    buffer_add_byte(out, '}');
}
