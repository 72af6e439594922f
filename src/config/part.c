#include "config/part.h"

#include "base/log.h"
#include "world/address.h"

static bool is_tls(struct slice endpoint)
{
    return slice_starts(endpoint, SLICE("tls:"));
}

void part_listen(struct buffer *out, struct slice endpoint)
{
    buffer_add(out, endpoint);
    if (is_tls(endpoint))
        buffer_add_text(out, "/*");
}

/* Whose certificate is not worth anything is not asked for it. */
static bool is_trusted(const struct configuration *c, struct slice member)
{
    const struct config_member *m = config_member(c, member);
    return m != NULL && m->state == CONFIG_MEMBER_TRUSTED;
}

bool part_open(struct buffer *out, const struct configuration *c, const struct config_application *to,
    struct slice endpoint)
{
    if (to == NULL || slice_empty(endpoint) || (is_tls(endpoint) && !is_trusted(c, to->member)))
        return false;
    buffer_add(out, endpoint);
    if (is_tls(endpoint))
        buffer_add_format(out, "/%.*s", SLICE_ARG(to->member));
    return true;
}

static void put(char *to, size_t size, struct slice text)
{
    text = slice_first(text, size - 1);
    slice_put(to, text);
    to[text.length] = '\0';
}

void part_peer_set(struct part_peer *p, const struct input *in)
{
    p->known = true;
    put(p->member, sizeof p->member, in->name);
    put(p->serial, sizeof p->serial, in->bytes);
}

bool part_trusts(const struct configuration *c, struct slice endpoint, const struct part_peer *peer)
{
    return !is_tls(endpoint) || !peer->known ||
           config_member_admits(c, slice_text(peer->member), slice_text(peer->serial));
}

bool part_speaks_for(const struct configuration *c, struct slice endpoint, const struct part_peer *peer,
    const struct config_application *a)
{
    struct slice member = slice_text(peer->member);
    if (!is_tls(endpoint))
        return true; /* the process, or the machine, is trusted */
    return a != NULL && peer->known && !slice_empty(a->member) && slice_equal(a->member, member) &&
           config_member_admits(c, member, slice_text(peer->serial));
}

void part_refused(const char *room, const struct part_peer *peer, const char *application)
{
    LOG(LOG_WARNING, room,
        "%s (certificate %s) may not speak for %.64s, closed; if it shall: trust this member, and name it in "
        "the "
        "application",
        peer->member[0] != '\0' ? peer->member : "somebody",
        peer->serial[0] != '\0' ? peer->serial : "of nobody",
        application[0] != '\0' ? application : "nobody");
}

static const char *wrong_endpoint(struct slice text, struct slice member)
{
    struct endpoint e;
    if (slice_empty(text) || endpoint_parse(&e, text) != 0)
        return NULL; /* what it must look like is said by its description */
    if (e.transport == TRANSPORT_UDP)
        return "parts do not speak over udp: among each other; write tls:ADDRESS:PORT instead of";
    if (e.transport > TRANSPORT_LOCAL)
        return "parts do not speak WebSocket among each other: write tls:ADDRESS:PORT instead of";
    if (e.transport == TRANSPORT_TCP && !address_is_loopback(&e.address))
        return "what leaves the machine is encrypted: write tls:ADDRESS:PORT instead of";
    if (e.transport == TRANSPORT_TLS && e.name[0] != '\0')
        return "the name is that of the member and is not written behind the place";
    if (e.transport == TRANSPORT_TLS && slice_empty(member))
        return "only an application with a member can be recognized by its certificate at";
    return NULL;
}

const char *part_wrong(struct slice *endpoint, const struct config_application *a)
{
    const char *wrong = wrong_endpoint(*endpoint = a->inside, a->member);
    return wrong != NULL ? wrong : wrong_endpoint(*endpoint = a->link, a->member);
}
