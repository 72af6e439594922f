/* Who sends: a bounded table, in which what was seen least recently gives way. */
#include "base/mem.h"
#include "roles/proxy/guard/guard_int.h"

void guard__table_open(struct guard_table *t, const char *name, size_t most)
{
    pool_init(&t->pool, name, sizeof(struct guard_source));
    list_init(&t->age);
    t->most = most;
}

static void forget(struct guard_table *t, struct guard_source *s)
{
    list_remove(&s->age);
    map_remove(&t->by_key, slice_of(&s->key, sizeof s->key));
    pool_give(&t->pool, s);
}

void guard__table_close(struct guard_table *t)
{
    while (!list_empty(&t->age))
        forget(t, list_entry(list_first(&t->age), struct guard_source, age));
    map_free(&t->by_key);
    pool_free(&t->pool);
}

struct guard_source *guard__source(struct guard_table *t, const struct address *key, bool make)
{
    struct guard_source *s = map_get(&t->by_key, slice_of(key, sizeof *key));
    if (s != NULL) {
        list_remove(&s->age);
        list_append(&t->age, &s->age);
        return s;
    }
    if (!make)
        return NULL;
    if (map_count(&t->by_key) >= t->most)
        forget(t, list_entry(list_first(&t->age), struct guard_source, age));
    s = pool_take(&t->pool);
    s->key = *key;
    map_put(&t->by_key, slice_of(&s->key, sizeof s->key), s);
    list_append(&t->age, &s->age);
    return s;
}

void guard__forget(struct guard_table *t, const struct address *key)
{
    struct guard_source *s = map_get(&t->by_key, slice_of(key, sizeof *key));
    if (s != NULL)
        forget(t, s);
}

struct address guard__plain(const struct address *peer)
{
    static const uint8_t mapped[12] = {[10] = 0xff, [11] = 0xff};
    struct address key = {.family = peer->family, .port = peer->port};
    if (peer->family == 6 && memcmp(peer->ip, mapped, sizeof mapped) == 0) {
        key.family = 4;
        memcpy(key.ip, peer->ip + sizeof mapped, 4);
    } else {
        memcpy(key.ip, peer->ip, sizeof key.ip);
    }
    return key;
}

struct address guard__source_key(const struct address *peer)
{
    struct address key = guard__plain(peer);
    key.port = 0;
    if (key.family == 6)
        memset(key.ip + 8, 0, 8); /* who has one address of a /64 has them all */
    return key;
}
