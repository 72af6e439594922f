/* Output commit: what a turn of the inner role changed and promised becomes one batch; what it wants done
 * waits until the backup has it. Batches are pipelined and released in order. */
#include "base/log.h"
#include "base/mem.h"
#include "pair/pair_int.h"
#include "wire/pack.h"
#include "wire/record.pb-c.h"

void pair__held_free(struct list *held)
{
    list_for_each_safe (link, next, held) {
        struct pair_held *h = list_entry(link, struct pair_held, link);
        list_remove(link);
        buffer_free(&h->effects);
        mem_free(h);
    }
}

void pair__batch_reset(struct pair *p)
{
    p->sent = p->received = p->released = 0;
    p->walk_end = 0;
    list_for_each (link, &p->held)
        list_entry(link, struct pair_held, link)->number = 0;
}

/* The records of a batch, packed straight into one buffer that the items point into. */
struct batch {
    struct buffer bytes;
    Tandem__PairItem *items, **pointers;
    size_t count;
};

static void add_record(struct pair *p, struct batch *b, struct record_id id)
{
    size_t from = b->bytes.length;
    int error = p->role->save(p->inner, id, &b->bytes);
    Tandem__PairItem *item = &b->items[b->count];
    tandem__pair_item__init(item);
    item->kind = id.kind;
    item->id = id.id;
    item->has_bytes = error == 0;
    item->bytes.len = b->bytes.length - from; /* where they lie is only known when all are saved */
    b->pointers[b->count++] = item;
    pair__known(p, id, error == 0);
}

static void settle(struct batch *b)
{
    size_t at = 0;
    for (size_t i = 0; i < b->count; i++) {
        b->items[i].bytes.data = b->bytes.data != NULL ? (uint8_t *)b->bytes.data + at : NULL;
        at += b->items[i].bytes.len;
    }
}

/* A turn is kept in one piece or not at all: what no frame can take goes ahead of it in parts. What is past
 * every bound cannot be told to the backup, which then begins anew. */
static void ship(struct pair *p, const struct buffer *packed)
{
    struct slice rest = buffer_slice(packed);
    if (packed->overflowed) {
        LOG(LOG_ERROR, "pair", "a turn changed more than %zu bytes of records; %s begins anew",
            PAIR_BATCH_MOST, p->other);
        pair__event(p, PAIR_EV_LINK_DOWN);
        return;
    }
    for (; rest.length > PAIR_BATCH_LIMIT; rest = slice_from(rest, PAIR_BATCH_LIMIT))
        pair__link_send(p, PAIR_FRAME_PART, slice_first(rest, PAIR_BATCH_LIMIT));
    pair__link_send(p, PAIR_FRAME_BATCH, rest);
}

size_t pair__batch_send(struct pair *p, const struct record_id *records, size_t count, size_t limit,
    struct slice promises, bool last)
{
    struct batch b = {.bytes = {.limit = PAIR_BATCH_MOST},
        .items = mem_alloc(count * sizeof *b.items),
        .pointers = mem_alloc(count * sizeof *b.pointers)};
    Tandem__PairBatch batch = TANDEM__PAIR_BATCH__INIT;
    struct buffer packed = {.limit = PAIR_BATCH_MOST};
    size_t taken = 0;
    while (taken < count && (taken == 0 || b.bytes.length < limit))
        add_record(p, &b, records[taken++]);
    last = last && taken == count;
    settle(&b);
    if (p->shipping) {
        batch.view = p->view;
        batch.number = ++p->sent;
        batch.n_records = b.count;
        batch.records = b.pointers;
        batch.has_promises = !slice_empty(promises);
        batch.promises = pack_bytes(promises);
        batch.has_released = true;
        batch.released = p->released;
        batch.has_synchronised = last;
        batch.synchronised = last;
        pack_add(&packed, &batch.base);
        packed.overflowed |= b.bytes.overflowed;
        ship(p, &packed);
    }
    buffer_free(&packed);
    buffer_free(&b.bytes);
    mem_free(b.items);
    mem_free(b.pointers);
    return taken;
}

/* ---- the end of an inner turn ---- */

static void note_flow(struct pair *p, const struct effect *e)
{
    if (e->kind == EFFECT_LISTEN || e->kind == EFFECT_OPEN)
        map_put_number(&p->inner_flows, e->flow, p);
    else if (e->kind == EFFECT_CLOSE)
        map_remove_number(&p->inner_flows, e->flow);
}

/* How long the oldest that waits has waited. */
static int64_t waited(const struct pair *p)
{
    return list_empty(&p->held)
               ? 0
               : world_now(p->world) - list_entry(p->held.next, struct pair_held, link)->since;
}

