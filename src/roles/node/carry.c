/* What goes on to the other party of a call without being any business of ours, and what of it becomes an
 * attribute of the call (CM-41). Some headers always go on; the location names more, and parts of bodies.
 *
 *     caller ── INVITE: headers, parts ──> call ── INVITE ──> callee
 *            <── 18x, 200 ──────────────── call <── headers ─ 18x, 200, refusals                         */
#include <stdio.h>

#include "base/error.h"
#include "base/utf8.h"
#include "roles/node/node_int.h"
#include "sip/multipart.h"
#include "sip/values.h"
#include "wire/pack.h"

#define HEADERS 8192U  /* bytes of header lines that go on, each way */
#define PARTS 16384U   /* bytes of parts */
#define ATTRIBUTES 32U /* of a call */
#define VALUE 512U     /* bytes of one */
#define BOUNDARY 32

/* What belongs to one dialog, one hop or one body. */
#define OWN                                                                                                  \
    (NODE_OWN_HEADERS | SIP_HEADER_BIT(SIP_HEADER_CONTENT_LENGTH) |                                          \
        SIP_HEADER_BIT(SIP_HEADER_P_PREFERRED_IDENTITY) | SIP_HEADER_BIT(SIP_HEADER_MAX_BREADTH) |           \
        SIP_HEADER_BIT(SIP_HEADER_SESSION_EXPIRES) | SIP_HEADER_BIT(SIP_HEADER_MIN_SE) |                     \
        SIP_HEADER_BIT(SIP_HEADER_RSEQ) | SIP_HEADER_BIT(SIP_HEADER_RACK) |                                  \
        SIP_HEADER_BIT(SIP_HEADER_REASON) | SIP_HEADER_BIT(SIP_HEADER_REPLACES) |                            \
        SIP_HEADER_BIT(SIP_HEADER_SERVICE_ROUTE) | SIP_HEADER_BIT(SIP_HEADER_RETRY_AFTER) |                  \
        SIP_HEADER_BIT(SIP_HEADER_UNSUPPORTED) | SIP_HEADER_BIT(SIP_HEADER_ACCEPT))

/* VC-8, RFC 3323, 4412, 5806, 6442, 7044, 7433, 7989. None of them makes a phone do something. */
static const struct slice always[] = {SLICE_INIT("Diversion"), SLICE_INIT("History-Info"),
    SLICE_INIT("User-to-User"), SLICE_INIT("Privacy"), SLICE_INIT("Geolocation"),
    SLICE_INIT("Geolocation-Routing"), SLICE_INIT("Geolocation-Error"), SLICE_INIT("Session-ID"),
    SLICE_INIT("Priority"), SLICE_INIT("Resource-Priority"), SLICE_INIT("Subject")};

static const struct {
    struct slice name, header;
} known_attributes[] = {
    {SLICE_INIT("geolocation"), SLICE_INIT("Geolocation")},
    {SLICE_INIT("user_to_user"), SLICE_INIT("User-to-User")},
    {SLICE_INIT("session_id"), SLICE_INIT("Session-ID")},
    {SLICE_INIT("diverted_from"), SLICE_INIT("Diversion")},
    {SLICE_INIT("diverted_from"), SLICE_INIT("History-Info")},
};

static const struct config_passing *passing_of(const struct node *n)
{
    static const struct config_passing nothing;
    const struct config_location *l = config_location(world_configuration(n->world), slice_text(n->location));
    return l != NULL ? &l->passing : &nothing;
}

/* ---- headers ---- */

/* Whatever form it was written in. */
static struct slice name_of(const struct sip_header *h)
{
    return h->id != SIP_HEADER_OTHER ? slice_text(sip_header_name(h->id)) : h->name;
}

static bool goes_on(const struct config_passing *p, const struct sip_header *h)
{
    struct slice name = name_of(h);
    if ((OWN & SIP_HEADER_BIT(h->id)) != 0 || slice_starts_nocase(name, SLICE("Content-")) ||
        slice_equal_nocase(name, SLICE("MIME-Version")) || config_names_header(p->denied, name))
        return false;
    for (size_t i = 0; i < sizeof always / sizeof always[0]; i++)
        if (slice_equal_nocase(name, always[i]))
            return true;
    return config_names_header(p->headers, name);
}

static void carry_headers(struct node *n, struct buffer *out, const struct sip_message *m)
{
    const struct config_passing *p = passing_of(n);
    buffer_clear(out);
    for (size_t i = 0; i < m->header_count; i++) {
        const struct sip_header *h = &m->headers[i];
        if (!goes_on(p, h))
            continue;
        if (out->length + h->name.length + h->value.length + 4 <= HEADERS)
            sip_add_other(out, name_of(h), h->value);
        else
            world_count(n->world, COUNTER_CARRIED_TOO_MUCH, 1);
    }
}

