/* A phone that calls: dials, waits, gives up. */
#include <limits.h>
#include <stdio.h>

#include "base/hash.h"
#include "sim/carrier.h"
#include "sim/phone_int.h"

#define IMPATIENT 120U /* per thousand */
#define MISDIALLED 20U
#define WAITS_LEAST 40000000
#define WAITS_MOST 70000000
#define IMPATIENT_LEAST 300000
#define IMPATIENT_MOST 6000000
#define CANCEL_WAIT 35000000
#define LATE 80U         /* per thousand: without an offer */
#define BEYOND 150U      /* per thousand: a number outside */
#define ELSEWHERE 250U   /* per thousand: a number of the other location */
#define KNOWN 2000000    /* a registration is known to all proxies (VC-2: within 1 s) */
#define FOUND 1000000    /* a proxy that has started has streams to the others */
#define REACHED 20000000 /* the phone has heard of the call */

struct ledger_side *phone__side(struct phone *p, struct ledger_call **call)
{
    *call = ledger_at(&p->town->ledger, p->call.number);
    if (*call == NULL)
        return NULL;
    return p->call.caller ? &(*call)->caller : ledger_callee(*call, p->setup->index);
}

void phone__move(struct phone *p, enum ledger_state state)
{
    struct ledger_call *call;
    struct ledger_side *side = phone__side(p, &call);
    if (side == NULL)
        return;
    ledger_move(side, state, world_now(p->world));
    if (side == &call->twin && state == LEDGER_ESTABLISHED && call->callee.state != LEDGER_ESTABLISHED) {
        struct ledger_side answers = call->twin; /* the one that answers is the callee */
        call->twin = call->callee;
        call->callee = answers;
    }
}

static void forget_call(struct phone *p)
{
    phone__channel(p, false);
    struct phone_call_state *c = &p->call;
    buffer_clear(&c->ack);
    buffer_clear(&c->invite);
    *c = (struct phone_call_state){.ack = c->ack, .invite = c->invite};
}

static bool other_trunk(const struct phone *p, const struct ledger_call *call)
{
    bool works = false;
    for (unsigned k = 0; k < p->town->carriers; k++)
        works = works || carrier_works(p->town, k, call->started);
    return works;
}

/* Where one trunk fails, another one is tried, as long as there is one with room. */
static void judge_trunks(struct phone *p, const struct ledger_call *call, unsigned status)
{
    bool failed = status == 408 || status == 500 || status == 503 || status == 504;
    if (p->town->steady && call->beyond && !p->setup->outside && call->callee_legs == 0 && failed &&
        other_trunk(p, call))
        phone__complain(p, "a call did not take the trunk that works");
}

/* Whoever has a registration, and has had it all the time, hears of the call or answers. What a proxy had in
 * its hands when it died is lost, and one that starts needs a moment until the others have found it. */
static void judge(struct phone *p, const struct ledger_call *call, unsigned status)
{
    const struct phone_call_state *c = &p->call;
    bool unreached = status == 404 || status == 408 || status == 430 || status == 480;
    if (!p->town->sure || c->since == 0 || call->callee_legs != 0 ||
        p->town->proxy_started_at + FOUND > call->started || p->town->registered_since[c->called] != c->since)
        return;
    if (unreached)
        phone__complain(p, "a phone that is registered was not reached");
    else if (status == 0 && world_now(p->world) - call->started > REACHED)
        phone__complain(p, "a phone that is registered was not reached in time");
}

void phone__call_over(struct phone *p, enum ledger_end how, unsigned status)
{
    struct ledger_call *call;
    struct ledger_side *side = phone__side(p, &call);
    if (side != NULL && p->call.caller)
        judge_trunks(p, call, status);
    if (side != NULL && p->call.caller)
        judge(p, call, how == LEDGER_LOST ? UINT_MAX : status);
    if (side != NULL)
        ledger_end(&p->town->ledger, call, side, how, status, world_now(p->world));
    phone__clear(p, PHONE_TIMER_HOLD);
    phone__clear(p, PHONE_TIMER_PATIENCE);
    phone__clear(p, PHONE_TIMER_ANSWER);
    phone__clear(p, PHONE_TIMER_KEYS);
    if (p->requests[SLOT_INVITE].active)
        phone__request_done(p, SLOT_INVITE);
    for (enum phone_slot slot = SLOT_PRACK; slot < SLOTS; slot++)
        phone__request_done(p, slot);
    forget_call(p);
    phone__rest(p);
}

