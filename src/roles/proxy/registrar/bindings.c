#include "roles/proxy/registrar/bindings.h"

#include <stdio.h>

#include "base/error.h"
#include "base/hash.h"
#include "base/log.h"
#include "base/mem.h"
#include "roles/proxy/proxy_int.h"
#include "sip/uri.h"
#include "wire/pack.h"

#define ORIGINS 256U /* proxies that are remembered */
#define TEXT_MOST 2048U

/* ---- DNs ---- */

static bool is_called_h(const void *object, const void *key)
{
    const struct aor *a = object;
    return slice_equal(slice_of(a->dn, a->length), *(const struct slice *)key);
}

/* Keyed: the names come from outside. */
static uint32_t place_of_dn(struct slice dn)
{
    return (uint32_t)hash_bytes(hash_process_key, dn);
}

struct aor *proxy__aor(struct proxy *p, struct slice dn)
{
    return index_find(&p->aors, place_of_dn(dn), is_called_h, &dn);
}

static struct aor *obtain_aor(struct proxy *p, struct slice dn)
{
    struct aor *a = proxy__aor(p, dn);
    if (a != NULL || dn.length == 0 || dn.length > UINT8_MAX)
        return a;
    a = mem_zero(sizeof *a + dn.length + 1);
    slice_put(a->dn, dn);
    a->length = (uint8_t)dn.length;
    a->slice = (uint8_t)(hash_stable(dn) % PROXY_SLICES);
    list_append(&p->slices[a->slice], &a->of_slice);
    index_add(&p->aors, place_of_dn(dn), a);
    return a;
}

static void tidy_aor(struct proxy *p, struct aor *a)
{
    if (a->first != NULL)
        return;
    index_remove(&p->aors, place_of_dn(slice_of(a->dn, a->length)), a);
    list_remove(&a->of_slice);
    mem_free(a);
}

struct binding *proxy__binding_find(struct aor *a, struct slice contact, uint32_t reg_id)
{
    for (struct binding *b = a != NULL ? a->first : NULL; b != NULL; b = b->next)
        if (b->reg_id == reg_id && slice_equal(binding_contact(b), contact))
            return b;
    return NULL;
}

struct binding *proxy__binding_same(struct aor *a, struct slice contact, uint32_t reg_id)
{
    struct sip_uri wanted, have;
    struct binding *exact = proxy__binding_find(a, contact, reg_id);
    if (exact != NULL && !exact->gone)
        return exact;
    if (a == NULL || sip_uri_parse(&wanted, contact) != 0)
        return NULL;
    for (struct binding *b = a->first; b != NULL; b = b->next)
        if (!b->gone && b->reg_id == reg_id && sip_uri_parse(&have, binding_contact(b)) == 0 &&
            sip_uri_equal(&wanted, &have))
            return b;
    return NULL;
}

bool proxy__binding_lives(const struct proxy *p, const struct binding *b)
{
    return !b->gone && b->expires_at > world_now(p->world);
}

/* ---- what is counted: digests are equal where the same is known ---- */

static uint64_t digest(const struct binding *b)
{
    uint64_t name = hash_stable_add(hash_stable(slice_of(b->aor->dn, b->aor->length)), binding_contact(b));
    return hash_number(name + b->reg_id + (uint64_t)b->changed_at * 2 + b->gone);
}

static void count(struct proxy *p, struct binding *b, int by)
{
    size_t *total = b->gone ? &p->gone_count : &p->binding_count;
    uint16_t *own = b->gone ? &b->aor->gone : &b->aor->live;
    *total += (size_t)by;
    *own = (uint16_t)(*own + by);
    p->digests[b->aor->slice] ^= digest(b);
}

/* ---- one binding ---- */

static size_t room_for(const struct binding_report *r)
{
    return r->contact.length + r->instance.length + r->path.length + r->agent.length + 4;
}

static char *put_text(char *to, uint16_t *length, struct slice text)
{
    *length = (uint16_t)text.length;
    if (text.length != 0)
        memcpy(to, text.data, text.length);
    to[text.length] = '\0';
    return to + text.length + 1;
}

static void fill(struct binding *b, const struct binding_report *r)
{
    char *at = put_text(b->texts, &b->contact_length, r->contact);
    at = put_text(at, &b->instance_length, r->instance);
    at = put_text(at, &b->path_length, r->path);
    put_text(at, &b->agent_length, r->agent);
    b->origin = r->origin;
    b->changed_at = r->changed_at;
    b->expires_at = r->expires_at;
    b->transport = (uint8_t)r->flow.transport;
    if (binding_has_address(b)) {
        b->address = r->flow.address;
    } else {
        b->flow = r->flow.flow;
        b->incarnation = r->flow.incarnation;
    }
    b->call = r->call;
    b->cseq = r->cseq;
    b->reg_id = r->reg_id;
    b->q = r->q;
    b->listener = (uint8_t)r->flow.listener;
    b->gone = r->gone;
    b->adopted = false;
}

static struct binding **place_of(struct binding *b)
{
    struct binding **at = &b->aor->first;
    while (*at != b)
        at = &(*at)->next;
    return at;
}

