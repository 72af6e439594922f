/* Who watches which prefix, and what is to be handed out to whom. */
#include "base/mem.h"
#include "engine/registry_int.h"

static struct slice prefix_of(const struct watch *w)
{
    return slice_of(w->prefix, w->prefix_length);
}

static void queue(
    struct registry *r, const struct watch *w, const struct key *key, bool gone, uint64_t revision)
{
    size_t value_length = gone ? 0 : key->value.length;
    struct change *c = mem_zero(sizeof *c + key->name.length + value_length);
    char *at = (char *)(c + 1);
    slice_put(at, key->name);
    if (value_length != 0)
        memcpy(at + key->name.length, key->value.data, value_length);
    c->change = (struct registry_change){.watcher = w->watcher,
        .token = w->token,
        .revision = revision,
        .key = slice_of(at, key->name.length),
        .value = slice_of(at + key->name.length, value_length),
        .gone = gone};
    list_append(&r->changes, &c->link);
}

void registry__tell(struct registry *r, const struct key *key, bool gone, uint64_t revision)
{
    if (r->loading)
        return;
    list_for_each (link, &r->watches) {
        const struct watch *w = list_entry(link, struct watch, link);
        if (slice_starts(key->name, prefix_of(w)))
            queue(r, w, key, gone, revision);
    }
}

static void forget_change(struct change *c)
{
    list_remove(&c->link);
    mem_free(c);
}

/* Ends the watches of a watcher (with this token, or all) and what waits for them. */
static void forget(struct registry *r, const void *watcher, const uint64_t *token)
{
    list_for_each_safe (link, next, &r->watches) {
        struct watch *w = list_entry(link, struct watch, link);
        if (w->watcher != watcher || (token != NULL && w->token != *token))
            continue;
        list_remove(link);
        mem_free(w);
    }
    list_for_each_safe (link, next, &r->changes) {
        struct change *c = list_entry(link, struct change, link);
        if (c->change.watcher == watcher && (token == NULL || c->change.token == *token))
            forget_change(c);
    }
}

void registry_watch(struct registry *r, void *watcher, uint64_t token, struct slice prefix)
{
    forget(r, watcher, &token);
    struct watch *w = mem_zero(sizeof *w + prefix.length);
    w->watcher = watcher;
    w->token = token;
    w->prefix_length = prefix.length;
    slice_put(w->prefix, prefix);
    list_append(&r->watches, &w->link);
    bool found;
    for (size_t i = registry__find(r, prefix, &found);
         i < r->key_count && slice_starts(r->keys[i]->name, prefix); i++)
        queue(r, w, r->keys[i], false, r->keys[i]->revision);
}

void registry_unwatch(struct registry *r, void *watcher)
{
    forget(r, watcher, NULL);
}

bool registry_next_change(struct registry *r, struct registry_change *change)
{
    mem_free(r->handed);
    r->handed = NULL;
    struct list *first = list_first(&r->changes);
    if (first == NULL)
        return false;
    list_remove(first);
    r->handed = list_entry(first, struct change, link);
    *change = r->handed->change;
    return true;
}

void registry__watch_free(struct registry *r)
{
    list_for_each_safe (link, next, &r->watches) {
        struct watch *w = list_entry(link, struct watch, link);
        list_remove(link);
        mem_free(w);
    }
    list_for_each_safe (link, next, &r->changes)
        forget_change(list_entry(link, struct change, link));
    mem_free(r->handed);
}
