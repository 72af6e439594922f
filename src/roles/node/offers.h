/* How offers and answers travel between the two legs of a call: which leg is told what, when, and by which
 * message. */
#ifndef TANDEM_ROLES_NODE_OFFERS_H
#define TANDEM_ROLES_NODE_OFFERS_H

#include "roles/node/leg.h"

/* early.c: before the answer (RFC 3262) */
void node__early_provisional(struct leg *l, const struct sip_message *m); /* of a phone that is called */
void node__early_prack(struct leg *l, struct sip_transaction *t, const struct sip_message *m);
void node__early_again(struct leg *l);
void node__early_ring(struct call *c); /* the caller hears what is new */

/* session_timer.c: RFC 4028 */
uint32_t node__session_asked(const struct sip_message *m);               /* seconds; 0: nothing */
bool node__session_too_short(const struct sip_message *m);               /* answered with 422 */
void node__session_request(struct leg *l, const struct sip_message *m);  /* the phone's INVITE or UPDATE */
void node__session_response(struct leg *l, const struct sip_message *m); /* its 2xx to ours */
void node__session_arm(struct leg *l);                                   /* from now on */
void node__session_add(struct buffer *out, const struct leg *l, bool response);

/* media.c, update.c */
void node__media_reconcile(struct call *c);
void node__media_audit(struct leg *l); /* looks whether the phone is still there */
void node__media_answered(struct leg *l, struct slice description); /* the answer to our offer */
void node__media_heard(struct leg *l, struct slice description);    /* what the phone said, no more */
void node__media_offered(struct leg *l, struct slice description);  /* the phone's offer */
void node__media_refused(struct leg *l, uint16_t status);           /* our offer was refused */
void node__media_withdrawn(struct leg *l);   /* the phone has cancelled its change (RFC 3261 9.2) */
void node__media_other_phone(struct leg *l); /* another one answered than was heard early */
void node__media_promise(struct leg *l, uint64_t id, bool reliable); /* the caller was told that early */
void node__media_reject(
    struct leg *l, struct buffer *out); /* adds the answer that rejects all of its offer */
bool node__media_may_offer(const struct leg *l, enum sip_method *method);
void node__refuse_offer(
    struct leg *l, struct sip_transaction *t, uint16_t status); /* a 500 says when to try again */
void node__update(struct leg *l, struct sip_transaction *t, const struct sip_message *m);
void node__update_response(struct leg *l, struct sip_transaction *t, const struct sip_message *m);

#endif
