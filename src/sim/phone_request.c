/* A phone's requests: built, sent again (RFC 3261 17.1), challenged (22.2), taken to another proxy. */
#include <stdio.h>

#include "base/error.h"
#include "sim/phone_int.h"

#define T1 500000 /* µs, RFC 3261 17.1.1.1 */
#define T2 4000000
#define TIMEOUT 32000000
#define NEXT_PROXY 3900000 /* without any answer: the next one is tried */

static const char domain[] = "tandem.test", domain_outside[] = "outside.test";

static bool registers(enum phone_slot slot)
{
    return slot <= SLOT_REGISTER_SECOND;
}

static bool in_dialog(const struct phone *p, enum phone_slot slot)
{
    return p->requests[slot].in_dialog;
}

static struct slice branch_of(const struct phone_request *r, char text[40])
{
    return slice_of(
        text, (size_t)snprintf(text, 40, "z9hG4bK%llx.%x", (unsigned long long)r->nonce, r->attempt));
}

static void add_via(struct phone *p, struct buffer *out, const struct phone_request *r)
{
    char text[40];
    buffer_add_format(out, "Via: SIP/2.0/%s ", phone__transport(p));
    address_add(out, &p->setup->own);
    buffer_add_text(out, ";rport;branch=");
    buffer_add(out, branch_of(r, text));
    buffer_add_text(out, "\r\n");
}

static void add_contact(struct phone *p, struct buffer *out, bool registering)
{
    buffer_add_format(out, "Contact: <sip:%.*s@", SLICE_ARG(p->setup->dn));
    address_add(out, &p->setup->own);
    phone__add_transport(p, out);
    if (registering)
        buffer_add_format(out,
            ";expires=300;reg-id=%u;+sip.instance=\"<urn:uuid:00000000-0000-4000-8000-%012u>\"", p->line + 1,
            p->setup->index);
    buffer_add_text(out, "\r\n");
}

static void add_uri(struct phone *p, struct buffer *out, enum phone_slot slot)
{
    if (registers(slot))
        buffer_add_format(out, "sip:%s", domain);
    else if (in_dialog(p, slot))
        buffer_add(out, phone__slice(&p->call.target));
    else
        buffer_add_format(out, "sip:%.*s@%s", SLICE_ARG(phone__slice(&p->call.remote)), domain);
}

/* From and To. In a dialog that the other side began, they are turned round. */
static void add_parties(struct phone *p, struct buffer *out, enum phone_slot slot, bool dialog)
{
    const struct phone_call_state *c = &p->call;
    buffer_add_text(out, "From: ");
    if (!registers(slot) && c->caller) /* nodes pass the name on: the number of the call in the ledger */
        buffer_add_format(out, "\"%llu\" ", (unsigned long long)c->number);
    buffer_add_format(
        out, "<sip:%.*s@%s>;tag=", SLICE_ARG(p->setup->dn), p->setup->outside ? domain_outside : domain);
    if (registers(slot)) {
        buffer_add_format(out, "r%u\r\nTo: <sip:%.*s@%s>\r\nCall-ID: reg-%u-%u@%.*s\r\n", p->setup->index,
            SLICE_ARG(p->setup->dn), domain, p->setup->index, p->lines[p->line].proxy,
            SLICE_ARG(p->setup->dn));
        return;
    }
    buffer_add(out, phone__slice(&c->local_tag));
    buffer_add_format(out, "\r\nTo: <sip:%.*s@%s>", SLICE_ARG(phone__slice(&c->remote)), domain);
    if (dialog)
        buffer_add_format(out, ";tag=%.*s", SLICE_ARG(phone__slice(&c->remote_tag)));
    buffer_add_format(out, "\r\nCall-ID: %.*s\r\n", SLICE_ARG(phone__slice(&c->call_id)));
}

