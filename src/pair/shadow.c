/* What the backup keeps: each record as bytes, and the promises that may not have left the primary yet. */
#include <stdlib.h>

#include "base/error.h"
#include "base/log.h"
#include "base/mem.h"

#include "pair/pair_int.h"
#include "wire/pack.h"
#include "wire/record.pb-c.h"

static void keep(struct pair *p, const Tandem__PairItem *r)
{
    struct record_id id = {(uint8_t)r->kind, r->id};
    struct pair_item *item = pair__item(&p->shadow, id, r->has_bytes);
    if (item == NULL)
        return;
    if (!r->has_bytes) {
        pair__item_free(&p->shadow, item);
        return;
    }
    buffer_clear(&item->bytes);
    buffer_add(&item->bytes, pack_slice(r->bytes));
}

/* The backup's spool is written when the batch comes: the events are safe on both machines. */
static void append_promised(struct pair *p, struct slice promises)
{
    struct effect e;
    while (effect_next(&promises, &e))
        if (e.kind == EFFECT_APPEND)
            effect_add(&p->world->effects, &e);
}

static void keep_promises(struct pair *p, uint64_t number, struct slice promises)
{
    struct pair_held *h = mem_zero(sizeof *h);
    h->number = number;
    buffer_add(&h->effects, promises);
    list_append(&p->promises, &h->link);
}

static void forget_promises(struct pair *p, uint64_t released)
{
    while (!list_empty(&p->promises)) {
        struct pair_held *h = list_entry(p->promises.next, struct pair_held, link);
        if (h->number > released)
            return;
        list_remove(&h->link);
        buffer_free(&h->effects);
        mem_free(h);
    }
}

static void send_receipt(struct pair *p, uint64_t number)
{
    Tandem__PairReceipt receipt = TANDEM__PAIR_RECEIPT__INIT;
    struct buffer bytes = {0};
    receipt.view = p->shadow_view;
    receipt.number = number;
    pack_add(&bytes, &receipt.base);
    pair__link_send(p, PAIR_FRAME_RECEIPT, buffer_slice(&bytes));
    buffer_free(&bytes);
}

static bool follows(const struct pair *p)
{
    return p->state == PAIR_ST_SYNCING || p->state == PAIR_ST_SHADOW;
}

void pair__shadow_part(struct pair *p, struct slice payload)
{
    p->parts.limit = PAIR_BATCH_MOST;
    if (follows(p))
        buffer_add(&p->parts, payload);
}

static const Tandem__PairBatch *read_batch(struct pair *p, struct slice payload, struct arena *arena)
{
    const Tandem__PairBatch *b = NULL;
    if (p->parts.length == 0)
        return pack_read(&tandem__pair_batch__descriptor, payload, arena);
    buffer_add(&p->parts, payload);
    if (!p->parts.overflowed)
        b = pack_read(&tandem__pair_batch__descriptor, buffer_slice(&p->parts), arena);
    buffer_free(&p->parts); /* what was read from it is in the arena */
    return b;
}

void pair__shadow_batch(struct pair *p, struct slice payload)
{
    struct arena arena = {0};
    const Tandem__PairBatch *b = read_batch(p, payload, &arena);
    if (b == NULL || !follows(p) || b->view != p->shadow_view || b->number != p->received + 1) {
        arena_free(&arena);
        if (follows(p))
            pair__event(p, PAIR_EV_SUPERSEDED); /* damaged or out of order: begin anew, with nothing */
        return;
    }
    p->received = b->number;
    for (size_t i = 0; i < b->n_records; i++)
        keep(p, b->records[i]);
    forget_promises(p, b->released);
    if (b->has_promises) {
        append_promised(p, pack_slice(b->promises));
        keep_promises(p, b->number, pack_slice(b->promises));
    }
    bool synchronised = b->has_synchronised && b->synchronised;
    send_receipt(p, b->number);
    arena_free(&arena);
    if (synchronised)
        pair__event(p, PAIR_EV_WALKED);
}

void pair__shadow_beat(struct pair *p, struct slice payload)
{
    struct arena arena = {0};
    const Tandem__PairBeat *b = pack_read(&tandem__pair_beat__descriptor, payload, &arena);
    if (b != NULL && b->view == p->shadow_view)
        forget_promises(p, b->released);
    arena_free(&arena);
}

void pair__shadow_free(struct pair *p)
{
    struct pair_item *item;
    map_for_each (item, &p->shadow) {
        buffer_free(&item->bytes);
        mem_free(item);
    }
    map_free(&p->shadow);
    pair__held_free(&p->promises);
    p->shadow_view = 0;
    if (p->inner == NULL)
        p->received = 0;
}

static int by_id(const void *a, const void *b)
{
    const struct pair_item *x = *(struct pair_item *const *)a, *y = *(struct pair_item *const *)b;
    if (x->id.kind != y->id.kind)
        return x->id.kind < y->id.kind ? -1 : 1;
    return (x->id.id > y->id.id) - (x->id.id < y->id.id);
}

struct pair_item **pair__shadow_sorted(struct pair *p, size_t *count)
{
    struct pair_item **items = mem_alloc(map_count(&p->shadow) * sizeof *items), *item;
    *count = 0;
    map_for_each (item, &p->shadow)
        items[(*count)++] = item;
    qsort(items, *count, sizeof *items, by_id);
    return items;
}
