/* A simulated carrier: the other end of a trunk, written against the wire.
 *
 *     proxies ──udp── carrier 1 ──udp──┬── phones outside   (their calls, habits and ledger are those of
 * phones) └──udp── carrier 2 ────────┘
 *
 * It keeps no calls: each message goes on, with a Via, and for what makes a dialog a Record-Route. It takes
 * the registration of the trunk, asks for credentials where it is set up so, answers OPTIONS; and in bad
 * weather it refuses with 503, lets everything wait, or swallows it. */
#ifndef TANDEM_SIM_CARRIER_H
#define TANDEM_SIM_CARRIER_H

#include "sim/phone.h"

#define CARRIERS 4U /* of a cluster at most */

struct carrier_setup {
    struct town *town;
    unsigned index;
    struct slice name, user, secret, realm;
    struct address own;
    bool challenges; /* new calls */
    unsigned capacity;
};

/* What others may know of it; the carrier keeps it. */
struct carrier_state {
    int64_t started_at, unwell_at; /* µs: when it last refused, delayed or swallowed something */
    int64_t registered_until;
    unsigned calls; /* of phones outside, by it */
    bool alive;
};

/* Has been well for long enough that proxies know it, and has room. */
bool carrier_works(const struct town *t, unsigned index, int64_t since);

/* *self is its struct carrier_setup when it is opened (world/sim). */
extern const struct role carrier_role;

#endif
