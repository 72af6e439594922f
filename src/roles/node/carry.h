/* What goes with a call besides the session: bodies of several parts, headers, attributes, and what one phone
 * says to the other within the call. */
#ifndef TANDEM_ROLES_NODE_CARRY_H
#define TANDEM_ROLES_NODE_CARRY_H

#include "roles/node/leg.h"

struct sip_media_type;

/* What belongs to one dialog or one hop, and is written anew. */
#define NODE_OWN_HEADERS                                                                                     \
    (SIP_HEADER_BIT(SIP_HEADER_VIA) | SIP_HEADER_BIT(SIP_HEADER_FROM) | SIP_HEADER_BIT(SIP_HEADER_TO) |      \
        SIP_HEADER_BIT(SIP_HEADER_CALL_ID) | SIP_HEADER_BIT(SIP_HEADER_CSEQ) |                               \
        SIP_HEADER_BIT(SIP_HEADER_MAX_FORWARDS) | SIP_HEADER_BIT(SIP_HEADER_CONTACT) |                       \
        SIP_HEADER_BIT(SIP_HEADER_ROUTE) | SIP_HEADER_BIT(SIP_HEADER_RECORD_ROUTE) |                         \
        SIP_HEADER_BIT(SIP_HEADER_PATH) | SIP_HEADER_BIT(SIP_HEADER_AUTHORIZATION) |                         \
        SIP_HEADER_BIT(SIP_HEADER_PROXY_AUTHORIZATION) | SIP_HEADER_BIT(SIP_HEADER_WWW_AUTHENTICATE) |       \
        SIP_HEADER_BIT(SIP_HEADER_PROXY_AUTHENTICATE) | SIP_HEADER_BIT(SIP_HEADER_P_ASSERTED_IDENTITY) |     \
        SIP_HEADER_BIT(SIP_HEADER_CONTENT_TYPE) | SIP_HEADER_BIT(SIP_HEADER_SUPPORTED) |                     \
        SIP_HEADER_BIT(SIP_HEADER_REQUIRE) | SIP_HEADER_BIT(SIP_HEADER_PROXY_REQUIRE) |                      \
        SIP_HEADER_BIT(SIP_HEADER_ALLOW))

/* body.c: the message with its session description, or nothing, as the body; 0, or the status that refuses it
 */
uint16_t node__unpack(struct sip_message *plain, struct node *n, const struct sip_message *m);

/* carry.c: what goes on with a call, and its attributes (CM-41) */
bool node__carries_body(const struct node *n, const struct sip_media_type *type);
void node__carry(struct call *c, const struct sip_message *m);     /* of the INVITE as it came */
void node__carry_back(struct leg *l, const struct sip_message *m); /* of an answer to ours */
void node__carry_body(struct buffer *out, const struct call *c, struct slice description);
Tandem__CallAttribute **node__call_attributes(const struct call *c, size_t *count); /* of this turn */

/* pass.c: what one phone says to the other within the call, unchanged */
void node__pass(struct leg *l, struct sip_transaction *t, const struct sip_message *m);
void node__passed(struct node *n, uint64_t waiting, const struct sip_message *m); /* NULL: no answer */

#endif
