/* A phone that is called: rings, answers, refuses, is told that nobody waits any more. */
#include <stdio.h>

#include "base/hash.h"
#include "sim/carrier.h"
#include "sim/phone_int.h"

#define T1 500000 /* µs */
#define T2 4000000
#define TIMEOUT 32000000
#define REFUSES 50U /* per thousand */
#define NEVER_ANSWERS 60U
#define AT_ONCE 50U
#define RING_LEAST 10000
#define RING_MOST 200000
#define ANSWER_LEAST 300000
#define ANSWER_MOST 9000000
#define RINGS_OUT 120000000
#define TOGETHER_EACH 3U
#define TOGETHER_AT 2000000 /* µs after they were called */
#define TOGETHER_STEP 100000
#define TOGETHER 500000 /* µs: where nothing stands still, the other flow is not tried so soon */

void phone__routes(struct phone *p, const struct slice *routes, size_t count, bool reversed)
{
    struct phone_call_state *c = &p->call;
    c->route_length = 0;
    c->first_route = (struct address){0};
    for (size_t i = 0; i < count; i++) {
        struct slice route = routes[reversed ? count - 1 - i : i];
        if (c->route_length + route.length + 9 > sizeof c->routes)
            return;
        c->route_length += (size_t)snprintf(c->routes + c->route_length, sizeof c->routes - c->route_length,
            "Route: %.*s\r\n", SLICE_ARG(route));
        if (i != 0)
            continue;
        ptrdiff_t at = slice_find(route, ':');
        struct slice host = slice_from(route, (size_t)(at < 0 ? 0 : at + 1));
        if (slice_find(host, '@') >= 0)
            host = slice_from(host, (size_t)slice_find(host, '@') + 1);
        size_t length = 0;
        while (length < host.length && host.data[length] != ';' && host.data[length] != '>')
            length++;
        if (address_parse(&c->first_route, slice_first(host, length)) != 0)
            c->first_route = (struct address){0};
    }
}

/* The number of the call in the ledger: from the session description, which nodes pass on, or from who calls.
 */
static uint64_t number_of(struct phone *p, const struct sip_message *m)
{
    ptrdiff_t at = slice_find_slice(m->body, SLICE("o="));
    uint64_t number = 0;
    if (at >= 0) {
        struct slice rest = slice_from(m->body, (size_t)at), part;
        slice_cut(&rest, ' ', &part);
        slice_cut(&rest, ' ', &part);
        if (slice_to_u64(&number, part, UINT32_MAX) != 0)
            number = 0;
    }
    if (at < 0 && (at = slice_find(m->from, '"')) >= 0) {
        struct slice rest = slice_from(m->from, (size_t)at + 1), part;
        slice_cut(&rest, '"', &part);
        if (slice_to_u64(&number, part, UINT32_MAX) != 0)
            number = 0;
    }
    return ledger_at(&p->town->ledger, number) != NULL ? number : 0;
}

static struct slice uri_of(struct slice value)
{
    ptrdiff_t open = slice_find(value, '<'), close = slice_find(value, '>');
    return open >= 0 && close > open ? slice_of(value.data + open + 1, (size_t)(close - open - 1)) : value;
}

static struct slice user_of(struct slice value)
{
    struct slice uri = uri_of(value), user = slice_from(uri, (size_t)(slice_find(uri, ':') + 1));
    ptrdiff_t at = slice_find(user, '@');
    return at >= 0 ? slice_first(user, (size_t)at) : user;
}

