/* Simulated SIP phones, written against the wire: a user agent of its own making, not the one of the product.
 *
 *     town ──┬── phone 1001 ──udp──┐
 *            ├── phone 1002 ──tcp──┼──> proxies      (and tls, wss)
 *            └── ...               │      what each believes about its calls: ledger
 *
 * Phones have habits, drawn from their random: impatient, slow, busy, refusing, holding. Some on streams keep
 * two of them, to two proxies (RFC 5626). */
#ifndef TANDEM_SIM_PHONE_H
#define TANDEM_SIM_PHONE_H

#include "sim/ledger.h"
#include "world/role.h"

#define PHONE_PROXIES 8
#define PHONE_DIALS_OUT "0" /* stands before a number outside, */
#define PHONE_DIALS_IN "49" /* and there before one of ours */

struct phone_setup {
    struct town *town;
    uint32_t index;
    struct slice dn, secret;
    struct address own;    /* host and port */
    unsigned home;         /* the proxy that it prefers */
    bool tcp;              /* a stream; else datagrams */
    bool outbound;         /* two streams, to two proxies */
    bool twin;             /* another phone has the same DN */
    bool outside;          /* at a carrier: registers nowhere */
    unsigned carrier;      /* by which it calls */
    enum transport stream; /* TCP, TLS or WSS */
    size_t description;    /* bytes that a session description has at least */
    uint32_t loss;         /* per million: datagrams that it does not hear */
};

/* What the phones of a run share; the cluster owns it. */
struct town {
    struct phone_setup *phones;
    size_t count; /* our own; those outside follow in `phones` */
    size_t outside;
    unsigned carriers;
    struct carrier_setup *carrier_setups;
    struct carrier_state *carrier_states;
    struct address proxies[PHONE_PROXIES];
    unsigned proxy_count;
    unsigned locations;  /* phones mostly call those of their own, every so many */
    uint64_t calls_left; /* attempts that may still begin */
    int64_t begin_at;    /* no calls before: phones register first */
    int64_t rest_most;   /* µs between two calls of a phone; 0: 40 s */
    bool quiet;          /* no new calls, no holding */
    bool strict;         /* nothing gets lost or dies: what only faults excuse is a violation */
    bool steady;         /* only carriers suffer: there is always a trunk that works, or it is full */
    bool sure;           /* what dies does so with a word: who is registered must be reached */
    struct ledger ledger;
    size_t registered;         /* phones that have a registration */
    int64_t *registered_since; /* by phone; 0: it is not */
    int64_t proxy_started_at;  /* the last time that one did */
    /* Something that must never happen was seen from outside. The text is one sentence. */
    void (*complain)(void *argument, struct slice who, struct slice call_id, const char *text);
    /* Whether a fault strikes this one of the carriers now. */
    bool (*strikes)(void *argument, unsigned fault, unsigned carrier);
    void *argument;
};

/* *self is its struct phone_setup when it is opened (world/sim). */
extern const struct role phone_role;

/* For the invariants. */
struct phone;
uint64_t phone_call(const struct phone *p);    /* number in the ledger of the call it is in; 0: none */
bool phone_idle(const struct phone *p);        /* no call and no transaction */
bool phone_rings(const struct phone *p);       /* or has answered, and nobody has said that he heard it */
unsigned phone_carrier(const struct phone *p); /* by which its call goes; PHONE_INSIDE: by none */
#define PHONE_INSIDE UINT32_MAX

#endif
