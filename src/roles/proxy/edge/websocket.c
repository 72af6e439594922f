/* SIP over WebSocket (RFC 7118): a handshake that names the subprotocol "sip", then one message in each
 * WebSocket message. Who comes from which page is not asked: nothing is done for a browser because of what it
 * brings along by itself (no cookies), each request shows a digest like that of any phone. */
#include "base/error.h"
#include "base/mem.h"
#include "roles/proxy/edge/edge_int.h"

static const struct slice protocol = SLICE_INIT("sip");
static const struct websocket_limits limits = {.message = SIP_MESSAGE_LIMIT, .fragments = 64};
static const struct http_limits http_limits = {
#define LIMIT(field, value, text) .field = (value) < 8192 ? (value) : 8192,
#include "http/limit.def"
#undef LIMIT
};

static void flush(struct proxy *p, uint64_t flow)
{
    if (p->edge.out.length != 0)
        world_send(p->world, flow, buffer_slice(&p->edge.out));
    buffer_clear(&p->edge.out);
}

/* ---- HTTP ---- */

static bool upgrade(struct proxy *p, struct edge_flow *f)
{
    const struct websocket_rules rules = {.protocols = &protocol, .protocol_count = 1};
    struct http_connection *c = f->http;
    int64_t now = world_now(p->world);
    struct slice chosen, none = {0};
    if (websocket_wanted(&c->request) &&
        !http_has_token(&c->request, SLICE("Sec-WebSocket-Protocol"), protocol)) {
        http_answer_error(c, now, HTTP_STATUS_BAD_REQUEST, none,
            SLICE("only SIP is spoken here; ask for the subprotocol \"sip\""), none, &p->edge.out);
        return false;
    }
    return websocket_handshake(c, now, &rules, &chosen, &p->edge.out) == 0;
}

static void become_frames(struct proxy *p, struct edge_flow *f)
{
    struct buffer rest;
    http_upgraded(f->http, &rest);
    mem_free(f->http);
    f->stage = EDGE_FRAMES;
    f->websocket = mem_zero(sizeof *f->websocket);
    websocket_open(f->websocket, &limits);
    flush(p, f->flow);
    edge__frames(p, f, buffer_slice(&rest));
    buffer_free(&rest);
}

void edge__handshake(struct proxy *p, struct edge_flow *f, struct slice bytes)
{
    int64_t now = world_now(p->world);
    enum http_event event;
    if (f->http == NULL) {
        f->http = mem_zero(sizeof *f->http);
        http_open(f->http, &http_limits);
    }
    bool fed = http_feed(f->http, bytes) == 0;
    while (fed && (event = http_next(f->http, now, &p->edge.out)) != HTTP_MORE) {
        if (event == HTTP_GOT_HEAD) {
            http_allow(f->http, 0);
        } else if (event == HTTP_GOT_REQUEST && upgrade(p, f)) {
            become_frames(p, f);
            return;
        } else {
            fed = false;
        }
    }
    flush(p, f->flow);
    if (!fed) {
        guard_blames(p, &f->peer, GUARD_MALFORMED);
        edge__end(p, f, COUNTER_EDGE_WEBSOCKET_BAD);
    }
}

/* ---- frames ---- */

void edge__frames_send(struct proxy *p, struct edge_flow *f, struct slice message)
{
    websocket_add_frame(
        &p->edge.out, utf8_valid(message) ? WEBSOCKET_TEXT : WEBSOCKET_BINARY, message); /* RFC 7118 4.2 */
    flush(p, f->flow);
}

static void message(struct proxy *p, struct edge_flow *f, struct slice bytes)
{
    struct sip_target from = {.flow = f->flow};
    edge__half(p, f, false);
    if (slice_trim(bytes).length != 0) {
        edge__message(p, &from, &f->peer, (enum transport)f->transport, arena_copy(&p->arena, bytes));
    } else if (slice_equal(bytes, SLICE("\r\n\r\n"))) {
        world_count(p->world, COUNTER_EDGE_PINGS, 1);
        edge__frames_send(p, f, SLICE("\r\n")); /* RFC 5626 4.4.1, as some browsers' libraries do it */
    }
}

static bool is_half(const struct websocket *w)
{
    return w->in_payload || w->header_length != 0 || w->message_opcode != 0;
}

void edge__frames(struct proxy *p, struct edge_flow *f, struct slice bytes)
{
    struct websocket_message m;
    uint64_t flow = f->flow;
    for (;;) {
        enum websocket_event event = websocket_next(f->websocket, &bytes, &m, &p->edge.out);
        flush(p, flow);
        switch (event) {
        case WEBSOCKET_MORE:
            if (is_half(f->websocket))
                edge__half(p, f, true);
            return;
        case WEBSOCKET_MESSAGE:
            message(p, f, m.bytes);
            if (edge__flow(p, flow) != f)
                return;
            break;
        case WEBSOCKET_PINGED:
            world_count(p->world, COUNTER_EDGE_PINGS, 1);
            edge__half(p, f, false);
            break;
        case WEBSOCKET_PONGED:
            break;
        case WEBSOCKET_CLOSED:
            edge__end(p, f, COUNTER_EDGE_WEBSOCKET_CLOSED);
            return;
        case WEBSOCKET_FAILED:
            guard_blames(p, &f->peer, GUARD_MALFORMED);
            edge__end(p, f, COUNTER_EDGE_WEBSOCKET_BAD);
            return;
        }
    }
}
