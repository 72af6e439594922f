/* Whose messages come from an address. */
#include "base/log.h"
#include "base/mem.h"
#include "roles/proxy/trunk/trunk_int.h"

static void add(struct trunks *ts, const struct network *n, const struct config_trunk *trunk)
{
    if (ts->source_count == ts->source_room) {
        ts->source_room = ts->source_room != 0 ? ts->source_room * 2 : 8;
        ts->sources = mem_resize(ts->sources, ts->source_room * sizeof *ts->sources);
    }
    ts->sources[ts->source_count++] = (struct source){*n, trunk};
}

static void add_list(struct trunks *ts, struct config_list list, const struct config_trunk *trunk)
{
    struct network n;
    for (size_t i = 0; i < list.count; i++)
        if (network_parse(&n, list.items[i]) == 0)
            add(ts, &n, trunk);
}

void trunk__sources_follow(struct proxy *p)
{
    const struct configuration *c = world_configuration(p->world);
    const struct config_location *location = config_location(c, slice_text(p->location));
    const struct config_trunk *t;
    struct network n;
    p->trunks->source_count = 0;
    for (size_t at = 0; (t = config_next_trunk(c, &at)) != NULL;) {
        if (t->disabled || t->location != location)
            continue;
        add_list(p->trunks, t->networks, t);
        if (network_parse(&n, t->host) == 0)
            add(p->trunks, &n, t);
    }
    if (location != NULL)
        add_list(p->trunks, location->networks, NULL);
}

/* The narrowest network that holds the address. */
static const struct source *find(struct proxy *p, const struct address *peer, bool trunks_only)
{
    const struct source *best = NULL;
    for (size_t i = 0; i < p->trunks->source_count; i++) {
        const struct source *s = &p->trunks->sources[i];
        if ((s->trunk != NULL || !trunks_only) && network_holds(&s->network, peer) &&
            (best == NULL || s->network.bits > best->network.bits))
            best = s;
    }
    return best;
}

const struct config_trunk *trunk_of(struct proxy *p, const struct address *peer)
{
    const struct source *s = find(p, peer, true);
    return s != NULL ? s->trunk : NULL;
}

bool trunk_trusts(struct proxy *p, const struct address *peer)
{
    return find(p, peer, false) != NULL;
}

/* The one whose certificate the peer has shown; NULL: none. */
static const struct config_trunk *by_certificate(struct proxy *p, struct slice name)
{
    const struct config_trunk *t;
    if (slice_empty(name))
        return NULL;
    for (size_t at = 0; (t = config_next_trunk(world_configuration(p->world), &at)) != NULL;)
        if (!t->disabled && t->location == trunk__location(p) &&
            slice_equal_nocase(t->certificate_name, name))
            return t;
    return NULL;
}

const struct config_trunk *trunk_of_target(struct proxy *p, const struct sip_target *from)
{
    if (from->name[0] != '\0')
        return NULL;
    const struct address *peer = edge_peer(p, from);
    const struct config_trunk *t =
        from->address.family == 0 ? by_certificate(p, edge_peer_name(p, from->flow)) : NULL;
    return t != NULL || peer == NULL ? t : trunk_of(p, peer);
}
