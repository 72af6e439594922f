#include "base/wheel.h"

#include <stdatomic.h>
#include <string.h>

/* Level 0 holds the next 256 ms, a slot a millisecond; level 1 the next 65 s, a slot 256 ms; and so on up to
 * 34 years. */

static _Atomic size_t open_timers;

size_t wheel_open_timers(void)
{
    return atomic_load_explicit(&open_timers, memory_order_relaxed);
}

static void count(struct wheel *w, int by)
{
    w->count += (size_t)by;
    atomic_fetch_add_explicit(&open_timers, (size_t)by, memory_order_relaxed);
}

void wheel_init(struct wheel *w, int64_t now)
{
    memset(w, 0, sizeof *w);
    w->tick = now / 1000;
    list_init(&w->due);
    for (int level = 0; level < WHEEL_LEVELS; level++)
        for (int slot = 0; slot < WHEEL_SLOTS; slot++)
            list_init(&w->slots[level][slot]);
}

void wheel_close(struct wheel *w)
{
    count(w, -(int)w->count);
}

static int64_t tick_of(int64_t at)
{
    return at / 1000 + (at % 1000 != 0); /* never early */
}

static void place_from(struct wheel *w, struct wheel_timer *t, int64_t earliest)
{
    int64_t tick = tick_of(t->at > earliest ? t->at : earliest);
    if (tick < w->tick)
        tick = w->tick;
    int level = 0;
    while (level < WHEEL_LEVELS - 1 && (tick >> (8 * (level + 1))) != (w->tick >> (8 * (level + 1))))
        level++;
    int64_t horizon = ((w->tick >> (8 * level)) + WHEEL_SLOTS - 1) << (8 * level);
    if (tick > horizon)
        tick = horizon; /* beyond the last level: looked at again when its slot comes */
    int slot = (int)(tick >> (8 * level)) & (WHEEL_SLOTS - 1);
    list_append(&w->slots[level][slot], &t->link);
    w->occupied[level][slot / 64] |= (uint64_t)1 << (slot % 64);
}

static void place(struct wheel *w, struct wheel_timer *t)
{
    place_from(w, t, t->at);
}

void wheel_postpone(struct wheel *w, struct wheel_timer *t, int64_t until)
{
    wheel_clear(w, t);
    place_from(w, t, until);
    count(w, 1);
}

void wheel_set(struct wheel *w, struct wheel_timer *t, int64_t at)
{
    wheel_clear(w, t);
    t->at = at;
    place(w, t);
    count(w, 1);
}

void wheel_clear(struct wheel *w, struct wheel_timer *t)
{
    if (!wheel_runs(t))
        return;
    list_remove(&t->link);
    count(w, -1);
}

static bool before_or_equal(const struct wheel_timer *a, const struct wheel_timer *b)
{
    if (a->at != b->at)
        return a->at < b->at;
    if (a->order[0] != b->order[0])
        return a->order[0] < b->order[0];
    return a->order[1] <= b->order[1];
}

/* Into the list of due timers, which is kept sorted; timers mostly come in order, so the search starts at the
 * end. */
static void collect(struct wheel *w, struct list *slot)
{
    list_for_each_safe (link, next, slot) {
        struct wheel_timer *t = list_entry(link, struct wheel_timer, link);
        list_remove(link);
        struct list *before = &w->due;
        while (before->previous != &w->due) {
            struct wheel_timer *other = list_entry(before->previous, struct wheel_timer, link);
            if (before_or_equal(other, t))
                break;
            before = before->previous;
        }
        list_insert(before, &t->link);
    }
}

static void cascade(struct wheel *w, int level)
{
    int slot = (int)(w->tick >> (8 * level)) & (WHEEL_SLOTS - 1);
    if (slot == 0 && level + 1 < WHEEL_LEVELS)
        cascade(w, level + 1);
    struct list moved;
    list_init(&moved);
    list_for_each_safe (link, next, &w->slots[level][slot]) {
        list_remove(link);
        list_append(&moved, link);
    }
    w->occupied[level][slot / 64] &= ~((uint64_t)1 << (slot % 64));
    list_for_each_safe (link, next, &moved) {
        list_remove(link);
        place(w, list_entry(link, struct wheel_timer, link));
    }
}

/* The first occupied slot of a level at or after `from`; WHEEL_SLOTS when there is none. */
static int occupied_from(const struct wheel *w, int level, int from)
{
    for (int word = from / 64; word < WHEEL_SLOTS / 64; word++) {
        uint64_t bits = w->occupied[level][word];
        if (word == from / 64)
            bits &= ~(uint64_t)0 << (from % 64);
        if (bits != 0)
            return word * 64 + __builtin_ctzll(bits);
    }
    return WHEEL_SLOTS;
}

struct wheel_timer *wheel_due(struct wheel *w, int64_t now)
{
    int64_t until = now / 1000;
    while (list_empty(&w->due) && w->tick <= until) {
        if (w->count == 0) {
            w->tick = until + 1;
            break;
        }
        int from = (int)w->tick & (WHEEL_SLOTS - 1);
        int slot = occupied_from(w, 0, from);
        int64_t tick = w->tick + (slot - from);
        if (tick > until) {
            w->tick = until + 1; /* it may be the start of a round: then cascade below */
        } else if (slot < WHEEL_SLOTS) {
            collect(w, &w->slots[0][slot]);
            w->occupied[0][slot / 64] &= ~((uint64_t)1 << (slot % 64));
            w->tick = tick + 1;
        } else {
            w->tick = tick;
        }
        if (((w->tick & (WHEEL_SLOTS - 1)) == 0))
            cascade(w, 1);
    }
    struct list *link = list_first(&w->due);
    if (link == NULL)
        return NULL;
    struct wheel_timer *t = list_entry(link, struct wheel_timer, link);
    list_remove(link);
    count(w, -1);
    return t;
}

int64_t wheel_next(const struct wheel *w)
{
    if (!list_empty(&w->due))
        return list_entry(w->due.next, struct wheel_timer, link)->at;
    if (w->count == 0)
        return WHEEL_NEVER;
    int64_t round = w->tick;
    for (int level = 0; level < WHEEL_LEVELS; level++) {
        int64_t position = w->tick >> (8 * level);
        int slot = occupied_from(w, level, (int)position & (WHEEL_SLOTS - 1));
        if (slot < WHEEL_SLOTS)
            return ((position & ~(int64_t)(WHEEL_SLOTS - 1)) + slot) << (8 * level) > w->tick
                       ? (((position & ~(int64_t)(WHEEL_SLOTS - 1)) + slot) << (8 * level)) * 1000
                       : w->tick * 1000;
        round = ((position | (WHEEL_SLOTS - 1)) + 1) << (8 * level);
    }
    return round * 1000;
}