/* Phones outside: one more call by its carrier, or one less. */
void phone__channel(struct phone *p, bool takes)
{
    struct phone_call_state *c = &p->call;
    if (c->channel != takes)
        p->town->carrier_states[c->carrier].calls += takes ? 1 : -1U;
    c->channel = takes;
}

/* Somebody outside; or, from there, somebody here, where the trunks are. */
static void choose_beyond(struct phone *p)
{
    struct phone_call_state *c = &p->call;
    const struct town *t = p->town;
    bool out = !p->setup->outside;
    uint32_t other = phone__below(p, (uint32_t)(out ? t->outside : t->count));
    other = out ? other + (uint32_t)t->count : other - other % t->locations;
    char text[40];
    int length = snprintf(
        text, sizeof text, "%s%.*s", out ? PHONE_DIALS_OUT : PHONE_DIALS_IN, SLICE_ARG(t->phones[other].dn));
    phone__text(&c->remote, slice_of(text, (size_t)length));
    c->called = other;
    c->since = 0;
    c->carrier = p->setup->carrier;
    if (!out)
        phone__channel(p, true);
    ledger_at(&p->town->ledger, c->number)->beyond = true;
}

static void choose_callee(struct phone *p)
{
    struct phone_call_state *c = &p->call;
    uint32_t count = (uint32_t)p->town->count, step = p->town->locations > 1 ? p->town->locations : 1;
    uint32_t other = phone__below(p, count);
    if (step == 1 || !phone__chance(p, ELSEWHERE))
        other = other - other % step + p->setup->index % step;
    while (other >= count || slice_equal(p->town->phones[other].dn, p->setup->dn))
        other = (other + step) % (count + step - count % step);
    phone__text(&c->remote, p->town->phones[other].dn);
    c->called = other;
    c->since = p->town->registered_since[other];
    if (world_now(p->world) - c->since < KNOWN)
        c->since = 0;
    if (!phone__chance(p, MISDIALLED))
        return;
    c->remote.bytes[0] = '9'; /* nobody has that number */
    c->since = 0;
}

void phone__dial(struct phone *p)
{
    struct phone_call_state *c = &p->call;
    char text[80];
    p->town->calls_left--;
    forget_call(p);
    c->caller = true;
    c->number = ledger_begin(&p->town->ledger, p->setup->index, world_now(p->world));
    c->state = PHONE_CALLING;
    int length = snprintf(text, sizeof text, "%llx-%08x@%.*s", (unsigned long long)c->number,
        phone__below(p, UINT32_MAX), SLICE_ARG(p->setup->dn));
    phone__text(&c->call_id, slice_of(text, (size_t)length));
    length = snprintf(text, sizeof text, "%08x", phone__below(p, UINT32_MAX));
    phone__text(&c->local_tag, slice_of(text, (size_t)length));
    bool here = p->setup->index % p->town->locations == 0;
    bool beyond = p->setup->outside || (here && p->town->outside != 0 && phone__chance(p, BEYOND));
    if (beyond)
        choose_beyond(p);
    else
        choose_callee(p);
    c->late = !beyond && phone__chance(p, LATE); /* the offer says which call it is */
    c->local_cseq = 1 + phone__below(p, 10000);
    phone__set(p, PHONE_TIMER_PATIENCE, phone__between(p, WAITS_LEAST, WAITS_MOST));
    phone__request(p, SLOT_INVITE, SIP_INVITE, c->local_cseq);
}

/* What the response says about the dialog: tag, target, and for a 2xx the routes (RFC 3261 12.1.2). */
void phone__learn(struct phone *p, const struct sip_message *m)
{
    struct phone_call_state *c = &p->call;
    struct sip_cursor at = {0};
    struct slice value, routes[8];
    size_t count = 0;
    phone__text(&c->remote_tag, m->to_tag);
    if (!sip_next_value(m, SIP_HEADER_CONTACT, &at, &value))
        return;
    ptrdiff_t open = slice_find(value, '<'), close = slice_find(value, '>');
    if (open >= 0 && close > open)
        value = slice_of(value.data + open + 1, (size_t)(close - open - 1));
    phone__text(&c->target, value);
    at = (struct sip_cursor){0};
    while (count < 8 && sip_next_value(m, SIP_HEADER_RECORD_ROUTE, &at, &value))
        routes[count++] = value;
    phone__routes(p, routes, count, true);
}

