/* Tools that look for victims, and requests for domains that are not ours. */
#include "roles/proxy/guard/guard_int.h"
#include "roles/proxy/proxy_int.h"
#include "sip/uri.h"

static bool begins_with_one(struct slice text, const struct config_list *more)
{
    static const struct slice known[] = {
#define SCANNER(text) SLICE_INIT(text),
#include "roles/proxy/guard/scanner.def"
#undef SCANNER
    };
    for (size_t i = 0; i < sizeof known / sizeof known[0]; i++)
        if (slice_starts_nocase(text, known[i]))
            return true;
    for (size_t i = 0; i < more->count; i++)
        if (slice_starts_nocase(text, more->items[i]))
            return true;
    return false;
}

bool guard__is_scanner(const struct proxy *p, const struct sip_message *m)
{
    static const struct config_list none;
    const struct config_location *l = config_location(world_configuration(p->world), slice_text(p->location));
    const struct config_list *more = l != NULL ? &l->scanners : &none;
    struct slice agent = sip_header_value(m, SIP_HEADER_USER_AGENT);
    struct sip_name_address from;
    if (!slice_empty(agent) && begins_with_one(agent, more))
        return true;
    /* svmap says it in the display name */
    return sip_name_address_parse(&from, m->from) == 0 && !slice_empty(from.display) &&
           begins_with_one(from.display, more);
}

bool guard__is_local(const struct proxy *p, const struct sip_message *m)
{
    const struct config_location *l = config_location(world_configuration(p->world), slice_text(p->location));
    static const uint8_t any[16];
    struct sip_uri uri;
    struct address a;
    if (l == NULL || l->domains.count == 0 || sip_uri_parse(&uri, m->uri) != 0)
        return true; /* whatever they call us by, or what is answered with 416 */
    if (slice_equal_nocase(uri.host, slice_text(p->realm)))
        return true;
    for (size_t i = 0; i < l->domains.count; i++)
        if (slice_equal_nocase(uri.host, l->domains.items[i]))
            return true;
    if (address_parse_ip(&a, uri.host) != 0)
        return false;
    for (unsigned i = 0; i < p->listener_count; i++)
        if (a.family == p->listeners[i].address.family &&
            (memcmp(a.ip, p->listeners[i].address.ip, sizeof a.ip) == 0 ||
                memcmp(any, p->listeners[i].address.ip, sizeof any) == 0))
            return true;
    return false;
}
