/* A phone in a call that stands: talks, holds, hangs up. */
#include "sim/phone_int.h"

#define T1 500000 /* µs */
#define TALK_LEAST 1000000
#define TALK_MOST 30000000
#define HOLDS 150U /* per thousand */
#define HOLD_LEAST 500000
#define HOLD_MOST 8000000
#define GLARE_LEAST 100000
#define GLARE_MOST 2000000
#define GLARE_OWNER 2100000 /* RFC 3261 14.1: who began the call waits longer */
#define ACK_WAIT 32000000
#define PRESSES 200U /* per thousand: a key */

void phone__established(struct phone *p)
{
    p->call.state = PHONE_ESTABLISHED;
    phone__move(p, LEDGER_ESTABLISHED);
    phone__set(p, PHONE_TIMER_LIFE, phone__between(p, TALK_LEAST, TALK_MOST));
    if (phone__chance(p, HOLDS))
        phone__set(p, PHONE_TIMER_HOLD, phone__between(p, HOLD_LEAST, HOLD_MOST));
    if (phone__chance(p, PRESSES))
        phone__set(p, PHONE_TIMER_KEYS, phone__between(p, HOLD_LEAST, HOLD_MOST));
}

static void end_in_ledger(struct phone *p, enum ledger_end how)
{
    struct ledger_call *call;
    struct ledger_side *side = phone__side(p, &call);
    if (side != NULL)
        ledger_end(&p->town->ledger, call, side, how, 0, world_now(p->world));
}

void phone__hang_up(struct phone *p)
{
    struct phone_call_state *c = &p->call;
    phone__clear(p, PHONE_TIMER_LIFE);
    phone__clear(p, PHONE_TIMER_HOLD);
    phone__clear(p, PHONE_TIMER_ANSWER);
    phone__clear(p, PHONE_TIMER_PATIENCE);
    if (p->requests[SLOT_INVITE].active)
        phone__request_done(p, SLOT_INVITE);
    for (enum phone_slot slot = SLOT_PRACK; slot < SLOTS; slot++)
        phone__request_done(p, slot);
    phone__clear(p, PHONE_TIMER_KEYS);
    end_in_ledger(p, c->state == PHONE_ANSWERING ? LEDGER_TIMED_OUT : LEDGER_HUNG_UP);
    c->state = PHONE_ENDING;
    phone__request(p, SLOT_BYE, SIP_BYE, ++c->local_cseq);
}

void phone__bye_answered(struct phone *p, bool answered)
{
    (void)answered; /* without an answer it is over as well */
    if (p->call.state == PHONE_ENDING)
        phone__call_over(p, LEDGER_HUNG_UP, 0);
}

/* The answer to our INVITE got lost on its way, with a proxy that died: the other side waited for the ACK and
 * gave up. */
static void early_bye(struct phone *p)
{
    if (p->town->strict)
        phone__complain(p, "a BYE came before the answer to the INVITE");
    phone__call_over(p, LEDGER_CLEARED, 0);
}

void phone__bye(struct phone *p, const struct sip_message *m, const struct address *peer)
{
    struct phone_call_state *c = &p->call;
    phone__reply(p, m, peer, 200, phone__slice(&c->local_tag), SLICE(""));
    if (c->state == PHONE_ESTABLISHED || c->state == PHONE_ANSWERING)
        phone__call_over(p, LEDGER_CLEARED, 0);
    else if (c->state == PHONE_CALLING || c->state == PHONE_CANCELLING)
        early_bye(p);
    else if (c->state != PHONE_ENDING && p->town->strict)
        phone__complain(p, "a BYE came for a call that does not stand");
}

/* ---- hold and retrieve ---- */

void phone__hold(struct phone *p)
{
    struct phone_call_state *c = &p->call;
    if (c->state != PHONE_ESTABLISHED || p->requests[SLOT_INVITE].active || p->requests[SLOT_UPDATE].active)
        return;
    if (c->answer_cseq != 0 && wheel_runs(&p->timers[PHONE_TIMER_ANSWER].wheel)) {
        phone__set(p, PHONE_TIMER_HOLD, GLARE_MOST); /* the other side's offer is not through yet */
        return;
    }
    if (p->town->quiet && !c->held)
        return;
    c->held = !c->held;
    if (p->updates)
        phone__request(p, SLOT_UPDATE, SIP_UPDATE, ++c->local_cseq);
    else
        phone__request(p, SLOT_INVITE, SIP_INVITE, ++c->local_cseq);
}

