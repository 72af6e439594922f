/* Transactions (RFC 3261 section 17 with the corrections of RFC 6026): four machines over one kind of object.
 *
 *      user (proxy context, leg)                  owner: the user's object
 *        │ sip_request, sip_respond    ▲ handlers
 *      ┌─▼──────────────────────────────┴─┐
 *      │ table: by id, by branch          │ ──> send handler
 *      └──────────────────────────────────┘
 *
 * A transaction can be saved and continued in another process. The table owns them; pointers that handlers
 * get are valid until the handler `over` was called for them. */
#ifndef TANDEM_SIP_TRANSACTION_H
#define TANDEM_SIP_TRANSACTION_H

#include "base/fsm.h"
#include "base/map.h"
#include "base/pool.h"
#include "sip/message.h"
#include "sip/over.h"
#include "world/world.h"

#define SIP_TARGET_NAME 40

/* Where messages of a transaction go: to a named peer, or on a flow (with an address for UDP). */
struct sip_target {
    char name[SIP_TARGET_NAME]; /* "" : by flow */
    uint64_t flow;
    struct address address;
};

enum sip_transaction_kind { SIP_ICT, SIP_NICT, SIP_IST, SIP_NIST, SIP_TRANSACTION_KINDS };

enum sip_transaction_state {
    SIP_ST_TRYING, /* CALLING of an INVITE client */
    SIP_ST_PROCEEDING,
    SIP_ST_COMPLETED,
    SIP_ST_ACCEPTED,
    SIP_ST_CONFIRMED,
    SIP_ST_TERMINATED,
    SIP_ST_COUNT
};

struct sip_transaction {
    bool answered; /* what is left of it is kept already, and it goes when it has been reported */
    uint64_t id;
    struct sip_transactions *table;
    uint8_t kind, state;
    bool reliable; /* the transport repeats by itself: no retransmissions, no waiting for them */
    enum sip_method method;
    uint16_t status; /* servers: of the last answer; clients: of the last response */
    struct sip_target target;
    struct slice key; /* own copy */
    uint64_t owner;
    uint64_t partner; /* clients: the transaction that waits for the answer to this one; 0: none */
    int64_t deadline, resend_at, interval; /* µs */
    struct slice message;                  /* what is sent again; own copy */
    struct slice request;                  /* servers: the request, until its final answer */
    struct world_timer timer;              /* whichever of both comes first */
};

struct sip_handlers {
    void (*send)(void *user, const struct sip_target *to, struct slice message);
    /* A new server transaction; ACK of a 2xx and requests that match nothing but cannot be answered come as
     * `ack`. */
    void (*request)(void *user, struct sip_transaction *t, const struct sip_message *m);
    void (*ack)(void *user, const struct sip_target *from, const struct sip_message *m);
    /* Of a client transaction: each response once, but every 2xx to INVITE as often as it comes. */
    void (*response)(void *user, struct sip_transaction *t, const struct sip_message *m);
    void (*stray)(
        void *user, const struct sip_target *from, const struct sip_message *m); /* no transaction */
    void (*failed)(void *user, struct sip_transaction *t); /* client: no final answer; server: no ACK */
    /* It is freed after this; see transaction_over.c where `changed` is NULL. */
    void (*over)(void *user, struct sip_transaction *t);
    void (*changed)(void *user, struct sip_transaction *t); /* a record to be saved; may be NULL */
};

struct sip_transactions {
    struct world *world;
    const struct sip_handlers *handlers;
    void *user;
    uint8_t object_kind; /* of the world's timers: OBJECT(kind, id) */
    uint64_t next_id;
    struct map by_id, by_key;
    struct index by_hash; /* struct sip_over */
    struct pool pool;
    struct sip_transaction *current;   /* of the request that is being reported */
    const struct sip_message *request; /* that one */
    struct sip_overs overs[SIP_TRANSACTION_KINDS];
    struct buffer spare;  /* for the next message that is built */
    struct arena scratch; /* of one call */
};

void sip_transactions_open(struct sip_transactions *ts, struct world *w, const struct sip_handlers *handlers,
    void *user, uint8_t object_kind);
void sip_transactions_close(struct sip_transactions *ts); /* frees all, without a word */

/* A parsed message that came from there. */
void sip_transactions_input(
    struct sip_transactions *ts, const struct sip_target *from, bool reliable, const struct sip_message *m);
void sip_transactions_timer(struct sip_transactions *ts, uint64_t object, uint32_t timer);

size_t sip_transactions_count(const struct sip_transactions *ts); /* with those that are over */
struct sip_transaction *sip_transaction_find(struct sip_transactions *ts, uint64_t id);
/* A request that a server transaction has seen already. */
bool sip_transaction_known(struct sip_transactions *ts, const struct sip_message *m);
/* The INVITE server transaction that a CANCEL means (RFC 3261 9.2); NULL where there is none. */
struct sip_transaction *sip_transaction_cancelled(
    struct sip_transactions *ts, const struct sip_message *cancel);

/* Sends a request (its top Via carries `branch`) in a new client transaction. */
struct sip_transaction *sip_request(struct sip_transactions *ts, const struct sip_target *to, bool reliable,
    enum sip_method method, struct slice branch, struct slice message, uint64_t owner);
/* A client INVITE that has a provisional answer and no final one: only then may it be cancelled (RFC
 * 3261 9.1). Also right while the answer is being reported. */
bool sip_may_cancel(const struct sip_transaction *t);
/* Sends its CANCEL; with the value of a Reason header, where there is one (RFC 3326). */
void sip_cancel(struct sip_transactions *ts, struct sip_transaction *invite);
void sip_cancel_saying(struct sip_transactions *ts, struct sip_transaction *invite, struct slice reason);
/* Sends the requests that still wait for an answer from this peer once more: it is another process now. */
void sip_transactions_resend(struct sip_transactions *ts, struct slice peer);
/* A peer is gone: requests that it has not answered yet go by another one. */
void sip_transactions_move(struct sip_transactions *ts, struct slice from, struct slice to);
/* A stream is gone: requests on it fail, as if 503 had come (RFC 3261 8.1.3.1, 16.9); `status` says so. */
void sip_transactions_lost(struct sip_transactions *ts, uint64_t flow);
/* Sends what each transaction sent last once more, to whoever leads there: after a takeover. */
void sip_transactions_repeat(struct sip_transactions *ts);

int sip_transaction_save(struct sip_transactions *ts, uint64_t id, struct buffer *out)
    __attribute__((warn_unused_result));
/* Without effects and timers; sip_transactions_resume sets the timers of all. */
int sip_transaction_load(struct sip_transactions *ts, struct slice bytes) __attribute__((warn_unused_result));
void sip_transactions_resume(struct sip_transactions *ts);
bool sip_target_equal(const struct sip_target *a, const struct sip_target *b);

extern const struct fsm *const sip_transaction_machines[SIP_TRANSACTION_KINDS];

#include "sip/answer.h"

#endif
