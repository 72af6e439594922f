#include "world/real/etcd/view.h"

#include "base/mem.h"

struct etcd_known {
    uint64_t revision;
    struct slice key, value; /* behind the struct */
};

static struct etcd_known *make(const struct etcd_entry *e)
{
    struct etcd_known *k = mem_zero(sizeof *k + e->key.length + e->value.length);
    char *at = (char *)(k + 1);
    k->revision = e->revision;
    k->key = slice_of(slice_put(at, e->key), e->key.length);
    at += e->key.length;
    k->value = slice_of(slice_put(at, e->value), e->value.length);
    return k;
}

void etcd__view_free(struct etcd_view *v)
{
    for (size_t i = 0; i < v->count; i++)
        mem_free(v->known[i]);
    mem_free(v->known);
    v->known = NULL;
    v->count = v->capacity = 0;
    v->revision = 0;
}

/* Its place, or where it belongs. */
static size_t find(const struct etcd_view *v, struct slice key, bool *found)
{
    size_t low = 0, high = v->count;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (slice_compare(v->known[middle]->key, key) < 0)
            low = middle + 1;
        else
            high = middle;
    }
    *found = low < v->count && slice_equal(v->known[low]->key, key);
    return low;
}

static void tell(const struct etcd_view *v, const struct etcd_entry *e)
{
    if (v->change_h != NULL)
        v->change_h(v->argument, e);
}

static void tell_gone(const struct etcd_view *v, struct slice key, uint64_t revision)
{
    tell(v, &(struct etcd_entry){.key = key, .revision = revision, .gone = true});
}

void etcd__view_event(struct etcd_view *v, const struct etcd_entry *e)
{
    bool found;
    if (e->revision <= v->revision)
        return;
    size_t at = find(v, e->key, &found);
    if (e->gone && !found)
        return;
    if (e->gone) {
        struct etcd_known *old = v->known[at];
        memmove(v->known + at, v->known + at + 1, (v->count - at - 1) * sizeof *v->known);
        v->count--;
        tell_gone(v, old->key, e->revision);
        mem_free(old);
        return;
    }
    if (found) {
        mem_free(v->known[at]);
        v->known[at] = make(e);
        tell(v, e);
        return;
    }
    if (v->count == v->capacity) {
        v->capacity = v->capacity != 0 ? v->capacity * 2 : 16;
        v->known = mem_resize(v->known, v->capacity * sizeof *v->known);
    }
    memmove(v->known + at + 1, v->known + at, (v->count - at) * sizeof *v->known);
    v->known[at] = make(e);
    v->count++;
    tell(v, e);
}

void etcd__view_reached(struct etcd_view *v, uint64_t revision)
{
    if (revision > v->revision)
        v->revision = revision;
}

size_t etcd__view_look(struct etcd_view *v, const struct etcd_entry *entries, size_t count, uint64_t revision)
{
    if (revision < v->revision || revision == 0)
        return 0;
    struct etcd_known **known = mem_alloc((count + 1) * sizeof *known);
    size_t differences = 0, old = 0;
    for (size_t i = 0; i < count; i++) {
        const struct etcd_entry *e = &entries[i];
        for (; old < v->count && slice_compare(v->known[old]->key, e->key) < 0; old++, differences++) {
            tell_gone(v, v->known[old]->key, revision);
            mem_free(v->known[old]);
        }
        bool here = old < v->count && slice_equal(v->known[old]->key, e->key);
        if (here && v->known[old]->revision == e->revision) {
            known[i] = v->known[old++];
            continue;
        }
        if (here)
            mem_free(v->known[old++]);
        known[i] = make(e);
        differences++;
        tell(v, e);
    }
    for (; old < v->count; old++, differences++) {
        tell_gone(v, v->known[old]->key, revision);
        mem_free(v->known[old]);
    }
    mem_free(v->known);
    v->known = known;
    v->count = count;
    v->capacity = count + 1;
    v->revision = revision;
    return differences;
}

void etcd__view_tell(const struct etcd_view *v, struct slice prefix,
    void (*tell_h)(void *argument, const struct etcd_entry *e), void *argument)
{
    bool found;
    for (size_t i = find(v, prefix, &found); i < v->count && slice_starts(v->known[i]->key, prefix); i++) {
        struct etcd_entry e = {
            .key = v->known[i]->key, .value = v->known[i]->value, .revision = v->known[i]->revision};
        tell_h(argument, &e);
    }
}
