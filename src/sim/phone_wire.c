/* A phone's way to the wire: what it hears, what it answers. */
#include "base/error.h"
#include "base/hash.h"
#include "sim/phone_int.h"

static const struct slice allow = SLICE_INIT("INVITE, ACK, CANCEL, BYE, OPTIONS, INFO");
static const struct slice allow_all = SLICE_INIT("INVITE, ACK, CANCEL, BYE, OPTIONS, INFO, PRACK, UPDATE");

struct slice phone__allow(const struct phone *p)
{
    return p->updates ? allow_all : allow;
}

bool phone__frames(const struct phone *p)
{
    return p->setup->tcp && p->setup->stream == TRANSPORT_WSS;
}

const char *phone__transport(const struct phone *p)
{
    if (!p->setup->tcp)
        return "UDP";
    return p->setup->stream == TRANSPORT_TLS ? "TLS" : phone__frames(p) ? "WSS" : "TCP";
}

void phone__add_transport(const struct phone *p, struct buffer *out)
{
    if (p->setup->tcp)
        buffer_add_format(out, ";transport=%s", phone__frames(p) ? "ws" : transport_name(p->setup->stream));
    if (p->setup->outbound)
        buffer_add_text(out, ";ob");
    buffer_add_byte(out, '>');
}

/* In a dialog to the first of its routes while that one answers; else to the proxy in use. */
const struct address *phone__way(const struct phone *p, bool in_dialog)
{
    return in_dialog && p->silence == 0 && p->call.first_route.family != 0 ? &p->call.first_route
                                                                           : phone__proxy(p);
}

/* ---- answers ---- */

uint64_t phone__transaction(const struct sip_message *m)
{
    uint64_t hash = hash_stable(m->via.branch);
    hash = hash_stable_add(hash, m->via.host);
    return hash_stable_add(hash, m->method_name) | 1;
}

static struct phone_reply *reply_of(struct phone *p, uint64_t transaction)
{
    for (int r = 0; r < PHONE_REPLIES; r++)
        if (p->replies[r].branch == transaction)
            return &p->replies[r];
    return NULL;
}

void phone__reply(struct phone *p, const struct sip_message *request, const struct address *peer,
    unsigned status, struct slice tag, struct slice body)
{
    uint64_t transaction = phone__transaction(request);
    struct phone_reply *r = reply_of(p, transaction);
    if (r == NULL) {
        r = &p->replies[p->next_reply];
        p->next_reply = (p->next_reply + 1) % PHONE_REPLIES;
    }
    r->branch = transaction;
    buffer_clear(&r->bytes);
    sip_add_response_head(&r->bytes, request, (uint16_t)status, SLICE(""), tag);
    if ((request->method == SIP_INVITE || request->method == SIP_UPDATE) && status > 100 && status < 300) {
        struct buffer contact = {.data = NULL};
        buffer_add_format(&contact, "<sip:%.*s@", SLICE_ARG(p->setup->dn));
        address_add(&contact, &p->setup->own);
        phone__add_transport(p, &contact);
        sip_add_header(&r->bytes, SIP_HEADER_CONTACT, buffer_slice(&contact));
        buffer_free(&contact);
    }
    if (request->method == SIP_OPTIONS || status == 405 || (request->method == SIP_INVITE && status < 300))
        sip_add_header(&r->bytes, SIP_HEADER_ALLOW, phone__allow(p));
    buffer_add(&r->bytes, phone__slice(&p->more));
    p->more.length = 0;
    sip_add_body(&r->bytes, SLICE("application/sdp"), body);
    phone__transmit(p, peer, buffer_slice(&r->bytes));
}

bool phone__reply_again(struct phone *p, const struct sip_message *m, const struct address *peer)
{
    struct phone_reply *r = reply_of(p, phone__transaction(m));
    if (r != NULL)
        phone__transmit(p, peer, buffer_slice(&r->bytes));
    return r != NULL;
}

/* ---- the same under the same name ---- */

static uint64_t content_of(const struct sip_message *m)
{
    uint64_t skip = SIP_HEADER_BIT(SIP_HEADER_VIA) | SIP_HEADER_BIT(SIP_HEADER_ROUTE) |
                    SIP_HEADER_BIT(SIP_HEADER_RECORD_ROUTE) | SIP_HEADER_BIT(SIP_HEADER_MAX_FORWARDS) |
                    SIP_HEADER_BIT(SIP_HEADER_MAX_BREADTH);
    uint64_t hash = hash_stable(m->is_request ? m->uri : m->reason);
    for (size_t h = 0; h < m->header_count; h++)
        if ((skip & SIP_HEADER_BIT(m->headers[h].id)) == 0)
            hash = hash_stable_add(hash, m->headers[h].value);
    return hash_stable_add(hash, m->body);
}

