/* Messages as those outside see them: nothing of the inside is named. */
#include <inttypes.h>
#include <stdio.h>

#include "base/error.h"
#include "base/hash.h"
#include "roles/proxy/trunk/trunk_int.h"
#include "sip/uri.h"

#define BIT(header) SIP_HEADER_BIT(SIP_HEADER_##header)
/* What is written anew in what goes out. */
#define WRITTEN                                                                                              \
    (BIT(VIA) | BIT(ROUTE) | BIT(RECORD_ROUTE) | BIT(MAX_FORWARDS) | BIT(FROM) | BIT(TO) | BIT(CONTACT) |    \
        BIT(CSEQ) | BIT(RACK) | BIT(AUTHORIZATION) | BIT(PROXY_AUTHORIZATION) | BIT(CONTENT_TYPE) |          \
        BIT(P_ASSERTED_IDENTITY) | BIT(P_PREFERRED_IDENTITY))

#define ANONYMOUS 256U /* in a way: the caller is not named */
#define SHIFTS 255U    /* the rest of it */

/* ---- our place in the route of the dialog ---- */

const char *trunk__way_text(struct proxy *p, const struct trunk_way *way)
{
    struct buffer out = {0};
    buffer_add_format(&out, "%016" PRIx64 ".%u", way->token, way->shift | (way->anonymous ? ANONYMOUS : 0U));
    const char *text = arena_text(&p->arena, buffer_slice(&out));
    buffer_free(&out);
    return text;
}

static bool read_token(uint64_t *token, struct slice text)
{
    *token = 0;
    for (size_t i = 0; i < text.length; i++) {
        char c = text.data[i];
        if (!((c >= '0' && c <= '9') || (c >= 'a' && c <= 'f')))
            return false;
        *token = *token << 4 | (uint64_t)(c <= '9' ? c - '0' : c - 'a' + 10);
    }
    return text.length == 16;
}

bool trunk__way_read(struct trunk_way *read, const struct sip_message *m)
{
    struct sip_cursor at = {0};
    struct sip_name_address a;
    struct sip_uri uri;
    struct slice value, way, first;
    uint64_t number;
    if (!sip_next_value(m, SIP_HEADER_ROUTE, &at, &value) || sip_name_address_parse(&a, value) != 0 ||
        sip_uri_parse(&uri, a.uri) != 0 || !sip_parameter(uri.parameters, SLICE(SIP_PARAMETER_WAY), &way) ||
        !slice_cut(&way, '.', &first) || !read_token(&read->token, first) ||
        slice_to_u64(&number, way, ANONYMOUS | SHIFTS) != 0)
        return false;
    read->shift = (uint32_t)number & SHIFTS;
    read->anonymous = (number & ANONYMOUS) != 0;
    return true;
}

bool trunk_pair(struct proxy *p, const struct sip_message *m, struct slice *pair)
{
    struct sip_uri uri;
    struct slice owner;
    uint64_t token;
    const struct config_pair *each;
    const struct configuration *c = world_configuration(p->world);
    if (sip_uri_parse(&uri, m->uri) != 0 ||
        !sip_parameter(uri.parameters, SLICE(SIP_PARAMETER_OWNER), &owner) || !read_token(&token, owner))
        return false;
    for (size_t at = 0; (each = config_next_pair(c, &at)) != NULL;)
        if (trunk__token(each->name) == token) {
            *pair = each->name;
            return true;
        }
    return false;
}

/* ---- users and addresses ---- */

struct slice trunk__user(struct proxy *p, struct slice value)
{
    char room[CONFIG_NAME_MAX];
    struct sip_name_address a;
    struct sip_uri uri;
    struct slice user;
    if (sip_name_address_parse(&a, value) != 0 || sip_uri_parse(&uri, a.uri) != 0 ||
        sip_uri_user(&user, &uri, room, sizeof room) != 0)
        return (struct slice){0};
    return arena_copy(&p->arena, user);
}

struct slice trunk__user_inside(struct proxy *p, struct slice value)
{
    struct sip_name_address a;
    struct sip_uri uri;
    if (sip_name_address_parse(&a, value) != 0 || sip_uri_parse(&uri, a.uri) != 0 ||
        !slice_equal_nocase(uri.host, slice_text(p->realm)))
        return (struct slice){0};
    return trunk__user(p, value);
}

void trunk__add_user(struct buffer *out, struct slice number)
{
    for (size_t i = 0; i < number.length; i++)
        if (number.data[i] == '#')
            buffer_add_text(out, "%23");
        else
            buffer_add_byte(out, number.data[i]);
}

void trunk__add_own_uri(struct buffer *out, const struct edge_listener *l, struct slice user)
{
    buffer_add_text(out, "<sip:");
    if (!slice_empty(user)) {
        trunk__add_user(out, user);
        buffer_add_byte(out, '@');
    }
    address_add(out, &l->address);
    if (l->transport != TRANSPORT_UDP)
        buffer_add_format(out, ";transport=%s", transport_name(l->transport));
}

