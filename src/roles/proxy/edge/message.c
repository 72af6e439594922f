/* One message: checked, stamped with where it came from, given to the transactions. */
#include "base/error.h"
#include "roles/proxy/edge/edge_int.h"
#include "roles/proxy/edge/stun.h"
#include "roles/proxy/trace/trace.h"
#include "roles/proxy/trunk/trunk.h"
#include "sip/uri.h"

#define SIP_PORT 5060U

/* The top Via as the one who received the request writes it (RFC 3261 18.2.1, RFC 3581). */
static struct slice stamp(struct proxy *p, const struct sip_message *m, const struct address *peer)
{
    struct buffer out = {.limit = SIP_MESSAGE_LIMIT}, ip = sip_spare_take(&p->transactions);
    struct slice text = m->text;
    address_add_ip(&ip, peer);
    if (sip_needs_stamp(m, buffer_slice(&ip))) {
        sip_add_stamped(&out, m, buffer_slice(&ip), peer->port);
        text = out.overflowed ? m->text : arena_copy(&p->arena, buffer_slice(&out));
    }
    buffer_free(&out);
    sip_spare_give(&p->transactions, &ip);
    return text;
}

struct address edge__reply_address(const struct sip_message *m, const struct address *peer, bool trusted)
{
    uint16_t port = m->via.port != 0 ? m->via.port : SIP_PORT;
    struct address to, said;
    struct slice value;
    if (trusted && sip_parameter(m->via.parameters, SLICE("maddr"), &value) &&
        address_parse_ip(&to, value) == 0 && to.family == peer->family) {
        to.port = port;
        return to;
    }
    to = *peer;
    if (!m->via.has_rport && address_parse_ip(&said, m->via.host) == 0 && said.family == peer->family &&
        memcmp(said.ip, peer->ip, sizeof said.ip) == 0)
        to.port = port;
    return to;
}

static bool may_redirect(struct proxy *p, const struct sip_message *m, const struct address *peer)
{
    struct slice value;
    return sip_parameter(m->via.parameters, SLICE("maddr"), &value) && trunk_trusts(p, peer);
}

/* A message that was refused; what of it is good enough to answer is answered. */
static void answer_bad(struct proxy *p, const struct sip_message *m, const struct sip_target *from,
    const struct address *peer, uint16_t status)
{
    struct buffer out = {.limit = SIP_MESSAGE_LIMIT};
    world_count(p->world, COUNTER_SIP_BAD, 1);
    guard_blames(p, peer, GUARD_MALFORMED);
    if (status == 0 || !m->is_request || m->method == SIP_ACK)
        return;
    sip_add_response_head(&out, m, status, SLICE(""), SLICE("bad"));
    sip_add_body(&out, SLICE(""), SLICE(""));
    proxy__send(p, from, buffer_slice(&out));
    buffer_free(&out);
}

void edge__message(struct proxy *p, const struct sip_target *from, const struct address *peer,
    enum transport transport, struct slice text)
{
    struct sip_target to = *from;
    struct sip_message m;
    uint16_t status = 0;
    if (!guard_takes(p, peer, transport, text))
        return;
    trace_message(p, true, from, text);
    int error = sip_parse(&m, text, &p->arena, &status);
    if (error == 0 && m.is_request) {
        if (transport == TRANSPORT_UDP)
            to.address = edge__reply_address(&m, peer, may_redirect(p, &m, peer));
        struct slice stamped = stamp(p, &m, peer);
        if (stamped.data != text.data)
            error = sip_parse(&m, stamped, &p->arena, &status);
    }
    if (error != 0) {
        answer_bad(p, &m, &to, peer, status);
    } else if (guard_passes(p, &to, peer, &m)) {
        struct edge_flow *f = transport == TRANSPORT_TLS ? edge__flow(p, from->flow) : NULL;
        if (f != NULL && m.is_request)
            edge__way_offered(p, f, &m);
        sip_transactions_input(&p->transactions, &to, transport != TRANSPORT_UDP, &m);
    }
}

static void keep_alive(struct proxy *p, const struct input *in)
{
    struct buffer out = {.limit = SIP_MESSAGE_LIMIT};
    int error = stun_answer(&out, in->bytes, &in->peer);
    if (error == 0)
        world_send_to(p->world, in->flow, &in->peer, buffer_slice(&out));
    world_count(p->world, error == ERROR_SYNTAX ? COUNTER_SIP_BAD : COUNTER_EDGE_STUN,
        error == 0 || error == ERROR_SYNTAX);
    buffer_free(&out);
}

void edge__datagram(struct proxy *p, const struct input *in)
{
    struct sip_target from = {.flow = in->flow, .address = in->peer};
    if (stun_is(in->bytes)) {
        if (guard_takes(p, &in->peer, TRANSPORT_UDP, in->bytes))
            keep_alive(p, in);
    } else if (slice_trim(in->bytes).length >= 4) { /* less is a keep-alive of a phone behind NAT */
        edge__message(p, &from, &in->peer, TRANSPORT_UDP, in->bytes);
    }
}