/* ---- parts of the body ---- */

bool node__carries_body(const struct node *n, const struct sip_media_type *type)
{
    struct config_list bodies = passing_of(n)->bodies;
    struct sip_media_type wanted;
    for (size_t i = 0; i < bodies.count; i++)
        if (sip_media_type_parse(&wanted, bodies.items[i]) == 0 &&
            sip_media_type_is(type, wanted.type, wanted.subtype))
            return true;
    return false;
}

static struct slice boundary_of(const struct call *c, char room[BOUNDARY])
{
    int length = snprintf(room, BOUNDARY, "tandem-%016llx", (unsigned long long)c->call_id);
    return slice_of(room, (size_t)length);
}

static void add_head(struct buffer *out, const struct multipart_part *part)
{
    buffer_add_format(out, "Content-Type: %.*s/%.*s%.*s\r\n", SLICE_ARG(part->type.type),
        SLICE_ARG(part->type.subtype), SLICE_ARG(part->type.parameters));
    if (!slice_empty(part->disposition))
        sip_add_other(out, SLICE("Content-Disposition"), part->disposition);
    if (!slice_empty(part->id))
        sip_add_other(out, SLICE("Content-ID"), part->id);
    if (!slice_empty(part->encoding))
        sip_add_other(out, SLICE("Content-Transfer-Encoding"), part->encoding);
    buffer_add_text(out, "\r\n");
}

static void add_part(struct buffer *out, struct slice boundary, struct slice part)
{
    buffer_add_format(out, "--%.*s\r\n", SLICE_ARG(boundary));
    buffer_add(out, part);
    buffer_add_text(out, "\r\n");
}

static int carry_part(void *user, const struct multipart_part *part)
{
    struct call *c = user;
    struct buffer one = {0};
    char room[BOUNDARY];
    struct slice boundary = boundary_of(c, room);
    if (sip_media_type_is(&part->type, SLICE("application"), SLICE("sdp")))
        return 0;
    add_head(&one, part);
    buffer_add(&one, part->body);
    /* nobody shall put a part between ours */
    bool good = node__carries_body(c->node, &part->type) && c->parts.length + one.length <= PARTS &&
                slice_find_slice(buffer_slice(&one), boundary) < 0;
    if (good)
        add_part(&c->parts, boundary, buffer_slice(&one));
    else
        world_count(c->node->world, COUNTER_PARTS_DROPPED, 1);
    buffer_free(&one);
    return 0;
}

void node__carry_body(struct buffer *out, const struct call *c, struct slice description)
{
    struct buffer body = {0}, type = {0}, first = {0};
    char room[BOUNDARY];
    struct slice boundary = boundary_of(c, room);
    if (c->parts.length == 0) {
        sip_add_body(out, slice_empty(description) ? SLICE("") : NODE_SDP, description);
        return;
    }
    buffer_add_text(&first, "Content-Type: application/sdp\r\n\r\n");
    buffer_add(&first, description);
    if (!slice_empty(description))
        add_part(&body, boundary, buffer_slice(&first));
    buffer_add(&body, buffer_slice(&c->parts));
    buffer_add_format(&body, "--%.*s--\r\n", SLICE_ARG(boundary));
    buffer_add_format(&type, "multipart/mixed;boundary=%.*s", SLICE_ARG(boundary));
    sip_add_body(out, buffer_slice(&type), buffer_slice(&body));
    buffer_free(&first);
    buffer_free(&body);
    buffer_free(&type);
}

/* ---- attributes ---- */

struct collecting {
    struct node *node;
    Tandem__CallAttribute *list[ATTRIBUTES];
    size_t count;
};

static struct slice user_of(struct node *n, const struct sip_name_address *a)
{
    char *room = arena_alloc(&n->arena, NODE_NAME);
    struct sip_uri uri;
    struct slice user;
    return sip_uri_parse(&uri, a->uri) == 0 && sip_uri_user(&user, &uri, room, NODE_NAME) == 0
               ? user
               : (struct slice){0};
}

/* RFC 7044: whom the call was for at first, where it is for somebody else now. */
static struct slice first_target(struct node *n, const struct sip_message *m)
{
    struct sip_cursor at = {0};
    struct sip_history first, last;
    struct slice value;
    unsigned count = 0;
    while (sip_next_value(m, SIP_HEADER_HISTORY_INFO, &at, &value) && sip_history_parse(&last, value) == 0)
        if (count++ == 0)
            first = last;
    return count > 1 ? user_of(n, &first.address) : (struct slice){0};
}