static void add_credentials(struct phone *p, struct buffer *out, enum phone_slot slot)
{
    char cnonce[20], uri[PHONE_TEXT];
    struct buffer text = {.data = NULL};
    struct digest challenge = {.algorithm = p->algorithm,
        .realm = phone__slice(&p->realm),
        .nonce = phone__slice(&p->nonce),
        .opaque = phone__slice(&p->opaque),
        .qop = SLICE("auth")};
    add_uri(p, &text, slot);
    struct slice at = slice_first(buffer_slice(&text), sizeof uri);
    memcpy(uri, at.data, at.length);
    buffer_clear(&text);
    int length = snprintf(cnonce, sizeof cnonce, "%llx", (unsigned long long)world_random(p->world));
    digest_add_answer(&text, &challenge, p->setup->dn, p->setup->secret,
        slice_text(sip_method_name(p->requests[slot].method)), slice_of(uri, at.length),
        slice_of(cnonce, (size_t)length), ++p->nonce_count);
    sip_add_header(out, registers(slot) ? SIP_HEADER_AUTHORIZATION : SIP_HEADER_PROXY_AUTHORIZATION,
        buffer_slice(&text));
    buffer_free(&text);
}

void phone__add_description(struct phone *p, struct buffer *out, const char *direction)
{
    struct buffer ip = {.data = NULL};
    address_add_ip(&ip, &p->setup->own);
    buffer_add_format(out,
        "v=0\r\no=%.*s %llu %u IN IP4 %.*s\r\ns=-\r\nc=IN IP4 %.*s\r\nt=0 0\r\n"
        "m=audio %u RTP/AVP 8 0 101\r\na=rtpmap:8 PCMA/8000\r\na=rtpmap:0 PCMU/8000\r\n"
        "a=rtpmap:101 telephone-event/8000\r\na=%s\r\n",
        SLICE_ARG(p->setup->dn), (unsigned long long)p->call.number, ++p->call.version,
        SLICE_ARG(buffer_slice(&ip)), SLICE_ARG(buffer_slice(&ip)), 20000 + p->setup->index * 2, direction);
    while (out->length < p->setup->description)
        buffer_add_format(out, "a=candidate:%zu 1 UDP 2130706431 192.0.2.1 40000 typ host\r\n", out->length);
    buffer_free(&ip);
    snprintf(p->call.direction, sizeof p->call.direction, "%s", direction);
}

static void build(struct phone *p, enum phone_slot slot)
{
    struct phone_request *r = &p->requests[slot];
    struct buffer *out = &r->bytes, body = {.data = NULL};
    buffer_clear(out);
    buffer_add_format(out, "%s ", sip_method_name(r->method));
    add_uri(p, out, slot);
    buffer_add_text(out, " SIP/2.0\r\n");
    add_via(p, out, r);
    buffer_add_text(out, "Max-Forwards: 70\r\n");
    if (in_dialog(p, slot))
        buffer_add(out, slice_of(p->call.routes, p->call.route_length));
    add_parties(p, out, slot, in_dialog(p, slot));
    buffer_add_format(out, "CSeq: %u %s\r\n", r->cseq, sip_method_name(r->method));
    if (slot != SLOT_CANCEL && p->nonce.length != 0 && (r->challenged || !in_dialog(p, slot)))
        add_credentials(p, out, slot);
    if (registers(slot) || slot == SLOT_INVITE || slot == SLOT_UPDATE)
        add_contact(p, out, registers(slot));
    if (registers(slot))
        buffer_add_text(out, "Supported: path, outbound\r\nUser-Agent: simulated phone\r\n");
    if (slot == SLOT_INVITE) {
        sip_add_header(out, SIP_HEADER_ALLOW, phone__allow(p));
        if (p->reliable && !in_dialog(p, slot))
            buffer_add_text(out, "Supported: 100rel\r\n");
        if (!p->call.late || in_dialog(p, slot))
            phone__add_description(p, &body, p->call.held ? "sendonly" : "sendrecv");
    }
    if (slot == SLOT_PRACK)
        buffer_add_format(out, "RAck: %u %u INVITE\r\n", p->call.rseq, p->requests[SLOT_INVITE].cseq);
    if (slot == SLOT_PRACK || slot == SLOT_UPDATE)
        phone__early_body(p, &body);
    if (slot == SLOT_INFO)
        buffer_add_text(&body, "Signal=5\r\nDuration=160\r\n");
    sip_add_body(out, slot == SLOT_INFO ? SLICE("application/dtmf-relay") : SLICE("application/sdp"),
        buffer_slice(&body));
    buffer_free(&body);
}

