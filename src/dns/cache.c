#include "dns/cache.h"

#include <stdio.h>

#include "base/mem.h"

#define SECOND INT64_C(1000000)

void dns_cache_init(struct dns_cache *c)
{
    *c = (struct dns_cache){.bytes = 0};
    list_init(&c->ages);
}

static void drop(struct dns_cache *c, struct dns_answer *a)
{
    map_remove(&c->by_key, a->key);
    list_remove(&a->link);
    c->bytes -= a->size;
    mem_free(a);
}

void dns_cache_free(struct dns_cache *c)
{
    list_for_each_safe (at, next, &c->ages)
        drop(c, list_entry(at, struct dns_answer, link));
    map_free(&c->by_key);
}

static struct slice key_of(char room[DNS_NAME + 8], const char *name, enum dns_type type)
{
    return slice_of(room, (size_t)snprintf(room, DNS_NAME + 8, "%u %s", (unsigned)type, name));
}

const struct dns_answer *dns_cache_find(
    const struct dns_cache *c, const char *name, enum dns_type type, int64_t now, int64_t since)
{
    char room[DNS_NAME + 8];
    const struct dns_answer *a = map_get(&c->by_key, key_of(room, name, type));
    return a != NULL && (a->until > now || a->received_at >= since) ? a : NULL;
}

void dns_cache_put(struct dns_cache *c, const char *name, enum dns_type type, int64_t now,
    enum dns_found found, const struct dns_record *const *records, size_t count, uint32_t seconds)
{
    char room[DNS_NAME + 8];
    struct slice key = key_of(room, name, type);
    struct dns_answer *before = map_get(&c->by_key, key);
    size_t size = sizeof(struct dns_answer) + count * sizeof(struct dns_record) + key.length;
    if (before != NULL)
        drop(c, before);
    while (c->bytes + size > DNS_CACHE_BYTES && !list_empty(&c->ages))
        drop(c, list_entry(list_first(&c->ages), struct dns_answer, link));
    struct dns_answer *a = mem_zero(size);
    a->records = (struct dns_record *)(a + 1);
    a->key = slice_of(a->records + count, key.length);
    memcpy(a->records + count, key.data, key.length);
    for (size_t i = 0; i < count; i++) {
        a->records[i] = *records[i];
        seconds = i == 0 || records[i]->ttl < seconds ? records[i]->ttl : seconds;
    }
    uint32_t longest = found == DNS_FOUND ? DNS_TTL_LONGEST : DNS_NO_LONGEST;
    a->received_at = now;
    a->until = now + (seconds < longest ? seconds : longest) * SECOND;
    a->type = (uint16_t)type;
    a->found = found;
    a->count = count;
    a->size = size;
    map_put(&c->by_key, a->key, a);
    list_append(&c->ages, &a->link);
    c->bytes += size;
}
