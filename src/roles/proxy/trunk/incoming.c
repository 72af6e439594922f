/* What comes in by a trunk. */
#include "base/error.h"
#include "base/log.h"
#include "roles/proxy/trunk/trunk_int.h"
#include "sip/uri.h"

struct slice trunk__called(struct proxy *p, const struct sip_message *m)
{
    struct buffer value = {0};
    buffer_add_format(&value, "<%.*s>", SLICE_ARG(m->uri));
    struct slice user = trunk__user(p, buffer_slice(&value));
    buffer_free(&value);
    return user;
}

/* The DN that the trunk's number means; NULL: none. */
static const struct config_dn *dn_of(struct proxy *p, const struct config_trunk *trunk, struct slice number)
{
    const struct configuration *c = world_configuration(p->world);
    const struct config_dial_rule *rule = config_dial_in(c, trunk, number);
    struct buffer inside = {0};
    if (rule != NULL)
        config_dial_rewrite(&inside, rule, number);
    else
        buffer_add(&inside, number);
    const struct config_dn *dn = config_dn(c, buffer_slice(&inside));
    buffer_free(&inside);
    return dn != NULL && !dn->disabled ? dn : NULL;
}

static void address_to(struct proxy *p, struct destination *to, uint64_t token, const struct config_dn *dn)
{
    struct buffer uri = {0};
    to->record_way = trunk__way_text(p, &(struct trunk_way){.token = token});
    buffer_add_text(&uri, "sip:");
    trunk__add_user(&uri, dn->number);
    buffer_add_format(&uri, "@%s", p->realm);
    to->uri = arena_copy(&p->arena, buffer_slice(&uri));
    buffer_free(&uri);
}

bool trunk_readdress(struct proxy *p, const struct sip_transaction *server, const struct sip_message *m,
    struct destination *to)
{
    const struct config_trunk *trunk = trunk_of_target(p, &server->target);
    const struct config_dn *dn = trunk != NULL ? dn_of(p, trunk, trunk__called(p, m)) : NULL;
    if (dn != NULL)
        address_to(p, to, trunk__token(trunk->name), dn);
    return dn != NULL;
}

static void pass_on(struct proxy *p, struct sip_transaction *t, const struct sip_message *m,
    struct trunk_state *s, const struct config_dn *dn, struct destination to)
{
    address_to(p, &to, s->token, dn);
    trunk__call_begin(s, trunk__call_key(m), false);
    struct trunk_call *call = trunk__call(p, trunk__call_key(m));
    const struct address *peer = edge_peer(p, &t->target);
    if (call != NULL && peer != NULL)
        call->peer = *peer;
    proxy__relay(p, t, m, &to, 1, SLICE(""));
    struct relay *r = map_get_number(&p->relays, t->owner);
    if (r != NULL)
        r->trunk_call = trunk__call_key(m);
    else
        trunk__call_end(p, trunk__call_key(m));
}

void trunk_incoming(
    struct proxy *p, struct sip_transaction *t, const struct sip_message *m, const struct config_trunk *trunk)
{
    struct trunk_state *s = trunk__state(p, trunk->name);
    struct slice number = trunk__called(p, m);
    enum trunk_reason why;
    if (s == NULL || !trunk__admits(s, &why)) {
        /* Without Retry-After: the carrier tries another way for this call, and us again for the next one
         * (RFC 3261 21.5.4). 486 would say that the one who is called is busy. */
        if (s != NULL)
            trunk__note(s, why, "a call to %.*s was refused: %s", SLICE_ARG(number), trunk__reason_name(why));
        sip_respond_simple(t, 503, SLICE("edge"));
        return;
    }
    const struct config_dn *dn = dn_of(p, trunk, number);
    struct destination to;
    if (dn == NULL) {
        trunk__note(s, TRUNK_UNKNOWN_NUMBER, "no DN has the number %.*s", SLICE_ARG(number));
        sip_respond_simple(t, 404, SLICE("edge"));
    } else if (!proxy__choose_pair(p, NULL, &to) || /* the own location's, as long as it has one (GEO-1) */
               !(trunk->trusted || guard_lets_through(p, slice_text(to.target.name), m))) {
        sip_respond_simple(t, 503, SLICE("edge"));
    } else {
        pass_on(p, t, m, s, dn, to);
    }
}

const char *trunk_way(struct proxy *p, const struct sip_target *from, const struct sip_message *m)
{
    const struct config_trunk *t = trunk_of_target(p, from);
    struct trunk_state *s = t != NULL ? trunk__state(p, t->name) : NULL;
    uint64_t key = trunk__call_key(m);
    if (s == NULL)
        return NULL;
    if (m->method == SIP_BYE)
        trunk__call_end(p, key);
    else
        trunk__call_seen(p, key, s);
    return trunk__way_text(p, &(struct trunk_way){.token = s->token});
}
