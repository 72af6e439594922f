/* Simulated SIP phones, written against the wire: a user agent of its own making, not the one of the product.
 *
 *     town ──┬── phone 1001 ──udp──┐
 *            ├── phone 1002 ──tcp──┼──> proxies      (and tls, wss)
 *            └── ...               │      what each believes about its calls: ledger
 *
 * Phones have habits, drawn from their random: impatient, slow, busy, refusing, holding. */
#ifndef TANDEM_SIM_PHONE_H
#define TANDEM_SIM_PHONE_H

#include "sim/ledger.h"
#include "world/role.h"

#define PHONE_PROXIES 8

struct phone_setup {
    struct town *town;
    uint32_t index;
    struct slice dn, secret;
    struct address own;    /* host and port */
    unsigned home;         /* the proxy that it prefers */
    bool tcp;              /* a stream; else datagrams */
    enum transport stream; /* TCP, TLS or WSS */
    size_t description;    /* bytes that a session description has at least */
    uint32_t loss;         /* per million: datagrams that it does not hear */
};

/* What the phones of a run share; the cluster owns it. */
struct town {
    struct phone_setup *phones;
    size_t count;
    struct address proxies[PHONE_PROXIES];
    unsigned proxy_count;
    unsigned locations;  /* phones call those of their own, every so many */
    uint64_t calls_left; /* attempts that may still begin */
    int64_t begin_at;    /* no calls before: phones register first */
    int64_t rest_most;   /* µs between two calls of a phone; 0: 40 s */
    bool quiet;          /* no new calls, no holding */
    bool strict;         /* nothing gets lost or dies: what only faults excuse is a violation */
    struct ledger ledger;
    size_t registered; /* phones that have a registration */
    /* Something that must never happen was seen from outside. The text is one sentence. */
    void (*complain)(void *argument, const struct phone_setup *phone, struct slice call_id, const char *text);
    void *argument;
};

/* *self is its struct phone_setup when it is opened (world/sim). */
extern const struct role phone_role;

/* For the invariants. */
struct phone;
uint64_t phone_call(const struct phone *p); /* number in the ledger of the call it is in; 0: none */
bool phone_idle(const struct phone *p);     /* no call and no transaction */

#endif
