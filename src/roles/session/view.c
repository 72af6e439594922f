/* Devices and calls as they are now. Whatever changes is put into a list of changes, once. */
#include "roles/session/session_int.h"

#include "base/mem.h"
#include "wire/json.h"

const char *const view__call_states[VIEW_CALL_STATES] = {
    "dialling", "ringing", "established", "held", "ending"};

static struct slice copy(struct slice s)
{
    return slice_of(mem_copy(s.data, s.length), s.length);
}

static void forget(struct slice s)
{
    mem_free((void *)(uintptr_t)s.data);
}

/* ---- devices ---- */

static void device_changed(struct session *s, struct device *d)
{
    if (!list_linked(&d->changed))
        list_append(&s->view.changed_devices, &d->changed);
    session__feed_changed(s);
}

struct device *view__device(struct session *s, struct slice dn)
{
    struct device *d = map_get(&s->view.devices, dn);
    if (d != NULL)
        return d;
    d = mem_zero(sizeof *d);
    d->dn = copy(dn);
    d->since = world_now(s->world);
    list_init(&d->contacts);
    list_init(&d->calls);
    map_put(&s->view.devices, d->dn, d);
    return d;
}

/* What a device does because of one call; OUT_OF_SERVICE: nothing. */
static unsigned leg_state(const struct view_leg *l)
{
    switch (l->call->state) {
    case VIEW_DIALLING:
        return l->incoming ? TANDEM__DEVICE_STATE__OUT_OF_SERVICE : TANDEM__DEVICE_STATE__DIALLING;
    case VIEW_RINGING:
        return l->incoming ? TANDEM__DEVICE_STATE__RINGING : TANDEM__DEVICE_STATE__DIALLING;
    case VIEW_ESTABLISHED:
        return TANDEM__DEVICE_STATE__TALKING;
    case VIEW_HELD:
        return TANDEM__DEVICE_STATE__HELD;
    default:
        return TANDEM__DEVICE_STATE__OUT_OF_SERVICE;
    }
}

/* With several calls, what keeps the person busiest is shown. */
static uint8_t device_state(const struct device *d)
{
    static const uint8_t weight[] = {
        [TANDEM__DEVICE_STATE__OUT_OF_SERVICE] = 0,
        [TANDEM__DEVICE_STATE__HELD] = 1,
        [TANDEM__DEVICE_STATE__RINGING] = 2,
        [TANDEM__DEVICE_STATE__DIALLING] = 3,
        [TANDEM__DEVICE_STATE__TALKING] = 4,
    };
    unsigned best = TANDEM__DEVICE_STATE__OUT_OF_SERVICE;
    list_for_each (link, &d->calls) {
        unsigned state = leg_state(list_entry(link, struct view_leg, link));
        if (weight[state] > weight[best])
            best = state;
    }
    if (best != TANDEM__DEVICE_STATE__OUT_OF_SERVICE)
        return (uint8_t)best;
    return view__registered(d) ? TANDEM__DEVICE_STATE__IDLE : TANDEM__DEVICE_STATE__OUT_OF_SERVICE;
}

static void device_update(struct session *s, struct device *d)
{
    uint8_t state = device_state(d);
    if (state != d->state)
        d->since = world_now(s->world);
    d->state = state;
    device_changed(s, d);
}

void view__device_configured(struct session *s, struct device *d, struct slice name)
{
    if (d->configured && slice_equal(d->name, name))
        return;
    forget(d->name);
    d->name = copy(name);
    d->configured = true;
    device_changed(s, d);
}

void view__device_unconfigured(struct session *s, struct device *d)
{
    if (d == NULL || !d->configured)
        return;
    d->configured = false;
    device_changed(s, d);
}

void view__device_told(struct session *s, struct device *d)
{
    list_remove(&d->changed);
    d->told = d->configured;
    if (d->configured || !list_empty(&d->contacts) || !list_empty(&d->calls))
        return;
    map_remove(&s->view.devices, d->dn);
    forget(d->dn);
    forget(d->name);
    mem_free(d);
}

