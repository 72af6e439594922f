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
#include "roles/node/carry.h"
#include "roles/node/leg.h"
#include "roles/node/load.h"
#include "roles/node/node.h"
#include "roles/node/offers.h"
#include "wire/frame.h"

enum {
    NODE_KIND_CORE = 1,
    NODE_KIND_CALL,
    NODE_KIND_LEG,
    NODE_KIND_TRANSACTION,
    NODE_KIND_SDP,
    NODE_KIND_OUTBOX
};
/* Frames between nodes and proxies are in sip/peer.h. */

/* What phones may ask of us. */
#define NODE_ALLOW SLICE("INVITE, ACK, BYE, CANCEL, OPTIONS, PRACK, UPDATE, INFO, MESSAGE")
#define NODE_MIN_SE SLICE("90") /* TIMER_SESSION_LEAST */
#define NODE_SDP SLICE("application/sdp")
#define NODE_ACCEPT SLICE("application/sdp, multipart/mixed")
#define NODE_OUTBOX 65536U   /* events kept in memory until they are stored; the spool has them all */
#define NODE_PUBLISH 262144U /* bytes of events published again at a time */

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

    struct peers *peers;   /* of this process */
    struct places *places; /* of this process: DNs in service */
    struct load *load;     /* of this process: new calls that come */
    struct sip_transactions transactions;
    struct pool calls_pool, legs_pool;
    struct map calls, legs, sdps; /* by id */
    struct arena arena;           /* of one turn */

    /* busy.c */
    struct map busy, busy_changes; /* struct busy by DN; those of this turn */
    bool draining;                 /* takes no new calls */

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
/* A proxy that is there, best of that location and the preferred one; false: there is none at all. */
bool node__peers_pick_in(struct node *n, const struct config_location *location, const char *preferred,
    char name[SIP_TARGET_NAME]);
bool node__peers_pick(
    struct node *n, const char *preferred, char name[SIP_TARGET_NAME]); /* of its location */
bool node__peers_elsewhere(
    const struct node *n, const char *proxy, const char *usual); /* another location's */
void node__peers_send(struct node *n, const char *name, struct slice message);

/* places.c: which DNs proxies can reach (VC-9) */
struct places;
void node__places_open(struct node *n);
void node__places_close(struct node *n);
void node__places_told(struct node *n, const char *proxy, struct slice bytes); /* Places */
void node__places_lost(struct node *n, const char *proxy);
bool node__place_in_service(const struct node *n, struct slice dn);
size_t node__places_count(const struct node *n);
void node__peers_tell(struct node *n, uint8_t kind, struct slice payload); /* all that are connected */

/* busy.c: which DNs have a call here: proxies send their next ones here too */
void node__busy_began(struct leg *l);
void node__busy_ended(struct leg *l);
void node__busy_flush(struct node *n);                         /* the turn's changes, to all proxies */
void node__busy_all(const struct node *n, struct buffer *out); /* for a proxy that has just connected */
bool node__is_busy(const struct node *n, struct slice dn);
void node__busy_resume(struct node *n);
void node__busy_free(struct node *n);

/* bounce.c: what belongs to another pair is sent on; true: it was answered */
bool node__bounced(struct node *n, struct sip_transaction *t, const struct sip_message *m);

/* invite.c, requests.c: what comes from proxies */
extern const struct sip_handlers node__sip_handlers;
/* `whole`: as it came, with all that its body holds */
void node__invite(
    struct node *n, struct sip_transaction *t, const struct sip_message *m, const struct sip_message *whole);
void node__reoffer(struct leg *l, struct sip_transaction *t, const struct sip_message *m);
void node__invite_callee(struct call *c, const char *dn, struct slice caller);
void node__read_abilities(struct leg *l, const struct sip_message *m);
bool node__is_sdp(const struct sip_message *m);
bool node__knows_user(struct node *n, char dn[NODE_NAME], struct slice uri);

/* description.c: session descriptions, each kept once */
uint64_t node__sdp_take(struct node *n, struct slice text); /* 0 for an empty one */
void node__sdp_drop(struct node *n, uint64_t id);
void node__sdp_set(struct leg *l, uint64_t *field, uint64_t id); /* takes `id` over, drops what was there */
void node__sdp_share(struct leg *l, uint64_t *field, uint64_t id);
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