static void established(struct phone *p, const struct sip_message *m)
{
    struct phone_call_state *c = &p->call;
    bool gone = c->state == PHONE_CANCELLING;
    if (c->remote_tag.length != 0 && c->heard_early && !slice_equal(phone__slice(&c->remote_tag), m->to_tag))
        phone__complain(p, "the answer has another tag than the ringing before it");
    phone__learn(p, m);
    c->invite_cseq = m->cseq;
    bool offered = c->late && !c->settled; /* the 2xx brings the offer, the ACK its answer */
    if (offered && m->body.length == 0)
        phone__complain(p, "neither side made an offer");
    else if (!offered && !c->settled)
        phone__check_answer(p, m);
    if (c->promised != 0 && c->promised != hash_stable(m->body))
        phone__complain(p, "the answer is another than the one before it");
    phone__ack(p, m, offered ? phone__mirror(m) : NULL);
    c->settled = true;
    phone__clear(p, PHONE_TIMER_PATIENCE);
    phone__established(p);
    if (gone)
        phone__hang_up(p);
}

static void ringing(struct phone *p, const struct sip_message *m)
{
    struct phone_call_state *c = &p->call;
    bool first = !c->heard_early;
    if (m->status == 100)
        return;
    phone__text(&c->remote_tag, m->to_tag);
    c->heard_early = m->to_tag.length != 0;
    phone__early(p, m);
    phone__move(p, LEDGER_RINGING);
    if (c->state == PHONE_CALLING && first && phone__chance(p, IMPATIENT))
        phone__set(p, PHONE_TIMER_PATIENCE, phone__between(p, IMPATIENT_LEAST, IMPATIENT_MOST));
}

static void cancel(struct phone *p)
{
    phone__use(p, p->requests[SLOT_INVITE].line); /* RFC 3261 9.1: where the INVITE went */
    phone__request(p, SLOT_CANCEL, SIP_CANCEL, p->requests[SLOT_INVITE].cseq);
    p->call.cancel_sent = true;
}

void phone__invite_answered(struct phone *p, const struct sip_message *m)
{
    struct phone_call_state *c = &p->call;
    struct ledger_call *call;
    struct ledger_side *side = phone__side(p, &call);
    if (side != NULL) {
        call->accepted = true;
        side->heard |= m->status > 100 && m->status < 300;
    }
    if (m->status < 200) {
        ringing(p, m);
        if (c->state == PHONE_CANCELLING && !c->cancel_sent)
            cancel(p);
    } else if (m->status < 300) {
        established(p, m);
    } else {
        phone__call_over(p, c->state == PHONE_CANCELLING ? LEDGER_CANCELLED : LEDGER_REFUSED, m->status);
    }
}

void phone__invite_failed(struct phone *p)
{
    struct phone_call_state *c = &p->call;
    phone__request_done(p, SLOT_INVITE);
    if (c->state == PHONE_CALLING || c->state == PHONE_CANCELLING)
        phone__call_over(p, p->setup->tcp ? LEDGER_LOST : LEDGER_TIMED_OUT, 0);
    else if (c->state == PHONE_ESTABLISHED && !p->setup->tcp)
        phone__hang_up(p); /* RFC 3261 12.2.1.2: no answer to a request within the dialog ends it */
}

void phone__give_up(struct phone *p)
{
    struct phone_call_state *c = &p->call;
    if (c->state == PHONE_CALLING) {
        c->state = PHONE_CANCELLING;
        phone__set(p, PHONE_TIMER_PATIENCE, CANCEL_WAIT);
        if (p->requests[SLOT_INVITE].proceeding)
            cancel(p);
    } else if (c->state == PHONE_CANCELLING) {
        phone__call_over(p, LEDGER_TIMED_OUT, 0);
    } else if (c->state == PHONE_RINGING) {
        phone__refuse(p, 480);
    }
}
