/* A call of the role node: who talks to whom, and what the history will say of it. */
#ifndef TANDEM_ROLES_NODE_CALL_H
#define TANDEM_ROLES_NODE_CALL_H

#include "base/buffer.h"
#include "sip/message.h"
#include "wire/event.pb-c.h"
#include "world/world.h"

#define NODE_NAME 64
#define CALL_REASON 160

struct leg;
struct node;

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

struct call {
    uint64_t id, call_id;
    struct node *node;
    uint8_t state;
    bool held;
    uint16_t progress;  /* the newest provisional answer of the phone that is called; 0: none */
    unsigned redirects; /* how often one named another phone (3xx) */
    struct leg *caller, *callee;
    uint64_t caller_key, callee_key; /* while records are being loaded */
    char from[NODE_NAME], to[NODE_NAME], cause[NODE_NAME];
    char reason[CALL_REASON]; /* value of Reason (RFC 3326): why a phone ended it; empty: none said */
    char redirect[NODE_NAME]; /* whom to call instead, within a turn */
    struct buffer sip_call_id;
    struct buffer attributes;            /* a packed CallAttributes; or nothing */
    struct buffer carried, carried_back; /* header lines for the callee, for the caller: carry.c */
    struct buffer parts;                 /* of the INVITE's body, for the callee */
    int64_t started_at, answered_at, deadline;
    Tandem__CallResult result;
    uint32_t sequence;
    uint16_t status; /* what a caller hears whose call was not answered */
    struct world_timer deadline_timer;
};

/* call.c, call_fsm.c */
struct call *node__call_new(struct node *n);
void node__call_event(struct call *c, uint8_t event);
void node__call_changed(struct call *c);
void node__call_free(struct call *c);
void node__call_set_deadline(struct call *c, int64_t at);
struct leg *node__call_other(const struct call *c, const struct leg *l);
void node__call_result(
    struct call *c, Tandem__CallResult result, const char *cause);         /* the first one counts */
void node__call_redirect(struct call *c, const struct sip_message *m);     /* a 3xx: who is to be called */
void node__call_reason(struct call *c, const struct sip_message *m);       /* takes the first Reason down */
struct slice node__call_why(const struct call *c, char room[CALL_REASON]); /* empty: nobody knows */
void node__call_add_reason(struct buffer *out, const struct call *c); /* the header, where there is one */
void node__call_leg_gone(struct call *c, struct leg *l);

#endif
