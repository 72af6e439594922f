/* Inside of the transactions: what the machines' tables and the table of objects share. */
#ifndef TANDEM_SIP_TRANSACTION_INT_H
#define TANDEM_SIP_TRANSACTION_INT_H

#include "base/fsm.h"
#include "sip/transaction.h"

enum sip_transaction_event {
    SIP_EV_RESEND,   /* the retransmission timer */
    SIP_EV_DEADLINE, /* the state's timer */
    SIP_EV_1XX,      /* a response: came (client), is to be sent (server) */
    SIP_EV_2XX,
    SIP_EV_REFUSED, /* 300 to 699 */
    SIP_EV_REQUEST, /* server: the request came again */
    SIP_EV_ACK,
    SIP_EV_COUNT
};

/* OVER + kind: of the object 0, which no transaction is. */
enum { TRANSACTION_TIMER_DEADLINE = 1, TRANSACTION_TIMER_RESEND, TRANSACTION_TIMER_OVER };

uint8_t transaction__event_of(uint16_t status); /* of a response */
/* Feeds the machine; frees the transaction when it has ended. */
void transaction__event(struct sip_transaction *t, uint8_t event, const void *input);
void transaction__send(struct sip_transaction *t);
void transaction__set_resend(struct sip_transaction *t, int64_t interval);
void transaction__set_deadline(struct sip_transaction *t, int64_t at);
void transaction__changed(struct sip_transaction *t);
/* Adds one to the tables; the key is copied. */
struct sip_transaction *transaction__add(
    struct sip_transactions *ts, uint64_t id, enum sip_transaction_kind kind, struct slice key);
void transaction__keep(struct slice *own, struct slice bytes); /* instead of what it had */
void transaction__arm(struct sip_transaction *t);              /* the timer, as deadline and resend_at say */
void transaction__forget_request(struct sip_transaction *t);
void transaction__release(struct sip_transaction *t);

/* transaction_over.c */
bool transaction__may_be_over(const struct sip_transaction *t);
void transaction__bury(
    struct sip_transaction *t); /* frees it; what may come again finds what is left of it */
/* Keeps what is needed to give that answer again; the transaction stays. */
void transaction__bury_answer(struct sip_transaction *t, const struct sip_answer *a);
const struct sip_over *transaction__over_find(const struct sip_transactions *ts, struct slice key);
/* Came again. */
void transaction__over_input(struct sip_transactions *ts, const struct sip_over *o,
    const struct sip_target *from, const struct sip_message *m);
void transaction__over_timer(struct sip_transactions *ts, uint32_t timer);
void transaction__over_close(struct sip_transactions *ts);

/* Our ACK for a final answer other than 2xx (RFC 3261 17.1.1.3), into t->message. */
void transaction__build_ack(struct sip_transaction *t, const struct sip_message *response);

#endif
