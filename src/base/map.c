#include "base/map.h"

#include "base/hash.h"
#include "base/mem.h"

#define SMALLEST 8U
#define FREE 0U
#define REMOVED UINT32_MAX

static uint64_t hash_of(const char *key, size_t length)
{
    return key != NULL ? hash_bytes(hash_process_key, slice_of(key, length))
                       : hash_number((uint64_t)length ^ hash_process_key.k0);
}

static bool same(const struct map_entry *e, uint64_t hash, const char *key, size_t length)
{
    if (e->hash != hash || e->length != length)
        return false;
    return key == NULL || memcmp(e->key, key, length) == 0;
}

/* The place in the index that holds this key, or NULL. */
static uint32_t *find(const struct map *m, uint64_t hash, const char *key, size_t length)
{
    if (m->capacity == 0)
        return NULL;
    size_t mask = m->capacity * 2 - 1;
    for (size_t i = hash & mask; m->index[i] != FREE; i = (i + 1) & mask)
        if (m->index[i] != REMOVED && same(&m->entries[m->index[i] - 1], hash, key, length))
            return &m->index[i];
    return NULL;
}

static void place(struct map *m, uint64_t hash, size_t entry)
{
    size_t mask = m->capacity * 2 - 1;
    size_t i = hash & mask;
    while (m->index[i] != FREE && m->index[i] != REMOVED)
        i = (i + 1) & mask;
    m->index[i] = (uint32_t)entry + 1;
}

/* Makes room: squeezes the holes out, into a table twice as large when more than half is alive. */
static void rebuild(struct map *m)
{
    struct map old = *m;
    if (m->capacity == 0)
        m->capacity = SMALLEST;
    else if (m->live > m->capacity / 2)
        m->capacity *= 2;
    m->entries = mem_alloc(m->capacity * sizeof *m->entries);
    m->index = mem_zero(m->capacity * 2 * sizeof *m->index);
    m->used = 0;
    for (size_t i = 0; i < old.used; i++) {
        if (old.entries[i].value == NULL)
            continue;
        m->entries[m->used] = old.entries[i];
        place(m, old.entries[i].hash, m->used++);
    }
    mem_free(old.entries);
    mem_free(old.index);
}

static void *get(const struct map *m, const char *key, size_t length)
{
    if (m->live == 0)
        return NULL;
    uint32_t *at = find(m, hash_of(key, length), key, length);
    return at != NULL ? m->entries[*at - 1].value : NULL;
}

static void *put(struct map *m, const char *key, size_t length, void *value)
{
    uint64_t hash = hash_of(key, length);
    uint32_t *at = find(m, hash, key, length);
    if (at != NULL) {
        struct map_entry *e = &m->entries[*at - 1];
        void *before = e->value;
        e->key = key;
        e->value = value;
        return before;
    }
    if (m->used == m->capacity)
        rebuild(m);
    m->entries[m->used] = (struct map_entry){hash, key, length, value};
    place(m, hash, m->used++);
    m->live++;
    return NULL;
}

static void *take(struct map *m, const char *key, size_t length)
{
    uint32_t *at = m->live != 0 ? find(m, hash_of(key, length), key, length) : NULL;
    if (at == NULL)
        return NULL;
    struct map_entry *e = &m->entries[*at - 1];
    void *before = e->value;
    *e = (struct map_entry){0};
    *at = REMOVED;
    m->live--;
    if (m->live == 0)
        map_free(m); /* an idle table costs nothing */
    return before;
}

void map_free(struct map *m)
{
    mem_free(m->entries);
    mem_free(m->index);
    *m = (struct map){0};
}

/* An empty key still needs an address, to differ from a number. */
static const char *text(struct slice key)
{
    return key.data != NULL ? key.data : "";
}

void *map_get(const struct map *m, struct slice key)
{
    return get(m, text(key), key.length);
}

void *map_get_number(const struct map *m, uint64_t key)
{
    return get(m, NULL, key);
}

void *map_put(struct map *m, struct slice key, void *value)
{
    return put(m, text(key), key.length, value);
}

void *map_put_number(struct map *m, uint64_t key, void *value)
{
    return put(m, NULL, key, value);
}

void *map_remove(struct map *m, struct slice key)
{
    return take(m, text(key), key.length);
}

void *map_remove_number(struct map *m, uint64_t key)
{
    return take(m, NULL, key);
}

void *map_next(const struct map *m, size_t *at)
{
    while (*at < m->used) {
        void *value = m->entries[(*at)++].value;
        if (value != NULL)
            return value;
    }
    return NULL;
}
