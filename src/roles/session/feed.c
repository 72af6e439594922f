/* Changes to browsers: gathered for a moment, encoded once, kept for those that come back. How far a browser
 * is, is known by its pongs: each carries what we wrote into the ping. */
#include "roles/session/session_int.h"

#include <inttypes.h>

#include "wire/browser.pb-c.h"
#include "wire/json.h"

void session__feed_changed(struct session *s)
{
    buffer_free(&s->feed.snapshot);
    if (!wheel_runs(&s->feed.batch.wheel))
        world_timer_set(s->world, &s->feed.batch, session__object(SESSION_OBJECT_SELF, 0),
            TIMER_SESSION_BATCH, world_now(s->world) + timer_duration(TIMER_SESSION_BATCH));
}

/* ---- encoding ---- */

/* The first byte of each array element but the first is a comma. */
static void separate(struct buffer *out)
{
    if (out->length != 0)
        buffer_add_byte(out, ',');
}

static void add_array(struct buffer *out, const char *name, struct buffer *elements)
{
    buffer_add_format(out, ",\"%s\":[", name);
    buffer_add(out, buffer_slice(elements));
    buffer_add_byte(out, ']');
    buffer_free(elements);
}

static void keep(struct session *s, struct slice text)
{
    struct feed *f = &s->feed;
    struct buffer *place = &f->ring[f->number % SESSION_RING];
    f->ring_bytes -= place->length;
    buffer_free(place);
    websocket_add_frame(place, WEBSOCKET_TEXT, text);
    f->ring_bytes += place->length;
    if (f->oldest + SESSION_RING <= f->number)
        f->oldest = f->number - SESSION_RING + 1;
    while (f->ring_bytes > SESSION_RING_BYTES && f->oldest < f->number) {
        place = &f->ring[f->oldest++ % SESSION_RING];
        f->ring_bytes -= place->length;
        buffer_free(place);
    }
}

/* One message with at most SESSION_WALK objects; false when there was nothing worth telling. */
static bool encode_changes(struct session *s, struct buffer *out)
{
    struct buffer devices = {0}, calls = {0}, devices_gone = {0}, calls_gone = {0};
    struct list *link, ended; /* calls that begin and end in this message: their end follows in the next */
    size_t count = 0;
    list_init(&ended);
    while ((link = list_first(&s->view.changed_calls)) != NULL && count++ < SESSION_WALK) {
        struct view_call *c = list_entry(link, struct view_call, changed);
        bool ends = c->ends && !c->gone;
        if (!c->gone) {
            separate(&calls);
            view__add_call(&calls, c);
        } else if (c->told) {
            separate(&calls_gone);
            view__add_call_id(&calls_gone, c->call_id);
        }
        view__call_told(s, c);
        if (ends)
            list_append(&ended, &c->changed);
    }
    while ((link = list_first(&s->view.changed_devices)) != NULL && count++ < SESSION_WALK) {
        struct device *d = list_entry(link, struct device, changed);
        if (d->configured) {
            separate(&devices);
            view__add_device(&devices, d);
        } else if (d->told) {
            separate(&devices_gone);
            json_add_string(&devices_gone, d->dn);
        }
        view__device_told(s, d);
    }
    while ((link = list_first(&ended)) != NULL) {
        list_remove(link);
        view__call_gone(s, list_entry(link, struct view_call, changed));
    }
    bool any = devices.length + calls.length + devices_gone.length + calls_gone.length != 0;
    buffer_add_format(out, "{\"changes\":{\"number\":\"%" PRIu64 "\"", s->feed.number + 1);
    add_array(out, "devices", &devices);
    add_array(out, "calls", &calls);
    add_array(out, "calls_gone", &calls_gone);
    add_array(out, "devices_gone", &devices_gone);
    buffer_add_text(out, "}}");
    return any;
}

static void deliver_later(struct session *s)
{
    if (!s->feed.delivering)
        world_again(s->world, SESSION_AGAIN_DELIVER);
    s->feed.delivering = true;
}

void session__feed_flush(struct session *s)
{
    struct feed *f = &s->feed;
    struct buffer text = {0};
    struct list *link;
    if (encode_changes(s, &text)) {
        f->number++;
        keep(s, buffer_slice(&text));
        while ((link = list_first(&f->watchers)) != NULL) {
            list_remove(link);
            list_append(&f->behind, link);
        }
        if (!f->delivering)
            session__feed_deliver(s);
    }
    buffer_free(&text);
    if (!list_empty(&s->view.changed_calls) || !list_empty(&s->view.changed_devices))
        world_again(s->world, SESSION_AGAIN_FLUSH);
}

static void encode_snapshot(struct session *s)
{
    struct buffer text = {0}, devices = {0}, calls = {0};
    struct device *d;
    struct view_call *c;
    map_for_each (d, &s->view.devices) {
        if (!d->configured)
            continue;
        separate(&devices);
        view__add_device(&devices, d);
    }
    map_for_each (c, &s->view.calls) {
        if (c->gone)
            continue;
        separate(&calls);
        view__add_call(&calls, c);
    }
    buffer_add_format(&text, "{\"snapshot\":{\"epoch\":\"%" PRIu64 "\",\"number\":\"%" PRIu64 "\"",
        s->incarnation, s->feed.number);
    add_array(&text, "devices", &devices);
    add_array(&text, "calls", &calls);
    buffer_add_text(&text, "}}");
    websocket_add_frame(&s->feed.snapshot, WEBSOCKET_TEXT, buffer_slice(&text));
    buffer_free(&text);
}

