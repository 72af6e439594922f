/* A leg of the role node: one phone in a call, with its dialog and what it was offered. */
#ifndef TANDEM_ROLES_NODE_LEG_H
#define TANDEM_ROLES_NODE_LEG_H

#include "roles/node/call.h"
#include "sip/dialog.h"
#include "sip/transaction.h"

enum leg_state {
    LEG_ST_INVITED,  /* its phone calls; not answered yet */
    LEG_ST_ANSWERED, /* answered; its ACK has not come */
    LEG_ST_LEAVING,  /* likewise, and to be ended as soon as the ACK has come (RFC 3261 15) */
    LEG_ST_CALLING,  /* its phone is called */
    LEG_ST_RINGING,  /* ... and rings */
    LEG_ST_ESTABLISHED,
    LEG_ST_CANCELLING, /* called, but not wanted any more */
    LEG_ST_CLOSING,    /* BYE is under way */
    LEG_ST_CLOSED,
    LEG_ST_COUNT
};
enum leg_event {
    LEG_EV_PROVISIONAL, /* input: the response */
    LEG_EV_ACCEPTED,
    LEG_EV_REFUSED, /* input: the response, or NULL for none in time */
    LEG_EV_ACK,
    LEG_EV_ANSWER, /* input: struct slice, what the phone that calls shall hear; its data NULL: nothing yet */
    LEG_EV_BYE,
    LEG_EV_CANCEL,
    LEG_EV_HANG_UP, /* input: uint16_t, the status for a phone that still calls */
    LEG_EV_RESEND,
    LEG_EV_DEADLINE,
    LEG_EV_AGAIN, /* two offers met; the wait is over */
    LEG_EV_COUNT
};

enum leg_media {
    MEDIA_IDLE,
    MEDIA_ASKED,    /* the phone was called without an offer: its answer brings one */
    MEDIA_OFFERING, /* it has our offer */
    MEDIA_OFFERED,  /* we have its offer and owe the answer */
    MEDIA_STABLE,
};

/* What the phone has said that it can do. */
enum leg_ability {
    LEG_RELIABLE = 1,      /* Supported: 100rel (RFC 3262) */
    LEG_RELIABLE_ONLY = 2, /* Require: 100rel */
    LEG_UPDATES = 4,       /* Allow: UPDATE (RFC 3311) */
    LEG_ABILITIES = 8
};

/* Who shows that the session still stands (RFC 4028). */
enum leg_refresher {
    REFRESH_AUDIT, /* nothing is agreed: we ask at our own interval */
    REFRESH_OURS,
    REFRESH_PHONE,
};

/* An early dialog with a phone that is called: several may answer one INVITE. */
#define LEG_FORKS 8
struct leg_fork {
    uint64_t tag;  /* hash of its tag */
    uint32_t rseq; /* of its newest reliable provisional answer (RFC 3262) */
};

struct leg {
    bool counted; /* busy.c: its DN counts as busy */
    uint64_t id;
    struct node *node;
    struct call *call;
    uint64_t call_key; /* the call's id while records are being loaded */
    uint8_t state, media;
    bool incoming;     /* its phone called us */
    unsigned attempts; /* offers that failed in a row */
    bool cancelled;    /* our CANCEL is out */
    struct sip_dialog dialog;
    char proxy[SIP_TARGET_NAME];
    char dn[NODE_NAME];
    uint64_t invite;                /* transaction of the INVITE under way, ours or the phone's; 0: none */
    uint32_t invite_cseq, ack_cseq; /* of the phone's newest INVITE; of ours */
    uint64_t remote_sdp,
        local_sdp;        /* what the phone said last, what it was told last; agreed on in MEDIA_STABLE */
    uint64_t offered_sdp; /* what it is being told */
    uint64_t invite_sdp;  /* what our first INVITE offers, while that is open: any phone may take it */
    uint64_t update;      /* transaction of an UPDATE or PRACK with an offer, ours or the phone's; 0: none */
    int64_t deadline, resend_at, interval, again_at;
    struct buffer answer, ack;
    struct world_timer deadline_timer, resend_timer, again_timer;

    unsigned abilities; /* leg_ability */
    uint8_t refresher;
    uint32_t expires;       /* seconds: of the session */
    uint32_t least_expires; /* the shortest that the phone takes, as far as it has said so; 0: it has not */

    /* The phone calls: provisional answers to it. */
    uint16_t told;             /* the newest; 0: none above 100 */
    uint32_t rseq;             /* of the newest reliable one; 0: none yet */
    struct buffer provisional; /* it, sent again until its PRACK */

    /* The phone is called. */
    struct leg_fork forks[LEG_FORKS];
    unsigned fork_count;
    uint32_t owed_rseq; /* of a reliable provisional answer with an offer, whose PRACK waits for the answer */
    uint32_t accepted_cseq; /* of our INVITE whose 2xx was taken */
};

/* leg.c, leg_fsm.c, leg_send.c */
struct leg *node__leg_new(struct node *n, struct call *c, bool incoming);
void node__leg_free(struct leg *l);
struct leg *node__leg_by_tag(struct node *n, struct slice tag);
void node__leg_tag(struct leg *l, char tag[NODE_NAME]);
void node__leg_event(struct leg *l, uint8_t event, const void *input);
void node__leg_changed(struct leg *l);
void node__leg_set_deadline(struct leg *l, int64_t at);
void node__leg_set_resend(struct leg *l, int64_t interval);
void node__leg_hang_up(struct leg *l, uint16_t status);

void node__leg_set_again(struct leg *l, int64_t wait);

/* leg_send.c: requests. leg_answer.c: answers to the phone's INVITE and UPDATE */
void node__leg_invite(struct leg *l, struct slice offer); /* a new INVITE or a re-INVITE */
void node__leg_update(struct leg *l, struct slice offer); /* empty: asks whether the phone is there */
void node__leg_prack(
    struct leg *l, const struct sip_dialog *d, uint32_t rseq, uint32_t cseq, struct slice answer);
void node__leg_bye(struct leg *l);
void node__leg_ack(struct leg *l, struct slice answer); /* of the 2xx to our INVITE */
void node__leg_ack_again(struct leg *l);
/* A second phone answered: ACK, with an answer to its offer, and BYE. */
void node__leg_drop_fork(struct leg *l, struct sip_transaction *invite, const struct sip_message *answer);
/* A 2xx to an INVITE whose leg is gone: ACK and BYE as well. */
void node__leg_drop_stranger(
    struct node *n, struct sip_transaction *invite, const struct sip_message *answer);
struct slice node__leg_via(struct node *n, char room[160], struct slice *branch);
struct sip_transaction *node__leg_send(
    struct leg *l, enum sip_method method, struct slice branch, struct buffer *out); /* frees `out` */
void node__leg_add_contact(struct buffer *out, const struct leg *l);
void node__leg_ring(struct leg *l, uint16_t status, struct slice early, bool reliable); /* provisional */
void node__leg_accept(struct leg *l, struct slice description);        /* the 2xx to the phone's INVITE */
void node__leg_refuse(struct leg *l, uint16_t status);                 /* to the phone's INVITE */
void node__leg_answer_update(struct leg *l, struct slice description); /* the 2xx to its UPDATE or PRACK */
void node__leg_refuse_update(struct leg *l, uint16_t status);          /* nothing, where none is open */

#endif
