/* UPDATE (RFC 3311): a phone changes the session, also before the answer; and what comes of ours. */
#include <stdio.h>

#include "base/error.h"
#include "base/log.h"
#include "roles/node/node_int.h"

#define RETRY_MOST 10U /* seconds: RFC 3311 5.2, RFC 3261 14.2 */

/* The status that refuses the phone's offer now; 0: it may be made. */
static uint16_t refusal(const struct leg *l)
{
    const struct leg *other = node__call_other(l->call, l);
    enum sip_method method;
    if (l->media == MEDIA_OFFERING || l->media == MEDIA_ASKED)
        return 491;
    if (l->media != MEDIA_STABLE || l->update != 0 || l->provisional.length != 0)
        return 500; /* it still waits for the answer to another offer */
    if (other != NULL && node__media_may_offer(other, &method))
        return 0;
    return other != NULL && other->state == LEG_ST_ESTABLISHED ? 491 : 504;
}

void node__refuse_offer(struct leg *l, struct sip_transaction *t, uint16_t status)
{
    char seconds[12];
    snprintf(seconds, sizeof seconds, "%u", (unsigned)(world_random(l->node->world) % (RETRY_MOST + 1)));
    if (status == 500)
        sip_respond_saying(t, status, SLICE(""), SIP_HEADER_RETRY_AFTER, slice_text(seconds));
    else
        sip_respond_simple(t, status, SLICE(""));
}

void node__update(struct leg *l, struct sip_transaction *t, const struct sip_message *m)
{
    uint64_t open = l->update;
    if (l->state == LEG_ST_CANCELLING || l->state == LEG_ST_CLOSING || l->state == LEG_ST_LEAVING) {
        sip_respond_simple(t, 481, SLICE(""));
        return;
    }
    if (node__session_too_short(m)) {
        sip_respond_saying(t, 422, SLICE(""), SIP_HEADER_MIN_SE, NODE_MIN_SE);
        return;
    }
    uint16_t status = m->body.length == 0 ? 0 : refusal(l);
    if (status != 0) {
        node__refuse_offer(l, t, status);
        return;
    }
    if (sip_dialog_refresh(&l->dialog, m) != 0)
        LOG(LOG_DEBUG, "node", "an UPDATE without Contact; the target stays");
    node__session_request(l, m);
    l->update = t->id;
    if (m->body.length == 0) {
        node__leg_answer_update(l, SLICE(""));
        l->update = open;
        return;
    }
    node__media_offered(l, m->body);
    node__media_reconcile(l->call);
}

static void accepted(struct leg *l, const struct sip_message *m, bool offered)
{
    if (sip_dialog_refresh(&l->dialog, m) != 0)
        LOG(LOG_DEBUG, "node", "a 2xx without Contact; the target stays");
    node__session_response(l, m);
    if (!offered)
        return;
    l->attempts = 0;
    node__media_answered(l, node__is_sdp(m) ? m->body : SLICE(""));
    node__media_reconcile(l->call);
}

/* m is NULL where no answer came in time. */
void node__update_response(struct leg *l, struct sip_transaction *t, const struct sip_message *m)
{
    uint16_t status = m != NULL ? m->status : 408;
    bool offered = t->id == l->update;
    if (status < 200 || l->state == LEG_ST_CANCELLING || l->state == LEG_ST_CLOSING)
        return;
    if (offered)
        l->update = 0;
    node__leg_changed(l);
    if (status < 300) {
        accepted(l, m, offered);
        return;
    }
    if (status == 405 || status == 501)
        l->abilities &= ~(unsigned)LEG_UPDATES;
    if (offered)
        node__media_refused(l, status);
    if ((status == 481 || status == 408) && l->state == LEG_ST_ESTABLISHED)
        node__leg_hang_up(l, status); /* RFC 3261 12.2.1.2 */
    else
        node__session_arm(l);
}
