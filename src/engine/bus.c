#include "engine/bus.h"

#include <stdlib.h>

#include "base/error.h"
#include "base/list.h"
#include "base/map.h"
#include "base/mem.h"

/* A trie by tokens: subscriptions hang on the node where their pattern ends. */
struct node {
    struct node *parent;
    struct map children;    /* by token */
    struct node *any;       /* what follows a `*` */
    struct list here, rest; /* subscriptions that end here; that end here with `>` */
    size_t length;
    char token[];
};

struct subscription {
    struct list link;
    struct node *node;
    uint64_t sequence;
    struct bus_hit hit;
};

struct found {
    uint64_t sequence;
    struct bus_hit hit;
};

struct bus {
    struct node *root;
    struct map subscriptions; /* by struct bus_hit: subscriber and token */
    uint64_t sequence;
    struct found *found;
    struct bus_hit *hits;
    size_t count, capacity;
    bool unsorted;
};

/* ---- nodes ---- */

static struct node *node_make(struct node *parent, struct slice token)
{
    struct node *n = mem_zero(sizeof *n + token.length);
    n->parent = parent;
    n->length = token.length;
    slice_put(n->token, token);
    list_init(&n->here);
    list_init(&n->rest);
    return n;
}

static struct node *node_child(struct node *n, struct slice token)
{
    if (slice_equal(token, SLICE("*"))) {
        if (n->any == NULL)
            n->any = node_make(n, token);
        return n->any;
    }
    struct node *child = map_get(&n->children, token);
    if (child == NULL) {
        child = node_make(n, token);
        map_put(&n->children, slice_of(child->token, child->length), child);
    }
    return child;
}

/* Removes the node and those above it that nothing hangs on any more. */
static void node_prune(struct node *n)
{
    while (n->parent != NULL && n->any == NULL && map_count(&n->children) == 0 && list_empty(&n->here) &&
           list_empty(&n->rest)) {
        struct node *parent = n->parent;
        if (parent->any == n)
            parent->any = NULL;
        else
            map_remove(&parent->children, slice_of(n->token, n->length));
        mem_free(n);
        n = parent;
    }
}

/* ---- subjects and patterns ---- */

/* What would end a subject on the wire of a bus beside the process. */
static bool has_control(struct slice text)
{
    for (size_t i = 0; i < text.length; i++)
        if ((unsigned char)text.data[i] <= ' ' || text.data[i] == 0x7f)
            return true;
    return false;
}

/* Bounds and empty tokens; wildcards only in patterns, and `>` only at their end. */
static bool well_formed(struct slice text, bool pattern)
{
    struct slice token;
    unsigned tokens = 0;
    if (slice_empty(text) || text.length > BUS_SUBJECT || text.data[text.length - 1] == '.' ||
        has_control(text))
        return false;
    while (slice_cut(&text, '.', &token)) {
        bool any = slice_equal(token, SLICE("*")), rest = slice_equal(token, SLICE(">"));
        if (slice_empty(token) || ++tokens > BUS_TOKENS || ((any || rest) && !pattern) ||
            (rest && !slice_empty(text)))
            return false;
    }
    return true;
}

bool bus_subject_valid(struct slice subject)
{
    return well_formed(subject, false);
}

bool bus_pattern_valid(struct slice pattern)
{
    return well_formed(pattern, true);
}

/* ---- subscriptions ---- */

struct bus *bus_open(void)
{
    struct bus *b = mem_zero(sizeof *b);
    b->root = node_make(NULL, SLICE(""));
    return b;
}

static struct slice key_of(const struct bus_hit *hit)
{
    return slice_of(hit, sizeof *hit);
}

static void end(struct bus *b, struct subscription *s)
{
    map_remove(&b->subscriptions, key_of(&s->hit));
    list_remove(&s->link);
    node_prune(s->node);
    mem_free(s);
}

void bus_close(struct bus *b)
{
    if (b == NULL)
        return;
    struct subscription *s;
    map_for_each (s, &b->subscriptions)
        end(b, s);
    mem_free(b->root);
    mem_free(b->found);
    mem_free(b->hits);
    mem_free(b);
}

int bus_subscribe(struct bus *b, void *subscriber, uint64_t token, struct slice pattern)
{
    if (!well_formed(pattern, true))
        return ERROR_SYNTAX;
    bus_unsubscribe(b, subscriber, token);
    struct subscription *s = mem_zero(sizeof *s);
    s->hit = (struct bus_hit){subscriber, token};
    s->sequence = ++b->sequence;
    s->node = b->root;
    bool rest = false;
    struct slice part;
    while (slice_cut(&pattern, '.', &part)) {
        rest = slice_equal(part, SLICE(">"));
        if (!rest)
            s->node = node_child(s->node, part);
    }
    list_append(rest ? &s->node->rest : &s->node->here, &s->link);
    map_put(&b->subscriptions, key_of(&s->hit), s);
    return 0;
}

void bus_unsubscribe(struct bus *b, void *subscriber, uint64_t token)
{
    struct bus_hit hit = {subscriber, token};
    struct subscription *s = map_get(&b->subscriptions, key_of(&hit));
    if (s != NULL)
        end(b, s);
}

void bus_leave(struct bus *b, void *subscriber)
{
    struct subscription *s;
    map_for_each (s, &b->subscriptions)
        if (s->hit.subscriber == subscriber)
            end(b, s);
}

/* ---- matching ---- */

static void collect(struct bus *b, const struct list *subscriptions)
{
    list_for_each (link, subscriptions) {
        const struct subscription *s = list_entry(link, struct subscription, link);
        if (b->count == b->capacity) {
            b->capacity = b->capacity != 0 ? b->capacity * 2 : 16;
            b->found = mem_resize(b->found, b->capacity * sizeof *b->found);
            b->hits = mem_resize(b->hits, b->capacity * sizeof *b->hits);
        }
        if (b->count != 0 && b->found[b->count - 1].sequence > s->sequence)
            b->unsorted = true;
        b->found[b->count++] = (struct found){s->sequence, s->hit};
    }
}

/* At most two branches a token, and only where such subscriptions are: bounded by BUS_TOKENS and the trie. */
static void descend(struct bus *b, const struct node *n, struct slice rest)
{
    struct slice token;
    if (!slice_cut(&rest, '.', &token)) {
        collect(b, &n->here);
        return;
    }
    collect(b, &n->rest);
    const struct node *child = map_get(&n->children, token);
    if (child != NULL)
        descend(b, child, rest);
    if (n->any != NULL)
        descend(b, n->any, rest);
}

static int by_sequence(const void *a, const void *b)
{
    const struct found *first = a, *second = b;
    return first->sequence < second->sequence ? -1 : 1;
}

int bus_match(const struct bus_hit **hits, size_t *count, struct bus *b, struct slice subject)
{
    *count = 0;
    *hits = b->hits;
    if (!well_formed(subject, false))
        return ERROR_SYNTAX;
    b->count = 0;
    b->unsorted = false;
    descend(b, b->root, subject);
    if (b->unsorted)
        qsort(b->found, b->count, sizeof *b->found, by_sequence);
    for (size_t i = 0; i < b->count; i++)
        b->hits[i] = b->found[i].hit;
    *hits = b->hits;
    *count = b->count;
    return 0;
}