/* ---- contacts ---- */

static struct contact *find_contact(const struct device *d, struct slice uri)
{
    list_for_each (link, &d->contacts) {
        struct contact *c = list_entry(link, struct contact, of_device);
        if (slice_equal(c->uri, uri))
            return c;
    }
    return NULL;
}

void view__contact_free(struct session *s, struct contact *c)
{
    list_remove(&c->of_device);
    list_remove(&c->of_origin);
    world_timer_clear(&c->timer);
    map_remove_number(&s->view.contacts, c->id);
    device_update(s, c->device);
    forget(c->uri);
    forget(c->transport);
    mem_free(c);
}

void view__contact_timer(struct session *s, uint64_t id)
{
    struct contact *c = map_get_number(&s->view.contacts, id);
    if (c != NULL)
        view__contact_free(s, c);
}

static struct contact *new_contact(struct session *s, struct device *d, struct slice uri)
{
    struct contact *c = mem_zero(sizeof *c);
    c->id = ++s->next_number;
    c->device = d;
    c->uri = copy(uri);
    list_append(&d->contacts, &c->of_device);
    map_put_number(&s->view.contacts, c->id, c);
    return c;
}

void view__binding(
    struct session *s, struct origin *o, const Tandem__Binding *b, uint64_t number, uint64_t generation)
{
    struct device *d = view__device(s, slice_text(b->dn));
    struct contact *c = find_contact(d, slice_text(b->contact));
    bool gone = b->expires_at == 0 ||
                (int64_t)b->expires_at + timer_duration(TIMER_SESSION_EXPIRY) <= world_now(s->world);
    if (c != NULL && c->origin == o && c->number > number)
        return; /* a snapshot that was begun before the change */
    if (c != NULL && b->has_changed_at && (int64_t)b->changed_at < c->changed_at)
        return; /* another proxy told it later, of an earlier time */
    if (gone) {
        if (c != NULL && (c->origin == o || b->has_changed_at))
            view__contact_free(s, c);
        else
            device_changed(s, d); /* may be needed by nobody */
        return;
    }
    if (c == NULL)
        c = new_contact(s, d, slice_text(b->contact));
    list_remove(&c->of_origin);
    list_append(&o->parts, &c->of_origin);
    c->origin = o;
    c->number = number;
    c->generation = generation > c->generation ? generation : c->generation;
    c->expires_at = (int64_t)b->expires_at;
    c->changed_at = (int64_t)b->changed_at;
    if (!slice_equal(c->transport, slice_text(b->transport))) {
        forget(c->transport);
        c->transport = copy(slice_text(b->transport));
    }
    world_timer_set(s->world, &c->timer, session__object(SESSION_OBJECT_CONTACT, c->id), TIMER_SESSION_EXPIRY,
        c->expires_at + timer_duration(TIMER_SESSION_EXPIRY));
    device_update(s, d);
}

/* ---- calls ---- */

static void leg_set(struct session *s, struct view_leg *l, struct slice dn)
{
    if (l->device != NULL && slice_equal(l->device->dn, dn)) {
        if (!list_linked(&l->link))
            list_append(&l->device->calls, &l->link);
        return;
    }
    struct device *before = l->device;
    list_remove(&l->link);
    l->device = view__device(s, dn);
    list_append(&l->device->calls, &l->link);
    if (before != NULL)
        device_update(s, before);
}

static struct view_call *call_of(struct session *s, uint64_t call_id)
{
    struct view_call *c = map_get_number(&s->view.calls, call_id);
    if (c != NULL)
        return c;
    c = mem_zero(sizeof *c);
    c->call_id = call_id;
    c->from = (struct view_leg){.call = c};
    c->to = (struct view_leg){.call = c, .incoming = true};
    map_put_number(&s->view.calls, call_id, c);
    return c;
}

static void call_changed(struct session *s, struct view_call *c)
{
    if (!list_linked(&c->changed))
        list_append(&s->view.changed_calls, &c->changed);
    session__feed_changed(s);
}

