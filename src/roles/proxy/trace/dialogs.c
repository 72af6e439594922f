/* GET /api/trace/dialogs: which Call-IDs this proxy has messages of, the newest first, with who speaks to
 * whom. call=ID: those of one call of a node, both of its legs; sip=CALL-ID; number=NUMBER: from, to or for
 * this number.
 *
 * A node's own tag ends with the id of the call, so that both legs of a call are found wherever their
 * messages pass. It is believed where a pair has written it, and nowhere else. */
#include <inttypes.h>

#include "base/error.h"
#include "roles/proxy/trace/trace_int.h"
#include "sip/uri.h"
#include "wire/json.h"

#define DIALOGS 50U    /* of one answer */
#define LOOKED 5000U   /* messages that are looked at closely */
#define CALL_DIGITS 16 /* of the id of a call */
#define USER 128

struct filter {
    struct slice call, sip, number; /* empty: any */
    struct slice needle;            /* what a message must have somewhere */
};

struct dialog {
    struct slice sip, call, method, from, to;
    int64_t began_at, last_at;
    uint16_t status; /* the newest final one, not of a BYE; 0: none */
    unsigned messages;
};

struct listing {
    struct proxy *p;
    struct filter filter;
    struct map by_id; /* struct dialog, the newest first */
};

/* ---- what a message says ---- */

static bool is_call(struct slice text)
{
    for (size_t i = 0; i < text.length; i++)
        if (!((text.data[i] >= '0' && text.data[i] <= '9') || (text.data[i] >= 'a' && text.data[i] <= 'f')))
            return false;
    return text.length == CALL_DIGITS;
}

static struct slice call_of(struct proxy *p, const struct ring_entry *e, const struct sip_message *m)
{
    struct slice tag = m->is_request ? m->from_tag : m->to_tag;
    struct slice call = slice_from(tag, tag.length > CALL_DIGITS ? tag.length - CALL_DIGITS : tag.length);
    bool marked = e->received && e->name != 0 && is_call(call) && call.data[-1] == '-' &&
                  config_pair(world_configuration(p->world), ring_name(e)) != NULL;
    return marked ? call : (struct slice){0};
}

static struct slice user_of(struct listing *l, struct slice value)
{
    struct sip_name_address a;
    struct sip_uri uri;
    struct slice user;
    char room[USER];
    if (sip_name_address_parse(&a, value) != 0 || sip_uri_parse(&uri, a.uri) != 0 ||
        sip_uri_user(&user, &uri, room, sizeof room) != 0)
        return SLICE("");
    return arena_copy(&l->p->arena, user.length != 0 ? user : uri.host);
}

static bool fits(struct listing *l, const struct ring_entry *e, const struct sip_message *m)
{
    const struct filter *f = &l->filter;
    if (f->call.length != 0)
        return slice_equal(call_of(l->p, e, m), f->call);
    if (f->sip.length != 0)
        return slice_equal(m->call_id, f->sip);
    return f->number.length == 0 || slice_equal(user_of(l, m->from), f->number) ||
           slice_equal(user_of(l, m->to), f->number) ||
           (m->is_request && slice_equal(user_of(l, m->uri), f->number));
}

/* ---- dialogs ---- */

/* Messages come the newest first: what the older ones say of the beginning counts. */
static void note(struct listing *l, const struct ring_entry *e, const struct sip_message *m)
{
    struct dialog *d = map_get(&l->by_id, m->call_id);
    if (d == NULL && map_count(&l->by_id) == DIALOGS)
        return;
    if (d == NULL) {
        d = arena_zero(&l->p->arena, sizeof *d);
        d->sip = m->call_id;
        d->last_at = e->at;
        map_put(&l->by_id, d->sip, d);
    }
    struct slice call = call_of(l->p, e, m);
    d->messages++;
    d->began_at = e->at;
    if (call.length != 0)
        d->call = call;
    if (d->status == 0 && m->status >= 200 && m->method != SIP_BYE)
        d->status = m->status;
    if (m->method == SIP_INVITE || !slice_equal(d->method, SLICE("INVITE"))) {
        d->method = m->method_name;
        d->from = user_of(l, m->from);
        d->to = user_of(l, m->to);
    }
}

static void look(struct listing *l, const struct ring_entry *e)
{
    struct sip_message m;
    if (sip_parse(&m, ring_message(e), &l->p->arena, NULL) != 0 && e->kept == e->length)
        return;
    if (m.call_id.length != 0 && fits(l, e, &m))
        note(l, e, &m);
}

static void look_at_all(struct listing *l, const struct ring *r)
{
    const struct ring_entry **found = arena_alloc(&l->p->arena, (r->count + 1) * sizeof(struct ring_entry *));
    size_t count = 0, least;
    for (const struct ring_entry *e = ring_next(r, NULL); e != NULL; e = ring_next(r, e))
        if (slice_find_slice(ring_message(e), l->filter.needle) >= 0)
            found[count++] = e;
    least = count > LOOKED ? count - LOOKED : 0;
    while (count > least)
        look(l, found[--count]);
}

/* ---- the answer ---- */

static void add_text(struct buffer *out, struct proxy *p, const char *name, struct slice value)
{
    struct slice text = arena_copy(&p->arena, value);
    for (size_t i = 0; i < text.length; i++)
        if ((unsigned char)text.data[i] < ' ')
            ((char *)(uintptr_t)text.data)[i] = '?';
    buffer_add_format(out, ",\"%s\":", name);
    json_add_string(out, text);
}

static void add_dialog(struct buffer *out, struct proxy *p, const struct dialog *d)
{
    buffer_add_text(out, "{\"sip\":");
    json_add_string(out, d->sip);
    add_text(out, p, "call", d->call);
    add_text(out, p, "method", d->method);
    add_text(out, p, "from", d->from);
    add_text(out, p, "to", d->to);
    buffer_add_format(out,
        ",\"began_at\":\"%" PRId64 "\",\"last_at\":\"%" PRId64 "\",\"status\":%u,\"messages\":%u}",
        d->began_at, d->last_at, d->status, d->messages);
}

static void read_filter(struct proxy *p, const struct proxy_question *q, struct filter *f)
{
    (void)!proxy__question_parameter(p, q, SLICE("call"), &f->call);
    (void)!proxy__question_parameter(p, q, SLICE("sip"), &f->sip);
    (void)!proxy__question_parameter(p, q, SLICE("number"), &f->number);
    f->needle = f->call.length != 0 ? f->call : f->sip.length != 0 ? f->sip : f->number;
}

void trace__dialogs(struct proxy *p, const struct proxy_question *q)
{
    struct listing l = {.p = p};
    struct buffer body = {0};
    struct dialog *d;
    bool first = true;
    read_filter(p, q, &l.filter);
    if (l.filter.call.length != 0 && !is_call(l.filter.call)) {
        proxy__answer_error(p, q, 400, ERROR_SYNTAX, "call=ID takes 16 hexadecimal digits");
        return;
    }
    for (int i = 0; i < TRACE_RINGS; i++)
        look_at_all(&l, &p->trace->rings[i]);
    buffer_add_text(&body, "{\"proxy\":");
    json_add_string(&body, slice_text(p->name));
    buffer_add_text(&body, ",\"dialogs\":[");
    map_for_each (d, &l.by_id) {
        if (!first)
            buffer_add_byte(&body, ',');
        first = false;
        add_dialog(&body, p, d);
    }
    buffer_add_text(&body, "]}");
    proxy__answer(p, q, 200, buffer_slice(&body));
    buffer_free(&body);
    map_free(&l.by_id);
}
