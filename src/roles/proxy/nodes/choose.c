#include "roles/proxy/nodes/nodes_int.h"
#include "sip/peer.h"

static bool set(struct destination *to, struct slice pair, const char *why)
{
    if (pair.length >= sizeof to->target.name)
        return false;
    *to = (struct destination){.why = why};
    slice_put(to->target.name, pair);
    return true;
}

/* Where the DN has calls: in the own location, if it has some in several. */
static bool busy_pair(struct proxy *p, struct slice dn, struct destination *to)
{
    const struct configuration *c = world_configuration(p->world);
    const struct node_watch *w, *found = NULL;
    map_for_each (w, &p->nodes->watches) {
        const struct config_pair *pair = config_pair(c, slice_text(w->name));
        if (w->state == NODE_OUT || pair == NULL || !nodes__is_busy(w, dn))
            continue;
        bool own = slice_equal(pair->location->name, slice_text(p->location));
        if (found == NULL || own)
            found = w;
        if (own)
            break;
    }
    return found != NULL && set(to, slice_text(found->name), SIP_WHY_BUSY);
}

/* In turn over those in service, of the own location or of all others; also new ones, which have not answered
 * yet, when nothing better is there. */
static bool in_turn(struct proxy *p, bool own, enum node_state state, struct destination *to)
{
    const struct configuration *c = world_configuration(p->world);
    const struct config_pair *pair;
    uint64_t count = 0, wanted = 0;
    for (int round = 0; round < 2; round++) { /* counts them, then takes one */
        uint64_t seen = 0;
        size_t at = 0;
        while ((pair = config_next_pair(c, &at)) != NULL) {
            if (slice_equal(pair->location->name, slice_text(p->location)) != own ||
                nodes_state(p, pair->name) != state)
                continue;
            if (round == 1 && seen == wanted)
                return set(to, pair->name, SIP_WHY_ANY);
            seen++;
        }
        count = seen;
        if (count == 0)
            return false;
        wanted = round == 0 ? p->nodes->turn++ % count : wanted;
    }
    return false;
}

static bool owner(struct proxy *p, const struct config_dn *caller, struct destination *to)
{
    const struct configuration *c = world_configuration(p->world);
    const struct config_pair *pair =
        config_slot_pair(c, config_location(c, slice_text(p->location)), caller->slot);
    if (pair == NULL)
        return false;
    enum node_state state = nodes_state(p, pair->name);
    return (state == NODE_IN_SERVICE || state == NODE_NEW) && set(to, pair->name, SIP_WHY_OWNER);
}

bool proxy__choose_pair(struct proxy *p, const struct config_dn *caller, struct destination *to)
{
    if (caller != NULL && (busy_pair(p, caller->number, to) || owner(p, caller, to)))
        return true;
    if (in_turn(p, true, NODE_IN_SERVICE, to))
        return true;
    if (in_turn(p, false, NODE_IN_SERVICE, to)) {
        world_count(p->world, COUNTER_NODE_ELSEWHERE, 1);
        return true;
    }
    if (in_turn(p, true, NODE_NEW, to) || in_turn(p, false, NODE_NEW, to))
        return true;
    world_count(p->world, COUNTER_NODE_NOWHERE, 1);
    return false;
}