static struct slice direction_of(struct slice body)
{
    static const char *const directions[] = {"sendonly", "recvonly", "inactive"};
    char line[16] = "\r\na=";
    for (size_t i = 0; i < 3; i++) {
        memcpy(line + 4, directions[i], 8);
        if (slice_find_slice(body, slice_of(line, 12)) >= 0)
            return slice_text(directions[i]);
    }
    return SLICE("sendrecv");
}

/* RFC 3264 6.1: to an offer of sendonly the answer is recvonly or inactive, and so on. */
void phone__check_answer(struct phone *p, const struct sip_message *m)
{
    struct slice ours = slice_text(p->call.direction), theirs = direction_of(m->body);
    if (m->body.length == 0)
        phone__complain(p, "an answer without session description came");
    else if ((slice_equal(ours, SLICE("sendonly")) && theirs.data[0] != 'r' && theirs.data[0] != 'i') ||
             (slice_equal(ours, SLICE("inactive")) && theirs.data[0] != 'i'))
        phone__complain(p, "the answer's direction does not fit to the offer");
}

void phone__reinvite_answered(struct phone *p, const struct sip_message *m)
{
    struct phone_call_state *c = &p->call;
    if (m->status < 200 || c->state != PHONE_ESTABLISHED)
        return;
    if (m->status < 300) {
        phone__check_answer(p, m);
        c->invite_cseq = m->cseq;
        phone__ack(p, m, NULL);
        if (c->held)
            phone__set(p, PHONE_TIMER_HOLD, phone__between(p, HOLD_LEAST, HOLD_MOST));
        return;
    }
    c->held = !c->held; /* as it was */
    if (m->status == 491)
        phone__set(
            p, PHONE_TIMER_HOLD, phone__between(p, GLARE_LEAST, GLARE_MOST) + (c->caller ? GLARE_OWNER : 0));
    else if (m->status == 481 || m->status == 408)
        phone__hang_up(p);
    else if (c->held)
        phone__set(p, PHONE_TIMER_HOLD, phone__between(p, HOLD_LEAST, HOLD_MOST));
}

const char *phone__mirror(const struct sip_message *m)
{
    struct slice offered = direction_of(m->body);
    if (offered.data[0] == 'i')
        return "inactive";
    if (offered.data[0] == 'r')
        return "sendonly";
    return slice_equal(offered, SLICE("sendonly")) ? "recvonly" : "sendrecv";
}

void phone__reinvited(struct phone *p, const struct sip_message *m, const struct address *peer)
{
    struct phone_call_state *c = &p->call;
    struct buffer body = {.data = NULL};
    if (m->cseq <= c->remote_cseq) {
        phone__reply(p, m, peer, 500, phone__slice(&c->local_tag), SLICE(""));
        return;
    }
    c->remote_cseq = m->cseq;
    if (c->state != PHONE_ESTABLISHED || p->requests[SLOT_INVITE].active || p->requests[SLOT_UPDATE].active) {
        unsigned status = c->state == PHONE_ENDING ? 481 : 491; /* RFC 3261 14.2 */
        phone__reply(p, m, peer, status, phone__slice(&c->local_tag), SLICE(""));
        return;
    }
    phone__add_description(p, &body, m->body.length == 0 ? "sendrecv" : phone__mirror(m));
    buffer_clear(&c->invite);
    buffer_add(&c->invite, m->text);
    c->invite_from = *peer;
    c->invite_line = p->line;
    c->answer_cseq = m->cseq;
    c->answer_interval = T1;
    c->answer_until = world_now(p->world) + ACK_WAIT;
    phone__reply(p, m, peer, 200, phone__slice(&c->local_tag), buffer_slice(&body));
    buffer_free(&body);
    phone__set(p, PHONE_TIMER_ANSWER, T1);
}