static void transmit(struct phone *p, enum phone_slot slot)
{
    phone__transmit(p, phone__way(p, in_dialog(p, slot)), buffer_slice(&p->requests[slot].bytes));
}

/* A new transaction for the same request. */
static void attempt(struct phone *p, enum phone_slot slot)
{
    struct phone_request *r = &p->requests[slot];
    r->attempt++;
    r->proceeding = false;
    r->interval = T1;
    r->line = p->line;
    build(p, slot);
    transmit(p, slot);
    phone__set(p, PHONE_TIMER_REQUEST + slot, T1);
}

void phone__request(struct phone *p, enum phone_slot slot, enum sip_method method, uint32_t cseq)
{
    struct phone_request *r = &p->requests[slot];
    struct buffer bytes = r->bytes;
    *r = (struct phone_request){.active = true,
        .method = method,
        .cseq = cseq,
        .in_dialog = slot >= SLOT_BYE || (slot == SLOT_INVITE && p->call.state == PHONE_ESTABLISHED),
        .began = world_now(p->world),
        .nonce = world_random(p->world),
        .bytes = bytes};
    if (slot == SLOT_CANCEL) { /* RFC 3261 9.1: the branch of the INVITE */
        r->nonce = p->requests[SLOT_INVITE].nonce;
        r->attempt = p->requests[SLOT_INVITE].attempt - 1;
    }
    attempt(p, slot);
}

void phone__request_done(struct phone *p, enum phone_slot slot)
{
    p->requests[slot].active = false;
    phone__clear(p, PHONE_TIMER_REQUEST + slot);
}

static void failed(struct phone *p, enum phone_slot slot)
{
    phone__request_done(p, slot);
    switch (slot) {
    case SLOT_REGISTER:
    case SLOT_REGISTER_SECOND:
        phone__registered(p, slot - SLOT_REGISTER, NULL);
        break;
    case SLOT_INVITE:
        phone__other_proxy(p);
        phone__invite_failed(p);
        phone__register(p, p->line);
        break;
    case SLOT_BYE:
        phone__bye_answered(p, false);
        break;
    default:
        break;
    }
}

void phone__request_timer(struct phone *p, enum phone_slot slot)
{
    struct phone_request *r = &p->requests[slot];
    int64_t passed = world_now(p->world) - r->began;
    if (!r->active || (r->method == SIP_INVITE && r->proceeding))
        return;
    if (passed >= TIMEOUT || (r->method == SIP_INVITE && !r->in_dialog && passed >= NEXT_PROXY)) {
        failed(p, slot);
        return;
    }
    if (r->interval >= T2 && !r->proceeding && slot != SLOT_CANCEL) {
        phone__other_proxy(p);
        if (!p->setup->tcp)
            attempt(p, slot);
        else
            phone__set(p, PHONE_TIMER_REQUEST + slot, T2);
        return;
    }
    r->interval *= 2;
    if (r->interval > T2 || r->proceeding)
        r->interval = T2;
    if (!p->setup->tcp)
        transmit(p, slot);
    phone__set(p, PHONE_TIMER_REQUEST + slot, r->interval);
}

/* ---- responses ---- */

static bool challenged(struct phone *p, const struct sip_message *m)
{
    struct digest d;
    struct sip_cursor at = {0};
    struct slice value;
    enum sip_header_id id = m->status == 401 ? SIP_HEADER_WWW_AUTHENTICATE : SIP_HEADER_PROXY_AUTHENTICATE;
    while (sip_next_value(m, id, &at, &value)) {
        if (digest_parse(&d, value, &p->arena) != 0)
            continue;
        p->algorithm = d.algorithm;
        phone__text(&p->realm, d.realm);
        phone__text(&p->nonce, d.nonce);
        phone__text(&p->opaque, d.opaque);
        p->nonce_count = 0;
        return true;
    }
    return false;
}

