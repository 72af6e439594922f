#include "roles/proxy/trace/trace.h"

#include "base/error.h"
#include "base/mem.h"
#include "roles/proxy/edge/edge.h"
#include "roles/proxy/trace/trace_int.h"

#define MIB ((size_t)1 << 20)
#define LINES 64U /* in which CSeq is looked for */

static const struct config_trace *wanted(const struct proxy *p)
{
    static const struct config_trace none;
    const struct config_location *l = config_location(world_configuration(p->world), slice_text(p->location));
    return l != NULL ? &l->trace : &none;
}

static void make_rings(struct trace *t, uint32_t memory)
{
    for (int i = 0; i < TRACE_RINGS; i++)
        ring_close(&t->rings[i]);
    t->memory = memory;
    ring_open(&t->rings[TRACE_CALLS], memory * MIB / 4 * 3);
    ring_open(&t->rings[TRACE_REST], memory * MIB / 4);
}

void trace_follow(struct proxy *p)
{
    if (wanted(p)->memory != p->trace->memory)
        make_rings(p->trace, wanted(p)->memory);
    trace__collector_follow(p);
}

void trace_open(struct proxy *p)
{
    p->trace = mem_zero(sizeof *p->trace);
    trace_follow(p);
}

void trace_close(struct proxy *p)
{
    trace__collector_close(p);
    make_rings(p->trace, 0);
    mem_free(p->trace);
}

/* ---- one message ---- */

/* The line of CSeq from its name on, without parsing the rest: this is done for each answer. */
static struct slice cseq_of(struct slice message)
{
    const char *at = message.data, *end = message.data + message.length;
    for (unsigned i = 0; i < LINES && (at = memchr(at, '\n', (size_t)(end - at))) != NULL; i++) {
        at++;
        if (end - at > 5 && (at[0] | 0x20) == 'c' && (at[1] | 0x20) == 's' && (at[2] | 0x20) == 'e') {
            const char *last = memchr(at, '\r', (size_t)(end - at));
            return slice_of(at, (size_t)((last != NULL ? last : end) - at));
        }
    }
    return SLICE("");
}

/* What cannot be read counts as part of a call. */
static bool is_of_a_call(struct slice message)
{
    if (!slice_starts(message, SLICE("SIP/2.0 ")))
        return !slice_starts(message, SLICE("REGISTER ")) && !slice_starts(message, SLICE("OPTIONS "));
    struct slice cseq = cseq_of(message);
    return !slice_ends(cseq, SLICE(" REGISTER")) && !slice_ends(cseq, SLICE(" OPTIONS"));
}

static void set_places(struct proxy *p, struct ring_entry *e, const struct sip_target *other)
{
    const struct edge_listener *l = edge_listener_of(p, other);
    const struct address *peer = edge_peer(p, other);
    e->transport = l != NULL ? (uint8_t)l->transport : TRANSPORT_UDP;
    if (l != NULL)
        e->local = l->address;
    if (peer != NULL)
        e->peer = *peer;
}

void trace_message(struct proxy *p, bool received, const struct sip_target *other, struct slice message)
{
    struct trace *t = p->trace;
    if (t->memory == 0 && !t->collector.wanted)
        return;
    struct ring_entry e = {
        .number = ++t->number, .at = world_now(p->world), .received = received, .transport = TRANSPORT_LOCAL};
    struct slice name = slice_text(other->name);
    if (name.length == 0)
        set_places(p, &e, other);
    ring_put(&t->rings[is_of_a_call(message) ? TRACE_CALLS : TRACE_REST], &e, name, message);
    if (t->collector.wanted)
        trace__collect(p, &e, name, message);
}

/* ---- questions ---- */

void trace_question(struct proxy *p, const struct proxy_question *q)
{
    bool dialogs = slice_equal(q->path, SLICE("trace/dialogs"));
    if (!slice_equal(q->method, SLICE("GET")) || (!dialogs && !slice_equal(q->path, SLICE("trace/messages"))))
        proxy__answer_error(p, q, 404, ERROR_MISSING, "there is nothing at this path; see the reference");
    else if (!q->administrator && !q->supervisor)
        proxy__answer_error(
            p, q, 403, ERROR_DENIED, "only supervisors and administrators may see messages of calls");
    else if (p->trace->memory == 0)
        proxy__answer_error(
            p, q, 409, ERROR_UNSUPPORTED, "the proxies keep no messages: trace_memory of the location is 0");
    else if (dialogs)
        trace__dialogs(p, q);
    else
        trace__messages(p, q);
}
