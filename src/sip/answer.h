/* Responses of server transactions; transaction.h includes it. */
#ifndef TANDEM_SIP_ANSWER_H
#define TANDEM_SIP_ANSWER_H

/* Sends a response that the caller has built; one with that status. */
void sip_respond(struct sip_transaction *t, uint16_t status, struct slice message);
/* A response to the request that is being reported, or to another one, in two steps: after the first its head
 * stands in a->message (sip_add_response_head); the caller adds the rest to it, from more headers to
 * sip_add_body. Of an answer that is sent in the same turn only the rest is kept for what comes again. False:
 * the request is not there any more, and nothing is to be done. Reason and tag live until the second step. */
struct sip_answer {
    struct buffer message;
    struct slice reason, to_tag;
    size_t head; /* its bytes */
    uint16_t status;
};
bool sip_answer_begin(struct sip_answer *a, struct sip_transaction *t, uint16_t status, struct slice reason,
    struct slice to_tag) __attribute__((warn_unused_result));
void sip_answer_send(struct sip_answer *a, struct sip_transaction *t);
/* A buffer for a message that is built, and back: most need no memory of their own. */
struct buffer sip_spare_take(struct sip_transactions *ts);
void sip_spare_give(struct sip_transactions *ts, struct buffer *b);
/* Builds and sends a response without body; `to_tag` as in sip_add_response_head. */
void sip_respond_simple(struct sip_transaction *t, uint16_t status, struct slice to_tag);
/* ... with one header more: what is allowed, what is not supported. */
void sip_respond_saying(struct sip_transaction *t, uint16_t status, struct slice to_tag,
    enum sip_header_id header, struct slice value);
/* What somebody can do (RFC 3261 11.2, 8.2.3); what is empty is not said. */
struct sip_abilities {
    struct slice allow, supported;
    struct slice accept; /* and no encodings */
};
void sip_respond_abilities(
    struct sip_transaction *t, uint16_t status, struct slice to_tag, const struct sip_abilities *abilities);
/* Sends a final response and forgets the request: a copy of it is a new one (RFC 3261 8.2.7, 26.3.2.4). For
 * answers that cost nothing to give again, so that who never comes back costs no memory. */
void sip_respond_once(struct sip_transaction *t, struct slice message);

#endif
