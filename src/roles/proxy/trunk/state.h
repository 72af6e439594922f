/* What a proxy keeps of trunks, of calls over them and of requests to them. */
#ifndef TANDEM_ROLES_PROXY_TRUNK_STATE_H
#define TANDEM_ROLES_PROXY_TRUNK_STATE_H

#include "lead/lead.h"
#include "roles/proxy/proxy_int.h"
#include "world/network.h"

#define TRUNK_CANDIDATES 12           /* that one call is tried on; two of them with two challenges each */
#define TRUNK_OWN ((uint64_t)1 << 63) /* owners of our own requests */
#define TRUNK_ERROR 96                /* of the last error's sentence */
#define TRUNK_NONCE 256               /* bytes of a nonce that we compare */

enum trunk_timer { TRUNK_TIMER_WATCH, TRUNK_TIMER_REGISTER, TRUNK_TIMER_SHARE };

struct source { /* of calls */
    struct network network;
    const struct config_trunk *trunk; /* NULL: a trusted network */
};

/* So many per time, and some at once. */
struct bucket {
    int64_t full_at; /* µs */
};

enum trunk_reason {
#define REASON(symbol, name, text) TRUNK_##symbol,
#include "roles/proxy/trunk/reason.def"
#undef REASON
    TRUNK_REASONS
};

enum watch_state { WATCH_OFF, WATCH_UP, WATCH_DOUBT, WATCH_DOWN, WATCH_STATES };
enum watch_event { WATCH_EV_BEGIN, WATCH_EV_ANSWER, WATCH_EV_SILENCE, WATCH_EV_END, WATCH_EVENTS };

enum registering_state {
    REGISTERING_OFF, /* it is not to, or another proxy does it */
    REGISTERING_ASKING,
    REGISTERING_DONE,
    REGISTERING_WAITING, /* it was refused; later again */
    REGISTERING_STATES
};
enum registering_event {
    REGISTERING_EV_BEGIN,
    REGISTERING_EV_ACCEPTED,
    REGISTERING_EV_REFUSED,
    REGISTERING_EV_DUE,
    REGISTERING_EV_END,
    REGISTERING_EVENTS
};

/* What one answers challenges with: a first try, and one more when the nonce was only too old. */
struct challenge_guard {
    unsigned answered;
    char nonce[TRUNK_NONCE];
};

struct trunk_state {
    char name[CONFIG_NAME_MAX];
    char group[CONFIG_NAME_MAX];
    struct proxy *proxy;
    uint64_t number, token; /* number: of timers and owners; token: what those outside may see of the name */
    unsigned calls, elsewhere; /* under way by this proxy, by others of the location */
    struct bucket rate;
    uint64_t counts[2], reasons[TRUNK_REASONS]; /* calls begun: in, out; not carried, by reason */
    char error[TRUNK_ERROR];
    int64_t error_at;
    uint8_t digest_least; /* enum digest_algorithm: the strongest that it has challenged with */

    /* watch.c */
    uint8_t watch; /* enum watch_state */
    int64_t watch_since;
    uint64_t asking; /* transaction of the OPTIONS that is not answered yet */
    struct world_timer watch_timer;

    /* register.c */
    uint8_t registering; /* enum registering_state */
    int64_t registering_since, registered_until;
    uint64_t register_transaction;
    uint32_t register_cseq, register_expires; /* seconds that it wants at least */
    unsigned register_failures;
    uint64_t register_terms; /* hash of what it is made with; 0: it is not to be */
    uint64_t register_call_id;
    struct challenge_guard register_guard;
    struct world_timer register_timer;
};

struct trunk_call {
    uint64_t key; /* of its Call-ID */
    uint64_t trunk;
    bool over;       /* remembered only */
    int64_t seen_at; /* µs: the last request in it; the end of one that is over */
    uint32_t shift;  /* CSeq there is greater by so much more than its way says: challenges in the dialog */
    uint32_t invite_cseq, invite_shift; /* of our newest re-INVITE, for its ACK and PRACK */
    struct address peer;                /* where its INVITE went to or came from; family 0: not known */
};

/* An INVITE, or another request, that goes outside. */
struct outgoing {
    uint64_t relay;
    bool begins; /* it makes a dialog: trunks are tried one after the other */
    uint64_t candidates[TRUNK_CANDIDATES];
    unsigned count, next;
    uint64_t trunk, transaction; /* being tried */
    unsigned tries;
    uint32_t shift, invite_shift;
    uint64_t call;
    bool urgent;
    struct challenge_guard guard;
    struct slice number, caller; /* own copies: as dialled; the DN, or empty */
    struct buffer vias;          /* of the pair, for the answers */
    struct buffer credentials;
    struct world_timer timer;
};

struct trunks {
    struct source *sources; /* of the configuration as it is now */
    size_t source_count, source_room;
    struct map by_name, by_number; /* struct trunk_state: of this location */
    struct map calls;              /* struct trunk_call by key */
    size_t call_count;             /* those that are not over */
    struct pool call_pool;
    struct map dialling; /* struct dialling by DN */
    struct list dialled; /* ... the one that has dialled last at the end */
    uint64_t next_number;
    struct lead lead;
    bool leads, competes;
    struct map others; /* struct trunk_other by name: what other proxies say */
    struct world_timer share_timer;
};

#endif
