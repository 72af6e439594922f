/* Inside a simulated phone.
 *
 *     phone.c role, registration      phone_wire.c transport, answers sent      phone_request.c requests sent
 *     phone_caller.c, phone_callee.c  the two ends of a call                    phone_talk.c once it stands
 */
#ifndef TANDEM_SIM_PHONE_INT_H
#define TANDEM_SIM_PHONE_INT_H

#include "sim/phone.h"
#include "sip/digest.h"
#include "sip/message.h"
#include "world/world.h"

enum phone_timer {
    PHONE_TIMER_REGISTER, /* refresh or try again */
    PHONE_TIMER_LIFE,     /* what it does next by itself: call, answer, hang up */
    PHONE_TIMER_HOLD,     /* hold or retrieve */
    PHONE_TIMER_PATIENCE, /* gives up waiting */
    PHONE_TIMER_ANSWER,   /* final answer to INVITE again, until ACK */
    PHONE_TIMER_CONNECT,
    PHONE_TIMER_ALIVE,   /* keep-alive */
    PHONE_TIMER_REQUEST, /* one for each request, from here on */
};

/* Requests under way, at most one of each. */
enum phone_slot { SLOT_REGISTER, SLOT_INVITE, SLOT_CANCEL, SLOT_BYE, SLOTS };
#define PHONE_TIMERS ((int)PHONE_TIMER_REQUEST + (int)SLOTS)

struct phone_request {
    bool active, proceeding, in_dialog;
    bool challenged; /* has been sent with credentials in answer to a challenge */
    enum sip_method method;
    uint32_t cseq;
    uint32_t attempt; /* new branches: after challenges and to another proxy */
    int64_t began, interval;
    uint64_t nonce; /* makes the branch */
    struct buffer bytes;
};

/* The last answers, for requests that come again. */
#define PHONE_REPLIES 4
struct phone_reply {
    uint64_t branch; /* hash of branch, method and CSeq; 0: none */
    struct buffer bytes;
};

enum phone_state {
    PHONE_IDLE,
    PHONE_CALLING,    /* INVITE sent */
    PHONE_CANCELLING, /* CANCEL sent or to be sent */
    PHONE_RINGING,    /* INVITE came */
    PHONE_ANSWERING,  /* 200 sent, ACK awaited */
    PHONE_REFUSING,   /* 300 or more sent, ACK awaited */
    PHONE_ESTABLISHED,
    PHONE_ENDING, /* BYE sent */
};

#define PHONE_SEEN 12
#define PHONE_TEXT 192
#define PHONE_ROUTES 512

struct phone_text {
    uint16_t length;
    char bytes[PHONE_TEXT];
};

struct phone_call_state {
    enum phone_state state;
    bool caller, held, peer_holds, rung, heard_early, cancel_sent;
    uint64_t number; /* in the ledger */
    struct phone_text call_id, local_tag, remote_tag, target, remote;
    char routes[PHONE_ROUTES]; /* header lines, ready to send */
    size_t route_length;
    struct address first_route;
    uint32_t local_cseq, remote_cseq, invite_cseq;
    uint32_t version;          /* of our session description */
    struct buffer ack, invite; /* the ACK to send again; the INVITE that we answer */
    uint64_t invite_transaction;
    struct address invite_from;
    int64_t answer_interval, answer_until;
    uint32_t answer_cseq;
    struct {
        uint64_t key, content;
    } seen[PHONE_SEEN];
    unsigned seen_count;
    char direction[12]; /* of the last description we sent */
};

struct phone {
    struct world *world;
    const struct phone_setup *setup;
    struct town *town;
    uint64_t socket, stream;
    bool connected, registered;
    struct buffer in; /* of the stream */
    unsigned proxy;   /* in use now */
    unsigned silence; /* requests without any answer in a row */
    uint32_t register_cseq;
    struct phone_text realm, nonce, opaque;
    enum digest_algorithm algorithm;
    uint32_t nonce_count;
    struct phone_request requests[SLOTS];
    struct phone_reply replies[PHONE_REPLIES];
    unsigned next_reply;
    struct phone_call_state call;
    struct world_timer timers[PHONE_TIMERS];
    struct arena arena;
    struct buffer out;
};

