/* What one phone says to the other within a call, and is no matter of ours: INFO (RFC 6086: keys pressed, as
 * application/dtmf-relay or application/dtmf) and MESSAGE (RFC 3428). Body and headers go on as they came,
 * the answer comes back the same way. */
#include "base/error.h"
#include "base/log.h"
#include "roles/node/node_int.h"

/* The other phone has a dialog in which it can be asked. */
static bool hears(const struct leg *l)
{
    return l != NULL && !slice_empty(l->dialog.remote_tag) && l->state != LEG_ST_CANCELLING &&
           l->state != LEG_ST_CLOSING && l->state != LEG_ST_LEAVING;
}

void node__pass(struct leg *l, struct sip_transaction *t, const struct sip_message *m)
{
    struct leg *other = node__call_other(l->call, l);
    struct buffer out = {.limit = SIP_MESSAGE_LIMIT};
    char room[160];
    struct slice branch, via = node__leg_via(l->node, room, &branch);
    if (!hears(other)) {
        sip_respond_simple(t, 480, SLICE(""));
        return;
    }
    sip_dialog_add_request(&out, &other->dialog, m->method, ++other->dialog.local_cseq, via);
    sip_add_headers_of(&out, m, NODE_OWN_HEADERS);
    sip_add_body(&out, sip_header_value(m, SIP_HEADER_CONTENT_TYPE), m->body);
    if (out.overflowed) {
        buffer_free(&out);
        sip_respond_simple(t, 513, SLICE(""));
        return;
    }
    uint64_t waiting = t->id;
    struct sip_transaction *passed = node__leg_send(other, m->method, branch, &out);
    passed->owner = 0; /* its end is not the end of the leg */
    passed->partner = waiting;
    node__leg_changed(other);
}

void node__passed(struct node *n, uint64_t waiting, const struct sip_message *m)
{
    struct sip_transaction *t = sip_transaction_find(&n->transactions, waiting);
    struct sip_message request;
    struct buffer out = {.limit = SIP_MESSAGE_LIMIT};
    if (t == NULL || t->kind != SIP_NIST || t->request.length == 0 || (m != NULL && m->status < 200))
        return;
    if (m == NULL || sip_parse(&request, t->request, &n->arena, NULL) != 0) {
        sip_respond_simple(t, 408, SLICE(""));
        return;
    }
    sip_add_response_head(&out, &request, m->status, m->reason, SLICE(""));
    sip_add_headers_of(&out, m, NODE_OWN_HEADERS);
    sip_add_body(&out, sip_header_value(m, SIP_HEADER_CONTENT_TYPE), m->body);
    if (out.overflowed)
        sip_respond_simple(t, 500, SLICE(""));
    else
        sip_respond(t, m->status, buffer_slice(&out));
    buffer_free(&out);
}