/* ACK to a final answer of 300 and more belongs to the transaction (RFC 3261 17.1.1.3). */
static void ack_refusal(struct phone *p, const struct sip_message *m)
{
    struct phone_request *r = &p->requests[SLOT_INVITE];
    struct slice sent = buffer_slice(&r->bytes), uri; /* the call may be over and forgotten */
    struct buffer *out = &p->out;
    buffer_clear(out);
    slice_cut(&sent, ' ', &uri);
    slice_cut(&sent, ' ', &uri);
    sip_add_request_line(out, SLICE("ACK"), uri);
    add_via(p, out, r);
    if (in_dialog(p, SLOT_INVITE))
        buffer_add(out, slice_of(p->call.routes, p->call.route_length));
    buffer_add_format(out, "Max-Forwards: 70\r\nFrom: %.*s\r\nTo: %.*s\r\nCall-ID: %.*s\r\nCSeq: %u ACK\r\n",
        SLICE_ARG(m->from), SLICE_ARG(m->to), SLICE_ARG(m->call_id), m->cseq);
    sip_add_body(out, SLICE(""), SLICE(""));
    phone__transmit(p, phone__way(p, in_dialog(p, SLOT_INVITE)), buffer_slice(out));
}

static bool answers(const struct phone_request *r, const struct sip_message *m)
{
    char text[40];
    return r->method == m->method && r->cseq == m->cseq && r->method != SIP_UNKNOWN &&
           slice_equal(m->via.branch, branch_of(r, text));
}

static bool try_again(struct phone *p, enum phone_slot slot, const struct sip_message *m)
{
    struct phone_request *r = &p->requests[slot];
    if ((m->status != 401 && m->status != 407) || r->challenged || slot == SLOT_CANCEL || !challenged(p, m))
        return false;
    r->challenged = true;
    r->cseq++;
    if (registers(slot))
        p->register_cseq = r->cseq;
    else if (p->call.local_cseq < r->cseq)
        p->call.local_cseq = r->cseq;
    attempt(p, slot);
    return true;
}

enum phone_slot phone__response(struct phone *p, const struct sip_message *m)
{
    enum phone_slot slot = SLOT_REGISTER;
    while (slot < SLOTS && !answers(&p->requests[slot], m))
        slot++;
    if (slot == SLOTS) {
        if (m->method == SIP_INVITE && m->status >= 200 && m->status < 300 && p->call.ack.length != 0 &&
            slice_equal(m->call_id, phone__slice(&p->call.call_id)))
            phone__transmit(p, phone__way(p, true), buffer_slice(&p->call.ack));
        return SLOTS;
    }
    struct phone_request *r = &p->requests[slot];
    p->silence = 0;
    if (m->status < 200) {
        r->proceeding = true;
        if (slot == SLOT_INVITE && r->active)
            phone__clear(p, PHONE_TIMER_REQUEST + slot);
        return r->active ? slot : SLOTS;
    }
    if (slot == SLOT_INVITE && m->status >= 300)
        ack_refusal(p, m);
    if (!r->active) { /* again */
        if (slot == SLOT_INVITE && m->status < 300 && p->call.ack.length != 0)
            phone__transmit(p, phone__way(p, true), buffer_slice(&p->call.ack));
        return SLOTS;
    }
    if (try_again(p, slot, m))
        return SLOTS;
    phone__request_done(p, slot);
    return slot;
}

/* ACK to a 2xx is a request of its own (RFC 3261 13.2.2.4); kept for when the answer comes again. */
void phone__ack(struct phone *p, const struct sip_message *response, const char *direction)
{
    struct phone_request r = {.nonce = world_random(p->world)};
    struct buffer *out = &p->call.ack, body = {.data = NULL};
    buffer_clear(out);
    buffer_add_format(out, "ACK %.*s SIP/2.0\r\n", SLICE_ARG(phone__slice(&p->call.target)));
    add_via(p, out, &r);
    buffer_add_text(out, "Max-Forwards: 70\r\n");
    buffer_add(out, slice_of(p->call.routes, p->call.route_length));
    add_parties(p, out, SLOT_BYE, true);
    buffer_add_format(out, "CSeq: %u ACK\r\n", response->cseq);
    if (direction != NULL)
        phone__add_description(p, &body, direction);
    sip_add_body(out, SLICE("application/sdp"), buffer_slice(&body));
    buffer_free(&body);
    phone__transmit(p, phone__way(p, true), buffer_slice(out));
}
