/* Events: memory that is reused, and a heap ordered by (time, sequence). */
#include "base/mem.h"
#include "world/sim/sim_int.h"

/* Bytes behind the event; beyond the last one the event is of its own size and not kept. */
static const size_t class_sizes[SIZE_CLASSES] = {64, 512, 1536, 6144};

static uint8_t class_of(size_t bytes)
{
    uint8_t c = 0;
    while (c < SIZE_CLASSES && bytes > class_sizes[c])
        c++;
    return c;
}

struct event *sim__event(struct sim *s, enum event_kind kind, size_t bytes)
{
    uint8_t c = class_of(bytes);
    struct event *e = c < SIZE_CLASSES ? s->queue.spare[c] : NULL;
    if (e != NULL)
        s->queue.spare[c] = (struct event *)(void *)e->link.next;
    else
        e = mem_alloc(sizeof *e + (c < SIZE_CLASSES ? class_sizes[c] : bytes));
    *e = (struct event){.kind = kind, .size_class = c};
    s->queue.live++;
    return e;
}

void sim__event_free(struct sim *s, struct event *e)
{
    struct stream *stream = e->stream;
    s->queue.live--;
    if (e->size_class == SIZE_CLASSES) {
        mem_free(e);
    } else {
        e->link.next = (struct list *)(void *)s->queue.spare[e->size_class];
        s->queue.spare[e->size_class] = e;
    }
    if (stream != NULL)
        sim__stream_release(s, stream);
}

static bool before(const struct slot *a, const struct slot *b)
{
    return a->at != b->at ? a->at < b->at : a->sequence < b->sequence;
}

void sim__push(struct sim *s, struct event *e, int64_t at)
{
    struct queue *q = &s->queue;
    if (q->count == q->capacity) {
        q->capacity = q->capacity != 0 ? q->capacity * 2 : 256;
        q->slots = mem_resize(q->slots, q->capacity * sizeof *q->slots);
    }
    struct slot slot = {at > s->now ? at : s->now, ++q->sequence, e};
    size_t hole = q->count++;
    while (hole != 0 && before(&slot, &q->slots[(hole - 1) / 4])) {
        q->slots[hole] = q->slots[(hole - 1) / 4];
        hole = (hole - 1) / 4;
    }
    q->slots[hole] = slot;
}

struct event *sim__pop(struct sim *s)
{
    struct queue *q = &s->queue;
    struct event *first = q->slots[0].event;
    struct slot last = q->slots[--q->count];
    size_t hole = 0;
    for (;;) {
        size_t child = hole * 4 + 1, best = child;
        if (child >= q->count)
            break;
        for (size_t c = child + 1; c < child + 4 && c < q->count; c++)
            if (before(&q->slots[c], &q->slots[best]))
                best = c;
        if (!before(&q->slots[best], &last))
            break;
        q->slots[hole] = q->slots[best];
        hole = best;
    }
    q->slots[hole] = last;
    return first;
}

void sim__queue_free(struct sim *s)
{
    struct queue *q = &s->queue;
    while (q->count != 0)
        sim__event_free(s, q->slots[--q->count].event);
    for (int c = 0; c < SIZE_CLASSES; c++)
        while (q->spare[c] != NULL) {
            struct event *e = q->spare[c];
            q->spare[c] = (struct event *)(void *)e->link.next;
            mem_free(e);
        }
    mem_free(q->slots);
    q->slots = NULL;
}
