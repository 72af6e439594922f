/* Inside of the room. */
#ifndef TANDEM_ROLES_PROXY_TRUNK_TRUNK_INT_H
#define TANDEM_ROLES_PROXY_TRUNK_TRUNK_INT_H

#include "lead/lead.h"
#include "roles/proxy/proxy_int.h"
#include "roles/proxy/trunk/trunk.h"
#include "sip/digest.h"
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
/* Takes one out; false: it is empty. `each`: µs that one is worth. */
bool trunk__bucket_take(struct bucket *b, int64_t now, int64_t each, unsigned most);

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
    uint64_t register_call_id;
    struct challenge_guard register_guard;
    struct world_timer register_timer;
};

struct trunk_call {
    uint64_t key; /* of its Call-ID */
    uint64_t trunk;
    int64_t seen_at; /* µs: the last request in it */
};

/* An INVITE, or another request, that goes outside. */
struct outgoing {
    uint64_t relay;
    bool begins; /* it makes a dialog: trunks are tried one after the other */
    uint64_t candidates[TRUNK_CANDIDATES];
    unsigned count, next;
    uint64_t trunk, transaction; /* being tried */
    unsigned tries;
    uint32_t shift;
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
    struct pool call_pool;
    struct map dialling; /* struct dialling by DN */
    struct list dialled; /* ... the one that has dialled last at the end */
    uint64_t next_number;
    struct lead lead;
    bool leads, competes;
    struct map others; /* struct trunk_other by name: what other proxies say */
    struct world_timer share_timer;
};

/* trunk.c */
struct trunk_state *trunk__state(struct proxy *p, struct slice name);
struct trunk_state *trunk__state_of(struct proxy *p, uint64_t number);
const struct config_trunk *trunk__config(const struct trunk_state *s); /* NULL: it is gone */
uint64_t trunk__token(struct slice name);
const struct config_trunk *trunk__by_token(struct proxy *p, uint64_t token);
const struct config_location *trunk__location(struct proxy *p);
void trunk__note(struct trunk_state *s, enum trunk_reason reason, const char *format, ...)
    __attribute__((format(printf, 3, 4)));
const char *trunk__reason_name(enum trunk_reason reason);
const char *trunk__reason_text(enum trunk_reason reason);

/* share.c: proxies tell each other, and whoever shows it, how their trunks are */
void trunk__share_open(struct proxy *p);
void trunk__share_due(struct proxy *p);
bool trunk__share_input(struct proxy *p, const struct input *in);
void trunk__share_close(struct proxy *p);

/* source.c */
void trunk__sources_follow(struct proxy *p);

/* call.c: how many there are */
bool trunk__admits(struct trunk_state *s, enum trunk_reason *why); /* takes one of its rate */
void trunk__call_begin(struct trunk_state *s, uint64_t call, bool out);
void trunk__call_seen(struct proxy *p, uint64_t call, struct trunk_state *s);
void trunk__call_end(struct proxy *p, uint64_t call);
uint64_t trunk__call_key(const struct sip_message *m);
void trunk__calls_sweep(struct proxy *p);
void trunk__calls_close(struct proxy *p);
bool trunk__dn_admits(struct proxy *p, const struct config_dn *dn);

/* message.c */
/* What our Record-Route keeps of a dialog. */
struct trunk_way {
    uint64_t token;
    uint32_t shift;
    bool anonymous;
};
const char *trunk__way_text(struct proxy *p, const struct trunk_way *way);
bool trunk__way_read(struct trunk_way *way, const struct sip_message *m);
struct slice trunk__user(struct proxy *p, struct slice value); /* of a From, To; empty: none. In the arena */
struct slice trunk__user_inside(struct proxy *p, struct slice value); /* ... of a host that is ours */
struct slice trunk__called(struct proxy *p, const struct sip_message *m);
/* "<sip:user@address;transport=tcp", without its end. */
void trunk__add_own_uri(struct buffer *out, const struct edge_listener *l, struct slice user);
void trunk__add_user(struct buffer *out, struct slice number); /* escaped for a URI */

/* target.c */
const struct edge_listener *trunk__listener(
    struct proxy *p, const struct sip_target *from); /* what we are there */
int trunk__target(struct proxy *p, struct destination *to, const struct config_trunk *t, struct slice host,
    uint16_t port) __attribute__((warn_unused_result));

/* credentials.c: adds the line that answers the challenges of `m`. ERROR_DENIED: it must not be answered;
 * ERROR_MISSING: there is none that can be. */
int trunk__answer(struct buffer *line, struct challenge_guard *guard, struct proxy *p,
    const struct config_trunk *t, const struct sip_message *m, struct slice method, struct slice uri)
    __attribute__((warn_unused_result));

void trunk__try_due(struct proxy *p, uint64_t relay); /* outgoing.c */

/* own.c */
struct trunk_request {
    enum sip_method method;
    uint32_t cseq, expires;
    uint64_t call_id;
    struct slice credentials;
};
uint64_t trunk__send_own(struct trunk_state *s, const struct config_trunk *t, const struct destination *to,
    const struct trunk_request *r);

/* watch.c */
void trunk__watch_follow(struct trunk_state *s);
void trunk__watch_heard(struct trunk_state *s, bool answered);
void trunk__watch_due(struct trunk_state *s);
bool trunk__in_service(const struct trunk_state *s);
bool trunk__watch_response(struct trunk_state *s, struct sip_transaction *t, uint16_t status); /* 0: none */
extern const struct fsm trunk_watch_machine;

/* register.c */
void trunk__register_follow(struct trunk_state *s);
void trunk__register_due(struct trunk_state *s);
void trunk__register_response(struct trunk_state *s, struct sip_transaction *t, const struct sip_message *m);
extern const struct fsm trunk_register_machine;

#endif