/* Takes a call on: the dialog as the one who was called (RFC 3261 12.1.1). */
static void begin(struct phone *p, const struct sip_message *m, const struct address *peer)
{
    struct phone_call_state *c = &p->call;
    struct sip_cursor at = {0};
    struct slice value, routes[8];
    size_t count = 0;
    char tag[20];
    c->state = PHONE_RINGING;
    c->caller = false;
    c->number = number_of(p, m);
    c->late = m->body.length == 0;
    phone__text(&c->call_id, m->call_id);
    int length = snprintf(tag, sizeof tag, "%08x", phone__below(p, UINT32_MAX));
    phone__text(&c->local_tag, slice_of(tag, (size_t)length));
    phone__text(&c->remote_tag, m->from_tag);
    phone__text(&c->remote, user_of(m->from));
    if (sip_next_value(m, SIP_HEADER_CONTACT, &at, &value))
        phone__text(&c->target, uri_of(value));
    else
        phone__complain(p, "an INVITE without Contact came");
    at = (struct sip_cursor){0};
    while (count < 8 && sip_next_value(m, SIP_HEADER_RECORD_ROUTE, &at, &value))
        routes[count++] = value;
    phone__routes(p, routes, count, false);
    c->remote_cseq = m->cseq;
    c->local_cseq = phone__below(p, 10000);
    c->invite_from = *peer;
    c->invite_line = p->line;
    for (unsigned k = 0; k < p->town->carriers; k++)
        if (address_equal(peer, &p->town->carrier_setups[k].own))
            c->carrier = k;
    if (p->setup->outside)
        phone__channel(p, true);
    c->invited_at = world_now(p->world);
    c->invite_transaction = hash_stable(m->via.branch);
    buffer_add(&c->invite, m->text);
    phone__seen(p, m);
    struct ledger_call *call = ledger_at(&p->town->ledger, c->number);
    if (call == NULL)
        return;
    struct ledger_side *side = ledger_take(call, p->setup->index, p->setup->twin);
    call->callee_legs++;
    if (side == NULL || (side->phone != UINT32_MAX && side->state != LEDGER_ENDED)) {
        phone__complain(p, "a call rings at a second phone while the first is in it");
        return;
    }
    *side = (struct ledger_side){
        .phone = p->setup->index, .state = LEDGER_TRYING, .since = world_now(p->world), .heard = true};
}

void phone__called(struct phone *p, const struct sip_message *m, const struct address *peer)
{
    struct phone_call_state *c = &p->call;
    if (c->state != PHONE_IDLE) {
        bool same = slice_equal(m->call_id, phone__slice(&c->call_id)) &&
                    slice_equal(m->from_tag, phone__slice(&c->remote_tag));
        if (same && p->town->sure && !c->caller && p->line != c->invite_line &&
            p->lines[c->invite_line].connected && world_now(p->world) - c->invited_at < TOGETHER)
            phone__complain(p, "a call rings by both flows of a phone");
        phone__reply(p, m, peer, same ? 482 : 486, SLICE("busy"), SLICE("")); /* RFC 3261 8.2.2.2 */
        return;
    }
    begin(p, m, peer);
    if (phone__chance(p, REFUSES)) {
        static const unsigned status[] = {480, 486, 603};
        phone__refuse(p, status[phone__below(p, 3)]);
        return;
    }
    c->rung = phone__chance(p, AT_ONCE);
    phone__set(p, PHONE_TIMER_PATIENCE, RINGS_OUT);
    phone__set(p, PHONE_TIMER_LIFE, phone__between(p, RING_LEAST, RING_MOST));
}

/* Answers the INVITE of this call, now or again. */
void phone__reply_invite(struct phone *p, unsigned status, struct slice body)
{
    struct phone_call_state *c = &p->call;
    struct sip_message m;
    phone__use(p, c->invite_line);
    if (sip_parse(&m, buffer_slice(&c->invite), &p->arena, NULL) == 0)
        phone__reply(p, &m, &c->invite_from, status, phone__slice(&c->local_tag), body);
}

static void until_acknowledged(struct phone *p)
{
    p->call.answer_interval = T1;
    p->call.answer_until = world_now(p->world) + TIMEOUT;
    phone__set(p, PHONE_TIMER_ANSWER, T1);
}

void phone__refuse(struct phone *p, unsigned status)
{
    struct phone_call_state *c = &p->call;
    struct ledger_call *call;
    struct ledger_side *side = phone__side(p, &call);
    c->state = PHONE_REFUSING;
    phone__clear(p, PHONE_TIMER_PATIENCE);
    phone__clear(p, PHONE_TIMER_LIFE);
    if (side != NULL)
        ledger_end(&p->town->ledger, call, side, status == 487 ? LEDGER_CANCELLED : LEDGER_REFUSED, status,
            world_now(p->world));
    phone__reply_invite(p, status, SLICE(""));
    until_acknowledged(p);
}

