/* A phone before the answer: reliable provisional answers (RFC 3262), media in them, changed offers (RFC
 * 3311); and keys pressed (RFC 6086). */
#include <stdio.h>

#include "base/hash.h"
#include "sim/phone_int.h"

#define T1 500000 /* µs */
#define TIMEOUT 32000000
#define EARLY_MEDIA 400U /* per thousand, of provisional answers */
#define CHANGES 150U     /* of phones with UPDATE: a new offer before the answer */
#define AGAIN_LEAST 100000
#define AGAIN_MOST 2000000
#define AGAIN_OWNER 2100000

static uint32_t number_in(struct slice text)
{
    uint64_t number = 0;
    return slice_to_u64(&number, slice_trim(text), UINT32_MAX) == 0 ? (uint32_t)number : 0;
}

static bool supports(const struct sip_message *m, enum sip_header_id id)
{
    return sip_has_option(m, id, SLICE("100rel"));
}

/* ---- the one that calls ---- */

/* What it heard without PRACK is promised: the 2xx says the same. */
static void hear_promise(struct phone *p, const struct sip_message *m)
{
    struct phone_call_state *c = &p->call;
    uint64_t hash = m->body.length != 0 && !c->settled ? hash_stable(m->body) : 0;
    if (hash != 0 && c->promised != 0 && c->promised != hash)
        phone__complain(p, "two provisional answers bring different descriptions");
    if (hash != 0)
        c->promised = hash;
}

void phone__early(struct phone *p, const struct sip_message *m)
{
    struct phone_call_state *c = &p->call;
    uint32_t rseq = number_in(sip_header_value(m, SIP_HEADER_RSEQ));
    if (!supports(m, SIP_HEADER_REQUIRE)) {
        hear_promise(p, m);
        return;
    }
    if (!p->reliable)
        phone__complain(p, "a reliable answer came that was not asked for");
    if (rseq == 0 || (c->rseq != 0 && rseq > c->rseq + 1))
        phone__complain(p, "a reliable answer came out of order");
    if (rseq <= c->rseq)
        return; /* again */
    c->rseq = rseq;
    phone__learn(p, m);
    bool offer = c->late && !c->settled && m->body.length != 0;
    if (!c->late && !c->settled && m->body.length != 0)
        phone__check_answer(p, m);
    phone__text(&p->more, offer ? slice_text(phone__mirror(m)) : SLICE(""));
    c->settled |= m->body.length != 0;
    phone__request(p, SLOT_PRACK, SIP_PRACK, ++c->local_cseq);
    p->more.length = 0;
}

/* Built once and sent again as it is: of a PRACK the answer to a late offer, of an UPDATE the offer. */
void phone__early_body(struct phone *p, struct buffer *out)
{
    char direction[12] = "";
    bool update = p->requests[SLOT_UPDATE].active && p->more.length == 0;
    if (update)
        snprintf(direction, sizeof direction, "%s", p->call.held ? "sendonly" : "sendrecv");
    else
        snprintf(direction, sizeof direction, "%.*s", SLICE_ARG(phone__slice(&p->more)));
    if (direction[0] != '\0')
        phone__add_description(p, out, direction);
}

/* The exchange is through: either side may change its mind. */
static void change(struct phone *p)
{
    struct phone_call_state *c = &p->call;
    if (p->updates && c->settled && !p->requests[SLOT_UPDATE].active && phone__chance(p, CHANGES)) {
        c->changing = true;
        phone__request(p, SLOT_UPDATE, SIP_UPDATE, ++c->local_cseq);
    }
}

void phone__prack_answered(struct phone *p, const struct sip_message *m)
{
    if (m->status >= 300 && p->town->strict)
        phone__complain(p, "a PRACK was refused");
    else if (m->status >= 200 && p->call.state == PHONE_CALLING)
        change(p);
}

/* ---- the one that is called ---- */

bool phone__early_answer(struct phone *p)
{
    struct phone_call_state *c = &p->call;
    struct sip_message m;
    struct buffer body = {.data = NULL};
    char text[64];
    bool media = phone__chance(p, EARLY_MEDIA);
    if (sip_parse(&m, buffer_slice(&c->invite), &p->arena, NULL) != 0)
        return false;
    bool reliable = p->reliable && supports(&m, SIP_HEADER_SUPPORTED);
    if (!reliable && (!media || c->late))
        return false; /* an offer must be reliable */
    if (c->late && p->setup->twin)
        return false; /* two phones that each make an offer: see ARCHITECTURE.md, what is not there yet */
    if (media)
        phone__add_description(p, &body, "sendrecv");
    if (reliable) {
        c->rseq = 1 + phone__below(p, 100000);
        c->unacknowledged = true;
        c->settled = media;
        c->answer_interval = T1;
        c->answer_until = world_now(p->world) + TIMEOUT;
        phone__set(p, PHONE_TIMER_ANSWER, T1);
        int length = snprintf(text, sizeof text, "Require: 100rel\r\nRSeq: %u\r\n", c->rseq);
        phone__text(&p->more, slice_of(text, (size_t)length));
    } else
        c->version--; /* the 2xx says the same once more (RFC 3261 13.2.1) */
    phone__reply_invite(p, media ? 183 : 180, buffer_slice(&body));
    buffer_free(&body);
    return true;
}

