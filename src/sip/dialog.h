/* A dialog (RFC 3261 section 12): who talks with whom, over which route, with which numbers. Plain data; the
 * leg that owns it does the talking. */
#ifndef TANDEM_SIP_DIALOG_H
#define TANDEM_SIP_DIALOG_H

#include "sip/message.h"

#define DIALOG_ROUTES 16

struct sip_dialog {
    struct slice call_id, local_tag, remote_tag;
    struct slice local, remote; /* values of From and To of our requests, without tags */
    struct slice remote_target; /* the URI */
    struct slice routes[DIALOG_ROUTES];
    unsigned route_count;
    uint32_t local_cseq, remote_cseq; /* 0: none yet */
    char *memory;                     /* all texts, in one piece */
};

void sip_dialog_free(struct sip_dialog *d);
/* `from` may point into anything; the copy owns its texts. */
void sip_dialog_copy(struct sip_dialog *d, const struct sip_dialog *from);

/* As the one who was called: from the request, with our tag. */
int sip_dialog_from_request(struct sip_dialog *d, const struct sip_message *request, struct slice local_tag)
    __attribute__((warn_unused_result));

/* As the caller: before there is an answer. From `local` to `remote` (name-addr values without tag). */
void sip_dialog_begin(struct sip_dialog *d, struct slice call_id, struct slice local_tag, struct slice local,
    struct slice remote, struct slice target, struct slice route);
/* ... and with what a response to our INVITE says: tag, target, routes (those of a 2xx are final). */
int sip_dialog_from_response(struct sip_dialog *d, const struct sip_message *response)
    __attribute__((warn_unused_result));

/* As the caller, from the 2xx alone. */
int sip_dialog_from_answer(struct sip_dialog *d, const struct sip_message *answer)
    __attribute__((warn_unused_result));

/* A target refresh (re-INVITE, UPDATE) of the other side. */
int sip_dialog_refresh(struct sip_dialog *d, const struct sip_message *m) __attribute__((warn_unused_result));

/* Does a request of the other side belong into the dialog, in order? ERROR_MISSING (another dialog),
 * ERROR_STALE (an old CSeq: answer 500). Takes the number over. ACK and CANCEL have the number of their
 * INVITE. */
int sip_dialog_accept(struct sip_dialog *d, const struct sip_message *request)
    __attribute__((warn_unused_result));

/* Adds the head of a request inside the dialog: request line, Via with that branch, Route, From, To, Call-ID,
 * CSeq `cseq`, Max-Forwards. The caller adds Contact and ends it. */
void sip_dialog_add_request(
    struct buffer *out, const struct sip_dialog *d, enum sip_method method, uint32_t cseq, struct slice via);

#endif