/* Larger texts need another place. */
static struct binding *grow(struct proxy *p, struct binding *b, size_t room)
{
    struct binding *to = mem_alloc(sizeof *to + room);
    struct binding **at = place_of(b);
    *to = *b;
    to->unsaved = (struct list){NULL, NULL};
    to->room = (uint16_t)room;
    *at = to;
    proxy__save_moved(p, to, b);
    mem_free(b);
    return to;
}

static struct binding *make(struct aor *a, size_t room)
{
    struct binding **at = &a->first;
    while (*at != NULL)
        at = &(*at)->next;
    struct binding *b = *at = mem_zero(sizeof *b + room);
    b->aor = a;
    b->room = (uint16_t)room;
    return b;
}

static struct binding *write(
    struct proxy *p, struct aor *a, struct binding *b, const struct binding_report *r)
{
    size_t room = room_for(r);
    if (b == NULL)
        b = make(a, room);
    else {
        count(p, b, -1);
        if (room > b->room)
            b = grow(p, b, room);
    }
    fill(b, r);
    count(p, b, 1);
    return b;
}

void proxy__binding_forget(struct proxy *p, struct binding *b)
{
    struct aor *a = b->aor;
    uint16_t live = a->live;
    count(p, b, -1);
    *place_of(b) = b->next;
    proxy__save_forget(p, b);
    mem_free(b);
    if (a->live == 0 && live != 0)
        proxy__place_changed(p, a);
    tidy_aor(p, a);
}

/* Of too many removed ones the oldest is forgotten. */
static void bound_gone(struct proxy *p, struct aor *a, const struct binding *keep)
{
    while (a->gone > PROXY_GONE) {
        struct binding *oldest = NULL;
        for (struct binding *b = a->first; b != NULL; b = b->next)
            if (b->gone && b != keep && (oldest == NULL || b->changed_at < oldest->changed_at))
                oldest = b;
        proxy__binding_forget(p, oldest);
    }
}

/* ---- what happens to them ---- */

static void tell(struct proxy *p, struct binding *b)
{
    proxy__share_change(p, b);
    proxy__save_later(p, b);
}

static void mark_gone(struct proxy *p, struct binding *b, int64_t changed_at)
{
    count(p, b, -1);
    b->gone = true;
    b->changed_at = changed_at;
    count(p, b, 1);
}

/* One phone has one flow of a number (RFC 5626 6): the newer takes the older one's place, at every proxy
 * alike, in whatever order it hears of them. */
static void supersede(struct proxy *p, struct binding *b)
{
    const struct origin_state *own = proxy__own_origin(p);
    if (b->gone || b->reg_id == 0 || b->instance_length == 0)
        return;
    for (struct binding *o = b->aor->first; o != NULL; o = o->next) {
        if (o == b || o->gone || o->reg_id != b->reg_id ||
            !slice_equal(binding_instance(o), binding_instance(b)))
            continue;
        bool newer = b->changed_at != o->changed_at
                         ? b->changed_at > o->changed_at
                         : slice_compare(binding_contact(b), binding_contact(o)) > 0;
        struct binding *loser = newer ? o : b;
        mark_gone(p, loser, newer ? b->changed_at : o->changed_at);
        if (b->origin == own || o->origin == own)
            tell(p, loser);
        if (loser == b)
            return;
    }
}

static void written(struct proxy *p, struct aor *a, struct binding *b, uint16_t live)
{
    supersede(p, b);
    bound_gone(p, a, b);
    if ((a->live != 0) != (live != 0))
        proxy__place_changed(p, a);
}

/* Later than everything that is known of the contact, also where another proxy's clock is ahead of ours. */
static int64_t stamp(struct proxy *p, const struct binding *b)
{
    int64_t now = world_now(p->world);
    return b != NULL && b->changed_at >= now ? b->changed_at + 1 : now;
}

struct binding *proxy__binding_set(struct proxy *p, struct binding_report *r)
{
    struct aor *a = obtain_aor(p, r->dn);
    if (a == NULL || room_for(r) > TEXT_MOST)
        return NULL;
    uint16_t live = a->live;
    struct binding *b = proxy__binding_find(a, r->contact, r->reg_id);
    r->changed_at = stamp(p, b);
    b = write(p, a, b, r);
    tell(p, b);
    written(p, a, b, live);
    return b;
}

void proxy__binding_remove(struct proxy *p, struct binding *b)
{
    struct aor *a = b->aor;
    uint16_t live = a->live;
    count(p, b, -1);
    b->changed_at = stamp(p, b);
    b->origin = proxy__own_origin(p);
    b->gone = true;
    count(p, b, 1);
    tell(p, b);
    written(p, a, b, live);
}

static bool is_newer(const struct binding_report *r, const struct binding *b)
{
    if (r->changed_at != b->changed_at)
        return r->changed_at > b->changed_at;
    if (r->gone != b->gone)
        return r->gone;
    if (r->expires_at != b->expires_at)
        return r->expires_at > b->expires_at;
    return r->origin != b->origin && strcmp(r->origin->name, b->origin->name) > 0;
}

