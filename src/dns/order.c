/* The order in which records are tried. */
#include "dns/dns_int.h"

/* Stable, few elements. */
static void sort(size_t *order, size_t count, uint32_t (*rank)(const struct dns_record *),
    const struct dns_record *records)
{
    for (size_t i = 1; i < count; i++)
        for (size_t k = i; k != 0 && rank(&records[order[k]]) < rank(&records[order[k - 1]]); k--) {
            size_t other = order[k];
            order[k] = order[k - 1];
            order[k - 1] = other;
        }
}

static uint32_t naptr_rank(const struct dns_record *d)
{
    return (uint32_t)d->priority << 16 | d->weight;
}

/* By priority; those of weight 0 first, so that they have their small chance (RFC 2782). */
static uint32_t srv_rank(const struct dns_record *d)
{
    return (uint32_t)d->priority << 1 | (d->weight != 0 ? 1U : 0U);
}

void dns__order_naptr(size_t *order, const struct dns_answer *a)
{
    for (size_t i = 0; i < a->count; i++)
        order[i] = i;
    sort(order, a->count, naptr_rank, a->records);
}

/* Draws one of order[from .. end) by weight and moves it to `from`. */
static void draw(size_t *order, size_t from, size_t end, const struct dns_record *records, struct world *w)
{
    uint64_t sum = 0, running = 0;
    for (size_t i = from; i < end; i++)
        sum += records[order[i]].weight;
    uint64_t chance = sum != 0 ? world_random(w) % (sum + 1) : 0;
    size_t chosen = from;
    for (size_t i = from; i < end; i++) {
        running += records[order[i]].weight;
        if (running >= chance) {
            chosen = i;
            break;
        }
    }
    size_t index = order[chosen];
    memmove(order + from + 1, order + from, (chosen - from) * sizeof *order);
    order[from] = index;
}

void dns__order_srv(size_t *order, const struct dns_answer *a, struct world *w)
{
    for (size_t i = 0; i < a->count; i++)
        order[i] = i;
    sort(order, a->count, srv_rank, a->records);
    for (size_t from = 0; from < a->count; from++) {
        size_t end = from + 1;
        while (end < a->count && a->records[order[end]].priority == a->records[order[from]].priority)
            end++;
        if (end - from > 1)
            draw(order, from, end, a->records, w);
    }
}
