/* Which DNs have calls at a pair, as the pair tells: everything when a stream begins, then changes in order.
 * What it has told stays while there is no stream, so that a takeover does not part a phone's calls. */
#include "base/mem.h"
#include "roles/proxy/nodes/nodes_int.h"
#include "wire/event.pb-c.h"
#include "wire/pack.h"

struct busy_dn {
    char dn[CONFIG_NAME_MAX];
};

bool nodes__is_busy(const struct node_watch *w, struct slice dn)
{
    return map_get(&w->busy, dn) != NULL;
}

void nodes__busy_free(struct node_watch *w)
{
    struct busy_dn *b;
    map_for_each (b, &w->busy)
        mem_free(b);
    map_free(&w->busy);
}

/* Bounded by the DNs that are configured. */
static void add(struct proxy *p, struct node_watch *w, struct slice dn)
{
    struct busy_dn *b;
    if (dn.length >= sizeof b->dn || nodes__is_busy(w, dn) ||
        config_dn(world_configuration(p->world), dn) == NULL)
        return;
    b = mem_zero(sizeof *b);
    slice_put(b->dn, dn);
    map_put(&w->busy, slice_text(b->dn), b);
}

void nodes_told(struct proxy *p, struct slice pair, struct slice bytes)
{
    const Tandem__BusyPlaces *told = pack_read(&tandem__busy_places__descriptor, bytes, &p->arena);
    struct node_watch *w = nodes__watch(p, pair);
    if (told == NULL || w == NULL)
        return;
    if (told->afresh)
        nodes__busy_free(w);
    for (size_t i = 0; i < told->n_ended; i++)
        mem_free(map_remove(&w->busy, slice_text(told->ended[i])));
    for (size_t i = 0; i < told->n_began; i++)
        add(p, w, slice_text(told->began[i]));
}
