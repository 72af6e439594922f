/* Who is where: all registrations of the location, in the memory of every proxy. */
#include <stdio.h>

#include "base/error.h"
#include "base/log.h"
#include "base/mem.h"
#include "roles/proxy/proxy_int.h"
#include "wire/engine.pb-c.h"
#include "wire/pack.h"

enum { TIMER_SWEEP = 1 };
#define SWEPT 256U /* DNs looked at in one turn */

struct aor *proxy__aor(struct proxy *p, struct slice dn, bool make)
{
    struct aor *a = map_get(&p->aors, dn);
    if (a != NULL || !make)
        return a;
    a = mem_zero(sizeof *a + dn.length + 1);
    slice_put(a->dn, dn);
    a->length = dn.length;
    list_init(&a->bindings);
    map_put(&p->aors, slice_of(a->dn, a->length), a);
    return a;
}

struct binding *proxy__binding_find(struct aor *a, struct slice contact)
{
    list_for_each (link, &a->bindings) {
        struct binding *b = list_entry(link, struct binding, link);
        if (slice_equal(slice_text(b->contact), contact))
            return b;
    }
    return NULL;
}

static void binding_free(struct proxy *p, struct binding *b)
{
    struct aor *a = b->aor;
    list_remove(&b->link);
    a->count--;
    p->binding_count--;
    mem_free(b->contact);
    mem_free(b->call_id);
    mem_free(b);
    if (a->count != 0)
        return;
    map_remove(&p->aors, slice_of(a->dn, a->length));
    mem_free(a);
}

static char *own_text(const char *text)
{
    return text != NULL ? mem_copy(text, strlen(text) + 1) : NULL;
}

static enum transport read_transport(const char *text)
{
    return strcmp(text, "udp") == 0 ? TRANSPORT_UDP : TRANSPORT_TCP;
}

static void fill(struct proxy *p, struct binding *b, const Tandem__Binding *from)
{
    char *old = b->call_id;
    b->call_id = own_text(from->call_id); /* it may be the old text itself */
    mem_free(old);
    snprintf(b->proxy, sizeof b->proxy, "%s", from->proxy);
    b->transport = read_transport(from->transport);
    b->address = (struct address){0};
    if (from->address.len == sizeof b->address)
        memcpy(&b->address, from->address.data, sizeof b->address);
    b->cseq = from->cseq;
    b->expires_at = (int64_t)from->expires_at;
    b->flow = from->flow;
    b->incarnation = from->incarnation;
    b->listener = 0;
    for (unsigned i = 0; i < p->listener_count; i++)
        if (p->listeners[i].transport == b->transport && b->transport == TRANSPORT_UDP &&
            p->listeners[i].address.family == b->address.family) {
            b->listener = i;
            break;
        }
}

/* Of two reports of one contact the later registration counts, by Call-ID and CSeq or by when it ends. */
static bool older(const struct binding *b, const Tandem__Binding *from)
{
    if (b->call_id != NULL && from->call_id != NULL && strcmp(b->call_id, from->call_id) == 0)
        return from->cseq < b->cseq;
    return from->expires_at != 0 && (int64_t)from->expires_at < b->expires_at;
}

void proxy__binding_put(struct proxy *p, const Tandem__Binding *from, bool local)
{
    bool gone = from->expires_at == 0 || (int64_t)from->expires_at <= world_now(p->world);
    struct aor *a = proxy__aor(p, slice_text(from->dn), !gone);
    struct binding *b = a != NULL ? proxy__binding_find(a, slice_text(from->contact)) : NULL;
    if (local) {
        proxy__share_change(p, from);
        proxy__save_later(p, from);
    } else if (b != NULL && older(b, from)) {
        return;
    }
    if (gone) {
        if (b != NULL)
            binding_free(p, b);
        return;
    }
    if (b == NULL) {
        b = mem_zero(sizeof *b);
        b->aor = a;
        b->contact = own_text(from->contact);
        list_append(&a->bindings, &b->link);
        a->count++;
        p->binding_count++;
    }
    fill(p, b, from);
}

