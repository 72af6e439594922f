/* Which DNs have a call at this pair. Every proxy that is connected is told, so that a phone's next call
 * meets the one that it has already. Not a record: it follows from the legs. */
#include <stdlib.h>

#include "base/log.h"
#include "base/mem.h"
#include "roles/node/node_int.h"
#include "sip/peer.h"
#include "wire/event.pb-c.h"
#include "wire/pack.h"

struct busy {
    char dn[NODE_NAME];
    unsigned legs;
    bool told;
};

/* Only what is a DN: numbers of the outside world are many, and call from trunks. */
void node__busy_began(struct leg *l)
{
    struct node *n = l->node;
    struct slice dn = slice_text(l->dn);
    if (l->counted || config_dn(world_configuration(n->world), dn) == NULL)
        return;
    struct busy *b = map_get(&n->busy, dn);
    if (b == NULL) {
        b = mem_zero(sizeof *b);
        slice_put(b->dn, dn);
        map_put(&n->busy, slice_text(b->dn), b);
    }
    l->counted = true;
    b->legs++;
    map_put(&n->busy_changes, slice_text(b->dn), b);
}

void node__busy_ended(struct leg *l)
{
    struct node *n = l->node;
    struct busy *b = l->counted ? map_get(&n->busy, slice_text(l->dn)) : NULL;
    l->counted = false;
    if (b == NULL)
        return;
    b->legs--;
    map_put(&n->busy_changes, slice_text(b->dn), b);
}

bool node__is_busy(const struct node *n, struct slice dn)
{
    const struct busy *b = map_get(&n->busy, dn);
    return b != NULL && b->legs != 0;
}

static void forget(struct node *n, struct busy *b)
{
    map_remove(&n->busy_changes, slice_text(b->dn));
    map_remove(&n->busy, slice_text(b->dn));
    mem_free(b);
}

void node__busy_flush(struct node *n)
{
    Tandem__BusyPlaces told = TANDEM__BUSY_PLACES__INIT;
    size_t most = map_count(&n->busy_changes);
    struct buffer bytes = {0};
    struct busy *b;
    if (most == 0)
        return;
    told.began = arena_alloc(&n->arena, most * sizeof *told.began);
    told.ended = arena_alloc(&n->arena, most * sizeof *told.ended);
    map_for_each (b, &n->busy_changes) {
        if (b->told != (b->legs != 0) && b->legs != 0)
            told.began[told.n_began++] = b->dn;
        else if (b->told != (b->legs != 0))
            told.ended[told.n_ended++] = b->dn;
        b->told = b->legs != 0;
    }
    if (told.n_began + told.n_ended != 0) {
        pack_add(&bytes, &told.base);
        node__peers_tell(n, SIP_FRAME_BUSY, buffer_slice(&bytes));
        buffer_free(&bytes);
    }
    map_for_each (b, &n->busy_changes)
        if (b->legs == 0)
            forget(n, b);
    map_free(&n->busy_changes);
}

static int by_name(const void *a, const void *b)
{
    return strcmp(*(char *const *)a, *(char *const *)b);
}

/* In order of number: the table of a member that has taken over has been filled in another order. */
void node__busy_all(const struct node *n, struct buffer *out)
{
    Tandem__BusyPlaces told = TANDEM__BUSY_PLACES__INIT;
    struct busy *b;
    char **names = mem_alloc((map_count(&n->busy) + 1) * sizeof *names);
    told.began = names;
    told.has_afresh = told.afresh = true;
    map_for_each (b, &n->busy)
        if (b->legs != 0)
            names[told.n_began++] = b->dn;
    qsort(names, told.n_began, sizeof *names, by_name);
    pack_add(out, &told.base);
    mem_free(names);
}

void node__busy_resume(struct node *n)
{
    struct leg *l;
    struct busy *b;
    map_for_each (l, &n->legs)
        node__busy_began(l);
    map_for_each (b, &n->busy)
        b->told = true; /* whoever connects is told all of them */
    map_free(&n->busy_changes);
}

void node__busy_free(struct node *n)
{
    struct busy *b;
    map_for_each (b, &n->busy)
        mem_free(b);
    map_free(&n->busy);
    map_free(&n->busy_changes);
}
