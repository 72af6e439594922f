/* Inside a simulated phone.
 *
 *     phone.c role                    phone_wire.c what is heard, answers sent  phone_request.c requests sent
 *     phone_line.c streams and registrations
 *     phone_caller.c, phone_callee.c  the two ends of a call                    phone_talk.c once it stands
 *     phone_early.c provisional answers, PRACK, UPDATE, INFO
 */
#ifndef TANDEM_SIM_PHONE_INT_H
#define TANDEM_SIM_PHONE_INT_H

#include "sim/phone_state.h"

/* ---- phone.c ---- */
void phone__set(struct phone *p, enum phone_timer timer, int64_t after); /* µs from now */
void phone__clear(struct phone *p, enum phone_timer timer);
uint32_t phone__below(struct phone *p, uint32_t limit);
bool phone__chance(struct phone *p, unsigned per_thousand);
int64_t phone__between(struct phone *p, int64_t least, int64_t most);
void phone__text(struct phone_text *t, struct slice s);
struct slice phone__slice(const struct phone_text *t);
void phone__complain(struct phone *p, const char *text);
void phone__rest(struct phone *p); /* idle: what comes next */

/* ---- phone_line.c ---- */
void phone__lines_open(struct phone *p);
void phone__lines_close(struct phone *p);
void phone__line_timer(struct phone *p, uint32_t timer);
void phone__opened(struct phone *p, uint64_t flow);
void phone__disconnected(struct phone *p, uint64_t flow);
void phone__data(struct phone *p, const struct input *input); /* bytes of a stream */
void phone__use(struct phone *p, unsigned line);              /* what leaves goes by it, while it is there */
void phone__other_proxy(struct phone *p);
void phone__transmit(struct phone *p, const struct address *to, struct slice bytes);
void phone__register(struct phone *p, unsigned line);
/* The answer to REGISTER; NULL: there was none. */
void phone__registered(struct phone *p, unsigned line, const struct sip_message *m);
bool phone__is_registered(const struct phone *p);
const struct address *phone__proxy(const struct phone *p); /* where the line in use leads */

/* ---- phone_wire.c ---- */
struct slice phone__allow(const struct phone *p);
bool phone__frames(const struct phone *p);                            /* it speaks WebSocket */
const char *phone__transport(const struct phone *p);                  /* as Via names it */
void phone__add_transport(const struct phone *p, struct buffer *out); /* behind a contact's address */
void phone__message(struct phone *p, struct slice text, const struct address *peer);
void phone__reply(struct phone *p, const struct sip_message *request, const struct address *peer,
    unsigned status, struct slice tag, struct slice more);
bool phone__reply_again(struct phone *p, const struct sip_message *m, const struct address *peer);
uint64_t phone__transaction(const struct sip_message *m);
/* The same message must have the same content when it comes again. */
void phone__seen(struct phone *p, const struct sip_message *m);
const struct address *phone__way(const struct phone *p, bool in_dialog);

/* ---- phone_request.c ---- */
void phone__request(struct phone *p, enum phone_slot slot, enum sip_method method, uint32_t cseq);
void phone__request_timer(struct phone *p, enum phone_slot slot);
/* The request that a response belongs to; SLOTS when to none. Stops its timers on a final answer; answers
 * challenges by itself (then SLOTS as well). */
enum phone_slot phone__response(struct phone *p, const struct sip_message *m);
void phone__request_done(struct phone *p, enum phone_slot slot);
void phone__add_description(struct phone *p, struct buffer *out, const char *direction);
void phone__ack(
    struct phone *p, const struct sip_message *response, const char *direction); /* NULL: no answer in it */

/* ---- phone_early.c ---- */
void phone__early(struct phone *p, const struct sip_message *m); /* a provisional answer came */
bool phone__early_answer(struct phone *p);                       /* gives one; false: a plain one is due */
void phone__early_body(struct phone *p, struct buffer *out);     /* of a PRACK or UPDATE */
void phone__pracked(struct phone *p, const struct sip_message *m, const struct address *peer);
void phone__updated(struct phone *p, const struct sip_message *m, const struct address *peer);
void phone__update_answered(struct phone *p, const struct sip_message *m);
void phone__prack_answered(struct phone *p, const struct sip_message *m);
void phone__press(struct phone *p);

/* ---- phone_caller.c, phone_callee.c, phone_talk.c ---- */
void phone__learn(struct phone *p, const struct sip_message *m);
void phone__reply_invite(struct phone *p, unsigned status, struct slice body);
const char *phone__mirror(const struct sip_message *m); /* the direction that answers an offer */
void phone__dial(struct phone *p);
void phone__channel(struct phone *p, bool takes);
void phone__invite_answered(struct phone *p, const struct sip_message *m);
void phone__invite_failed(struct phone *p); /* no answer in time */
void phone__give_up(struct phone *p);       /* patience is over */
void phone__refuse(struct phone *p, unsigned status);
void phone__check_answer(struct phone *p, const struct sip_message *m);
/* Route headers of requests in the dialog, from Record-Route values. */
void phone__routes(struct phone *p, const struct slice *routes, size_t count, bool reversed);
void phone__called(struct phone *p, const struct sip_message *m, const struct address *peer);
void phone__callee_acts(struct phone *p);
void phone__cancelled(struct phone *p, const struct sip_message *m, const struct address *peer);
void phone__acknowledged(struct phone *p, const struct sip_message *m);
void phone__answer_again(struct phone *p);
void phone__established(struct phone *p);
void phone__hang_up(struct phone *p);
void phone__hold(struct phone *p);
void phone__reinvited(struct phone *p, const struct sip_message *m, const struct address *peer);
void phone__reinvite_answered(struct phone *p, const struct sip_message *m);
void phone__bye(struct phone *p, const struct sip_message *m, const struct address *peer);
void phone__bye_answered(struct phone *p, bool answered);
void phone__call_over(struct phone *p, enum ledger_end how, unsigned status);
struct ledger_side *phone__side(struct phone *p, struct ledger_call **call);
void phone__move(struct phone *p, enum ledger_state state);

#endif