/* Where the name of the inside stands behind @, ours outside takes its place. Tags stay. */
static void add_party(struct buffer *out, struct proxy *p, enum sip_header_id id, struct slice value,
    struct slice user, const struct outside *o, bool anonymous)
{
    struct sip_name_address a;
    struct sip_uri uri;
    bool readable = sip_name_address_parse(&a, value) == 0 && sip_uri_parse(&uri, a.uri) == 0;
    if (!readable || (!anonymous && !slice_equal_nocase(uri.host, slice_text(p->realm)))) {
        sip_add_header(out, id, value);
        return;
    }
    buffer_add_format(out, "%s: ", sip_header_name(id));
    if (anonymous) {
        buffer_add_text(out, "\"Anonymous\" <sip:anonymous@anonymous.invalid"); /* RFC 3323 4.1.1.3 */
    } else {
        if (!slice_empty(a.display))
            buffer_add_format(out, "\"%.*s\" ", SLICE_ARG(a.display));
        buffer_add_text(out, "<sip:");
        trunk__add_user(out, slice_empty(user) ? uri.user : user);
        buffer_add_format(out, "@%.*s", SLICE_ARG(o->domain));
    }
    buffer_add_format(out, ">%.*s\r\n", SLICE_ARG(a.parameters));
}

/* A Contact of ours: our address, and a number that says nothing to anybody but us (see trunk_pair). */
static void add_contacts(
    struct buffer *out, const struct sip_message *m, const struct edge_listener *l, struct slice user)
{
    struct sip_cursor at = {0};
    struct slice value, pair;
    while (sip_next_value(m, SIP_HEADER_CONTACT, &at, &value)) {
        struct sip_name_address a;
        struct sip_uri uri;
        if (l == NULL || sip_name_address_parse(&a, value) != 0 || a.star ||
            sip_uri_parse(&uri, a.uri) != 0 ||
            !sip_parameter(uri.parameters, SLICE(SIP_PARAMETER_PAIR), &pair)) {
            sip_add_header(out, SIP_HEADER_CONTACT, value);
            continue;
        }
        buffer_add_text(out, "Contact: ");
        trunk__add_own_uri(out, l, user);
        buffer_add_format(out, ";" SIP_PARAMETER_OWNER "=%016" PRIx64 ">\r\n", trunk__token(pair));
    }
}

/* ---- headers that a trunk shall not see, or not bring ---- */

/* What SIP itself needs stays. */
#define DENIABLE                                                                                             \
    (BIT(OTHER) | BIT(DIVERSION) | BIT(GEOLOCATION) | BIT(HISTORY_INFO) | BIT(USER_TO_USER) | BIT(DATE) |    \
        BIT(USER_AGENT) | BIT(SERVER) | BIT(WARNING) | BIT(REASON) | BIT(REFERRED_BY))

static bool is_denied(const struct config_trunk *t, const struct sip_header *h)
{
    struct slice name = h->id != SIP_HEADER_OTHER ? slice_text(sip_header_name(h->id)) : h->name;
    return t != NULL && (DENIABLE & SIP_HEADER_BIT(h->id)) != 0 &&
           !slice_starts_nocase(name, SLICE("Content-")) && config_names_header(t->denied, name);
}

/* Those of `m` that are not skipped and may pass by this trunk. */
static void add_headers(
    struct buffer *out, const struct config_trunk *t, const struct sip_message *m, uint64_t skip)
{
    struct sip_message less = *m;
    size_t from = 0;
    while (from < m->header_count) { /* stretches between two that are denied */
        size_t to = from;
        while (to < m->header_count && !is_denied(t, &m->headers[to]))
            to++;
        less.headers = m->headers + from;
        less.header_count = to - from;
        sip_add_headers_of(out, &less, skip);
        from = to + 1;
    }
}

static const struct config_trunk *of_way(struct proxy *p, const char *way)
{
    uint64_t token;
    return read_token(&token, slice_first(slice_text(way), 16)) ? trunk__by_token(p, token) : NULL;
}

void trunk_add_headers(
    struct buffer *out, struct proxy *p, const struct sip_message *m, const char *way, uint64_t skip)
{
    add_headers(out, of_way(p, way), m, skip);
}

/* ---- requests to a trunk ---- */

struct slice trunk_attempt(const struct outside *o)
{
    return slice_text(o != NULL ? o->attempt : "");
}

static void add_numbers(struct buffer *out, const struct sip_message *m, const struct outside *o)
{
    buffer_add_format(out, "CSeq: %" PRIu32 " %.*s\r\n", m->cseq + o->shift, SLICE_ARG(m->method_name));
    struct slice rack = sip_header_value(m, SIP_HEADER_RACK), first, second;
    uint64_t number;
    if (slice_empty(rack))
        return;
    if (slice_cut(&rack, ' ', &first) && slice_cut(&rack, ' ', &second) &&
        slice_to_u64(&number, second, UINT32_MAX) == 0)
        buffer_add_format(out, "RAck: %.*s %" PRIu32 " %.*s\r\n", SLICE_ARG(first),
            (uint32_t)number + o->invite_shift, SLICE_ARG(rack));
}

