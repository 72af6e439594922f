/* Inside of the role node.
 *
 *     caller's phone ── proxy ── leg ── call ── leg ── proxy ── callee's phone
 *                                 │             │
 *                              dialog        dialog          each leg: a dialog, at most one INVITE under way
 */
#ifndef TANDEM_ROLES_NODE_NODE_INT_H
#define TANDEM_ROLES_NODE_NODE_INT_H

#include "base/list.h"
#include "base/map.h"
#include "base/pool.h"
#include "config/config.h"
#include "roles/node/node.h"
#include "sip/dialog.h"
#include "sip/transaction.h"
#include "wire/event.pb-c.h"
#include "wire/frame.h"
#include "world/world.h"

enum {
    NODE_KIND_CORE = 1,
    NODE_KIND_CALL,
    NODE_KIND_LEG,
    NODE_KIND_TRANSACTION,
    NODE_KIND_SDP,
    NODE_KIND_OUTBOX
};
/* Frames between nodes and proxies are in sip/peer.h. */

#define NODE_NAME 64
#define NODE_OUTBOX 65536U   /* events kept in memory until they are stored; the spool has them all */
#define NODE_PUBLISH 262144U /* bytes of events published again at a time */

enum call_state {
    CALL_ST_DIALLING,
    CALL_ST_RINGING,
    CALL_ST_ESTABLISHED,
    CALL_ST_ENDING,
    CALL_ST_ENDED,
    CALL_ST_COUNT
};
enum call_event {
    CALL_EV_RINGING,  /* the callee's phone rings */
    CALL_EV_ANSWERED, /* the callee answered */
    CALL_EV_REFUSED,  /* the callee's leg ended without an answer */
    CALL_EV_HUNG_UP,  /* a leg ended */
    CALL_EV_GIVEN_UP, /* the caller's leg ended before an answer */
    CALL_EV_DEADLINE,
    CALL_EV_GONE, /* no leg is left */
    CALL_EV_COUNT
};

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
    LEG_EV_COUNT
};

enum leg_media {
    MEDIA_IDLE,
    MEDIA_ASKED,    /* the phone was called without an offer: its answer brings one */
    MEDIA_OFFERING, /* it has our offer */
    MEDIA_OFFERED,  /* we have its offer and owe the answer */
    MEDIA_STABLE,
};

struct leg {
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
    int64_t deadline, resend_at, interval;
    struct buffer answer, ack;
    struct world_timer deadline_timer, resend_timer;
};

struct call {
    uint64_t id, call_id;
    struct node *node;
    uint8_t state;
    bool held;
    struct leg *caller, *callee;
    uint64_t caller_key, callee_key; /* while records are being loaded */
    char from[NODE_NAME], to[NODE_NAME], cause[NODE_NAME];
    struct buffer sip_call_id;
    int64_t started_at, answered_at, deadline;
    Tandem__CallResult result;
    uint32_t sequence;
    uint16_t status; /* what a caller hears whose call was not answered */
    struct world_timer deadline_timer;
};

struct description {
    uint64_t id;
    unsigned references;
    struct buffer text;
};

struct outbox_event {
    struct list link;
    uint64_t number;
    struct buffer bytes;
};

struct node {
    struct world *world;
    char name[NODE_NAME], pair[NODE_NAME], location[NODE_NAME], realm[NODE_NAME];
    uint64_t view, life, next_object;
    bool ready;

    struct peers *peers; /* of this process */
    struct sip_transactions transactions;
    struct pool calls_pool, legs_pool;
    struct map calls, legs, sdps; /* by id */
    struct arena arena;           /* of one turn */

    /* stream.c */
    struct list outbox;
    struct map outbox_index;
    uint64_t stream_number, stored_number, live_number;
    struct world_timer resend_timer;
};

/* node.c */
uint64_t node__object(struct node *n);
void node__core_changed(struct node *n);

/* peers.c: which proxies are connected, frames from and to them */
struct peers;
void node__peers_open(struct node *n);
void node__peers_listen(struct node *n);
void node__peers_close(struct node *n);
bool node__peers_input(struct node *n, const struct input *in); /* false: not about a peer */
bool node__peers_pick(
    struct node *n, const char *preferred, char name[SIP_TARGET_NAME]); /* false: none is there */
void node__peers_send(struct node *n, const char *name, struct slice message);

/* invite.c, requests.c: what comes from proxies */
extern const struct sip_handlers node__sip_handlers;
void node__invite(struct node *n, struct sip_transaction *t, const struct sip_message *m);
void node__reoffer(struct leg *l, struct sip_transaction *t, const struct sip_message *m);

/* call.c, call_fsm.c */
struct call *node__call_new(struct node *n);
void node__call_event(struct call *c, uint8_t event);
void node__call_changed(struct call *c);
void node__call_free(struct call *c);
void node__call_set_deadline(struct call *c, int64_t at);
struct leg *node__call_other(const struct call *c, const struct leg *l);
void node__call_result(
    struct call *c, Tandem__CallResult result, const char *cause); /* the first one counts */
void node__call_leg_gone(struct call *c, struct leg *l);

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

void node__leg_invite(struct leg *l, struct slice offer);      /* a new INVITE or a re-INVITE */
void node__leg_request(struct leg *l, enum sip_method method); /* BYE, OPTIONS */
void node__leg_ack(struct leg *l, struct slice answer);        /* of the 2xx to our INVITE */
void node__leg_ack_again(struct leg *l);
void node__leg_drop_fork(
    struct leg *l, const struct sip_message *answer); /* a second phone answered: ACK and BYE */
void node__leg_ring(struct leg *l, uint16_t status, struct slice early); /* a provisional answer */
void node__leg_accept(struct leg *l, struct slice description);          /* the 2xx to the phone's INVITE */
void node__leg_refuse(struct leg *l, uint16_t status);                   /* to the phone's INVITE */

/* media.c */
void node__media_reconcile(struct call *c);
void node__media_audit(struct leg *l); /* offers what it has, to see whether the phone is still there */
void node__media_answered(struct leg *l, struct slice description); /* the answer to our offer */
void node__media_offered(struct leg *l, struct slice description);  /* the phone's offer */
void node__media_refused(struct leg *l, uint16_t status);           /* our offer was refused */
uint64_t node__sdp_take(struct node *n, struct slice text);         /* 0 for an empty one */
void node__sdp_drop(struct node *n, uint64_t id);
void node__sdp_set(struct leg *l, uint64_t *field, uint64_t id); /* takes `id` over, drops what was there */
struct slice node__sdp_text(struct node *n, uint64_t id);

/* stream.c */
void node__stream_begin(struct node *n); /* with nothing: where was the spool? */
void node__stream_event(struct call *c, Tandem__CallEventKind kind);
bool node__stream_input(struct node *n, const struct input *in);
void node__stream_resume(struct node *n);
void node__stream_free(struct node *n);
int64_t node__stream_resend_at(const struct node *n); /* 0: the timer does not run */
void node__stream_arm(struct node *n, int64_t at);    /* 0: leaves it */
void node__outbox_load(struct node *n, uint64_t number, struct slice bytes);

/* record.c */
int node__save(void *self, struct record_id id, struct buffer *out);
int node__load(void *self, struct record_id id, struct slice bytes);
void node__resume(void *self);

#endif