void proxy__binding_pack(const struct binding *b, const char *dn, Tandem__Binding *out)
{
    tandem__binding__init(out);
    out->dn = (char *)(uintptr_t)dn;
    out->contact = b->contact;
    out->proxy = (char *)(uintptr_t)b->proxy;
    out->transport = (char *)(uintptr_t)transport_name(b->transport);
    out->address = pack_bytes(slice_of(&b->address, sizeof b->address));
    out->call_id = b->call_id;
    out->has_cseq = true;
    out->cseq = b->cseq;
    out->expires_at = (uint64_t)b->expires_at;
    out->has_flow = b->flow != 0;
    out->flow = b->flow;
    out->has_incarnation = true;
    out->incarnation = b->incarnation;
}

size_t proxy__bindings_load(struct proxy *p, struct slice store_answer, char last[2][512])
{
    const Tandem__StoreAnswer *a = pack_read(&tandem__store_answer__descriptor, store_answer, &p->arena);
    size_t count = a != NULL && a->n_results == 1 ? a->results[0]->n_rows : 0;
    for (size_t i = 0; i < count; i++) {
        const Tandem__StoreRow *row = a->results[0]->rows[i];
        if (row->n_values < 4 || row->values[0]->text == NULL || row->values[1]->text == NULL)
            continue;
        snprintf(last[0], 512, "%s", row->values[0]->text);
        snprintf(last[1], 512, "%s", row->values[1]->text);
        const Tandem__Binding *b =
            pack_read(&tandem__binding__descriptor, pack_slice(row->values[3]->blob), &p->arena);
        if (b != NULL)
            proxy__binding_put(p, b, false);
    }
    return count;
}

/* ---- what ran out ---- */

static void sweep_later(struct proxy *p)
{
    world_timer_set(p->world, &p->sweep_timer, OBJECT(PROXY_OBJECT_BINDINGS, 0), TIMER_SWEEP,
        world_now(p->world) + timer_duration(TIMER_BINDINGS_SWEEP));
}

static void sweep_aor(struct proxy *p, struct aor *a)
{
    int64_t now = world_now(p->world);
    unsigned left = a->count;
    list_for_each_safe (link, next, &a->bindings) {
        struct binding *b = list_entry(link, struct binding, link);
        bool last = --left == 0;
        if (b->expires_at <= now) {
            Tandem__Binding gone;
            proxy__binding_pack(b, a->dn, &gone);
            gone.contact = arena_text(&p->arena, slice_text(b->contact));
            gone.call_id = NULL;
            gone.dn = arena_text(&p->arena, slice_text(a->dn));
            gone.expires_at = 0;
            proxy__binding_put(p, &gone, strcmp(b->proxy, p->name) == 0);
        }
        if (last)
            return; /* the DN's entry may be gone */
    }
}

static void sweep(struct proxy *p)
{
    struct aor *a;
    size_t at = p->sweep_at, looked = 0;
    while (looked++ < SWEPT && (a = map_next(&p->aors, &at)) != NULL)
        sweep_aor(p, a);
    p->sweep_at = looked <= SWEPT ? 0 : at;
    sweep_later(p);
}

void proxy__bindings_open(struct proxy *p)
{
    list_init(&p->unsaved);
    proxy__share_open(p);
    sweep_later(p);
}

bool proxy__bindings_input(struct proxy *p, const struct input *in)
{
    if (in->kind == INPUT_TIMER && OBJECT_KIND(in->object) == PROXY_OBJECT_BINDINGS &&
        in->timer == TIMER_SWEEP) {
        sweep(p);
        return true;
    }
    return proxy__save_input(p, in) || proxy__share_input(p, in);
}

void proxy__bindings_close(struct proxy *p)
{
    size_t at = 0;
    struct aor *a;
    while ((a = map_next(&p->aors, &at)) != NULL) {
        list_for_each_safe (link, next, &a->bindings) {
            struct binding *b = list_entry(link, struct binding, link);
            bool last = a->count == 1;
            binding_free(p, b);
            if (last)
                break;
        }
    }
    map_free(&p->aors);
    world_timer_clear(&p->sweep_timer);
    proxy__save_close(p);
    proxy__share_close(p);
}
