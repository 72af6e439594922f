#include "roles/proxy/trace/ring.h"

#include "base/mem.h"

#define ALIGNED(size) (((size) + 7U) & ~(size_t)7U)
#define LEAST (4U * ALIGNED(sizeof(struct ring_entry) + UINT8_MAX + RING_KEPT))

void ring_open(struct ring *r, size_t size)
{
    size = size & ~(size_t)7U;
    *r = (struct ring){.bytes = size >= LEAST ? mem_alloc(size) : NULL, .size = size, .end = size};
}

void ring_close(struct ring *r)
{
    mem_free(r->bytes);
    *r = (struct ring){.bytes = NULL};
}

static const struct ring_entry *entry_at(const struct ring *r, size_t at)
{
    return (const struct ring_entry *)(const void *)(r->bytes + at);
}

static void drop_oldest(struct ring *r)
{
    r->tail += entry_at(r, r->tail)->size;
    r->count--;
    if (r->wrapped && r->tail == r->end) {
        r->tail = 0;
        r->end = r->size;
        r->wrapped = false;
    }
}

/* Where an entry of that size can be written; the oldest ones that lie there are gone. */
static size_t make_room(struct ring *r, size_t size)
{
    while ((r->wrapped ? r->tail : r->size) - r->head < size)
        if (r->wrapped) {
            drop_oldest(r);
        } else {
            r->end = r->head;
            r->head = 0;
            r->wrapped = true;
        }
    return r->head;
}

void ring_put(struct ring *r, const struct ring_entry *e, struct slice name, struct slice message)
{
    if (r->bytes == NULL)
        return;
    name = slice_first(name, UINT8_MAX);
    struct slice kept = slice_first(message, RING_KEPT);
    size_t size = ALIGNED(sizeof *e + name.length + kept.length);
    char *place = r->bytes + make_room(r, size);
    struct ring_entry *made = (struct ring_entry *)(void *)place;
    *made = *e;
    made->size = (uint32_t)size;
    made->kept = (uint32_t)kept.length;
    made->length = (uint32_t)message.length;
    made->name = (uint8_t)name.length;
    slice_put(place + sizeof *e, name);
    slice_put(place + sizeof *e + name.length, kept);
    r->head += size;
    r->count++;
}

const struct ring_entry *ring_next(const struct ring *r, const struct ring_entry *e)
{
    size_t at = r->tail;
    if (r->count == 0)
        return NULL;
    if (e != NULL) {
        at = (size_t)((const char *)e - r->bytes) + e->size;
        if (at == r->head) /* the newest was the last */
            return NULL;
        if (r->wrapped && at == r->end)
            at = 0;
    }
    return entry_at(r, at);
}

struct slice ring_name(const struct ring_entry *e)
{
    return slice_of((const char *)(e + 1), e->name);
}

struct slice ring_message(const struct ring_entry *e)
{
    return slice_of((const char *)(e + 1) + e->name, e->kept);
}