bool proxy__binding_merge(struct proxy *p, const struct binding_report *r)
{
    bool over = r->expires_at <= world_now(p->world);
    struct aor *a = over ? proxy__aor(p, r->dn) : obtain_aor(p, r->dn);
    struct binding *b = proxy__binding_find(a, r->contact, r->reg_id);
    if (a == NULL || room_for(r) > TEXT_MOST || (b != NULL && !is_newer(r, b)) || (over && b == NULL)) {
        if (a != NULL)
            tidy_aor(p, a);
        return false;
    }
    if (over) {
        proxy__binding_forget(p, b);
        return true;
    }
    uint16_t live = a->live;
    b = write(p, a, b, r);
    written(p, a, b, live);
    return true;
}

/* ---- as a message ---- */

void proxy__binding_pack(const struct binding *b, Tandem__Binding *out)
{
    tandem__binding__init(out);
    out->dn = b->aor->dn;
    out->contact = (char *)(uintptr_t)b->texts;
    out->proxy = (char *)(uintptr_t)b->origin->name;
    out->transport = (char *)(uintptr_t)transport_name((enum transport)b->transport);
    out->has_changed_at = true;
    out->changed_at = (uint64_t)b->changed_at;
    out->has_reg_id = b->reg_id != 0;
    out->reg_id = b->reg_id;
    if (b->gone) {
        out->has_gone_until = true;
        out->gone_until = (uint64_t)b->expires_at;
        return;
    }
    static const struct address nowhere;
    bool has_address = binding_has_address(b);
    out->address = pack_bytes(slice_of(has_address ? &b->address : &nowhere, sizeof nowhere));
    out->expires_at = (uint64_t)b->expires_at;
    out->has_call = true;
    out->call = b->call;
    out->has_cseq = true;
    out->cseq = b->cseq;
    out->has_flow = out->has_incarnation = !has_address;
    out->flow = has_address ? 0 : b->flow;
    out->incarnation = has_address ? 0 : b->incarnation;
    out->has_listener = has_address && b->listener != 0;
    out->listener = b->listener;
    out->has_q = true;
    out->q = b->q;
    if (b->instance_length != 0)
        out->instance = (char *)(uintptr_t)binding_instance(b).data;
    if (b->path_length != 0)
        out->path = (char *)(uintptr_t)binding_path(b).data;
    if (b->agent_length != 0)
        out->user_agent = (char *)(uintptr_t)binding_agent(b).data;
}

static enum transport read_transport(const char *text)
{
    for (int t = 0; t < TRANSPORT_COUNT; t++)
        if (strcmp(text, transport_name((enum transport)t)) == 0)
            return (enum transport)t;
    return TRANSPORT_TCP;
}

static struct slice optional_text(const char *text)
{
    return text != NULL ? slice_text(text) : (struct slice){0};
}

bool proxy__binding_read(struct proxy *p, struct binding_report *r, const Tandem__Binding *b)
{
    bool gone = b->expires_at == 0;
    int64_t now = world_now(p->world);
    *r = (struct binding_report){.dn = slice_text(b->dn),
        .contact = slice_text(b->contact),
        .instance = optional_text(b->instance),
        .path = optional_text(b->path),
        .agent = optional_text(b->user_agent),
        .origin = proxy__origin(p, b->proxy),
        .changed_at = b->has_changed_at ? (int64_t)b->changed_at
                      : gone            ? now
                                        : 0,
        .expires_at = !gone               ? (int64_t)b->expires_at
                      : b->has_gone_until ? (int64_t)b->gone_until
                                          : now + 3600 * INT64_C(1000000),
        .call = b->call,
        .cseq = b->cseq,
        .reg_id = b->reg_id,
        .q = b->has_q && b->q <= 1000 ? (uint16_t)b->q : 1000,
        .gone = gone};
    r->flow.transport = read_transport(b->transport);
    r->flow.flow = b->flow;
    r->flow.incarnation = b->incarnation;
    if (b->address.len == sizeof r->flow.address)
        memcpy(&r->flow.address, b->address.data, sizeof r->flow.address);
    r->flow.listener = b->listener;
    return r->origin != NULL;
}

void proxy__binding_flow(const struct binding *b, struct phone_flow *flow)
{
    *flow = (struct phone_flow){.transport = (enum transport)b->transport, .listener = b->listener};
    if (binding_has_address(b)) {
        flow->address = b->address;
    } else {
        flow->flow = b->flow;
        flow->incarnation = b->incarnation;
    }
    strcpy(flow->proxy, b->origin->name);
}

/* ---- proxies ---- */

struct origin_state *proxy__origin(struct proxy *p, const char *name)
{
    struct origin_state *o = map_get(&p->origins, slice_text(name));
    if (o != NULL || name[0] == '\0' || strlen(name) >= sizeof o->name || map_count(&p->origins) >= ORIGINS)
        return o;
    o = mem_zero(sizeof *o);
    strcpy(o->name, name);
    map_put(&p->origins, slice_text(o->name), o);
    return o;
}

const struct origin_state *proxy__own_origin(struct proxy *p)
{
    return p->own_origin;
}
