/* What ran out is removed, a piece of all in each turn. On its way round the sweep also sees what a proxy
 * that has died could not write to the store any more, and writes it. */
#include "base/hash.h"
#include "base/mem.h"
#include <stdio.h>

#include "roles/proxy/proxy_int.h"
#include "wire/engine.pb-c.h"
#include "wire/pack.h"

#define ROUND 16U   /* intervals of the sweep for all slices */
#define SWEPT 4096U /* DNs looked at in one turn */

void proxy__registrar_timer(
    struct proxy *p, struct world_timer *t, enum registrar_timer id, int64_t microseconds)
{
    world_timer_set(p->world, t, OBJECT(PROXY_OBJECT_BINDINGS, 0), id, world_now(p->world) + microseconds);
}

/* Its proxy was not heard for long, and had not said that this is in the store. */
static bool is_orphan(const struct proxy *p, const struct binding *b)
{
    const struct origin_state *o = b->origin;
    return o != p->own_origin && !b->adopted && o->heard_at != 0 && b->changed_at > o->saved_at &&
           world_now(p->world) - o->heard_at > timer_duration(TIMER_PROXY_GONE);
}

static void sweep_aor(struct proxy *p, struct aor *a)
{
    int64_t now = world_now(p->world);
    for (struct binding *b = a->first, *next; b != NULL; b = next) {
        bool last = (next = b->next) == NULL && a->first == b;
        if (b->expires_at <= now) {
            proxy__binding_forget(p, b);
            if (last)
                return; /* the DN's entry went with it */
        } else if (is_orphan(p, b)) {
            b->adopted = true;
            proxy__save_later(p, b);
        }
    }
}

/* All slices in so many intervals; with few registrations all of them in each. */
static void sweep(struct proxy *p)
{
    size_t looked = 0;
    unsigned slices = 0;
    bool few = p->aors.count <= SWEPT;
    while (slices < (few ? PROXY_SLICES : PROXY_SLICES / ROUND) && looked < SWEPT) {
        list_for_each_safe (link, next, &p->slices[p->sweep_at]) {
            sweep_aor(p, list_entry(link, struct aor, of_slice));
            looked++;
        }
        p->sweep_at = (p->sweep_at + 1) % PROXY_SLICES;
        slices++;
    }
    proxy__registrar_timer(p, &p->sweep_timer, REGISTRAR_TIMER_SWEEP, timer_duration(TIMER_BINDINGS_SWEEP));
}

size_t proxy__bindings_load(struct proxy *p, struct slice store_answer, char last[2][512])
{
    const Tandem__StoreAnswer *a = pack_read(&tandem__store_answer__descriptor, store_answer, &p->arena);
    size_t count = a != NULL && a->n_results == 1 ? a->results[0]->n_rows : 0;
    for (size_t i = 0; i < count; i++) {
        const Tandem__StoreRow *row = a->results[0]->rows[i];
        struct binding_report r;
        if (row->n_values < 4 || row->values[0]->text == NULL || row->values[1]->text == NULL)
            continue;
        snprintf(last[0], 512, "%s", row->values[0]->text);
        snprintf(last[1], 512, "%s", row->values[1]->text);
        const Tandem__Binding *b =
            pack_read(&tandem__binding__descriptor, pack_slice(row->values[3]->blob), &p->arena);
        if (b != NULL && proxy__binding_read(p, &r, b))
            (void)proxy__binding_merge(p, &r);
    }
    return count;
}

void proxy__bindings_open(struct proxy *p)
{
    list_init(&p->unsaved);
    list_init(&p->saving);
    for (unsigned i = 0; i < PROXY_SLICES; i++)
        list_init(&p->slices[i]);
    p->own_origin = proxy__origin(p, p->name);
    proxy__share_open(p);
    proxy__save_open(p);
    sweep(p);
}

bool proxy__bindings_input(struct proxy *p, const struct input *in)
{
    if (in->kind == INPUT_CONFIG)
        proxy__places_configured(p);
    if (in->kind == INPUT_TIMER && OBJECT_KIND(in->object) == PROXY_OBJECT_BINDINGS) {
        if (in->timer == REGISTRAR_TIMER_SWEEP)
            sweep(p);
        else if (in->timer == REGISTRAR_TIMER_PLACES)
            proxy__places_timer(p);
        else if (in->timer == REGISTRAR_TIMER_SAVE || in->timer == REGISTRAR_TIMER_PURGE)
            return proxy__save_input(p, in);
        else
            return proxy__share_input(p, in);
        return true;
    }
    return proxy__save_input(p, in) || proxy__share_input(p, in);
}

void proxy__bindings_flush(struct proxy *p)
{
    proxy__share_flush(p);
    proxy__places_flush(p);
}

static void free_aor(struct aor *a)
{
    for (struct binding *b = a->first, *next; b != NULL; b = next) {
        next = b->next;
        mem_free(b);
    }
    mem_free(a);
}

void proxy__bindings_audit(const struct proxy *p, struct buffer *out)
{
    uint64_t hash = hash_stable(slice_of(p->digests, sizeof p->digests));
    buffer_add_format(out, "bindings live=%zu hash=%016llx\n", p->binding_count, (unsigned long long)hash);
}

void proxy__bindings_close(struct proxy *p)
{
    for (unsigned i = 0; i < PROXY_SLICES; i++)
        list_for_each_safe (link, following, &p->slices[i])
            free_aor(list_entry(link, struct aor, of_slice));
    index_free(&p->aors);
    world_timer_clear(&p->sweep_timer);
    proxy__save_close(p);
    proxy__share_close(p);
    proxy__places_close(p);
}