/* What of the header people mean by it. */
static struct slice meaning(struct node *n, const struct sip_message *m, const struct sip_header *h)
{
    struct sip_name_address a;
    struct sip_user_to_user u;
    struct sip_diversion d;
    switch (h->id) {
    case SIP_HEADER_GEOLOCATION:
        return sip_name_address_parse(&a, h->value) == 0 ? a.uri : h->value;
    case SIP_HEADER_USER_TO_USER:
        return sip_user_to_user_parse(&u, h->value, &n->arena) == 0 && utf8_valid(u.data) ? u.data : h->value;
    case SIP_HEADER_DIVERSION:
        return sip_diversion_parse(&d, h->value) == 0 ? user_of(n, &d.address) : (struct slice){0};
    case SIP_HEADER_HISTORY_INFO:
        return first_target(n, m);
    default:
        return h->value;
    }
}

static bool has_attribute(const struct collecting *c, struct slice name)
{
    for (size_t i = 0; i < c->count; i++)
        if (slice_equal(slice_text(c->list[i]->name), name))
            return true;
    return false;
}

static bool has_control(struct slice s)
{
    for (size_t i = 0; i < s.length; i++)
        if ((unsigned char)s.data[i] < 0x20 || s.data[i] == 0x7f)
            return true;
    return false;
}

static void add_attribute(
    struct collecting *c, const struct sip_message *m, struct slice name, struct slice header)
{
    for (size_t i = 0; i < m->header_count; i++) {
        if (!slice_equal_nocase(name_of(&m->headers[i]), header))
            continue;
        struct slice value = meaning(c->node, m, &m->headers[i]);
        if (slice_empty(value) || has_attribute(c, name) || value.length > VALUE || !utf8_valid(value) ||
            has_control(value) || c->count == ATTRIBUTES)
            return;
        Tandem__CallAttribute *a = arena_alloc(&c->node->arena, sizeof *a);
        tandem__call_attribute__init(a);
        a->name = arena_text(&c->node->arena, name);
        a->value = arena_text(&c->node->arena, value);
        c->list[c->count++] = a;
        return;
    }
}

/* "X-Campaign-Id" is x_campaign_id. */
static struct slice name_from(struct node *n, struct slice header)
{
    char *name = arena_text(&n->arena, header);
    for (char *at = name; *at != '\0'; at++)
        *at = *at == '-' ? '_' : *at >= 'A' && *at <= 'Z' ? (char)(*at | 0x20) : *at;
    return slice_text(name);
}

static void collect_attributes(struct call *c, const struct sip_message *m)
{
    struct collecting collected = {.node = c->node};
    struct config_list said = passing_of(c->node)->attributes;
    Tandem__CallAttributes all = TANDEM__CALL_ATTRIBUTES__INIT;
    for (size_t i = 0; i < sizeof known_attributes / sizeof known_attributes[0]; i++)
        add_attribute(&collected, m, known_attributes[i].name, known_attributes[i].header);
    for (size_t i = 0; i < said.count; i++) {
        struct slice header = said.items[i], name = {0};
        if (slice_find(header, '=') < 0)
            name = name_from(c->node, header);
        else if (!slice_cut(&header, '=', &name) || slice_empty(name))
            continue;
        add_attribute(&collected, m, name, header);
    }
    all.attributes = collected.list;
    all.n_attributes = collected.count;
    if (collected.count != 0)
        pack_add(&c->attributes, &all.base);
}

Tandem__CallAttribute **node__call_attributes(const struct call *c, size_t *count)
{
    const Tandem__CallAttributes *all =
        c->attributes.length != 0
            ? pack_read(&tandem__call_attributes__descriptor, buffer_slice(&c->attributes), &c->node->arena)
            : NULL;
    *count = all != NULL ? all->n_attributes : 0;
    return all != NULL ? all->attributes : NULL;
}

/* ---- both ways ---- */

void node__carry(struct call *c, const struct sip_message *m)
{
    carry_headers(c->node, &c->carried, m);
    if (multipart_walk(m, carry_part, c) != 0) /* it was looked at before */
        buffer_clear(&c->parts);
    collect_attributes(c, m);
}

void node__carry_back(struct leg *l, const struct sip_message *m)
{
    if (l != l->call->callee || l->call->state >= CALL_ST_ESTABLISHED || m->status < 101)
        return;
    carry_headers(l->node, &l->call->carried_back, m);
    node__call_changed(l->call);
}
