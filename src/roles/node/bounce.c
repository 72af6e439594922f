/* A new call that belongs to another pair is sent on before anything is said about it: the proxy knew less
 * than we do. It comes to the other pair marked as sent on, and stays there: no call goes in circles. */
#include "base/log.h"
#include "roles/node/node_int.h"
#include "sip/peer.h"
#include "sip/uri.h"

/* Why the proxy has chosen us: the first Route is our own; otherwise empty. */
static struct slice why_of(const struct node *n, const struct sip_message *m)
{
    struct sip_cursor at = {0};
    struct sip_name_address a;
    struct sip_uri uri;
    struct slice value, why = {0}, name = slice_text(n->pair);
    if (!sip_next_value(m, SIP_HEADER_ROUTE, &at, &value) || sip_name_address_parse(&a, value) != 0 ||
        sip_uri_parse(&uri, a.uri) != 0)
        return why;
    bool ours =
        slice_starts(uri.host, name) && slice_equal(slice_from(uri.host, name.length), SLICE(".pair"));
    return ours && sip_parameter(uri.parameters, SLICE(SIP_PARAMETER_WHY), &why) ? why : (struct slice){0};
}

static const struct config_dn *caller_of(struct node *n, const struct sip_message *m)
{
    char room[NODE_NAME];
    struct sip_name_address a;
    struct sip_uri uri;
    struct slice user, identity = sip_header_value(m, SIP_HEADER_P_ASSERTED_IDENTITY);
    if (sip_name_address_parse(&a, identity) != 0 || sip_uri_parse(&uri, a.uri) != 0 ||
        sip_uri_user(&user, &uri, room, sizeof room) != 0)
        return NULL;
    return config_dn(world_configuration(n->world), user);
}

/* Whoever is being drained takes no new calls: the pair behind it in the location's list does. */
static const struct config_pair *another(const struct node *n, const struct config_location *location)
{
    const struct configuration *c = world_configuration(n->world);
    struct config_list pairs = location->pairs;
    for (size_t i = 0; i < pairs.count; i++)
        if (slice_equal(pairs.items[i], slice_text(n->pair)))
            return pairs.count > 1 ? config_pair(c, pairs.items[(i + 1) % pairs.count]) : NULL;
    return NULL;
}

/* Where the call belongs; NULL: here. Calls of one DN meet at one pair, also at one that is being drained. */
static const struct config_pair *better(const struct node *n, const struct config_location *location,
    const struct config_dn *dn, struct slice why)
{
    bool owner = slice_equal(why, SLICE(SIP_WHY_OWNER)), busy = slice_equal(why, SLICE(SIP_WHY_BUSY));
    if (slice_equal(why, SLICE(SIP_WHY_SENT)) || location == NULL ||
        (dn != NULL && node__is_busy(n, dn->number)))
        return NULL;
    if (n->draining)
        return another(n, location);
    return dn != NULL && (owner || busy) ? config_slot_pair(world_configuration(n->world), location, dn->slot)
                                         : NULL;
}

bool node__bounced(struct node *n, struct sip_transaction *t, const struct sip_message *m)
{
    const struct config_dn *dn = caller_of(n, m);
    const struct config_location *location =
        config_location(world_configuration(n->world), slice_text(n->location));
    const struct config_pair *pair = better(n, location, dn, why_of(n, m));
    if (pair == NULL || slice_equal(pair->name, slice_text(n->pair)))
        return false;
    struct buffer contact = {0};
    buffer_add_format(&contact, "<sip:%s;" SIP_PARAMETER_PAIR "=%.*s>", n->realm, SLICE_ARG(pair->name));
    LOG(LOG_INFO, "node", "a call of %.*s is for %.*s; sent on", dn != NULL ? (int)dn->number.length : 7,
        dn != NULL ? dn->number.data : "a trunk", SLICE_ARG(pair->name));
    sip_respond_saying(t, 302, SLICE("refused"), SIP_HEADER_CONTACT, buffer_slice(&contact));
    buffer_free(&contact);
    return true;
}