void view__call_gone(struct session *s, struct view_call *c)
{
    if (c->gone)
        return;
    c->gone = true;
    list_remove(&c->of_origin);
    struct view_leg *legs[] = {&c->from, &c->to};
    for (size_t i = 0; i < 2; i++) {
        struct device *d = legs[i]->device;
        if (d == NULL)
            continue;
        list_remove(&legs[i]->link);
        legs[i]->device = NULL; /* it may be freed before the call is */
        device_update(s, d);
    }
    call_changed(s, c);
}

/* They come with the call and stay as they are. */
static void set_attributes(struct view_call *c, const Tandem__LiveCall *call)
{
    struct buffer object = {0};
    if (call->n_attributes == 0 || c->attributes.length != 0)
        return;
    json_add_attributes(&object, call->attributes, call->n_attributes);
    c->attributes = copy(buffer_slice(&object));
    buffer_free(&object);
}

void view__call(struct session *s, struct origin *o, const Tandem__LiveCall *call, uint64_t generation)
{
    struct view_call *c;
    unsigned state = 0;
    while (state < VIEW_CALL_STATES && strcmp(call->state, view__call_states[state]) != 0)
        state++;
    if (state == VIEW_CALL_STATES) { /* "gone" */
        c = map_get_number(&s->view.calls, call->call_id);
        if (c != NULL && c->origin == o && c->told)
            view__call_gone(s, c);
        else if (c != NULL && c->origin == o)
            c->ends = true;
        return;
    }
    c = call_of(s, call->call_id);
    c->gone = c->ends = false;
    c->origin = o;
    c->generation = generation > c->generation ? generation : c->generation;
    c->state = (uint8_t)state;
    c->started_at = (int64_t)call->started_at;
    c->answered_at = call->has_answered_at ? (int64_t)call->answered_at : 0;
    list_remove(&c->of_origin);
    list_append(&o->parts, &c->of_origin);
    struct slice location = slice_text(call->location);
    if (!slice_equal(c->location, location)) {
        forget(c->location);
        c->location = copy(location);
    }
    set_attributes(c, call);
    leg_set(s, &c->from, slice_text(call->from));
    leg_set(s, &c->to, slice_text(call->to));
    device_update(s, c->from.device);
    device_update(s, c->to.device);
    call_changed(s, c);
}

void view__call_told(struct session *s, struct view_call *c)
{
    list_remove(&c->changed);
    c->told = !c->gone;
    if (!c->gone)
        return;
    map_remove_number(&s->view.calls, c->call_id);
    forget(c->location);
    forget(c->attributes);
    mem_free(c);
}

/* ---- origins ---- */

struct origin *view__origin(struct map *map, struct slice name, bool is_pair)
{
    struct origin *o = map_get(map, name);
    if (o != NULL)
        return o;
    o = mem_zero(sizeof *o);
    o->name = copy(name);
    o->is_pair = is_pair;
    list_init(&o->parts);
    map_put(map, o->name, o);
    return o;
}

void view__origin_clear(struct session *s, struct origin *o)
{
    list_for_each_safe (link, next, &o->parts) {
        if (o->is_pair)
            view__call_gone(s, list_entry(link, struct view_call, of_origin));
        else
            view__contact_free(s, list_entry(link, struct contact, of_origin));
    }
}

void view__origin_free(struct session *s, struct origin *o)
{
    view__origin_clear(s, o);
    map_remove(o->is_pair ? &s->view.pairs : &s->view.proxies, o->name);
    forget(o->name);
    mem_free(o);
}

void view__free(struct session *s)
{
    struct origin *o;
    map_for_each (o, &s->view.pairs)
        view__origin_free(s, o);
    map_for_each (o, &s->view.proxies)
        view__origin_free(s, o);
    struct view_call *c;
    map_for_each (c, &s->view.calls)
        view__call_told(s, c);
    struct device *d;
    map_for_each (d, &s->view.devices) {
        d->configured = false;
        view__device_told(s, d);
    }
    map_free(&s->view.contacts);
}