/* ---- to one browser ---- */

static void ask_how_far(struct connection *c)
{
    char payload[8];
    struct buffer frame = {0};
    for (size_t i = 0; i < sizeof payload; i++)
        payload[i] = (char)(c->sent >> 8 * i);
    websocket_add_frame(&frame, WEBSOCKET_PING, slice_of(payload, sizeof payload));
    session__send(c, buffer_slice(&frame));
    buffer_free(&frame);
    c->pinged = c->sent;
}

void session__feed_ponged(struct connection *c, struct slice payload)
{
    uint64_t value = 0;
    for (size_t i = 0; i < payload.length && i < 8; i++)
        value |= (uint64_t)(unsigned char)payload.data[i] << 8 * i;
    if (payload.length == 8 && value <= c->sent && value > c->acknowledged)
        c->acknowledged = value;
}

static bool is_lagging(const struct connection *c)
{
    return c->sent - (c->acknowledged > c->base ? c->acknowledged : c->base) > SESSION_LAG;
}

/* Sends what is missing; returns the bytes. */
static size_t catch_up(struct connection *c, size_t budget)
{
    struct session *s = c->session;
    struct feed *f = &s->feed;
    uint64_t before = c->sent;
    if (c->next < f->oldest) {
        if (f->snapshot.length == 0)
            encode_snapshot(s);
        session__send(c, buffer_slice(&f->snapshot));
        c->base = c->sent;
        c->next = f->number + 1;
    }
    while (c->next <= f->number && c->sent - before < budget)
        session__send(c, buffer_slice(&f->ring[c->next++ % SESSION_RING]));
    if (c->sent - c->pinged >= SESSION_ACKNOWLEDGE)
        ask_how_far(c);
    return (size_t)(c->sent - before);
}

void session__feed_deliver(struct session *s)
{
    struct feed *f = &s->feed;
    size_t budget = SESSION_DELIVERY, count = 0;
    struct list *link;
    f->delivering = false;
    while ((link = list_first(&f->behind)) != NULL) {
        if (budget == 0 || count++ == SESSION_WALK) {
            deliver_later(s);
            return;
        }
        struct connection *c = list_entry(link, struct connection, feed);
        size_t bytes = catch_up(c, budget);
        budget -= bytes < budget ? bytes : budget;
        if (c->next <= f->number)
            continue;
        list_remove(link);
        if (is_lagging(c)) {
            world_count(s->world, COUNTER_SESSION_LAGGING, 1);
            session__bye(c, "lagging", WEBSOCKET_TRY_LATER);
        } else {
            list_append(&f->watchers, link);
        }
    }
}

/* ---- hello ---- */

static const Tandem__BrowserHello *parse_hello(struct session *s, struct slice text)
{
    struct buffer unknown = {0}; /* a newer application may say more */
    const struct json_options options = {.unknown = &unknown};
    void *message;
    int error =
        json_read_message(&message, &tandem__browser_message__descriptor, text, &options, &s->arena, NULL);
    buffer_free(&unknown);
    return error == 0 ? ((const Tandem__BrowserMessage *)message)->hello : NULL;
}

static bool can_resume(const struct session *s, const Tandem__BrowserPosition *p)
{
    uint64_t epoch;
    return p != NULL && slice_to_u64(&epoch, slice_text(p->epoch), UINT64_MAX) == 0 &&
           epoch == s->incarnation && p->number <= s->feed.number && p->number + 1 >= s->feed.oldest;
}

void session__feed_hello(struct connection *c, struct slice text)
{
    struct session *s = c->session;
    const Tandem__BrowserHello *hello = parse_hello(s, text);
    if (hello == NULL) {
        session__bye(c, "misunderstood", WEBSOCKET_POLICY);
        return;
    }
    list_remove(&c->feed);
    list_append(&s->feed.behind, &c->feed);
    if (can_resume(s, hello->resume)) {
        struct buffer frame = {0}, resumed = {0};
        buffer_add_format(&resumed, "{\"resumed\":{\"epoch\":\"%" PRIu64 "\",\"number\":\"%" PRIu64 "\"}}",
            s->incarnation, hello->resume->number);
        websocket_add_frame(&frame, WEBSOCKET_TEXT, buffer_slice(&resumed));
        session__send(c, buffer_slice(&frame));
        buffer_free(&resumed);
        buffer_free(&frame);
        c->next = hello->resume->number + 1;
    } else {
        c->next = 0;
    }
    if (!s->feed.delivering)
        session__feed_deliver(s);
}

void session__feed_free(struct session *s)
{
    for (size_t i = 0; i < SESSION_RING; i++)
        buffer_free(&s->feed.ring[i]);
    buffer_free(&s->feed.snapshot);
}
