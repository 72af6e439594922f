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

enum { TRANSACTION_TIMER_DEADLINE = 1, TRANSACTION_TIMER_RESEND };

/* Feeds the machine; frees the transaction when it has ended. */
void transaction__event(struct sip_transaction *t, uint8_t event, const void *input);
void transaction__send(struct sip_transaction *t);
void transaction__set_resend(struct sip_transaction *t, int64_t interval);
void transaction__set_deadline(struct sip_transaction *t, int64_t at);
void transaction__changed(struct sip_transaction *t);
/* Adds one to the tables; the key is copied. */
struct sip_transaction *transaction__add(
    struct sip_transactions *ts, uint64_t id, enum sip_transaction_kind kind, struct slice key);
/* Our ACK for a final answer other than 2xx (RFC 3261 17.1.1.3), into t->message. */
void transaction__build_ack(struct sip_transaction *t, const struct sip_message *response);

#endif