void phone__seen(struct phone *p, const struct sip_message *m)
{
    struct phone_call_state *c = &p->call;
    if (c->state == PHONE_IDLE || !slice_equal(m->call_id, phone__slice(&c->call_id)))
        return;
    if (!m->is_request && (m->status == 100 || c->remote_tag.length == 0 ||
                              !slice_equal(m->to_tag, phone__slice(&c->remote_tag))))
        return; /* of a proxy, or the first of a dialog */
    uint64_t key = (uint64_t)m->cseq << 32 | (uint64_t)m->method << 16 | (m->is_request ? 0 : m->status);
    if (!m->is_request && m->status < 200) /* there may be several */
        key ^= hash_stable(sip_header_value(m, SIP_HEADER_RSEQ)) ^ (m->body.length != 0);
    if (m->is_request && p->setup->outside) /* each carrier has names of its own */
        key ^= hash_stable(m->via.host);
    uint64_t content = content_of(m);
    for (unsigned i = 0; i < c->seen_count && i < PHONE_SEEN; i++) {
        if (c->seen[i].key != key)
            continue;
        if (c->seen[i].content != content)
            phone__complain(p, "two different messages came under one dialog, CSeq and method or status");
        return;
    }
    unsigned at = c->seen_count++ % PHONE_SEEN;
    c->seen[at].key = key;
    c->seen[at].content = content;
}

/* ---- hearing ---- */

static bool in_call(const struct phone *p, const struct sip_message *m)
{
    const struct phone_call_state *c = &p->call;
    return c->state != PHONE_IDLE && slice_equal(m->call_id, phone__slice(&c->call_id)) &&
           slice_equal(m->to_tag, phone__slice(&c->local_tag)) &&
           slice_equal(m->from_tag, phone__slice(&c->remote_tag));
}

static void invite(struct phone *p, const struct sip_message *m, const struct address *peer)
{
    if (m->to_tag.length == 0)
        phone__called(p, m, peer);
    else if (in_call(p, m))
        phone__reinvited(p, m, peer);
    else
        phone__reply(p, m, peer, 481, SLICE("none"), SLICE(""));
}

static void request(struct phone *p, const struct sip_message *m, const struct address *peer)
{
    if (m->method == SIP_ACK) {
        phone__acknowledged(p, m);
        return;
    }
    phone__seen(p, m);
    if (phone__reply_again(p, m, peer))
        return;
    switch (m->method) {
    case SIP_INVITE:
        invite(p, m, peer);
        break;
    case SIP_CANCEL:
        phone__cancelled(p, m, peer);
        break;
    case SIP_BYE:
        if (in_call(p, m))
            phone__bye(p, m, peer);
        else
            phone__reply(p, m, peer, 481, SLICE("none"), SLICE(""));
        break;
    case SIP_PRACK:
        phone__pracked(p, m, peer);
        break;
    case SIP_UPDATE:
        phone__updated(p, m, peer);
        break;
    case SIP_INFO:
    case SIP_OPTIONS:
    case SIP_NOTIFY:
    case SIP_MESSAGE: /* in a dialog that it does not know: RFC 3261 12.2.2 */
        phone__reply(p, m, peer, m->to_tag.length == 0 || in_call(p, m) ? 200 : 481, SLICE("one"), SLICE(""));
        break;
    default:
        phone__reply(p, m, peer, 405, SLICE("one"), SLICE(""));
    }
}

static void response(struct phone *p, const struct sip_message *m)
{
    phone__seen(p, m);
    enum phone_slot slot = phone__response(p, m);
    switch (slot) {
    case SLOT_REGISTER:
    case SLOT_REGISTER_SECOND:
        if (m->status >= 200)
            phone__registered(p, slot - SLOT_REGISTER, m);
        break;
    case SLOT_INVITE:
        if (p->call.state == PHONE_CALLING || p->call.state == PHONE_CANCELLING)
            phone__invite_answered(p, m);
        else
            phone__reinvite_answered(p, m);
        break;
    case SLOT_PRACK:
        phone__prack_answered(p, m);
        break;
    case SLOT_UPDATE:
        phone__update_answered(p, m);
        break;
    case SLOT_BYE:
        if (m->status >= 200)
            phone__bye_answered(p, true);
        break;
    default:
        break;
    }
}

void phone__message(struct phone *p, struct slice text, const struct address *peer)
{
    struct sip_message m;
    if (sip_parse(&m, text, &p->arena, NULL) != 0)
        phone__complain(p, "a message that is not well-formed came");
    else if (m.is_request)
        request(p, &m, peer);
    else
        response(p, &m);
}