static bool in_call(const struct phone *p, const struct sip_message *m)
{
    const struct phone_call_state *c = &p->call;
    return c->state != PHONE_IDLE && slice_equal(m->call_id, phone__slice(&c->call_id)) &&
           slice_equal(m->to_tag, phone__slice(&c->local_tag)) &&
           slice_equal(m->from_tag, phone__slice(&c->remote_tag));
}

void phone__pracked(struct phone *p, const struct sip_message *m, const struct address *peer)
{
    struct phone_call_state *c = &p->call;
    struct slice rest = sip_header_value(m, SIP_HEADER_RACK), part;
    bool good = in_call(p, m) && c->state == PHONE_RINGING && slice_cut(&rest, ' ', &part) &&
                number_in(part) == c->rseq && c->unacknowledged;
    if (!good && in_call(p, m) &&
        c->pracked == m->cseq) { /* again, by another proxy than the one that died */
        phone__reply(p, m, peer, 200, phone__slice(&c->local_tag), SLICE(""));
        return;
    }
    phone__reply(p, m, peer, good ? 200 : 481, phone__slice(&c->local_tag), SLICE(""));
    if (!good) {
        if (p->town->strict && in_call(p, m) && c->state == PHONE_RINGING)
            phone__complain(p, "a PRACK came that acknowledges nothing");
        return;
    }
    if (c->late && c->settled && m->body.length == 0)
        phone__complain(p, "an offer in a provisional answer was not answered");
    c->unacknowledged = false;
    c->pracked = m->cseq;
    phone__clear(p, PHONE_TIMER_ANSWER);
    change(p);
}

/* ---- either ---- */

void phone__updated(struct phone *p, const struct sip_message *m, const struct address *peer)
{
    struct phone_call_state *c = &p->call;
    struct buffer body = {.data = NULL};
    unsigned status = 200;
    if (!in_call(p, m) || c->state == PHONE_ENDING || c->state == PHONE_REFUSING)
        status = 481;
    else if (m->body.length != 0 && (p->requests[SLOT_UPDATE].active ||
                                        (c->state == PHONE_ESTABLISHED && p->requests[SLOT_INVITE].active)))
        status = 491;
    else if (m->body.length != 0 && !c->settled && c->state == PHONE_RINGING)
        phone__complain(p, "an UPDATE came before the first exchange was through");
    else if (m->body.length != 0 && !c->settled && c->late) /* it has overtaken the ACK */
        status = 491;
    if (status == 200 && m->body.length != 0)
        phone__add_description(p, &body, phone__mirror(m));
    phone__reply(p, m, peer, status, phone__slice(&c->local_tag), buffer_slice(&body));
    buffer_free(&body);
}

void phone__update_answered(struct phone *p, const struct sip_message *m)
{
    struct phone_call_state *c = &p->call;
    bool hold = !c->changing;
    if (m->status < 200)
        return;
    c->changing = false;
    if (m->status < 300) {
        phone__check_answer(p, m);
        if (c->state == PHONE_ESTABLISHED && c->held)
            phone__set(p, PHONE_TIMER_HOLD, phone__between(p, AGAIN_LEAST, AGAIN_MOST));
        return;
    }
    if (c->state != PHONE_ESTABLISHED || !hold)
        return;
    c->held = !c->held; /* as it was */
    if (m->status == 481 || m->status == 408)
        phone__hang_up(p);
    else if (m->status == 491 || m->status == 500 || c->held)
        phone__set(
            p, PHONE_TIMER_HOLD, phone__between(p, AGAIN_LEAST, AGAIN_MOST) + (c->caller ? AGAIN_OWNER : 0));
}

void phone__press(struct phone *p)
{
    if (p->call.state == PHONE_ESTABLISHED && !p->requests[SLOT_INFO].active)
        phone__request(p, SLOT_INFO, SIP_INFO, ++p->call.local_cseq);
}
