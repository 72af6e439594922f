/* Requests that are ours and nobody's call: OPTIONS and REGISTER. */
#include <inttypes.h>
#include <stdio.h>

#include "roles/proxy/trunk/trunk_int.h"

static void add_head(struct buffer *out, struct trunk_state *s, const struct config_trunk *t,
    const struct trunk_request *r, struct slice method)
{
    bool registers = r->method == SIP_REGISTER;
    buffer_add_format(out, "From: <sip:%.*s%s%.*s>;tag=%08x\r\n", SLICE_ARG(t->user),
        slice_empty(t->user) ? "" : "@", SLICE_ARG(t->domain), (unsigned)world_random(s->proxy->world));
    buffer_add_format(out, "To: <sip:%.*s%s%.*s>\r\n", registers ? (int)t->user.length : 0, t->user.data,
        registers ? "@" : "", SLICE_ARG(t->domain));
    buffer_add_format(out, "Call-ID: %016" PRIx64 "\r\nCSeq: %" PRIu32 " %.*s\r\nMax-Forwards: 70\r\n",
        r->call_id, r->cseq, SLICE_ARG(method));
}

uint64_t trunk__send_own(struct trunk_state *s, const struct config_trunk *t, const struct destination *to,
    const struct trunk_request *r)
{
    struct proxy *p = s->proxy;
    struct buffer out = {.limit = SIP_MESSAGE_LIMIT}, uri = {0};
    char via[ADDRESS_TEXT + 96];
    struct slice method = slice_text(sip_method_name(r->method));
    int head = snprintf(via, sizeof via, "%s;rport;branch=", to->listener->via);
    int tail = snprintf(via + head, sizeof via - (size_t)head, "z9hG4bK%016" PRIx64, world_random(p->world));
    buffer_add_format(&uri, "sip:%.*s", SLICE_ARG(t->domain));
    sip_add_request_line(&out, method, buffer_slice(&uri));
    sip_add_header(&out, SIP_HEADER_VIA, slice_of(via, (size_t)(head + tail)));
    add_head(&out, s, t, r, method);
    buffer_add_text(&out, "Contact: ");
    trunk__add_own_uri(&out, to->listener, t->user);
    buffer_add_text(&out, ">\r\n");
    if (r->method == SIP_REGISTER)
        buffer_add_format(&out, "Expires: %" PRIu32 "\r\n", r->expires);
    buffer_add(&out, r->credentials);
    sip_add_body(&out, SLICE(""), SLICE(""));
    struct sip_transaction *sent = sip_request(&p->transactions, &to->target, to->reliable, r->method,
        slice_of(via + head, (size_t)tail), buffer_slice(&out), TRUNK_OWN | s->number);
    buffer_free(&out);
    buffer_free(&uri);
    return sent->id;
}

static struct trunk_state *owner(struct proxy *p, const struct sip_transaction *t)
{
    return trunk__state_of(p, t->owner & ~TRUNK_OWN);
}

bool trunk_own_response(struct proxy *p, struct sip_transaction *t, const struct sip_message *m)
{
    if ((t->owner & TRUNK_OWN) == 0)
        return false;
    struct trunk_state *s = owner(p, t);
    if (s != NULL && !trunk__watch_response(s, t, m->status)) {
        trunk__watch_heard(s, m->status != 503);
        trunk__register_response(s, t, m);
    }
    return true;
}

bool trunk_own_failed(struct proxy *p, struct sip_transaction *t)
{
    if ((t->owner & TRUNK_OWN) == 0)
        return false;
    struct trunk_state *s = owner(p, t);
    if (s != NULL && !trunk__watch_response(s, t, 0))
        trunk__register_response(s, t, NULL);
    return true;
}
