/* GET /api/trace/messages?sip=CALL-ID: what this proxy has received and sent in the dialogs of these Call-IDs
 * (several with spaces between), in order, a bounded page at a time; after=NUMBER goes on. */
#include <inttypes.h>

#include "base/error.h"
#include "roles/proxy/trace/mask.h"
#include "roles/proxy/trace/trace_int.h"
#include "wire/json.h"

#define PAGE_MESSAGES 200U
#define PAGE_BYTES ((size_t)256 << 10) /* of the answer, and one message more: a bus carries 1 MiB */
#define CALLS_MOST 16U

struct wanted {
    struct slice calls[CALLS_MOST];
    size_t count;
    uint64_t after;
};

static bool is_wanted(struct proxy *p, const struct ring_entry *e, const struct wanted *w)
{
    struct sip_message m;
    bool maybe = false;
    for (size_t i = 0; i < w->count && !maybe; i++)
        maybe = slice_find_slice(ring_message(e), w->calls[i]) >= 0;
    if (!maybe)
        return false;
    (void)!sip_parse(&m, ring_message(e), &p->arena, NULL); /* one that was cut, or is bad, says who it is */
    for (size_t i = 0; i < w->count; i++)
        if (slice_equal(m.call_id, w->calls[i]))
            return true;
    return false;
}

static void add_address(struct buffer *out, const char *name, const struct address *a)
{
    struct buffer text = {0};
    if (a->family != 0)
        address_add(&text, a);
    buffer_add_format(out, ",\"%s\":", name);
    json_add_string(out, buffer_slice(&text));
    buffer_free(&text);
}

static void add_message(struct buffer *out, struct proxy *p, const struct ring_entry *e)
{
    struct slice name, text = arena_copy(&p->arena, ring_message(e));
    bool inside = e->name != 0;
    const char *kind = trace__who(p, e, &name);
    struct address local = inside ? trace__place(p, slice_text(p->name)) : e->local;
    struct address peer = inside ? trace__place(p, name) : e->peer;
    trace_mask((char *)(uintptr_t)text.data, text.length);
    buffer_add_format(out,
        "{\"number\":\"%" PRIu64 "\",\"at\":\"%" PRId64 "\",\"received\":%s,\"kind\":\"%s\"", e->number,
        e->at, e->received ? "true" : "false", kind);
    buffer_add_text(out, ",\"name\":");
    json_add_string(out, name);
    add_address(out, "local", &local);
    add_address(out, "peer", &peer);
    buffer_add_format(out, ",\"transport\":\"%s\",\"length\":%" PRIu32 ",\"text\":",
        inside ? "inside" : transport_name((enum transport)e->transport), e->length);
    json_add_string(out, text);
    buffer_add_byte(out, '}');
}

/* The next one of both rings behind `after`. */
static const struct ring_entry *next_wanted(struct proxy *p, const struct ring_entry *at[TRACE_RINGS],
    bool ended[TRACE_RINGS], const struct wanted *w)
{
    const struct ring_entry *first = NULL;
    int from = 0;
    for (int i = 0; i < TRACE_RINGS; i++) {
        while (!ended[i] && (at[i] == NULL || at[i]->number <= w->after || !is_wanted(p, at[i], w)))
            ended[i] = (at[i] = ring_next(&p->trace->rings[i], at[i])) == NULL;
        if (!ended[i] && (first == NULL || at[i]->number < first->number)) {
            first = at[i];
            from = i;
        }
    }
    if (first != NULL)
        ended[from] = (at[from] = ring_next(&p->trace->rings[from], first)) == NULL;
    return first;
}

static void add_messages(struct buffer *out, struct proxy *p, const struct wanted *w)
{
    const struct ring_entry *at[TRACE_RINGS] = {NULL}, *e;
    bool ended[TRACE_RINGS] = {false};
    unsigned count = 0;
    uint64_t last = w->after;
    while ((e = next_wanted(p, at, ended, w)) != NULL && count < PAGE_MESSAGES && out->length < PAGE_BYTES) {
        if (count++ != 0)
            buffer_add_byte(out, ',');
        add_message(out, p, e);
        last = e->number;
    }
    buffer_add_format(out, "],\"last\":\"%" PRIu64 "\",\"more\":%s", last, e != NULL ? "true" : "false");
}

static bool read_wanted(struct proxy *p, const struct proxy_question *q, struct wanted *w)
{
    struct slice calls, after, call;
    if (!proxy__question_parameter(p, q, SLICE("sip"), &calls))
        return false;
    while (slice_cut(&calls, ' ', &call))
        if (call.length != 0 && w->count == CALLS_MOST)
            return false;
        else if (call.length != 0)
            w->calls[w->count++] = call;
    return w->count != 0 && (!proxy__question_parameter(p, q, SLICE("after"), &after) ||
                                slice_to_u64(&w->after, after, UINT64_MAX) == 0);
}

void trace__messages(struct proxy *p, const struct proxy_question *q)
{
    struct wanted w = {.count = 0};
    struct buffer body = {0};
    if (!read_wanted(p, q, &w)) {
        proxy__answer_error(p, q, 400, ERROR_SYNTAX,
            "the query takes sip=CALL-ID (up to 16 with spaces between) and after=NUMBER");
        return;
    }
    buffer_add_text(&body, "{\"proxy\":");
    json_add_string(&body, slice_text(p->name));
    buffer_add_format(&body, ",\"started\":\"%" PRIu64 "\",\"messages\":[", p->incarnation);
    add_messages(&body, p, &w);
    buffer_add_byte(&body, '}');
    proxy__answer(p, q, 200, buffer_slice(&body));
    buffer_free(&body);
}