/* ---- phone.c ---- */
void phone__set(struct phone *p, enum phone_timer timer, int64_t after); /* µs from now */
void phone__clear(struct phone *p, enum phone_timer timer);
uint32_t phone__below(struct phone *p, uint32_t limit);
bool phone__chance(struct phone *p, unsigned per_thousand);
int64_t phone__between(struct phone *p, int64_t least, int64_t most);
void phone__text(struct phone_text *t, struct slice s);
struct slice phone__slice(const struct phone_text *t);
void phone__complain(struct phone *p, const char *text);
void phone__register(struct phone *p);
void phone__registered(struct phone *p, const struct sip_message *m); /* the answer to REGISTER */
void phone__rest(struct phone *p);                                    /* idle: what comes next */

/* ---- phone_wire.c ---- */
void phone__connect(struct phone *p);
void phone__transmit(struct phone *p, const struct address *to, struct slice bytes);
void phone__hear(struct phone *p, const struct input *input); /* datagram or bytes of the stream */
void phone__reply(struct phone *p, const struct sip_message *request, const struct address *peer,
    unsigned status, struct slice tag, struct slice more);
bool phone__reply_again(struct phone *p, const struct sip_message *m, const struct address *peer);
uint64_t phone__transaction(const struct sip_message *m);
/* The same message must have the same content when it comes again. */
void phone__seen(struct phone *p, const struct sip_message *m);
void phone__other_proxy(struct phone *p);
const struct address *phone__way(const struct phone *p, bool in_dialog);

/* ---- phone_request.c ---- */
void phone__request(struct phone *p, enum phone_slot slot, enum sip_method method, uint32_t cseq);
void phone__request_timer(struct phone *p, enum phone_slot slot);
/* The request that a response belongs to; SLOTS when to none. Stops its timers on a final answer; answers
 * challenges by itself (then SLOTS as well). */
enum phone_slot phone__response(struct phone *p, const struct sip_message *m);
void phone__request_done(struct phone *p, enum phone_slot slot);
void phone__add_description(struct phone *p, struct buffer *out, const char *direction);
void phone__ack(struct phone *p, const struct sip_message *response);

/* ---- phone_caller.c, phone_callee.c, phone_talk.c ---- */
void phone__dial(struct phone *p);
void phone__invite_answered(struct phone *p, const struct sip_message *m);
void phone__invite_failed(struct phone *p); /* no answer in time */
void phone__give_up(struct phone *p);       /* patience is over */
void phone__refuse(struct phone *p, unsigned status);
void phone__check_answer(struct phone *p, const struct sip_message *m);
/* Route headers of requests in the dialog, from Record-Route values. */
void phone__routes(struct phone *p, const struct slice *routes, size_t count, bool reversed);
void phone__called(struct phone *p, const struct sip_message *m, const struct address *peer);
void phone__callee_acts(struct phone *p);
void phone__cancelled(struct phone *p, const struct sip_message *m, const struct address *peer);
void phone__acknowledged(struct phone *p, const struct sip_message *m);
void phone__answer_again(struct phone *p);
void phone__established(struct phone *p);
void phone__hang_up(struct phone *p);
void phone__hold(struct phone *p);
void phone__reinvited(struct phone *p, const struct sip_message *m, const struct address *peer);
void phone__reinvite_answered(struct phone *p, const struct sip_message *m);
void phone__bye(struct phone *p, const struct sip_message *m, const struct address *peer);
void phone__bye_answered(struct phone *p, bool answered);
void phone__call_over(struct phone *p, enum ledger_end how, unsigned status);
struct ledger_side *phone__side(struct phone *p, struct ledger_call **call);
void phone__move(struct phone *p, enum ledger_state state);

#endif
