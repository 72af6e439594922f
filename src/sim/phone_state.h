/* What a simulated phone knows: its requests, its answers, its call. */
#ifndef TANDEM_SIM_PHONE_STATE_H
#define TANDEM_SIM_PHONE_STATE_H

#include "http/websocket.h"
#include "sim/phone.h"
#include "sip/digest.h"
#include "sip/message.h"
#include "world/world.h"

enum phone_timer {
    PHONE_TIMER_REGISTER, /* refresh or try again; each of these for the first line and for the second */
    PHONE_TIMER_REGISTER_SECOND,
    PHONE_TIMER_CONNECT,
    PHONE_TIMER_CONNECT_SECOND,
    PHONE_TIMER_ALIVE, /* keep-alive */
    PHONE_TIMER_ALIVE_SECOND,
    PHONE_TIMER_PONG, /* no answer to it came */
    PHONE_TIMER_PONG_SECOND,
    PHONE_TIMER_LIFE,     /* what it does next by itself: call, answer, hang up */
    PHONE_TIMER_HOLD,     /* hold or retrieve */
    PHONE_TIMER_PATIENCE, /* gives up waiting */
    PHONE_TIMER_ANSWER,   /* final answer to INVITE again, until ACK */
    PHONE_TIMER_KEYS,     /* presses a key: INFO */
    PHONE_TIMER_REQUEST,  /* one for each request, from here on */
};

/* Requests under way, at most one of each. */
enum phone_slot {
    SLOT_REGISTER, /* of the first line, and of the second */
    SLOT_REGISTER_SECOND,
    SLOT_INVITE,
    SLOT_CANCEL,
    SLOT_BYE,
    SLOT_PRACK,
    SLOT_UPDATE,
    SLOT_INFO,
    SLOTS
};
#define PHONE_TIMERS ((int)PHONE_TIMER_REQUEST + (int)SLOTS)

struct phone_request {
    bool active, proceeding, in_dialog;
    bool challenged; /* has been sent with credentials in answer to a challenge */
    unsigned line;   /* that it was sent by */
    enum sip_method method;
    uint32_t cseq;
    uint32_t attempt; /* new branches: after challenges and to another proxy */
    int64_t began, interval;
    uint64_t nonce; /* makes the branch */
    struct buffer bytes;
};

/* The last answers, for requests that come again. */
#define PHONE_REPLIES 8
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

#define PHONE_SEEN 24
#define PHONE_TEXT 192
#define PHONE_ROUTES 512

struct phone_text {
    uint16_t length;
    char bytes[PHONE_TEXT];
};

struct phone_call_state {
    enum phone_state state;
    bool caller, held, rung, heard_early, cancel_sent, channel;
    uint64_t number;  /* in the ledger */
    unsigned carrier; /* phones outside: by which the call goes */
    uint32_t called;  /* caller: index of the phone */
    int64_t since;    /* caller: when that one was registered, long enough to be known; 0: it was not */
    struct phone_text call_id, local_tag, remote_tag, target, remote;
    char routes[PHONE_ROUTES]; /* header lines, ready to send */
    size_t route_length;
    struct address first_route;
    uint32_t local_cseq, remote_cseq, invite_cseq;
    uint32_t version;          /* of our session description */
    struct buffer ack, invite; /* the ACK to send again; the INVITE that we answer */
    uint64_t invite_transaction;
    struct address invite_from;
    unsigned invite_line;
    int64_t invited_at;
    int64_t answer_interval, answer_until;
    uint32_t answer_cseq;
    struct {
        uint64_t key, content;
    } seen[PHONE_SEEN];
    unsigned seen_count;
    char direction[12]; /* of the last description we sent */
    /* Before the answer (RFC 3262): of the newest reliable provisional answer, heard or sent. */
    uint32_t rseq, pracked; /* CSeq of the PRACK that acknowledged it; 0: none */
    bool changing;          /* an UPDATE before the answer is under way: no hold */
    bool unacknowledged;    /* ours waits for its PRACK */
    bool late;              /* the INVITE had no offer */
    bool settled;           /* offer and answer are through already: the 2xx brings none */
    uint64_t promised;      /* hash of the description in a provisional answer that was not reliable */
};

/* A way to a proxy, and what is registered by it: one to a proxy at a time, or two to two (RFC 5626). */
#define PHONE_LINES 2U
struct phone_line {
    uint64_t stream;
    bool connected, registered;
    bool framing, proven; /* WSS: the handshake is done; a keep-alive was answered: the flow is good */
    uint8_t key[16];
    struct websocket websocket;
    struct buffer in;
    unsigned proxy, failures; /* where it leads, or will next; so many in a row */
};

struct phone {
    struct world *world;
    const struct phone_setup *setup;
    struct town *town;
    uint64_t socket;
    struct phone_line lines[PHONE_LINES];
    unsigned line_count, line; /* line: what leaves now goes by it */
    bool reliable, updates;    /* habits: 100rel; UPDATE in place of re-INVITE */
    struct phone_text more;    /* header lines of the next answer */
    unsigned silence;          /* requests without any answer in a row */
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

#endif
