/* Responses of server transactions. */
#include "base/mem.h"
#include "sip/transaction_int.h"

void sip_respond(struct sip_transaction *t, uint16_t status, struct slice message)
{
    transaction__keep(&t->message, message);
    t->status = status;
    transaction__event(t, transaction__event_of(status), NULL);
}

void sip_respond_once(struct sip_transaction *t, struct slice message)
{
    t->table->handlers->send(t->table->user, &t->target, message);
    t->table->handlers->over(t->table->user, t);
    t->state = SIP_ST_TERMINATED;
    transaction__changed(t);
    transaction__release(t);
}

/* Answered while its request is being reported, as most are: it has no state that anything but a copy of the
 * request could change (RFC 3261 17.2.2, from trying to completed), so it needs neither machine nor timer. */
static bool ends_at_once(const struct sip_transaction *t, const struct sip_answer *a)
{
    const struct sip_transactions *ts = t->table;
    return ts->current == t && ts->handlers->changed == NULL && t->kind == SIP_NIST && !t->reliable &&
           t->state == SIP_ST_TRYING && a->status >= 200 && a->reason.length <= UINT8_MAX &&
           a->to_tag.length <= UINT8_MAX;
}

bool sip_answer_begin(struct sip_answer *a, struct sip_transaction *t, uint16_t status, struct slice reason,
    struct slice to_tag)
{
    struct sip_transactions *ts = t->table;
    struct sip_message parsed;
    const struct sip_message *request = &parsed;
    struct arena arena = {0};
    *a = (struct sip_answer){.status = status, .reason = reason, .to_tag = to_tag};
    if (ts->current == t && ts->request != NULL)
        request = ts->request;
    else if (sip_parse(&parsed, t->request, &arena, NULL) != 0)
        request = NULL;
    if (request != NULL) {
        a->message = sip_spare_take(ts);
        sip_add_response_head(&a->message, request, status, reason, to_tag);
        a->head = a->message.length;
    }
    arena_free(&arena);
    return request != NULL;
}

void sip_answer_send(struct sip_answer *a, struct sip_transaction *t)
{
    struct sip_transactions *ts = t->table;
    if (!ends_at_once(t, a)) {
        sip_respond(t, a->status, buffer_slice(&a->message));
    } else {
        t->status = a->status;
        t->state = SIP_ST_COMPLETED;
        t->answered = true;
        ts->handlers->send(ts->user, &t->target, buffer_slice(&a->message));
        transaction__bury_answer(t, a);
    }
    sip_spare_give(ts, &a->message);
}

void sip_respond_saying(struct sip_transaction *t, uint16_t status, struct slice to_tag,
    enum sip_header_id header, struct slice value)
{
    struct sip_answer a;
    if (!sip_answer_begin(&a, t, status, SLICE(""), to_tag))
        return;
    if (!slice_empty(value))
        sip_add_header(&a.message, header, value);
    sip_add_body(&a.message, SLICE(""), SLICE(""));
    sip_answer_send(&a, t);
}

void sip_respond_abilities(
    struct sip_transaction *t, uint16_t status, struct slice to_tag, const struct sip_abilities *abilities)
{
    struct sip_answer a;
    if (!sip_answer_begin(&a, t, status, SLICE(""), to_tag))
        return;
    if (!slice_empty(abilities->allow))
        sip_add_header(&a.message, SIP_HEADER_ALLOW, abilities->allow);
    if (!slice_empty(abilities->supported))
        sip_add_header(&a.message, SIP_HEADER_SUPPORTED, abilities->supported);
    if (!slice_empty(abilities->accept)) {
        sip_add_header(&a.message, SIP_HEADER_ACCEPT, abilities->accept);
        buffer_add_text(&a.message, "Accept-Encoding: identity\r\n");
    }
    sip_add_body(&a.message, SLICE(""), SLICE(""));
    sip_answer_send(&a, t);
}

void sip_respond_simple(struct sip_transaction *t, uint16_t status, struct slice to_tag)
{
    sip_respond_saying(t, status, to_tag, SIP_HEADER_OTHER, SLICE(""));
}

struct buffer sip_spare_take(struct sip_transactions *ts)
{
    struct buffer b = ts->spare;
    ts->spare = (struct buffer){0};
    buffer_clear(&b);
    b.limit = SIP_MESSAGE_LIMIT;
    return b;
}

void sip_spare_give(struct sip_transactions *ts, struct buffer *b)
{
    buffer_free(&ts->spare);
    ts->spare = *b;
    *b = (struct buffer){0};
}