/* Some calls are answered by both phones of a DN at the same moment. */
static int64_t answers_after(struct phone *p)
{
    int64_t at = p->call.invited_at - p->call.invited_at % TOGETHER_STEP + TOGETHER_AT;
    int64_t together = at - world_now(p->world);
    return p->setup->twin && p->call.number % TOGETHER_EACH == 0 && together > 0
               ? together
               : phone__between(p, ANSWER_LEAST, ANSWER_MOST);
}

void phone__callee_acts(struct phone *p)
{
    struct phone_call_state *c = &p->call;
    struct buffer body = {.data = NULL};
    if (!c->rung) {
        c->rung = true;
        if (!phone__early_answer(p))
            phone__reply_invite(p, 180, SLICE(""));
        phone__move(p, LEDGER_RINGING);
        if (!phone__chance(p, NEVER_ANSWERS))
            phone__set(p, PHONE_TIMER_LIFE, answers_after(p));
        return;
    }
    if (c->unacknowledged || p->requests[SLOT_UPDATE].active) { /* RFC 3262 3 */
        phone__set(p, PHONE_TIMER_LIFE, RING_MOST);
        return;
    }
    c->state = PHONE_ANSWERING;
    c->answer_cseq = c->remote_cseq;
    phone__clear(p, PHONE_TIMER_PATIENCE);
    if (!c->settled)
        phone__add_description(p, &body, "sendrecv");
    phone__reply_invite(p, 200, buffer_slice(&body));
    buffer_free(&body);
    until_acknowledged(p);
}

void phone__cancelled(struct phone *p, const struct sip_message *m, const struct address *peer)
{
    struct phone_call_state *c = &p->call;
    bool ours = c->state != PHONE_IDLE && !c->caller && slice_equal(m->call_id, phone__slice(&c->call_id)) &&
                m->cseq == c->remote_cseq && hash_stable(m->via.branch) == c->invite_transaction;
    phone__reply(p, m, peer, ours ? 200 : 481, phone__slice(&c->local_tag), SLICE(""));
    if (ours && c->state == PHONE_RINGING)
        phone__refuse(p, 487);
}

void phone__acknowledged(struct phone *p, const struct sip_message *m)
{
    struct phone_call_state *c = &p->call;
    if (c->state == PHONE_IDLE || !slice_equal(m->call_id, phone__slice(&c->call_id)))
        return;
    if (c->state == PHONE_REFUSING && m->cseq == c->remote_cseq) {
        phone__call_over(p, LEDGER_REFUSED, 0);
    } else if (c->state == PHONE_ANSWERING && m->cseq == c->answer_cseq) {
        if (c->late && !c->settled && m->body.length == 0 && p->town->strict) /* else a BYE may follow it */
            phone__complain(p, "an offer in a 2xx was not answered");
        c->settled = true;
        phone__clear(p, PHONE_TIMER_ANSWER);
        phone__established(p);
    } else if (c->state == PHONE_ESTABLISHED && m->cseq == c->answer_cseq) {
        phone__clear(p, PHONE_TIMER_ANSWER);
        c->answer_cseq = 0;
    }
}

void phone__answer_again(struct phone *p)
{
    struct phone_call_state *c = &p->call;
    struct sip_message m;
    if (world_now(p->world) >= c->answer_until) {
        if (c->state == PHONE_REFUSING)
            phone__call_over(p, LEDGER_REFUSED, 0);
        else if (c->state == PHONE_RINGING)
            phone__refuse(p, 504); /* no PRACK came */
        else
            phone__hang_up(p); /* RFC 3261 13.3.1.4 */
        return;
    }
    phone__use(p, c->invite_line);
    if (sip_parse(&m, buffer_slice(&c->invite), &p->arena, NULL) == 0)
        phone__reply_again(p, &m, &c->invite_from);
    c->answer_interval = c->answer_interval * 2 < T2 ? c->answer_interval * 2 : T2;
    phone__set(p, PHONE_TIMER_ANSWER, c->answer_interval);
}
