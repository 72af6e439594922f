/* Keys and leases as data. */
#include "base/mem.h"
#include "base/wheel.h"
#include "engine/registry_int.h"

size_t registry__find(const struct registry *r, struct slice name, bool *found)
{
    size_t low = 0, high = r->key_count;
    *found = false;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        int order = slice_compare(r->keys[middle]->name, name);
        if (order == 0)
            *found = true;
        if (order < 0)
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

static struct key *make(struct slice name, struct slice value)
{
    struct key *k = mem_zero(sizeof *k + name.length + value.length);
    char *at = (char *)(k + 1);
    slice_put(at, name);
    slice_put(at + name.length, value);
    k->name = slice_of(at, name.length);
    k->value = slice_of(at + name.length, value.length);
    return k;
}

static size_t weight(const struct key *k)
{
    return k->name.length + k->value.length;
}

static void drop(struct registry *r, struct key *k)
{
    r->bytes -= weight(k);
    list_remove(&k->of_lease);
    mem_free(k);
}

static void insert(struct registry *r, size_t at, struct key *k)
{
    if (r->key_count == r->key_capacity) {
        r->key_capacity = r->key_capacity != 0 ? r->key_capacity * 2 : 16;
        r->keys = mem_resize(r->keys, r->key_capacity * sizeof *r->keys);
    }
    memmove(r->keys + at + 1, r->keys + at, (r->key_count - at) * sizeof *r->keys);
    r->keys[at] = k;
    r->key_count++;
}

void registry__put(
    struct registry *r, struct slice name, struct slice value, struct lease *lease, uint64_t revision)
{
    bool found;
    size_t at = registry__find(r, name, &found);
    struct key *k = make(name, value);
    k->revision = revision;
    k->lease = lease;
    if (lease != NULL)
        list_append(&lease->keys, &k->of_lease);
    if (found) {
        drop(r, r->keys[at]);
        r->keys[at] = k;
    } else {
        insert(r, at, k);
    }
    r->bytes += weight(k);
    if (revision > r->revision)
        r->revision = revision;
    registry__tell(r, k, false, revision);
}

static void remove_at(struct registry *r, size_t at, uint64_t revision)
{
    struct key *k = r->keys[at];
    memmove(r->keys + at, r->keys + at + 1, (r->key_count - at - 1) * sizeof *r->keys);
    r->key_count--;
    if (revision > r->revision)
        r->revision = revision;
    registry__tell(r, k, true, revision);
    drop(r, k);
}

void registry__delete(struct registry *r, struct slice name, uint64_t revision)
{
    bool found;
    size_t at = registry__find(r, name, &found);
    if (found)
        remove_at(r, at, revision);
}

struct lease *registry__lease_add(struct registry *r, uint64_t id, int64_t length, int64_t now)
{
    struct lease *l = mem_zero(sizeof *l);
    *l = (struct lease){.id = id, .length = length, .expires_at = now + length};
    list_init(&l->keys);
    map_put_number(&r->leases, id, l);
    if (id > r->last_lease)
        r->last_lease = id;
    if (l->expires_at < r->next_expiry)
        r->next_expiry = l->expires_at;
    return l;
}

void registry__lease_end(struct registry *r, struct lease *lease)
{
    struct list *link;
    while ((link = list_first(&lease->keys)) != NULL)
        registry__delete(r, list_entry(link, struct key, of_lease)->name, r->revision + 1);
    map_remove_number(&r->leases, lease->id);
    mem_free(lease);
    if (map_count(&r->leases) == 0)
        r->next_expiry = WHEEL_NEVER;
}

void registry__state_free(struct registry *r)
{
    for (size_t i = 0; i < r->key_count; i++)
        mem_free(r->keys[i]);
    mem_free(r->keys);
    struct lease *l;
    map_for_each (l, &r->leases)
        mem_free(l);
    map_free(&r->leases);
}
