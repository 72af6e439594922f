/* New calls that go to another pair than the one that was chosen: because that one says so, or because it
 * does not answer any more. */
#include "roles/proxy/nodes/nodes_int.h"
#include "sip/peer.h"
#include "sip/uri.h"

/* The pair that the first Contact names. */
static bool named_pair(const struct sip_message *m, struct slice *pair)
{
    struct sip_cursor at = {0};
    struct sip_name_address a;
    struct sip_uri uri;
    struct slice value;
    return sip_next_value(m, SIP_HEADER_CONTACT, &at, &value) && sip_name_address_parse(&a, value) == 0 &&
           sip_uri_parse(&uri, a.uri) == 0 &&
           sip_parameter(uri.parameters, SLICE(SIP_PARAMETER_PAIR), pair) && pair->length < PROXY_NAME;
}

/* It may be out of service as we see it: then who sent the call on shall take it after all. */
bool nodes_bounced(
    struct proxy *p, struct relay *r, const struct sip_transaction *t, const struct sip_message *m)
{
    struct slice pair;
    struct destination to = {.why = SIP_WHY_SENT};
    struct slice from = slice_text(t->target.name);
    if (m->status != 302 || slice_empty(from) || r->sent_on || r->cancelled || r->method != SIP_INVITE ||
        config_pair(world_configuration(p->world), from) == NULL || !named_pair(m, &pair))
        return false;
    enum node_state state = nodes_state(p, pair);
    slice_put(to.target.name, state == NODE_OUT || state == NODE_DRAINING ? from : pair);
    r->sent_on = true;
    world_count(p->world, COUNTER_NODE_BOUNCES, 1);
    return proxy__relay_again(p, r, &to);
}