void trunk_build(struct buffer *out, struct proxy *p, const struct sip_message *m,
    const struct destination *to, struct slice via)
{
    const struct outside *o = to->outside;
    sip_add_request_line(out, m->method_name, slice_empty(to->uri) ? m->uri : to->uri);
    sip_add_header(out, SIP_HEADER_VIA, via);
    if (m->method == SIP_INVITE) {
        buffer_add_text(out, "Record-Route: ");
        trunk__add_own_uri(out, o->listener, SLICE(""));
        buffer_add_format(out, ";" SIP_PARAMETER_WAY "=%s;lr>\r\n",
            trunk__way_text(p, &(struct trunk_way){trunk__token(o->trunk->name), o->shift, o->anonymous}));
    }
    proxy__add_routes(out, m, false);
    buffer_add_format(out, "Max-Forwards: %u\r\n", m->max_forwards - 1U);
    add_party(out, p, SIP_HEADER_FROM, m->from, o->caller, o, o->anonymous);
    add_party(out, p, SIP_HEADER_TO, m->to, o->number, o, false);
    if (o->trunk->trusted && !slice_empty(o->caller) && slice_empty(m->to_tag)) {
        buffer_add_text(out, "P-Asserted-Identity: <sip:");
        trunk__add_user(out, o->caller);
        buffer_add_format(out, "@%.*s>\r\n", SLICE_ARG(o->domain));
    }
    add_contacts(out, m, o->listener, o->caller);
    add_numbers(out, m, o);
    buffer_add(out, o->credentials);
    add_headers(out, o->trunk, m, WRITTEN);
    sip_add_body(out, sip_header_value(m, SIP_HEADER_CONTENT_TYPE), m->body);
}

/* RFC 3325 5: believed only where it comes from the same domain of trust. */
void trunk_add_identity(struct buffer *out, struct proxy *p, const struct sip_message *m, const char *way)
{
    struct sip_cursor at = {0};
    struct slice value;
    const struct config_trunk *t = of_way(p, way);
    while (t != NULL && t->trusted && sip_next_value(m, SIP_HEADER_P_ASSERTED_IDENTITY, &at, &value))
        sip_add_header(out, SIP_HEADER_P_ASSERTED_IDENTITY, value);
}

/* ---- answers ---- */

/* From a trunk to the pair: with the pair's Vias, which the trunk has not seen, and the pair's numbers. */
static void build_inside(
    struct buffer *out, struct proxy *p, const struct outgoing *o, const struct sip_message *m)
{
    const struct trunk_state *s = trunk__state_of(p, o->trunk);
    const struct config_trunk *t = s != NULL ? trunk__config(s) : NULL;
    uint64_t skip = BIT(VIA) | BIT(CSEQ) | BIT(CONTENT_TYPE) | BIT(P_PREFERRED_IDENTITY) |
                    BIT(WWW_AUTHENTICATE) | BIT(PROXY_AUTHENTICATE);
    if (t == NULL || !t->trusted)
        skip |= BIT(P_ASSERTED_IDENTITY);
    sip_add_status_line(out, m->status, m->reason);
    buffer_add(out, buffer_slice(&o->vias));
    buffer_add_format(out, "CSeq: %" PRIu32 " %.*s\r\n", m->cseq - o->shift, SLICE_ARG(m->method_name));
    add_headers(out, t, m, skip);
    sip_add_body(out, sip_header_value(m, SIP_HEADER_CONTENT_TYPE), m->body);
}

void trunk_build_outside(
    struct buffer *out, struct proxy *p, const struct sip_target *to, const struct sip_message *m)
{
    struct sip_cursor at = {0};
    struct slice via;
    bool first = true;
    sip_add_status_line(out, m->status, m->reason);
    for (; sip_next_value(m, SIP_HEADER_VIA, &at, &via); first = false)
        if (!first)
            sip_add_header(out, SIP_HEADER_VIA, via);
    add_contacts(out, m, trunk__listener(p, to), SLICE(""));
    add_headers(out, trunk_of_target(p, to), m,
        BIT(VIA) | BIT(CONTACT) | BIT(CONTENT_TYPE) | BIT(P_ASSERTED_IDENTITY) | BIT(P_PREFERRED_IDENTITY));
    sip_add_body(out, sip_header_value(m, SIP_HEADER_CONTENT_TYPE), m->body);
}

void trunk_build_response(
    struct buffer *out, struct proxy *p, const struct relay *r, const struct sip_message *m)
{
    const struct sip_transaction *server = sip_transaction_find(&p->transactions, r->server);
    if (r->outgoing != NULL)
        build_inside(out, p, r->outgoing, m);
    else if (server != NULL)
        trunk_build_outside(out, p, &server->target, m);
}
