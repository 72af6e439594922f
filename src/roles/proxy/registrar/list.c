/* GET /api/registrations: who is where, in order of numbers, a bounded page at a time.
 * DELETE /api/registrations/DN?contact=URI: takes one contact away. */
#include <inttypes.h>

#include "base/error.h"
#include "base/log.h"
#include "base/utf8.h"
#include "roles/proxy/proxy_int.h"
#include "wire/json.h"

#define PAGE 50U
#define PAGE_MOST 200U
#define LOOKED 20000U /* DNs of one page: where few match it is short, and says where to go on */

struct listing {
    struct proxy *proxy;
    struct slice wanted; /* in number, name, contact or User-Agent; empty: all */
    uint64_t limit;
    unsigned count;
    struct buffer *out;
};

/* ---- one row ---- */

static void add_text(struct buffer *out, const char *name, struct slice value)
{
    if (value.length == 0)
        return;
    buffer_add_format(out, ",\"%s\":", name);
    json_add_string(out, utf8_valid(value) ? value : SLICE("?"));
}

static void add_binding(struct listing *l, const struct config_dn *dn, const struct binding *b)
{
    struct buffer *out = l->out, address = {0};
    if (binding_has_address(b) && b->address.family != 0)
        address_add(&address, &b->address);
    buffer_add_text(out, l->count++ != 0 ? ",{\"dn\":" : "{\"dn\":");
    json_add_string(out, dn->number);
    add_text(out, "name", dn->name);
    add_text(out, "contact", binding_contact(b));
    add_text(out, "proxy", slice_text(b->origin->name));
    add_text(out, "transport", slice_text(transport_name((enum transport)b->transport)));
    add_text(out, "address", buffer_slice(&address));
    buffer_add_format(out, ",\"registered_at\":\"%" PRId64 "\",\"expires_at\":\"%" PRId64 "\",\"q\":%u",
        b->changed_at, b->expires_at, b->q);
    add_text(out, "user_agent", binding_agent(b));
    add_text(out, "instance", binding_instance(b));
    if (b->reg_id != 0)
        buffer_add_format(out, ",\"reg_id\":%u", b->reg_id);
    add_text(out, "path", binding_path(b));
    buffer_add_byte(out, '}');
    buffer_free(&address);
}

/* ---- pages ---- */

static bool contains(struct slice text, struct slice wanted)
{
    for (size_t i = 0; i + wanted.length <= text.length; i++)
        if (slice_equal_nocase(slice_of(text.data + i, wanted.length), wanted))
            return true;
    return false;
}

static void add_dn(struct listing *l, const struct config_dn *dn)
{
    const struct aor *a = proxy__aor(l->proxy, dn->number);
    if (a == NULL)
        return;
    bool all = contains(dn->number, l->wanted) || contains(dn->name, l->wanted);
    for (const struct binding *b = a->first; b != NULL; b = b->next)
        if (proxy__binding_lives(l->proxy, b) &&
            (all || contains(binding_contact(b), l->wanted) || contains(binding_agent(b), l->wanted)))
            add_binding(l, dn, b);
}

/* Where the DNs behind `after` begin in the configuration's order. */
static size_t place_behind(const struct configuration *c, struct slice after)
{
    size_t low = 0, high = after.length != 0 ? config_dn_count(c) : 0;
    while (low < high) {
        size_t middle = low + (high - low) / 2, at = middle;
        const struct config_dn *dn = config_next_dn(c, &at);
        if (dn != NULL && slice_compare(dn->number, after) <= 0)
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

static void add_page(struct listing *l, struct slice after)
{
    const struct configuration *c = world_configuration(l->proxy->world);
    size_t at = place_behind(c, after);
    const struct config_dn *dn = NULL;
    unsigned looked = 0;
    while (looked++ < LOOKED && l->count < l->limit && (dn = config_next_dn(c, &at)) != NULL)
        add_dn(l, dn);
    buffer_add_text(l->out, "],\"next\":");
    if (dn != NULL)
        json_add_string(l->out, dn->number);
    else
        buffer_add_text(l->out, "null");
}

static void list(struct proxy *p, const struct proxy_question *q)
{
    struct buffer body = {0};
    struct listing l = {.proxy = p, .limit = PAGE, .out = &body};
    struct slice after = {0}, dn = {0}, limit;
    bool one = proxy__question_parameter(p, q, SLICE("dn"), &dn);
    (void)proxy__question_parameter(p, q, SLICE("q"), &l.wanted);
    (void)proxy__question_parameter(p, q, SLICE("after"), &after);
    if (proxy__question_parameter(p, q, SLICE("limit"), &limit) &&
        (slice_to_u64(&l.limit, limit, PAGE_MOST) != 0 || l.limit == 0)) {
        proxy__answer_error(p, q, 400, ERROR_SYNTAX,
            "the query takes dn=NUMBER, q=TEXT, after=NUMBER (the `next` of the page before) and "
            "limit=1..200");
        return;
    }
    buffer_add_text(&body, "{\"location\":");
    json_add_string(&body, slice_text(p->location));
    buffer_add_format(&body, ",\"count\":%zu,\"registrations\":[", p->binding_count);
    if (one && dn.length != 0) {
        const struct config_dn *found = config_dn(world_configuration(p->world), dn);
        if (found != NULL)
            add_dn(&l, found);
        buffer_add_text(&body, "],\"next\":null");
    } else {
        add_page(&l, after);
    }
    buffer_add_byte(&body, '}');
    proxy__answer(p, q, 200, buffer_slice(&body));
    buffer_free(&body);
}

/* ---- taking away ---- */

static void take_away(struct proxy *p, const struct proxy_question *q)
{
    struct slice contact, dn = slice_from(q->path, sizeof "registrations/" - 1);
    if (!q->administrator) {
        proxy__answer_error(p, q, 403, ERROR_DENIED, "only administrators may take a registration away");
        return;
    }
    if (!proxy__question_parameter(p, q, SLICE("contact"), &contact)) {
        proxy__answer_error(
            p, q, 400, ERROR_SYNTAX, "say which contact: DELETE /api/registrations/NUMBER?contact=URI");
        return;
    }
    struct aor *a = proxy__aor(p, dn);
    unsigned removed = 0;
    for (struct binding *b = a != NULL ? a->first : NULL, *next; b != NULL; b = next) {
        next = b->next;
        if (!proxy__binding_lives(p, b) || !slice_equal(binding_contact(b), contact))
            continue;
        proxy__binding_remove(p, b); /* by each flow that it has */
        removed++;
    }
    if (removed == 0) {
        proxy__answer_error(p, q, 404, ERROR_MISSING, "this contact is not registered for this number");
        return;
    }
    LOG(LOG_NOTICE, "proxy", "%s takes a registration of %.*s away: %.*s", q->user, SLICE_ARG(dn),
        SLICE_ARG(contact));
    proxy__answer(p, q, 200, SLICE("{\"removed\":1}"));
}

void proxy__registrations_question(struct proxy *p, const struct proxy_question *q)
{
    bool whole = q->path.length == sizeof "registrations" - 1;
    if (whole && slice_equal(q->method, SLICE("GET")))
        list(p, q);
    else if (!whole && slice_equal(q->method, SLICE("DELETE")))
        take_away(p, q);
    else
        proxy__answer_error(p, q, 405, ERROR_UNSUPPORTED, "GET the list, or DELETE one contact");
}