/* Retransmissions come while their original still waits: all of them would leave at once with it. */
static bool waits_already(const struct pair *p, const struct effect *e)
{
    struct effect other;
    if (e->kind != EFFECT_TELL || waited(p) <= timer_duration(TIMER_PAIR_PAUSE))
        return false;
    list_for_each (link, &p->held) {
        struct slice rest = buffer_slice(&list_entry(link, struct pair_held, link)->effects);
        while (effect_next(&rest, &other))
            if (other.kind == EFFECT_TELL && slice_equal(other.second, e->second) &&
                slice_equal(other.first, e->first))
                return true;
    }
    return false;
}

/* Local effects go through; the others are sorted into what waits and what the survivor would repeat. */
static void sort_effects(struct pair *p, struct world *inner, struct buffer *waiting, struct buffer *promises)
{
    struct slice rest = buffer_slice(&inner->effects);
    struct effect e;
    while (effect_next(&rest, &e)) {
        note_flow(p, &e);
        if (waits_already(p, &e))
            continue;
        effect_add(effect_waits(e.kind) ? waiting : &p->world->effects, &e);
        if (effect_repeats(e.kind))
            effect_add(promises, &e);
    }
}

static void hold(struct pair *p, struct buffer *effects, uint64_t number)
{
    struct pair_held *h = mem_zero(sizeof *h);
    h->number = number;
    h->since = world_now(p->world);
    h->effects = *effects;
    *effects = (struct buffer){0};
    p->held_bytes += h->effects.length;
    list_append(&p->held, &h->link);
}

/* Past these bounds no new work is read: the peers' flows are paused until the backup has caught up. */
static void regulate(struct pair *p)
{
    bool pause = p->held_bytes > PAIR_HELD_BYTES || waited(p) > timer_duration(TIMER_PAIR_PAUSE);
    if (pause == p->paused)
        return;
    p->paused = pause;
    for (size_t i = 0; i < p->inner_flows.used; i++)
        if (p->inner_flows.entries[i].value != NULL)
            world_read_pause(p->world, p->inner_flows.entries[i].length, pause);
}

static bool follows(const struct pair *p)
{
    return p->state == PAIR_ST_CATCHING || p->state == PAIR_ST_JOINING || p->state == PAIR_ST_PAIRED;
}

/* In step, what goes out waits for the receipt of all that was sent before it; out of step, for the record.
 */
static bool must_wait(const struct pair *p)
{
    return follows(p) ? p->sent > p->received || !list_empty(&p->held) : p->state != PAIR_ST_ALONE;
}

void pair__commit(struct pair *p, struct world *inner)
{
    struct buffer waiting = {0}, promises = {0};
    sort_effects(p, inner, &waiting, &promises);
    if (inner->dirty_count != 0 || promises.length != 0) /* also alone: a second member may come */
        pair__batch_send(p, inner->dirty, inner->dirty_count, SIZE_MAX, buffer_slice(&promises), false);
    if (waiting.length != 0 && must_wait(p))
        hold(p, &waiting, p->shipping ? p->sent : 0);
    else
        buffer_add(&p->world->effects, buffer_slice(&waiting));
    buffer_free(&waiting);
    buffer_free(&promises);
    world_turn_clear(inner);
    regulate(p);
}

/* ---- receipts ---- */

static void release(struct pair *p, struct pair_held *h)
{
    list_remove(&h->link);
    p->held_bytes -= h->effects.length;
    buffer_add(&p->world->effects, buffer_slice(&h->effects));
    buffer_free(&h->effects);
    mem_free(h);
}

void pair__receipt(struct pair *p, struct slice payload)
{
    struct arena arena = {0};
    const Tandem__PairReceipt *r = pack_read(&tandem__pair_receipt__descriptor, payload, &arena);
    bool good = r != NULL && r->view == p->view && r->number <= p->sent && r->number >= p->received;
    if (good)
        p->received = r->number;
    arena_free(&arena);
    if (!good)
        return;
    while (follows(p) && !list_empty(&p->held)) {
        struct pair_held *h = list_entry(p->held.next, struct pair_held, link);
        if (h->number > p->received)
            break;
        release(p, h);
    }
    p->released = p->received;
    regulate(p);
    if (p->walk_waits && p->sent - p->received < PAIR_WALK_AHEAD) {
        p->walk_waits = false;
        world_again(p->world, PAIR_TOKEN);
    }
    if (p->walk_end != 0 && p->received >= p->walk_end) {
        p->walk_end = 0;
        pair__event(p, PAIR_EV_WALKED);
    }
}

void pair__release_all(struct pair *p)
{
    while (!list_empty(&p->held))
        release(p, list_entry(p->held.next, struct pair_held, link));
    regulate(p);
}
