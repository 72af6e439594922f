/* Inside of the role proxy.
 *
 *     phones ── edge ──┐                 ┌── inside ── pairs (the primary of each)
 *                      ├── route, relay ─┤
 *     (UDP, TCP) ──────┘    registrar    └── inside ── other proxies
 */
#ifndef TANDEM_ROLES_PROXY_PROXY_INT_H
#define TANDEM_ROLES_PROXY_PROXY_INT_H

#include "base/index.h"
#include "base/map.h"
#include "roles/proxy/edge/edge.h"
#include "roles/proxy/guard/guard.h"
#include "roles/proxy/inside.h"
#include "roles/proxy/names.h"
#include "roles/proxy/nodes/nodes.h"
#include "roles/proxy/proxy.h"
#include "roles/proxy/questions.h"
#include "roles/proxy/registrar/bindings.h"
#include "roles/proxy/relay.h"
#include "sip/digest.h"
#include "sip/peer.h"

#define CONFIG_NAME_MAX 64
#define PROXY_HOST ".proxy" /* behind our names in Via and Route, inside */
#define PAIR_HOST ".pair"
#define PROXY_KEY 32 /* bytes of the nonces' key */

enum {
    PROXY_OBJECT_TRANSACTION = 1,
    PROXY_OBJECT_INSIDE,
    PROXY_OBJECT_BINDINGS,
    PROXY_OBJECT_START,
    PROXY_OBJECT_GUARD,
    PROXY_OBJECT_TRUNK,
    PROXY_OBJECT_TRUNK_TRY,
    PROXY_OBJECT_TRUNK_LEAD,
    PROXY_OBJECT_EDGE,
    PROXY_OBJECT_NODES,
    PROXY_OBJECT_NAMES
};
enum {
    PROXY_TOKEN_EDGE = 1,                                       /* of the first listener, one more for each */
    PROXY_TOKEN_EDGE_LAST = PROXY_TOKEN_EDGE + PROXY_LISTENERS, /* of what the edge opens */
    PROXY_TOKEN_INSIDE = 64,
    PROXY_TOKEN_WATCH,
    PROXY_TOKEN_BINDINGS,
    PROXY_TOKEN_CONTROL,        /* registrar/: questions to all, */
    PROXY_TOKEN_CONTROL_OF,     /* questions to those of the location, */
    PROXY_TOKEN_CONTROL_ANSWER, /* answers to ours, */
    PROXY_TOKEN_CONTROL_ASK,    /* questions to us */
    PROXY_TOKEN_QUESTIONS,      /* of people */
    PROXY_TOKEN_GUARD = 96,
    PROXY_TOKEN_TRUNKS = 112,
    PROXY_TOKEN_TRUNK_LEAD,
    PROXY_TOKEN_NAMES = 120,
    PROXY_TOKEN_PROBE,
    PROXY_TOKEN_TRACE /* of the socket to the collector */
};

struct proxy {
    struct world *world;
    char name[PROXY_NAME], location[CONFIG_NAME_MAX], realm[CONFIG_NAME_MAX];
    uint64_t incarnation, next_branch, next_relay;
    struct edge_listener listeners[PROXY_LISTENERS];
    unsigned listener_count;
    struct edge edge;
    struct map insides; /* struct inside by name (pairs and proxies that are configured) */
    struct map inside_flows;
    uint64_t inside_listener;
    unsigned greeted_pairs; /* pairs that requests can be sent to */
    bool deaf;              /* it could not listen on an endpoint of its own */
    struct sip_transactions transactions;
    struct map relays;
    struct pool relay_pool;
    struct arena arena; /* of one turn */

    /* registrar/ */
    struct index aors;                /* by DN */
    struct list slices[PROXY_SLICES]; /* struct aor */
    uint64_t digests[PROXY_SLICES];   /* of what is known */
    size_t binding_count, gone_count; /* contacts; and removed ones that are remembered */
    struct list unsaved, saving;      /* struct binding: what the store does not have; what it is given */
    size_t unsaved_count, asked_count, save_most;
    uint64_t save_token;
    int64_t save_mark, saved_at; /* what changed until then is being written; is written */
    unsigned sweep_at, audit_at;
    uint64_t change_number, pairs_hash;
    struct buffer changes; /* that were not told yet, as fields of a BindingChange */
    struct map origins;
    const struct origin_state *own_origin;
    struct proxy_asker askers[PROXY_ASKERS];
    struct place_batch place_batches[PROXY_PLACE_BATCHES];
    struct place_walk place_walks[PROXY_PLACE_WALKS];
    bool asked_all, save_waits; /* save_waits: the store is away */
    struct world_timer save_timer, sweep_timer, snapshot_timer, beacon_timer, tell_timer, push_timer,
        audit_timer, places_timer, purge_timer;

    /* registrar/start.c */
    char nonce_key[PROXY_KEY];
    bool key_known, listening;
    bool bindings_read, bindings_told; /* by the store; by a proxy that has them all */
    unsigned start_tries;
    char loaded[2][512]; /* DN and contact of the last registration that came from the store */
    struct world_timer start_timer;

    struct digest_hashes hashes; /* authenticate.c */
    struct replays *replays;     /* replay.c */
    struct guard *guard;         /* guard/ */
    struct nodes *nodes;         /* nodes/ */
    struct names *names;
    struct trunks *trunks; /* trunk/ */
    struct trace *trace;   /* trace/ */
};

/* route.c */
unsigned proxy__contacts(struct proxy *p, const struct sip_message *m, struct destination to[PROXY_BRANCHES],
    unsigned after, bool flow_failed);
void proxy__request(void *self, struct sip_transaction *t, const struct sip_message *m);
void proxy__ack(void *self, const struct sip_target *from, const struct sip_message *m);
extern const struct sip_handlers proxy__sip_handlers;

/* flow_text.c: a phone's flow in our Record-Route; false: it is none that a proxy of ours has written. What
 * another proxy of the platform passes on it has checked, or written; its location may have another key. */
char *proxy__flow_text(struct proxy *p, const struct phone_flow *b); /* of this turn */
bool proxy__flow_read(struct phone_flow *b, const struct proxy *p, struct slice text, bool from_proxy);

/* replay.c: whether this count of the nonce is used for the first time; 0: it has none. */
bool proxy__replay_is_new(struct proxy *p, struct slice nonce, struct slice user, uint32_t count);
void proxy__replays_close(struct proxy *p);
/* The DN that the request proves to come from; NULL: it was answered (challenge or refusal). */
const struct config_dn *proxy__authenticate(
    struct proxy *p, struct sip_transaction *t, const struct sip_message *m);

#endif
